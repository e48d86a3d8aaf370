"""The kernel: one command in, one record out; the state is a fold of records and nothing else."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any

from remit.kernel import (
    admin,
    answering,
    exits,
    halt,
    health,
    metering,
    monitor,
    noted,
    proposal,
    reconcile,
    report,
    trade,
    unknown,
    venue_wide,
)
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.authority import refusal_of
from remit.kernel.command import Command
from remit.kernel.decide import Judge
from remit.kernel.effect import Act, Alert, Effect
from remit.kernel.event import Record
from remit.kernel.fold import fold_command, fold_event
from remit.kernel.state import State
from remit.kernel.step import Step


class OutOfOrder(Exception):
    """A command or record does not follow the one before it: the caller's fault, never a verdict."""


class Kernel:
    """Judges commands one at a time and remembers what followed.

    `step` decides and folds; `fold` only repeats what a record says, for a restart. Both leave the same state.
    """

    def __init__(self, state: State | None = None) -> None:
        self.state = State() if state is None else state
        self.judge = Judge(self.state)

    def step(self, command: Command) -> Record:
        """Return the record of a command: its decision and everything that happened. Never raises for what a caller
        asks."""
        self._check_follows(command)
        fold_command(self.state, command)
        step = Step(self.state, self.judge, command)
        if command.at >= self._due_at():
            self._fall_due(step)
        refused = refusal_of(self.state, command)
        if refused is not None:
            step.refuse(*refused)
        else:
            HANDLERS[type(command.body)](step, command.body)
        if self.state.exits_due:
            exits.draw(step)
        monitor.after(step)
        if self.state.exits_due:  # what the monitor withdrew takes its exits with it
            exits.draw(step)
        return step.record()

    def fold(self, record: Record) -> None:
        """Repeat what a record says happened, judging nothing."""
        self._check_follows(record.command)
        fold_command(self.state, record.command)
        for event in record.events:
            fold_event(self.state, record.command, record.decision, event)
        if isinstance(record.command.body, admin.FORGETS):
            self.judge.forget()

    def next_due(self) -> int | None:
        """Return when the kernel next wants a Tick, in journal time; None when nothing is waiting."""
        due = self._due_at()
        return None if due == _NEVER_DUE else due

    def _check_follows(self, command: Command) -> None:
        if command.seq != self.state.seq + 1 or command.at < self.state.at:
            raise OutOfOrder(
                f"command {command.seq} at {command.at} does not follow entry {self.state.seq} at {self.state.at}"
            )

    def _due_at(self) -> int:
        state, due = self.state, _NEVER_DUE
        if state.sweeps or state.exits_due or state.look_cut is not None:
            return 0
        for deadlines in (state.holds, state.expiries):
            if deadlines:
                due = min(due, deadlines.first(_NEVER_DUE))
        if state.unknown:
            due = min(due, unknown.due_at(state, _NEVER_DUE))
        for zone, starts in state.zones.items():
            current = state.sessions.get(zone, -1)
            if starts[-1] > current:
                due = min(due, starts[bisect.bisect_right(starts, current)])
        return due

    def _fall_due(self, step: Step) -> None:
        """Do what time has brought: days begin, cancelling goes on, holds nobody answered lapse."""
        at = step.command.at
        for zone in sorted(self.state.zones):
            current = self.state.sessions.get(zone, -1)
            starts = self.state.zones[zone]
            begun = starts[bisect.bisect_right(starts, at) - 1]
            if current < begun <= at:
                step.emit(e.SessionRolled(zone=zone, start=begun))
        for subject, every in sorted(self.state.sweeps.items()):
            halt.cancel_orders(step, subject, every=every, why="the halt goes on")
        monitor.go_on(step)
        unknown.fall_due(step)
        exits.expire(step)
        lapsed = sorted(name for name, until in self.state.holds.items() if until <= at)
        for order_id in lapsed[: halt.CANCELS_MAX]:
            step.emit(e.Moved(order=order_id, state="lapsed", why="nobody approved in time"))


