"""Exits and what others do meanwhile: nobody keeps a stop from closing what it protects."""

from __future__ import annotations

import pytest
from tests.kernel.desk import ANN, Desk, money, rules, small, verdict
from tests.kernel.test_exits import close, only, said, set_exit

from remit.kernel import command as c
from remit.kernel.exit import closing_id
from remit.kernel.exits import client_of, closing, to_cancel
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import text


def two() -> Desk:
    """momentum holds ten with a stop at 95; carry trades through the same connection."""
    desk = small()
    desk.agent("carry", "main", "paper1")
    desk.hold("10")
    assert said(set_exit(desk, "stop 95")) == ["set"]
    return desk


def can_close(desk: Desk) -> str:
    intent = closing(desk.state, only(desk).id, desk.at)
    return "" if intent is None else text(intent.quantity)


def test_what_another_opens_on_that_side_is_denied_while_an_exit_closes() -> None:
    """It would reserve what the exit has to close, again and again."""
    desk = two()
    desk.mark("AAPL", "94")
    record = desk.submit("10", "96", agent="carry", side="sell")
    assert (verdict(record), rules(record)) == ("deny", ["exit_terms"])
    assert can_close(desk) == "10"
    assert verdict(desk.submit("10", "94", agent="carry")) == "allow", "the other side is free"
    desk.connection("paper2", "main")
    desk.took(c.SetGrant(agent="carry", connection="paper2", granted=True))
    free = {"agent": "carry", "connection": "paper2", "side": "sell"}
    assert verdict(desk.submit("10", "96", **free)) == "allow", "and so is another connection"
    desk.agree()


def test_what_another_holds_it_may_sell_while_an_exit_closes() -> None:
    desk = two()
    desk.hold("5", agent="carry")
    desk.mark("AAPL", "94")
    assert verdict(desk.submit("5", "96", agent="carry", side="sell")) == "allow"
    assert rules(desk.submit("6", "96", agent="carry", side="sell")) == ["exit_terms"]
    assert can_close(desk) == "10"


def test_an_order_that_waits_for_people_is_withdrawn_where_it_is_in_the_way() -> None:
    desk = two()
    desk.mandate("agent:carry", Mandate(approval_notional_min=money("1")))
    held = desk.order("10", "100", agent="carry", side="sell")
    other = desk.order("1", "90", agent="carry")
    assert (held.state, other.state) == ("held", "held")
    assert said(desk.mark("AAPL", "94")) == ["stop_loss 95: 10"]
    assert (held.state, other.state, can_close(desk)) == ("cancelled", "held", "10")
    desk.agree()


def test_a_cancel_that_a_venue_refused_is_asked_again() -> None:
    desk = two()
    resting = desk.working("10", "120", side="sell")
    assert said(desk.mark("AAPL", "94")) == ["stop_loss 95: 10"]
    name = only(desk).id
    assert (resting.state, to_cancel(desk.state, name)) == ("pending_cancel", [])
    desk.took(c.CancelRefused(order=resting.id, code="busy"), GUARD)
    assert (can_close(desk), to_cancel(desk.state, name)) == ("", [resting.id])
    desk.took(c.Cancel(order=resting.id), GUARD)
    assert to_cancel(desk.state, name) == []
    desk.took(c.Cancelled(order=resting.id), GUARD)
    assert can_close(desk) == "10"
    assert close(desk) == ["ended closed"]
    desk.agree()


@pytest.mark.parametrize(("through", "expected"), [("claude", "claude"), ("", "")])
def test_a_closing_order_is_booked_to_the_client_that_holds_it(through: str, expected: str) -> None:
    """What a client bought leaves its book; one that set an exit on what its agent bought is booked nothing."""
    desk = small()
    desk.hold("10", client=through)
    set_exit(desk, "stop 95", client="claude", by=ANN)
    desk.mark("AAPL", "94")
    intent = closing(desk.state, only(desk).id, desk.at)
    assert intent is not None
    client = client_of(desk.state, intent)
    assert client == expected
    record = desk.do(c.Submit(intent=intent, client=client), GUARD)
    assert record.decision is not None
    desk.fill(record.decision.order, "10", "94")
    assert [desk.position(of) for of in ("client:claude", "agent:momentum", "account:main")] == [0, 0, 0]


def test_a_closing_order_is_of_no_client_whose_own_is_promised_elsewhere() -> None:
    """What only reduces takes no more than the client's own has left: the exit closes all the same."""
    desk = small()
    desk.hold("10")
    desk.hold("10", client="claude")
    desk.working("4", "120", side="sell", client="claude")
    set_exit(desk, "stop 95", client="claude", by=ANN)
    for amount, through in (("10", ""), ("7", ""), ("6", "claude")):
        intent = desk.intent(amount, side="sell", reduce="clip", id=closing_id(only(desk).id, 0))
        assert client_of(desk.state, intent) == through, amount


@pytest.mark.parametrize("by", [ANN, GUARD])
@pytest.mark.parametrize(("of", "through"), [("momentum", "nobody"), ("carry", "claude")])
def test_an_exit_names_a_client_that_acts_for_its_agent(of: str, through: str, by: Principal) -> None:
    """Another's client could never close it."""
    desk = two()
    desk.hold("5", agent="carry")
    assert said(set_exit(desk, "stop 90", agent=of, client=through, by=by)) == ["unknown"]
    desk.agree()
