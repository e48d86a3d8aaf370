"""The past: what is asked of the history, read beside its one writer. A file that cannot be read is a fault that the
answer names, and no more."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from remit.doors.history.bars import HOUR_S, KEPT_S, MINUTE_S, Bar, chosen, coarser
from remit.doors.history.errors import HistoryUnusable
from remit.doors.history.file import FILE, Kind, Leg, read, unusable
from remit.kernel.codec import decode
from remit.kernel.numbers import NANOSECONDS

LEGS_MAX = 20
"""Legs of one answer, the latest."""
YEAR_NS = KEPT_S[HOUR_S] * NANOSECONDS


class Span(NamedTuple):
    """What is asked for: from an instant to another in ns, in bars of at least so many seconds; `now` is now."""

    since: int | None
    until: int | None
    step_s: int
    now: int


class Past(NamedTuple):
    """Bars by whose they are, each with the second it begins at; how long each is, since when (in ns) anything is
    known, and what keeps it from being whole."""

    step_s: int
    known_from: int | None
    of: dict[str, list[tuple[int, Bar]]]
    legs: dict[str, Leg] = {}
    fault: str = ""


def prices(home: Path, instrument: str, span: Span) -> Past:
    """Return the bars of an instrument's prices, as `price`."""
    return _asked(home, span, "begun", lambda base: {"price": _ids(base, "price", instrument)})


def equity(home: Path, account: str, span: Span) -> Past:
    """Return an account's equity, and its cash in its own currency, as `equity` and `cash`."""
    kinds: tuple[Kind, ...] = ("equity", "cash")
    return _asked(home, span, "sampled", lambda base: {kind: _ids(base, kind, account) for kind in kinds})


def legs(home: Path, instrument: str, span: Span, sees: Callable[[Leg], bool]) -> Past:
    """Return where the legs of exits in an instrument stood, those that the caller sees, by the name of each."""
    found: dict[str, Leg] = {}

    def wanted(base: sqlite3.Connection) -> dict[str, list[int]]:
        question = "SELECT id, name, about FROM series WHERE kind = 'leg' AND of = ? ORDER BY id DESC"
        ids: dict[str, list[int]] = {}
        for id, name, about in base.execute(question, (instrument,)):
            leg = decode(Leg, about)
            if len(ids) < LEGS_MAX and sees(leg):
                ids[name], found[name] = [id], leg
        return ids

    past = _asked(home, span, "sampled", wanted)
    return past._replace(legs=found if past.of else {}, of={name: _turns(bars) for name, bars in past.of.items()})


def _asked(home: Path, span: Span, known: str, wanted: Callable[[sqlite3.Connection], dict[str, list[int]]]) -> Past:
    try:
        path = home / FILE
        if not path.exists():
            return Past(max(span.step_s, MINUTE_S), None, {}, fault="nothing is kept yet")
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=2)) as base:
            base.execute("BEGIN")
            return _read(base, span, known, wanted)
    except (sqlite3.Error, HistoryUnusable, ValueError, OSError) as fault:
        return Past(max(span.step_s, MINUTE_S), None, {}, fault=str(unusable(fault)))


def _read(
    base: sqlite3.Connection, span: Span, known: str, wanted: Callable[[sqlite3.Connection], dict[str, list[int]]]
) -> Past:
    kept = dict(base.execute("SELECT name, value FROM kept").fetchall())
    begun = kept.get(known)
    until = span.now if span.until is None else min(span.until, span.now)
    ids = wanted(base)
    if begun is None:
        return Past(max(span.step_s, MINUTE_S), None, {})
    since = max(until - YEAR_NS if span.since is None else span.since, begun, until - YEAR_NS)
    step_s = chosen(span.step_s, since, until, span.now)
    base_s = MINUTE_S if step_s < HOUR_S else HOUR_S
    oldest = span.now - KEPT_S[base_s] * NANOSECONDS
    if base_s == MINUTE_S:
        oldest = max(oldest, kept.get("minutes") or 0)
    of = {name: coarser(_bars(base, these, base_s, since, until), step_s) for name, these in ids.items()}
    return Past(step_s, max(begun, oldest), of)


def _bars(base: sqlite3.Connection, ids: list[int], step_s: int, since: int, until: int) -> Iterator[tuple[int, Bar]]:
    first = since // NANOSECONDS
    question = "SELECT at, open, high, low, close FROM bars WHERE series = ? AND step = ? AND at BETWEEN ? AND ?"
    for id in ids:
        for at_s, *row in base.execute(
            question + " ORDER BY at", (id, step_s, first - first % step_s, until // NANOSECONDS)
        ):
            yield at_s, read(row)


def _ids(base: sqlite3.Connection, kind: Kind, of: str) -> list[int]:
    return [row[0] for row in base.execute("SELECT id FROM series WHERE kind = ? AND of = ? AND name = ''", (kind, of))]


def _turns(bars: list[tuple[int, Bar]]) -> list[tuple[int, Bar]]:
    """Return the bars at which a level changed, and the last: between them it stood."""
    last = len(bars) - 1
    return [found for at, found in enumerate(bars) if at in (0, last) or found[1].close != bars[at - 1][1].close]
