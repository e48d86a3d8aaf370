"""The board of marks: what feeds say now. A mark becomes state only when it is journalled, and this decides when."""

from __future__ import annotations

import msgspec

from remit.kernel.instrument import FxMark, Mark
from remit.kernel.numbers import BPS, NANOSECONDS, Price
from remit.kernel.state import State

EVERY_NS = NANOSECONDS
"""Marks of what is held or ordered are journalled once in so long."""
JUMP_BPS = 100
"""A mark so far from the last journalled one is journalled at once."""
MARKS_MAX = 100
"""Marks in one entry, which has a largest size."""


class Board:
    """The latest mark of every instrument, with the lowest and highest price since the last one that was journalled."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._latest: dict[str, Mark] = {}
        self._fx: dict[tuple[str, str], FxMark] = {}
        self._changed: set[str] = set()
        self._flushed_at = 0

    def offer(self, marks: tuple[Mark, ...], fx: tuple[FxMark, ...]) -> bool:
        """Take marks; return whether one of them jumped, so that it should be journalled at once."""
        jumped = False
        for mark in marks:
            known = self._latest.get(mark.instrument)
            if known is not None and mark.at < known.at:
                continue
            waiting = known if mark.instrument in self._changed else None
            low = min(p for p in (mark.low, mark.last, waiting.low if waiting is not None else None) if p is not None)
            high = max(
                p for p in (mark.high, mark.last, waiting.high if waiting is not None else None) if p is not None
            )
            self._latest[mark.instrument] = msgspec.structs.replace(mark, low=Price(low), high=Price(high))
            self._changed.add(mark.instrument)
            jumped = jumped or self._is_jump(mark)
        for rate in fx:
            self._fx[(rate.of, rate.to)] = rate
        return jumped or bool(fx)

    def fresh(self, instrument: str) -> tuple[Mark, ...]:
        """Return the mark that an intent on this instrument is judged on, where it is newer than the journalled one."""
        mark = self._latest.get(instrument)
        known = self._state.marks.get(instrument)
        if mark is None or (known is not None and mark.at <= known.at):
            return ()
        self._changed.discard(instrument)
        return (mark,)

    def take(self, at: int, *, now: bool = False) -> list[tuple[tuple[Mark, ...], tuple[FxMark, ...]]]:
        """Return the batches to journal, of what is held, ordered or has a rate; empty until it is time (or `now`)."""
        if not now and at < self._flushed_at + EVERY_NS:
            return []
        self._flushed_at = at
        wanted = sorted(name for name in self._changed if self._is_wanted(name))
        self._changed.difference_update(wanted)
        marks = [self._latest[name] for name in wanted]
        fx, self._fx = tuple(self._fx.values()), {}
        batches = [(tuple(marks[start : start + MARKS_MAX]), ()) for start in range(0, len(marks), MARKS_MAX)]
        return [((), fx), *batches] if fx else list(batches)

    def _is_wanted(self, instrument: str) -> bool:
        return any(cell.active for cell in self._state.cells_of.get(instrument, ()))

    def _is_jump(self, mark: Mark) -> bool:
        known = self._state.marks.get(mark.instrument)
        if known is None or not self._is_wanted(mark.instrument):
            return False
        return abs(mark.last - known.last) * BPS > known.last * JUMP_BPS
