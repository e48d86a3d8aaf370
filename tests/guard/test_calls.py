"""Calls of agents and clients: each is an entry before it is answered, and a flood is counted without taking the
journal."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import msgspec
import pytest
from tests.guard.core import OPERATOR, Core, run

from remit.guard.board import Board
from remit.guard.calls import BURST, COMMANDS_MAX, SAID_BYTES_MAX
from remit.guard.errors import GuardError, GuardStopped
from remit.guard.handle import Handle
from remit.guard.identity import Identity
from remit.guard.issuing import NewToken
from remit.guard.recover import ORIGIN
from remit.guard.wire.message import Do, Request
from remit.guard.wire.peer import Peer
from remit.journal.receipt import parse, verify
from remit.journal.side import SideStore
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode, encode, plain
from remit.kernel.event import Record, Took
from remit.kernel.names import Role

PEER = Peer(1, 1, 1)


class House:
    """A guard without its socket, with a token for each who asks."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.side = SideStore(sqlite3.connect(":memory:"), core.world.random)
        self.handle = Handle(
            core.world, core.kernel, core.journal, core.loop, Board(core.kernel.state),
            Identity.over(core.world, core.loop, core.kernel.state, core.vault),
            self.side, {"paper": core.venue}, dict, lambda body: None, core.vault.callbacks(core.world),
        )  # fmt: skip
        self.secrets: dict[str, str] = {}

    async def open(self) -> House:
        await self.core.enter(OPERATOR, c.AddClient(client=access.Client(name="claude", agent="momentum")))
        people: tuple[tuple[Role, str], ...] = (
            ("operator", "ann"),
            ("auditor", "eve"),
            ("agent", "momentum"),
            ("client", "claude"),
        )
        for role, name in people:
            self.secrets[name], _ = await self.handle.issue(OPERATOR, NewToken(role=role, name=name, owner="ann"))
        return self

    async def ask(self, who: str, do: Do, body: object, **more: Any) -> Any:
        raw = body if isinstance(body, bytes) else encode(body)
        request = Request(7, self.secrets[who], do, msgspec.Raw(raw), "test", **more)
        return decode(Any, await self.handle.handle(request, PEER))  # type: ignore[arg-type]

    async def refused(self, who: str, do: Do, body: object, **more: Any) -> str:
        with pytest.raises(GuardError) as refused:
            await self.ask(who, do, body, **more)
        return refused.value.code

    @property
    def acted(self) -> list[c.Acted]:
        return [r.command.body for r in self.core.on_disk() if isinstance(r.command.body, c.Acted)]


def housed(main: Any) -> None:
    async def beside(core: Core) -> None:
        await main(await House(core).open())

    run(beside)


def test_a_question_is_an_entry_before_it_is_answered() -> None:
    async def main(house: House) -> None:
        trace = "a" * 32
        await house.ask("momentum", "read", {"view": "positions"}, act="tool:get_positions", trace=trace)
        (acted,) = house.acted  # read from the disk
        assert (acted.what, acted.via, acted.ok, acted.code) == ("read positions", "tool:get_positions", True, "")
        assert (acted.agent, acted.client, acted.door, acted.trace) == ("momentum", "", "test", trace)
        assert acted.said == "", "the guard's word says it all"

    housed(main)


def test_what_was_asked_lies_beside() -> None:
    async def main(house: House) -> None:
        await house.ask("claude", "read", {"view": "orders", "instrument": "AAPL"})
        (acted,) = house.acted
        assert (acted.agent, acted.client) == ("momentum", "claude")
        assert house.side.get(acted.said) == b'{"view":"orders","instrument":"AAPL"}'

    housed(main)


