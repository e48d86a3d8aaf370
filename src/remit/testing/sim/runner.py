"""The runner: many seeds, each in two processes that must observe the same, and what was found, in words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from remit.testing.sim.outcome import Failure
from remit.testing.sim.processes import WORKER, Pair, Worker, WorkerFailed, pair_of
from remit.testing.sim.report import (
    NOT_DETERMINISTIC,
    OWN_PROMISES,
    Found,
    Report,
    command_for,
    first_difference,
    headline,
    progress,
    told,
)
from remit.testing.sim.schedule import Schedule
from remit.testing.sim.worker import Ran, Task

PROGRESS_S = 10
FRESH_BELOW = 10**9


class Seed(NamedTuple):
    """One seed to run: of so many steps (0: as many as a seed has), and what it found in the past.

    A `schedule` that was kept is run in place of the one that the seed draws; `again` is what to type for that.
    """

    seed: int
    steps: int = 0
    found: str = ""
    schedule: Schedule | None = None
    again: str = ""

    def task(self) -> Task:
        """Return what a worker has to do for it."""
        return Task(seed=self.seed, steps=self.steps, schedule=self.schedule)


class Settings(NamedTuple):
    """What to run: the given seeds first, then fresh ones, begun within `fresh_s` seconds (None: until interrupted).

    `promises` are the invariants in words, `command` starts a worker. A failure is shrunk for at most `shrink_s`.
    """

    given: Sequence[Seed]
    fresh_s: float | None
    fresh_from: int
    promises: Mapping[str, str]
    steps: int = 0
    pairs: int = 1
    shrink_s: float = 60
    with_story: bool = False
    command: Sequence[str] = WORKER


Say = Callable[[str], None]


def run(settings: Settings, say: Say) -> Report:
    """Run the seeds and return what was found; every failure is said at once. Ctrl-C ends it early, in good order."""
    return asyncio.run(_Run(settings, say).go())


def fresh_seed() -> int:
    """Return a seed drawn from the clock, short enough to be typed; the fresh ones count on from it."""
    return time.time_ns() // 10**6 % FRESH_BELOW


class _Run:
    """One run: the seeds still to come, the pairs of workers, and the report so far."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self._settings, self._say = settings, say
        self._report = Report(fresh_from=settings.fresh_from)
        self._begun = time.monotonic()
        self._shrinking_s = 0.0
        self._seeds = self._next_seeds()

    async def go(self) -> Report:
        ticker = asyncio.create_task(self._tick())
        pairs = [asyncio.create_task(self._work(number)) for number in range(self._settings.pairs)]
        try:
            await asyncio.gather(*pairs)
        except asyncio.CancelledError:
            self._report.is_interrupted = True
        finally:
            for task in (ticker, *pairs):
                task.cancel()
            await asyncio.gather(ticker, *pairs, return_exceptions=True)
        self._report.took_s = self._running_s()
        return self._report

    def _running_s(self) -> float:
        return time.monotonic() - self._begun - self._shrinking_s

    def _next_seeds(self) -> Iterator[Seed]:
        """Yield the given seeds and, while there is time, fresh ones; a slow machine gets through one at least."""
        yield from self._settings.given
        number, fresh_s = self._settings.fresh_from, self._settings.fresh_s
        until_s = None if fresh_s is None else self._running_s() + fresh_s
        while fresh_s != 0:
            yield Seed(number, self._settings.steps)
            number += 1
            if until_s is not None and self._running_s() >= until_s:
                return

    async def _work(self, number: int) -> None:
        """Run seed after seed, each in the two processes of this pair."""
        async with pair_of(self._settings.command, number) as pair:
            for seed in self._seeds:
                await self._run_seed(seed, pair)

    async def _run_seed(self, seed: Seed, pair: Pair) -> None:
        task = replace(seed.task(), with_story=self._settings.with_story)
        answers = await asyncio.gather(*(worker.ask(task) for worker in pair), return_exceptions=True)
        ran = [answer for answer in answers if isinstance(answer, Ran)]
        report = self._report
        report.seeds += 1
        report.past += bool(seed.found)
        for answer in answers:
            if isinstance(answer, WorkerFailed):
                self._found(seed, Failure(answer.code, 0, 0, str(answer)))
                return
            if isinstance(answer, BaseException):
                raise answer
        one, other = ran
        report.counts.update(one.counts)
        report.virtual_ns += one.virtual_ns
        if (one.hash, one.failure) != (other.hash, other.failure):
            self._found(seed, Failure(NOT_DETERMINISTIC, 0, 0, await self._difference(task, pair)))
        if one.failure is not None:
            await self._failed(seed, one.failure, pair[0])
        elif self._settings.with_story:
            self._say("\n".join([f"the story of seed {seed.seed}, which breaks nothing:", *one.story]))

    async def _difference(self, task: Task, pair: Pair) -> str:
        again = replace(task, with_trace=True, with_story=False)
        try:
            one, other = await asyncio.gather(*(worker.ask(again) for worker in pair))
        except WorkerFailed as fault:
            return f"the two runs differed, and a process failed when asked again: {fault}"
        return first_difference(one.trace, other.trace)

    async def _failed(self, seed: Seed, failure: Failure, worker: Worker) -> None:
        """Say a failure; shrink it and tell its story where it is the first of its invariant."""
        is_first = all(found.invariant != failure.invariant for found in self._report.failures)
        found = self._found(seed, failure)
        if not is_first:
            return
        limit_s = self._settings.shrink_s
        self._say(f"  shrinking it for at most {limit_s:g} s ..." if limit_s else "  its story, not shrunk:")
        begun = time.monotonic()
        try:
            ran = await worker.ask(replace(seed.task(), with_story=True, shrink_s=limit_s))
        except WorkerFailed as fault:
            self._say(f"  it could not be shrunk: {fault}")
            return
        finally:
            self._shrinking_s += (time.monotonic() - begun) / self._settings.pairs
        found.story, found.schedule, found.shrunk = ran.story, ran.schedule, ran.shrunk
        self._say("\n".join(told(found)))

    def _found(self, seed: Seed, failure: Failure) -> Found:
        """Add a failure to the report and say it."""
        found = Found(
            seed=seed.seed, invariant=failure.invariant, what=failure.what, step=failure.step, at_ns=failure.at_ns,
            promise={**OWN_PROMISES, **self._settings.promises}.get(failure.invariant, ""),
            command=seed.again or command_for(seed.seed, seed.steps),
        )  # fmt: skip
        self._report.failures.append(found)
        self._say("\n".join(headline(found)))
        return found

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(PROGRESS_S)
            self._report.took_s = self._running_s()
            self._say(progress(self._report))
