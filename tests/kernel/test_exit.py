"""The arithmetic of exits: which mark touches which leg, at which level, and what loosens a stop."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given
from tests.kernel.desk import price, quantity

from remit.kernel.codec import decode, encode
from remit.kernel.exit import (
    Exit,
    ExitTerms,
    Leg,
    at_once,
    begin,
    closed_by,
    closing_id,
    fault_of,
    look,
    stop_of,
    terms_text,
    watch,
    widened,
)
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.numbers import SCALE, Price


def leg(text: str) -> Leg:
    """Read `stop 95`, `take 110`, `trail 5`, `trail 2%`, `trail 5 from 105`."""
    kind, what, *rest = text.split()
    if kind != "trail":
        return Leg(kind="stop_loss" if kind == "stop" else "take_profit", trigger=price(what))
    activation = price(rest[1]) if rest else None
    if what.endswith("%"):
        return Leg(kind="trailing_stop", offset_bps=int(what[:-1]) * 100, activation=activation)
    return Leg(kind="trailing_stop", offset=price(what), activation=activation)


def terms(text: str, **more: Any) -> ExitTerms:
    return ExitTerms(legs=tuple(leg(part) for part in text.split(", ")), **more)


def armed(text: str, side: Any = "sell", at: str = "100", **more: Any) -> Exit:
    exit = Exit(
        id="X-1", agent="a", client="", connection="c", instrument="I", side=side, terms=terms(text), order="", at=0
    )
    begin(exit, 0, price(at))
    return msgspec.structs.replace(exit, **more)


def instrument(**more: Any) -> Instrument:
    known = {"kind": "equity", "venue": "v", "currency": "USD", "category": "us", "tick": "0.01", "lot": "1"} | more
    known["tick"], known["lot"] = price(known["tick"]), quantity(known["lot"])
    return Instrument(name="I", **known)


def scaled(text: str) -> int:
    return int(price(text))


LONG, SHORT = "sell", "buy"
BOTH = "stop 95, take 110"
TOUCHES = (
    # side, legs, marks as low/high/last, the leg that was touched and its level
    (LONG, "stop 95", ["96/104/99"], None),
    (LONG, "stop 95", ["95/104/99"], ("stop_loss", "95")),
    (LONG, "stop 95", ["90/90/90"], ("stop_loss", "95")),  # a gap: it triggers at the level and closes where it can
    (LONG, "take 110", ["99/109.99/105"], None),
    (LONG, "take 110", ["99/110/105"], ("take_profit", "110")),
    (LONG, BOTH, ["94/111/100"], ("stop_loss", "95")),  # both in one mark: the stop is taken
    (LONG, "trail 5", ["99/104/100"], None),
    (LONG, "trail 5", ["95/104/103"], ("trailing_stop", "95")),  # the old level against the low
    (LONG, "trail 5", ["99/104/99"], ("trailing_stop", "99")),  # the new level against the last price
    (LONG, "trail 5", ["99/104/99.01", "99/99/99"], ("trailing_stop", "99")),
    (LONG, "trail 5", ["99/104/100", "98/120/119"], ("trailing_stop", "99")),  # the fall may have come first
    (LONG, "trail 10%", ["99/120/115", "108.01/109/109"], None),
    (LONG, "trail 10%", ["99/120/115", "108/109/109"], ("trailing_stop", "108")),
    (LONG, "trail 5 from 105", ["90/104/91", "80/104/104"], None),  # asleep until 105 was seen
    (LONG, "trail 5 from 105", ["90/105/101", "99.99/103/102"], ("trailing_stop", "100")),
    (LONG, "trail 5 from 105, stop 95", ["94/104/99"], ("stop_loss", "95")),
    (LONG, "trail 5 from 99", ["95/100/99"], ("trailing_stop", "95")),  # reached when it was armed
    (LONG, "trail 2, stop 95", ["94/100/99"], ("trailing_stop", "98")),  # the nearer stop goes first
    (LONG, "trail 20, stop 95", ["94/100/99"], ("stop_loss", "95")),
    (LONG, "take 110, trail 5", ["99/111/108"], ("take_profit", "110")),
    (SHORT, "stop 105", ["96/104.99/99"], None),
    (SHORT, "stop 105", ["96/105/99"], ("stop_loss", "105")),
    (SHORT, "take 90", ["90/104/99"], ("take_profit", "90")),
    (SHORT, "stop 105, take 90", ["89/106/99"], ("stop_loss", "105")),
    (SHORT, "trail 5", ["96/101/100"], None),
    (SHORT, "trail 5", ["96/101/101"], ("trailing_stop", "101")),
    (SHORT, "trail 5", ["96/105/97"], ("trailing_stop", "105")),
    (SHORT, "trail 10%", ["80/99/85", "80/88/85"], ("trailing_stop", "88")),
    (SHORT, "trail 5 from 95", ["96/120/119"], None),
    (SHORT, "trail 5 from 95", ["95/97/97", "96/100/99"], ("trailing_stop", "100")),
)  # fmt: skip


@pytest.mark.parametrize(("side", "legs", "marks", "expected"), TOUCHES)
def test_which_mark_touches_which_leg(side: str, legs: str, marks: list[str], expected: tuple[str, str] | None) -> None:
    exit = armed(legs, side)
    touched = [look(exit, *(scaled(part) for part in mark.split("/"))) for mark in marks]
    assert touched == [False] * (len(marks) - 1) + [expected is not None]
    assert (exit.leg, exit.price) == (("", 0) if expected is None else (expected[0], scaled(expected[1])))


def mark(at: int, last: str, low: str = "", high: str = "", **more: Any) -> Mark:
    return Mark(
        instrument="I", at=at, bid=price(last), ask=price(last), last=price(last),
        low=price(low) if low else None, high=price(high) if high else None, **more,
    )  # fmt: skip


def shows(exit: Exit, known: Mark | None, new: Mark, of: Instrument | None = None) -> bool:
    """Let an exit see a mark that followed another one; return whether it was touched."""
    return watch(exit, of or instrument(), known, new)


def test_extremes_from_before_it_was_armed_touch_nothing() -> None:
    """The low since the last mark may be older than the exit; its last price is not."""
    exit = armed("stop 95, trail 5", armed_at=10)
    assert not shows(exit, mark(9, "100"), mark(20, "99", low="90", high="120"))
    assert exit.extreme == scaled("100"), "nor does the high move the trail"
    assert shows(exit, mark(20, "99"), mark(30, "99", low="95"))
    exit = armed("stop 95", armed_at=10)
    assert shows(exit, None, mark(20, "95")), "the last price counts at once"


def test_extremes_from_before_new_terms_are_held_against_the_stop_of_then() -> None:
    """Tightening again and again never blinds a stop to what happens between two marks."""
    exit = armed("stop 98", armed_at=10, earlier=("stop_loss", scaled("95")))
    assert not shows(exit, mark(9, "100"), mark(20, "99", low="96"))
    assert shows(exit, mark(9, "100"), mark(21, "99", low="95"))
    assert (exit.leg, exit.price) == ("stop_loss", scaled("95"))
    exit = armed("stop 98", armed_at=10, earlier=("stop_loss", scaled("95")))
    assert not shows(exit, mark(10, "100"), mark(20, "99"))
    assert exit.earlier is None, "a mark of the time since then speaks of the new stop alone"


def test_extremes_that_leave_the_last_price_out_are_completed_by_it() -> None:
    exit = armed("stop 95, take 110")
    assert shows(exit, mark(0, "100"), mark(1, "94", low="97", high="99"))
    assert exit.leg == "stop_loss"


def test_an_instrument_whose_exits_look_at_the_fair_price() -> None:
    """Trades far off the venue's own mark price touch nothing; without that price nothing is seen at all."""
    fair = instrument(kind="perpetual", exits_on="mark")
    exit = armed("stop 95, trail 10")
    assert not shows(exit, mark(0, "100"), mark(1, "80", low="70", high="200", fair=price("101")), fair)
    assert exit.extreme == scaled("101")
    assert not shows(exit, mark(1, "100"), mark(2, "80"), fair)
    assert shows(exit, mark(2, "100"), mark(3, "120", fair=price("95")), fair)


