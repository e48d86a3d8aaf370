"""What a command changes that takes effect exactly as it says: access, mandates, facts of the world, pauses and
resumes."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from remit.kernel import callback, fold_drift, fold_exits, fold_people, fold_wide, health, preapproval, settle, tokens
from remit.kernel import command as c
from remit.kernel.access import FIRST
from remit.kernel.book import Cell
from remit.kernel.command import Command
from remit.kernel.instrument import FxMark, Mark
from remit.kernel.names import subject
from remit.kernel.state import CLOCK_LEAD_NS, Calendar, PauseFact, State, Subject


def set_marks(state: State, marks: Iterable[Mark], fx: Iterable[FxMark]) -> None:
    """Value everything held at new marks and rates; high-water marks look only when all of them have taken effect."""
    touched: list[Cell] = []
    if state.begun:
        state.begun = {}
    for rate in fx:
        touched += _set_rate(state, rate)
    for mark in marks:
        touched += _set_mark(state, mark)
    for cell in touched:
        cell.sums[0].raise_high_water()


def _set_mark(state: State, mark: Mark) -> list[Cell]:
    known = state.marks.get(mark.instrument)
    if mark.instrument not in state.instruments or (known is not None and _is_older(state, mark.at, known.at)):
        return []
    admitted = health.admit(state, mark, known)
    if admitted is None:
        return []
    state.marks[mark.instrument] = mark = admitted
    cells, price = state.cells_of.get(mark.instrument, []), int(mark.last)
    for cell in cells:
        cell.mark(price)
    if mark.instrument in state.exits_of and health.may_trigger(state, mark.instrument):
        fold_exits.marked(state, known, mark)
    return cells


def _set_rate(state: State, mark: FxMark) -> list[Cell]:
    inverse = (mark.to, mark.of)
    known = state.fx.get((mark.of, mark.to)) or state.fx.get(inverse)
    if known is not None and _is_older(state, mark.at, known.at):
        return []
    state.fx.pop(inverse, None)
    state.fx[(mark.of, mark.to)] = mark
    touched = []
    for name, cells in state.cells_of.items():
        instrument = state.instruments[name]
        if instrument.currency not in inverse:
            continue
        for cell in cells:
            unit = state.unit(instrument, state.subjects[cell.subject].currency)
            if unit is not None and unit != cell.unit:
                cell.unit = unit
                cell.revalue()
                touched.append(cell)
    return touched


def _is_older(state: State, at: int, known_at: int) -> bool:
    """Whether a mark comes late; one that claims to be from the future is never what others are late against."""
    return at < known_at <= state.at + CLOCK_LEAD_NS


KEPT_STARTS = 8
"""Session starts kept when new ones are given; the last of them bounds how far the days are known."""


def start_day(of: Subject) -> None:
    """Begin a subject's day: its counters start anew and its loss counts from here."""
    of.total.day_base = of.total.pnl
    of.total.orders_today = 0
    for sums in of.groups.values():
        sums.orders_today = 0


def _started(state: State, command: Command, body: c.KernelStarted) -> None:
    state.version = body.version
    state.prefix = body.prefix
    state.crashed = not body.clean
    for name, known in state.venue_states.items():
        state.venue_states[name] = msgspec.structs.replace(known, reconciled=False, link_up=False)
        state.doubted[name] = command.seq


def _firm(state: State, command: Command, body: c.SetFirm) -> None:
    state.firm_currency = body.currency
    state.add_subject("firm", "", body.currency, None)


def _account(state: State, command: Command, body: c.AddAccount) -> None:
    state.accounts[body.account.name] = body.account
    state.add_subject("account", body.account.name, body.account.currency, None)


def _connection(state: State, command: Command, body: c.AddConnection) -> None:
    state.connections[body.connection.name] = body.connection
    state.venue_states[body.connection.name] = c.SetVenueState(
        connection=body.connection.name, reconciled=False, link_up=False
    )


def _key(state: State, command: Command, body: c.SetKey) -> None:
    state.keys[(body.key.connection, body.key.agent)] = body.key


def _agent(state: State, command: Command, body: c.AddAgent) -> None:
    account = state.subjects[subject("account", body.agent.account)]
    state.agents[body.agent.name] = body.agent
    state.add_subject("agent", body.agent.name, account.currency, account.total)
    state.capabilities.update((body.agent.name, name) for name in FIRST)


def _client(state: State, command: Command, body: c.AddClient) -> None:
    account = state.subjects[subject("account", state.agents[body.client.agent].account)]
    state.clients[body.client.name] = body.client
    state.add_subject("client", body.client.name, account.currency, account.total)


def _grant(state: State, command: Command, body: c.SetGrant) -> None:
    (state.grants.add if body.granted else state.grants.discard)((body.agent, body.connection))


def _capability(state: State, command: Command, body: c.SetCapability) -> None:
    (state.capabilities.add if body.enabled else state.capabilities.discard)((body.agent, body.capability))


def _instrument(state: State, command: Command, body: c.AddInstrument) -> None:
    instrument = body.instrument
    state.instruments[instrument.name] = instrument
    market = state.markets.setdefault(instrument.market_name, [])
    if instrument.name not in market:
        bisect.insort(market, instrument.name)  # in the order in which a snapshot brings them back
    fold_exits.listed(state, instrument.name)


