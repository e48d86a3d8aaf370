"""Bars: what a number was within a stretch of time, exactly, and how stretches are put together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from remit.kernel.instrument import Mark
from remit.kernel.numbers import NANOSECONDS

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
KEPT_S = {MINUTE_S: 7 * DAY_S, HOUR_S: 365 * DAY_S}
"""How long bars of each length are kept."""
STEPS_S = (MINUTE_S, 5 * MINUTE_S, 15 * MINUTE_S, HOUR_S, 6 * HOUR_S, DAY_S)
"""The lengths that an answer may have."""
POINTS_MAX = 2_100
"""Bars of one answer: a week of five minutes each is the most."""


class Bar(NamedTuple):
    """The first, highest, lowest and last of a stretch, at scale 10^-18."""

    open: int
    high: int
    low: int
    close: int


class Place(NamedTuple):
    """Where a bar stands: whose it is, how long it is in seconds, and the second at which it begins."""

    series: int
    step_s: int
    at_s: int


def bar_of(mark: Mark) -> Bar:
    """Return what one mark says: its last price, and how far it went since the mark before."""
    last = int(mark.last)
    reached = [last, *(int(price) for price in (mark.low, mark.high) if price is not None)]
    return Bar(last, max(reached), min(reached), last)


def one(value: int) -> Bar:
    """Return the bar of a single number."""
    return Bar(value, value, value, value)


def joined(first: Bar | None, then: Bar) -> Bar:
    """Return two stretches as one; what comes first is on the left."""
    if first is None:
        return then
    return Bar(first.open, max(first.high, then.high), min(first.low, then.low), then.close)


def begins(at: int, step_s: int) -> int:
    """Return the second at which the stretch of an instant (in ns) begins."""
    second = at // NANOSECONDS
    return second - second % step_s


def coarser(bars: Iterable[tuple[int, Bar]], step_s: int) -> list[tuple[int, Bar]]:
    """Return bars, each with the second it begins at and in order of time, put together into longer ones."""
    found: dict[int, Bar] = {}
    for at_s, bar in bars:
        begin = at_s - at_s % step_s
        found[begin] = joined(found.get(begin), bar)
    return list(found.items())


def chosen(step_s: int, since: int, until: int, now: int) -> int:
    """Return the length of bars for a span of ns: what is asked for, or the next longer one of which there are few
    enough and that is still kept that far back."""
    wide = max(until - since, 0) // NANOSECONDS
    least = HOUR_S if since < now - (KEPT_S[MINUTE_S] + HOUR_S) * NANOSECONDS else MINUTE_S  # an hour: clocks differ
    for found in STEPS_S:
        if found >= step_s and found >= least and wide // found + 1 <= POINTS_MAX:
            return found
    return STEPS_S[-1]
