"""Exits: who may set, tighten and drop them, what is told when one is armed, touched or over, and how it is closed."""

from __future__ import annotations

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.exit import EXIT, EXITS_MAX, Exit, at_once, closed_by, closing_id, widened
from remit.kernel.exit_terms import entry_price, fault_of_terms
from remit.kernel.fold_exits import DROPPED, REMAINDER, price_of, said
from remit.kernel.gather import tradable
from remit.kernel.halt import CANCELS_MAX
from remit.kernel.names import subject
from remit.kernel.numbers import NANOSECONDS, Price, Quantity, div_ceil, text
from remit.kernel.order import Order, OrderIntent
from remit.kernel.reserve import message_wait_ns, own_left, reducible_by
from remit.kernel.state import State
from remit.kernel.step import Step
from remit.kernel.trade import free_id, may_speak_for, speaks_for

# -- setting and dropping


def set_exit(step: Step, body: c.SetExit) -> None:
    """Set an exit on a position, once per id, or give an exit of the book new terms."""
    state = step.state
    known = state.exits.get(body.id)
    if known is not None and _speaks_for(step, known):
        _amend(step, known, body)
        return
    if not speaks_for(step, step.command.by, body.agent, body.client) or not free_id(step, body.id):
        return
    before = state.seen.get((body.agent, body.id))
    if before is not None and before.fingerprint == said(body):
        step.emit(e.Repeated(seq=before.seq))
        return
    refused = _unfit(step, body)
    if refused is not None:
        step.refuse(*refused)
    elif _in_time(step, body.agent, body.client):
        step.emit(e.ExitSet(exit=f"{EXIT}{step.command.seq}"))


def _unfit(step: Step, body: c.SetExit) -> tuple[str, str] | None:
    """Return why there can be no such exit on this position, as (code, what to do); None where there can."""
    state = step.state
    if (body.agent, body.id) in state.seen:
        return "intent_id_unique", f"{body.id} was used for something else; give each request an id of its own"
    if body.id.startswith(EXIT):
        return no_exit(body.id)
    instrument = state.instruments.get(body.instrument)
    if body.agent not in state.agents:
        return "unknown", f"there is no agent {body.agent}; `remit agent list` shows them"
    if body.connection not in state.connections:
        return "unknown", f"there is no connection {body.connection}; `remit connection list` shows them"
    if instrument is None:
        return "unknown", f"there is no instrument {body.instrument}; `remit instrument list` shows them"
    if body.client and (body.client not in state.clients or state.clients[body.client].agent != body.agent):
        return "unknown", f"client {body.client} does not act for agent {body.agent}"
    stopped = _stopped(step, body.agent, body.client, body.connection)
    if stopped:
        return "agent_active", stopped
    key = (body.agent, body.connection, body.instrument)
    cell = state.cells.get((subject("agent", body.agent), body.connection, body.instrument))
    if cell is None or not cell.quantity:
        return "no_position", f"{body.agent} holds no {body.instrument} through {body.connection}"
    if len(state.exits_at.get(key, ())) >= EXITS_MAX:
        return "too_many_exits", f"{body.agent} has {EXITS_MAX} exits on {body.instrument} already; drop one first"
    path = state.path(body.agent, body.client)
    side, price = "sell" if cell.quantity > 0 else "buy", price_of(state, instrument)
    fault = fault_of_terms(path, instrument, body.terms, side, price)
    return ("exit_terms", fault) if fault else None


def _amend(step: Step, known: Exit, body: c.SetExit) -> None:
    """Give an exit new terms: tighter from anybody who may act for its agent, wider from a person only."""
    state = step.state
    if not _may_touch(step, known):
        return
    instrument = state.instruments[known.instrument]
    entry = state.orders.get(known.order)
    price = price_of(state, instrument)
    if entry is not None and known.state == "waiting":
        price = entry_price(entry.side, entry.limit_price, price)
    path = state.path(known.agent, known.client)
    fault = fault_of_terms(path, instrument, body.terms, known.side, price)
    loosened = "" if step.command.by.is_person else widened(known, body.terms)
    if (known.agent, known.connection, known.instrument) != (body.agent, body.connection, body.instrument):
        step.refuse("not_this_exit", f"{known.id} is of {known.agent}, {known.connection}, {known.instrument}")
    elif known.leg:
        step.refuse("already_triggered", f"{known.id} has triggered and is being closed")
    elif loosened:
        step.refuse("widens_stop", f"{loosened}; only a person may do that")
    elif fault:
        step.refuse("exit_terms", fault)
    elif _in_time(step, known.agent, known.client, tightens=known.terms.stops):
        step.emit(e.ExitSet(exit=known.id))


