"""Journal time never goes back, draws level with the wall clock, and tells every jump once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.guard.clock import JUMP_NS, SLEW_PARTS, Clock

SECOND = 10**9
HOUR = 3600 * SECOND
START = 1_800_000_000 * SECOND

passed_ns = st.integers(0, 10 * SECOND)
wall_step_ns = st.one_of(st.just(0), st.integers(-SECOND, SECOND), st.integers(-2 * HOUR, 2 * HOUR))


@given(last=st.integers(-HOUR, HOUR), steps=st.lists(st.tuples(passed_ns, wall_step_ns), max_size=60))
def test_time_never_goes_back_and_runs_within_its_bound(last: int, steps: list[tuple[int, int]]) -> None:
    clock, wall, monotonic = Clock(START + last, START, 0), START, 0
    before = clock.read(wall, monotonic).at
    assert before >= START + max(last, 0)
    for passed, step in steps:
        wall, monotonic = wall + passed + step, monotonic + passed
        at = clock.read(wall, monotonic).at
        assert passed - passed // SLEW_PARTS <= at - before <= passed + passed // SLEW_PARTS
        before = at


@given(offset=st.integers(-HOUR, HOUR), interval=st.integers(SECOND // 100, 100 * SECOND))
def test_time_draws_level_with_a_steady_wall_clock(offset: int, interval: int) -> None:
    clock, monotonic = Clock(START, START, 0), 0
    needed = abs(offset) // (interval // SLEW_PARTS) + 2
    skipped = max(0, needed - 300)  # long stretches in one reading, the end in many
    clock.read(START + offset + skipped * interval, skipped * interval)
    for reading in range(skipped + 1, needed + 1):
        monotonic = reading * interval
        clock.read(START + monotonic + offset, monotonic)
    assert clock.read(START + monotonic + offset, monotonic).at == START + monotonic + offset


@given(jump=st.one_of(st.integers(JUMP_NS + 1, 2 * HOUR), st.integers(-2 * HOUR, -JUMP_NS - 1)), passed=passed_ns)
def test_a_jump_is_told_once_with_its_size(jump: int, passed: int) -> None:
    clock = Clock(START, START, 0)
    assert clock.read(START + SECOND, SECOND).jump_ns == 0
    assert clock.read(START + SECOND + passed + jump, SECOND + passed).jump_ns == jump
    for later in range(1, 50):
        now = SECOND + passed + later * SECOND
        assert clock.read(START + now + jump, now).jump_ns == 0


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_jumps_of_an_hour_both_ways_and_back(jump: int) -> None:
    clock = Clock(START, START, 0)
    there = clock.read(START + 10 * SECOND + jump, 10 * SECOND)
    back = clock.read(START + 20 * SECOND, 20 * SECOND)
    assert (there.jump_ns, back.jump_ns) == (jump, -jump)
    assert abs(there.at - (START + 10 * SECOND)) == SECOND
    assert clock.read(START + 60 * SECOND, 60 * SECOND) == clock.read(START + 60 * SECOND, 60 * SECOND)
    assert clock.read(START + 90 * SECOND, 90 * SECOND).at == START + 90 * SECOND


def test_a_wall_clock_behind_the_journal_is_told_at_the_first_reading() -> None:
    clock = Clock(START + HOUR, START, 7)
    first = clock.read(START, 7)
    assert (first.at, first.jump_ns) == (START + HOUR, -HOUR)
    assert clock.read(START + SECOND, 7 + SECOND).jump_ns == 0


@pytest.mark.parametrize("behind", [0, 1, SECOND])
def test_a_wall_clock_a_second_behind_at_start_is_no_fault(behind: int) -> None:
    assert Clock(START + behind, START, 0).read(START, 0).jump_ns == 0


def test_a_wall_clock_that_creeps_away_is_told() -> None:
    clock, wall = Clock(START, START, 0), START
    jumps = []
    for _ in range(5):
        wall += SECOND // 2
        jumps.append(clock.read(wall, 0).jump_ns)
    assert jumps == [0, 0, 3 * SECOND // 2, 0, 0]


def test_a_monotonic_clock_that_goes_back_is_refused() -> None:
    clock = Clock(START, START, 100)
    with pytest.raises(ValueError, match="went back by 1 ns"):
        clock.read(START, 99)