@pytest.mark.parametrize(
    ("do", "body", "what", "code"),
    [
        ("read", {"view": "accounts"}, "read accounts", "not_authorised"),
        ("read", {"view": "vault"}, "read", "unknown"),
        ("read", b"[1", "read", "request_malformed"),
        ("command", b"{", "command", "request_malformed"),
        ("command", {"kind": "submit"}, "command submit", "request_malformed"),
        ("command", {"kind": "rm -rf /"}, "command", "request_malformed"),
        ("command", {"command": {"kind": "cancel"}, "text": "x"}, "command cancel", "request_malformed"),
        ("preview", {"kind": "cancel", "order": "O-1"}, "preview cancel", "request_malformed"),
    ],
)
def test_what_is_refused_before_it_enters(do: Do, body: object, what: str, code: str) -> None:
    async def main(house: House) -> None:
        assert await house.refused("momentum", do, body) == code
        (acted,) = house.acted
        assert (acted.what, acted.ok, acted.code) == (what, False, code)

    housed(main)


def test_a_command_is_its_own_entry_also_where_it_is_refused() -> None:
    async def main(house: House) -> None:
        answer = await house.ask("momentum", "command", c.Halt(subject="firm", why="me"), act="tool:halt")
        assert answer["events"][0]["code"] == "not_authorised"
        answer = await house.ask("momentum", "command", c.Cancel(order="O-1"), trace="b" * 32)
        assert answer["command"]["body"]["trace"] == "b" * 32
        assert house.acted == []

    housed(main)


def test_people_leave_no_such_entries() -> None:
    async def main(house: House) -> None:
        await house.ask("ann", "read", {"view": "positions"})
        await house.refused("ann", "command", b"{")
        assert house.acted == []

    housed(main)


def test_a_stream_is_an_entry_when_it_opens() -> None:
    async def main(house: House) -> None:
        request = Request(7, house.secrets["momentum"], "follow", msgspec.Raw(b'{"from":1}'), "test")
        stream = house.handle.follow(request, PEER)
        first = decode(Record, await anext(stream))
        assert [acted.what for acted in house.acted] == ["follow"]
        assert isinstance(first.command.body, c.Body)
        await stream.aclose()  # type: ignore[attr-defined]
        assert house.handle.followers._waiting == {}
        with pytest.raises(GuardError):
            await anext(house.handle.follow(msgspec.structs.replace(request, body=msgspec.Raw(b"7")), PEER))
        assert [acted.code for acted in house.acted] == ["", "request_malformed"]

    housed(main)


def test_secrets_sent_by_mistake_are_not_kept() -> None:
    async def main(house: House) -> None:
        await house.refused("momentum", "command", {"kind": "set_password", "password": "hunter2"})
        await house.refused("momentum", "command", b'{"kind":"x","text":"' + b"y" * 9_000 + b'"}')
        one, other = house.acted
        assert one.said == ""
        assert len(house.side.get(other.said)) == SAID_BYTES_MAX

    housed(main)


# What agents say of themselves


def test_a_thought_is_an_entry_in_its_own_name() -> None:
    async def main(house: House) -> None:
        body = {"command": {"kind": "noted", "note": "thought"}, "text": "calm market"}
        record = decode(Record, encode(await house.ask("claude", "command", body, act="tool:record_thought")))
        noted = record.command.body
        assert isinstance(noted, c.Noted) and isinstance(record.events[0], Took)
        assert (noted.agent, noted.client, noted.via) == ("momentum", "claude", "tool:record_thought")
        assert house.side.get(noted.said) == b"calm market"
        assert house.acted == []

    housed(main)


@pytest.mark.parametrize(
    ("who", "body", "code"),
    [
        ("claude", {"command": {"kind": "noted", "note": "error", "agent": "other"}, "text": "x"}, "not_yours"),
        ("momentum", {"kind": "noted", "note": "thought"}, "nothing_said"),
        ("momentum", {"kind": "noted", "note": "thought", "said": "0" * 64}, "nothing_said"),
        ("ann", {"command": {"kind": "noted", "note": "thought"}, "text": "x"}, "not_authorised"),
    ],
)
def test_nobody_says_it_for_another(who: str, body: object, code: str) -> None:
    async def main(house: House) -> None:
        answer = await house.ask(who, "command", body)
        assert [event.get("code") for event in answer["events"]] == [code]

    housed(main)


