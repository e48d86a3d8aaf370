"""A kernel that went on from a snapshot is the one that never stopped."""

from __future__ import annotations

from tests.kernel.desk import ANN, money, price, quantity, small

from remit.kernel import command as c
from remit.kernel.exit import ExitTerms, Leg


def test_what_settles_at_once_for_several_is_told_in_one_order_after_a_snapshot_too() -> None:
    desk = small()
    desk.connection("paper0", "main")
    desk.took(c.SetGrant(agent="momentum", connection="paper0", granted=True))
    desk.hold("10")
    desk.hold("5", connection="paper0")
    desk.reload()
    desk.took(c.Dividend(instrument="AAPL", amount=money("0.5")), ANN)
    desk.agree()


def test_the_contracts_of_a_market_are_settled_in_one_order_after_a_snapshot_too() -> None:
    desk = small()
    for name, outcome, mark in (("YES", "yes", "0.6"), ("NO", "no", "0.4")):
        desk.instrument(name, mark, kind="prediction", outcome=outcome, market="RAIN", category="weather")
    desk.working("10", "0.5", instrument="YES")
    desk.working("10", "0.3", instrument="NO")
    desk.reload()
    desk.took(c.Resolve(market="RAIN", outcome="yes"), ANN)
    desk.agree()


def test_a_bracket_on_fewer_than_it_protected_can_be_read_back() -> None:
    desk = small()
    stop = Leg(kind="stop_loss", trigger=price("90"))
    order = desk.working("10", "100", exit=ExitTerms(legs=(stop,)))
    desk.fill(order, "10", "100")
    terms = ExitTerms(legs=(stop,), quantity=quantity("4"))
    body = c.SetExit(id=f"X-{order.id}", agent="momentum", connection="paper1", instrument="AAPL", terms=terms)
    desk.took(body, ANN)
    assert desk.state.exits[f"X-{order.id}"].protects == quantity("4")
    desk.agree()
