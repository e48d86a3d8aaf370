"""Signing in and credentials: whatever bytes come, nobody gets in who does not know the password, and nothing that was
typed is said again."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from tests.guard.core import Core
from tests.guard.device import Device
from tests.guard.lodge import GOOD, Lodge
from tests.hostile.target import Target, chosen, only, seeded

from remit.guard.errors import GuardError, RequestMalformed
from remit.guard.signin import _STEP, Password
from remit.kernel.codec import decode, encode
from remit.kernel.names import Principal
from remit.kernel.numbers import NANOSECONDS

LIVES = 300
"""Inputs after which a guard is made anew."""


class House:
    """A guard whose `bob` has a password, and two callers: his session, and an operator's token."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.core = Core()
        self.heard = 0
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        self.writing = asyncio.ensure_future(self.core.loop.run())
        await self.core.set_up()
        self.lodge = await Lodge(self.core).open()
        await self.lodge.with_password("bob")
        self.device = Device()
        await self.lodge.with_passkey("bob", self.device)
        await self.renew()

    async def renew(self) -> None:
        begun = await self.lodge.by_passkey(self.device)
        identity = self.lodge.identity
        self.callers: tuple[Principal, ...] = (
            identity.authenticate(begun["secret"], "fuzz"),
            identity.authenticate(self.lodge.ann, "fuzz"),
        )

    async def say(self, way: int, raw: bytes) -> bytes:
        self.core.world.pass_time(2 * NANOSECONDS)
        if way == 0:
            return await self.lodge.identity.sign_in(msgspec.Raw(raw), "fuzz")
        by = self.callers[way - 1]
        if by.token in self.core.kernel.state.revoked:
            await self.renew()
        return await self.lodge.identity.command(self.callers[way - 1], "", msgspec.Raw(raw), None)

    def close(self) -> None:
        async def end() -> None:
            await self.core.courier.stop()
            self.core.loop.stop()
            await asyncio.gather(self.writing, return_exceptions=True)

        self.loop.run_until_complete(end())
        self.loop.close()


_HOUSE: list[House] = []


def house() -> House:
    """Return the guard that is asked; a new one where none is, or the old one has heard enough."""
    if _HOUSE and (_HOUSE[0].heard >= LIVES or _HOUSE[0].core.loop.failed is not None):
        _HOUSE.pop().close()
    if not _HOUSE:
        _HOUSE.append(House())
    return _HOUSE[0]


def check_signing(data: bytes) -> None:
    """The ways: somebody signs in; bob's browser, and an operator's token, change credentials."""
    way, raw = chosen(data, 3)
    there = house()
    there.heard += 1
    answer: Any = None
    with only(GuardError) as refused:
        answer = decode(Any, there.loop.run_until_complete(there.say(way, raw)))  # type: ignore[arg-type]
    assert there.core.loop.failed is None, there.core.loop.failed
    for fault in refused:
        assert isinstance(fault, GuardError) and fault.code != "internal"
        if isinstance(fault, RequestMalformed) and way == 0:
            assert fault.message in ("this is no sign-in", "a sign-in has at most 32768 bytes"), "it quotes nothing"
    if answer is not None and way == 0 and "secret" in answer:
        body = decode(_STEP, raw)
        assert isinstance(body, Password) and body.person in ("ann", "bob"), "no challenge was answered"
        there.heard = LIVES  # somebody's password is known by now: begin anew


def signing_seeds() -> list[bytes]:
    ways: list[tuple[int, dict[str, Any]]] = [
        (0, {"kind": "password", "person": "bob", "password": GOOD, "code": "287082"}),
        (0, {"kind": "password", "person": "zoe", "password": "x", "new_password": GOOD}),
        (0, {"kind": "passkey_begin"}),
        (0, {"kind": "passkey_finish", "ceremony": "0" * 32, "response": {"id": "AA", "rawId": "AA", "response": {}}}),
        (0, {"kind": "code", "code": "0" * 48}),
        *((way, {"kind": "set_password", "person": who, "password": GOOD}) for way in (1, 2) for who in ("", "bob")),
        *((way, {"kind": kind}) for way in (1, 2) for kind in ("begin_totp", "begin_passkey", "new_code", "sign_out")),
        (1, {"kind": "confirm_totp", "code": "287082"}),
        (2, {"kind": "remove_totp", "person": "bob"}),
        (1, {"kind": "finish_passkey", "ceremony": "0" * 32, "response": {}, "name": "\u202ephone"}),
        (2, {"kind": "remove_passkey", "person": "bob", "passkey": "00"}),
        (2, {"kind": "sign_out", "person": "bob", "everywhere": True}),
    ]
    return [seeded(way, encode(body)) for way, body in ways]


WORDS = (
    '"kind":"',
    '"person":',
    '"password":',
    '"code":',
    '"ceremony":',
    '"response":',
    '"bob"',
    '"ann"',
    '"everywhere":',
)
TARGETS = (Target("signing", check_signing, signing_seeds, WORDS, cost=10),)
