"""Orders of unknown outcome: too many, or one for too long, halt their connection; the clock alone is enough."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import Desk, agent, halts, small, verdict

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS

AGE = [("connection:paper1", "unknown", "unknown_age_max")]
COUNT = [("connection:paper1", "unknown", "unknown_count_max")]
AGE_NS = 300 * NANOSECONDS


def lost(desk: Desk, count: int = 1, **more: Any) -> list[str]:
    """Let so many orders be sent and never answered, and return their ids."""
    orders = [desk.order("1", str(50 - number), **more).id for number in range(count)]
    for order in orders:
        desk.took(c.Lost(order=order, why="timeout"), GUARD)
    return orders


@pytest.mark.parametrize(("count", "expected"), [(0, []), (20, []), (21, COUNT)])
def test_so_many_may_be_unknown(count: int, expected: list[Any]) -> None:
    desk = small()
    orders = lost(desk, count)
    assert halts(desk) == expected
    assert list(desk.state.unknown.get("paper1", {})) == orders
    desk.agree()


@pytest.mark.parametrize(("after_ns", "expected"), [(AGE_NS - 1, []), (AGE_NS, AGE)])
def test_for_so_long_one_may_be_unknown(after_ns: int, expected: list[Any]) -> None:
    """Nothing but time goes by: the kernel asks for the tick itself."""
    desk = small()
    (order,) = lost(desk)
    assert desk.kernel.next_due() == desk.at + AGE_NS
    record = desk.took(c.Tick(), GUARD, after_ns)
    assert halts(desk) == expected
    if expected:
        (raised,) = [event for event in record.events if isinstance(event, e.HaltRaised)]
        assert (raised.limit, raised.actual) == ("300 s", "300 s") and order in raised.why
        assert desk.kernel.next_due() != desk.at, "the same order is not due again and again"
    desk.agree()


ANSWERS = [
    (c.Acked, True),
    (c.Rejected, True),
    (c.Cancelled, True),
    (c.Expired, True),
    (c.Filled, True),
    (c.Sent, False),
    (c.Lost, False),
    (c.Cancel, False),
]


@pytest.mark.parametrize(("answer", "ends"), ANSWERS)
def test_what_ends_the_doubt(answer: Any, ends: bool) -> None:
    desk = small()
    (order,) = lost(desk)
    more: dict[str, Any] = {c.Rejected: {"code": "never_seen"}, c.Lost: {"why": "again"}}.get(answer, {})
    if answer is c.Filled:
        desk.fill(order, "1", "50")
    else:
        desk.do(answer(order=order, **more))
    assert ("paper1" in desk.state.unknown) != ends
    desk.reload()
    desk.took(c.Tick(), GUARD, AGE_NS)
    assert halts(desk) == ([] if ends else AGE)
    desk.agree()


def test_each_connection_counts_for_itself() -> None:
    desk = small()
    desk.connection("paper2", "main")
    desk.took(c.SetGrant(agent="momentum", connection="paper2", granted=True))
    tolerance = access.Tolerance(unknown_count_max=1, unknown_age_max_s=1)
    lost(desk, 2)
    lost(desk, 2, connection="paper2")
    assert halts(desk) == []
    desk.took(c.SetTolerance(connection="paper2", tolerance=tolerance, why="test"))
    assert halts(desk) == [("connection:paper2", "unknown", "unknown_count_max")], "a tighter limit binds at once"
    desk.took(c.Tick(), GUARD, NANOSECONDS)
    assert halts(desk)[1:] == [("connection:paper2", "unknown", "unknown_age_max")]
    assert verdict(desk.submit("1", "30")) == "allow"
    assert verdict(desk.submit("1", "29", connection="paper2")) == "deny"
    desk.agree()


def test_the_halt_ends_only_when_the_doubt_has() -> None:
    desk = small()
    (order,) = lost(desk)
    desk.took(c.Tick(), GUARD, AGE_NS)
    (halt,) = desk.state.halts
    desk.took(c.Review(halt=halt, limit="unknown_age_max", why="the venue is down"))
    assert desk.refused(c.Resume(halt=halt, why="now")) == "still_unknown"
    assert desk.state.orders[order].reserved, "it reserves in full until the venue speaks"
    desk.took(c.Rejected(order=order, code="never_seen"), GUARD)
    desk.took(c.Resume(halt=halt, why="never seen"))
    assert halts(desk) == []


def test_a_limit_that_was_changed_lets_the_halt_end() -> None:
    desk = small()
    lost(desk)
    desk.took(c.Tick(), GUARD, AGE_NS)
    (halt,) = desk.state.halts
    desk.took(c.Review(halt=halt, limit="unknown_age_max", why="a long outage"))
    desk.took(c.SetTolerance(connection="paper1", tolerance=access.Tolerance(unknown_age_max_s=3600), why="test"))
    desk.took(c.Resume(halt=halt, why="we wait longer"))
    assert desk.kernel.next_due() == desk.state.unknown["paper1"].popitem()[1] + 3600 * NANOSECONDS


def test_an_agent_closes_nothing_where_outcomes_are_unknown() -> None:
    desk = small()
    desk.hold("10")
    lost(desk, 21)
    assert halts(desk) == COUNT
    assert verdict(desk.submit("10", "100", side="sell", by=agent("momentum"))) == "deny"
