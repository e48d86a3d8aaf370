"""A soak in words: what went by and how fast, what it took, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from remit.testing.sim.soak.meter import BLOCKS_PER_ORDER_MAX, BYTES_PER_ORDER_MAX, REMEMBERED
from remit.testing.sim.soak.run import Outcome

RATES = ("orders", "allowed", "denied", "held", "fills", "exits", "marks", "entries")
ALSO = ("restarts", "cuts", "venue faults", "halts", "alerted")
MB = 1 << 20


def report(outcome: Outcome) -> list[str]:
    """Return the lines of a report for a terminal."""
    return [*_rates(outcome), "", *_sizes(outcome), "", *_verdict(outcome)]


def _rates(outcome: Outcome) -> Iterator[str]:
    size, counts = outcome.size, outcome.counts
    virtual_s = size.minutes * 60
    yield (
        f"{size.agents} agents, {size.instruments:,} instruments, {size.minutes} minutes of trading (seed {size.seed}) "
        f"in {_duration(outcome.trading_s)}; with everything before and after {_duration(outcome.real_s)}"
    )
    yield ""
    yield f"{'':14}{'in all':>12}{'a virtual s':>14}{'a real s':>12}"
    for name in RATES:
        yield _row(name, counts.get(name, 0), virtual_s, outcome.trading_s)
    yield _row("journal MB", outcome.journal_bytes / MB, virtual_s, outcome.trading_s)
    yield ""
    yield ", ".join(f"{counts.get(name, 0):,} {name}" for name in ALSO)
    denied = sorted(((count, name) for name, count in counts.items() if name.startswith("denied by ")), reverse=True)
    yield "denied by " + ", ".join(f"{name.removeprefix('denied by ')} {count:,}" for count, name in denied[:8])


def _row(name: str, count: float, virtual_s: float, real_s: float) -> str:
    digits = 0 if isinstance(count, int) else 1
    return f"{name:14}{count:>12,.{digits}f}{count / virtual_s:>14,.1f}{count / max(real_s, 1e-9):>12,.1f}"


def _sizes(outcome: Outcome) -> Iterator[str]:
    if not outcome.samples:
        yield "nothing was measured"
        return
    samples = outcome.samples
    first, middle, last = samples[0], samples[len(samples) // 2], samples[-1]
    yield f"{'memory MB':14}{'minute':>12}{'all':>14}{'of it disks':>12}{'orders':>12}"
    for one in dict.fromkeys((first.minute, middle.minute, last.minute)):
        at = samples[one - 1]
        yield f"{'':14}{one:>12}{at.rss_bytes / MB:>14,.0f}{at.disk_bytes / MB:>12,.0f}{at.orders:>12,}"
    yield (
        f"an order that is over costs {outcome.bytes_per_order:,} bytes ({BYTES_PER_ORDER_MAX:,} at most), "
        f"{outcome.blocks_per_order:,} blocks ({BLOCKS_PER_ORDER_MAX:,}), in guard, venue and simulator together"
    )
    live = sorted(
        ((max(one.tables[name] for one in samples), name) for name in last.tables if name not in REMEMBERED),
        reverse=True,
    )
    yield "largest tables of what lives, middle and end: " + ", ".join(
        f"{name} {middle.tables[name]:,} {last.tables[name]:,}" for _, name in live[:8]
    )


def _verdict(outcome: Outcome) -> Iterator[str]:
    verified = outcome.verified
    if verified.well:
        yield f"the journal verifies: {verified.entries:,} entries, {verified.decisions:,} verdicts decided again"
    if not outcome.wrong:
        yield (
            f"{outcome.calm_s} s after the last order nothing worked and nothing was reserved; every order, every "
            "position and every balance is the venues'"
        )
        yield (
            f"four days later nothing of it is remembered: the guard that traded holds {outcome.old_blocks:,} blocks "
            f"of memory, a fresh one {outcome.fresh_blocks:,}"
        )
        yield "all is well"
    for what in outcome.wrong:
        yield f"WRONG: {what}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
