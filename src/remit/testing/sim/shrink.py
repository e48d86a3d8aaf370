"""Shrinking: the smallest schedule that still breaks the same promise, so that a person can read why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec.structs import replace

from remit.testing.sim.outcome import Outcome
from remit.testing.sim.schedule import Schedule, Step, Swarm

Simulate = Callable[[Schedule], Outcome]


class Shrunk(NamedTuple):
    """A schedule that still breaks the promise, what it led to, and how many simulations it took to find.

    `is_smallest`: nothing more of it can be taken away alone; otherwise time was up first.
    """

    schedule: Schedule
    outcome: Outcome
    runs: int
    is_smallest: bool


class _TimeUp(Exception):
    """No time is left for another simulation."""


def shrink(schedule: Schedule, failed: Outcome, simulate: Simulate, is_time_up: Callable[[], bool]) -> Shrunk:
    """Return the smallest schedule found in time that breaks the same invariant as `failed`, the outcome of `schedule`.

    First what comes after the failing step is cut; then steps, faults, limits and the size of storms are taken away, in
    large pieces first, as long as the same invariant breaks. Raises ValueError where nothing failed.
    """
    if failed.failure is None:
        raise ValueError(f"seed {schedule.seed} broke nothing: there is nothing to shrink")
    search = _Search(schedule, failed, failed.failure.invariant, simulate, is_time_up)
    try:
        search.cut()
        while search.round():
            pass
    except _TimeUp:
        return Shrunk(search.schedule, search.outcome, search.runs, False)
    return Shrunk(search.schedule, search.outcome, search.runs, True)


class _Search:
    """The smallest schedule so far, and the ways to make it smaller."""

    def __init__(
        self, schedule: Schedule, failed: Outcome, invariant: str, simulate: Simulate, is_time_up: Callable[[], bool]
    ) -> None:
        self.schedule, self.outcome, self.runs = schedule, failed, 0
        self._invariant, self._simulate, self._is_time_up = invariant, simulate, is_time_up

    def round(self) -> bool:
        """Try once to take everything away; say whether anything went."""
        before = self.schedule
        self._without_all()
        self._fewer_steps()
        self._one_by_one("faults")
        self._one_by_one("limits")
        self._smaller_storms()
        return self.schedule != before

    def cut(self) -> None:
        """Leave out what comes after the failing step."""
        failure = self.outcome.failure
        if failure is not None and failure.step + 1 < len(self.schedule.steps):
            self._attempt(replace(self.schedule, steps=self.schedule.steps[: max(0, failure.step + 1)]))

    def _without_all(self) -> None:
        """Most promises break without most faults: what takes everything away at once saves the most time."""
        swarm = self.schedule.swarm
        if swarm.faults:
            self._attempt_swarm(replace(swarm, faults={}))
        if swarm.limits:
            self._attempt_swarm(replace(self.schedule.swarm, limits=()))

    def _fewer_steps(self) -> None:
        """Take away half of the steps, then quarters, and so on down to single ones, from the end."""
        size = max(1, len(self.schedule.steps) // 2)
        while True:
            end = len(self.schedule.steps)
            while end > 0:
                begin = max(0, end - size)
                self._attempt(replace(self.schedule, steps=without(self.schedule.steps, begin, end)))
                end = min(begin, len(self.schedule.steps))
            if size == 1:
                return
            size //= 2

    def _one_by_one(self, field: str) -> None:
        for name in tuple(getattr(self.schedule.swarm, field)):
            self._attempt_swarm(_lacking(self.schedule.swarm, field, name))

    def _smaller_storms(self) -> None:
        number = 0
        while number < len(self.schedule.steps):
            count = self.schedule.steps[number].count
            for smaller in _smaller(count):
                steps = list(self.schedule.steps)
                steps[number] = replace(steps[number], count=smaller)
                if self._attempt(replace(self.schedule, steps=tuple(steps))):
                    break
            number += 1

    def _attempt_swarm(self, swarm: Swarm) -> bool:
        return self._attempt(replace(self.schedule, swarm=swarm))

    def _attempt(self, smaller: Schedule) -> bool:
        """Keep the smaller schedule where it breaks the same invariant; raise _TimeUp where no time is left to see."""
        if self._is_time_up():
            raise _TimeUp
        self.runs += 1
        outcome = self._simulate(smaller)
        if outcome.failure is None or outcome.failure.invariant != self._invariant:
            return False
        self.schedule, self.outcome = smaller, outcome
        self.cut()
        return True


def without(steps: tuple[Step, ...], begin: int, end: int) -> tuple[Step, ...]:
    """Return the steps without those from `begin` up to `end`; what is left happens at the same instants as before."""
    waited = sum(step.after_ns for step in steps[begin:end])
    rest = steps[end:]
    if rest:
        rest = (replace(rest[0], after_ns=rest[0].after_ns + waited), *rest[1:])
    return steps[:begin] + rest


def _lacking(swarm: Swarm, field: str, name: str) -> Swarm:
    if field == "faults":
        return replace(swarm, faults={fault: chance for fault, chance in swarm.faults.items() if fault != name})
    return replace(swarm, limits=tuple(limit for limit in swarm.limits if limit != name))


def _smaller(count: int) -> Iterable[int]:
    """Yield 1 and then what lies half way, a quarter and an eighth below the count."""
    return sorted({1, count // 2, count - count // 4, count - count // 8} - {0, count})
