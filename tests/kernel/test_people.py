"""People: one name is one person with one role; what they held ends when that changes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, CAT, START, Desk, money, small

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.callback import principal_of
from remit.kernel.mandate import Mandate
from remit.kernel.names import Principal
from remit.kernel.numbers import DAY_NS


def person(desk: Desk, name: str = "bob", role: Any = "approver", **more: Any) -> None:
    desk.took(c.AddPerson(person=access.Person(name=name, role=role, **more)))


def token(name: str = "bob", role: Any = "approver", owner: str = "bob", token: str = "T-1") -> c.IssueToken:
    return c.IssueToken(grant=access.TokenGrant(token=token, role=role, name=name, owner=owner, issued_at=START))


def code(desk: Desk, body: Any, by: Principal) -> str:
    return next((event.code for event in desk.do(body, by).events if isinstance(event, e.Refused)), "")


BOB = Principal(name="bob", role="approver", token="T-1", owner="bob")
PAUSE = c.SetPause(subject="agent:momentum", paused=True, why="x")


@pytest.mark.parametrize(
    ("issued", "taken"),
    [
        (token(), True),
        (token(role="operator"), False),
        (token(owner="ann"), False),
        (token(name="cat", owner="cat"), True),
        (token(name="momentum", role="agent", owner="bob"), True),
    ],
)
def test_a_token_of_a_person_says_what_the_book_says(issued: c.IssueToken, taken: bool) -> None:
    desk = small()
    person(desk)
    if taken:
        desk.took(issued)
    else:
        assert desk.refused(issued) == "not_possible"


def test_which_token_is_named_does_not_depend_on_a_restart() -> None:
    desk = small()
    for name in ("T-9", "T-1"):
        desk.took(token(token=name))
    desk.reload()
    assert desk.refused(token(owner="ann", token="T-5")) == "not_possible"  # the desk asks both for the same record


def test_a_person_can_act_as_a_desk() -> None:
    desk = small()
    person(desk, owner="desk")
    assert desk.refused(token()) == "not_possible"
    desk.took(token(owner="desk"))


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (c.SetPerson(name="bob", role="approver", disabled=True, why="left"), "token_revoked"),
        (c.SetPerson(name="bob", role="auditor", why="moved"), "token_revoked"),
    ],
)
def test_what_a_person_held_ends_with_their_role(change: c.SetPerson, after: str) -> None:
    desk = small()
    person(desk)
    desk.took(token())
    desk.took(
        c.Preapprove(
            id="p", agent="momentum", instruments=("AAPL",), notional_max=money("1"), ends_at=desk.at + DAY_NS, why="x"
        ),
        BOB,
    )
    desk.took(change)
    assert code(desk, PAUSE, BOB) == after
    assert desk.state.preapprovals["p"].ended_at
    desk.took(c.SetPerson(name="bob", role="approver", why="back"))
    assert code(desk, PAUSE, BOB) == after, "an old token never comes back"
    desk.took(token(token="T-2"))
    desk.agree()


def test_who_is_shut_out_acts_through_no_door() -> None:
    """Also where no token stands for them: a signed answer is entered in a person's name."""
    desk = small()
    person(desk)
    desk.took(c.SetPerson(name="bob", role="approver", disabled=True, why="left"))
    assert desk.refused(PAUSE, Principal(name="bob", role="approver", owner="bob")) == "person_out"
    assert desk.refused(token()) == "not_possible"


@pytest.mark.parametrize(
    ("added", "taken"),
    [
        (access.Person(name="bob", role="approver"), True),
        (access.Person(name="bob", role="auditor"), False),
        (access.Person(name="bob", role="approver", disabled=True), False),
    ],
)
def test_nobody_is_added_as_who_may_not_have_preapproved_what_they_did(added: access.Person, taken: bool) -> None:
    desk = small()
    bob = Principal(name="bob", role="approver", owner="bob")
    given = c.Preapprove(
        id="p", agent="momentum", instruments=("AAPL",), notional_max=money("1"), ends_at=desk.at + DAY_NS, why="x"
    )
    desk.took(given, bob)
    if not taken:
        assert desk.refused(c.AddPerson(person=added)) == "not_possible"
        desk.took(c.RevokePreapproval(id="p", why="moved"))
    desk.took(c.AddPerson(person=added))


def test_the_word_of_who_is_out_counts_no_more_on_what_is_held() -> None:
    desk = small()
    person(desk)
    desk.mandate("agent:momentum", Mandate(quorum_notional_min=money("1"), approval_quorum=2))
    order = desk.order("10", "100")
    answer = c.Approve(order=order.id, digest=order.digest)
    bob = Principal(name="bob", role="approver", owner="bob")
    desk.took(answer, bob)
    desk.took(c.SetPerson(name="bob", role="approver", disabled=True, why="was it bob at all?"))
    desk.took(answer, CAT)
    assert (order.state, order.approvals) == ("held", ("cat",))
    desk.agree()
    desk.took(c.SetPerson(name="bob", role="approver", why="back"))
    desk.took(answer, bob)
    assert order.state == "allowed"


def test_the_callbacks_of_who_is_out_never_speak_again() -> None:
    desk = small()
    person(desk)
    desk.took(
        c.AddCallback(key=access.CallbackKey(id="C-1", person="bob", role="approver", owner="bob", issued_at=desk.at))
    )
    desk.took(c.SetPerson(name="bob", role="approver", disabled=True, why="left"))
    desk.took(c.SetPerson(name="bob", role="approver", why="back"))
    called = access.CalledBack(callback="C-1", message="m1", sent_at=desk.at)
    answer = c.Decline(order="none", why="x", callback=called)
    assert code(desk, answer, principal_of(desk.state.callbacks["C-1"])) == "callback_expired"
    desk.agree()


@pytest.mark.parametrize(
    ("body", "by"),
    [
        (c.AddPerson(person=access.Person(name="bob", role="operator")), ANN),  # there is one
        (c.SetPerson(name="nobody", role="operator", why="x"), ANN),
        (c.SetPerson(name="bob", role="operator", why=" "), ANN),
        (c.SetPerson(name="bob", role="approver", why="no change"), ANN),
        (c.SetPerson(name="ann", role="auditor", why="myself"), ANN),
        (c.AddPerson(person=access.Person(name="owner", role="auditor")), ANN),
        (c.SetPerson(name="owner", role="auditor", why="the first"), ANN),
        (c.SetPerson(name="owner", role="operator", disabled=True, why="the first"), ANN),
        (c.AddPerson(person=access.Person(name="eve", role="auditor")), ANN),  # has a token for another role
    ],
)
def test_what_cannot_be(body: Any, by: Principal) -> None:
    desk = small()
    person(desk)
    person(desk, "ann", "operator")
    person(desk, "owner", "operator")
    desk.took(token("eve", "approver", "eve", "T-eve"))
    assert desk.refused(body, by) == "not_possible"


def test_proposals_of_who_is_out_are_gone() -> None:
    desk = small()
    person(desk, "olga", "operator")
    desk.mandate("account:main", Mandate(second_person="required", positions_max=1))
    olga = Principal(name="olga", role="operator", owner="olga")
    desk.took(c.SetMandate(subject="account:main", mandate=Mandate(), why="x"), olga)
    assert desk.state.proposals
    desk.took(c.SetPerson(name="olga", role="operator", disabled=True, why="left"))
    assert not desk.state.proposals
    desk.agree()