def drop_exit(step: Step, body: c.DropExit) -> None:
    """Take an exit away: a person any, an agent or client one that bounds no loss and has not triggered."""
    known = step.state.exits.get(body.exit)
    if known is None or not _speaks_for(step, known):
        step.refuse(*no_exit(body.exit))
    elif not _may_touch(step, known):
        return
    elif step.command.by.is_person:
        step.emit(e.ExitEnded(exit=known.id, why=DROPPED))
    elif known.leg:
        step.refuse("already_triggered", f"{known.id} has triggered and is being closed")
    elif known.terms.stops:
        step.refuse("widens_stop", "its stop would go; only a person may do that")
    elif _in_time(step, known.agent, known.client):
        step.emit(e.ExitEnded(exit=known.id, why=DROPPED))


def _in_time(step: Step, agent: str, client: str, tightens: bool = False) -> bool:
    """Whether the message buckets take one more; refuses the command where one does not. A person is counted and never
    refused. Who tightens a stop and has a rate of its own is held to that alone: no storm of others hinders it."""
    if step.command.by.is_person:
        return True
    path = step.state.path(agent, client)
    own = [of for of in path[2:] if of.version is not None and of.version.mandate.message_rate_max is not None]
    for of in own if tightens and own else path:
        wait_ns = message_wait_ns(of, step.command.at)
        if wait_ns:
            wait_s = div_ceil(wait_ns, NANOSECONDS)
            step.refuse("message_rate_max", f"{of.written} sends too many messages; ask again in {wait_s} s", wait_s)
            return False
    return True


def no_exit(name: str) -> tuple[str, str]:
    """Return what is said of an exit that is not there, or is another's: the two are told alike."""
    return "unknown_exit", f"there is no exit {name} of yours; `remit exit list` shows those in force"


def _speaks_for(step: Step, known: Exit) -> bool:
    by = step.command.by
    return may_speak_for(step.state, by, known.agent, known.client if by.role == "client" else "")


def _may_touch(step: Step, known: Exit) -> bool:
    """Whether an exit of the principal's may be changed now; refuses the command where it may not."""
    stopped = _stopped(step, known.agent, known.client, known.connection)
    if stopped:
        step.refuse("agent_active", stopped)
    return not stopped


def _stopped(step: Step, agent: str, client: str, connection: str) -> str:
    """Return what keeps an agent or client from setting exits now; nothing keeps a person."""
    state = step.state
    if step.command.by.is_person:
        return ""
    if (agent, connection) not in state.grants:
        return f"{connection} is not granted to {agent}"
    if (agent, "place_order") not in state.capabilities:
        return "place_order is switched off"
    names = [of.written for of in state.path(agent, client)]
    names += [subject("venue", state.connections[connection].venue), subject("connection", connection)]
    for name in names:
        if name in state.pauses:
            return f"{name} is paused"
        for halt in state.halted.get(name, ()):
            if state.halts[halt].cause not in e.REDUCING_PASSES:
                return f"{name} is halted: {halt}"
    return ""


# -- telling what happened


def draw(step: Step) -> None:
    """Tell what the command has done to exits, as much as one entry holds; the rest comes with the next, at once."""
    state = step.state
    while state.exits_due and len(step.events) < CANCELS_MAX:
        exit = state.exits[next(iter(state.exits_due))]
        if exit.why:
            _tell_end(step, exit)
        elif not exit.leg:
            step.emit(e.ExitArmed(exit=exit.id, quantity=Quantity(exit.protects), price=Price(exit.extreme)))
        elif not _trigger(step, exit):
            return


def _tell_end(step: Step, exit: Exit) -> None:
    step.emit(e.ExitEnded(exit=exit.id, why=exit.why))
    if exit.why == REMAINDER:
        left = f"{text(exit.protects)} of {exit.instrument} is less than the venue takes and stays open"
        step.emit(e.Alarm(code="exit_remainder", why=f"{exit.id} of {exit.agent}: {left}"))


def _trigger(step: Step, exit: Exit) -> bool:
    """Ask for everything to be cancelled that stands in the way of closing, then say that the exit has triggered.

    False where the cancels do not fit into this entry: the next one goes on.
    """
    wanted = _in_the_way(step.state, exit)
    room = CANCELS_MAX - len(step.events)
    for order in wanted[:room]:
        step.withdraw(order, f"exit {exit.id}: {exit.leg}")
    if len(wanted) > room:
        return False
    quantity = Quantity(exit.protects)
    step.emit(e.ExitTriggered(exit=exit.id, leg=exit.leg, price=Price(exit.price), quantity=quantity))
    held = proven(step.state, exit)
    if held < quantity and not exit.why:
        why = f"{exit.id} of {exit.agent} protects {quantity} of {exit.instrument}, but {exit.connection} is proven to "
        step.emit(e.Alarm(code="exit_unproven", why=f"{why}hold {text(held)} on that side: no more is closed"))
    return True


