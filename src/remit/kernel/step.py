"""One step of the kernel: a command on its way to a record, and the events it has led to so far."""

from __future__ import annotations

from remit.kernel.command import Command
from remit.kernel.decide import Asked, Judge, Needs
from remit.kernel.event import CancelAsked, Decision, Event, Moved, Record, Refused
from remit.kernel.fold import fold_event
from remit.kernel.order import Order
from remit.kernel.reserve import reserve, unreserve
from remit.kernel.state import State

WHY_MAX = 500
"""Characters of a refusal's reason: it may name what was asked for, and an entry has a largest size."""


class Step:
    """What the handlers of commands work with: they read the state, and change it only by emitting events."""

    __slots__ = ("state", "judge", "command", "events", "decision")

    def __init__(self, state: State, judge: Judge, command: Command) -> None:
        self.state = state
        self.judge = judge
        self.command = command
        self.events: list[Event] = []
        self.decision: Decision | None = None

    def emit(self, event: Event) -> None:
        """Let an event happen: the state changes at once."""
        fold_event(self.state, self.command, self.decision, event)
        self.events.append(event)

    def refuse(self, code: str, why: str, retry_after_s: int | None = None) -> None:
        """The command changes nothing: `code` names the reason and `why` says what to do."""
        self.emit(Refused(code=code, why=why[:WHY_MAX], retry_after_s=retry_after_s))

    def knows_connection(self, name: str) -> bool:
        """Whether there is a connection of that name; refuses the command where there is none."""
        if name not in self.state.connections:
            self.refuse("unknown_connection", f"there is no connection {name}; `remit connection list` shows them")
            return False
        return True

    def withdraw(self, order: Order, why: str) -> None:
        """Ask the venue to cancel an order; one that is held for people never left, and is cancelled at once."""
        if order.state == "held":
            self.emit(Moved(order=order.id, state="cancelled", why=why))
        else:
            self.emit(CancelAsked(order=order.id, why=why))

    def decide(self, asked: Asked, order_id: str) -> Needs | None:
        """Judge an order; the decision becomes the record's. An order that is already in the book is judged without
        itself."""
        own = asked.own
        if own is None:
            self.decision, needs = self.judge.judge(asked, order_id)
            return needs
        reserved, cash = own.reserved, own.cash
        unreserve(self.state, own, reserved)
        self.decision, needs = self.judge.judge(asked, order_id)
        reserve(self.state, own, reserved, cash)
        return needs

    def record(self) -> Record:
        """Return what the command has led to."""
        return Record(self.command, tuple(self.events), self.decision)
