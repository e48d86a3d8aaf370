"""Identity: who asks. Tokens and sessions are told apart from everything else here, and people sign in here."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from remit.guard.callers import authenticate, check_stands
from remit.guard.credentials import KINDS, Credentials
from remit.guard.issuing import Issuing, NewToken, RotateToken
from remit.guard.loop import Loop, refusal_of
from remit.guard.passwords import COST, Cost
from remit.guard.people import PeopleStore
from remit.guard.reach import BIND, Reach, reach
from remit.guard.signin import SignIn
from remit.guard.tokens import TokenStore
from remit.guard.uses import Uses
from remit.guard.vault import Vault
from remit.guard.world import TOKENS, World
from remit.kernel.codec import encode, plain
from remit.kernel.event import Record
from remit.kernel.names import Principal
from remit.kernel.state import State

HERE: Reach = reach(BIND, None, None, None, None)
"""The reach of doors that only this machine's own user can come to."""


class Identity:
    """From a secret to a principal, and from a person to a secret."""

    def __init__(
        self,
        world: World,
        loop: Loop,
        state: State,
        tokens: TokenStore,
        people: PeopleStore,
        uses: Uses,
        reach: Reach,
    ) -> None:
        self._loop = loop
        self._state = state
        self._tokens = tokens
        self._uses = uses
        self.issuing = Issuing(world, loop, state, tokens)
        self._sign_in = SignIn(world, loop, state, people, self.issuing, reach)
        self._credentials = Credentials(world, loop, state, people, self.issuing, self._sign_in, uses)

    @classmethod
    def over(cls, world: World, loop: Loop, state: State, vault: Vault, reach: Reach = HERE, cost: Cost = COST) -> Self:
        """Return the identity of everybody whose secrets a vault keeps."""
        uses = Uses(world.store(TOKENS))
        return cls(world, loop, state, vault.tokens(world), vault.people(world, cost), uses, reach)

    def authenticate(self, secret: str, door: str) -> Principal:
        """Return whom a token stands for now, and note that it was used; NotAuthenticated."""
        at = self._loop.now()
        by = authenticate(self._tokens, self._state, secret, door, at)
        self._uses.check(self._state.tokens[by.token], at)
        self._uses.seen(by.token, at)
        return by

    def check(self, by: Principal) -> None:
        """Return where a principal's token still stands; NotAuthenticated otherwise."""
        at = self._loop.now()
        self._uses.check(check_stands(self._state, by.token, at), at)

    async def sign_in(self, body: msgspec.Raw, door: str) -> bytes:
        """Answer one step of signing in, as JSON; see `SignIn`."""
        return encode(await self._sign_in.sign_in(body, door))

    def knows(self, kind: str) -> bool:
        """Whether a command of this kind is about tokens or credentials, and so for `command`."""
        return kind in KINDS or kind in ("new_token", "rotate_token")

    async def command(self, by: Principal, kind: str, raw: msgspec.Raw, read: Any) -> bytes:
        """Answer a command about tokens or credentials, as JSON. `read(type, raw)` reads what holds no secret."""
        if kind == "new_token":
            return _told(*await self.issuing.issue(by, read(NewToken, raw)))
        if kind == "rotate_token":
            return _told(*await self.issuing.rotate(by, read(RotateToken, raw)))
        return await self._credentials.command(by, raw)

    def me(self, by: Principal) -> dict[str, Any]:
        """Return who the caller is to a browser, and which credentials they have."""
        return self._credentials.me(by)

    def told_of(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows of tokens with what only the guard knows: the first characters, and the last use."""
        return [
            {**row, "prefix": self._tokens.prefix(row["token"]), "last_use": self._uses.last(row["token"])}
            for row in rows
        ]

    def told_of_people(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows of people with which credentials each has: for who sees to those of others."""
        return [{**row, **self._credentials.kinds_of(row["name"])} for row in rows]

    def write(self, *, now: bool = False) -> None:
        """Write down when tokens were last used, where it is time."""
        self._uses.write(self._loop.now(), self._state.tokens, now=now)


def _told(secret: str, record: Record) -> bytes:
    """The record of a new token, with its secret where it was issued: it is never told again."""
    return encode(plain(record) | ({} if refusal_of(record) else {"secret": secret}))
