"""A4 and C2, broken by hand and kept."""

from __future__ import annotations

import msgspec
import pytest
from tests.testing.sim.invariants.scene import Scene, scene

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.event import Record, Took
from remit.kernel.names import GUARD, Principal

OWEN = Principal(name="owen", role="owner", owner="owen")


@pytest.fixture
def desk() -> Scene:
    return scene()


def taken(record: Record) -> Record:
    """A record as if its command had taken effect."""
    return msgspec.structs.replace(record, events=(Took(),))


def test_what_an_owner_does_within_their_own_is_well(desk: Scene) -> None:
    desk.took(c.AddAccount(account=access.Account(name="own", owner="owen", environment="training", currency="USD")))
    desk.took(c.AddAgent(agent=access.Agent(name="mine", account="own", owner="owen")), OWEN)
    desk.took(c.SetPause(subject="agent:mine", paused=True, why="lunch"), OWEN)
    desk.do(c.SetPause(subject="agent:momentum", paused=True, why="not mine"), OWEN)  # refused
    desk.is_well()


def test_a4_finds_an_owner_who_touches_what_is_not_theirs(desk: Scene) -> None:
    desk.forge = taken
    desk.do(c.SetPause(subject="agent:momentum", paused=True, why="mischief"), OWEN)
    desk.finds("A4", "owen of owen enters SetPause of momentum")


def test_a4_finds_somebody_shut_out_who_goes_on(desk: Scene) -> None:
    desk.took(c.AddPerson(person=access.Person(name="bob", role="approver")))
    desk.took(c.SetPerson(name="bob", role="approver", disabled=True, why="left"))
    desk.forge = taken
    desk.do(c.SetPause(subject="agent:momentum", paused=True, why="still here"), Principal(name="bob", role="approver"))
    desk.finds("A4", "bob acts as approver", "shut out: True")


def test_a_reading_that_is_switched_on_is_well(desk: Scene) -> None:
    desk.took(c.SetCapability(agent="momentum", capability="get_positions", enabled=False))
    desk.took(c.SetCapability(agent="momentum", capability="get_positions", enabled=True))
    desk.took(c.Acted(what="read positions", ok=True, agent="momentum", via=f"call 1 after {desk.state.seq}"), GUARD)
    desk.is_well()


def test_c2_finds_an_answer_to_what_is_switched_off(desk: Scene) -> None:
    desk.took(c.SetCapability(agent="momentum", capability="get_positions", enabled=False))
    desk.took(c.Acted(what="read positions", ok=True, agent="momentum", via=f"call 1 after {desk.state.seq}"), GUARD)
    desk.finds("C2", "momentum was answered to read positions", "get_positions switched off")
