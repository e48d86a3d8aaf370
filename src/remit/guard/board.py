"""The board of marks: what feeds say now. A mark becomes state only when it is journalled, and this decides when."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import TypeVar

import msgspec

from remit.kernel.codec import encode
from remit.kernel.exit import watch
from remit.kernel.health import CONFIRM_NS, GAP_NS, HELD_BACK, confirms, is_watched
from remit.kernel.instrument import AGGREGATE_NS, FxMark, Mark
from remit.kernel.numbers import BPS, NANOSECONDS
from remit.kernel.state import CLOCK_LEAD_NS, State

EVERY_NS = NANOSECONDS
"""Marks of what is held or ordered are journalled once in so long."""
ARMED_EVERY_NS = NANOSECONDS // 4
"""Marks of what has an exit are journalled once in so long; a mark that would trigger one, at once."""
JUMP_BPS = 100
"""A mark or rate so far from the last journalled one is journalled at once."""
BATCH_BYTES_MAX = 16_384
"""Marks and rates in one entry, which has a largest size and must hold what follows from them too."""

Batch = tuple[tuple[Mark, ...], tuple[FxMark, ...]]
Item = TypeVar("Item", Mark, FxMark)


class Board:
    """The latest mark of every instrument, with the lowest and highest price since the last one that was journalled.

    A mark that the kernel will hold back is kept beside it: it moves no extreme, and is journalled all the same, since
    only what is journalled can be told, confirmed or contradicted.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._latest: dict[str, Mark] = {}
        self._strange: dict[str, tuple[int, Mark]] = {}
        """When it was heard and the latest mark of an instrument that will be held back, until it is journalled."""
        self._first: dict[str, Mark] = {}
        """The first of several in a row that say the same jump: what the latest of them is confirmed by."""
        self._fx: dict[tuple[str, str], FxMark] = {}
        self._changed: set[str] = set()
        self._heard: dict[str, int] = {}
        """When a feed last said anything of an instrument, in journal time."""
        self._flushed_at = self._armed_at = self._listened_at = 0

    def offer(self, marks: tuple[Mark, ...], fx: tuple[FxMark, ...], at: int) -> bool:
        """Take what was heard at `at`; return whether something of it jumped or triggers an exit, so that it should be
        journalled at once."""
        urgent = False
        for mark in marks:
            name = mark.instrument
            self._heard[name] = at
            if self._is_strange(mark, at):
                urgent = self._keep_strange(mark, at) or urgent
                continue
            known = self._latest.get(name)
            if known is not None and mark.at < known.at:
                continue
            waiting = (known.low, known.high) if known is not None and self._is_newer(known) else ()
            prices = [price for price in (mark.low, mark.high, mark.last, *waiting) if price is not None]
            self._latest[name] = msgspec.structs.replace(mark, low=min(prices), high=max(prices))
            self._changed.add(name)
            self._forget_strange(mark)
            urgent = urgent or self._is_jump(mark) or self._triggers(self._latest[name])
        for rate in fx:
            known_rate = self._fx.get((rate.of, rate.to)) or self._state.fx.get((rate.of, rate.to))
            if known_rate is None or not self._is_older(rate.at, known_rate.at):
                self._fx[(rate.of, rate.to)] = rate
                urgent = urgent or known_rate is None or _is_far(rate.rate, known_rate.rate)
        return urgent

    def fresh(self, instrument: str) -> tuple[Mark, ...]:
        """Return the marks that an intent on this instrument is judged on, in order of time, where they are newer than
        the journalled one: the latest, and a strange one beside it with what confirms it.

        They stay on the board, since the intent may be refused and then brings no mark.
        """
        return tuple(self._waiting(instrument, proof=True))

    def take(self, at: int, *, now: bool = False) -> list[Batch]:
        """Return the batches to journal, of what is held, ordered or has a rate, and of what a venue holds otherwise
        than the book, which nobody can put right without its value; empty until it is time (or `now`).

        Where an exit is armed it is time more often.
        """
        whole = now or at >= self._flushed_at + EVERY_NS
        if not whole and at < self._armed_at + ARMED_EVERY_NS:
            return []
        self._armed_at = at
        rates: list[FxMark] = []
        if whole:
            self._flushed_at = at
            differing = {drift.item for drifts in self._state.drifts.values() for drift in drifts}
            wanted = sorted(name for name in self._changed if name in differing or self._is_wanted(name))
            rates, self._fx = list(self._fx.values()), {}
        else:
            wanted = sorted(name for name in self._changed if name in self._state.exits_of)
        marks: list[Mark] = []
        for name in wanted:
            marks += self._waiting(name, proof=False)
            self._strange.pop(name, None)
        self._changed.difference_update(wanted)
        return [((), tuple(batch)) for batch in _batches(rates)] + [(tuple(batch), ()) for batch in _batches(marks)]

    def quiet(self, at: int) -> tuple[str, ...]:
        """Return what is held or ordered and trades, and of which no feed has said anything for too long: a minute
        beyond the resolution of its last mark. Each is told once."""
        if at < self._listened_at + EVERY_NS:
            return ()
        self._listened_at = at
        found = []
        for name in self._state.cells_of:
            if not self._is_wanted(name):
                continue
            known, unfit = self._state.marks.get(name), self._state.unfit.get(name)
            if not self._trades(name, at):
                self._heard[name] = at  # nothing is expected while it is closed
            heard = self._heard.setdefault(name, at)
            if unfit is not None and unfit.reason == "asleep":
                heard = max(heard, unfit.since)  # nor while the machine sleeps
            resolution_ns = 0 if known is None else known.resolution_ns
            if at - heard > GAP_NS + resolution_ns and (unfit is None or unfit.reason != "quiet"):
                found.append(name)
        return tuple(sorted(found))

    def _trades(self, instrument: str, at: int) -> bool:
        """Whether a feed has anything to say of an instrument now."""
        terms = self._state.instruments[instrument]
        if self._state.trading.get(instrument, "trading") != "trading":
            return False
        calendar = None if terms.calendar is None else self._state.calendars.get(terms.calendar)
        return calendar is None or calendar.is_open(at)

    def _is_strange(self, mark: Mark, at: int) -> bool:
        """Whether the kernel would hold a mark back for what it says itself."""
        if mark.fault or mark.at > at + CLOCK_LEAD_NS:
            return True
        known = self._state.marks.get(mark.instrument)
        return (
            known is not None
            and mark.resolution_ns < AGGREGATE_NS
            and self._state.instruments[mark.instrument].is_far(mark.last, known.last)
        )

    def _keep_strange(self, mark: Mark, at: int) -> bool:
        """Keep a mark that will be held back; return whether it is news to the kernel, or makes it believe the jump."""
        name, state = mark.instrument, self._state
        known, instrument, unfit = state.marks.get(name), state.instruments[name], state.unfit.get(name)
        if known is not None and mark.at < known.at:
            return False
        first = self._first.get(name)
        if (
            first is None
            or first.fault
            or mark.fault
            or instrument.is_far(mark.last, self._strange.get(name, (0, first))[1].last)
        ):
            self._first[name] = mark
        self._strange[name] = (at, mark)
        self._changed.add(name)
        if not self._is_wanted(name):
            return False
        return unfit is None or unfit.reason not in HELD_BACK or confirms(instrument, unfit, mark)

    def _forget_strange(self, mark: Mark) -> None:
        """A good mark ends a row of strange ones; of what nobody holds, a strange one of its source is of no use."""
        name = mark.instrument
        self._first.pop(name, None)
        strange = self._strange.get(name)
        if strange is not None and strange[1].source == mark.source and not self._is_wanted(name):
            del self._strange[name]

    def _waiting(self, instrument: str, *, proof: bool) -> list[Mark]:
        """Return what is to be journalled of an instrument, in order of time; with `proof` also the first mark of the
        row that a strange one belongs to."""
        latest, strange = self._latest.get(instrument), self._strange.get(instrument)
        found = [] if latest is None or not self._is_news(latest) else [latest]
        if strange is not None and (latest is None or strange[0] > latest.at - CONFIRM_NS):
            first = self._first.get(instrument)
            if proof and first is not None and first is not strange[1]:
                found.append(first)
            found.append(strange[1])
        return sorted(found, key=lambda mark: mark.at)

    def _is_wanted(self, instrument: str) -> bool:
        """Whether marks of an instrument are journalled as they come: it is held or ordered, or was found unfit."""
        state = self._state
        return instrument in state.unfit or is_watched(state, instrument)

    def _is_news(self, mark: Mark) -> bool:
        """Whether the kernel should hear of a mark; of what is unfit it is news that a feed says the same again."""
        if self._is_newer(mark):
            return True
        name = mark.instrument
        again = name in self._changed and name in self._state.unfit
        return again and mark.at == self._state.marks[name].at

    def _is_newer(self, mark: Mark) -> bool:
        known = self._state.marks.get(mark.instrument)
        return known is None or mark.at > known.at

    def _is_older(self, at: int, known_at: int) -> bool:
        """Whether a rate comes late; one that claims to be from the future is never what others are late against."""
        return at < known_at <= self._state.at + CLOCK_LEAD_NS

    def _is_jump(self, mark: Mark) -> bool:
        known = self._state.marks.get(mark.instrument)
        return known is not None and self._is_wanted(mark.instrument) and _is_far(mark.last, known.last)

    def _triggers(self, mark: Mark) -> bool:
        """Whether an exit would close something on a mark: it cannot wait."""
        state, name = self._state, mark.instrument
        if name not in state.exits_of:
            return False
        instrument, known = state.instruments[name], state.marks.get(name)
        armed = [exit for exit in map(state.exits.__getitem__, state.exits_of[name]) if exit.state == "armed"]
        return any(watch(copy(exit), instrument, known, mark) for exit in armed if not exit.leg)


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
