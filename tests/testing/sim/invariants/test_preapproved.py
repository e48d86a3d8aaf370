"""A3, and what A1 says of drift and of many at once, each broken by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.kernel.desk import ANN, BOB, agent, client, money, price
from tests.testing.sim.invariants.scene import Scene, changed, scene
from tests.testing.sim.invariants.test_approvals import with_body
from tests.testing.sim.invariants.test_halts import by

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate
from remit.kernel.names import Principal
from remit.kernel.numbers import NANOSECONDS, SCALE, Money
from remit.kernel.order import Order

CONFIRM = Mandate(approval_notional_min=money("300"), approval_drift_max_bps=50, bulk_approval_max=money("500"))


@pytest.fixture
def desk() -> Scene:
    made = scene()
    made.mandate("firm", CONFIRM)
    return made


def give(desk: Scene, who: Principal = BOB, **more: Any) -> None:
    terms = {
        "id": "p1",
        "agent": "momentum",
        "instruments": ("AAPL",),
        "notional_max": money("600"),
        "total_max": money("1000"),
        "ends_at": desk.at + 60 * NANOSECONDS,
        "why": "today",
    } | more
    desk.do(c.Preapprove(**terms), who)


def use(desk: Scene, amount: str = "5", **more: Any) -> str:
    record = desk.submit(amount, "100", **more)
    assert record.decision is not None and record.decision.verdict == "allow", record.decision
    return record.decision.order


def with_events(change: Any) -> Any:
    """Return a forgery that changes the use of a preapproval in a record; None takes it away."""

    def forged(record: Record) -> Record:
        events = [change(event) if isinstance(event, e.PreapprovalUsed) else event for event in record.events]
        return msgspec.structs.replace(record, events=tuple(event for event in events if event is not None))

    return forged


def test_what_is_covered_is_well(desk: Scene) -> None:
    give(desk)
    use(desk, "2")
    use(desk)
    use(desk, client="claude")
    assert desk.submit("3", "100").decision.verdict == "hold"  # type: ignore[union-attr]
    give(desk, agent("momentum"), id="mine")
    desk.do(c.RevokePreapproval(id="p1", why="x"), client("claude"))
    desk.do(c.RevokePreapproval(id="p1", why="x"), ANN)
    desk.is_well()


def test_a3_finds_what_nobody_confirmed(desk: Scene) -> None:
    give(desk)
    desk.forge = with_events(lambda event: None)
    order = use(desk)
    desk.finds("A3", f"lets {order} out, and nobody confirmed it, nor ahead of time")


def test_a3_finds_a_use_that_nobody_needed(desk: Scene) -> None:
    give(desk)
    desk.forge = lambda record: msgspec.structs.replace(
        record,
        events=(*record.events, e.PreapprovalUsed(preapproval="p1", order=record.events[0].order, worth=money("200"))),  # type: ignore[union-attr]
    )
    order = use(desk, "2")
    desk.finds("A3", f"uses p1 for {order}, which needed 0")


def test_a3_finds_two_uses_of_one_order(desk: Scene) -> None:
    give(desk)
    desk.forge = lambda record: msgspec.structs.replace(record, events=(*record.events, record.events[1]))
    order = use(desk)
    desk.finds("A3", f"uses p1, p1 for {order}, which needed 1")


def test_a3_finds_a_use_of_what_does_not_go_out(desk: Scene) -> None:
    give(desk)
    desk.forge = lambda record: msgspec.structs.replace(
        record, events=(e.PreapprovalUsed(preapproval="p1", order="test-9", worth=money("1")),)
    )
    desk.mark("AAPL", "100")
    desk.finds("A3", "uses p1 for test-9, which it does not let out")


def test_a3_finds_a_preapproval_that_stands_for_a_quorum(desk: Scene) -> None:
    give(desk)
    desk.mandate("agent:momentum", Mandate(quorum_notional_min=money("1000"), approval_quorum=1))
    desk.wrong()
    desk.forge = lambda record: changed(record, counted_price=price("1000"))
    order = use(desk)
    desk.finds("A3", f"lets {order} out at once, and a quorum must agree to it")


def test_a3_finds_a_use_of_what_nobody_gave(desk: Scene) -> None:
    give(desk)
    desk.forge = with_events(lambda event: msgspec.structs.replace(event, preapproval="p2"))
    use(desk)
    desk.finds("A3", "uses p2, which nobody gave")


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"agent": "value"}, "uses p1 of value for an order of momentum by agent momentum"),
        ({"instruments": ("MSFT",)}, "uses p1 for AAPL (us), which it does not name"),
        ({"notional_max": Money(499 * SCALE)}, "uses p1 for 500, and its most is 499"),
        ({"total_max": Money(499 * SCALE)}, "uses 500 of p1 in all, and its total is 499"),
    ],
)
def test_a3_finds_a_use_beyond_what_was_given(desk: Scene, terms: dict[str, Any], said: str) -> None:
    desk.forge = with_body(**terms)
    give(desk)
    desk.wrong()
    use(desk)
    desk.finds("A3", said)


def test_a3_finds_a_use_after_its_end(desk: Scene) -> None:
    desk.forge = with_body(ends_at=desk.at + 2_000_000)
    give(desk)
    desk.wrong()
    use(desk)
    desk.finds("A3", "uses p1 0 ns after its end")


def test_a3_finds_a_use_of_what_was_ended(desk: Scene) -> None:
    give(desk, id="other")
    give(desk)
    desk.forge = with_body(id="p1")
    desk.do(c.RevokePreapproval(id="other", why="x"), ANN)
    desk.wrong()
    desk.forge = with_events(lambda event: msgspec.structs.replace(event, preapproval="p1"))
    use(desk)
    desk.finds("A3", "uses p1, which entry", "ended")


def test_a3_finds_a_use_of_what_ended_with_its_person(desk: Scene) -> None:
    desk.do(c.AddPerson(person=access.Person(name="cat", role="approver")), ANN)
    give(desk)
    desk.forge = with_body(name="bob")
    desk.do(c.SetPerson(name="cat", role="approver", disabled=True, why="left"), ANN)
    desk.wrong()
    use(desk)
    desk.finds("A3", "uses p1, which entry", "ended")


def test_a3_finds_a_use_that_is_counted_wrong(desk: Scene) -> None:
    give(desk)
    desk.forge = with_events(lambda event: msgspec.structs.replace(event, worth=money("1")))
    order = use(desk)
    desk.finds("A3", f"counts 1 of p1 used by {order}, which is worth 500")


@pytest.mark.parametrize("who", [agent("momentum"), client("claude")])
def test_a3_finds_a_preapproval_that_no_person_gave(desk: Scene, who: Principal) -> None:
    desk.forge = by(who)
    give(desk)
    desk.finds("A3", f"the {who.role} {who.name} gave or ended a preapproval, which is for people")


# drift, and many at once: A1


def held(desk: Scene) -> Order:
    order = desk.order("5", "100")
    assert order.state == "held"
    return order


def test_releases_within_every_bound_are_well(desk: Scene) -> None:
    order = held(desk)
    marks = (desk.quote("AAPL", "100.5"),)
    desk.do(c.Approve(order=order.id, digest=order.digest, bulk=True, marks=marks), BOB)
    assert order.state == "allowed"
    desk.is_well()


def test_a1_finds_a_release_after_the_market_moved(desk: Scene) -> None:
    order = held(desk)

    def moved(record: Record) -> Record:
        assert record.decision is not None
        (name, bid, _, last, at) = record.decision.marks[0]
        return changed(record, marks=((name, bid, price("100.51"), last, at),))

    desk.forge = moved
    desk.do(c.Approve(order=order.id, digest=order.digest), BOB)
    desk.finds("A1", f"releases {order.id}, and the market moved 0.51 against it from 100, limit 50 bps")


def test_a1_finds_a_release_on_an_old_mark(desk: Scene) -> None:
    order = held(desk)
    desk.forge = lambda record: msgspec.structs.replace(
        record, command=msgspec.structs.replace(record.command, at=record.command.at + 20 * NANOSECONDS)
    )
    desk.do(c.Approve(order=order.id, digest=order.digest), BOB)
    desk.finds("A1", f"releases {order.id}, and no fresh mark says how far the market moved")


def test_a1_finds_an_approval_in_bulk_beyond_its_bound(desk: Scene) -> None:
    order = desk.order("6", "100")
    desk.forge = with_body(bulk=True)
    desk.do(c.Approve(order=order.id, digest=order.digest), BOB)
    desk.finds("A1", f"approves {order.id} in bulk, which is worth more to firm than 500")


def test_a1_finds_an_approval_in_bulk_that_nobody_allowed(desk: Scene) -> None:
    desk.mandate("firm", Mandate(approval_notional_min=money("300")))
    order = held(desk)
    desk.wrong()
    desk.forge = with_body(bulk=True)
    desk.do(c.Approve(order=order.id, digest=order.digest), BOB)
    desk.finds("A1", f"approves {order.id} in bulk, and no mandate allows that")
