"""Loosening where a second person is required: it waits, and only another person lets it take effect."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from tests.kernel.desk import ANN, BOB, Desk, money, small

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.loosening import loosened_by
from remit.kernel.mandate import Mandate, MandateVersion, Rate
from remit.kernel.names import Principal
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.proposal import PROPOSAL_LIFE_NS, PROPOSALS_MAX

OLGA = Principal(name="olga", role="operator", owner="olga")
SECOND = Mandate(second_person="required", positions_max=5)


def change(desk: Desk, subject: str, mandate: Mandate, by: Principal = ANN, **more: Any) -> str:
    """Set a mandate that must wait, and return the proposal."""
    record = desk.took(c.SetMandate(subject=subject, mandate=mandate, why="room", **more), by)
    (event,) = record.events
    assert isinstance(event, e.Proposed)
    return event.proposal


def confirmation(desk: Desk, proposal: str) -> c.ConfirmChange:
    return c.ConfirmChange(proposal=proposal, digest=desk.state.proposals[proposal].digest)


@pytest.fixture
def desk() -> Desk:
    desk = small()
    desk.mandate("account:main", SECOND)
    return desk


@pytest.mark.parametrize("subject", ["account:main", "agent:momentum", "client:claude"])
def test_it_holds_for_everything_below(desk: Desk, subject: str) -> None:
    desk.mandate(subject, Mandate(second_person="required", positions_max=3))
    number = desk.state.subjects[subject].number
    proposal = change(desk, subject, Mandate(second_person="required", positions_max=4))
    assert desk.state.subjects[subject].number == number
    desk.took(confirmation(desk, proposal), BOB)
    version = desk.state.subjects[subject].version
    assert version.mandate.positions_max == 4
    assert (version.by.name, version.confirmed_by.name) == ("ann", "bob")
    assert not desk.state.proposals
    desk.agree()


def test_what_a_confirmed_change_finds_exceeded_is_stopped_at_once(desk: Desk) -> None:
    """It loosens one limit and tightens others: those are looked at as in any mandate that takes effect."""
    order = desk.working("10", "100")
    desk.fill(order, "10", "100")
    desk.mark("AAPL", "90")
    tighter = {"daily_loss_max": money("50"), "gross_exposure_max": money("1000")}
    proposal = change(desk, "account:main", Mandate(second_person="required", positions_max=6, **tighter))
    confirmed = desk.took(confirmation(desk, proposal), BOB)
    halts = [event.rule for event in confirmed.events if isinstance(event, e.HaltRaised)]
    levels = [(event.rule, event.level) for event in confirmed.events if isinstance(event, e.Crossed)]
    assert halts == ["daily_loss_max"] and ("gross_exposure_max", "near") in levels
    desk.agree()


def test_it_does_not_hold_above_or_beside(desk: Desk) -> None:
    desk.account("other", owner="ben")
    for subject in ("firm", "account:other"):
        desk.mandate(subject, Mandate(positions_max=3))
        desk.mandate(subject, Mandate())
    assert not desk.state.proposals


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (ANN, "own_proposal"),
        (Principal(name="ann", role="approver", owner="other"), "own_proposal"),
        (Principal(name="other", role="approver", owner="ann"), "own_proposal"),
        (Principal(name="eve", role="auditor", owner="eve"), "not_authorised"),
        (Principal(name="carl", role="compliance", owner="carl"), "not_authorised"),
        (Principal(name="momentum", role="agent", owner="bob"), "not_authorised"),
        (Principal(name="lee", role="owner", owner="lee"), "not_yours"),
    ],
)
def test_who_does_not_confirm(desk: Desk, by: Principal, code: str) -> None:
    proposal = change(desk, "account:main", Mandate())
    assert desk.refused(confirmation(desk, proposal), by) == code


@pytest.mark.parametrize(
    "by", [BOB, OLGA, Principal(name="kim", role="owner", owner="kim")], ids=["approver", "operator", "owner"]
)
def test_who_does(by: Principal) -> None:
    desk = small()
    desk.account("kims", owner="kim")
    desk.mandate("account:kims", SECOND)
    desk.took(confirmation(desk, change(desk, "account:kims", Mandate())), by)
    assert desk.state.subjects["account:kims"].version.mandate == Mandate()


def test_what_is_confirmed_is_what_was_shown(desk: Desk) -> None:
    proposal = change(desk, "account:main", Mandate())
    assert desk.refused(c.ConfirmChange(proposal=proposal, digest="0" * 64), BOB) == "digest_mismatch"
    assert desk.refused(c.ConfirmChange(proposal="C-1", digest="0" * 64), BOB) == "unknown_proposal"


def test_a_change_against_an_old_version_is_refused_when_another_came_between(desk: Desk) -> None:
    one, two = change(desk, "account:main", Mandate()), change(desk, "account:main", Mandate(positions_max=6))
    desk.mandate("account:main", Mandate(second_person="required", positions_max=1))
    for proposal in (one, two):
        assert desk.refused(confirmation(desk, proposal), BOB) == "mandate_changed"


def test_the_same_is_so_where_the_version_is_named(desk: Desk) -> None:
    number = desk.state.subjects["firm"].number
    body = c.SetMandate(subject="firm", mandate=Mandate(positions_max=3), why="x", after=number)
    desk.took(body)
    assert desk.refused(body) == "mandate_changed"
    assert desk.refused(c.SetMandate(subject="firm", mandate=Mandate(), why="x", after=0)) == "mandate_changed"
    first = c.AddAccount(account=access.Account(name="new", owner="ann", environment="training", currency="USD"))
    desk.took(first)
    desk.took(c.SetMandate(subject="account:new", mandate=Mandate(), why="x", after=0))


def test_it_is_over_after_a_day(desk: Desk) -> None:
    proposal = change(desk, "account:main", Mandate())
    body = confirmation(desk, proposal)
    desk.do(c.Tick(), after_ns=PROPOSAL_LIFE_NS - 1)
    assert desk.state.proposals
    desk.do(c.Tick(), after_ns=1)
    assert desk.refused(body, BOB) == "unknown_proposal"


def test_anybody_who_may_confirm_may_drop_it(desk: Desk) -> None:
    for by in (ANN, BOB):
        proposal = change(desk, "account:main", Mandate())
        assert desk.refused(c.DropChange(proposal=proposal, why=" "), by) == "no_reason"
        desk.took(c.DropChange(proposal=proposal, why="no"), by)
        assert not desk.state.proposals


def test_only_so_many_wait(desk: Desk) -> None:
    for _ in range(PROPOSALS_MAX):
        change(desk, "account:main", Mandate())
    body = c.SetMandate(subject="account:main", mandate=Mandate(), why="x")
    assert desk.refused(body) == "too_many_proposals"
    desk.agree()


def test_to_waive_the_second_person_takes_a_second_person(desk: Desk) -> None:
    change(desk, "account:main", Mandate(positions_max=5))


def test_a_first_mandate_and_a_longer_one_loosen(desk: Desk) -> None:
    desk.took(c.AddAgent(agent=access.Agent(name="new", account="main", owner="ann")))
    change(desk, "agent:new", Mandate(positions_max=0))
    ends_at = desk.at + 1000 * NANOSECONDS
    desk.mandate("agent:momentum", Mandate(positions_max=1), expires_at=ends_at)
    change(desk, "agent:momentum", Mandate(positions_max=1))
    change(desk, "agent:momentum", Mandate(positions_max=1), expires_at=ends_at + 1)
    desk.mandate("agent:momentum", Mandate(positions_max=1), expires_at=ends_at - 1)


def test_what_has_expired_asks_for_a_second_person_all_the_same(desk: Desk) -> None:
    desk.mandate("account:main", SECOND, expires_at=desk.at + NANOSECONDS)
    desk.do(c.Tick(), after_ns=2 * NANOSECONDS)
    change(desk, "agent:momentum", Mandate(positions_max=9, zone="Asia/Tokyo"))


# Whatever the sequence

FIELDS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("second_person", ("waived", "required")),
    ("positions_max", (None, 1, 2)),
    ("order_notional_max", (None, money("100"), money("200"))),
    ("instruments_allowed", (None, ("AAPL",), ("AAPL", "SAP"), ())),
    ("instruments_blocked", (None, ("AAPL",), ())),
    ("order_rate_max", (None, Rate(1, 60), Rate(5, 600), Rate(5, 60))),
    ("loss_cooldown", (0, 60, "review")),
    ("haircut_bps", (0, 50)),
    ("short_allowed", (None, "allowed", "blocked")),
)
mandates = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in FIELDS}).map(
    lambda said: Mandate(**said)
)
SUBJECTS = ("firm", "account:main", "agent:momentum", "client:claude")
people = st.sampled_from([ANN, OLGA])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("set"), people, st.sampled_from(SUBJECTS), mandates),
        st.tuples(st.just("confirm"), st.sampled_from([ANN, OLGA, BOB]), st.integers(0, 3), st.just(None)),
    ),
    max_size=12,
)


def in_force(desk: Desk) -> dict[str, MandateVersion]:
    return {name: desk.state.subjects[name].version for name in SUBJECTS}


@settings(max_examples=120, deadline=None)
@given(steps)
def test_loosening_is_never_one_persons_and_tightening_is_at_once(steps: list[Any]) -> None:
    """Whatever mandates come in whatever order: counted here on its own, from what was in force before."""
    desk = small()
    for what, by, which, mandate in steps:
        before = in_force(desk)
        if what == "set":
            _set(desk, by, which, mandate)
        else:
            _confirm(desk, by, which)
        changed = [name for name, version in in_force(desk).items() if version != before[name]]
        assert len(changed) <= 1
        for name in changed:
            _check(name, before, desk.state.subjects[name].version)
    desk.agree()


def _asked(before: dict[str, MandateVersion], name: str) -> bool:
    upward = SUBJECTS[: SUBJECTS.index(name) + 1]
    return any(before[above].mandate.second_person == "required" for above in upward)


def _check(name: str, before: dict[str, MandateVersion], version: MandateVersion) -> None:
    loosens = bool(loosened_by(before[name], version.mandate, version.expires_at))
    if loosens and _asked(before, name):
        second = version.confirmed_by
        assert second is not None and version.by.name != second.name and version.by.owner != second.owner


def _set(desk: Desk, by: Principal, name: str, mandate: Mandate) -> None:
    before = in_force(desk)
    desk.took(c.SetMandate(subject=name, mandate=mandate, why="x"), by)
    now = desk.state.subjects[name].version
    if not loosened_by(before[name], mandate, None):
        assert now.mandate == mandate and now.number == before[name].number + 1, "tightening is at once"
    elif _asked(before, name):
        assert now == before[name], "loosening waits"


def _confirm(desk: Desk, by: Principal, which: int) -> None:
    waiting = list(desk.state.proposals.values())
    if not waiting:
        return
    proposal = waiting[which % len(waiting)]
    current = desk.state.subjects[proposal.subject].number
    record = desk.do(c.ConfirmChange(proposal=proposal.id, digest=proposal.digest), by)
    took = any(isinstance(event, e.Took) for event in record.events)
    assert took == (by.name != proposal.by.name and current == proposal.number)
