"""What is said to a venue of a whole connection: cancel everything, and the dead man; and what follows a sleep."""

from __future__ import annotations

from collections.abc import Mapping

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.fold_drift import tolerance_of
from remit.kernel.halt import CANCELS_MAX, killed_connections
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.state import ArmFact, CancelAllFact, State
from remit.kernel.step import Step


def dead_man_s(state: State, connection: str) -> int:
    """Return for how long the dead man of a connection is armed; 0 where it is switched off."""
    return tolerance_of(state, connection).dead_man_s


def works(state: State, connection: str) -> bool:
    """Whether any order of a connection is, or may be, at its venue."""
    return any(order.connection == connection and order.state != "held" for order in state.orders.values())


def not_emptied(state: State) -> list[str]:
    """Return the connections that a standing kill reaches and whose venue has not yet said that it cancelled
    everything; one that has no words for it is none of them."""
    since: dict[str, int] = {}
    for halt in state.halts.values():
        if halt.cause == "kill":
            for connection in killed_connections(state, halt.subject):
                since[connection] = max(since.get(connection, 0), halt.at)
    found = []
    for connection, at in sorted(since.items()):
        told = state.cancel_alls.get(connection)
        if told is None or told.at < at or told.code not in ("", "unencodable"):
            found.append(connection)
    return found


def cancel_all(step: Step, body: c.CancelAll) -> None:
    """Tell a killed connection's venue again to cancel everything."""
    if body.connection in not_emptied(step.state):
        step.emit(e.CancelAllAsked(connection=body.connection))
    else:
        step.refuse("nothing_to_cancel", f"no kill waits for {body.connection}")


def arm(step: Step, body: c.Arm) -> None:
    """Arm, renew or disarm the dead man of a connection."""
    if not step.knows_connection(body.connection):
        return
    after_s = 0 if body.off else dead_man_s(step.state, body.connection)
    step.emit(e.Armed(connection=body.connection, after_s=after_s))


def answered(step: Step, body: c.Answered) -> None:
    """A venue did what it was told of a whole connection, or did not; only what is news counts."""
    facts: Mapping[str, CancelAllFact | ArmFact]
    facts = step.state.cancel_alls if body.to == "cancel_all" else step.state.armed
    known = facts.get(body.connection)
    if known is None or known.code == body.code:
        step.refuse("no_change", f"nothing waits for this answer of {body.connection}")
        return
    step.emit(e.Took())
    if isinstance(known, ArmFact) and known.after_s and body.code == "unencodable":
        why = f"{body.connection}: its venue has no dead man of {known.after_s} s; orders stay there without the guard"
        step.emit(e.Alarm(code="dead_man_missing", why=why))
    if isinstance(known, CancelAllFact) and known.tries == 1 and body.code:
        why = f"{body.connection}: everything should be cancelled there, and the venue did not: {body.code}"
        step.emit(e.Alarm(code="cancel_all_failed", why=why))


def woke(step: Step, body: c.Woke) -> None:
    """Nothing was watched meanwhile: no connection counts as reconciled, and every venue is asked what it holds."""
    step.emit(e.Took())
    step.emit(e.Alarm(code="woke", why=f"nothing was watched for {body.slept_ns // NANOSECONDS} s"))
    for connection in sorted(step.state.connections)[:CANCELS_MAX]:
        step.emit(e.Asked(connection=connection))
