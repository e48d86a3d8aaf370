"""What is proven to reduce: a minimum of what several hold, and for a client of its own too."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.desk import quantity, rules, small, verdict

from remit.kernel.numbers import SCALE
from remit.kernel.reserve import reducible_by


def test_what_a_client_only_reduces_is_its_own() -> None:
    """The agent holds sixteen, eight of them its client's: twelve are no reduction of the client's, eight are."""
    desk = small()
    desk.hold("8")
    desk.hold("8", client="claude")
    terms: dict[str, Any] = {"side": "sell", "client": "claude"}
    assert rules(desk.submit("12", "100", reduce="only", **terms)) == ["reduce_proof"]
    assert desk.order("3", "110", reduce="only", **terms).quantity == quantity("3")
    assert desk.order("12", "110", reduce="clip", **terms).quantity == quantity("5")
    assert rules(desk.submit("12", "111", reduce="clip", **terms)) == ["reduce_proof"]
    assert verdict(desk.submit("8", "111", side="sell", reduce="only")) == "allow", "the agent's own is left to it"
    desk.agree()


SIDES = st.sampled_from(("buy", "sell"))
BEFORE = st.lists(st.tuples(st.sampled_from(("", "claude")), SIDES, st.integers(1, 9)), max_size=9)


@given(BEFORE, st.sampled_from(("only", "clip")), SIDES, st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_a_client_is_proven_no_more_than_its_own_and_no_more_than_its_agent(
    before: list[tuple[str, str, int]], reduce: str, side: str, amount: int
) -> None:
    """Whatever was traded and works before: a client's proof is the smallest of more terms, and never looser."""
    desk = small()
    for number, (through, way, many) in enumerate(before):
        if number % 3 == 2:
            desk.submit(str(many), "90" if way == "buy" else "110", side=way, client=through)  # it works, or is denied
        else:
            desk.hold(str(many), side=way, client=through)
    cells = desk.state.cells
    own, of_agent = (cells.get((of, "paper1", "AAPL")) for of in ("client:claude", "agent:momentum"))
    free = (
        0 if own is None else own.quantity - own.sell_quantity if side == "sell" else -own.quantity - own.buy_quantity
    )
    sign = -1 if side == "sell" else 1
    whole = 0 if own is None else reducible_by(desk.state, cells["account:main", "paper1", "AAPL"], of_agent, sign)
    record = desk.submit(str(amount), "100", side=side, reduce=reduce, client="claude")
    assert record.decision is not None
    assert record.decision.reducing == min(amount * SCALE, max(free, 0), whole)
    if "reduce_proof" not in rules(record):
        assert record.decision.quantity <= min(max(free, 0), whole)
