"""The monitor: limits judged with no order, after every fill, mark, settlement, order and mandate.

Only what lies above the touched stakes is looked at: their subject in all, and the market, category and venue they are
in. What a stake does to the equity of others in its account is seen when their own stakes are touched.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Literal, NamedTuple

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.book import Cell
from remit.kernel.effect import Alert
from remit.kernel.halt import breached, orders_in, orders_of
from remit.kernel.level import STANDS, groups_of, sums_of
from remit.kernel.names import SIGN, subject
from remit.kernel.order import TERMINAL, Order
from remit.kernel.rules.generate import CALM, NEAR, OVER, Line
from remit.kernel.rules.rule import PERS, Deny
from remit.kernel.rules.walk import measure
from remit.kernel.state import State, Subject
from remit.kernel.step import Step
from remit.kernel.sums import Sums

MARKET = PERS.index("market")
EVENTS_MAX = 60
"""Events of an entry after which telling and cancelling go on with the next one; halts never wait."""


class Group(NamedTuple):
    """What limits are counted on: a subject in all, or in one market, category or venue; `dimension` as in PERS."""

    subject: str
    dimension: int
    name: str


def after(step: Step) -> None:
    """Judge whatever the events of a step have touched, and then what that in turn has: an order that was held is gone
    at once."""
    state, body, seen = step.state, step.command.body, 0
    while seen < len(step.events):
        cells: list[Cell] = []
        subjects: tuple[Subject, ...] = ()
        for event in step.events[seen:]:
            happened, asked = type(event), type(body)
            if happened in OF_ORDER:
                cells += OF_ORDER[happened](state, event)
            elif happened is e.Took or happened is e.Quoted:
                if asked in TOUCHES:
                    cells += TOUCHES[asked](state, body)
                elif asked in CONCERNS:
                    subjects = CONCERNS[asked](state, body)
            elif type(event) is e.Spent:
                subjects = state.path(event.agent, event.client)
            elif happened is e.Corrected:
                subjects = tuple(state.subjects.values())
        seen = len(step.events)
        if cells or subjects:
            _look(step, cells, subjects)


def look(step: Step, of: Subject) -> None:
    """Judge everything that a subject holds: another mandate of it took effect."""
    _look(step, (), (of,))


def _look(step: Step, cells: Iterable[Cell], subjects: tuple[Subject, ...]) -> None:
    """Judge the groups above some stakes where anything is near, and all groups of some subjects."""
    groups = _near(step, cells)
    for of in subjects:
        groups.update(_all_of(step, of))
    whole = all(_forget(step, of) for of in subjects)
    if groups and not _judge(step, sorted(groups)) or not whole:
        step.emit(e.LookCut(begin="", left=True))


def go_on(step: Step) -> None:
    """Go on where an entry was full: at the subject that was not finished, and with all that follow it."""
    begin = step.state.look_cut
    if begin is None:
        return
    step.emit(e.LookCut(begin="", left=False))
    names = sorted(step.state.subjects)
    for name in names[bisect.bisect_left(names, begin) :]:
        of = step.state.subjects[name]
        if not (_forget(step, of) and _judge(step, sorted(_all_of(step, of)))):
            step.emit(e.LookCut(begin=name, left=True))
            return


def _near(step: Step, cells: Iterable[Cell]) -> set[Group]:
    """Return the groups above the touched stakes where anything is near, or was."""
    state, judge = step.state, step.judge
    groups: set[Group] = set()
    watches = judge.watches
    for cell in cells:
        watch = watches.get(cell.subject) or judge.watcher(state.subjects[cell.subject])
        try:
            near = watch.near(cell.sums)
        except Exception:  # noqa: BLE001  what cannot be told is looked at closely
            near = True
        if near:
            groups.update(_above(state, cell))
    return groups


def _above(state: State, cell: Cell) -> Iterator[Group]:
    traded = state.instruments[cell.instrument]
    for number, name in enumerate(("", traded.market_name, traded.category, traded.venue)):
        yield Group(cell.subject, number, name)


def _all_of(step: Step, of: Subject) -> Iterator[Group]:
    """Yield every group of a subject that has a limit."""
    lines = step.judge.watcher(of).lines
    for (dimension, name), _ in groups_of(of):
        number = PERS.index(dimension)
        if lines[number]:
            yield Group(of.written, number, name)


def _judge(step: Step, groups: list[Group]) -> bool:
    """Halt first, for all of them; then cancel what worsens, and then tell what was crossed. False where the entry is
    full and the rest must wait for the next one."""
    for group in groups:
        _halt(step, group)
    return all(_cancel(step, group) for group in groups) and all(_tell(step, group) for group in groups)


def _halt(step: Step, group: Group) -> None:
    """Draw the consequence of limits that halt."""
    of = step.state.subjects[group.subject]
    watch, sums = step.judge.watcher(of), _sums(of, group)
    for line, band in zip(watch.lines[group.dimension], watch.bands(group.dimension, sums), strict=True):
        if band == OVER and isinstance(line.rule.breach, Deny) and line.rule.breach.halt is not None:
            breached(step, watch.gauge(line, sums).finding(of.written, of.currency), of.name)


def _cancel(step: Step, group: Group) -> bool:
    """Ask for what worsens an exposure to be cancelled, oldest first; False where the entry is full."""
    of = step.state.subjects[group.subject]
    watch, sums = step.judge.watcher(of), _sums(of, group)
    for line, band in zip(watch.lines[group.dimension], watch.bands(group.dimension, sums), strict=True):
        breach = line.rule.breach
        if band != OVER or not isinstance(breach, Deny) or not breach.cancel or breach.halt is not None:
            continue
        for order in worsening(step.state, of, group, line):
            if is_full(step):
                return False
            step.withdraw(order, f"{line.rule.name} of {of.written}")
    return True


def _tell(step: Step, group: Group) -> bool:
    """Tell each crossing of a group once; False where the entry is full."""
    state, of = step.state, step.state.subjects[group.subject]
    watch, sums = step.judge.watcher(of), _sums(of, group)
    for line, band in zip(watch.lines[group.dimension], watch.bands(group.dimension, sums), strict=True):
        rule, dimension = line.rule.name, PERS[group.dimension]
        level = crossing(band, state.levels.get((of.written, rule, dimension, group.name), 0))
        if level is None:
            continue
        if is_full(step):
            return False
        found = watch.gauge(line, sums).finding(of.written, of.currency)
        step.emit(
            e.Crossed(
                subject=of.written,
                rule=rule,
                dimension=dimension,
                group=group.name,
                level=level,
                limit=found.limit,
                actual=found.actual,
                unit=found.unit,
            )
        )
    return True


def crossing(band: int, stands: int) -> Literal["near", "over", "back"] | None:
    """Return which level a band crosses from how its limit stood: near, over, back, or None."""
    if band == OVER:
        return "over" if stands < STANDS["over"] else None
    if band == NEAR:
        return "near" if not stands else None
    return "back" if band == CALM and stands else None


def is_full(step: Step) -> bool:
    """Whether an entry holds as many events as it may; what is left goes on with the next one."""
    return len(step.events) >= EVENTS_MAX


def worsening(state: State, of: Subject, group: Group, line: Line) -> list[Order]:
    """Return the orders to cancel, oldest first, so that an exposure would hold: of those without which it is less,
    the oldest, until with them and all that is being cancelled already left out the limit holds.

    What is proven to reduce stays, whatever it measures: no limit on exposure blocks it. The orders are left out of the
    subject's own stakes, measured, and put back: nothing has changed afterwards.
    """
    sums, rule = _sums(of, group), line.rule
    if not sums.working:
        return []
    leaving, waiting = [], []
    for order in sorted(_orders(state, of, group), key=_age):
        if order.state == "pending_cancel":
            leaving.append(order)
        elif not _reduces(state, order):
            waiting.append(order)
    out = {order.id: order for order in (*leaving, *waiting)}
    going: list[Order] = []
    for order in out.values():
        _leave_out(state, of, order, -1)
    try:
        now = measure(rule.resting, None, sums, None)
        for order in reversed(waiting):
            _leave_out(state, of, order, 1)
            then = measure(rule.resting, None, sums, None)
            if _amount(then) > _amount(now) and (going or _exceeds(line, then)):
                _leave_out(state, of, order, -1)
                going.append(order)
            else:
                del out[order.id]
                now = then
    finally:
        for order in out.values():
            _leave_out(state, of, order, 1)
    return going[::-1]


def _reduces(state: State, order: Order) -> bool:
    """Whether an order closes for the guard, or was let out as a reduction and still is one whatever fills first."""
    if order.by_guard:
        return True
    if order.opening:
        return False
    for written in (subject("account", order.account), subject("agent", order.agent)):
        cell = state.cells[(written, order.connection, order.instrument)]
        reserved = cell.buy_quantity if order.side == "buy" else cell.sell_quantity
        if reserved > -SIGN[order.side] * cell.quantity:
            return False
    return True


def _leave_out(state: State, of: Subject, order: Order, sign: int) -> None:
    """Take what an order reserves out of one subject's stake (-1), or put it back (1)."""
    cell = state.cells[(of.written, order.connection, order.instrument)]
    cell.reserve(SIGN[order.side], sign * order.reserved, order.counted_price, sign)


