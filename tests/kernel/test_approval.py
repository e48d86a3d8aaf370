"""Approvals: who may approve what, once, bound to what was shown, and judged again at release."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, BOB, CAT, Desk, agent, money, price, quantity, rules, small, verdict

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.effect import Act
from remit.kernel.halt import CANCELS_MAX
from remit.kernel.kernel import effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.order import Order

CONFIRM = Mandate(approval_notional_min=money("100"))
QUORUM = Mandate(quorum_notional_min=money("100"), approval_quorum=2)
EXPIRY_NS = 300 * NANOSECONDS
DAN = Principal(name="dan", role="approver", owner="dan")


def held(mandate: Mandate = CONFIRM, **terms: Any) -> tuple[Desk, Order]:
    desk = small()
    desk.mandate("agent:momentum", mandate)
    order = desk.order("10", "100", **terms)
    assert order.state == "held"
    return desk, order


def approve(desk: Desk, order: Order, by: Principal = BOB, after_ns: int = 1_000_000, digest: str = "") -> Any:
    return desk.do(c.Approve(order=order.id, digest=digest or order.digest), by, after_ns)


def code(record: Any) -> str:
    return next((event.code for event in record.events if isinstance(event, e.Refused)), "")


def test_a_hold_reserves_everything_and_places_nothing() -> None:
    desk, order = held()
    assert desk.state.subjects["firm"].total.gross == money("1000")
    assert not any(isinstance(effect, Act) for effect in effects(desk.records[-1]))
    assert verdict(desk.records[-1]) == "hold"


def test_an_approval_swaps_the_reservation_and_places_once() -> None:
    desk, order = held()
    record = approve(desk, order)
    assert [effect.do for effect in effects(record) if isinstance(effect, Act)] == ["place"]
    assert (order.state, desk.state.subjects["firm"].total.gross) == ("allowed", money("1000"))
    assert desk.state.subjects["firm"].total.working == 1
    assert code(approve(desk, order, CAT)) == "not_held"
    desk.agree()


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (ANN, ""),  # the owner may confirm
        (BOB, ""),
        (agent("momentum"), "not_authorised"),
        (Principal(name="claude", role="client", owner="ann"), "not_authorised"),
        (Principal(name="eve", role="auditor", owner="eve"), "not_authorised"),
        (GUARD, "not_authorised"),
    ],
)
def test_who_may_confirm(by: Principal, expected: str) -> None:
    desk, order = held()
    assert code(approve(desk, order, by)) == expected


def test_a_quorum_takes_distinct_people_outside_the_requesters_lineage() -> None:
    desk, order = held(QUORUM)
    assert code(approve(desk, order, ANN)) == "own_lineage"
    assert code(approve(desk, order, BOB)) == ""
    assert order.state == "held"
    assert code(approve(desk, order, Principal(name="bob2", role="approver", owner="bob"))) == "already_approved"
    assert code(approve(desk, order, CAT)) == ""
    assert order.state == "allowed"


def test_who_asks_by_hand_is_their_own_lineage_though_the_token_names_no_owner() -> None:
    desk = small()
    desk.mandate("agent:momentum", Mandate(quorum_notional_min=money("100"), approval_quorum=1))
    order = desk.order("10", "100", by=Principal(name="zoe", role="operator"))
    assert code(approve(desk, order, Principal(name="zoe", role="operator"))) == "own_lineage"
    assert code(approve(desk, order, BOB)) == ""


def test_both_asks_need_both_answers() -> None:
    """The owner's word confirms; the quorum still takes somebody else."""
    desk, order = held(Mandate(approval_notional_min=money("1"), quorum_notional_min=money("100"), approval_quorum=1))
    approve(desk, order, ANN)
    assert order.state == "held"
    approve(desk, order, BOB)
    assert order.state == "allowed"


def test_an_approval_binds_what_was_shown() -> None:
    desk, order = held()
    assert code(approve(desk, order, digest="0" * 64)) == "digest_mismatch"
    assert order.state == "held"