_NEVER_DUE = 10**30


def effects(record: Record) -> tuple[Effect, ...]:
    """Return what is to be done because of a record, once it is durable; the same record always asks for the same."""
    found: list[Effect] = []
    halted = {(event.subject, event.rule) for event in record.events if isinstance(event, e.HaltRaised)}
    for event in record.events:
        if isinstance(event, e.Reserved) and event.state == "allowed" or isinstance(event, e.Released):
            found.append(Act("place", event.order))
        elif isinstance(event, e.CancelAsked):
            found.append(Act("cancel", event.order))
        elif isinstance(event, e.Asked):
            found.append(Act("query" if event.order else "snapshot", event.order, event.connection))
        elif isinstance(event, e.CancelAllAsked):
            found.append(Act("cancel_all", "", event.connection))
        elif isinstance(event, e.Armed):
            found.append(Act("dead_man", "", event.connection))
        elif isinstance(event, e.ReplaceAsked):
            found.append(Act("replace", event.order))
        elif isinstance(event, e.Moved) and event.state == "unknown":
            found.append(Act("query", event.order))
        elif isinstance(event, e.Crossed):
            found += monitor.told(event, halted)
        elif isinstance(event, e.HaltRaised):
            found.append(Alert(f"halt_{event.cause}", event.subject, _told(event)))
        elif isinstance(event, e.Alarm):
            found.append(Alert(event.code, "", event.why))
    return tuple(found)


def _told(halt_raised: e.HaltRaised) -> str:
    """Return a halt in words; a person's has no numbers, and the alert's code says already that it is a kill."""
    said = halt_raised.rule
    if halt_raised.limit:
        said += f" at {halt_raised.actual}, limit {halt_raised.limit}"
    elif said == halt_raised.cause and halt_raised.why:
        return halt_raised.why
    elif halt_raised.actual:
        said += f": {halt_raised.actual}"
    return f"{said}: {halt_raised.why}" if halt_raised.why else said


HANDLERS: dict[type, Callable[[Step, Any], None]] = {
    **dict.fromkeys(admin.CHECKS, admin.take),
    c.ClockFault: admin.clock_fault,
    c.Alarmed: admin.alarmed,
    c.SetMandate: proposal.set_mandate,
    c.ConfirmChange: proposal.confirm,
    c.DropChange: proposal.drop,
    c.Marked: admin.marked,
    c.Quiet: health.quiet,
    c.Resolve: admin.settled,
    c.Split: admin.settled,
    c.Dividend: admin.settled,
    c.Funding: admin.settled,
    c.Submit: trade.propose,
    c.Replace: trade.propose,
    c.Cancel: trade.cancel,
    c.DeclareParent: trade.declare_parent,
    c.SetExit: exits.set_exit,
    c.DropExit: exits.drop_exit,
    c.Approve: answering.answer,
    c.Decline: answering.answer,
    **dict.fromkeys(report.SIGNALS, report.moved),
    c.Filled: report.filled,
    c.Replaced: report.replaced,
    c.ReplaceRefused: report.replaced,
    c.Ask: report.ask,
    c.External: report.external,
    c.Reconciled: reconcile.reconciled,
    c.NoData: reconcile.no_data,
    c.SetTolerance: reconcile.set_tolerance,
    c.Adopt: reconcile.adopt,
    c.Busted: report.busted,
    c.SetPause: halt.pause,
    c.Halt: halt.halt,
    c.Review: halt.review,
    c.Resume: halt.resume,
    c.CancelAll: venue_wide.cancel_all,
    c.Arm: venue_wide.arm,
    c.Answered: venue_wide.answered,
    c.Woke: venue_wide.woke,
    c.Noted: noted.noted,
    c.MeterSpend: metering.meter,
    c.ReportSpend: metering.report,
    c.SettleSpend: metering.settle,
}
