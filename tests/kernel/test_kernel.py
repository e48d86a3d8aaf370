"""What one step of the kernel does in which order."""

from __future__ import annotations

from tests.kernel.desk import money, price, small

from remit.kernel import event as e
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.mandate import Mandate


def test_a_bracket_ends_with_the_held_entry_that_a_breach_withdraws() -> None:
    desk = small()
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("100")))
    terms = ExitTerms(legs=(Leg(kind="stop_loss", trigger=price("90")),))
    order = desk.order("10", "100", exit=terms)
    assert order.state == "held"
    record = desk.mandate("agent:momentum", Mandate(gross_exposure_max=money("500")))
    assert order.state == "cancelled"
    assert [event.why for event in record.events if isinstance(event, e.ExitEnded)] == ["unfilled"]
    assert not desk.state.exits and desk.kernel.next_due() != 0
    desk.agree()
