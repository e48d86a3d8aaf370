"""What was known of daily volumes before an instant, from recorded bars; no look-ahead."""

from __future__ import annotations

from remit.feeds.bars import Bar
from remit.kernel.numbers import DAY_NS, Quantity


class History:
    """Collects bars, in any order, and answers only from days that were over.

    A day is a UTC date. Where bars of several lengths cover a day, its volume is that of the longest: the shorter may
    have gaps.
    """

    def __init__(self) -> None:
        self._volumes: dict[str, dict[int, dict[int, int]]] = {}

    def add(self, bar: Bar) -> None:
        """Take one bar; one that has only opened adds nothing."""
        if bar.ended is None:
            return
        day = self._volumes.setdefault(bar.instrument, {}).setdefault(bar.at // DAY_NS, {})
        day[bar.resolution_ns] = day.get(bar.resolution_ns, 0) + bar.ended.volume

    def average_daily_volume(self, instrument: str, before: int, days: int = 20) -> Quantity | None:
        """Return the mean volume of the last `days` days with bars that lie wholly before the day of `before`.

        Fewer days count if there are fewer; None if there is none.
        """
        today = before // DAY_NS
        known = self._volumes.get(instrument, {})
        past = sorted(day for day in known if day < today)[-days:]
        if not past:
            return None
        return Quantity(sum(known[day][max(known[day])] for day in past) // len(past))
