"""Orders of unknown outcome: too many of them at a connection, or one for too long, halt it."""

from __future__ import annotations

from remit.kernel.fold_drift import tolerance_of
from remit.kernel.halt import raise_halt
from remit.kernel.names import subject
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.stands import AGE, COUNT, too_old_at
from remit.kernel.state import State
from remit.kernel.step import Step


def watch_count(step: Step, connection: str) -> None:
    """Halt a connection with more orders of unknown outcome than it may have."""
    count, most = len(step.state.unknown.get(connection, ())), tolerance_of(step.state, connection).unknown_count_max
    if count > most:
        why = f"nobody knows what became of {count} orders"
        raise_halt(
            step, subject("connection", connection), "unknown", COUNT, limit=str(most), actual=str(count), why=why
        )


def due_at(state: State, never: int) -> int:
    """Return when the first order will have been unknown for too long; `never` where none will."""
    due = never
    for connection in state.unknown:
        if not _is_halted(state, connection):
            due = min(due, too_old_at(state, connection))
    return due


def fall_due(step: Step) -> None:
    """Halt every connection with an order that has been unknown for too long."""
    state = step.state
    for connection in sorted(state.unknown):
        if too_old_at(state, connection) <= step.command.at and not _is_halted(state, connection):
            order, since = next(iter(state.unknown[connection].items()))
            raise_halt(
                step,
                subject("connection", connection),
                "unknown",
                AGE,
                limit=f"{tolerance_of(state, connection).unknown_age_max_s} s",
                actual=f"{(step.command.at - since) // NANOSECONDS} s",
                why=f"nobody knows what became of {order}",
            )


def _is_halted(state: State, connection: str) -> bool:
    return any(state.halts[halt].rule == AGE for halt in state.halted.get(subject("connection", connection), ()))
