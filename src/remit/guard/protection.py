"""Protection: which positions have exits, and whether somebody watches them now. An exit that cannot act protects
nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from remit.kernel import health
from remit.kernel.effect import Alert
from remit.kernel.exit import Exit
from remit.kernel.names import named, split_subject, subject
from remit.kernel.numbers import NANOSECONDS, text
from remit.kernel.state import State

NONE, WATCHED, UNPROTECTED = "none", "watched", "unprotected"


class Unprotected(NamedTuple):
    """A position whose exits cannot do now what they were set for, and why."""

    agent: str
    connection: str
    instrument: str
    quantity: int
    why: str


def unwatched(state: State, exit: Exit) -> str:
    """Return why an exit could not act now; empty where it is watched, or is being closed."""
    instrument, mark = state.instruments[exit.instrument], state.marks.get(exit.instrument)
    venue = state.venue_states[exit.connection]
    if not venue.link_up:
        return f"the link of {exit.connection} is down"
    if not venue.reconciled:
        return f"{exit.connection} is not reconciled"
    if exit.leg:
        return ""
    if mark is None:
        return f"there is no mark of {exit.instrument}"
    if instrument.exits_on == "mark" and mark.fair is None:
        return f"the marks of {exit.instrument} have no fair price, on which its exits stand"
    return health.fault_of(state, exit.instrument)


def protection(state: State, agent: str, connection: str, instrument: str) -> str:
    """Return how one agent's position is protected: `none` (no stop was asked for), `watched`, or `unprotected: why`.

    It is unprotected as soon as one of its exits could not act, and where its stops cover only a part of it.
    """
    cell = state.cells.get((subject("agent", agent), connection, instrument))
    held = 0 if cell is None else abs(cell.quantity)
    exits = [state.exits[name] for name in state.exits_at.get((agent, connection, instrument), ())]
    standing = [exit for exit in exits if exit.state != "waiting" and not exit.why]
    if not held or not standing:
        return NONE
    for exit in standing:
        why = unwatched(state, exit)
        if why:
            return f"{UNPROTECTED}: {why}"
    covered = sum(exit.protects for exit in standing if exit.terms.stops)
    if not covered:
        return NONE
    return WATCHED if covered >= held else f"{UNPROTECTED}: stops cover {text(covered)} of {text(held)}"


def protection_for(state: State, written: str, connection: str, instrument: str) -> str:
    """Return how the position of any subject is protected: as badly as that of the worst of the agents behind it."""
    scope, name = split_subject(written)
    if scope == "client":
        scope, name = "agent", state.clients[name].agent
    behind = (
        [name]
        if scope == "agent"
        else [agent for agent, owned in state.agents.items() if scope == "firm" or owned.account == name]
    )
    found = {
        protection(state, agent, connection, instrument)
        for agent in behind
        if _holds(state, agent, connection, instrument)
    }
    bad = sorted(said for said in found if said.startswith(UNPROTECTED))
    return bad[0] if bad else WATCHED if found == {WATCHED} else NONE


def unprotected(state: State) -> Iterator[Unprotected]:
    """Yield every position that has exits which cannot do now what they were set for."""
    for agent, connection, instrument in sorted(state.exits_at):
        said = protection(state, agent, connection, instrument)
        if said.startswith(UNPROTECTED):
            cell = state.cells[(subject("agent", agent), connection, instrument)]
            yield Unprotected(agent, connection, instrument, cell.quantity, said.removeprefix(f"{UNPROTECTED}: "))


def alert_of_start(state: State, at: int) -> Alert | None:
    """Return what people must hear at a start: for how long exits of the book were not watched; None without exits.

    `at` is now and the state that of the journal's last entry, which is when a guard watched last.
    """
    standing = [exit for exit in state.exits.values() if exit.state != "waiting"]
    if not standing:
        return None
    places = sorted({f"{exit.agent} {exit.instrument}" for exit in standing})
    why = f"for {max(at - state.at, 0) // NANOSECONDS} s nobody watched the exits of {named(places)}"
    return Alert("exits_unwatched", "firm", why)


def _holds(state: State, agent: str, connection: str, instrument: str) -> bool:
    cell = state.cells.get((subject("agent", agent), connection, instrument))
    return cell is not None and bool(cell.quantity)