prices = st.integers(80, 120).map(lambda whole: whole * SCALE)
bars = st.lists(st.tuples(prices, prices, prices).map(sorted), min_size=1, max_size=12).flatmap(
    lambda rows: st.tuples(*(st.tuples(st.just(row[0]), st.just(row[2]), st.sampled_from(row)) for row in rows))
)
LEGS = ["stop 90", "stop 97", "take 105", "take 118", "trail 3", "trail 12", "trail 4%", "trail 3 from 104"]
all_legs = st.lists(
    st.sampled_from(LEGS), min_size=1, max_size=3, unique_by=lambda text: text.split()[0]
).map(", ".join)  # fmt: skip


@given(legs=all_legs, bars=bars)
def test_the_stop_of_a_long_position_never_moves_down(legs: str, bars: Any) -> None:
    exit = armed(legs)
    for low, high, last in bars:
        before = stop_of(exit)
        if look(exit, low, high, last):
            return
        after = stop_of(exit)
        assert before is None or (after is not None and after[1] >= before[1])
        assert after is None or last > after[1], "a stop that stands lies below the market"
        assert exit.extreme >= scaled("100") or not exit.active or "from" in legs


@given(legs=all_legs, bars=bars)
def test_short_positions_are_the_mirror_of_long_ones(legs: str, bars: Any) -> None:
    """Mirrored at 100, amounts stay as they are and everything else turns round. (A share of the price does not.)"""
    if "%" in legs:
        return

    def mirrored(one: Leg) -> Leg:
        turned = {
            name: None if value is None else Price(2 * scaled("100") - value)
            for name, value in (("trigger", one.trigger), ("activation", one.activation))
        }
        return msgspec.structs.replace(one, **turned)

    long = armed(legs)
    short = armed(legs, "buy")
    short.terms = ExitTerms(legs=tuple(mirrored(one) for one in short.terms.legs))
    begin(short, 0, scaled("100"))
    at = 2 * scaled("100")
    for low, high, last in bars:
        assert look(long, low, high, last) == look(short, at - high, at - low, at - last)
        assert long.leg == short.leg and (not long.leg or long.price == at - short.price)
        if long.leg:
            return


