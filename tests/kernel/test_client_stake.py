"""What a client may reduce: by an ordinary order what its agent holds, by one that only reduces its own alone."""

from __future__ import annotations

import pytest
from tests.kernel.desk import Desk, client, money, rules, small

from remit.kernel import command as c
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import SCALE
from remit.kernel.order import ReduceMode


def held() -> Desk:
    """The agent bought 10 by itself, its client claude 3 more. Every opening of claude's asks a person."""
    desk = small()
    desk.hold("10")
    desk.hold("3", client="claude")
    desk.mandate("client:claude", Mandate(approval_notional_min=money("0"), short_allowed="blocked"))
    return desk


def sells(desk: Desk, amount: str, reduce: ReduceMode) -> Record:
    intent = desk.intent(amount, "100", side="sell", reduce=reduce)
    return desk.do(c.Submit(intent=intent, client="claude"), client("claude"))


@pytest.mark.parametrize(
    ("reduce", "amount", "reducing", "broken"),
    [
        ("any", "3", 3, []),
        ("any", "13", 13, []),  # what its agent holds, too: docs/mcp.md says so
        ("any", "14", 13, ["short_allowed", "approval_notional_min"]),
        ("only", "3", 3, []),
        ("only", "4", 3, ["reduce_proof", "short_allowed", "approval_notional_min"]),
        ("clip", "13", 3, []),
    ],
)
def test_what_a_client_reduces(reduce: ReduceMode, amount: str, reducing: int, broken: list[str]) -> None:
    record = sells(held(), amount, reduce)
    assert record.decision is not None and record.decision.reducing == reducing * SCALE
    assert rules(record) == broken


def test_an_ordinary_sale_takes_the_client_below_zero_and_never_its_agent() -> None:
    desk = held()
    record = sells(desk, "5", "any")
    assert record.decision is not None and record.decision.verdict == "allow"
    desk.fill(record.decision.order, "5", "100")
    assert (desk.position("client:claude"), desk.position("agent:momentum")) == (-2_000, 8_000)
    again = sells(desk, "1", "only")
    assert rules(again)[0] == "reduce_proof", "and nothing is left that is its own to close"
    desk.agree()
