"""A: what goes out without a person's answer was confirmed ahead of time, by exactly one use, within all its bounds.

Counted from the entries alone: who gave what until when, what each order is worth by its own numbers, and whether the
mandates that were published ask for people at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Decision, Record
from remit.kernel.names import subject
from remit.kernel.numbers import SCALE, div_ceil, text
from remit.kernel.order import OrderIntent
from remit.testing.sim.invariants.check import Check, Known
from remit.testing.sim.observer import Seen

PEOPLE = ("operator", "approver", "owner")


class Given:
    """One preapproval: what was said of it, what was used of it, and the entry that ended it."""

    __slots__ = ("body", "by", "used", "ended")

    def __init__(self, record: Record, body: c.Preapprove) -> None:
        self.body = body
        self.by = {record.command.by.name, record.command.by.owner}
        self.used = 0
        self.ended = 0


class Preapproved(Check):
    """A3. Each order that is let out at once is looked at: what it would ask of people is worked out from the mandates
    that were published, and where it asks for a confirmation one use must stand for it."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._given: dict[str, Given] = {}

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        seq, by = record.command.seq, record.command.by
        if self._took(record) and by.role not in PEOPLE:
            yield f"entry {seq}: the {by.role} {by.name} gave or ended a preapproval, which is for people"
        used = [event for event in record.events if isinstance(event, e.PreapprovalUsed)]
        let_out = [event for event in record.events if isinstance(event, e.Reserved) and event.state == "allowed"]
        for event in let_out:
            yield from self._let_out(record, event, [use for use in used if use.order == event.order])
        for use in used:
            if not any(event.order == use.order for event in let_out):
                yield f"entry {seq} uses {use.preapproval} for {use.order}, which it does not let out"

    def _took(self, record: Record) -> bool:
        """Note what was given and what ended; return whether the record is of either."""
        body = record.command.body
        if not any(isinstance(event, e.Took) for event in record.events):
            return False
        if isinstance(body, c.Preapprove):
            self._given[body.id] = Given(record, body)
        elif isinstance(body, c.RevokePreapproval):
            self._given[body.id].ended = record.command.seq
        elif isinstance(body, c.SetPerson):
            for given in self._given.values():
                if body.name in given.by and not given.ended:
                    given.ended = record.command.seq
            return False
        else:
            return False
        return True

    def _let_out(self, record: Record, event: e.Reserved, uses: list[e.PreapprovalUsed]) -> Iterator[str]:
        body, decision, seq = record.command.body, record.decision, record.command.seq
        if not isinstance(body, c.Submit) or decision is None:
            return  # told by others
        confirm, quorum = self._asks(body, decision)
        if quorum:
            yield f"entry {seq} lets {event.order} out at once, and a quorum must agree to it"
        if confirm and not uses:
            yield f"entry {seq} lets {event.order} out, and nobody confirmed it, nor ahead of time"
        if len(uses) > 1 or uses and not confirm:
            said = ", ".join(use.preapproval for use in uses)
            yield f"entry {seq} uses {said} for {event.order}, which needed {int(confirm)}"
        for use in uses:
            yield from self._use(record, body.intent, decision, use)

    def _asks(self, body: c.Submit, decision: Decision) -> tuple[bool, bool]:
        """Return whether the published mandates ask for a confirmation of an order, and for a quorum."""
        confirm = quorum = False
        if decision.reducing >= decision.quantity:
            return confirm, quorum
        for of in self.known.firm.path(body.intent.agent, body.client):
            mandate, worth = self.known.firm.mandate(of), self._worth(body.intent, decision, of)
            confirm |= mandate.approval_notional_min is not None and worth >= mandate.approval_notional_min
            quorum |= mandate.quorum_notional_min is not None and worth >= mandate.quorum_notional_min
        return confirm, quorum

    def _worth(self, intent: OrderIntent, decision: Decision, of: str) -> int:
        """Return what the opening part of an order counts in a subject's currency, rounded up."""
        opening = int(decision.quantity) - int(decision.reducing)
        unit = self.known.firm.unit(of, intent.instrument)
        return div_ceil(int(decision.counted_price) * opening * unit, SCALE**3)

    def _use(self, record: Record, intent: OrderIntent, decision: Decision, use: e.PreapprovalUsed) -> Iterator[str]:
        seq, at, by = record.command.seq, record.command.at, record.command.by
        given = self._given.get(use.preapproval)
        if given is None:
            yield f"entry {seq} uses {use.preapproval}, which nobody gave"
            return
        said = given.body
        worth = self._worth(intent, decision, subject("account", self.known.firm.state.agents[intent.agent].account))
        if given.ended:
            yield f"entry {seq} uses {said.id}, which entry {given.ended} ended"
        if at >= said.ends_at:
            yield f"entry {seq} uses {said.id} {at - said.ends_at} ns after its end"
        if said.agent != intent.agent or by.role not in ("agent", "client"):
            yield f"entry {seq} uses {said.id} of {said.agent} for an order of {intent.agent} by {by.role} {by.name}"
        category = self.known.firm.state.instruments[intent.instrument].category
        if intent.instrument not in said.instruments and category not in said.categories:
            yield f"entry {seq} uses {said.id} for {intent.instrument} ({category}), which it does not name"
        if use.worth != worth:
            yield f"entry {seq} counts {use.worth} of {said.id} used by {use.order}, which is worth {text(worth)}"
        if worth > said.notional_max:
            yield f"entry {seq} uses {said.id} for {text(worth)}, and its most is {said.notional_max}"
        given.used += worth
        if said.total_max is not None and given.used > said.total_max:
            yield f"entry {seq} uses {text(given.used)} of {said.id} in all, and its total is {said.total_max}"

    def went_back(self, left: int) -> None:
        self._given.clear()
        for record in self.known.records:
            self._took(record)
            for event in record.events:
                if isinstance(event, e.PreapprovalUsed) and event.preapproval in self._given:
                    self._given[event.preapproval].used += event.worth
