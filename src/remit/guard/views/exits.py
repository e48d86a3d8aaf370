"""The view of exits: what each closes, where its legs stand, and whether it is watched now."""

from __future__ import annotations

from typing import Any

from remit.guard.protection import unwatched
from remit.guard.views.looking import Looking
from remit.kernel.codec import plain
from remit.kernel.exit import Exit, level_of
from remit.kernel.exit_words import leg_words, terms_words
from remit.kernel.numbers import text

Rows = list[dict[str, Any]]


def exits(looking: Looking) -> Rows:
    """Every exit of the book, by agent and instrument: its terms, what it protects now, and its protection: `waiting`
    (its entry has not filled), `watched`, `closing` or `unprotected: why`."""
    agent, instrument = looking.word("agent"), looking.word("instrument")
    found = [
        exit
        for exit in looking.state.exits.values()
        if agent in (None, exit.agent) and instrument in (None, exit.instrument)
        if looking.sees_order(exit.agent, exit.client)
    ]
    return [_exit(looking, exit) for exit in sorted(found, key=lambda exit: (exit.agent, exit.instrument, exit.at))]


def _exit(looking: Looking, exit: Exit) -> dict[str, Any]:
    mark = looking.state.marks.get(exit.instrument)
    return {
        "exit": exit.id,
        "agent": exit.agent,
        "client": exit.client,
        "connection": exit.connection,
        "instrument": exit.instrument,
        "side": exit.side,
        "order": exit.order,
        "state": exit.state,
        "protection": _protection(looking, exit),
        "protects": text(exit.protects),
        "terms": plain(exit.terms),
        "says": terms_words(exit.terms),
        "legs": [
            {**plain(leg), "level": _text(level_of(leg, exit)), "says": leg_words(leg)} for leg in exit.terms.legs
        ],
        "best": text(exit.extreme) if exit.extreme else None,
        "last": None if mark is None else text(mark.last),
        "triggered": exit.leg,
        "price": text(exit.price) if exit.leg else None,
        "tries": exit.tries,
        "at": exit.at,
    }


def _protection(looking: Looking, exit: Exit) -> str:
    if exit.state == "waiting":
        return "waiting"
    why = unwatched(looking.state, exit)
    if why:
        return f"unprotected: {why}"
    return "closing" if exit.leg else "watched"


def _text(price: int | None) -> str | None:
    return None if price is None else text(price)
