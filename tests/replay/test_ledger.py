"""Profit and drawdown by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remit.kernel.instrument import Mark
from remit.kernel.numbers import SCALE, Price, parse, text
from remit.replay.ledger import Ledgers


def mark(last: str, instrument: str = "ABC") -> Mark:
    price = parse(Price, last)
    return Mark(instrument=instrument, at=0, bid=price, ask=price, last=price)


def test_a_purchase_marked_up_and_down_and_sold() -> None:
    ledgers = Ledgers()
    ledgers.mark([mark("100")])
    ledgers.fill(["a"], "ABC", 10 * SCALE, 101 * SCALE, 2 * SCALE)  # pays 1012 for what is worth 1000
    a = ledgers.of("a")
    assert (text(a.pnl), text(a.drawdown), text(a.cash_low)) == ("-12", "12", "-1012")
    path = (("110", "88", "12"), ("95", "-62", "150"), ("120", "188", "150"), ("100", "-12", "200"))
    for price, pnl, drawdown in path:
        ledgers.mark([mark(price)])
        assert (text(a.pnl), text(a.drawdown)) == (pnl, drawdown)
    ledgers.fill(["a"], "ABC", -10 * SCALE, 99 * SCALE, 0)
    assert (text(a.pnl), a.held) == ("-22", {})
    ledgers.mark([mark("1")])
    assert text(a.pnl) == "-22"


def test_marks_of_one_instant_are_looked_at_together() -> None:
    ledgers = Ledgers()
    ledgers.mark([mark("10"), mark("10", "XYZ")])
    ledgers.fill(["a"], "ABC", SCALE, 10 * SCALE, 0)
    ledgers.fill(["a"], "XYZ", SCALE, 10 * SCALE, 0)
    ledgers.mark([mark("4"), mark("16", "XYZ")])
    assert (ledgers.of("a").pnl, ledgers.of("a").drawdown) == (0, 0)


def test_a_short_gains_when_the_price_falls() -> None:
    ledgers = Ledgers()
    ledgers.fill(["a"], "ABC", -3 * SCALE, 50 * SCALE, 0)
    ledgers.mark([mark("40")])
    assert (text(ledgers.of("a").pnl), text(ledgers.of("a").cash_low)) == ("30", "0")


@given(st.lists(st.tuples(st.integers(-9, 9).filter(bool), st.integers(1, 99), st.integers(1, 99))))
def test_profit_is_cash_and_value_whatever_happened(trades: list[tuple[int, int, int]]) -> None:
    ledgers, cash, held, last = Ledgers(), 0, 0, 0
    worst = peak = 0
    for quantity, price, after in trades:
        ledgers.fill(["a"], "ABC", quantity * SCALE, price * SCALE, 0)
        cash, held, last = cash - quantity * price, held + quantity, last or price
        peak = max(peak, cash + held * last)
        worst = max(worst, peak - cash - held * last)
        ledgers.mark([mark(str(after))])
        last = after
        peak = max(peak, cash + held * last)
        worst = max(worst, peak - cash - held * last)
    assert ledgers.of("a").pnl == (cash + held * last) * SCALE
    assert ledgers.of("a").drawdown == worst * SCALE