# A flood


def test_a_flood_is_refused_counted_and_bounded() -> None:
    async def main(house: House) -> None:
        asked = [
            asyncio.ensure_future(house.ask("momentum", "read", {"view": "positions"})) for _ in range(BURST + 300)
        ]
        await house.core.rest(1)
        codes = [getattr(fault, "code", "") for fault in await asyncio.gather(*asked, return_exceptions=True)]
        assert codes.count("") == BURST and codes.count("too_many_calls") == 300
        assert sum(acted.times for acted in house.acted) == BURST + 300, "every call is counted"
        assert len(house.acted) == BURST + 1, "those beyond the rate share one entry"
        answer = await house.ask("momentum", "command", c.Cancel(order="O-1"))
        assert answer["events"][0]["code"] == "unknown_order", "a way out is never counted"
        await house.ask("claude", "read", {"view": "positions"})  # another token has its own rate
        house.core.world.pass_time(60 * 10**9)
        await house.ask("momentum", "read", {"view": "positions"})

    housed(main)


def test_who_floods_with_commands_keeps_nobody_else_waiting() -> None:
    async def main(house: House) -> None:
        first = house.core.kernel.state.seq
        flood = [asyncio.ensure_future(house.ask("momentum", "command", {"kind": "drop_exit", "exit": f"x{number}"}))
                 for number in range(2_000)]  # fmt: skip
        await asyncio.sleep(0)
        paused = await house.ask("ann", "command", c.SetPause(subject="firm", paused=True, why="a flood"))
        cancel = await house.ask("momentum", "command", c.Cancel(order="O-1"))
        assert paused["command"]["seq"] - first <= COMMANDS_MAX + 1
        assert cancel["command"]["seq"] - first <= 3 * COMMANDS_MAX, "its own cancels do not wait behind its flood"
        answers = await asyncio.gather(*flood)
        order = [answer["command"]["body"]["exit"] for answer in sorted(answers, key=lambda a: a["command"]["seq"])]
        assert order == [f"x{number}" for number in range(2_000)], "in order of arrival"

    housed(main)


def test_nothing_is_told_where_the_journal_fails() -> None:
    async def main(house: House) -> None:
        house.core.disk.fail_sync()
        with pytest.raises(GuardStopped):
            await house.ask("momentum", "read", {"view": "positions"})

    housed(main)


# Evidence


def test_a_receipt_proves_an_entry_and_a_text_fits_its_digest() -> None:
    async def main(house: House) -> None:
        body = {"command": {"kind": "noted", "note": "thought"}, "text": "calm market"}
        record = await house.ask("momentum", "command", body)
        seq, said = record["command"]["seq"], record["command"]["body"]["said"]
        key = house.core.vault.checkpoint_signer(ORIGIN).verifier
        for who in ("momentum", "ann"):
            receipt = parse((await house.ask(who, "read", {"view": "receipt", "seq": seq}))["receipt"].encode())
            assert verify(receipt, key.name, (key,)).size >= seq and decode(Any, receipt.entry)["command"]["seq"] == seq  # type: ignore[arg-type]
        assert await house.refused("momentum", "read", {"view": "receipt", "seq": 1}) == "unknown"
        assert await house.refused("claude", "read", {"view": "receipt", "seq": seq}) == "unknown"
        assert await house.refused("ann", "read", {"view": "receipt", "seq": 10_000}) == "unknown"
        told = await house.ask("ann", "read", {"view": "text", "digest": said})
        assert told == {"digest": said, "standing": "kept", "text": "calm market"}
        house.side.erase(said)
        assert (await house.ask("ann", "read", {"view": "text", "digest": said}))["standing"] == "erased"
        for who in ("momentum", "eve"):
            assert await house.refused(who, "read", {"view": "text", "digest": said}) == "not_authorised"

    housed(main)


