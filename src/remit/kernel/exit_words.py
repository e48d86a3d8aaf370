"""Exits in words, the same on the command line, on the screen and in the answers of the guard."""

from __future__ import annotations

from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.numbers import SCALE, text


def terms_words(terms: ExitTerms) -> str:
    """Return what an exit does: `stop_loss 90, take_profit 108, 5 at most`."""
    most = [] if terms.quantity is None else [f"{text(terms.quantity)} at most"]
    return ", ".join([leg_words(leg) for leg in terms.legs] + most)


def leg_words(leg: Leg) -> str:
    """Return one leg: `stop_loss 90`, `trailing_stop 3%`, `trailing_stop 5 from 195`."""
    if leg.trigger is not None:
        return f"{leg.kind} {text(leg.trigger)}"
    distance = f"{text((leg.offset_bps or 0) * SCALE // 100)}%" if leg.offset is None else text(leg.offset)
    activation = "" if leg.activation is None else f" from {text(leg.activation)}"
    return f"{leg.kind} {distance}{activation}"
