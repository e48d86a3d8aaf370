"""Reconciling: what follows where a venue's own account of a connection differs from the book, and how a person
decides it."""

from __future__ import annotations

from collections import Counter

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import unknown
from remit.kernel.compare import Comparison
from remit.kernel.drift import Drift, digest_of
from remit.kernel.fold_drift import book_of, hangs, has_rates, held_of, tolerance_of, whole
from remit.kernel.halt import raise_halt
from remit.kernel.names import split_subject, subject
from remit.kernel.numbers import NANOSECONDS, Quantity, text
from remit.kernel.stands import RECONCILE
from remit.kernel.state import State
from remit.kernel.step import Step
from remit.kernel.venue_wide import works

DRIFTS_MAX = 50
"""Differences that one entry names, the large ones first; the next round goes on."""
ASKS_MAX = 50
"""Orders that one round asks about."""
TOLD_MAX = 400
"""Characters of an alarm that names differences."""
NOT_YET_SHOWN = ("held", "allowed", "sent")
"""Orders that a venue need not show yet."""


def set_tolerance(step: Step, body: c.SetTolerance) -> None:
    """A person says how far a connection may differ; tighter limits bind at once."""
    if not step.knows_connection(body.connection):
        return
    if body.tolerance.floor < 0:
        step.refuse("not_possible", "a floor is not below zero")
    elif not body.why.strip():
        step.refuse("no_reason", "say why, so that the history can be read")
    else:
        step.emit(e.Took())
        unknown.watch_count(step, body.connection)


def no_data(step: Step, body: c.NoData) -> None:
    """A round without an account: never a flat one."""
    if step.knows_connection(body.connection):
        _silent(step, body.connection, body.why)


def reconciled(step: Step, body: c.Reconciled) -> None:
    """Compare a venue's own account of a connection with the book: a large difference halts it, others are watched.

    An order that the venue does not show may be over, and one in flight may have filled: both keep what they reserve,
    and the venue is asked.
    """
    state = step.state
    if not step.knows_connection(body.connection):
        return
    known = state.gathered.get(body.connection)
    before = (body.part - 1, body.parts, body.asked)
    follows = body.part == 1 or (known is not None and (known.part, known.parts, known.asked) == before)
    if body.part > body.parts or not follows:
        _silent(step, body.connection, f"part {body.part} of {body.parts} came out of order")
    elif body.part < body.parts:
        step.emit(e.Took())
    else:
        _compare(step, whole(state, body))


def _compare(step: Step, shown: c.Reconciled) -> None:
    state, name = step.state, shown.connection
    why = _no_account(state, shown)
    if why:
        _silent(step, name, why)
        return
    before = state.drifts.get(name, ())
    drifts = Comparison(state, shown, step.command.at).drifts
    asks = _worth_asking(state, shown, drifts)
    if not drifts:
        step.emit(e.Took())
    else:
        ready = state.venue_states[name].reconciled
        step.emit(e.Drifted(connection=name, drifts=drifts[:DRIFTS_MAX], more=len(drifts[DRIFTS_MAX:])))
        _tell(step, name, before, drifts)
        hanging = [drift for drift in state.drifts[name] if hangs(state, name, drift)]
        if ready and hanging:
            why = f"{name}: always something in transit, so nothing opens until book and venue agree: {_said(hanging)}"
            step.emit(e.Alarm(code="always_in_transit", why=why[:TOLD_MAX]))
    for order in asks[:ASKS_MAX]:
        step.emit(e.Asked(connection=name, order=order))


def _tell(step: Step, connection: str, before: tuple[Drift, ...], drifts: tuple[Drift, ...]) -> None:
    """Halt a connection with a large difference; alarm where one is new."""
    large = [drift for drift in drifts if drift.bucket == "large"]
    if not large:
        return
    said = _said(large)
    known = {(drift.kind, drift.item) for drift in before if drift.bucket == "large"}
    if any((drift.kind, drift.item) not in known for drift in large):
        step.emit(e.Alarm(code="drift", why=f"{connection}: {said}"))
    raise_halt(step, subject("connection", connection), "drift", RECONCILE, actual=said)


def _said(drifts: list[Drift]) -> str:
    words = []
    for drift in drifts:
        why = f" ({drift.why})" if drift.why else ""
        if drift.kind == "order":
            words.append(f"order {drift.item} works at the venue{why}")
        else:
            words.append(f"{drift.item}: book {text(drift.book)}, venue {text(drift.venue)}{why}")
    return "; ".join(words)[:TOLD_MAX]


def _no_account(state: State, shown: c.Reconciled) -> str:
    """Return why what was shown is no account of the connection; empty where it is one."""
    if shown.asked < state.doubted.get(shown.connection, 0):
        return f"entry {shown.asked} asked for it, before entry {state.doubted[shown.connection]} put it into doubt"
    for what, names in (
        ("position", Counter(holding.instrument for holding in shown.positions)),
        ("balance", Counter(currency for currency, _ in shown.cash)),
    ):
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            return f"the venue shows the {what} {twice[0]} twice"
    name = shown.connection
    cash = any(cash.amount for (of, _), cash in state.cash.items() if of == name)
    if cash and not shown.cash:
        return "the venue shows no cash at all, and the book holds some"
    if not (shown.positions or shown.cash or shown.orders) and (book_of(state, name) or works(state, name)):
        return "the venue shows nothing at all, and the book holds something"
    return ""