# So much text


def test_what_an_agent_and_its_clients_write_in_a_day_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remit.guard.thoughts.BYTES_PER_DAY_MAX", 1000)

    async def main(house: House) -> None:
        def noted(text: str) -> object:
            return {"command": {"kind": "noted", "note": "thought"}, "text": text}

        await house.ask("ann", "command", c.Marked(marks=(house.core.mark("100"),)))
        for who, text in (("momentum", "x" * 600), ("claude", "\u00e9" * 200)):  # 600 bytes, and 400
            await house.ask(who, "command", noted(text))
        with pytest.raises(GuardError) as refused:
            await house.ask("claude", "command", noted("y" * 100))
        fault = refused.value
        assert fault.code == "too_much_text" and "1000 bytes" in fault.message
        assert fault.detail == {"agent": "momentum", "bytes_per_day_max": 1000, "bytes": 100, "retry_after_s": 8640}
        assert (house.acted[-1].what, house.acted[-1].code) == ("command noted", "too_much_text")
        put = house.side.put

        def only_calls(kind: str, text: bytes) -> str:
            assert kind == "call", "no thought is kept"
            return put(kind, text)

        monkeypatch.setattr(house.side, "put", only_calls)
        proposal = {"kind": "submit", "intent": plain(house.core.intent())}
        assert await house.refused("momentum", "command", {"command": proposal, "text": "z" * 100}) == "too_much_text"
        for sent in (proposal, {"command": proposal, "text": "z" * 900}):  # without its text; and again, with it
            answer = await house.ask("momentum", "command", sent)
            assert (answer.get("first") or answer)["decision"]["verdict"] == "allow"
        cancel = {"command": {"kind": "cancel", "order": answer["first"]["decision"]["order"]}, "text": "c" * 900}
        assert (await house.ask("momentum", "command", cancel))["events"][0]["event"] == "cancel_asked"
        await house.ask("ann", "command", {"command": {"kind": "set_pause", "subject": "firm", "paused": True,
                                                       "why": "x"}, "text": "n" * 2000})  # fmt: skip
        monkeypatch.setattr(house.side, "put", put)
        house.core.world.pass_time(8640 * 10**9)
        await house.ask("claude", "command", noted("y" * 100))
        assert await house.refused("claude", "command", noted("y")) == "too_much_text"
        house.core.world.pass_time(2 * 86_400 * 10**9)
        await house.ask("momentum", "command", noted("x" * 1000))

    housed(main)


# Another's order


@pytest.mark.parametrize("kind", [c.Cancel, c.Replace, c.Approve, c.Noted])
def test_the_answer_about_anothers_order_is_that_about_none(kind: type[Any]) -> None:
    """Whatever the wire answers, the marks beside a command too: the ids alone tell the two apart."""
    more: dict[type, dict[str, Any]] = {
        c.Replace: {"id": "r", "quantity": "2", "limit_price": "99"},
        c.Approve: {"digest": "0" * 64},
        c.Noted: {"note": "thought"},
    }

    async def main(house: House) -> None:
        decision = (await house.core.submit()).decision
        assert decision is not None
        order = decision.order
        await house.ask("ann", "command", c.Marked(marks=(house.core.mark("100"),)))
        told: list[object] = []
        for name in (order, "abcd-1"):
            command = {"kind": kind.__struct_config__.tag, "order": name, **more.get(kind, {})}
            body = {"command": command, "text": "x"} if kind is c.Noted else command
            try:
                answer = await house.ask("claude", "command", body)
                told.append((answer["command"]["body"].get("marks"), answer["events"]))
            except GuardError as fault:
                told.append((fault.code, fault.message, fault.fix, fault.detail))
        assert str(told[0]).replace(order, "abcd-1") == str(told[1])

    housed(main)