@pytest.mark.parametrize(
    ("legs", "more", "said"),
    [
        ("stop 95, take 110, trail 3", {}, ""),
        ("stop 100", {}, "stop_loss 100 is not below the price 100"),
        ("stop 101", {}, "stop_loss 101 is not below the price 100"),
        ("take 100", {}, "take_profit 100 is not above the price 100"),
        ("stop 95.001", {}, "stop_loss 95.001 is no multiple of the tick 0.01"),
        ("trail 0.001", {}, "trailing_stop 0.001 is no multiple of the tick 0.01"),
        ("trail 5 from 105.001", {}, "trailing_stop 105.001 is no multiple of the tick 0.01"),
        ("trail 100", {}, "trailing_stop offset 100 is not below the price 100"),
        ("stop 95", {"quantity": quantity("1.5")}, "exit quantity 1.5 is no multiple of the lot 1"),
    ],
)  # fmt: skip
def test_what_terms_may_say(legs: str, more: dict[str, Any], said: str) -> None:
    assert fault_of(instrument(), terms(legs, **more), "sell", scaled("100")) == said


@pytest.mark.parametrize(("legs", "said"), [
    ("stop 105, take 90", ""),
    ("stop 95", "stop_loss 95 is not above the price 100"),
    ("take 105", "take_profit 105 is not below the price 100"),
])  # fmt: skip
def test_what_terms_may_say_of_a_short_position(legs: str, said: str) -> None:
    assert fault_of(instrument(), terms(legs), "buy", scaled("100")) == said


def test_a_prediction_contract_never_reaches_one() -> None:
    bet = instrument(kind="prediction", market="RAIN", outcome="yes")
    assert fault_of(bet, terms("stop 0.4, take 0.9"), "sell", scaled("0.5")) == ""
    assert fault_of(bet, terms("take 1"), "sell", scaled("0.5")) == "take_profit 1 is not below 1"


WIDER = (
    # side, what stands, new terms, what of it loosens
    (LONG, "stop 95", "stop 95", ""),
    (LONG, "stop 95", "stop 96", ""),
    (LONG, "stop 95", "stop 94", "stop_loss would move from 95 to 94"),
    (LONG, "stop 95", "take 110", "the stop_loss would go"),
    (LONG, "stop 95", "trail 1", "the stop_loss would go"),
    (LONG, "stop 95", "stop 95, trail 50", ""),
    (LONG, "stop 95, take 110", "stop 95", ""),
    (LONG, "stop 95, take 110", "stop 95, take 150", ""),
    (LONG, "take 110", "take 150", ""),
    (LONG, "take 110", "stop 50", ""),
    (LONG, "trail 5", "trail 4", ""),
    (LONG, "trail 5", "trail 6", "the trailing_stop would trail further away, later, or another way"),
    (LONG, "trail 5", "trail 1%", "the trailing_stop would trail further away, later, or another way"),
    (LONG, "trail 5%", "trail 4%", ""),
    (LONG, "trail 5%", "trail 6%", "the trailing_stop would trail further away, later, or another way"),
    (LONG, "trail 5 from 110", "trail 5", ""),
    (LONG, "trail 5 from 110", "trail 5 from 109", ""),
    (LONG, "trail 5 from 110", "trail 5 from 111", "the trailing_stop would trail further away, later, or another way"),
    (LONG, "trail 5", "trail 5 from 200", ""),  # it trails already, and goes on
    (SHORT, "stop 105", "stop 104", ""),
    (SHORT, "stop 105", "stop 106", "stop_loss would move from 105 to 106"),
    (SHORT, "trail 5 from 90", "trail 5 from 91", ""),
    (SHORT, "trail 5 from 90", "trail 5 from 89", "the trailing_stop would trail further away, later, or another way"),
)  # fmt: skip


