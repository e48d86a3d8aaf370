"""A guard in memory whose people sign in, with hashes that cost next to nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from tests.guard.core import OPERATOR, Core, run
from tests.guard.device import Device

from remit.guard.board import Board
from remit.guard.errors import GuardError
from remit.guard.handle import Handle
from remit.guard.identity import HERE, Identity
from remit.guard.issuing import NewToken
from remit.guard.passwords import Cost
from remit.guard.reach import Reach
from remit.guard.totp import code_at
from remit.guard.wire import Peer, Request
from remit.journal.side import SideStore
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.event import Record
from remit.kernel.names import PersonRole

CHEAP = Cost(8, 1, 1)
GOOD = "correct horse battery"
BETTER = "plough the narrow field"
PEER = Peer(1, 1000, 1000)


class Lodge:
    """A guard without its socket. `ann` is an operator with a token, `bob` an approver who signs in."""

    def __init__(self, core: Core, reach: Reach = HERE) -> None:
        self.core = core
        self.identity = Identity.over(core.world, core.loop, core.kernel.state, core.vault, reach, CHEAP)
        self.handle = Handle(
            core.world, core.kernel, core.journal, core.loop, Board(core.kernel.state), self.identity,
            SideStore(sqlite3.connect(":memory:"), core.world.random), {"paper": core.venue}, dict, lambda body: None,
            core.vault.callbacks(core.world),
        )  # fmt: skip
        self.ann = ""

    async def open(self) -> Lodge:
        self.ann, _ = await self.handle.issue(OPERATOR, NewToken(role="operator", name="ann", owner="ann"))
        people: tuple[tuple[str, PersonRole], ...] = (("ann", "operator"), ("bob", "approver"))
        for name, role in people:
            await self.add(name, role)
        return self

    async def add(self, name: str, role: PersonRole) -> None:
        await self.core.enter(OPERATOR, c.AddPerson(person=access.Person(name=name, role=role)))

    async def with_password(self, name: str, password: str = GOOD) -> None:
        """Let a person have a password of their own."""
        await self.ask(self.ann, {"kind": "set_password", "person": name, "password": "first " + password})
        await self.sign_in(person=name, password="first " + password, new_password=password)

    # -- asking

    async def sign_in(self, kind: str = "password", **body: Any) -> dict[str, Any]:
        request = Request(7, "", "sign_in", msgspec.Raw(encode({"kind": kind, **body})), "http")
        answer: dict[str, Any] = decode(Any, await self.handle.handle(request, PEER))  # type: ignore[arg-type]
        return answer

    async def ask(self, secret: str, body: object, do: Any = "command") -> Any:
        request = Request(7, secret, do, msgspec.Raw(encode(body)), "http")
        return decode(Any, await self.handle.handle(request, PEER))  # type: ignore[arg-type]

    async def me(self, secret: str) -> Any:
        return await self.ask(secret, {"view": "me"}, "read")

    async def refused(self, asking: Awaitable[object]) -> GuardError:
        with pytest.raises(GuardError) as refused:
            await asking
        return refused.value

    async def code_of(self, asking: Awaitable[object]) -> str:
        return (await self.refused(asking)).code

    # -- devices

    async def with_app(self, name: str) -> bytes:
        """Give a person an app for codes; return its secret. A minute passes, so that the next code is a new one."""
        begun = await self.sign_in(person=name, password=GOOD)
        shown = await self.ask(begun["secret"], {"kind": "begin_totp"})
        secret = secret_of(shown["secret"])
        await self.ask(begun["secret"], {"kind": "confirm_totp", "code": self.code(secret)})
        self.core.world.pass_time(60 * 10**9)
        return secret

    def code(self, secret: bytes, steps: int = 0) -> str:
        return code_at(secret, self.core.world.now() // 10**9 // 30 + steps)

    async def with_passkey(self, name: str, device: Device, password: str = GOOD) -> str:
        """Let a device hold a person's passkey; return its id."""
        begun = await self.sign_in(person=name, password=password)
        asked = await self.ask(begun["secret"], {"kind": "begin_passkey"})
        answer = {"ceremony": asked["ceremony"], "response": device.make(asked["options"]), "name": "phone"}
        return str((await self.ask(begun["secret"], {"kind": "finish_passkey", **answer}))["passkey"])

    async def by_passkey(self, device: Device, **more: str) -> dict[str, Any]:
        asked = await self.sign_in("passkey_begin")
        return await self.sign_in(
            "passkey_finish", ceremony=asked["ceremony"], response=device.prove(asked["options"], **more)
        )

    # -- what is on disk

    def entered(self, kind: type[Any]) -> list[Any]:
        return [record.command.body for record in self.on_disk() if isinstance(record.command.body, kind)]

    def on_disk(self) -> list[Record]:
        return list(self.core.on_disk())


def secret_of(text: str) -> bytes:
    import base64

    return base64.b32decode(text + "=" * (-len(text) % 8))


def lodged(main: Callable[[Lodge], Awaitable[None]], reach: Reach = HERE) -> None:
    """Run a test in a guard whose people sign in."""

    async def beside(core: Core) -> None:
        await main(await Lodge(core, reach).open())

    run(beside)
