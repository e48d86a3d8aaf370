"""What a release is bound by beside the limits of an order: how far the market moved meanwhile, and what may be
approved together with others."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import BOB, CAT, Desk, money, price, rules, small, verdict

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.gather import DRIFT_AGE_NS_MAX
from remit.kernel.instrument import Mark
from remit.kernel.mandate import Mandate
from remit.kernel.names import Principal
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.order import Order

SUBJECTS = {"firm": "firm", "account": "account:main", "agent": "agent:momentum", "client": "client:claude"}


def held(scope: str = "agent", side: str = "buy", limit: str | None = None, **terms: Any) -> tuple[Desk, Order]:
    """An order of 10 that is held at bid 99 and ask 101, with terms for the releases of one subject."""
    desk = small()
    desk.mandate("firm", Mandate(approval_notional_min=money("0")))
    desk.mandate(SUBJECTS[scope], Mandate(approval_notional_min=money("0"), **terms))
    desk.mark("AAPL", "100", bid=price("99"), ask=price("101"))
    order = desk.order("10", limit, side=side, client="claude")
    assert order.state == "held"
    return desk, order


def release(desk: Desk, order: Order, *marks: Mark, bulk: bool = False, after_ns: int = 1_000_000) -> Record:
    return desk.do(c.Approve(order=order.id, digest=order.digest, bulk=bulk, marks=marks), BOB, after_ns)


def code(record: Record) -> str:
    return next((event.code for event in record.events if isinstance(event, e.Refused)), "")


# how far the market moved: the far side of it was 101 for a buy and 99 for a sell

MOVES: tuple[tuple[str, str, str | None, dict[str, str], str], ...] = (
    # what                        side    limit   the market then                  actual, where it is denied
    ("it stood still",            "buy",  None,   {"bid": "99", "ask": "101"},     ""),
    ("up by just the limit",      "buy",  None,   {"bid": "99", "ask": "102.01"},  ""),
    ("up by a little more",       "buy",  None,   {"bid": "99", "ask": "102.02"},  "101"),
    ("down, which is no harm",    "buy",  None,   {"bid": "89", "ask": "91"},      ""),
    ("the near side alone",       "buy",  None,   {"bid": "100.5", "ask": "101"},  ""),
    ("down by just the limit",    "sell", None,   {"bid": "98.01", "ask": "101"},  ""),
    ("down by a little more",     "sell", None,   {"bid": "98", "ask": "101"},     "101.02"),
    ("up, which is no harm",      "sell", None,   {"bid": "109", "ask": "111"},    ""),
    ("away from a limit",         "buy",  "101",  {"bid": "102", "ask": "103"},    "198.02"),
    ("a little away from it",     "buy",  "101",  {"bid": "100", "ask": "102"},    ""),
)  # fmt: skip


@pytest.mark.parametrize("scope", SUBJECTS)
@pytest.mark.parametrize(("what", "side", "limit", "then", "actual"), MOVES, ids=[row[0] for row in MOVES])
def test_a_release_is_bound_by_how_far_the_market_moved(
    what: str, side: str, limit: str | None, then: dict[str, str], actual: str, scope: str
) -> None:
    desk, order = held(scope, side, limit, approval_drift_max_bps=100)
    moved = desk.quote("AAPL", "100", bid=price(then["bid"]), ask=price(then["ask"]))
    record = release(desk, order, moved)
    assert record.decision is not None
    found = [
        (finding.subject, finding.limit, finding.actual, finding.unit)
        for finding in record.decision.findings
        if finding.rule == "approval_drift_max_bps"
    ]
    assert found == ([(SUBJECTS[scope], "100", actual, "bps")] if actual else [])
    assert order.state == ("denied" if actual else "allowed")
    desk.agree()


def test_the_tightest_of_the_path_binds() -> None:
    desk, _ = held(approval_drift_max_bps=100)
    desk.mandate("account:main", Mandate(approval_drift_max_bps=50))
    order = desk.order("10")
    record = release(desk, order, desk.quote("AAPL", "100", ask=price("101.6")))
    denied = [finding for finding in record.decision.findings if finding.verdict == "deny"]  # type: ignore[union-attr]
    assert [(finding.subject, finding.limit) for finding in denied] == [("account:main", "50")]


def test_where_no_mandate_speaks_of_it_a_release_goes_by_the_other_limits_alone() -> None:
    desk, order = held()
    assert release(desk, order, desk.quote("AAPL", "105")).decision is not None
    assert order.state == "allowed"


def test_a_proposal_is_not_bound_by_it() -> None:
    desk, _ = held(approval_drift_max_bps=0)
    assert verdict(desk.submit("1", "101")) == "hold"
    desk.mark("AAPL", "105")
    assert verdict(desk.submit("1", "105")) == "hold"


# a fresh mark rides on the approval; without one nobody knows, and it is denied


@pytest.mark.parametrize(
    ("resolution_ns", "age_ns", "expected"),
    [
        (0, NANOSECONDS, "allowed"),
        (0, DRIFT_AGE_NS_MAX, "allowed"),
        (0, DRIFT_AGE_NS_MAX + 1, "denied"),
        (60 * NANOSECONDS, 60 * NANOSECONDS + DRIFT_AGE_NS_MAX, "allowed"),
        (60 * NANOSECONDS, 60 * NANOSECONDS + DRIFT_AGE_NS_MAX + 1, "denied"),
    ],
)
def test_a_mark_tells_of_drift_only_while_it_is_fresh(resolution_ns: int, age_ns: int, expected: str) -> None:
    desk, order = held(approval_drift_max_bps=100)
    desk.mark("AAPL", "100", ask=price("101"), resolution_ns=resolution_ns)
    marked_at = desk.state.marks["AAPL"].at
    record = release(desk, order, after_ns=marked_at + age_ns - desk.at)
    assert order.state == expected
    if expected == "denied":
        found = {finding.rule: finding for finding in record.decision.findings}  # type: ignore[union-attr]
        assert found["approval_drift_max_bps"].actual == "missing: order.drift"
    desk.agree()


def test_a_mark_that_rides_on_the_approval_is_what_it_is_judged_on() -> None:
    desk, order = held(approval_drift_max_bps=100)
    later = order.at + 30 * NANOSECONDS
    fresh = desk.quote("AAPL", "100", bid=price("100"), ask=price("101.5"), at=later)
    record = release(desk, order, fresh, after_ns=later - desk.at)
    assert isinstance(record.events[0], e.Quoted) and order.state == "allowed"
    assert desk.state.marks["AAPL"].ask == price("101.5")


def test_a_mark_that_is_held_back_tells_nothing() -> None:
    """A price that jumps waits for a second witness: until then nobody knows how far the market moved."""
    desk, order = held(approval_drift_max_bps=100)
    record = release(desk, order, desk.quote("AAPL", "150"))
    assert order.state == "denied" and "approval_drift_max_bps" in rules(record)


def test_a_refused_approval_brings_no_mark() -> None:
    desk, order = held()
    before = desk.state.marks["AAPL"]
    body = c.Approve(order=order.id, digest="0" * 64, marks=(desk.quote("AAPL", "101"),))
    assert code(desk.do(body, BOB)) == "digest_mismatch"
    assert desk.state.marks["AAPL"] == before


def test_a_mark_that_rides_on_it_is_watched_as_any_other() -> None:
    """It moves what is held already: a loss that it brings halts, and the order that was to go is denied."""
    desk, order = held()
    desk.mandate("firm", Mandate())
    desk.mandate("agent:momentum", Mandate())
    desk.hold("50", "101")
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("0"), daily_loss_max=money("100")))
    order = desk.order("1", "101")
    release(desk, order, desk.quote("AAPL", "90"))
    assert order.state == "denied"
    assert [halt.cause for halt in desk.state.halts.values()] == ["loss"]
    desk.agree()


def test_the_first_of_two_approvals_brings_its_mark_too() -> None:
    desk, _ = held()
    desk.mandate(
        "agent:momentum", Mandate(quorum_notional_min=money("1"), approval_quorum=2, approval_drift_max_bps=10)
    )
    order = desk.order("10", "101")
    release(desk, order, desk.quote("AAPL", "100.5", ask=price("101")))
    assert order.state == "held" and desk.state.marks["AAPL"].last == price("100.5")
    desk.took(c.Approve(order=order.id, digest=order.digest), CAT)
    assert order.state == "allowed"


# in bulk

BULK: tuple[tuple[str, dict[str, str], str], ...] = (
    ("no mandate speaks of it", {}, "bulk_not_allowed"),
    ("exactly its worth", {"agent": "1010"}, ""),
    ("a little less", {"agent": "1009.99"}, "bulk_too_large"),
    ("one allows, one does not", {"account": "5000", "agent": "1000"}, "bulk_too_large"),
    ("the firm does not", {"firm": "1", "agent": "5000"}, "bulk_too_large"),
    ("nothing at all", {"client": "0"}, "bulk_too_large"),
    ("all of them allow", {"firm": "9999", "account": "9999", "agent": "9999", "client": "1010"}, ""),
)


@pytest.mark.parametrize(("what", "most", "expected"), BULK, ids=[row[0] for row in BULK])
def test_what_is_approved_with_others_is_bounded(what: str, most: dict[str, str], expected: str) -> None:
    desk = small()
    for scope in ("firm", "account", "agent", "client"):
        limit = money(most[scope]) if scope in most else None
        desk.mandate(SUBJECTS[scope], Mandate(approval_notional_min=money("0"), bulk_approval_max=limit))
    order = desk.order("10", "101", client="claude")
    assert code(release(desk, order, bulk=True)) == expected
    assert order.state == ("held" if expected else "allowed")
    if expected:
        assert code(release(desk, order)) == "", "one alone can be approved"
        assert order.state == "allowed"
    desk.agree()


def test_it_is_counted_in_the_currency_of_each_subject() -> None:
    desk = small()
    desk.rate("EUR", "USD", "2")
    desk.account("europe", currency="EUR")
    desk.connection("paper2", "europe", currency="EUR")
    desk.agent("euro", "europe", "paper2")
    desk.instrument("SAP", "100", currency="EUR")
    desk.mandate("firm", Mandate(bulk_approval_max=money("1500")))
    desk.mandate("agent:euro", Mandate(approval_notional_min=money("0"), bulk_approval_max=money("1000")))
    order = desk.order("10", "100", agent="euro", connection="paper2", instrument="SAP")
    assert code(release(desk, order, bulk=True)) == "bulk_too_large", "1,000 EUR are 2,000 USD to the firm"
    small_one = desk.order("7", "100", agent="euro", connection="paper2", instrument="SAP")
    assert code(release(desk, small_one, bulk=True)) == ""


# who is behind what


def test_whoever_asked_does_not_check_it_under_another_name() -> None:
    """A person is every name on their token: the owner whom it names, and its own."""
    desk = small()
    desk.mandate("agent:momentum", Mandate(quorum_notional_min=money("1"), approval_quorum=1))
    order = desk.order("10", "100")
    assert order.lineage == "ann"
    alias = Principal(name="ann", role="approver", owner="annes-desk")
    assert code(desk.do(c.Approve(order=order.id, digest=order.digest), alias)) == "own_lineage"
    assert order.state == "held"
    desk.took(c.Approve(order=order.id, digest=order.digest), BOB)
    assert order.state == "allowed"


def test_whoever_asked_confirms_under_another_name_and_still_does_not_check_it() -> None:
    """Where an order waits for both, the word of who is behind it is no more than the confirmation."""
    desk = small()
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("1"), quorum_notional_min=money("1"),
                                           approval_quorum=1))  # fmt: skip
    order = desk.order("10", "100")
    alias = Principal(name="ann", role="approver", owner="annes-desk")
    desk.took(c.Approve(order=order.id, digest=order.digest), alias)
    assert order.state == "held"
    assert code(desk.do(c.Approve(order=order.id, digest=order.digest), alias)) == "already_approved"
    desk.took(c.Approve(order=order.id, digest=order.digest), BOB)
    assert order.state == "allowed"


OWNER = Principal(name="ann", role="owner", owner="ann")
OTHER_OWNER = Principal(name="zoe", role="owner", owner="zoe")


def test_an_owner_confirms_for_their_own_accounts_and_for_no_other() -> None:
    desk, order = held()
    assert code(desk.do(c.Approve(order=order.id, digest=order.digest), OTHER_OWNER)) == "not_yours"
    desk.took(c.Approve(order=order.id, digest=order.digest), OWNER)
    assert order.state == "allowed"


def test_an_owner_never_counts_towards_a_quorum() -> None:
    """Not even of an agent that somebody else stands behind: whose account it is does not check it."""
    desk = small()
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("1"), quorum_notional_min=money("1"),
                                           approval_quorum=1))  # fmt: skip
    order = desk.order("1", "100", by=Principal(name="momentum", role="agent", owner="zoe"))
    assert code(desk.do(c.Approve(order=order.id, digest=order.digest), OWNER)) == "own_lineage"
    desk.took(c.Approve(order=order.id, digest=order.digest), BOB)
    assert order.state == "allowed"


def test_what_needs_a_quorum_only_at_its_release_is_not_let_out_by_an_owner() -> None:
    desk = small()
    asks = Mandate(approval_notional_min=money("1"), quorum_notional_min=money("1020"), approval_quorum=1)
    for by, expected in ((OWNER, "denied"), (BOB, "allowed")):
        desk.mandate("agent:momentum", asks)
        desk.mark("AAPL", "100")
        order = desk.order("10", by=Principal(name="momentum", role="agent", owner="zoe"))
        assert (order.confirm, order.quorum) == (True, 0)
        desk.do(c.Approve(order=order.id, digest=order.digest, marks=(desk.quote("AAPL", "102"),)), by)
        assert order.state == expected
        desk.agree()


def test_an_owner_preapproves_for_their_own_agents() -> None:
    desk = small()
    terms = {"agent": "momentum", "instruments": ("AAPL",), "notional_max": money("1"), "why": "x"}
    body = c.Preapprove(id="p1", ends_at=desk.at + NANOSECONDS, **terms)  # type: ignore[arg-type]
    assert code(desk.do(body, OTHER_OWNER)) == "not_yours"
    desk.took(body, OWNER)
    assert code(desk.do(c.RevokePreapproval(id="p1", why="x"), OTHER_OWNER)) == "not_yours"
    desk.took(c.RevokePreapproval(id="p1", why="x"), OWNER)
