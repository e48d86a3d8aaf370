"""Callbacks in: what a page signed is its person's word once, within five minutes, on what it was shown."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import standardwebhooks
from tests.guard.core import AGENT, OPERATOR, Core, run

from remit.guard.board import Board
from remit.guard.callbacks import FILE, CallbackKeys, SignedMessage
from remit.guard.errors import CallbacksDamaged, GuardError
from remit.guard.handle import Handle
from remit.guard.identity import Identity
from remit.guard.issuing import NewToken
from remit.guard.wire.message import Request
from remit.guard.wire.peer import Peer
from remit.guard.wire.webhook import key_of, secret_of, sign
from remit.guard.world import TOKENS
from remit.journal.side import SideStore
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.mandate import Mandate
from remit.kernel.names import Role
from remit.kernel.numbers import NANOSECONDS, Money, parse
from remit.testing.disk import MemoryStore

PEER = Peer(1, 1, 1)
SOMEBODY_ELSE = Mandate(approval_quorum=1, quorum_notional_min=parse(Money, "1"))
ALWAYS_HOLD = Mandate(approval_notional_min=parse(Money, "1"))


class Page:
    """A guard without its socket, one held order, and a page that holds bob's callback key."""

    def __init__(self, core: Core) -> None:
        self.core = core
        side = SideStore(sqlite3.connect(":memory:"), core.world.random)
        self.handle = Handle(
            core.world, core.kernel, core.journal, core.loop, Board(core.kernel.state),
            Identity.over(core.world, core.loop, core.kernel.state, core.vault),
            side, {"paper": core.venue}, dict, lambda body: None, core.vault.callbacks(core.world),
        )  # fmt: skip
        self.messages = 0

    async def open(self) -> Page:
        await self.core.enter(OPERATOR, c.SetMandate(subject="agent:momentum", mandate=ALWAYS_HOLD, why="ask people"))
        self.ann, _ = await self.handle.issue(OPERATOR, NewToken(role="operator", name="ann", owner="ann"))
        self.id, self.secret = await self.callback("bob", "approver")
        return self

    async def callback(self, person: str, role: Role, **more: Any) -> tuple[str, str]:
        if person not in self.core.kernel.state.people:
            await self.core.enter(OPERATOR, c.AddPerson(person=access.Person(name=person, role=role)))  # type: ignore[arg-type]
        answer = await self.command({"kind": "new_callback", "person": person, "role": role, "owner": person, **more})
        return answer["command"]["body"]["key"]["id"], answer["secret"]

    async def command(self, body: object, token: str = "") -> Any:
        return await self._ask("command", body, token or self.ann)

    async def _ask(self, do: str, body: object, token: str = "") -> Any:
        raw = msgspec.Raw(encode(body))
        return decode(Any, await self.handle.handle(Request(7, token, do, raw, "http"), PEER))  # type: ignore[arg-type]

    async def held(self, quantity: str = "1") -> tuple[str, str]:
        """A held order's id and digest."""
        record = await self.core.submit(quantity)
        assert record.decision is not None
        order = record.decision.order
        found = self.core.kernel.state.orders[order]
        assert found.state == "held"
        return order, found.digest

    def message(self, order: str, digest: str, **more: Any) -> dict[str, str]:
        """A message signed with the official package."""
        self.messages += 1
        at = int(more.get("at", self.core.world.now())) // NANOSECONDS
        asked = {"callback": more.get("callback", self.id), "order": order, "digest": digest}
        body = json.dumps({"type": more.get("type", "order.approve"), "data": asked | more.get("data", {})})
        name = more.get("id", f"msg_{self.messages}")
        official = standardwebhooks.Webhook(more.get("secret", self.secret))
        return {
            "webhook-id": name,
            "webhook-timestamp": str(at),
            "webhook-signature": official.sign(name, datetime.fromtimestamp(at, UTC), body),
            "body": body,
        }

    async def say(self, message: dict[str, str]) -> Any:
        return await self._ask("signed", message)

    async def refused(self, message: dict[str, str]) -> str:
        with pytest.raises(GuardError) as refused:
            await self.say(message)
        return refused.value.code

    def state_of(self, order: str) -> str:
        found = self.core.kernel.state.order(order)
        assert found is not None
        return found.state


def with_page(story: Callable[[Page], Coroutine[Any, Any, None]]) -> None:
    """Tell a story over a guard that is set up."""

    async def main(core: Core) -> None:
        await story(await Page(core).open())

    run(main)


def events(answer: Any) -> list[str]:
    return [event["event"] for event in answer["events"]]


