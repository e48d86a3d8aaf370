"""A: who approves is a person who may, and what they approve is what goes out; who loosens says so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.event import Decision, Record
from remit.kernel.mandate import digest
from remit.kernel.names import SIGN
from remit.kernel.numbers import BPS, NANOSECONDS, SCALE, text
from remit.testing.sim.invariants.check import Check, Known, View
from remit.testing.sim.invariants.loosened import Published
from remit.testing.sim.observer import Seen

PEOPLE = ("operator", "approver", "owner")
FRESH_NS = 10 * NANOSECONDS
"""A mark that is older, beyond its resolution, does not say how far the market moved."""


class Held(NamedTuple):
    """An order as it was held: its digest, counted here; who is behind it; until when, and how many must approve."""

    seq: int
    digest: str
    lineage: str
    until: int
    mandates: tuple[str, ...]
    quorum: int
    confirm: bool
    touch: int
    """The price on the far side of the market."""
    sign: int
    worst: int
    """What it counts, at the scale of a price times a quantity."""


class Approved(Check):
    """A1. Everything is counted from the entries: the digest from the order and the decision that held it, who must
    approve from the findings and the mandates in force, who did from the approvals that took effect."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._held: dict[str, Held] = {}
        self._approved: dict[str, list[str]] = {}
        self._owners: dict[str, str] = {}
        """Whom each person acts as, who was added by name."""

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        self._follow(record)
        for event in record.events:
            if isinstance(event, e.Reserved) and event.state == "held":
                yield from self._hold(record, event)
            elif isinstance(event, e.Approved):
                yield from self._approve(record, event)
            elif isinstance(event, e.Released):
                yield from self._release(record, event)

    def _follow(self, record: Record) -> None:
        """Take back the word of who is shut out or gets another role; a desk's counts once, so it is all taken back."""
        body = record.command.body
        if not any(isinstance(event, e.Took) for event in record.events):
            return
        if isinstance(body, c.AddPerson):
            self._owners[body.person.name] = body.person.owner or body.person.name
        elif isinstance(body, c.SetPerson):
            out = (body.name, self._owners.get(body.name, body.name))
            for people in self._approved.values():
                people[:] = [person for person in people if person not in out]

    def _hold(self, record: Record, event: e.Reserved) -> Iterator[str]:
        decision, body, by = record.decision, record.command.body, record.command.by
        assert decision is not None and isinstance(body, c.Submit)
        said = hashlib.sha256(encode((body.intent, decision))).hexdigest()
        quorum, confirm = self._needs(decision)
        held = Held(
            record.command.seq, said, by.owner or by.name, event.until, self._mandates(event.order), quorum, confirm,
            _touch(decision, SIGN[body.intent.side]), SIGN[body.intent.side],
            int(decision.counted_price) * int(decision.quantity),
        )  # fmt: skip
        self._held[event.order] = held
        self._approved[event.order] = []
        longest = min(
            self.known.firm.mandate(of).approval_expiry_s for of in self.known.firm.orders[event.order].subjects
        )
        if event.digest != said:
            yield f"{event.order} is held under the digest {event.digest[:16]}, and what is held has {said[:16]}"
        if event.until > record.command.at + longest * NANOSECONDS:
            yield f"{event.order} is held for longer than the {longest} s that its mandates allow"

    def _needs(self, decision: Decision) -> tuple[int, bool]:
        quorum, confirm = 0, False
        for finding in decision.findings:
            if finding.rule == "quorum_notional_min":
                quorum = max(quorum, self.known.firm.mandate(finding.subject).approval_quorum or 1)
            elif finding.verdict == "hold":
                confirm = True
        return quorum, confirm

    def _mandates(self, order: str) -> tuple[str, ...]:
        return tuple(digest(self.known.firm.mandate(of)) for of in self.known.firm.orders[order].subjects)

    def _approve(self, record: Record, event: e.Approved) -> Iterator[str]:
        body, by, held = record.command.body, record.command.by, self._held.get(event.order)
        seq = record.command.seq
        if not isinstance(body, c.Approve) or held is None:
            yield f"entry {seq} approves {event.order}, which nobody asked to be approved"
            return
        if by.role not in PEOPLE:
            yield f"entry {seq}: {event.order} was approved by the {by.role} {by.name}, which is no authorised person"
        if body.digest != held.digest:
            yield f"entry {seq} approves {body.digest[:16]}, and {event.order} is held as {held.digest[:16]}"
        if record.command.at >= held.until:
            late = (record.command.at - held.until) // NANOSECONDS
            yield f"entry {seq} approves {event.order} {late} s after its hold had expired"
        person = held.lineage if held.lineage in (by.name, by.owner) else by.owner or by.name
        if event.person != person or person in self._approved[event.order]:
            yield f"entry {seq} counts an approval of {event.person} by {person}, who had approved it or is another"
        self._approved[event.order].append(person)
        if body.bulk:
            yield from self._bulk(seq, event.order, held)

    def _bulk(self, seq: int, order: str, held: Held) -> Iterator[str]:
        """What is approved with others is within what every mandate allows that speaks of it, and one must."""
        counted, limits = self.known.firm.orders[order], []
        for of in counted.subjects:
            limit = self.known.firm.mandate(of).bulk_approval_max
            if limit is not None:
                limits.append(limit)
                worth = held.worst * self.known.firm.unit(of, counted.instrument)
                if worth > int(limit) * SCALE**3:
                    yield f"entry {seq} approves {order} in bulk, which is worth more to {of} than {limit}"
        if not limits:
            yield f"entry {seq} approves {order} in bulk, and no mandate allows that"

    def _drifted(self, record: Record, order: str, held: Held) -> Iterator[str]:
        """Where a mandate bounds it, the market has not moved further against an order while it was held, as far as a
        fresh mark tells; what only reduces goes out all the same."""
        seq, decision, counted = record.command.seq, record.decision, self.known.firm.orders[order]
        stated = [self.known.firm.mandate(of).approval_drift_max_bps for of in counted.subjects]
        limits = [limit for limit in stated if limit is not None]
        if decision is None or not limits or decision.reducing >= decision.quantity:
            return
        mark = self.known.firm.state.marks.get(counted.instrument)
        if mark is None or record.command.at - mark.at - mark.resolution_ns > FRESH_NS:
            yield f"entry {seq} releases {order}, and no fresh mark says how far the market moved"
        moved = held.sign * (_touch(decision, held.sign) - held.touch)
        if moved * BPS > min(limits) * held.touch:
            yield (
                f"entry {seq} releases {order}, and the market moved {text(moved)} against it from {text(held.touch)}, "
                f"limit {min(limits)} bps"
            )

    def _release(self, record: Record, event: e.Released) -> Iterator[str]:
        held, decision, seq = self._held.pop(event.order, None), record.decision, record.command.seq
        if held is None:
            yield f"entry {seq} releases {event.order}, which is not held"
            return
        people = self._approved.pop(event.order)
        outside = sorted({person for person in people if person != held.lineage})
        if decision is None or decision.verdict != "allow" or any(f.verdict == "deny" for f in decision.findings):
            said = "nothing" if decision is None else decision.verdict
            yield f"entry {seq} releases {event.order}, and judged again it is {said}"
            return
        again, confirm = self._needs(decision)
        quorum = max(held.quorum, again)
        if len(outside) < quorum:
            yield (
                f"entry {seq} releases {event.order} with {len(outside)} of {quorum} approvals from outside the "
                f"lineage of {held.lineage}: {', '.join(people) or 'nobody'}"
            )
        if (held.confirm or confirm) and not people:
            yield f"entry {seq} releases {event.order}, which nobody confirmed"
        yield from self._drifted(record, event.order, held)
        if self._mandates(event.order) != held.mandates:
            yield f"entry {seq} releases {event.order}, and a mandate changed since entry {held.seq} held it"

    def went_back(self, left: int) -> None:
        self.__init__(self.known)  # type: ignore[misc]
        for record in self.known.records:
            self._follow(record)
            for event in record.events:
                if isinstance(event, e.Reserved) and event.state == "held":
                    list(self._hold(record, event))
                elif isinstance(event, e.Approved):
                    list(self._approve(record, event))
                elif isinstance(event, e.Released):
                    self._held.pop(event.order, None)


