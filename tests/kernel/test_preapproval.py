"""Preapprovals: whom and what one covers, until when and how much, and what it never stands for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.kernel.desk import ANN, BOB, Desk, agent, client, money, price, quantity, small, verdict

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.access import Preapproval
from remit.kernel.effect import Act
from remit.kernel.event import Record
from remit.kernel.kernel import effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS, LARGEST, NANOSECONDS, Money
from remit.kernel.preapproval import IN_FORCE_MAX, SPAN_MAX_NS
from remit.kernel.state import INTENT_LIFE_NS

CONFIRM = Mandate(approval_notional_min=money("0"))
HOUR_NS = 3600 * NANOSECONDS
OTHER = {"agent": "other"}
MSFT = {"instrument": "MSFT"}
GOLD = {"instrument": "GOLD"}


def desk(**preapproval: Any) -> Desk:
    """Two agents, a client, two shares and an ETF at 100; everything that opens asks people, but for one
    preapproval."""
    there = small()
    there.agent("other", "main", "paper1")
    there.client("gpt", "other")
    there.instrument("MSFT", "100")
    there.instrument("GOLD", "100", category="metals")
    there.mandate("account:main", CONFIRM)
    if preapproval:
        there.took(given(there, **preapproval), BOB)
    return there


def given(there: Desk, **more: Any) -> c.Preapprove:
    terms = {
        "id": "p1",
        "agent": "momentum",
        "instruments": ("AAPL",),
        "notional_max": money("500"),
        "ends_at": there.at + HOUR_NS,
        "why": "small ones may go",
    }
    return c.Preapprove(**(terms | more))


def used(record: Record) -> list[tuple[str, str]]:
    return [(event.preapproval, str(event.worth)) for event in record.events if isinstance(event, e.PreapprovalUsed)]


def one(there: Desk, name: str = "p1") -> Preapproval:
    found: Preapproval = there.state.preapprovals[name]
    return found


# who and what is covered

WHAT: tuple[tuple[str, dict[str, Any], str, dict[str, Any], str], ...] = (
    # what               preapproval                         amount  order                      verdict
    ("its agent",        {},                                 "5",    {},                        "allow"),
    ("exactly its most", {"notional_max": money("500")},     "5",    {},                        "allow"),
    ("a little more",    {"notional_max": money("499.99")},  "5",    {},                        "hold"),
    ("another agent",    {},                                 "1",    OTHER,                     "hold"),
    ("its client",       {},                                 "5",    {"client": "claude"},      "allow"),
    ("another's client", {},                                 "1",    OTHER | {"client": "gpt"}, "hold"),
    ("by hand, for it",  {},                                 "1",    {"by": ANN},               "hold"),
    ("another share",    {},                                 "1",    MSFT,                      "hold"),
    ("named with it",    {"instruments": ("AAPL", "MSFT")},  "1",    MSFT,                      "allow"),
    ("its category",     {"instruments": (), "categories": ("us",)}, "1", MSFT,                 "allow"),
    ("another category", {"instruments": (), "categories": ("us",)}, "1", GOLD,                 "hold"),
    ("either of both",   {"categories": ("metals",)},        "1",    GOLD,                      "allow"),
    ("or the other",     {"categories": ("metals",)},        "1",    {},                        "allow"),
    ("neither of both",  {"categories": ("metals",)},        "1",    MSFT,                      "hold"),
    ("all its total",    {"total_max": money("500")},        "5",    {},                        "allow"),
    ("at its most, with room for one", {"total_max": money("500.01")}, "5", {},                 "allow"),
)  # fmt: skip


@pytest.mark.parametrize(("what", "preapproval", "amount", "order", "expected"), WHAT, ids=[row[0] for row in WHAT])
def test_what_a_preapproval_covers(
    what: str, preapproval: dict[str, Any], amount: str, order: dict[str, Any], expected: str
) -> None:
    there = desk(**({"id": "p1"} | preapproval))
    record = there.submit(amount, "100", **order)
    covered = expected == "allow"
    assert verdict(record) == expected
    assert used(record) == ([("p1", f"{amount}00")] if covered else [])
    assert [effect.do for effect in effects(record) if isinstance(effect, Act)] == (["place"] if covered else [])
    assert (one(there).uses, one(there).used) == ((1, money(amount) * 100) if covered else (0, 0))
    there.agree()


def test_a_use_is_told_in_the_entry_that_lets_the_order_out() -> None:
    there = desk(id="p1")
    record = there.submit("5", "100")
    order = record.decision.order  # type: ignore[union-attr]
    assert e.PreapprovalUsed(preapproval="p1", order=order, worth=money("500")) in record.events
    assert [event.state for event in record.events if isinstance(event, e.Reserved)] == ["allowed"]
    assert record.decision is not None
    assert [finding.rule for finding in record.decision.findings] == ["approval_notional_min"], (
        "it still says what asked"
    )


# what it never stands for


@pytest.mark.parametrize(
    ("mandate", "expected"),
    [
        (Mandate(approval_notional_min=money("0")), "allow"),
        (Mandate(quorum_notional_min=money("0"), approval_quorum=1), "hold"),
        (Mandate(approval_notional_min=money("0"), quorum_notional_min=money("0"), approval_quorum=1), "hold"),
        (Mandate(approval_notional_min=money("0"), quorum_notional_min=money("501"), approval_quorum=1), "allow"),
        (Mandate(approval_notional_min=money("0"), order_notional_max=money("499")), "deny"),
        (Mandate(approval_notional_min=money("0"), orders_per_day_max=0), "deny"),
    ],
)
def test_it_stands_for_one_confirmation_and_for_nothing_else(mandate: Mandate, expected: str) -> None:
    there = desk(id="p1")
    there.mandate("agent:momentum", mandate)
    record = there.submit("5", "100")
    assert verdict(record) == expected
    assert len(used(record)) == (expected == "allow")
    there.agree()


def test_an_order_that_is_held_already_goes_on_waiting() -> None:
    there = desk()
    order = there.order("5", "100")
    there.took(given(there), BOB)
    assert order.state == "held" and one(there).uses == 0
    there.took(c.Approve(order=order.id, digest=order.digest), BOB)
    assert order.state == "allowed" and one(there).uses == 0, "a person answered it"


def test_new_terms_of_an_order_that_went_out_by_it_are_not_covered() -> None:
    there = desk(id="p1")
    order = there.working("2", "100")
    body = c.Replace(id="r", order=order.id, quantity=quantity("3"), limit_price=price("100"))
    record = there.do(body, agent("momentum"))
    assert [event.code for event in record.events if isinstance(event, e.Refused)] == ["needs_approval"]
    assert one(there).used == money("200")


def test_the_same_intent_again_uses_nothing_again() -> None:
    there = desk(id="p1")
    intent = there.intent("2", "100")
    for _ in range(2):
        there.do(c.Submit(intent=intent), agent("momentum"))
    assert (one(there).uses, len(there.placed)) == (1, 1)


def test_what_needs_nobody_uses_nothing() -> None:
    there = desk(id="p1")
    there.mandate("account:main", Mandate(approval_notional_min=money("300")))
    assert used(there.submit("2", "100")) == []
    assert used(there.submit("3", "100")) == [("p1", "300")]


def test_a_reduction_uses_nothing() -> None:
    there = desk(id="p1")
    there.hold("4")
    before = one(there).used
    assert verdict(there.submit("4", "100", side="sell")) == "allow"
    assert one(there).used == before == money("400")


# how much in all


def test_the_total_is_met_exactly_and_never_exceeded() -> None:
    there = desk(total_max=money("1000"))
    said = [verdict(there.submit(amount, "100")) for amount in ("4", "4", "3", "2", "1")]
    assert said == ["allow", "allow", "hold", "allow", "hold"]
    assert one(there).used == money("1000")
    there.agree()


@pytest.mark.parametrize("end", ["cancelled", "rejected", "filled"])
def test_no_end_of_an_order_gives_back_what_it_used(end: str) -> None:
    there = desk(total_max=money("500"))
    order = there.order("5", "100")
    there.took(c.Sent(order=order.id), GUARD)
    if end == "filled":
        there.fill(order, "5", "100")
    else:
        there.took(c.Cancelled(order=order.id) if end == "cancelled" else c.Rejected(order=order.id, code="x"), GUARD)
    assert order.state == end and one(there).used == money("500")
    assert verdict(there.submit("1", "100")) == "hold"


def test_what_is_used_without_a_total_never_outgrows_what_can_be_written() -> None:
    there = desk(notional_max=Money(LARGEST))
    nearly = msgspec.structs.replace(one(there), used=Money(LARGEST - 1))
    for kernel in (there.kernel, there.shadow, there.redo):
        kernel.state.preapprovals["p1"] = nearly
    assert verdict(there.submit("1", "100")) == "hold"


def test_of_several_the_one_that_ends_first_is_used_and_then_the_next() -> None:
    there = desk()
    there.took(given(there, id="late", ends_at=there.at + 3 * HOUR_NS), BOB)
    there.took(given(there, id="b", total_max=money("500")), BOB)
    there.took(given(there, id="a", ends_at=one(there, "b").ends_at, total_max=money("500")), BOB)
    assert [used(there.submit("5", "100"))[0][0] for _ in range(3)] == ["a", "b", "late"]


def test_two_that_would_do_together_do_not() -> None:
    there = desk()
    for name in ("a", "b"):
        there.took(given(there, id=name, notional_max=money("100")), BOB)
    assert verdict(there.submit("2", "100")) == "hold"


# how long


@pytest.mark.parametrize(("early_ns", "expected"), [(1, "allow"), (0, "hold"), (-1, "hold")])
def test_its_end_is_no_part_of_it(early_ns: int, expected: str) -> None:
    there = desk(ends_at=desk().at + 60 * NANOSECONDS)
    record = there.submit("1", "100", after_ns=one(there).ends_at - there.at - early_ns)
    assert record.command.at == one(there).ends_at - early_ns
    assert verdict(record) == expected
    there.agree()


def test_revoking_ends_it_at_once_and_leaves_what_went_out() -> None:
    there = desk(id="p1")
    order = there.working("5", "100")
    there.took(c.RevokePreapproval(id="p1", why="too many"), ANN)
    assert verdict(there.submit("1", "100")) == "hold"
    assert order.state == "acked"
    assert (one(there).ended_by, one(there).ended_why, one(there).uses) == ("ann", "too many", 1)
    there.agree()


def test_it_is_forgotten_when_nobody_can_ask_for_it_any_more() -> None:
    there = desk(id="p1")
    ends_at = one(there).ends_at
    there.took(c.Tick(), GUARD, after_ns=ends_at + INTENT_LIFE_NS - there.at)
    assert "p1" in there.state.preapprovals
    there.took(c.Tick(), GUARD, after_ns=1)
    assert there.state.preapprovals == there.state.preapproval_ends == {}
    assert there.state.preapprovals_of == {"momentum": {}}
    there.agree()


# who gives one, and which cannot be given

FAULTS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("one that is there", {"id": "p1"}, "preapproval p1 exists"),
    ("of nobody", {"agent": "nobody"}, "there is no agent nobody"),
    ("of everything", {"instruments": ()}, "name the instruments or categories"),
    ("of an unknown share", {"instruments": ("AAPL", "TYPO")}, "there is no instrument TYPO"),
    ("of an unknown category", {"categories": ("politcs",)}, "no instrument is of category politcs"),
    ("of nothing", {"notional_max": money("0")}, "notional_max must be above zero"),
    ("of less than nothing", {"notional_max": money("-1")}, "notional_max must be above zero"),
    ("of a total below one order", {"total_max": money("499")}, "total_max is below notional_max"),
    ("that has ended", {"ends_at": 0}, "it would have ended already"),
    ("for too long", {"ends_at": -1}, "it ends more than 31 days ahead"),
    ("without a reason", {"why": "  "}, "say why"),
)


@pytest.mark.parametrize(("what", "terms", "expected"), FAULTS, ids=[row[0] for row in FAULTS])
def test_what_cannot_be_given(what: str, terms: dict[str, Any], expected: str) -> None:
    there = desk(id="p1")
    if "ends_at" in terms:  # the command comes a millisecond after now
        terms = {"ends_at": there.at + 1_000_000 + (0 if terms["ends_at"] == 0 else SPAN_MAX_NS + 1)}
    before = there.image()
    record = there.do(given(there, **({"id": "p2"} | terms)), BOB)
    refused = [event.why for event in record.events if isinstance(event, e.Refused)]
    assert len(refused) == 1 and refused[0].startswith(expected), refused
    assert there.image() == before


def test_the_longest_span_can_be_given() -> None:
    there = desk()
    there.took(given(there, ends_at=there.at + 1_000_000 + SPAN_MAX_NS), BOB)


def test_an_agent_has_only_so_many_in_force() -> None:
    there = desk()
    for number in range(IN_FORCE_MAX):
        there.took(given(there, id=f"p{number}"), BOB)
    assert there.refused(given(there, id="more"), BOB) == "not_possible"
    there.took(given(there, id="others", agent="other"), BOB)
    there.took(c.RevokePreapproval(id="p7", why="make room"), BOB)
    there.took(given(there, id="more"), BOB)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (ANN, ""),
        (BOB, ""),
        (agent("momentum"), "not_authorised"),
        (client("claude"), "not_authorised"),
        (Principal(name="eve", role="auditor", owner="eve"), "not_authorised"),
        (Principal(name="prices", role="feed", owner="ann"), "not_authorised"),
        (GUARD, "not_authorised"),
    ],
)
def test_people_give_and_revoke(by: Principal, expected: str) -> None:
    there = desk(id="p1")
    for body in (given(there, id="p2"), c.RevokePreapproval(id="p1", why="x")):
        record = there.do(body, by)
        assert [event.code for event in record.events if isinstance(event, e.Refused)] == (
            [expected] if expected else []
        )


@pytest.mark.parametrize(
    ("name", "why", "expected"),
    [
        ("p2", "x", "there is no preapproval p2"),
        ("p1", " ", "say why"),
        ("old", "x", "preapproval old is over already"),
    ],
)
def test_what_cannot_be_revoked(name: str, why: str, expected: str) -> None:
    there = desk(id="p1")
    there.took(given(there, id="old"), BOB)
    there.took(c.RevokePreapproval(id="old", why="x"), BOB)
    record = there.do(c.RevokePreapproval(id=name, why=why), BOB)
    refused = [event.why for event in record.events if isinstance(event, e.Refused)]
    assert len(refused) == 1 and refused[0].startswith(expected)


def test_a_snapshot_knows_it_with_what_is_used_and_when_it_ends() -> None:
    there = desk(total_max=money("1000"))
    there.submit("5", "100")
    there.reload()
    assert verdict(there.submit("5", "100")) == "allow"
    assert verdict(there.submit("1", "100")) == "hold"
    there.took(c.Tick(), GUARD, after_ns=DAY_NS)
    there.agree()
