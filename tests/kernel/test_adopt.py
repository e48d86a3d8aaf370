"""A person decides where book and venue differ: a correction is neither profit nor loss, and a kept difference stays
known."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from tests.kernel.desk import BOB, Desk, agent, halts, money, price, quantity, ratio, small
from tests.kernel.recount import check_sums
from tests.kernel.test_reconcile import HALT, found, holder, look

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.drift import digest_of
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import SCALE, Quantity


def adopt(truth: Any = "venue", agent: str = "", why: str = "the statement says so", **more: str) -> c.Adopt:
    return c.Adopt(**{"connection": "paper1", "truth": truth, "agent": agent, "why": why, **more})


def pnl(desk: Desk) -> dict[str, int]:
    return {name: of.total.pnl for name, of in desk.state.subjects.items()}


def resume(desk: Desk) -> None:
    for halt in list(desk.state.halts):
        desk.took(c.Review(halt=halt, limit="reconcile", why="looked"))
        desk.took(c.Resume(halt=halt, why="agreed"))


def test_the_venue_is_right() -> None:
    """Seven of ten are left, and 320 dollars more: the book follows, nobody gains or loses, and trading goes on."""
    desk = holder()
    desk.mark("AAPL", "120")
    look(desk, "7", "999320")
    before, equity = pnl(desk), desk.state.subjects["account:main"].total.equity
    record = desk.took(adopt())
    assert [(event.item, event.agent) for event in record.events if isinstance(event, e.Corrected)] == [
        ("USD", ""), ("AAPL", "momentum"),
    ]  # fmt: skip
    for of in ("firm", "account:main", "agent:momentum"):
        assert desk.position(of) == 7_000
    assert desk.state.cash[("paper1", "USD")].amount == money("999320")
    assert pnl(desk) == before
    assert desk.state.subjects["account:main"].total.equity == equity - money("360") + money("320")
    check_sums(desk.state)
    resume(desk)
    look(desk, "7", "999320", after_ns=1)
    assert (found(desk), halts(desk)) == ({}, [])
    desk.agree()


def test_the_book_is_right() -> None:
    """The difference is kept: the same account is no drift any more, any other is one."""
    desk = holder()
    look(desk, "7", "999320")
    before = pnl(desk)
    desk.took(adopt("book"))
    resume(desk)
    assert (desk.position("account:main"), pnl(desk)) == (10_000, before)
    look(desk, "7", "999320")
    assert (found(desk), halts(desk)) == ({}, [])
    desk.reload()
    look(desk, "6", "999320")
    assert (found(desk), halts(desk)) == ({"AAPL": "large"}, HALT)
    desk.agree()


def test_a_kept_difference_ends_when_the_venue_comes_round() -> None:
    desk = holder()
    look(desk, "7")
    desk.took(adopt("book"))
    look(desk, "10")
    assert desk.state.kept == {} and found(desk) == {}
    look(desk, "7")
    assert found(desk) == {"AAPL": "large"}, "once it is over it is not tolerated again"


def test_keeping_twice_adds_up() -> None:
    desk = holder()
    for venue in ("7", "5"):
        look(desk, venue)
        desk.took(adopt("book"))
    assert desk.state.kept == {("paper1", "position", "AAPL"): -5 * SCALE}
    look(desk, "5")
    assert found(desk) == {}
    look(desk, "4")
    desk.took(adopt("venue"))
    assert desk.position("account:main") == 4_000, "the venue is right in all of it, also in what was kept before"
    assert desk.state.kept == {} and desk.state.confirmed[("paper1", "AAPL")] == 4 * SCALE
    look(desk, "4")
    assert found(desk) == {}


def test_a_kept_order_may_work_on() -> None:
    desk = holder()
    look(desk, "10", "999000", "stranger-1")
    assert desk.refused(adopt("venue")) == "order_not_ours"
    desk.took(adopt("book"))
    look(desk, "10", "999000", "stranger-1")
    assert found(desk) == {}
    look(desk)
    look(desk, "10", "999000", "stranger-1")
    assert found(desk) == {"stranger-1": "large"}
    desk.agree()


WHOSE = [
    # holders of AAPL, granted besides, named, whose it is or why it is refused
    ({"momentum": "10"}, (), "", "momentum"),
    ({"momentum": "10"}, ("value",), "", "momentum"),
    ({"momentum": "10"}, ("value",), "value", "momentum"),
    ({"momentum": "6", "value": "4"}, (), "", "agent_needed"),
    ({"momentum": "6", "value": "4"}, (), "value", "value"),
    ({"momentum": "6", "value": "4"}, (), "nobody", "unknown_agent"),
    ({"momentum": "6", "value": "4"}, (), "stranger", "unknown_agent"),
    ({}, (), "", "momentum"),
    ({}, ("value",), "", "agent_needed"),
    ({}, ("value",), "value", "value"),
]


@pytest.mark.parametrize(("holders", "granted", "named", "expected"), WHOSE)
def test_whose_a_corrected_position_is(
    holders: dict[str, str], granted: tuple[str, ...], named: str, expected: str
) -> None:
    desk = small()
    desk.account("other")
    desk.agent("stranger", "other")
    for name in {*granted, *holders} - {"momentum"}:
        desk.agent(name, "main", "paper1")
    for name, amount in holders.items():
        desk.hold(amount, agent=name)
    total = sum(int(amount) for amount in holders.values())
    look(desk, str(total + 3), str(1_000_000 - 100 * total))
    assert found(desk) == {"AAPL": "large"}
    if expected in desk.state.agents:
        before = desk.position(f"agent:{expected}")
        desk.took(adopt(agent=named))
        assert desk.position(f"agent:{expected}") == before + 3_000
        assert desk.position("account:main") == desk.position("firm") == (total + 3) * 1_000
        check_sums(desk.state)
    else:
        assert desk.refused(adopt(agent=named)) == expected
    desk.agree()


@pytest.mark.parametrize(
    "by", [BOB, agent("momentum"), GUARD, Principal(name="eve", role="auditor"), Principal(name="bars", role="feed")]
)
def test_only_an_operator_decides(by: Principal) -> None:
    desk = holder()
    look(desk, "7")
    assert desk.refused(adopt(), by) == "not_authorised"


def test_what_there_is_nothing_to_decide_about() -> None:
    desk = holder()
    assert desk.refused(adopt()) == "no_drift"
    assert desk.refused(adopt(connection="nowhere")) == "unknown_connection"
    look(desk, "0", "1000000", after_ns=1)
    assert desk.refused(adopt()) == "no_drift", "what is in transit will arrive, and must not count twice"
    look(desk, "7")
    assert desk.refused(adopt(why=" ")) == "no_reason"


def test_what_cannot_be_taken_over_is_said() -> None:
    desk = holder()
    desk.instrument("NEW")
    look(desk, GHOST="1")
    assert desk.refused(adopt()) == "unknown_instrument"
    look(desk, NEW="1")
    assert desk.refused(adopt()) == "no_mark"
    desk.mark("NEW", "50")
    desk.took(adopt())
    assert desk.position("account:main", "NEW") == 1_000


def test_one_that_cannot_be_taken_over_keeps_the_others() -> None:
    """It is all or nothing: a refused decision changes nothing."""
    desk = holder()
    look(desk, "7", GHOST="1")
    assert desk.refused(adopt()) == "unknown_instrument"
    assert desk.position("account:main") == 10_000


def test_only_what_was_shown_is_decided() -> None:
    """Between the look and the decision another round found something else."""
    desk = holder()
    look(desk, "9")
    shown = digest_of(desk.state.drifts["paper1"])
    look(desk, "2")
    assert desk.refused(adopt(shown=shown)) == desk.refused(adopt("book", shown=shown)) == "not_as_shown"
    for _ in range(2):  # a round that finds the same takes nothing away
        look(desk, "9")
    desk.took(adopt(shown=shown))
    assert desk.position("account:main") == 9_000
    assert desk.refused(adopt(shown=shown)) == "no_drift"


def test_a_book_that_moved_since_is_not_corrected_by_old_numbers() -> None:
    """Ten more were shown than the book had; five of them are heard of now, or the shares were split."""
    for moves in ("fill", "split", "dividend"):
        desk = holder()
        order = desk.working("5", "100")
        look(desk, "20", "998000", order.id)
        assert found(desk) == {"AAPL": "large", "USD": "large"}
        if moves == "fill":
            desk.fill(order, "5", "100")
        elif moves == "split":
            desk.took(c.Split(instrument="AAPL", new=2, old=1))
        else:
            desk.took(c.Dividend(instrument="AAPL", amount=money("1")))
        assert desk.refused(adopt()) == desk.refused(adopt("book")) == "moved_since", moves
        desk.agree()


def test_a_correction_in_transit_is_left_alone() -> None:
    desk = holder()
    order = desk.working("5", "100")
    desk.instrument("MSFT", "100")
    look(desk, "15", "998500", order.id, MSFT="2")
    assert found(desk) == {"AAPL": "in_transit", "USD": "in_transit", "MSFT": "large"}
    desk.took(adopt())
    assert found(desk) == {"AAPL": "in_transit", "USD": "in_transit"}
    assert (desk.position("account:main"), desk.position("account:main", "MSFT")) == (10_000, 2_000)


def test_a_first_account_with_positions_is_taken_over() -> None:
    """A guard that lost its journal and was set up anew finds what its venue holds."""
    desk = small()
    desk.instrument("MSFT", "300")
    desk.connection("paper2", "main", "0")
    desk.took(c.SetGrant(agent="momentum", connection="paper2", granted=True))
    shown = c.Reconciled(
        connection="paper2",
        positions=(c.Holding("AAPL", quantity("5")), c.Holding("MSFT", quantity("-2"))),
        cash=(("USD", money("0")),),
        orders=(),
    )
    desk.took(shown, GUARD)
    assert halts(desk) == [("connection:paper2", "drift", "reconcile")]
    desk.took(adopt(connection="paper2", why="the positions of before"))
    resume(desk)
    desk.took(shown, GUARD)
    assert halts(desk) == [] and found(desk, "paper2") == {}
    assert desk.position("agent:momentum", "AAPL", "paper2") == 5_000
    assert desk.position("agent:momentum", "MSFT", "paper2") == -2_000
    assert pnl(desk)["firm"] == 0
    desk.agree()


def test_a_split_scales_what_is_kept_and_a_resolution_ends_it() -> None:
    desk = holder()
    look(desk, "7")
    desk.took(adopt("book"))
    desk.took(c.Split(instrument="AAPL", new=2, old=1))
    assert desk.state.kept[("paper1", "position", "AAPL")] == -6 * SCALE
    desk.instrument("YES", "0.5", kind="prediction", market="rain", outcome="yes")
    look(desk, "14", YES="3")
    desk.took(adopt("book"))
    desk.took(c.Resolve(market="rain", outcome="yes"))
    assert [key for key in desk.state.kept if key[2] == "YES"] == []
    desk.agree()


@pytest.mark.parametrize(("venue", "protected"), [("4", "4"), ("0", ""), ("-3", ""), ("12", "12")])
def test_an_exit_protects_what_is_left_after_a_correction(venue: str, protected: str) -> None:
    desk = holder()
    terms = ExitTerms(legs=(Leg(kind="stop_loss", trigger=price("90")),))
    desk.took(c.SetExit(id="s1", agent="momentum", connection="paper1", instrument="AAPL", terms=terms))
    look(desk, venue)
    desk.took(adopt())
    desk.took(c.Tick(), GUARD)
    assert [exit.protects for exit in desk.state.exits.values()] == ([quantity(protected)] if protected else [])
    desk.agree()


amounts = st.integers(-(10**20), 10**20)


@settings(max_examples=40, deadline=None)
@given(
    held=st.tuples(st.integers(1, 50), st.integers(0, 50)),
    venue=amounts,
    cash=st.integers(0, 10**25),
    mark=st.integers(1, 10**21),
    later=st.integers(1, 10**21),
    named=st.sampled_from(["momentum", "value"]),
)
def test_after_a_correction_the_same_account_is_clean_and_nobody_gained(
    held: tuple[int, int], venue: int, cash: int, mark: int, later: int, named: str
) -> None:
    desk = small()
    desk.agent("value", "main", "paper1")
    for name, amount in zip(("momentum", "value"), held, strict=True):
        if amount:
            desk.hold(str(amount), agent=name)
    desk.mark("AAPL", str(Quantity(mark)))
    before = pnl(desk)
    look(desk, str(Quantity(venue)), str(Quantity(cash)))
    if "large" in found(desk).values():
        desk.took(adopt(agent=named))
        resume(desk)
    assert pnl(desk) == before
    check_sums(desk.state)
    look(desk, str(Quantity(venue)), str(Quantity(cash)), after_ns=1)
    assert "large" not in found(desk).values() and halts(desk) == []
    desk.mark("AAPL", str(Quantity(later)))
    check_sums(desk.state)
    desk.agree()


def test_a_perpetual_is_taken_over_at_what_it_has_gained() -> None:
    """Ten were bought at 50 and stand at 60; five are gone without a trade: half of the gain went with them."""
    desk = small()
    desk.instrument("X", "50", kind="perpetual")
    desk.took(c.SetMargin(instrument="X", initial=ratio("0.1")))
    desk.hold("10", "50", instrument="X")
    desk.mark("X", "60")
    equity = desk.state.subjects["account:main"].total.equity
    for held, gone in (("5", "50"), ("20", "50")):
        look(desk, "0", "1000000", X=held)
        desk.took(adopt())
        assert desk.state.subjects["account:main"].total.equity == equity - money(gone)
    check_sums(desk.state)
    desk.agree()
