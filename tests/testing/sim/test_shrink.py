"""Shrinking: what is left is the smallest that still breaks the same promise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.testing.sim.fake import CAP, SWARM, broken, draw, simulate

from remit.testing.sim.outcome import Failure, Outcome
from remit.testing.sim.schedule import Schedule, Step
from remit.testing.sim.shrink import shrink, without


def step(do: str, count: int = 1, after_ns: int = 10) -> Step:
    return Step(after_ns=after_ns, do=do, who="ann", seed=1, count=count)


def never() -> bool:
    return False


def test_the_smallest_story_is_left() -> None:
    schedule = draw(7, 200)
    failed = broken(schedule)
    assert failed.failure is not None and failed.failure.step > 10
    found = shrink(schedule, failed, broken, never)
    assert found.is_smallest
    assert found.schedule.swarm.faults.keys() == {"twice"}
    assert found.schedule.swarm.limits == ()
    steps = found.schedule.steps
    assert {one.do for one in steps} == {"storm"}
    assert sum(one.count for one in steps) > CAP
    assert all(sum(one.count for one in steps) - one.count <= CAP for one in steps), "each of them is needed"
    assert found.outcome.failure is not None and found.outcome.failure.step == len(steps) - 1


def test_steps_keep_their_instants() -> None:
    steps = tuple(step("mark", after_ns=number) for number in (1, 2, 4, 8))
    assert [one.after_ns for one in without(steps, 1, 3)] == [1, 14]
    assert [one.after_ns for one in without(steps, 2, 4)] == [1, 2]


def test_another_broken_promise_is_not_followed() -> None:
    """Taking the storm away breaks something else: the storm stays."""

    def two_promises(schedule: Schedule) -> Outcome:
        stormy = any(one.do == "storm" for one in schedule.steps)
        return Outcome(1, "", Failure("E1" if stormy else "P1", len(schedule.steps), 0, "wrong"))

    schedule = Schedule(1, SWARM, (step("mark"), step("storm", 8), step("mark")))
    found = shrink(schedule, two_promises(schedule), two_promises, never)
    assert [(one.do, one.count) for one in found.schedule.steps] == [("storm", 1)]


def test_no_time_leaves_what_was_found_so_far() -> None:
    schedule = draw(7, 200)
    left = 12

    def is_time_up() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    found = shrink(schedule, broken(schedule), broken, is_time_up)
    assert (found.is_smallest, found.runs) == (False, 12)
    assert len(found.schedule.steps) < 200
    again = broken(found.schedule)
    assert again.failure is not None and again.failure == found.outcome.failure


def test_what_broke_nothing_is_not_shrunk() -> None:
    with pytest.raises(ValueError, match="nothing to shrink"):
        shrink(draw(7, 20), simulate(draw(7, 20)), simulate, never)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 60), st.booleans())
def test_whatever_is_left_still_fails_and_is_part_of_the_whole(seed: int, size: int, faulty: bool) -> None:
    schedule = draw(seed, size)
    schedule = schedule if faulty else replace(schedule, swarm=replace(SWARM, faults={}))
    failed = broken(schedule)
    if failed.failure is None:
        return
    found = shrink(schedule, failed, broken, never)
    assert found.outcome == broken(found.schedule)
    assert found.outcome.failure is not None and found.outcome.failure.invariant == "E1"
    assert {one.seed for one in found.schedule.steps} <= {one.seed for one in schedule.steps}
