"""A1 and A2, each broken by hand and kept."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.kernel.desk import ANN, BOB, CAT, agent, client, money
from tests.testing.sim.invariants.scene import Scene, changed, scene
from tests.testing.sim.invariants.test_halts import by

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate
from remit.kernel.names import Principal
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.order import Order

QUORUM = Mandate(quorum_notional_min=money("300"), approval_quorum=2, approval_expiry_s=60)


@pytest.fixture
def desk() -> Scene:
    made = scene()
    made.mandate("firm", QUORUM)
    return made


def approve(desk: Scene, order: Order, who: Principal, digest: str = "") -> Record:
    return desk.do(c.Approve(order=order.id, digest=digest or order.digest), who)


def test_two_people_from_outside_who_approve_what_is_held_are_well(desk: Scene) -> None:
    order = desk.order("5", "100")
    approve(desk, order, BOB, "0" * 64)
    approve(desk, order, agent("momentum"))
    approve(desk, order, ANN)
    approve(desk, order, BOB)
    approve(desk, order, BOB)
    approve(desk, order, CAT)
    assert order.state == "allowed"
    late = desk.order("5", "100")
    approve(desk, late, BOB)
    desk.at += 60 * NANOSECONDS
    approve(desk, late, CAT)
    assert late.state == "lapsed"
    desk.is_well()


@pytest.mark.parametrize("who", [agent("momentum"), client("claude")])
def test_a1_finds_an_approval_by_who_is_no_person(desk: Scene, who: Principal) -> None:
    order = desk.order("5", "100")
    desk.forge = by(who)
    approve(desk, order, BOB)
    desk.finds("A1", f"{order.id} was approved by the {who.role} {who.name}, which is no authorised person")


def test_a1_finds_an_approval_of_another_digest(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.forge = with_body(digest="f" * 64)
    approve(desk, order, BOB)
    desk.finds("A1", f"approves ffffffffffffffff, and {order.id} is held as {order.digest[:16]}")


def with_body(**fields: Any) -> Any:
    """Return a forgery that lets the command have said something else."""

    def forged(record: Record) -> Record:
        body = msgspec.structs.replace(record.command.body, **fields)
        return msgspec.structs.replace(record, command=msgspec.structs.replace(record.command, body=body))

    return forged


def instead(body: Any) -> Any:
    """Return a forgery that lets the command have been another."""
    return lambda record: msgspec.structs.replace(record, command=msgspec.structs.replace(record.command, body=body))


def test_a1_finds_a_digest_that_is_not_of_what_is_held(desk: Scene) -> None:
    desk.forge = lambda record: msgspec.structs.replace(
        record, events=(msgspec.structs.replace(record.events[0], digest="f" * 64),)
    )
    order = desk.order("5", "100")
    desk.finds("A1", f"{order.id} is held under the digest ffffffffffffffff, and what is held has {order.digest[:16]}")


def test_a1_finds_an_approval_after_its_hold_expired(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.forge = lambda record: msgspec.structs.replace(
        record, command=msgspec.structs.replace(record.command, at=record.command.at + 90 * NANOSECONDS)
    )
    approve(desk, order, BOB)
    desk.finds("A1", f"approves {order.id} 30 s after its hold had expired")


def test_a1_finds_one_person_who_counts_twice(desk: Scene) -> None:
    order = desk.order("5", "100")
    approve(desk, order, BOB)
    desk.forge = lambda record: msgspec.structs.replace(
        by(BOB)(record),
        events=tuple(
            msgspec.structs.replace(event, person="bob") if isinstance(event, e.Approved) else event
            for event in record.events
        ),
    )
    approve(desk, order, CAT)
    desk.finds("A1", "counts an approval of bob by bob, who had approved it or is another")


def test_a1_finds_a_release_with_too_few_from_outside_the_lineage(desk: Scene) -> None:
    order = desk.order("5", "100")
    approve(desk, order, BOB)
    desk.forge = lambda record: msgspec.structs.replace(
        by(ANN)(record),
        events=tuple(
            msgspec.structs.replace(event, person="ann") if isinstance(event, e.Approved) else event
            for event in record.events
        ),
    )
    approve(desk, order, CAT)
    desk.finds("A1", f"releases {order.id} with 1 of 2 approvals from outside the lineage of ann: bob, ann")


def test_a1_finds_a_release_by_the_word_of_who_was_shut_out(desk: Scene) -> None:
    order = desk.order("5", "100")
    approve(desk, order, BOB)
    desk.forge = instead(c.SetPerson(name="bob", role="approver", disabled=True, why="left"))
    desk.do(c.AddPerson(person=access.Person(name="zoe", role="approver")), ANN)
    approve(desk, order, CAT)
    desk.finds("A1", f"releases {order.id} with 1 of 2 approvals from outside the lineage of ann: cat")


def test_a1_finds_a_release_that_is_judged_otherwise(desk: Scene) -> None:
    order = desk.order("5", "100")
    approve(desk, order, BOB)
    desk.forge = lambda record: changed(record, verdict="deny")
    approve(desk, order, CAT)
    desk.finds("A1", f"releases {order.id}, and judged again it is deny")


def test_a1_finds_a_release_under_another_mandate(desk: Scene) -> None:
    order = desk.order("5", "100")
    approve(desk, order, BOB)
    desk.wrong()
    desk.forge = with_body(mandate=QUORUM)
    desk.mandate("account:main", Mandate())
    approve(desk, order, CAT)
    desk.finds("A1", f"releases {order.id}, and a mandate changed since entry")


def test_a1_finds_a_release_of_what_is_not_held(desk: Scene) -> None:
    order = desk.order("5", "100")
    approve(desk, order, BOB)
    approve(desk, order, CAT)
    desk.wrong()
    desk.forge = lambda record: msgspec.structs.replace(
        record, events=(e.Released(order=order.id),), decision=order_decision(desk)
    )
    desk.mark("AAPL", "100")
    desk.finds("A1", f"releases {order.id}, which is not held")


def order_decision(desk: Scene) -> Any:
    return next(record.decision for record in reversed(desk.records) if record.decision is not None)


def test_mandates_that_an_operator_publishes_with_a_reason_are_well(desk: Scene) -> None:
    desk.mandate("agent:momentum", Mandate(order_notional_max=money("10")))
    desk.submit("5", "100")
    desk.mandate("agent:momentum", Mandate(order_notional_max=money("100000")))
    desk.submit("5", "100")
    desk.do(c.SetMandate(subject="firm", mandate=Mandate(), why="mine"), agent("momentum"))
    desk.is_well()


def test_a2_finds_a_mandate_without_a_reason(desk: Scene) -> None:
    desk.forge = with_body(why=" ")
    desk.mandate("firm", Mandate())
    desk.finds("A2", "the mandate of firm was set without a reason")


def test_a2_finds_a_mandate_that_an_agent_set(desk: Scene) -> None:
    desk.forge = by(agent("momentum"))
    desk.mandate("firm", Mandate())
    desk.finds("A2", "the mandate of firm was set by the agent momentum")


def test_a2_finds_a_tightening_that_waits(desk: Scene) -> None:
    before = desk.records[-1].command.seq
    named = desk.submit("1", "100").decision
    desk.mandate("agent:momentum", Mandate(order_notional_max=money("10")))
    desk.wrong()
    assert named is not None
    desk.forge = lambda record: changed(record, mandates=named.mandates)
    desk.submit("1", "100")
    desk.finds("A2", f"entry {before + 3} decides", "of agent:momentum, and entry", f"{before + 2} published")


def test_a2_finds_a_limit_in_force_that_nobody_published(desk: Scene) -> None:
    of = desk.state.subjects["firm"]
    of.version = msgspec.structs.replace(of.version, mandate=Mandate())
    desk.finds("A2", "the mandate of firm that is in force in the guard is not the one that was published last")
