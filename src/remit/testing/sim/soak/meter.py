"""What a soak measures: what happened, how large everything is, and whether any of it grows without end."""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.state import State
from remit.testing.sim.observer import Observer

REMEMBERED = (
    "finished", "finished_at", "fills", "seen", "seen_at", "same", "same_at", "past_exits", "parents", "children",
    "strange",
)  # fmt: skip
"""Tables of the state that hold what is over, for three days: they grow with the orders, and then go."""
LIVE_GROWTH_PCT, LIVE_SLACK = 25, 100
"""How much larger a table of what lives may be in the last third of a soak than it ever was before."""
BYTES_PER_ORDER_MAX = 25_000
"""Memory that an order may cost that is over, in guard, venue, callers and loop together, beside the journal."""
BLOCKS_PER_ORDER_MAX = 250
"""The same in small blocks of Python's own allocator, which no large buffer and no gap between blocks blurs."""
LONG = 30
"""Samples from which on the memory that the system shows is judged: before, a restart moves it more than orders do."""


class Sample(msgspec.Struct, frozen=True):
    """How large everything is at one minute of virtual time. `disk_bytes` of the memory are the disks themselves."""

    minute: int
    real_s: float
    rss_bytes: int
    disk_bytes: int
    blocks: int
    orders: int
    tables: dict[str, int]


class Meter(Observer):
    """An observer that keeps nothing but counts."""

    def __init__(self) -> None:
        super().__init__(lambda: 0)
        self.counts: Counter[str] = Counter()

    def booted(self, guard: Any) -> None:
        """Count the start."""
        self.guard = guard
        self.counts["boots"] += 1

    def heard(self, record: Record) -> None:
        """Count a durable record, by what it says."""
        counts, body = self.counts, record.command.body
        counts["entries"] += 1
        if isinstance(body, c.Submit) and record.decision is not None:
            counts["orders"] += 1
            counts[_VERDICTS[record.decision.verdict]] += 1
            if record.decision.verdict == "deny":
                counts[f"denied by {record.decision.findings[0].rule}"] += 1
        elif isinstance(body, c.Marked):
            counts["marks"] += len(body.marks)
        for event in record.events:
            if isinstance(event, e.Booked):
                counts["fills"] += 1
            elif isinstance(event, e.ExitTriggered):
                counts["exits"] += 1
            elif isinstance(event, e.HaltRaised):
                counts["halts"] += 1

    def _see(self, kind: str, who: str, what: Any, said: bytes) -> None:
        self.counts[f"{kind} {what}" if kind == "befell" else kind] += 1

    def look(self) -> None:
        """Nothing: the disk is read when all is over."""


_VERDICTS: Mapping[str, str] = {"allow": "allowed", "deny": "denied", "hold": "held"}


def sizes(state: State) -> dict[str, int]:
    """Return how many entries each table of the state has."""
    return {name.lstrip("_"): len(table) for name, table in vars(state).items() if hasattr(table, "__len__")}


def rss_bytes() -> int:
    """Return the memory of this process that is in use, or where the system does not say, the most it ever was."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def sample(minute: int, began: float, disk_bytes: int, orders: int, state: State) -> Sample:
    """Return how large everything is now."""
    tables = {name: size for name, size in sizes(state).items() if name not in ("prefix", "version", "firm_currency")}
    return Sample(minute, time.monotonic() - began, rss_bytes(), disk_bytes, sys.getallocatedblocks(), orders, tables)


def growth(samples: list[Sample]) -> list[str]:
    """Return what grows without end, in words; nothing where there are too few samples to tell."""
    if len(samples) < 6:
        return []
    found = []
    late = samples[len(samples) * 2 // 3 :]
    before = samples[: len(samples) * 2 // 3]
    for table in samples[-1].tables:
        if table in REMEMBERED:
            continue
        then, now = (max(one.tables.get(table, 0) for one in part) for part in (before, late))
        if now > then * (100 + LIVE_GROWTH_PCT) // 100 + LIVE_SLACK:
            found.append(f"the table {table} grows: {then} entries at most in the first two thirds, then {now}")
    cost = bytes_per_order(samples)
    if len(samples) >= LONG and cost > BYTES_PER_ORDER_MAX:
        found.append(f"memory grows by {cost} bytes an order, over {BYTES_PER_ORDER_MAX}")
    blocks = blocks_per_order(samples)
    if blocks > BLOCKS_PER_ORDER_MAX:
        found.append(f"memory grows by {blocks} blocks an order, over {BLOCKS_PER_ORDER_MAX}")
    return found


def blocks_per_order(samples: list[Sample]) -> int:
    """Return how many blocks more Python holds with each order since the first third."""
    if not samples:
        return 0
    first, last = samples[len(samples) // 3], samples[-1]
    return max(last.blocks - first.blocks, 0) // max(last.orders - first.orders, 1)


def bytes_per_order(samples: list[Sample]) -> int:
    """Return how much the memory beside the disks grew with each order since the first third."""
    if not samples:
        return 0
    first, last = samples[len(samples) // 3], samples[-1]
    grown = (last.rss_bytes - last.disk_bytes) - (first.rss_bytes - first.disk_bytes)
    return max(grown, 0) // max(last.orders - first.orders, 1)
