"""What a venue takes back, and what a person corrects, in a perpetual: there only profit moves cash."""

from __future__ import annotations

from typing import Any

from tests.kernel.desk import ANN, Desk, money, quantity, ratio, small

from remit.kernel import command as c
from remit.kernel.numbers import text


def perpetual() -> Desk:
    desk = small()
    desk.instrument("PERP", "50", kind="perpetual", category="crypto")
    desk.took(c.SetMargin(instrument="PERP", initial=ratio("0.1")))
    return desk


def trade(desk: Desk, side: str, amount: str, at: str, fill: str) -> str:
    order = desk.working(amount, at, instrument="PERP", side=side)
    desk.fill(order, amount, at, fill=fill)
    return order.id


def cash(desk: Desk) -> str:
    return text(desk.state.cash["paper1", "USD"].amount)


def entry(desk: Desk) -> Any:
    return desk.state.cells["account:main", "paper1", "PERP"].entry // 10**36


def test_a_closing_fill_that_is_taken_back_gives_its_profit_back() -> None:
    desk = perpetual()
    trade(desk, "buy", "10", "50", "f-1")
    closing = trade(desk, "sell", "4", "52", "f-2")
    assert (cash(desk), entry(desk)) == ("1000008", 300)
    desk.do(c.Busted(order=closing, fill="f-2"))
    assert (cash(desk), entry(desk)) == ("1000000", 500)
    assert desk.position("account:main", "PERP") == 10_000
    desk.agree()


def test_an_opening_fill_that_is_taken_back_leaves_the_entry_of_the_rest() -> None:
    desk = perpetual()
    trade(desk, "buy", "5", "50", "f-1")
    second = trade(desk, "buy", "5", "51", "f-2")
    desk.do(c.Busted(order=second, fill="f-2"))
    assert (cash(desk), entry(desk)) == ("1000000", 250)
    desk.agree()


def test_an_opening_fill_is_taken_back_after_the_position_was_closed_in_part() -> None:
    desk = perpetual()
    trade(desk, "buy", "5", "50", "f-1")
    second = trade(desk, "buy", "5", "52", "f-2")
    trade(desk, "sell", "5", "53", "f-3")
    assert (cash(desk), entry(desk)) == ("1000010", 255)
    desk.do(c.Busted(order=second, fill="f-2"))
    assert (cash(desk), entry(desk)) == ("1000015", 0), "bought 5 at 50 and sold them at 53"
    desk.agree()


def test_taking_all_fills_back_leaves_no_trace_of_a_perpetual() -> None:
    desk = perpetual()
    orders = [
        (trade(desk, side, amount, at, fill), fill)
        for side, amount, at, fill in (
            ("buy", "10", "50", "f-1"),
            ("sell", "4", "52", "f-2"),
            ("sell", "8", "49", "f-3"),
            ("buy", "1", "48", "f-4"),
        )
    ]
    for order, fill in (orders[1], orders[3], orders[0], orders[2]):
        desk.do(c.Busted(order=order, fill=fill))
    assert (cash(desk), entry(desk), desk.position("account:main", "PERP")) == ("1000000", 0, 0)
    desk.agree()


def test_adopting_a_perpetual_gives_no_equity_that_nobody_brought() -> None:
    desk = perpetual()
    shown = (c.Holding("PERP", quantity("1000")),)
    balance = (("USD", money("1000000")),)
    desk.do(c.Reconciled(connection="paper1", positions=shown, cash=balance, orders=()))
    equity, pnl = (getattr(desk.state.subjects["account:main"].total, field) for field in ("equity", "pnl"))
    desk.took(c.Adopt(connection="paper1", truth="venue", why="looked"), ANN)
    total = desk.state.subjects["account:main"].total
    assert desk.position("account:main", "PERP") == 1_000_000
    assert (total.equity, total.pnl) == (equity, pnl), "a perpetual at its mark is worth nothing yet"
    desk.agree()


def test_what_a_perpetual_has_gained_goes_with_it() -> None:
    desk = perpetual()
    trade(desk, "buy", "10", "50", "f-1")
    desk.mark("PERP", "52")
    total = desk.state.subjects["account:main"].total
    equity, pnl = total.equity, total.pnl
    half = (c.Holding("PERP", quantity("5")),)
    for _ in range(2):
        desk.do(
            c.Reconciled(connection="paper1", positions=half, cash=(("USD", money("1000000")),), orders=()),
            after_ns=200 * 10**9,
        )
    desk.took(c.Adopt(connection="paper1", truth="venue", why="looked"), ANN)
    assert total.pnl == pnl
    assert total.equity == equity - money("10"), "five were up by two each"
    desk.agree()


def test_profit_that_a_fill_taken_back_returns_is_the_highest_at_once() -> None:
    """Else whoever is marked next would raise it: also an empty stake that only judging made."""
    desk = small()
    desk.hold("10")
    sold = desk.working("5", "95", side="sell")
    desk.fill(sold, "5", "95", fill="f-1")
    desk.mark("AAPL", "105")
    total = desk.state.subjects["account:main"].total
    assert (total.pnl, total.high_water) == (0, 0)
    desk.do(c.Busted(order=sold.id, fill="f-1"))
    assert (total.pnl, total.high_water) == (money("50"), money("50"))
    desk.agree()


def test_a_fill_from_before_a_split_is_taken_back_in_new_shares() -> None:
    desk = small()
    order = desk.working("10", "100")
    desk.fill(order, "10", "100", fill="f-1")
    desk.took(c.Split(instrument="AAPL", new=4, old=1), ANN)
    assert desk.position("account:main") == 40_000
    desk.do(c.Busted(order=order.id, fill="f-1"))
    assert (desk.position("account:main"), cash(desk)) == (0, "1000000")
    desk.agree()
