"""How many orders a second the simulator puts through the real guard, on virtual disks, links and venues."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from remit.bench.durable import BATCH, Stepping
from remit.bench.table import Row, Skipped
from remit.bench.timing import CPU, Round, in_turns
from remit.testing.sim.schedule import STEPS, Schedule, draw
from remit.testing.sim.simulation import simulate

SEEDS = range(1, 11)
"""The same in every run, in this order, so that two runs measure the same work."""


class BrokenPromise(Exception):
    """A simulation that was to be measured broke a promise: `make sim SEED=...` tells its story."""


class Simulating:
    """One simulation after the other: all faults of their seeds, and every invariant checked after every step."""

    def __init__(self, steps: int = STEPS) -> None:
        self.orders = 0
        self.entries = 0
        self._steps = steps
        self._begun = 0
        self._schedule: Schedule | None = None

    def prepare(self) -> None:
        """Draw the next seed's schedule."""
        self._schedule = draw(SEEDS[self._begun % len(SEEDS)], self._steps)
        self._begun += 1

    def run(self) -> int:
        """Simulate it and return how many orders were asked for; raise BrokenPromise where something failed."""
        assert self._schedule is not None, "drawn beforehand"
        outcome = simulate(self._schedule)
        if outcome.failure is not None:
            raise BrokenPromise(f"seed {outcome.seed} broke {outcome.failure.invariant}: {outcome.failure.what}")
        self.orders += outcome.counts["orders"]
        self.entries += outcome.counts["entries"]
        return outcome.counts["orders"]


def sim(rounds: int, steps: int = STEPS, folder: Path | None = None) -> list[Row | Skipped]:
    """Orders and journal entries a second of one process, beside the kernel's own share of an order."""
    with TemporaryDirectory(prefix="remit-bench-", dir=folder) as temporary, ExitStack() as stack:
        alone, simulating = Stepping(Path(temporary) / "alone"), Simulating(steps)
        stack.callback(alone.journal.close)
        took = in_turns(
            {
                "sim": Round(simulating.run, simulating.prepare),
                "alone": Round(lambda: len(alone.entries()), lambda: alone.prepare(BATCH)),
            },
            rounds, CPU, warm=False,
        )  # fmt: skip
    order, beside = took["sim"], took["alone"]
    per_order = simulating.entries / simulating.orders
    said = "judging and encoding one order of the standard book"
    return [
        Row(group="sim", name="orders", ns=order.ns, unit="/s", beside=said, beside_ns=beside.ns, noise=order.noise,
            note=f"{steps} steps a seed, with its faults; every invariant is checked after every step"),
        Row(group="sim", name="entries", ns=order.ns / per_order, unit="/s", beside=said, beside_ns=beside.ns,
            noise=order.noise, note=f"{per_order:.1f} entries of the guard's journal for each order asked for"),
    ]
