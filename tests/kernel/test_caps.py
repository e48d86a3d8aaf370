"""Under one cap, with the marks at rest, no order of orders and fills ever passes it."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import example, given, settings
from tests.kernel.desk import money, price, quantity, small, verdict
from tests.kernel.recount import ROUNDING, exposure, number

from remit.kernel import command as c
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import Quantity

CAP = money("2000")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sell"), st.integers(1, 20), st.sampled_from(["100", "120", "150", "200"])),
        st.tuples(st.just("buy"), st.integers(1, 20), st.sampled_from(["100", "101", "103"])),
        st.tuples(st.just("fill"), st.integers(0, 9), st.integers(1, 20)),
        st.tuples(st.just("lose"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("cancel"), st.integers(0, 9), st.just(0)),
    ),
    min_size=5,
    max_size=30,
)


@settings(max_examples=120, deadline=None)
@given(steps=STEPS)
@example(steps=[("buy", 10, "100"), ("fill", 0, 10), ("sell", 10, "100"), ("sell", 12, "200"), ("fill", 0, 10)])
def test_no_sequence_of_orders_and_fills_passes_a_cap(steps: list[tuple[str, int, str | int]]) -> None:
    """E1: filled, working, held and unknown, on the worst side, counted from the orders themselves.

    Orders fill in any order, so the dearest of those that together reduce and open may be the one that opens.
    """
    desk = small()
    desk.mandate("account:main", Mandate(market_exposure_max=CAP, gross_exposure_max=CAP, approval_notional_min=CAP))
    for what, first, second in steps:
        live = list(desk.state.orders.values())
        if what in ("buy", "sell"):
            record = desk.submit(str(first), str(second), side=what)
            assert verdict(record) != "hold" or desk.state.holds
        elif live:
            order = live[first % len(live)]
            if order.state == "held":
                continue
            if what == "fill":
                amount = Quantity(min(order.remaining, quantity(str(second))))
                body = c.Filled(order=order.id, fill=f"f{desk.state.seq}", quantity=amount, price=price("100"))
            else:
                body = c.Lost(order=order.id, why="t") if what == "lose" else c.Cancel(order=order.id)
            desk.took(body, GUARD)
        for market in ("AAPL", ""):
            assert exposure(desk.state, "account:main", market) <= number(CAP) + ROUNDING
