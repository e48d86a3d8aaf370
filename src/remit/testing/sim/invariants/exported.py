"""X: what stands in an export, and who is told when it stays behind."""

from __future__ import annotations

from collections.abc import Iterator

from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.exporting import LAG_S_MAX
from remit.testing.sim.invariants.check import Check, Known, View
from remit.testing.sim.observer import Kind, Seen

LAG_NS = LAG_S_MAX * NANOSECONDS
LOOK_NS = NANOSECONDS
"""How often the guard looks."""
LATE_NS = 60 * NANOSECONDS
"""How long an alarm may be under way: the guard's process stands still for nearly so long now and then."""
ALARMS = ("export_late", "export_fault")
FINAL = ("journal_rolled_back", "journal_damaged", "export_conflict", "export_refused")
"""Faults of an exporter that trying again does not end."""
DISTURBING = ("jumped", "old_copy")
"""What takes away the sense of an instant that was written down before."""


class Whole(Check):
    """X1. Looked at is what stands there at each instant at which a head is replaced, read from the files alone as a
    stranger does: no file of a place changes otherwise. How many entries are durable is read from the disk."""

    kinds: tuple[Kind, ...] = ("exported",)

    def saw(self, seen: Seen) -> Iterator[str]:
        size, _, fault = seen.what
        if fault:
            yield f"{seen.who} has a head of size {size}, and {fault}"
        if size > seen.durable:
            yield f"{seen.who} has a head of size {size}, while {seen.durable} entries are durable"


class Alarmed(Check):
    """X2. An export is as far behind as its last try that brought everything out is long ago. The guard must say so
    within a minute of its own life, once until it is well again; and it may say so only where it was so within the last
    minute. What was written down before the wall clock jumped or an old copy was put back says nothing."""

    kinds: tuple[Kind, ...] = ("followed", "alerted", "befell", "booting", "booted", "died", "stopped")

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._out_at: int | None = None
        """When everything was out; None before the first time."""
        self._late_at: int | None = None
        """Until when it was late."""
        self._final_at: int | None = None
        self._disturbed_at = 0
        self._up_at: int | None = None
        self._is_told = False

    def saw(self, seen: Seen) -> Iterator[str]:
        at = seen.at_ns
        if seen.kind == "followed":
            self._followed(at, *seen.what)
        elif seen.kind == "booted":
            self._up_at, self._is_told = at, False
        elif seen.kind in ("booting", "died", "stopped"):
            self._up_at = None
        elif seen.kind == "befell":
            slept = int(seen.who) if seen.what == "slept" else 0
            if slept or seen.what in DISTURBING:
                self._disturbed_at = max(self._disturbed_at, at + slept)
        elif seen.what.code in ALARMS:
            self._is_told = True
            yield from self._groundless(at, seen.what.code)

    def after_step(self, view: View) -> Iterator[str]:
        if self._up_at is None or self._out_at is None or self._is_told or view.state is None:
            return
        since = max(self._out_at, self._disturbed_at, self._up_at)
        if view.at_ns - since > LAG_NS + LATE_NS:
            self._is_told = True
            behind = (view.at_ns - self._out_at) // NANOSECONDS
            yield f"an export is {behind} s behind, {LAG_S_MAX} s are allowed, and nobody was told"

    def _followed(self, at: int, fault: str, out_at: int | None) -> None:
        if fault.startswith(FINAL):
            self._final_at = at
        if fault or out_at is None or out_at == self._out_at:
            return
        if self._out_at is not None and at - self._out_at > LAG_NS - LOOK_NS:
            self._late_at = at
        if self._late_at is None or at - self._late_at > LATE_NS:
            self._is_told = False
        self._out_at = out_at

    def _groundless(self, at: int, code: str) -> Iterator[str]:
        if self._out_at is None or self._disturbed_at >= self._out_at or at - self._disturbed_at < LATE_NS:
            return
        if code == "export_fault":
            if self._final_at is None or at - self._final_at > LATE_NS:
                yield "people were told that an export cannot go on, and it did"
        elif at - self._out_at < LAG_NS - LOOK_NS and (self._late_at is None or at - self._late_at > LATE_NS):
            behind = (at - self._out_at) / NANOSECONDS
            yield f"people were told that an export is late, and it is {behind:.1f} s behind"