def _touch(decision: Decision, sign: int) -> int:
    """Return the price on the far side of the market that a decision was made on; 0 where it had none."""
    return 0 if not decision.marks else int(decision.marks[0][2 if sign > 0 else 1])


class LoosenedOpenly(Check):
    """A2. A mandate takes effect by an operator's or owner's entry with a reason, and from that entry on every decision
    is made under it: its digest is among those that the decision names. What is in force is what was published.

    What loosens and what asks for a second person are worked out here, from the mandates that the entries published.
    """

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._digests: dict[tuple[str, int], str] = {}
        self._published = Published()

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        body, by, seq = record.command.body, record.command.by, record.command.seq
        yield from self._published.entry(self.known.firm, record)
        if isinstance(body, c.SetMandate) and any(isinstance(event, e.Took | e.Proposed) for event in record.events):
            if by.role not in ("operator", "owner") or not by.name:
                yield f"entry {seq}: the mandate of {body.subject} was set by the {by.role} {by.name}"
            if not body.why.strip():
                yield f"entry {seq}: the mandate of {body.subject} was set without a reason"
        decision, point = record.decision, self.known.firm.point
        if decision is None or point is None or not decision.currency:
            return
        bound = tuple(self._digest(of) for of in point.path)
        for of, said, due in zip(point.path, decision.mandates, bound, strict=False):
            if said != due:
                number = self.known.firm.mandates.get(of, (None, 0))[1]
                yield (
                    f"entry {seq} decides {decision.order} under the mandate {said[:16]} of {of}, "
                    f"and entry {number} published {due[:16]}"
                )
        if len(decision.mandates) != len(bound):
            yield f"entry {seq} decides {decision.order} under {len(decision.mandates)} mandates, of {len(bound)}"

    def _digest(self, of: str) -> str:
        """Return the digest of the mandate in force; empty where none was published."""
        found = self.known.firm.mandates.get(of)
        if found is None:
            return ""
        mandate, seq = found
        if (of, seq) not in self._digests:
            self._digests[of, seq] = digest(mandate)
        return self._digests[of, seq]

    def after_step(self, view: View) -> Iterator[str]:
        if view.state is None or view.state.seq != len(self.known.records):
            return
        for name, of in view.state.subjects.items():
            there = None if of.version is None else of.version.mandate
            published = self.known.firm.mandates.get(name)
            if there != (None if published is None else published[0]):
                yield f"the mandate of {name} that is in force in the guard is not the one that was published last"

    def went_back(self, left: int) -> None:
        self._digests.clear()
        self._published = Published()
        for record in self.known.records:
            self._published.follow(self.known.firm, record)