def _silent(step: Step, connection: str, why: str) -> None:
    ready = step.state.venue_states[connection].reconciled
    step.emit(e.Silent(connection=connection, why=why))
    closes = ready and not step.state.venue_states[connection].reconciled
    if closes or step.state.silent[connection] == tolerance_of(step.state, connection).silent_rounds:
        why = f"{connection}: no account for {step.state.silent[connection]} rounds, so nothing opens: {why}"
        step.emit(e.Alarm(code="venue_silent", why=why[:TOLD_MAX]))


def _worth_asking(state: State, shown: c.Reconciled, drifts: tuple[Drift, ...]) -> list[str]:
    """Return the orders to ask about: those that should work and are not shown, and those that may have filled."""
    there = set(shown.orders)
    moved = {drift.item for drift in drifts if drift.kind == "position"}
    window_ns = tolerance_of(state, shown.connection).window_s * NANOSECONDS
    found = []
    for order in state.orders.values():
        if order.connection != shown.connection or order.state == "held":
            continue
        fresh = order.state in NOT_YET_SHOWN and state.at - order.changed_at < window_ns
        if order.instrument in moved or order.id not in there and not fresh:
            found.append(order.id)
    return found


# -- a person decides


def adopt(step: Step, body: c.Adopt) -> None:
    """Correct the book to the venue's truth, or keep it and remember the difference; what is in transit is left to
    arrive."""
    state = step.state
    if not step.knows_connection(body.connection):
        return
    if not body.why.strip():
        step.refuse("no_reason", "say what was looked at and found, with --why")
        return
    found = state.drifts.get(body.connection, ())
    drifts = [drift for drift in found if drift.is_decidable]
    if not drifts:
        step.refuse("no_drift", f"the last round of {body.connection} found nothing to decide: remit reconcile now")
        return
    if body.shown and body.shown != digest_of(found):
        step.refuse("not_as_shown", f"what differs is not what was shown: remit reconcile show {body.connection}")
        return
    events: list[e.Corrected | e.Kept] = []
    for drift in drifts:
        decided = _decided(state, body, drift)
        if isinstance(decided, tuple):
            step.refuse(*decided)
            return
        events.append(decided)
    for event in events:
        step.emit(event)


def _decided(state: State, body: c.Adopt, drift: Drift) -> e.Corrected | e.Kept | tuple[str, str]:
    """Return what a decision means for one difference, or why it cannot be, as (code, what to do)."""
    name, item = body.connection, drift.item
    if held_of(state, name, drift.kind, item) != drift.book:
        return "moved_since", f"the book of {item} has moved since that round: remit reconcile now {name}, and look"
    if body.truth == "book":
        return e.Kept(connection=name, kind=drift.kind, item=item, difference=Quantity(drift.difference))
    if drift.kind == "order":
        return (
            "order_not_ours",
            f"the book cannot take over order {item}: cancel it at the venue, or keep the book, which lets it work",
        )
    change = Quantity(drift.difference + state.kept.get((name, drift.kind, item), 0))
    if drift.kind == "cash":
        if not has_rates(state, name, item):
            return "no_rate", f"there is no exchange rate to count {item}: remit fact fx"
        return e.Corrected(connection=name, kind="cash", item=item, change=change)
    instrument = state.instruments.get(item)
    if instrument is None:
        return "unknown_instrument", f"{item} is not known here: add it first, then ask for a round"
    currencies = {state.subjects[of].currency for of in ("firm", subject("account", state.connections[name].account))}
    if item not in state.marks or any(state.unit(instrument, currency) is None for currency in currencies):
        return "no_mark", f"{item} has no mark or no exchange rate to value it: give one first"
    agent = _whose(state, body, item)
    if isinstance(agent, tuple):
        return agent
    return e.Corrected(connection=name, kind="position", item=item, agent=agent, change=change)


def _whose(state: State, body: c.Adopt, item: str) -> str | tuple[str, str]:
    """Return whose a corrected position is: the only holder's, else who was named, else the only one granted."""
    holders = sorted(
        split_subject(of)[1]
        for (of, connection, name), cell in state.cells.items()
        if connection == body.connection and name == item and cell.quantity and of.startswith("agent:")
    )
    if len(holders) == 1:
        return holders[0]
    if body.agent:
        agent = state.agents.get(body.agent)
        if agent is None or agent.account != state.connections[body.connection].account:
            return "unknown_agent", f"agent {body.agent} does not belong to the account of {body.connection}"
        return body.agent
    granted = sorted(agent for agent, connection in state.grants if connection == body.connection)
    if not holders and len(granted) == 1:
        return granted[0]
    return "agent_needed", f"say whose {item} is with --agent: {', '.join(holders or granted) or 'no agent is granted'}"
