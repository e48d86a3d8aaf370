"""Issuing: new tokens, tokens that replace others, and the sessions of people who signed in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

import msgspec

from remit.guard.errors import RequestMalformed
from remit.guard.loop import Loop, refusal_of
from remit.guard.tokens import TokenStore, mint
from remit.guard.world import World
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.authority import AUTHORITY
from remit.kernel.event import Record
from remit.kernel.names import GUARD, HUMAN, At, Name, Principal, Role
from remit.kernel.state import State
from remit.kernel.tokens import SESSION_NS_MAX, worthless

SESSIONS_MAX = 20
"""Sessions of one person at a time; another ends the oldest."""
OVERLAP_S = 86_400


class NewToken(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="new_token", tag_field="kind"
):
    """Ask for a token; the guard makes the secret and tells it once."""

    role: Role
    name: Name
    owner: Name
    expires_at: At | None = None


class RotateToken(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="rotate_token", tag_field="kind"
):
    """Ask for a token that stands for the same as another, which itself lives on for `overlap_s` seconds."""

    token: Name
    overlap_s: Annotated[int, msgspec.Meta(ge=0, le=2_592_000)] = OVERLAP_S
    expires_at: At | None = None


class Issuing:
    """Makes secrets and lets their grants enter. A secret's hash is kept first, so that a journalled token always
    works; one that the kernel refuses is forgotten again."""

    def __init__(self, world: World, loop: Loop, state: State, tokens: TokenStore) -> None:
        self._world = world
        self._loop = loop
        self._state = state
        self._tokens = tokens

    async def issue(
        self, by: Principal, asked: NewToken, publish: Callable[[str], None] = lambda secret: None
    ) -> tuple[str, Record]:
        """Return a new token's secret and the record of its issue.

        `publish` is told the secret before the token is journalled: whoever should have it has it by then.
        """
        if asked.role == "guard":
            raise RequestMalformed("the guard itself has no token", "Choose another role")
        grant = access.TokenGrant(
            token=self._id("T"),
            role=asked.role,
            name=asked.name,
            owner=asked.owner,
            issued_at=self._loop.now(),
            expires_at=asked.expires_at,
        )
        return await self._enter(by, c.IssueToken(grant=grant), publish)

    async def rotate(self, by: Principal, asked: RotateToken) -> tuple[str, Record]:
        """Return the secret of a token that takes over from another, and the record of its issue."""
        old = self._state.tokens.get(asked.token)
        if old is None or old.role == "guard":
            raise RequestMalformed(f"there is no token {asked.token}", "See `remit token list`")
        grant = msgspec.structs.replace(
            old,
            token=self._id("T"),
            issued_at=self._loop.now(),
            expires_at=asked.expires_at,
            replaces=old.token,
            session=False,
            parent="",
            through="",
        )
        return await self._enter(by, c.IssueToken(grant=grant, overlap_s=asked.overlap_s))

    async def session(
        self, by: Principal, factor: c.Factor, name: str, role: Role, owner: str, parent: str = "", through: str = ""
    ) -> tuple[str, access.TokenGrant] | None:
        """Return a new session's secret and grant; None where the kernel says that it stands for nobody.

        With a `parent` it ends with that token at the latest, and with `through` when that token is revoked.
        """
        state, at = self._state, self._loop.now()
        ends_at = [at + SESSION_NS_MAX]
        if parent in state.tokens:
            ends_at.append(state.tokens[parent].expires_at or ends_at[0])
        grant = access.TokenGrant(
            token=self._id("S"),
            role=role,
            name=name,
            owner=owner,
            issued_at=at,
            expires_at=min(ends_at),
            session=True,
            parent=parent,
            through=through,
        )
        secret = mint("session", self._world.random)
        ended = [token for token in self._tokens.ids() if token.startswith("S-") and worthless(state, token, at)]
        self._tokens.add(grant.token, secret, ended)
        open_ = self.sessions(name)
        for oldest in open_[: max(0, len(open_) + 1 - SESSIONS_MAX)]:
            self._loop.enter(GUARD, c.RevokeToken(token=oldest, why="too many sessions of one person"))
        issued = self._loop.enter(by, c.IssueToken(grant=grant))
        noted = self._loop.enter(by, c.SignedIn(person=name, factor=factor, token=grant.token))
        record, _ = await asyncio.gather(issued, noted)
        if refusal_of(record) is not None:
            self._tokens.remove(grant.token)
            return None
        return secret, grant

    def sessions(self, name: str) -> list[str]:
        """Return the ids of a person's open sessions, the oldest first."""
        state, at = self._state, self._loop.now()
        found = [
            grant
            for grant in state.tokens.values()
            if grant.session
            and grant.name == name
            and grant.role in HUMAN
            and worthless(state, grant.token, at) is None
        ]
        return [grant.token for grant in sorted(found, key=lambda grant: (grant.issued_at, grant.token))]

    async def end_sessions(self, by: Principal, name: str, why: str, keep: str = "") -> int:
        """Revoke a person's sessions but the one to `keep`, and return how many; durable on return."""
        ending = [token for token in self.sessions(name) if token != keep]
        records = await asyncio.gather(*(self._loop.enter(by, c.RevokeToken(token=token, why=why)) for token in ending))
        return sum(refusal_of(record) is None for record in records)

    async def _enter(
        self, by: Principal, body: c.IssueToken, publish: Callable[[str], None] = lambda secret: None
    ) -> tuple[str, Record]:
        grant = body.grant
        secret = mint(grant.role, self._world.random)
        if by.role in AUTHORITY[c.IssueToken]:  # whom the kernel refuses costs no write
            self._tokens.add(grant.token, secret)
            publish(secret)
        record = await self._loop.enter(by, body)
        if refusal_of(record) is not None:
            self._tokens.remove(grant.token)
        return secret, record

    def _id(self, letter: str) -> str:
        return f"{letter}-{self._world.random(6).hex()}"
