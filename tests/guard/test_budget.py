"""Over its budget: every question and preview of an agent or its client is answered with why, the ways out stay."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.guard.core import OPERATOR
from tests.guard.desk import CLAUDE, Desk
from tests.guard.test_calls import PEER, House, housed

from remit.guard.budget import WAYS_OUT
from remit.guard.errors import GuardError
from remit.guard.views import VIEWS
from remit.guard.wire.message import Request
from remit.kernel import command as c
from remit.kernel.access import VIEW_NEEDS
from remit.kernel.codec import encode
from remit.kernel.mandate import Mandate
from remit.kernel.names import Principal
from remit.kernel.numbers import Money, parse

BUDGET = Mandate(client_spend_daily_max=parse(Money, "5"))


def report(name: str, cost: str | None, **more: Any) -> dict[str, Any]:
    said = {"kind": "report_spend", "id": name, "provider": "p", "model": "m", "input_tokens": 1, "output_tokens": 1}
    return {**said, "cost": cost, **more}


async def spent(house: House, cost: str | None = "6") -> None:
    """The client has a budget of 5 and says that it spent more."""
    body = c.SetMandate(subject="client:claude", mandate=BUDGET, why="a day's worth")
    await house.core.enter(OPERATOR, body)
    record = await house.ask("claude", "command", report("1", cost))
    assert record["events"][0]["event"] == "spent"


async def told(house: House, who: str, do: Any, body: object) -> GuardError:
    request = Request(7, house.secrets[who], do, msgspec.Raw(encode(body)), "test")
    with pytest.raises(GuardError) as refused:
        await house.handle.handle(request, PEER)
    return refused.value


def test_the_guard_says_who_reports_and_no_argument_does() -> None:
    async def main(house: House) -> None:
        await spent(house)
        body = house.core.on_disk()[-1].command.body
        assert isinstance(body, c.ReportSpend) and (body.agent, body.client) == ("momentum", "claude")
        forged = await house.ask("claude", "command", report("2", "1", client="other"))
        assert forged["command"]["body"]["client"] == "claude"
        forged = await house.ask("claude", "command", report("3", "1", agent="other"))
        assert forged["events"][0]["code"] == "not_yours"

    housed(main)


def test_every_question_but_the_ways_out_is_answered_with_why() -> None:
    async def main(house: House) -> None:
        await spent(house)
        for name in sorted(set(VIEWS) & set(VIEW_NEEDS) - WAYS_OUT):
            if "client" not in VIEWS[name].roles:
                continue
            error = await told(house, "claude", "read", {"view": name})
            assert error.code == "budget_exceeded", name
        wanted = {"rule": "client_spend_daily_max", "subject": "client:claude", "limit": "5", "actual": "6"}
        assert {key: error.detail[key] for key in wanted} == wanted
        assert error.detail["unit"] == "USD" and 0 < error.detail["retry_after_s"] <= 86_400
        assert (await told(house, "claude", "preview", {"kind": "tick"})).code == "budget_exceeded"
        assert await house.ask("momentum", "read", {"view": "positions"}), "its agent has no budget"
        assert await house.ask("ann", "read", {"view": "positions"})

    housed(main)


def test_each_refusal_is_an_entry() -> None:
    async def main(house: House) -> None:
        await spent(house)
        await told(house, "claude", "read", {"view": "positions"})
        assert [(acted.what, acted.code) for acted in house.acted] == [("read positions", "budget_exceeded")]

    housed(main)


def test_the_ways_out_stay_open() -> None:
    async def main(house: House) -> None:
        await spent(house)
        for name in ("self", "orders", "capabilities", "spend"):
            await house.ask("claude", "read", {"view": name})
        noted = {"command": {"kind": "noted", "note": "thought"}, "text": "I am out of money"}
        assert (await house.ask("claude", "command", noted))["events"][0]["event"] == "took"
        gone = await house.ask("claude", "command", {"kind": "cancel", "order": "none"})
        assert gone["events"][0]["code"] == "unknown_order", "it is the kernel that answers"

    housed(main)


def test_a_person_says_what_a_call_did_cost_and_the_budget_opens() -> None:
    async def main(house: House) -> None:
        await spent(house, None)
        error = await told(house, "claude", "read", {"view": "positions"})
        assert error.detail["actual"] == "unknown price" and "retry_after_s" not in error.detail
        seen = await house.ask("claude", "read", {"view": "spend"})
        assert seen["budgets"][0]["spent"] is None and seen["over"]["actual"] == "unknown price"
        assert [call["state"] for call in seen["calls"]] == ["unpriced"]
        settle = {"kind": "settle_spend", "id": "1", "agent": "momentum", "cost": "0.5", "why": "the bill"}
        assert (await house.ask("claude", "command", settle))["events"][0]["code"] == "not_authorised"
        await house.ask("ann", "command", settle)
        await house.ask("claude", "read", {"view": "positions"})

    housed(main)


def test_the_view_of_spend_tells_each_only_its_own() -> None:
    desk = Desk()
    for agent, client in (("momentum", "claude"), ("momentum", ""), ("reversion", "")):
        by = CLAUDE if client else Principal(name=agent, role="agent", door="test", owner="ann")
        body = c.ReportSpend(
            id="1" if client else "2", provider="p", model="m", input_tokens=1, output_tokens=1,
            cost=parse(Money, "1.5"), agent=agent, client=client,
        )  # fmt: skip
        desk.do(by, body)
    mine = desk.see(CLAUDE, "spend")
    assert [row["subject"] for row in mine["budgets"]] == ["client:claude"]
    assert [(call["agent"], call["client"], call["cost_usd"]) for call in mine["calls"]] == [
        ("momentum", "claude", "1.5")
    ]
    agents = desk.see(Principal(name="reversion", role="agent", door="test", owner="ann"), "spend")
    assert [call["agent"] for call in agents["calls"]] == ["reversion"]