@pytest.mark.parametrize(("side", "old", "new", "said"), WIDER)
def test_what_loosens_a_stop(side: str, old: str, new: str, said: str) -> None:
    assert widened(armed(old, side), terms(new)) == said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({}, {}, ""),
        ({}, {"quantity": quantity("5")}, "it would protect less"),
        ({"quantity": quantity("5")}, {"quantity": quantity("4")}, "it would protect less"),
        ({"quantity": quantity("5")}, {"quantity": quantity("6")}, ""),
        ({"quantity": quantity("5")}, {}, ""),
        ({"slippage_bps": 50}, {"slippage_bps": 49}, "the slippage of the closing order would change"),
        ({"slippage_bps": 50}, {"slippage_bps": 51}, "the slippage of the closing order would change"),
    ],
)  # fmt: skip
def test_what_protects_less(old: dict[str, Any], new: dict[str, Any], said: str) -> None:
    known = armed("stop 95", terms=terms("stop 95", **old))
    assert widened(known, terms("stop 95", **new)) == said


@given(legs=all_legs, tighter=all_legs, bars=bars)
def test_what_does_not_widen_never_stops_out_later(legs: str, tighter: str, bars: Any) -> None:
    """Of two exits that see the same, the one that only tightened has its stop at least as near."""
    first, second = armed(legs), armed(tighter)
    if widened(first, second.terms):
        return
    if first.active and second.terms.leg("trailing_stop"):
        second.active, second.extreme = True, first.extreme  # new terms go on from where the old ones were
    for bar in bars:
        if look(first, *bar) | look(second, *bar):
            assert not (first.leg in ("stop_loss", "trailing_stop") and not second.leg)
            return


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "stop_loss"},
        {"kind": "take_profit", "offset": price("1")},
        {"kind": "stop_loss", "trigger": price("1"), "activation": price("1")},
        {"kind": "stop_loss", "trigger": price("0")},
        {"kind": "trailing_stop"},
        {"kind": "trailing_stop", "offset": price("1"), "offset_bps": 100},
        {"kind": "trailing_stop", "offset": price("1"), "trigger": price("90")},
        {"kind": "trailing_stop", "offset": price("-1")},
    ],
)
def test_a_leg_says_what_its_kind_needs_and_no_more(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"trigger|offset|above zero"):
        Leg(**fields)


@pytest.mark.parametrize("legs", [(), ("stop 95", "stop 96"), ("stop 95", "take 99", "trail 1", "stop 94")])
def test_an_exit_has_no_two_legs_of_one_kind(legs: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="one to three legs"):
        ExitTerms(legs=tuple(map(leg, legs)))


def test_terms_spell_and_read_as_themselves() -> None:
    said = terms("stop 95, take 110, trail 2% from 105", quantity=quantity("5"), slippage_bps=30)
    assert decode(ExitTerms, encode(said)) == said
    assert terms_text(said) != terms_text(terms("stop 95, take 110, trail 2% from 105", quantity=quantity("5")))
    with pytest.raises(ValueError, match="quantity"):
        terms("stop 95", quantity=quantity("0"))


@pytest.mark.parametrize(
    ("held", "more", "expected"),
    [
        ("25", {}, "25"),
        ("25", {"quantity_max": quantity("10")}, "10"),
        ("25.7", {}, "25"),
        ("0.7", {}, "0"),
        ("4", {"quantity_min": quantity("5")}, "0"),
        ("5", {"quantity_min": quantity("5")}, "5"),
        ("25", {"quantity_max": quantity("10.5")}, "10"),
    ],
)
def test_how_much_one_order_closes(held: str, more: dict[str, Any], expected: str) -> None:
    assert at_once(instrument(**more), quantity(held)) == quantity(expected)


def test_the_intents_of_the_guard_name_the_exit_they_close() -> None:
    assert closed_by(closing_id("X-r1ab-17", 3)) == "X-r1ab-17"
    assert closed_by("i-17") == ""
