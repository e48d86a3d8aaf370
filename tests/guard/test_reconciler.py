"""The rounds of a guard: every minute, soon again where all is in transit, at once after a decision and a sleep."""

from __future__ import annotations

from typing import Any

import pytest
from tests.guard.core import OPERATOR, Core, run

from remit.guard.errors import LinkDown, NoReply
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.names import GUARD
from remit.kernel.numbers import Money, Price, Quantity, parse
from remit.venues.paper import messages


def rounds(core: Core) -> int:
    return core.said.count(("takesnapshot", ""))


def shows(core: Core, aapl: str = "0", usd: str = "100000", *orders: str, **more: Any) -> None:
    """Let the venue show these shares, dollars and orders from now on."""
    held = (c.Holding("AAPL", parse(Quantity, aapl)),) if aapl != "0" else ()
    core.answers["takesnapshot"] = lambda body: messages.Holdings(
        connection="paper1", positions=held, cash=(("USD", parse(Money, usd)),), orders=orders, **more
    )


async def wait(core: Core, seconds: int) -> None:
    """Let exactly so many seconds pass, two or more."""
    await core.rest(seconds - 1)


def buckets(core: Core) -> dict[str, str]:
    return {drift.item: drift.bucket for drift in core.kernel.state.drifts.get("paper1", ())}


def rounding(main: Any) -> Core:
    """Run a test beside a reconciler."""

    async def beside(core: Core) -> None:
        core.courier.spawn(core.reconciler.run())
        await core.rest()
        await main(core)

    core = run(beside)
    assert core.loop.failed is None
    return core


def test_a_round_every_minute() -> None:
    """The question that set the connection up began the first minute."""

    async def main(core: Core) -> None:
        counts = []
        for seconds in (58, 4, 56, 4, 60):
            await wait(core, seconds)
            counts.append(rounds(core))
        assert counts == [0, 1, 1, 2, 3]
        assert len(core.bodies(c.Reconciled)) == 4

    rounding(main)


def test_a_question_of_anybody_begins_a_round_anew() -> None:
    async def main(core: Core) -> None:
        await core.rest(30)
        await core.enter(OPERATOR, c.Ask(connection="paper1"))
        await core.rest(50)
        assert rounds(core) == 1
        await core.rest(15)
        assert rounds(core) == 2

    rounding(main)


def test_a_small_difference_that_lasts_halts_in_the_third_round() -> None:
    async def main(core: Core) -> None:
        shows(core, usd="100000.25")
        seen = []
        for _ in range(3):
            await core.rest(61)
            seen.append((buckets(core), len(core.kernel.state.halts)))
        assert seen == [({"USD": "small"}, 0), ({"USD": "small"}, 0), ({"USD": "large"}, 1)]
        assert {"halt_drift", "drift"} <= {alert.code for alert in core.world.alerts}

    rounding(main)


def test_what_is_in_transit_is_looked_at_again_soon() -> None:
    """The venue has filled an order; its message is late. Three looks follow at 5, 10 and 20 s, then the minutes."""

    async def main(core: Core) -> None:
        order = (await core.submit()).decision
        assert order is not None
        core.answers["query"] = lambda body: messages.Shown(order=order.order, status="working")
        await core.rest()
        shows(core, "1", "99900", order.order)
        await core.enter(GUARD, c.Ask(connection="paper1"))
        counts = []
        for seconds in (4, 3, 7, 4, 16, 6, 50, 8):
            await wait(core, seconds)
            counts.append(rounds(core))
        assert counts == [1, 2, 2, 3, 3, 4, 4, 5]
        assert set(buckets(core).values()) == {"in_transit"}
        report = c.Filled(order=order.order, fill="f-1", quantity=parse(Quantity, "1"), price=parse(Price, "100"))
        await core.enter(GUARD, report)
        shows(core, "1", "99900")
        await core.rest(60)
        assert (buckets(core), core.kernel.state.halts) == ({}, {})

    rounding(main)


def test_a_decision_is_checked_at_once() -> None:
    async def main(core: Core) -> None:
        shows(core, "7")
        await core.rest(61)
        assert buckets(core) == {"AAPL": "large"}
        before = rounds(core)
        await core.enter(GUARD, c.Marked(marks=(core.mark("100"),)))
        await core.enter(OPERATOR, c.Adopt(connection="paper1", truth="venue", why="the statement"))
        await core.rest(2)
        assert (rounds(core), buckets(core)) == (before + 1, {})
        assert core.kernel.state.venue_states["paper1"].reconciled

    rounding(main)


