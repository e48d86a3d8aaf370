"""Prices that took effect: the fold of marks alone knows at each entry what the kernel knew."""

from __future__ import annotations

from hypothesis import given, settings
from tests.reports.walked import DEEDS, Deed, do, opened

from remit.kernel.codec import decode, encode
from remit.reports.prices import Priced, Prices


@settings(max_examples=50, deadline=None)
@given(DEEDS)
def test_it_knows_at_each_entry_which_mark_stands(deeds: list[Deed]) -> None:
    desk = opened()
    prices = Prices()
    for entry in desk.journal:
        prices.take(entry)
    for deed in deeds:
        before, entries = dict(desk.kernel.state.marks), len(desk.journal)
        do(desk, deed)
        for entry in desk.journal[entries:]:
            taken, changed = prices.take(entry)
            prices = Prices(
                [decode(Priced, encode(prices.known(name))) for name in ("AAPL", "MSFT")]
            )  # as after a start
        stands = desk.kernel.state.marks
        assert {name: prices.known(name).mark for name in stands} == stands
        moved = {name for name in stands if stands[name] is not before.get(name)}
        assert moved <= changed
        if deed.kind != "split":  # which gives no price, but other words for the one that stands
            assert {found.instrument for found in taken} == moved
            assert all(taken[-1] == stands[name] for name in moved)


def test_what_is_held_back_is_no_price_and_what_is_confirmed_is_one() -> None:
    desk, prices = opened(), Prices()
    for kind, after_ms, last in (
        ("mark", 1, "100"),
        ("mark", 1_000, "70"),
        ("mark", 5_000, "69"),
        ("crossed", 1, "68"),
    ):
        do(desk, Deed(kind, after_ms, "AAPL", last, "a"))
    found = [str(mark.last) for entry in desk.journal for mark in prices.take(entry)[0]]
    assert found == ["100", "100", "69"]