def _sessions(state: State, command: Command, body: c.SetSessions) -> None:
    known = state.zones.get(body.zone, ())
    state.zones[body.zone] = tuple(sorted({*known[-KEPT_STARTS:], *body.starts}))
    past = [start for start in state.zones[body.zone] if start <= command.at]
    if past and body.zone not in state.sessions:
        state.sessions[body.zone] = past[-1]


def _calendar(state: State, command: Command, body: c.SetCalendar) -> None:
    state.calendars[body.calendar] = Calendar(body.begins_at, body.ends_at, body.windows)


def _volume(state: State, command: Command, body: c.SetVolume) -> None:
    state.volumes[body.instrument] = int(body.average_daily)


def _locate(state: State, command: Command, body: c.SetLocate) -> None:
    state.locates[(body.connection, body.instrument)] = (int(body.quantity), body.expires_at)


def _short_restriction(state: State, command: Command, body: c.SetShortRestriction) -> None:
    state.restricted[body.instrument] = body.restricted


def _trading(state: State, command: Command, body: c.SetTradingState) -> None:
    state.trading[body.instrument] = body.state


def _margin(state: State, command: Command, body: c.SetMargin) -> None:
    state.margins[body.instrument] = int(body.initial)
    for cell in state.cells_of.get(body.instrument, ()):
        cell.margin_rate = int(body.initial)
        cell.refresh()


def _balance(state: State, command: Command, body: c.SetBalance) -> None:
    fold_drift.set_balance(state, body.connection, body.currency, int(body.amount))


def _venue(state: State, command: Command, body: c.SetVenueState) -> None:
    state.venue_states[body.connection] = body
    if not body.reconciled:
        state.doubted[body.connection] = command.seq


def _marked(state: State, command: Command, body: c.Marked) -> None:
    set_marks(state, body.marks, body.fx)


def _parent(state: State, command: Command, body: c.DeclareParent) -> None:
    state.parents[body.parent] = body
    state.children.setdefault(body.parent, 0)


def _pause(state: State, command: Command, body: c.SetPause) -> None:
    if body.paused:
        state.pauses[body.subject] = PauseFact(subject=body.subject, by=command.by, at=command.at, why=body.why)
    else:
        state.pauses.pop(body.subject, None)


def _review(state: State, command: Command, body: c.Review) -> None:
    state.halts[body.halt] = msgspec.structs.replace(
        state.halts[body.halt], reviewed_by=command.by.name, reviewed_limit=body.limit, review=body.why
    )


def _resume(state: State, command: Command, body: c.Resume) -> None:
    halt = state.halts.pop(body.halt)
    left = tuple(name for name in state.halted[halt.subject] if name != body.halt)
    if left:
        state.halted[halt.subject] = left
    else:
        del state.halted[halt.subject]
    of = state.subjects.get(halt.subject)
    if of is not None:
        of.total.executions = of.total.rejections = 0


def _nothing(state: State, command: Command, body: Any) -> None:
    """A command whose record is all it leaves."""


TOOK: dict[type, Callable[[State, Command, Any], None]] = {
    c.KernelStarted: _started,
    c.KernelStopped: _nothing,
    c.Tick: _nothing,
    c.ClockFault: _nothing,
    c.Alarmed: _nothing,
    c.SnapshotTaken: _nothing,
    c.SetFirm: _firm,
    c.AddAccount: _account,
    c.AddConnection: _connection,
    c.AddAgent: _agent,
    c.AddClient: _client,
    c.SetGrant: _grant,
    c.SetCapability: _capability,
    c.IssueToken: tokens.fold_issued,
    c.RevokeToken: tokens.fold_revoked,
    c.SignedIn: _nothing,
    c.SignInFailed: _nothing,
    c.CredentialSet: _nothing,
    c.AddPerson: fold_people.fold_added,
    c.SetPerson: fold_people.fold_person,
    c.SetMandate: fold_people.fold_mandate,
    c.ConfirmChange: fold_people.fold_confirmed,
    c.DropChange: fold_people.fold_dropped,
    c.Preapprove: preapproval.fold_given,
    c.RevokePreapproval: preapproval.fold_revoked,
    c.AddCallback: callback.fold_added,
    c.RemoveCallback: callback.fold_removed,
    c.SetKey: _key,
    c.AddInstrument: _instrument,
    c.SetSessions: _sessions,
    c.SetCalendar: _calendar,
    c.SetVolume: _volume,
    c.SetLocate: _locate,
    c.SetShortRestriction: _short_restriction,
    c.SetTradingState: _trading,
    c.SetMargin: _margin,
    c.SetBalance: _balance,
    c.SetVenueState: _venue,
    c.Marked: _marked,
    c.Quiet: health.fall_quiet,
    c.DeclareParent: _parent,
    c.Resolve: settle.resolve,
    c.Split: settle.split,
    c.Dividend: settle.dividend,
    c.Funding: settle.funding,
    c.Reconciled: fold_drift.fold_reconciled,
    c.SetTolerance: fold_drift.fold_tolerance,
    c.External: _nothing,
    c.SetPause: _pause,
    c.Halt: _nothing,
    c.Review: _review,
    c.Resume: _resume,
    c.Woke: fold_wide.fold_woke,
    c.Answered: fold_wide.fold_answered,
    c.Acted: _nothing,
    c.Noted: _nothing,
    c.Filled: _nothing,
    c.Cancel: _nothing,
}