def test_an_account_names_the_entry_that_asked_for_it() -> None:
    async def main(core: Core) -> None:
        asked = (await core.enter(OPERATOR, c.Ask(connection="paper1"))).command.seq
        await core.rest()
        assert core.bodies(c.Reconciled)[-1].asked == asked

    rounding(main)


def test_waking_up_wants_a_round_at_once() -> None:
    async def main(core: Core) -> None:
        await core.rest(10)
        await core.enter(GUARD, c.Woke(slept_ns=3600 * 10**9))
        assert not core.kernel.state.venue_states["paper1"].reconciled
        await core.rest(2)
        assert rounds(core) == 1 and core.kernel.state.venue_states["paper1"].reconciled

    rounding(main)


NO_ACCOUNTS = [
    ("timeout", NoReply("no reply in 10 s", "Wait")),
    ("link", LinkDown("no socket", "Wait")),
    ("page", messages.Holdings(connection="paper1", positions=(), cash=(), orders=(), pages=2)),
    ("empty", messages.Holdings(connection="paper1", positions=(), cash=(), orders=())),
    ("other", messages.Holdings(connection="paper2", positions=(), cash=(), orders=())),
    ("nonsense", messages.Accepted(order="", venue_order="x")),
]


@pytest.mark.parametrize("answer", [answer for _, answer in NO_ACCOUNTS], ids=[name for name, _ in NO_ACCOUNTS])
def test_a_round_without_an_account_is_no_data(answer: Any) -> None:
    """Three of them close openings; then the connection is asked sooner, and its first account opens it."""

    def said(body: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def main(core: Core) -> None:
        core.answers["takesnapshot"] = said
        await core.rest(125)
        assert core.kernel.state.silent == {"paper1": 2}
        assert core.kernel.state.venue_states["paper1"].reconciled
        await core.rest(61)
        assert not core.kernel.state.venue_states["paper1"].reconciled
        assert "venue_silent" in {alert.code for alert in core.world.alerts}
        assert len(core.bodies(c.NoData)) == core.kernel.state.silent["paper1"] >= 3
        shows(core)
        await core.rest(35)
        assert core.kernel.state.venue_states["paper1"].reconciled and core.kernel.state.silent == {}

    rounding(main)


def test_an_account_of_many_positions_enters_in_parts() -> None:
    async def main(core: Core) -> None:
        held = tuple(c.Holding(f"N{number:0100}", parse(Quantity, "1")) for number in range(1500))
        core.answers["takesnapshot"] = lambda body: messages.Holdings(
            connection="paper1", positions=held, cash=(("USD", parse(Money, "100000")),), orders=()
        )
        await core.rest(61)
        parts = core.bodies(c.Reconciled)[1:]
        assert [part.part for part in parts] == list(range(1, parts[0].parts + 1)) and len(parts) > 1
        assert core.kernel.state.halted["connection:paper1"]
        assert core.kernel.state.gathered == {}
        assert len(core.on_disk()) == core.kernel.state.seq

    rounding(main)


def test_recent_fills_of_an_account_enter_first_and_once() -> None:
    """A fill whose message was lost is booked from the account, which is clean by that."""

    async def main(core: Core) -> None:
        decision = (await core.submit()).decision
        assert decision is not None
        await core.rest()
        report = c.Filled(order=decision.order, fill="f-1", quantity=parse(Quantity, "1"), price=parse(Price, "100"))
        shows(core, "1", "99900", fills=(report,))
        await core.rest(125)
        assert len(core.bodies(c.Filled)) == 1
        assert (buckets(core), core.kernel.state.halts) == ({}, {})

    rounding(main)


def test_a_known_outage_fills_no_journal() -> None:
    """While the link is known to be down nothing is journalled but the questions."""

    async def main(core: Core) -> None:
        core.world.venues.pop("paper1")
        await core.enter(GUARD, c.SetVenueState(connection="paper1", reconciled=False, link_up=False))
        await core.rest(600)
        assert core.bodies(c.NoData) == []
        assert len(core.bodies(c.Ask)) <= 11

    rounding(main)


def test_a_venue_that_this_version_cannot_speak_with_is_passed_over() -> None:
    async def main(core: Core) -> None:
        away = access.Connection(name="away1", account="desk", venue="away", environment="training")
        await core.enter(OPERATOR, c.AddConnection(connection=away))
        await core.rest(130)
        assert {body.connection for body in core.bodies(c.Ask)} == {"paper1"}
        await core.enter(OPERATOR, c.Ask(connection="away1"))
        await core.rest(2)
        assert [body.connection for body in core.bodies(c.NoData)] == ["away1"]

    rounding(main)
