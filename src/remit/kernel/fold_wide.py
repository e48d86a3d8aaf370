"""Folding what is said to a venue of a whole connection, and a sleep."""

from __future__ import annotations

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import health
from remit.kernel.command import Command
from remit.kernel.state import ArmFact, CancelAllFact, State


def fold_cancel_all(state: State, command: Command, decision: e.Decision | None, event: e.CancelAllAsked) -> None:
    """A venue was told to cancel everything; its answer is awaited."""
    known = state.cancel_alls.get(event.connection)
    tries = known.tries + 1 if known is not None and isinstance(command.body, c.CancelAll) else 1
    state.cancel_alls[event.connection] = CancelAllFact(connection=event.connection, at=command.at, tries=tries)


def fold_armed(state: State, command: Command, decision: e.Decision | None, event: e.Armed) -> None:
    """A dead man was armed, renewed or disarmed; the venue's answer is awaited."""
    state.armed[event.connection] = ArmFact(connection=event.connection, at=command.at, after_s=event.after_s)


def fold_answered(state: State, command: Command, body: c.Answered) -> None:
    """Note what a venue made of it."""
    if body.to == "cancel_all":
        told = state.cancel_alls[body.connection]
        state.cancel_alls[body.connection] = msgspec.structs.replace(told, code=body.code, answered_at=command.at)
        return
    state.armed[body.connection] = msgspec.structs.replace(state.armed[body.connection], code=body.code)


def fold_woke(state: State, command: Command, body: c.Woke) -> None:
    """No connection counts as reconciled, and no mark from before counts as fresh."""
    health.fall_asleep(state, body.slept_ns)
    for name, known in state.venue_states.items():
        state.venue_states[name] = msgspec.structs.replace(known, reconciled=False)
        state.doubted[name] = command.seq
