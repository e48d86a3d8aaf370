"""What was known of daily volumes and closes before an instant, from recorded bars; no look-ahead."""

from __future__ import annotations

from bisect import bisect_right

from remit.feeds.bars import Bar
from remit.kernel.numbers import DAY_NS, Price, Quantity


class History:
    """Collects bars, in any order, and answers only from bars that had ended.

    A day is a UTC date. Where bars of several lengths cover a day, its volume is that of the longest: the shorter may
    have gaps. A bar counts as ended `resolution_ns` after it began.
    """

    def __init__(self) -> None:
        self._volumes: dict[str, dict[int, dict[int, int]]] = {}
        self._closes: dict[str, list[tuple[int, int, Price]]] = {}
        self._is_sorted = True

    def add(self, bar: Bar) -> None:
        """Take one bar; one that has only opened adds nothing."""
        if bar.ended is None:
            return
        day = self._volumes.setdefault(bar.instrument, {}).setdefault(bar.at // DAY_NS, {})
        day[bar.resolution_ns] = day.get(bar.resolution_ns, 0) + bar.ended.volume
        closes = self._closes.setdefault(bar.instrument, [])
        closes.append((bar.at + bar.resolution_ns, -bar.resolution_ns, bar.ended.close))
        self._is_sorted = False

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

    def last_close(self, instrument: str, before: int) -> Price | None:
        """Return the close of the last bar that had ended at `before`, the finest of several; None if there is none."""
        if not self._is_sorted:
            for closes in self._closes.values():
                closes.sort()
            self._is_sorted = True
        closes = self._closes.get(instrument, [])
        ended = bisect_right(closes, before, key=lambda close: close[0])
        return closes[ended - 1][2] if ended else None