def _amount(measured: Any) -> int:
    """Return what an order can add to in a measurement; the equity of a ratio hangs on no order."""
    return int(measured[0] if isinstance(measured, tuple) else measured)


def _exceeds(line: Line, measured: Any) -> bool:
    exceeded = line.rule.relation.exceeded
    return exceeded is None or exceeded(measured, line.ready)


def _age(order: Order) -> tuple[int, int]:
    return order.at, int(order.id.rpartition("-")[2])


def _orders(state: State, of: Subject, group: Group) -> Iterator[Order]:
    """Yield what a subject's orders reserve in a group; in a market, without looking at orders in any other."""
    for order in orders_in(state, of, group.name) if group.dimension == MARKET else orders_of(state, of.written):
        traded = state.instruments[order.instrument]
        if order.reserved and group.name == ("", traded.market_name, traded.category, traded.venue)[group.dimension]:
            yield order


def _sums(of: Subject, group: Group) -> Sums:
    return sums_of(of, PERS[group.dimension], group.name)


def _forget(step: Step, of: Subject) -> bool:
    """Let the levels of limits go that are no longer in force; False where the entry is full."""
    lines = step.judge.watcher(of).lines
    watched = {(line.rule.name, PERS[number]) for number, group in enumerate(lines) for line in group}
    for of_level, rule, dimension, name in sorted(step.state.levels):
        if of_level == of.written and (rule, dimension) not in watched:
            if is_full(step):
                return False
            step.emit(
                e.Crossed(
                    subject=of.written,
                    rule=rule,
                    dimension=dimension,
                    group=name,
                    level="back",
                    limit="none",
                    actual="",
                    unit="",
                )
            )
    return True