def proven(state: State, exit: Exit) -> int:
    """Return how much its connection holds of what an exit closes, by book and venue, whatever reserves it: agents on
    two sides of one connection hold less together than each of them."""
    account = subject("account", state.agents[exit.agent].account)
    cell = state.cells.get((account, exit.connection, exit.instrument))
    held = 0 if cell is None else exit.sign * cell.quantity
    confirmed = state.confirmed.get((exit.connection, exit.instrument))
    return max(held if confirmed is None else min(held, exit.sign * confirmed), 0)


def _in_the_way(state: State, exit: Exit) -> list[Order]:
    """Return the entry that may still fill, and what else of the agent's reserves the position, oldest first.

    What opens on the closing side through the same connection reserves it too, whoever asked; also what is held for
    people.
    """
    owner = state.accounts[state.agents[exit.agent].account].owner
    rivals = {order for _, order in state.crossings.get((owner, exit.instrument, exit.side), ())}
    rivals.update(name for name, _ in state.holds.items() if state.orders[name].side == exit.side)
    found: list[Order] = []
    for name in dict.fromkeys((*state.orders_of.get(exit.agent, ()), *sorted(rivals))):
        order = state.orders[name]
        if (order.connection, order.instrument) != (exit.connection, exit.instrument):
            continue
        own = order.agent == exit.agent and order.side == exit.side and not order.by_guard
        if order.id == exit.order or own or (name in rivals and order.opening):
            found.append(order)
    return [order for order in found if order.state != "pending_cancel"]


def expire(step: Step) -> None:
    """End the exits of what has expired; those that do not fit into this entry end with the next."""
    state, at = step.state, step.command.at
    for instrument in sorted(name for name, expires_at in state.expiries.items() if expires_at <= at):
        for name in list(state.exits_of[instrument])[: max(CANCELS_MAX - len(step.events), 0)]:
            step.emit(e.ExitEnded(exit=name, why="expired"))


# -- closing


def closing(state: State, name: str, at: int | None = None) -> OrderIntent | None:
    """Return the order that closes what is left of a triggered exit; None while there is nothing to send.

    None while an earlier one works, the instrument does not trade at `at` (journal time unless said otherwise), or
    other orders still reserve the position: ask again until the exit has left the book.
    """
    exit = state.exits.get(name)
    if exit is None or exit.state != "triggered" or exit.closer in state.orders:
        return None
    instrument = state.instruments[exit.instrument]
    at = state.at if at is None else max(at, state.at)
    if tradable(state, instrument, at):
        return None
    account = subject("account", state.agents[exit.agent].account)
    cells = [state.cells.get((of, exit.connection, exit.instrument)) for of in (account, subject("agent", exit.agent))]
    if cells[0] is None or cells[1] is None:
        return None
    free = reducible_by(state, cells[0], cells[1], -exit.sign)
    quantity = at_once(instrument, min(exit.protects, free))
    if not quantity:
        return None
    return OrderIntent(
        id=closing_id(exit.id, exit.tries),
        agent=exit.agent,
        connection=exit.connection,
        instrument=exit.instrument,
        side=exit.side,
        quantity=Quantity(quantity),
        created_at=at,
        type="market",
        time_in_force="ioc",
        reduce="clip",
        slippage_bps=exit.terms.slippage_bps,
    )


def to_cancel(state: State, name: str) -> list[str]:
    """Return the orders that stand in the way of a triggered exit and that nobody asks to be cancelled: a venue refused
    it, or they came since. What is unknown is asked about instead."""
    exit = state.exits.get(name)
    if exit is None or exit.state != "triggered":
        return []
    return [order.id for order in _in_the_way(state, exit) if order.state != "unknown"]


def client_of(state: State, intent: OrderIntent) -> str:
    """Return through which client the guard sends a closing order: that of the exit, where what is left of the
    client's own stake covers it; else none, so that nothing is booked to a client that it never held."""
    exit = state.exits.get(closed_by(intent.id))
    if exit is None or not exit.client:
        return ""
    cell = state.cells.get((subject("client", exit.client), exit.connection, exit.instrument))
    return exit.client if own_left(cell, -exit.sign) >= intent.quantity else ""
