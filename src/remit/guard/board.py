"""The board of marks: what feeds say now. A mark becomes state only when it is journalled, and this decides when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from remit.kernel.codec import encode
from remit.kernel.instrument import FxMark, Mark
from remit.kernel.numbers import BPS, NANOSECONDS
from remit.kernel.state import CLOCK_LEAD_NS, State

EVERY_NS = NANOSECONDS
"""Marks of what is held or ordered are journalled once in so long."""
JUMP_BPS = 100
"""A mark or rate so far from the last journalled one is journalled at once."""
BATCH_BYTES_MAX = 16_384
"""Marks and rates in one entry, which has a largest size and must hold what follows from them too."""

Batch = tuple[tuple[Mark, ...], tuple[FxMark, ...]]
Item = TypeVar("Item", Mark, FxMark)


class Board:
    """The latest mark of every instrument, with the lowest and highest price since the last one that was journalled."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._latest: dict[str, Mark] = {}
        self._fx: dict[tuple[str, str], FxMark] = {}
        self._changed: set[str] = set()
        self._flushed_at = 0

    def offer(self, marks: tuple[Mark, ...], fx: tuple[FxMark, ...]) -> bool:
        """Take marks and rates; return whether one of them jumped, so that it should be journalled at once."""
        jumped = False
        for mark in marks:
            known = self._latest.get(mark.instrument)
            if known is not None and self._is_older(mark.at, known.at):
                continue
            waiting = (known.low, known.high) if known is not None and self._is_news(known) else ()
            prices = [price for price in (mark.low, mark.high, mark.last, *waiting) if price is not None]
            self._latest[mark.instrument] = msgspec.structs.replace(mark, low=min(prices), high=max(prices))
            self._changed.add(mark.instrument)
            jumped = jumped or self._is_jump(mark)
        for rate in fx:
            known_rate = self._fx.get((rate.of, rate.to)) or self._state.fx.get((rate.of, rate.to))
            if known_rate is None or not self._is_older(rate.at, known_rate.at):
                self._fx[(rate.of, rate.to)] = rate
                jumped = jumped or known_rate is None or _is_far(rate.rate, known_rate.rate)
        return jumped

    def fresh(self, instrument: str) -> tuple[Mark, ...]:
        """Return the mark that an intent on this instrument is judged on, where it is newer than the journalled one.

        It stays on the board, since the intent may be refused and then brings no mark.
        """
        mark = self._latest.get(instrument)
        return () if mark is None or not self._is_news(mark) else (mark,)

    def take(self, at: int, *, now: bool = False) -> list[Batch]:
        """Return the batches to journal, of what is held, ordered or has a rate; empty until it is time (or `now`)."""
        if not now and at < self._flushed_at + EVERY_NS:
            return []
        self._flushed_at = at
        wanted = sorted(name for name in self._changed if self._is_wanted(name))
        self._changed.difference_update(wanted)
        marks = [mark for mark in (self._latest[name] for name in wanted) if self._is_news(mark)]
        rates, self._fx = list(self._fx.values()), {}
        return [((), tuple(batch)) for batch in _batches(rates)] + [(tuple(batch), ()) for batch in _batches(marks)]

    def _is_wanted(self, instrument: str) -> bool:
        return any(cell.active for cell in self._state.cells_of.get(instrument, ()))

    def _is_news(self, mark: Mark) -> bool:
        known = self._state.marks.get(mark.instrument)
        return known is None or (mark.at != known.at and not self._is_older(mark.at, known.at))

    def _is_older(self, at: int, known_at: int) -> bool:
        """Whether a mark comes late; one that claims to be from the future is never what others are late against."""
        return at < known_at <= self._state.at + CLOCK_LEAD_NS

    def _is_jump(self, mark: Mark) -> bool:
        known = self._state.marks.get(mark.instrument)
        return known is not None and self._is_wanted(mark.instrument) and _is_far(mark.last, known.last)


def _is_far(new: int, known: int) -> bool:
    return abs(new - known) * BPS > known * JUMP_BPS


def _batches(items: list[Item]) -> Iterator[list[Item]]:
    """Yield the items in order, as many together as one entry takes."""
    batch: list[Item] = []
    size = 0
    for item in items:
        size += len(encode(item))
        if batch and size > BATCH_BYTES_MAX:
            yield batch
            batch, size = [], len(encode(item))
        batch.append(item)
    if batch:
        yield batch
