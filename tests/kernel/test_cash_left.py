"""The cash that an order reserves: after every fill it is what the rest still needs, neither more nor less."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given, settings
from tests.kernel.desk import small

from remit.kernel.numbers import SCALE
from remit.kernel.reserve import cash_need


@settings(max_examples=60, deadline=None)
@given(quantity=st.integers(2, 60), parts=st.lists(st.integers(1, 20), min_size=1, max_size=6))
def test_each_fill_gives_back_its_share_of_the_cash(quantity: int, parts: list[int]) -> None:
    """Counted anew from what is left; each fill may round once."""
    desk = small()
    order = desk.working(str(quantity), "100.37")
    left, fills = quantity, 0
    for part in parts:
        if part >= left:
            break
        desk.fill(order, str(part), "100.37")
        left, fills = left - part, fills + 1
        needed = cash_need(desk.state, order, left * SCALE)
        assert order.reserved == left * SCALE
        assert abs(order.cash - needed) <= fills + 1
        assert desk.state.cash_of("paper1", "USD").reserved == order.cash
    desk.fill(order, str(left), "100.37")
    assert (order.reserved, order.cash, desk.state.cash_of("paper1", "USD").reserved) == (0, 0, 0)
    desk.agree()
