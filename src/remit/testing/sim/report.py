"""What a run of many seeds found, in words and as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.schedule import Schedule
from remit.testing.sim.story import relative, shortened
from remit.testing.sim.worker import Shrinking

ANSWER_MAX_S = 300
"""A simulation takes seconds: one that takes longer than this hangs, which is a failure of its own."""
NOT_DETERMINISTIC, HUNG, DIED = "not_deterministic", "hung", "died"
OWN_PROMISES: Mapping[str, str] = {
    NOT_DETERMINISTIC: "The same seed gives the same observations, whatever the process and its hash seed",
    HUNG: f"A simulation ends within {ANSWER_MAX_S} s",
    DIED: "A simulation does not take its process with it",
    "guard_crash": "The guard handles every fault by name",
    "simulator_fault": "The simulator itself raises nothing",
    "stuck": "A simulation ends in virtual time, too: time neither stands still in it nor goes on for ever",
}


class Found(msgspec.Struct, kw_only=True):
    """A broken promise: how to see it again, what is wrong, and the story of the smallest schedule that shows it."""

    seed: int
    invariant: str
    promise: str
    what: str
    step: int
    at_ns: int
    command: str
    story: list[str] = []
    schedule: Schedule | None = None
    shrunk: Shrinking | None = None


class Report(msgspec.Struct, kw_only=True):
    """What a run found. `seeds` were simulated twice each; `counts` are of one of the two."""

    fresh_from: int
    seeds: int = 0
    past: int = 0
    took_s: float = 0
    virtual_ns: int = 0
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    failures: list[Found] = []
    is_interrupted: bool = False

    @property
    def orders_per_s(self) -> float:
        """Simulated orders a second of real time, both runs of each seed counted."""
        return 2 * self.counts["orders"] / self.took_s if self.took_s else 0.0


def command_for(seed: int, steps: int) -> str:
    """Return what to type to run the seed again."""
    return f"make sim SEED={seed}" + (f' ARGS="--steps {steps}"' if steps else "")


def first_difference(one: Sequence[str], other: Sequence[str]) -> str:
    """Return the first observation that two traces do not share, in words."""
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return f"observation {number:,} is `{left}` in one process and `{right}` in the other"
    if len(one) == len(other):
        return f"two runs differed once, and agreed in all {len(one):,} observations when they were asked again"
    shared = min(len(one), len(other))
    more = max(one, other, key=len)[shared]
    return f"one process saw {shared:,} observations and no more, the other `{more}` after them"


def headline(found: Found) -> list[str]:
    """Return what broke, with numbers, and the command that shows it again."""
    when = f" at {relative(found.at_ns)}" if found.at_ns else ""
    return [
        "",
        f"FAILED seed {found.seed}: {found.invariant}. {found.promise}",
        f"  after step {found.step}{when}: {found.what}",
        f"  again: {found.command}",
    ]


def told(found: Found) -> list[str]:
    """Return how far a failure was shrunk, and its story."""
    lines = []
    if (small := found.shrunk) is not None:
        why = "nothing more can be left out" if small.is_smallest else "time was up"
        lines.append(
            f"  shrunk to {small.steps} of {small.of_steps} steps and {small.faults} of {small.of_faults} sorts of "
            f"venue faults, in {small.runs:,} simulations and {small.took_s:.1f} s: {why}"
        )
    return [*lines, *("  | " + line for line in shortened(found.story)), ""]


def progress(report: Report) -> str:
    """Return one line: how far the run is."""
    return (
        f"{report.took_s:6.1f} s: {report.seeds:,} seeds twice each, {report.counts['orders']:,} simulated orders, "
        f"{report.orders_per_s:,.0f} orders/s, {len(report.failures)} failures"
    )


def summary(report: Report) -> list[str]:
    """Return what was run, what befell meanwhile, and every failure with its command."""
    virtual_s = report.virtual_ns / NANOSECONDS
    befell = ", ".join(f"{name} {count:,}" for name, count in sorted(report.counts.items()) if ":" not in name)
    lines = [
        "" if not report.is_interrupted else "interrupted; until then:",
        progress(report).strip(),
        f"{report.past} past seeds, {report.seeds - report.past} others; {virtual_s / 3600:,.1f} simulated hours",
        f"seen: {befell or 'nothing'}",
    ]
    by: dict[str, list[Found]] = {}
    for found in report.failures:
        by.setdefault(found.invariant, []).append(found)
    for invariant, those in sorted(by.items()):
        lines.append(f"FAILED {invariant} with {len(those)} seeds: {', '.join(str(one.seed) for one in those[:20])}")
        lines.append(f"  {those[0].what}")
        lines.append(f"  again: {those[0].command}")
    lines.append("every promise held" if not report.failures else f"{len(report.failures)} failures")
    return [line for line in lines if line]
