"""Days and opening hours, which the kernel is told in advance: from time zones, and from when there were bars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from remit.feeds.bars import Bar
from remit.feeds.recorded import SESSION_NS
from remit.guard import sessions
from remit.kernel.command import SetCalendar, SetSessions
from remit.kernel.instrument import Instrument
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import DAY_NS, NANOSECONDS

Windows = tuple[tuple[int, int], ...]
AHEAD_NS = 30 * DAY_NS
"""Days and hours are told for so long at a time, and again two days before they run out."""
MARGIN_NS = 2 * DAY_NS
_GAP_NS = 3600 * NANOSECONDS
"""A pause between bars shorter than this is no end of trade."""


def calendar_of_bars(currency: str) -> str:
    """Return the name of the calendar that is derived from the bars of one currency's instruments."""
    return f"bars-{currency}"


def hours_of_bars(bars: Iterable[Bar], instruments: Mapping[str, Instrument]) -> dict[str, Windows]:
    """Return when any instrument of each currency had a bar: UTC windows in order, pauses of under an hour left out.

    A daily bar that does not begin at midnight lasts one session of 6 h 30 min.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for bar in bars:
        instrument = instruments.get(bar.instrument)
        if instrument is None:
            continue
        is_session = bar.resolution_ns == DAY_NS and bar.at % DAY_NS != 0
        end = bar.at + (SESSION_NS if is_session else bar.resolution_ns)
        windows = found.setdefault(instrument.currency, [])
        if windows and bar.at - windows[-1][1] < _GAP_NS:
            windows[-1] = (windows[-1][0], max(windows[-1][1], end))
        else:
            windows.append((bar.at, end))
    return {currency: tuple(windows) for currency, windows in found.items()}


def told(mandates: Iterable[Mandate], of_bars: Mapping[str, Windows], at: int) -> Iterator[SetSessions | SetCalendar]:
    """Yield what the kernel must be told at `at` of the days and hours that the mandates name.

    A calendar that is neither a window in a zone nor derived from the bars is left out: what needs it is denied.
    GuardError for a zone or hours that do not exist.
    """
    begins, ends = max(at - MARGIN_NS, 0), at + AHEAD_NS + MARGIN_NS
    known = list(mandates)
    for zone in sorted({"UTC"} | {mandate.zone for mandate in known}):
        yield sessions.sessions(zone, begins, ends)
    for name in sorted({name for mandate in known for name in mandate.hours_active or ()}):
        if name in of_bars:
            cut = tuple((max(a, begins), min(b, ends)) for a, b in of_bars[name] if a < ends and b > begins)
            yield SetCalendar(calendar=name, begins_at=begins, ends_at=ends, windows=cut)
        elif "@" in name:
            yield sessions.calendar(name, name.replace("@", " "), begins, ends)