RACES: tuple[tuple[str, list[str], str], ...] = (
    ("two approvers at once", ["approve bob", "approve cat"], "allowed"),
    ("double click", ["approve bob", "approve bob"], "allowed"),
    ("approve, then decline", ["approve bob", "decline cat"], "allowed"),
    ("decline, then approve", ["decline cat", "approve bob"], "declined"),
    ("withdrawn, then approved", ["cancel", "approve bob"], "cancelled"),
    ("approve after a tightening", ["tighten", "approve bob"], "denied"),
    ("approve after a loosening", ["loosen", "approve bob"], "denied"),
    ("approve after a halt", ["halt", "approve bob"], "cancelled"),
    ("approve under a pause", ["pause", "approve bob"], "denied"),
    ("approve after the cash is gone", ["spend", "approve bob"], "denied"),
    ("approve after the market moved away", ["drop", "approve bob"], "denied"),
    ("kill with a held order", ["kill", "approve bob"], "cancelled"),
)


@pytest.mark.parametrize(("what", "acts", "expected"), RACES)
def test_a_race_has_one_end(what: str, acts: list[str], expected: str) -> None:
    desk = small()
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("100"), price_collar_bps=100))
    order = desk.order("10", "100")
    does = {
        "approve bob": lambda: approve(desk, order, BOB),
        "approve cat": lambda: approve(desk, order, CAT),
        "decline cat": lambda: desk.do(c.Decline(order=order.id, why="no"), CAT),
        "cancel": lambda: desk.took(c.Cancel(order=order.id), agent("momentum")),
        "tighten": lambda: desk.mandate("account:main", Mandate(order_notional_max=money("999"))),
        "loosen": lambda: desk.mandate("account:main", Mandate(order_notional_max=money("9999"))),
        "halt": lambda: desk.took(c.Halt(subject="account:main", why="x"), BOB),
        "kill": lambda: desk.took(c.Halt(subject="firm", why="x", kill=True), BOB),
        "pause": lambda: desk.took(c.SetPause(subject="agent:momentum", paused=True, why="x"), BOB),
        "spend": lambda: desk.took(c.SetBalance(connection="paper1", currency="USD", amount=money("10"))),
        "drop": lambda: desk.mark("AAPL", "90"),
    }
    for act in acts:
        does[act]()
    assert order.state == expected
    assert len(desk.placed) == (expected == "allowed")
    total = desk.state.subjects["firm"].total
    assert (total.gross, total.working) == ((money("1000"), 1) if expected == "allowed" else (0, 0))
    desk.agree()


@pytest.mark.parametrize(("early_ns", "expected"), [(1, "allowed"), (0, "lapsed")])
def test_a_hold_lapses_exactly_on_its_boundary(early_ns: int, expected: str) -> None:
    desk, order = held()
    approve(desk, order, after_ns=order.until - desk.at - early_ns)
    assert order.until == order.at + EXPIRY_NS
    assert order.state == expected
    desk.agree()


def test_the_kernel_asks_to_be_woken_when_a_hold_lapses() -> None:
    desk, order = held()
    assert desk.kernel.next_due() == order.until
    desk.took(c.Tick(), GUARD, after_ns=order.until - desk.at)
    assert order.state == "lapsed" and desk.state.holds == {}
    assert desk.state.subjects["firm"].total.gross == 0


def test_a_release_that_is_denied_explains_itself() -> None:
    desk, order = held()
    desk.mark("AAPL", "100", at=desk.at - 3700 * NANOSECONDS)
    desk.took(c.SetVenueState(connection="paper1", reconciled=True, link_up=False), GUARD)
    record = approve(desk, order)
    assert verdict(record) == "deny" and rules(record)[0] == "venue_ready"


def test_replacing_into_what_needs_approval_is_refused() -> None:
    desk = small()
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("1000")))
    order = desk.working("5", "100")
    body = c.Replace(id="r", order=order.id, quantity=quantity("15"), limit_price=price("100"))
    record = desk.do(body, agent("momentum"))
    assert code(record) == "needs_approval"
    assert order.state == "acked"
    desk.agree()



def test_an_approval_after_expiry_comes_too_late_however_many_lapse_with_it() -> None:
    """One entry lets only so many holds lapse; the one after them is as late as they are."""
    desk = small()
    desk.mandate("agent:momentum", CONFIRM)
    for _ in range(CANCELS_MAX + 1):
        desk.order("10", "100", after_ns=0)
    order = max(desk.state.orders.values(), key=lambda order: order.id)
    approve(desk, order, after_ns=EXPIRY_NS)
    assert order.state == "lapsed"
    assert not any(isinstance(effect, Act) for effect in effects(desk.records[-1]))
    desk.agree()
