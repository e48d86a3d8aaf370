"""Flattening: a kill that asks for it closes what its subject holds, and nothing else."""

from __future__ import annotations

import pytest
from tests.kernel.desk import BOB, Desk, quantity, small, verdict

from remit.kernel import command as c
from remit.kernel.flatten import closing
from remit.kernel.names import GUARD


def two_agents(**terms: str) -> Desk:
    """Momentum is long 25, the other short 3, through connections of their own."""
    desk = small()
    desk.connection("paper2", "main")
    desk.agent("other", "main", "paper2")
    desk.instrument("IBM", "100", **{"quantity_max": quantity("10"), **terms})
    for _ in range(5):
        desk.hold("5", instrument="IBM")
    desk.hold("3", instrument="IBM", agent="other", connection="paper2", side="sell")
    return desk


def killed(desk: Desk, subject: str, flatten: bool = True) -> str:
    desk.took(c.Halt(subject=subject, why="x", kill=True, flatten=flatten), BOB)
    return next(iter(desk.state.halts))


def flattened(desk: Desk, halt: str) -> list[tuple[str, str, str]]:
    """Send and fill the exits until there are none; return (agent, side, quantity) of each."""
    sent = []
    while intents := closing(desk.state, halt):
        for intent in intents:
            record = desk.do(c.Submit(intent=intent), GUARD)
            assert verdict(record) == "allow", record.decision
            desk.fill(record.decision.order, str(intent.quantity), "100")
            sent.append((intent.agent, intent.side, str(intent.quantity)))
    return sent


LONG = [("momentum", "sell", "10"), ("momentum", "sell", "10"), ("momentum", "sell", "5")]
SHORT = [("other", "buy", "3")]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("agent:momentum", LONG),
        ("agent:other", SHORT),
        ("connection:paper2", SHORT),
        ("account:main", LONG[:1] + SHORT + LONG[1:]),
        ("venue:paper", LONG[:1] + SHORT + LONG[1:]),
        ("firm", LONG[:1] + SHORT + LONG[1:]),
    ],
)
def test_exits_close_what_the_subject_holds_in_orders_the_venue_takes(
    subject: str, expected: list[tuple[str, str, str]]
) -> None:
    desk = two_agents()
    assert flattened(desk, killed(desk, subject)) == expected
    desk.agree()


def test_nothing_is_closed_while_orders_work_or_nobody_asked() -> None:
    desk = two_agents()
    order = desk.working("1", "50", instrument="IBM")
    halt = killed(desk, "firm")
    assert closing(desk.state, halt) is None
    desk.took(c.Cancelled(order=order.id), GUARD)
    assert closing(desk.state, halt)
    assert closing(desk.state, "H-0-0") is None
    desk = two_agents()
    assert closing(desk.state, killed(desk, "firm", flatten=False)) is None