# -- what a command touches


def _of_order(state: State, event: Any) -> list[Cell]:
    """Return the stakes that an event of an order has changed: one of each subject on its path."""
    order = state.order(event.order)
    if order is None:
        return []
    cells = []
    for of in state.path(order.agent, order.client):
        cell = state.cells.get((of.written, order.connection, order.instrument))
        if cell is not None:
            cells.append(cell)
    return cells


def _of_moved(state: State, event: e.Moved) -> list[Cell]:
    """Return the same of an order that ended, of stakes that are near a limit: unless it was rejected, that can only
    bring a limit back. One that came a step further takes up what it did, and a cancel that a venue refused is asked
    again with the next mark, not as fast as the venue answers."""
    if event.state == "rejected":
        return _of_order(state, event)
    if not state.levels or event.state not in TERMINAL:
        return []
    return [cell for cell in _of_order(state, event) if any(sums.levels for sums in cell.sums)]


def _quoted(state: State, body: c.Marked | c.Submit | c.Replace | c.Approve) -> list[Cell]:
    """Return what is held or reserved in the marked instruments."""
    cells = []
    for mark in body.marks:
        for cell in state.cells_of.get(mark.instrument, ()):
            if cell.active:
                cells.append(cell)
    return cells


def _marked(state: State, body: c.Marked) -> list[Cell]:
    """Return the same; a new rate may move all."""
    if body.fx:
        return [cell for cells in state.cells_of.values() for cell in cells if cell.active]
    return _quoted(state, body)


def _settled(state: State, body: c.Resolve | c.Split | c.Dividend | c.Funding) -> list[Cell]:
    names = state.markets.get(body.market, []) if isinstance(body, c.Resolve) else [body.instrument]
    return [cell for name in names for cell in state.cells_of.get(name, ())]


def _mandate(state: State, body: c.SetMandate) -> tuple[Subject, ...]:
    return (state.subjects[body.subject],)


def _balance(state: State, body: c.SetBalance) -> tuple[Subject, ...]:
    """Equity moved: of the account, and of the firm."""
    account = subject("account", state.connections[body.connection].account)
    return (state.subjects[account], state.subjects[subject("firm")])


OF_ORDER: dict[type, Callable[[State, Any], list[Cell]]] = {
    **dict.fromkeys((e.Reserved, e.Released, e.ReplaceAsked, e.ReplaceSettled, e.Booked, e.Reversed), _of_order),
    e.Moved: _of_moved,
}
"""Which stakes an event of an order touches."""
TOUCHES: dict[type, Callable[[State, Any], list[Cell]]] = {
    c.Marked: _marked,
    c.Submit: _quoted,
    c.Replace: _quoted,
    c.Approve: _quoted,
    c.Resolve: _settled,
    c.Split: _settled,
    c.Dividend: _settled,
    c.Funding: _settled,
}
"""Which stakes a command touches, beside those of its orders."""
CONCERNS: dict[type, Callable[[State, Any], tuple[Subject, ...]]] = {c.SetMandate: _mandate, c.SetBalance: _balance}
"""Which subjects a command concerns in everything they hold."""


def told(event: e.Crossed, halted: Collection[tuple[str, str]]) -> list[Alert]:
    """Return what people are told of a crossing: nothing when a limit is back, or when its halt says it already.

    `halted` are subject and rule of each halt that was raised with it.
    """
    if event.level == "back" or (event.subject, event.rule) in halted:
        return []
    of = f" of {event.group}" if event.group else ""
    return [
        Alert(
            f"limit_{event.level}",
            event.subject,
            f"{event.rule}{of} at {event.actual} {event.unit}, limit {event.limit}",
        )
    ]