def test_a_page_approves_as_its_person() -> None:
    async def story(page: Page) -> None:
        order, digest = await page.held()
        answer = await page.say(page.message(order, digest))
        assert events(answer) == ["callback_used", "approved", "released"]
        by = answer["command"]["by"]
        assert (by["name"], by["role"], by["door"], by["owner"]) == ("bob", "approver", "callback", "bob")
        assert page.state_of(order) not in ("held", "denied")

    with_page(story)


def test_a_page_declines() -> None:
    async def story(page: Page) -> None:
        order, digest = await page.held()
        await page.say(page.message(order, digest, type="order.decline", data={"why": "not today"}))
        assert page.state_of(order) == "declined"

    with_page(story)


def test_a_message_is_heard_once_whatever_became_of_it() -> None:
    async def story(page: Page) -> None:
        order, digest = await page.held()
        other, other_digest = await page.held("2")
        first = page.message(order, "0" * 64, id="one")
        assert events(await page.say(first)) == ["callback_used", "refused"]
        size = page.core.journal.size
        assert await page.refused(first) == "callback_repeated"
        again = page.message(other, other_digest, id="one")
        assert await page.refused(again) == "callback_repeated"
        assert page.core.journal.size == size  # nobody can fill the journal with what was heard before
        assert (page.state_of(order), page.state_of(other)) == ("held", "held")
        twice = page.message(order, digest, id="two")
        both = await asyncio.gather(page.say(twice), page.say(twice), return_exceptions=True)
        assert sum("approved" in events(one) for one in both if isinstance(one, dict)) == 1

    with_page(story)


@pytest.mark.parametrize("off_s", [-301, 302])
def test_a_message_is_good_for_five_minutes(off_s: int) -> None:
    async def story(page: Page) -> None:
        order, digest = await page.held()
        late = page.message(order, digest, at=page.core.loop.now() + off_s * NANOSECONDS)
        assert await page.refused(late) == "callback_late"
        assert page.state_of(order) == "held"

    with_page(story)


def test_what_nobody_signed_is_not_heard() -> None:
    async def story(page: Page) -> None:
        order, digest = await page.held()
        right = page.message(order, digest)
        other, other_secret = await page.callback("carol", "approver")
        size = page.core.journal.size
        stranger = "whsec_" + base64.b64encode(bytes(32)).decode()
        wrong = [
            right | {"webhook-signature": ""},
            right | {"webhook-signature": "v1," + "A" * 43 + "="},
            right | {"webhook-signature": right["webhook-signature"].replace("v1,", "v1a,")},
            right | {"webhook-id": "another"},
            right | {"webhook-timestamp": str(int(right["webhook-timestamp"]) + 1)},
            right | {"body": right["body"].replace("approve", "decline")},
            page.message(order, digest, secret=stranger),
            page.message(order, digest, secret=other_secret),  # carol's key does not speak for bob
            page.message(order, digest, callback="C-0"),
        ]
        for message in wrong:
            assert await page.refused(message) == "callback_refused", message
        for message in (right | {"webhook-id": "a.b"}, right | {"webhook-timestamp": "1e9"}, right | {"body": "7.{}"}):
            assert await page.refused(message) == "request_malformed", message
        assert page.core.journal.size == size and page.state_of(order) == "held"

    with_page(story)


def test_two_signatures_while_a_page_changes_its_key() -> None:
    async def story(page: Page) -> None:
        order, digest = await page.held()
        right = page.message(order, digest)
        both = f"v1,{'A' * 43}= {right['webhook-signature']} v1a,x"
        assert "approved" in events(await page.say(right | {"webhook-signature": both}))

    with_page(story)


def test_a_key_that_was_removed_or_has_expired_speaks_no_more() -> None:
    async def story(page: Page) -> None:
        order, digest = await page.held()
        ends = page.core.loop.now() + 10 * NANOSECONDS
        short, secret = await page.callback("carol", "approver", expires_at=ends)
        page.core.world.pass_time(11 * NANOSECONDS)
        message = page.message(order, digest, callback=short, secret=secret)
        assert await page.refused(message) == "callback_expired"
        removed = await page.command(c.RemoveCallback(callback=page.id, why="the page moved"))
        assert events(removed) == ["took"]
        assert await page.refused(page.message(order, digest)) == "callback_refused"
        assert page.core.vault.callbacks(page.core.world).find(page.id) is None
        assert page.state_of(order) == "held"

    with_page(story)


def test_who_is_behind_the_agent_does_not_approve_by_a_page_either() -> None:
    async def story(page: Page) -> None:
        order, digest = await page.held()
        lineage = page.core.kernel.state.orders[order].lineage
        await page.core.enter(
            OPERATOR,
            c.SetMandate(
                subject="agent:momentum",
                mandate=Mandate(approval_quorum=1, quorum_notional_min=parse(Money, "1")),
                why="somebody else",
            ),
        )
        order, digest = await page.held("3")
        own, secret = await page.callback(lineage, "operator")
        answer = await page.say(page.message(order, digest, callback=own, secret=secret))
        assert answer["events"][-1]["code"] == "own_lineage"

    with_page(story)


