"""A storm: many orders at one instant. Each is judged with all that were let out before it at that same instant."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given, settings
from tests.kernel.desk import money, small, verdict
from tests.kernel.recount import ROUNDING, exposure, number

from remit.kernel.mandate import Mandate

CAP = money("2000")


@settings(max_examples=60, deadline=None)
@given(
    orders=st.lists(
        st.tuples(st.sampled_from(["momentum", "carry"]), st.sampled_from(["buy", "buy", "sell"]), st.integers(1, 12)),
        min_size=2,
        max_size=20,
    )
)
def test_no_storm_passes_a_cap_that_several_agents_share(orders: list[tuple[str, str, int]]) -> None:
    """E1 where no time passes: what is read once per instant would let every one of them through."""
    desk = small()
    desk.agent("carry", "main", "paper1")
    desk.mandate("account:main", Mandate(market_exposure_max=CAP, gross_exposure_max=CAP, approval_notional_min=CAP))
    allowed = 0
    for agent, side, amount in orders:
        limit = "100" if side == "buy" else "101"
        record = desk.submit(str(amount), limit, agent=agent, side=side, after_ns=0)
        allowed += verdict(record) == "allow"
        assert exposure(desk.state, "account:main", "AAPL") <= number(CAP) + ROUNDING
    assert allowed
    assert {record.command.at for record in desk.records[-len(orders) :]} == {desk.at}
