"""Prices that took effect: a fold of a journal's marks and of nothing else, by the kernel's own code.

Not every mark of a journal counts: what is crossed, stamped ahead, late or a jump that nobody confirms is journalled
and held back. Which ones are, follows from the marks before them; so what decided then decides again here, over a state
that holds prices alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import decode, learn
from remit.kernel.event import Record
from remit.kernel.fold import fold_event
from remit.kernel.health import GAP_NS
from remit.kernel.instrument import AGGREGATE_NS, Instrument, Mark, Unfit
from remit.kernel.state import State
from remit.kernel.took import set_marks

_WANTED = re.compile(rb'"kind":"(?:marked|add_instrument|split|quiet|woke)"|"event":"quoted"')
"""What an entry says that may matter here; within a text the quotes would be escaped. Most entries say none of it."""
_QUOTING = (c.Submit, c.Replace, c.Approve)


class Priced(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is remembered of one instrument: its terms, the mark that stands, and what makes it unfit."""

    terms: Instrument
    mark: Mark | None = None
    unfit: Unfit | None = None


class Prices:
    """The marks that stand, entry by entry.

    One thing is known less well than to the kernel: what is held. Every instrument is taken as one that is; of others
    a jump that waits to be confirmed waits anew after a gap, or a sleep of the machine, which it would have outlived.
    """

    def __init__(self, known: Iterable[Priced] = ()) -> None:
        self._state = State()
        for one in known:
            self.remember(one)

    def remember(self, one: Priced) -> None:
        """Know an instrument as it was."""
        name = one.terms.name
        self._state.instruments[name] = one.terms
        if one.mark is not None:
            self._state.marks[name] = one.mark
        if one.unfit is not None:
            self._state.unfit[name] = one.unfit

    def known(self, instrument: str) -> Priced:
        """Return what is remembered of an instrument; KeyError of one that no entry added."""
        state = self._state
        return Priced(state.instruments[instrument], state.marks.get(instrument), state.unfit.get(instrument))

    def take(self, entry: bytes) -> tuple[list[Mark], set[str]]:
        """Return the marks of the next entry that took effect, as they did, in order; and the instruments of which
        something else is known now. ValueError where it is no entry."""
        if _WANTED.search(entry) is None:
            return [], set()
        record = decode(Record, entry)
        self._state.seq, self._state.at = record.command.seq, record.command.at
        marks: list[Mark] = []
        changed: set[str] = set()
        for event in record.events:
            changed |= self._take(record, event, marks)
        return marks, changed & self._state.instruments.keys()

    def _take(self, record: Record, event: e.Event, marks: list[Mark]) -> set[str]:
        body = record.command.body
        if isinstance(event, e.Quoted) and isinstance(body, _QUOTING):
            return self._marked(body.marks, marks)
        if not isinstance(event, e.Took):
            return set()
        match body:
            case c.Marked():
                return self._marked(body.marks, marks)
            case c.Woke():
                return self._woken(body)
            case c.AddInstrument() | c.Split() | c.Quiet():
                fold_event(self._state, record.command, None, event)
                return _named(body)
        return set()

    def _marked(self, given: tuple[Mark, ...], marks: list[Mark]) -> set[str]:
        """One by one: of several of one instrument each may stand for a moment."""
        stands = self._state.marks
        for mark in given:
            before = stands.get(mark.instrument)
            set_marks(self._state, (mark,), ())
            after = stands.get(mark.instrument)
            if after is None or after is before:
                continue
            marks.append(after)
            if before is not None and _is_gap(before, after):
                self._state.unfit[after.instrument] = Unfit("gap", after.at, "a second mark is awaited")
        return {mark.instrument for mark in given}

    def _woken(self, body: c.Woke) -> set[str]:
        waiting = {name for name, unfit in self._state.unfit.items() if unfit.reason == "jump"}
        for name in waiting:
            self._state.unfit[name] = Unfit("asleep", self._state.at, "the machine slept")
        return waiting


def _is_gap(before: Mark, after: Mark) -> bool:
    live = before.resolution_ns < AGGREGATE_NS and after.resolution_ns < AGGREGATE_NS
    return live and after.at - before.at > GAP_NS


def _named(body: c.AddInstrument | c.Split | c.Quiet) -> set[str]:
    match body:
        case c.AddInstrument():
            return {body.instrument.name}
        case c.Split():
            return {body.instrument}
    return set(body.instruments)


learn(Priced)