def test_nobody_with_a_token_says_what_only_the_guard_says() -> None:
    async def story(page: Page) -> None:
        order, digest = await page.held()
        called = {"callback": page.id, "message": "x", "sent_at": page.core.loop.now()}
        approve = {"kind": "approve", "order": order, "digest": digest, "callback": called}
        answer = await page.command(approve)
        assert answer["events"][-1]["code"] == "callback_unknown" and page.state_of(order) == "held"

    with_page(story)


@pytest.mark.parametrize("role", ["auditor", "agent", "client", "feed", "guard"])
def test_only_people_who_approve_get_a_callback(role: Role) -> None:
    async def story(page: Page) -> None:
        answer = await page.command({"kind": "new_callback", "person": "x", "role": role, "owner": "x"})
        assert "secret" not in answer and answer["events"][-1]["event"] == "refused"

    with_page(story)


def test_an_agent_makes_no_callback() -> None:
    async def story(page: Page) -> None:
        agent, _ = await page.handle.issue(OPERATOR, NewToken(role="agent", name=AGENT.name, owner="ann"))
        answer = await page.command(
            {"kind": "new_callback", "person": "ann", "role": "operator", "owner": "ann"}, agent
        )
        assert "secret" not in answer and answer["events"][-1]["code"] == "not_authorised"

    with_page(story)


def test_the_keys_lie_sealed() -> None:
    disk, key = MemoryStore(), bytes(range(32))
    keys = CallbackKeys(disk, bytes(32), lambda count: b"n" * count)
    keys.add("C-1", key)
    written = disk.read(FILE, 0, disk.size(FILE))
    assert base64.b64encode(key) not in written and CallbackKeys(disk, bytes(32), bytes).find("C-1") == key
    with pytest.raises(CallbacksDamaged):
        CallbackKeys(disk, b"x" * 32, bytes).find("C-1")
    moved = json.loads(written)
    moved["keys"]["C-2"] = moved["keys"].pop("C-1")
    disk.replace(FILE, json.dumps(moved).encode())
    with pytest.raises(CallbacksDamaged):
        CallbackKeys(disk, bytes(32), bytes).find("C-2")
    disk.replace(FILE, b"{}")
    with pytest.raises(CallbacksDamaged):
        CallbackKeys(disk, bytes(32), bytes)


def test_the_official_package_verifies_what_is_signed_here() -> None:
    key = bytes(range(32))
    at = str(int(datetime.now(UTC).timestamp()))
    headers = {"webhook-id": "m1", "webhook-timestamp": at, "webhook-signature": sign(key, "m1", at, '{"a":1}')}
    official = standardwebhooks.Webhook(secret_of(key))
    assert official.verify('{"a":1}', headers) == {"a": 1}
    assert key_of(secret_of(key)) == key
    for text in ("", "whsec_", "whsec_%%%", "whsec_AAAA", key.hex()):
        with pytest.raises(ValueError):
            key_of(text)


def test_the_message_reads_the_names_of_the_standard() -> None:
    fields = [field.encode_name for field in msgspec.structs.fields(SignedMessage)]
    assert fields == ["webhook-id", "webhook-timestamp", "webhook-signature", "body"]


def test_the_folder_is_the_private_one_of_the_tokens() -> None:
    core = Core()
    core.vault.callbacks(core.world).add("C-1", bytes(32))
    assert FILE in core.world.store(TOKENS).names()


def test_a_callback_is_its_persons_and_ends_with_them() -> None:
    async def story(page: Page) -> None:
        order, digest = await page.held()
        dora = access.Person(name="dora", role="approver")
        await page.core.enter(OPERATOR, c.AddPerson(person=dora))
        for wrong in ({"role": "operator", "owner": "dora"}, {"role": "approver", "owner": "bob"}):
            answer = await page.command({"kind": "new_callback", "person": "dora", **wrong})
            assert "secret" not in answer and answer["events"][-1]["event"] == "refused"
        hers, secret = await page.callback("dora", "approver")
        await page.core.enter(OPERATOR, c.SetPerson(name="dora", role="approver", disabled=True, why="left"))
        message = page.message(order, digest, callback=hers, secret=secret)
        assert await page.refused(message) == "callback_unknown" and page.state_of(order) == "held"
        rows = await page._ask("read", {"view": "callbacks"}, page.ann)
        assert [(row["id"], row["person"], row["over"]) for row in sorted(rows, key=lambda row: row["person"])] == [
            (page.id, "bob", False),
            (hers, "dora", True),
        ]
        assert "secret" not in str(rows) and "whsec_" not in str(rows)

    with_page(story)
