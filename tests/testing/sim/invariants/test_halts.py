"""H1 to H3, each broken by hand and kept."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.kernel.desk import ANN, BOB, agent, money
from tests.testing.sim.invariants.scene import Scene, scene
from tests.testing.sim.invariants.test_exposure import filled

from remit.kernel import command as c
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal


@pytest.fixture
def desk() -> Scene:
    return scene()


def halted(desk: Scene, of: str = "agent:momentum") -> str:
    """A person halts; return the halt."""
    desk.took(c.Halt(subject=of, why="enough"), BOB)
    return next(reversed(desk.state.halts))


def test_a_halt_that_stands_through_everything_and_ends_by_a_reviewed_resume_is_well(desk: Scene) -> None:
    name = halted(desk)
    desk.restart()
    desk.mandate("agent:momentum", Mandate(order_notional_max=money("1000000")))
    desk.took(c.SetPause(subject="agent:momentum", paused=True, why="people"), BOB)
    desk.took(c.SetPause(subject="agent:momentum", paused=False, why="people"), BOB)
    desk.submit("1", "100")
    desk.reconcile("paper1")
    desk.took(c.Review(halt=name, limit="person", why="looked"))
    desk.took(c.Resume(halt=name, why="go"))
    desk.submit("1", "100")
    desk.is_well()


@pytest.mark.parametrize("of", ["firm", "account:main", "agent:momentum", "venue:paper", "connection:paper1"])
def test_h1_finds_an_opening_that_is_let_out_while_something_is_halted(desk: Scene, of: str) -> None:
    """The guard's own kernel has forgotten whom the halt stops; the entries have not."""
    name = halted(desk, of)
    for kernel in (desk.kernel, desk.redo, desk.inspector.known.again.kernel):
        desk.wrong()
        kernel.state.halted.clear()
    desk.order("5", "100")
    desk.finds("H1", f"lets test-{desk.state.seq} open while {of} is halted: {name}, person")


def test_h1_finds_the_part_beyond_flat_of_what_is_called_a_reduction(desk: Scene) -> None:
    desk.hold("5")
    name = halted(desk)
    desk.wrong()
    for kernel in (desk.kernel, desk.redo, desk.inspector.known.again.kernel):
        kernel.state.halted.clear()
    order = desk.order("3", "101", side="sell")
    assert not order.opening and not [said for said in desk.wrong() if said.startswith("H1")]
    desk.submit("9", "100", side="sell")
    desk.finds("H1", f"open while agent:momentum is halted: {name}, person")


def test_h1_lets_what_reduces_by_the_time_of_its_release_pass_a_clock_fault(desk: Scene) -> None:
    desk.mandate("firm", Mandate(approval_notional_min=money("400")))
    held = desk.order("4", "101", side="sell")
    for _ in range(2):
        filled(desk, desk.working("3", "100").id, "3")
    desk.took(c.ClockFault(jump_ns=10**12), GUARD)
    assert held.opening and [halt.cause for halt in desk.state.halts.values()] == ["clock"]
    desk.took(c.Approve(order=held.id, digest=held.digest), BOB)
    assert held.state == "allowed" and not held.opening
    desk.send(held.id)
    desk.is_well()


def test_h1_finds_what_leaves_after_the_halt(desk: Scene) -> None:
    order = desk.order("5", "100")
    name = halted(desk)
    desk.send(order.id)
    desk.finds("H1", f"{order.id} opens and left while agent:momentum was halted: {name}")


def test_h2_finds_a_halt_that_is_gone_without_a_resume(desk: Scene) -> None:
    name = halted(desk)
    desk.wrong()
    desk.state.halts.clear()
    desk.state.halted.clear()
    desk.finds("H2", f"in the running guard the halt {name} of agent:momentum (person) is gone, and nobody resumed it")


def test_h2_finds_a_halt_that_a_start_forgets(desk: Scene) -> None:
    name = halted(desk)
    desk.wrong()
    desk.inspector.known.again.state.halts.clear()
    desk.restart()
    desk.finds("H2", f"(KernelStarted) the halt {name} of agent:momentum (person) is gone")


def test_h2_finds_a_halt_that_stops_nobody(desk: Scene) -> None:
    name = halted(desk)
    desk.wrong()
    desk.state.halted.clear()
    desk.finds("H2", f"the halt {name} of agent:momentum (person) stops agent:momentum no more")


def test_h2_finds_a_halt_that_no_entry_raised(desk: Scene) -> None:
    name = halted(desk)
    desk.wrong()
    desk.state.halts["H-77-1"] = msgspec.structs.replace(desk.state.halts[name], id="H-77-1")
    desk.finds("H2", "there is a halt H-77-1 that no entry raised or that was resumed")


@pytest.mark.parametrize("who", [agent("momentum"), Principal(name="claude", role="client", owner="ann"), BOB])
def test_h2_finds_a_resume_by_who_is_no_operator(desk: Scene, who: Principal) -> None:
    name = halted(desk)
    desk.took(c.Review(halt=name, limit="person", why="looked"))
    desk.forge = by(who)
    desk.took(c.Resume(halt=name, why="go"))
    desk.finds("H2", f"{who.role} {who.name} resumed {name} of agent:momentum, which takes an operator")


def by(who: Principal) -> Any:
    """Return a forgery that lets somebody else have entered a command."""

    def forged(record: Record) -> Record:
        return msgspec.structs.replace(record, command=msgspec.structs.replace(record.command, by=who))

    return forged


def test_h2_finds_a_resume_that_nobody_reviewed(desk: Scene) -> None:
    name = halted(desk)
    desk.wrong()
    for kernel in (desk.kernel, desk.redo, desk.shadow, desk.inspector.known.again.kernel):
        fact = kernel.state.halts[name]
        kernel.state.halts[name] = msgspec.structs.replace(fact, reviewed_by="ann")
    desk.took(c.Resume(halt=name, why="go"), ANN)
    desk.finds("H2", f"ends {name} of agent:momentum, which nobody reviewed")


def test_h2_knows_a_review_for_as_long_as_its_entry_is_there(desk: Scene) -> None:
    """An old copy of the journal takes a review away with its entry, and a resume without the review before it."""
    name, left = halted(desk), desk.state.seq
    desk.took(c.Review(halt=name, limit="person", why="looked"), ANN)
    desk.took(c.Resume(halt=name, why="go"), ANN)
    desk.is_well()
    latched = next(check for invariant, check in desk.inspector._checks if invariant == "H2")
    seen, resumed = desk.observer.seen[-1], desk.records[-1]
    latched.went_back(left + 1)
    assert list(latched.entry(seen, resumed)) == []
    latched.went_back(left)
    said = list(latched.entry(seen, resumed))
    assert len(said) == 1 and f"ends {name} of agent:momentum, which nobody reviewed" in said[0]


def test_h3_finds_a_halt_that_nobody_hears_of(desk: Scene) -> None:
    desk.is_silent = True
    name = halted(desk)
    desk.finds("H3", f"halts agent:momentum (person, {name}), and nobody was alerted")


def test_h3_waits_for_the_next_guard_where_the_first_died_before_it_could_tell(desk: Scene) -> None:
    desk.is_silent = True
    name = halted(desk)
    desk.observer.died("killed")
    desk.guard.loop.failed = "dead"
    desk.is_well()
    desk.guard.loop.failed = None
    desk.observer.booting()
    desk.observer.booted(desk.guard)
    desk.is_well()  # it asks whoever remembers the journal first
    desk.took(c.KernelStarted(version="1", digest="0" * 64, clean=False, prefix="test"), GUARD)
    desk.finds("H3", name)
