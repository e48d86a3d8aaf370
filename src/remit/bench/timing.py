"""Timing: things measured in turns, so that whatever the machine does meanwhile, it does to all of them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


def _nothing() -> None:
    """What most rounds need beforehand."""


class Round(NamedTuple):
    """One round of work: `run` returns how many units it did; `prepare` comes before it, while no clock runs."""

    run: Callable[[], int]
    prepare: Callable[[], None] = _nothing


class Timed(NamedTuple):
    """Nanoseconds per unit: the median of all rounds, and the noise: half the middle fifty percent, as its share."""

    ns: float
    noise: float


Clock = Callable[[], int]
WALL: Clock = time.perf_counter_ns
CPU: Clock = time.thread_time_ns
"""For work that waits for nothing: what other programs take of a core meanwhile is left out."""


def in_turns(
    subjects: Mapping[str, Round], rounds: int, clock: Clock = WALL, *, warm: bool = True
) -> dict[str, Timed]:
    """Return how long a unit of each subject takes, measured round by round in turns after one round to warm up.

    `warm=False` leaves that round out, for rounds so long that their own beginning is nothing. The cyclic garbage
    collector rests inside a round and runs between rounds.
    """
    gc.collect()
    gc.freeze()  # what was set up is not looked through again and again
    try:
        for work in subjects.values() if warm else ():
            _once(work, clock)
        taken: dict[str, list[float]] = {name: [] for name in subjects}
        for _ in range(rounds):
            for name, work in subjects.items():
                taken[name].append(_once(work, clock))
    finally:
        gc.unfreeze()
    return {name: timed(values) for name, values in taken.items()}


def timed(values: Sequence[float]) -> Timed:
    """Return median and noise of measured values."""
    middle = statistics.median(values)
    if len(values) < 2:
        return Timed(middle, 0.0)
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return Timed(middle, (high - low) / 2 / middle if middle else 0.0)


def _once(work: Round, clock: Clock) -> float:
    work.prepare()
    gc.collect()
    gc.disable()
    try:
        start = clock()
        units = work.run()
        end = clock()
    finally:
        gc.enable()
    return (end - start) / units
