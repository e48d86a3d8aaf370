"""Rotating: a new key takes over from another by a journalled fact, and at no instant does none speak."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated

import msgspec

from remit.guard.errors import RequestMalformed, SchemeUnsupported
from remit.guard.loop import Loop, refusal_of
from remit.guard.vault import Vault
from remit.guard.vault.schemes import read_secret
from remit.guard.views.looking import NotAllowed
from remit.kernel import command as c
from remit.kernel.authority import AUTHORITY
from remit.kernel.event import Record
from remit.kernel.names import Name, OptionalName, Principal, Text
from remit.kernel.permit import Keeper, Scheme
from remit.kernel.state import State
from remit.venues.seam import Venue

SECRET_BYTES_MAX = 8_192


class RotateKey(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="rotate_key", tag_field="kind"
):
    """Ask for a new key of an agent on a connection, of the connection itself where `agent` is empty.

    `scheme` is what the venue wants where it is not said. `secret` is a key that the venue gave out, as it wrote it;
    without one the keeper makes a key.
    """

    connection: Name
    agent: OptionalName = ""
    scheme: Scheme | None = None
    keeper: Keeper = "file"
    secret: Annotated[bytes, msgspec.Meta(min_length=1, max_length=SECRET_BYTES_MAX)] | None = None
    why: Text

    def __repr__(self) -> str:
        return f"RotateKey({self.connection}, {self.agent}, {self.scheme}, {self.keeper})"


class Rotating:
    """Makes keys and lets their facts enter. A key is durable before it is journalled, speaks from the moment its fact
    is durable, and the one before it is erased after that."""

    def __init__(self, loop: Loop, state: State, vault: Vault, venues: Mapping[str, Venue]) -> None:
        self._loop, self._state, self._vault, self._venues = loop, state, vault, venues
        self._turn = asyncio.Lock()

    async def rotate(self, by: Principal, asked: RotateKey) -> Record:
        """Return the record of a rotation. NotAllowed, RequestMalformed; what `Vault.add` raises."""
        if by.role not in AUTHORITY[c.SetKey]:
            raise NotAllowed(f"the role {by.role} changes no keys", f"It takes {' or '.join(AUTHORITY[c.SetKey])}")
        # whoever asked may leave: a rotation that was begun is ended all the same
        return await asyncio.shield(asyncio.ensure_future(self._rotate(by, asked)))

    async def _rotate(self, by: Principal, asked: RotateKey) -> Record:
        async with self._turn:
            scheme = self._scheme(asked)
            secret = None if asked.secret is None else read_secret(scheme, asked.secret)
            fact = self._vault.add(asked.connection, asked.agent, scheme, asked.keeper, secret)
            record = await self._loop.enter(by, c.SetKey(key=fact, why=asked.why))
            if refusal_of(record) is not None:
                self._vault.drop(fact)
            else:
                self._vault.drop_older(fact)
            return record

    def _scheme(self, asked: RotateKey) -> Scheme:
        connection = self._state.connections.get(asked.connection)
        if connection is None:
            raise RequestMalformed(f"there is no connection {asked.connection}", "See `remit connection list`")
        if asked.agent and asked.agent not in self._state.agents:
            raise RequestMalformed(f"there is no agent {asked.agent}", "See `remit agent list`")
        venue = self._venues.get(connection.venue)
        if venue is None:
            raise RequestMalformed(f"this version cannot speak with {connection.venue}", "Use the newest release")
        if venue.scheme is None and asked.secret is not None:
            raise RequestMalformed(f"{connection.venue} gives out no keys: the guard makes them", "Leave it out")
        wants: Scheme = venue.scheme or "ed25519"
        if asked.scheme not in (None, wants):
            raise SchemeUnsupported(f"{connection.venue} wants a key of {wants}, not {asked.scheme}", "Leave it out")
        return wants
