"""Cash and positions: fees, shorts, perpetuals, funding, splits, dividends and resolutions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.venues.paper.desk import desk, mark, money, price

from remit.kernel.command import Dividend, Funding, Rejected, Resolve, Split
from remit.kernel.numbers import Money, parse
from remit.venues.paper.permits import Refusal


def test_a_purchase_is_paid_with_its_fee() -> None:
    trader = desk(fee_bps=10)
    trader.mark(mark("99", "100"))
    trader.place("a", "buy", "10", "100")
    assert (trader.cash(), trader.position()) == ("998999", "10")


def test_who_rests_pays_the_makers_fee() -> None:
    trader = desk(fee_bps=10, maker_fee_bps=0)
    trader.mark(mark("101", "102"))
    trader.place("a", "buy", "10", "100")
    trader.mark(mark("98", "99"))
    assert trader.cash() == "999000"


def test_a_working_order_holds_cash_until_it_is_over() -> None:
    trader = desk(cash="1000")
    trader.place("a", "buy", "10", "90")
    assert trader.place("b", "buy", "2", "90") == (Rejected(order="b", code="insufficient_funds"),)
    trader.cancel("a")
    trader.place("c", "buy", "11", "90")
    trader.end_session()
    trader.place("d", "buy", "11", "90")
    assert trader.exchange.holdings("one").orders == ("d",)


def test_a_short_needs_cash_for_its_margin_and_gives_it_back() -> None:
    trader = desk(cash="1000")
    trader.mark(mark("100", "100"))
    assert trader.place("a", "sell", "11", "100") == (Rejected(order="a", code="insufficient_funds"),)
    trader.place("b", "sell", "10", "100")
    assert (trader.cash(), trader.position()) == ("2000", "-10")
    assert trader.place("c", "buy", "1", "0.5", instrument="RAIN-YES") == (
        Rejected(order="c", code="insufficient_funds"),
    )
    trader.place("d", "buy", "10", "100")
    assert (trader.cash(), trader.position()) == ("1000", "0"), "buying back needs no free cash"


def test_two_sells_cannot_both_close_the_same_position() -> None:
    trader = desk()
    trader.mark(mark("100", "100", instrument="COIN"))
    trader.place("a", "buy", "1", "100", instrument="COIN")
    trader.place("b", "sell", "0.6", "110", instrument="COIN")
    assert trader.place("c", "sell", "0.6", "110", instrument="COIN") == (
        Rejected(order="c", code="insufficient_position"),
    )


def test_a_perpetual_settles_profit_and_loss_when_it_is_reduced() -> None:
    trader = desk(cash="1000", margin_bps=1_000)
    trader.mark(mark("100", "100", instrument="PERP"))
    trader.place("a", "buy", "50", "100", instrument="PERP")
    assert (trader.cash(), trader.position("PERP")) == ("1000", "50")
    trader.mark(mark("110", "110", instrument="PERP"))
    trader.place("b", "sell", "20", "110", instrument="PERP")
    assert (trader.cash(), trader.position("PERP")) == ("1200", "30")
    trader.mark(mark("90", "90", instrument="PERP"))
    trader.place("c", "sell", "50", "90", instrument="PERP")
    assert (trader.cash(), trader.position("PERP")) == ("900", "-20"), "crossing through flat opens the other way"


def test_a_perpetuals_loss_counts_against_what_is_free() -> None:
    trader = desk(cash="1000", margin_bps=1_000)
    trader.mark(mark("100", "100", instrument="PERP"))
    trader.place("a", "buy", "50", "100", instrument="PERP")
    trader.mark(mark("90", "90", instrument="PERP"))
    assert trader.place("b", "buy", "10", "90", instrument="PERP") == (Rejected(order="b", code="insufficient_funds"),)


def test_funding_is_paid_by_longs_to_shorts() -> None:
    trader = desk()
    trader.mark(mark("100", "100", instrument="PERP"))
    trader.place("a", "buy", "10", "100", instrument="PERP")
    trader.place("b", "sell", "4", "100", instrument="PERP", connection="two")
    trader.settle(Funding(instrument="PERP", amount=money("0.5")))
    assert (trader.cash(), trader.cash("two")) == ("999995", "1000002")
    trader.settle(Funding(instrument="PERP", amount=money("-0.5")))
    assert (trader.cash(), trader.cash("two")) == ("1000000", "1000000")


def test_a_split_changes_positions_and_cancels_what_works() -> None:
    trader = desk()
    trader.mark(mark("100", "100"))
    trader.place("a", "buy", "10", "100")
    trader.place("b", "buy", "10", "90")
    trader.settle(Split(instrument="ABC", new=3, old=1))
    assert trader.position() == "30" and trader.told_so_far() == ["a 10@100", "b cancelled"]
    trader.place("c", "buy", "1", "100")
    assert trader.told_so_far() == [], "the price from before the split is no longer true"


def test_a_dividend_is_received_by_longs_and_owed_by_shorts() -> None:
    trader = desk()
    trader.mark(mark("100", "100"))
    trader.place("a", "buy", "10", "100")
    trader.place("b", "sell", "10", "100", connection="two")
    trader.settle(Dividend(instrument="ABC", amount=money("2")))
    assert (trader.cash(), trader.cash("two")) == ("999020", "1000980")


@pytest.mark.parametrize(
    ("outcome", "void", "yes_cash", "no_cash"),
    [("yes", None, "1000004", "999995"), ("no", None, "999994", "1000005"), ("void", "0.5", "999999", "1000000")],
)
def test_a_resolution_pays_and_closes(outcome: str, void: str | None, yes_cash: str, no_cash: str) -> None:
    trader = desk()
    trader.mark(mark("0.6", instrument="RAIN-YES"))
    trader.mark(mark("0.5", instrument="RAIN-NO"))
    trader.place("a", "buy", "10", "0.6", instrument="RAIN-YES")
    trader.place("b", "buy", "10", "0.5", instrument="RAIN-NO", connection="two")
    trader.settle(Resolve(market="RAIN", outcome="disputed"))
    assert trader.position("RAIN-YES") == "10", "a dispute keeps what is held"
    assert trader.place("c", "buy", "1", "0.5", instrument="RAIN-NO") == (Rejected(order="c", code="not_trading"),)
    final = Resolve(market="RAIN", outcome=outcome, void_price=price(void) if void else None)  # type: ignore[arg-type]
    trader.settle(final)
    trader.settle(final)
    assert (trader.cash(), trader.cash("two")) == (yes_cash, no_cash), "paid once"
    assert trader.position("RAIN-YES") == "0"
    assert trader.place("d", "buy", "1", "0.5", instrument="RAIN-YES") == (Rejected(order="d", code="not_trading"),)


def test_a_void_market_without_its_price_is_refused() -> None:
    with pytest.raises(Refusal, match="void_price"):
        desk().settle(Resolve(market="RAIN", outcome="void"))


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9), st.integers(50, 150)), max_size=20), st.integers(50, 150))
def test_what_one_wins_on_a_perpetual_the_other_loses(trades: list[tuple[bool, int, int]], last: int) -> None:
    trader = desk()

    def trade(number: int, one_buys: bool, size: int, at: int) -> None:
        sides = ("buy", "sell") if one_buys else ("sell", "buy")
        for connection, side in zip(("one", "two"), sides, strict=True):
            trader.place(f"o{number}", side, str(size), str(at), instrument="PERP", connection=connection)

    for number, (one_buys, size, at) in enumerate(trades):
        trade(number, one_buys, size, at)
    held = int(trader.position("PERP"))
    assert held == -int(trader.position("PERP", "two")) == sum(size if buys else -size for buys, size, _ in trades)
    if held:
        trade(len(trades), held < 0, abs(held), last)
    won = sum((1 if buys else -1) * size * (last - at) for buys, size, at in trades)
    dust = abs(parse(Money, trader.cash()) + parse(Money, trader.cash("two")) - 2 * money("1000000"))
    assert dust <= len(trades) + 1 and trader.position("PERP") == "0"
    assert abs(parse(Money, trader.cash()) - money(str(1_000_000 + won))) <= len(trades) + 1
