"""What counts as no loosening lets nothing through that was kept before: tried on orders, field by field."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings
from tests.kernel.desk import money, quantity, ratio, small, verdict

from remit.kernel.loosening import loosened, way
from remit.kernel.mandate import LIMITS, TERMS, Mandate, Rate

VALUES: dict[str, tuple[Any, ...]] = {
    "order_notional_max": (None, money("200"), money("500")),
    "order_quantity_max": (None, quantity("2"), quantity("5")),
    "approval_notional_min": (None, money("200"), money("500")),
    "price_collar_bps": (None, 10, 500),
    "confidence_min": (None, ratio("0.2"), ratio("0.9")),
    "instruments_allowed": (None, (), ("AAPL",), ("AAPL", "SAP"), ("SAP",)),
    "instruments_blocked": (None, (), ("AAPL",), ("SAP",)),
    "categories_allowed": (None, ("us",), ("eu", "us"), ()),
    "order_types_allowed": (None, ("limit",), ("market",)),
    "sides_allowed": (None, ("buy",), ("buy", "sell")),
    "short_allowed": (None, "allowed", "blocked"),
    "market_exposure_max": (None, money("300"), money("900")),
    "gross_exposure_max": (None, money("300"), money("900")),
    "positions_max": (None, 0, 1),
    "orders_open_max": (None, 0, 1, 2),
    "position_duplicate": (None, "allowed", "blocked"),
    "market_cooldown": (None, 0, 60, 86_400),
    "order_rate_max": (None, Rate(1, 60), Rate(2, 60), Rate(4, 6000), Rate(1, 1)),
    "duplicate_window": (None, 10, 600),
    "orders_per_day_max": (None, 1, 2, 9),
}
TIGHTNESS = {"allow": 0, "hold": 1, "deny": 2}


def decided(mandate: Mandate, amount: str, side: Any, confidence: str) -> str:
    desk = small()
    desk.hold("2")
    desk.working("1", "99")
    desk.mandate("agent:momentum", mandate)
    return verdict(desk.submit(amount, "100", side=side, confidence=ratio(confidence)))


@settings(max_examples=150, deadline=None)
@given(
    st.data(),
    st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3, unique=True),
    st.sampled_from(["1", "3", "7"]),
    st.sampled_from(["buy", "sell"]),
    st.sampled_from(["0.1", "0.5", "0.95"]),
)
def test_what_is_no_loosening_lets_nothing_through(
    data: Any, fields: list[str], amount: str, side: str, confidence: str
) -> None:
    old, new = (Mandate(**{name: data.draw(st.sampled_from(VALUES[name])) for name in fields}) for _ in range(2))
    if not loosened(old, new):
        said = [TIGHTNESS[decided(mandate, amount, side, confidence)] for mandate in (old, new)]
        assert said[0] <= said[1]


def test_of_each_change_there_and_back_one_at_least_loosens() -> None:
    for name, values in VALUES.items():
        for old in values:
            for new in values:
                there, back = way(name, old, new), way(name, new, old)
                assert (there == "no effect") == (back == "no effect")
                if there == "tighter":
                    assert back == "looser"


def test_every_term_has_a_way() -> None:
    """A term of which nothing is said is `changed`, and a tightening of it would wait: there is one only."""
    said = {
        "zone": ("UTC", "Asia/Tokyo"),
        "haircut_bps": (5, 0),
        "approval_expiry_s": (60, 300),
        "bulk_approval_max": (None, money("5")),
        "second_person": ("required", "waived"),
        "loss_cooldown": (60, 0),
    }
    assert set(said) == set(TERMS)
    assert {name for name, (tight, loose) in said.items() if way(name, loose, tight) != "tighter"} == {"zone"}
    assert {name for name, (tight, loose) in said.items() if way(name, tight, loose) == "tighter"} == set()
    assert not set(TERMS) & set(LIMITS)
