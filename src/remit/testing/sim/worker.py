"""One process that simulates for the runner: a task a line on its input, an answer a line on its output."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import select
import sys
import threading
import time
from collections.abc import Callable
from typing import BinaryIO, Protocol

import msgspec

from remit.testing.sim.outcome import Failure, Outcome
from remit.testing.sim.schedule import STEPS, Schedule, draw
from remit.testing.sim.shrink import shrink
from remit.testing.sim.story import Told, story

Draw = Callable[[int, int], Schedule]


class Simulate(Protocol):
    """What simulates a schedule; with `keep_trace` the outcome also has its trace line by line, without `to_rest` it
    ends after the last step."""

    def __call__(self, schedule: Schedule, *, keep_trace: bool = False, to_rest: bool = True) -> Outcome:
        """Return what the simulation found."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Simulate the seed, of so many steps (0: as many as a seed has); bring its story and its trace along if asked for.

    With `shrink_s` above 0 a failure is also shrunk for at most so many seconds, and the story is that of the shrunk
    schedule. A `schedule` that was kept is run in place of the one that the seed draws.
    """

    seed: int
    steps: int = 0
    schedule: Schedule | None = None
    with_story: bool = False
    with_trace: bool = False
    shrink_s: float = 0


class Shrinking(msgspec.Struct, frozen=True, kw_only=True):
    """How far a failure was shrunk: steps and sorts of faults left of how many, and what it took."""

    steps: int
    of_steps: int
    faults: int
    of_faults: int
    runs: int
    took_s: float
    is_smallest: bool


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a task. `took_ns` is real time, `virtual_ns` simulated; `story` is in words, and `schedule` what it
    is about where it was asked for."""

    seed: int
    hash: str
    failure: Failure | None
    counts: dict[str, int]
    virtual_ns: int
    took_ns: int
    story: list[str] = []
    trace: list[str] = []
    schedule: Schedule | None = None
    shrunk: Shrinking | None = None


def carry_out(task: Task, simulate: Simulate, draw: Draw) -> Ran:
    """Return what comes of one task."""
    schedule = task.schedule or draw(task.seed, task.steps or STEPS)
    begun = time.perf_counter_ns()
    outcome = simulate(schedule, keep_trace=task.with_trace)
    took_ns = time.perf_counter_ns() - begun
    shrunk = None
    if task.shrink_s and outcome.failure is not None:
        schedule, outcome, shrunk = _shrink(task, schedule, outcome, simulate)
    return Ran(
        seed=task.seed, hash=outcome.hash, failure=outcome.failure, counts=outcome.counts,
        virtual_ns=outcome.virtual_ns, took_ns=took_ns,
        story=_told(outcome, len(schedule.steps)) if task.with_story else [],
        trace=outcome.trace, schedule=schedule if task.with_story else None, shrunk=shrunk,
    )  # fmt: skip


def _told(outcome: Outcome, steps: int) -> list[str]:
    """Return the story in words; its last line is what is wrong."""
    failure = outcome.failure
    if failure is None:
        return story(outcome.story, steps)
    step = outcome.story[-1].step if outcome.story else failure.step
    wrong = Told(failure.at_ns, step, "wrong", failure.invariant, f"is broken: {failure.what}")
    return story([*outcome.story, wrong], steps)


def _shrink(task: Task, schedule: Schedule, failed: Outcome, simulate: Simulate) -> tuple[Schedule, Outcome, Shrinking]:
    begun = time.monotonic()
    to_rest = failed.failure is not None and failed.failure.step >= len(schedule.steps)
    again = functools.partial(simulate, to_rest=to_rest)  # what breaks before the end needs no end, which takes longest
    found = shrink(schedule, failed, again, lambda: time.monotonic() - begun > task.shrink_s)
    return found.schedule, found.outcome, Shrinking(
        steps=len(found.schedule.steps), of_steps=len(schedule.steps), faults=len(found.schedule.swarm.faults),
        of_faults=len(schedule.swarm.faults), runs=found.runs, took_s=time.monotonic() - begun,
        is_smallest=found.is_smallest,
    )  # fmt: skip


def serve(simulate: Simulate, draw: Draw = draw) -> None:
    """Carry out task after task until the input ends, or until nobody is left who reads the answers, also in the middle
    of a task. Whatever else prints goes to the error output."""
    with contextlib.suppress(BrokenPipeError), _own_output() as out:
        threading.Thread(target=_end_unread, args=(out.fileno(),), daemon=True).start()
        for line in sys.stdin.buffer:
            ran = carry_out(msgspec.json.decode(line, type=Task), simulate, draw)
            out.write(msgspec.json.encode(ran) + b"\n")
            out.flush()
            gc.collect()


def _end_unread(answers: int) -> None:
    """End this process as soon as the other end of its output is gone, with whoever started it: however that died, and
    whatever is simulated just now."""
    watch = select.poll()
    watch.register(answers, 0)  # only errors are waited for
    watch.poll()
    os._exit(0)


def _own_output() -> BinaryIO:
    """Return the standard output for answers alone; prints of others go to the error output from now on."""
    own = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return own


if __name__ == "__main__":
    from remit.testing.sim.simulation import simulate

    serve(simulate)
