"""What still stands of the cause of a halt, and so keeps it from ending."""

from __future__ import annotations

from remit.kernel.fold_drift import tolerance_of
from remit.kernel.names import subject
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.state import HaltFact, State

AGE, COUNT, RECONCILE, HALT_FILE = "unknown_age_max", "unknown_count_max", "reconcile", "halt_file"
"""Rules of halts that no mandate states, and that have steps of their own to end them."""


def refusal_of_resume(state: State, fact: HaltFact, at: int) -> tuple[str, str] | None:
    """Return why a connection's halt cannot end yet, as (code, what to do); None where nothing keeps it."""
    why = _drift(state, fact)
    if why:
        return "still_drifting", why
    why = _unknown(state, fact, at)
    return ("still_unknown", why) if why else None


def too_old_at(state: State, connection: str) -> int:
    """Return when the oldest unknown order of a connection will have been unknown for too long.

    They stand in the order in which they became unknown, so the first is the oldest.
    """
    since = next(iter(state.unknown[connection].values()))
    return since + tolerance_of(state, connection).unknown_age_max_s * NANOSECONDS


def _drift(state: State, fact: HaltFact) -> str:
    for connection, drifts in state.drifts.items():
        if fact.cause == "drift" and fact.subject == subject("connection", connection):
            for drift in drifts:
                if drift.bucket == "large":
                    return (
                        f"{drift.item} still differs: take what the venue shows, or keep the book, with "
                        f"remit reconcile resume {connection} --accept venue|book --shown ... --why ..."
                    )
    return ""


def _unknown(state: State, fact: HaltFact, at: int) -> str:
    for connection, orders in state.unknown.items():
        if fact.cause == "unknown" and fact.subject == subject("connection", connection):
            count, most = len(orders), tolerance_of(state, connection).unknown_count_max
            if fact.rule == COUNT and count > most:
                return f"nobody knows what became of {count} orders, and {most} may be so; wait for the venue to say"
            if fact.rule == AGE and too_old_at(state, connection) <= at:
                return f"nobody knows yet what became of {next(iter(orders))}; wait for the venue to say"
    return ""
