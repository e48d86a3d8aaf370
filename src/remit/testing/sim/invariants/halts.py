"""H: what is halted opens nothing, stays halted, and is told."""

from __future__ import annotations

from collections.abc import Iterator

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import HaltRaised, Record
from remit.kernel.state import State
from remit.testing.sim.invariants.check import Check, Known, View
from remit.testing.sim.invariants.permits import OPENS, read
from remit.testing.sim.observer import Kind, Seen

PEOPLE = ("operator", "approver", "owner")


class NothingOpens(Check):
    """H1. What stands is counted from the events that raise halts and the resumes that end them; an order opens as far
    as it is larger than what is proven to reduce, counted here. Looked at when it is let out or held, and as it leaves.
    """

    kinds: tuple[Kind, ...] = ("sent",)

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._opens: dict[str, int] = {}

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        decision, point = record.decision, self.known.firm.point
        if decision is None or point is None:
            return
        admits = isinstance(record.command.body, c.Submit | c.Replace | c.Approve) and any(
            isinstance(event, e.Reserved | e.Released | e.ReplaceAsked) for event in record.events
        )
        if not admits:
            return
        if decision.quantity <= point.proven:
            if isinstance(record.command.body, c.Approve):  # judged again, it is what it is now
                self._opens.pop(decision.order, None)
            return
        self._opens[decision.order] = record.command.seq
        for halt in point.halts:
            yield (
                f"entry {record.command.seq} lets {decision.order} open while {halt.subject} is halted: "
                f"{halt.halt}, {halt.rule}"
            )

    def saw(self, seen: Seen) -> Iterator[str]:
        found = read(seen.what)
        if isinstance(found, str) or found[1].action not in OPENS:
            return
        order = self.known.firm.orders.get(found[1].order)
        if order is None or order.id not in self._opens or order.id in self.known.gone:
            return
        for halt in self.known.firm.halts_on(order.scopes):
            yield f"{order.id} opens and left while {halt.subject} was halted: {halt.halt}, {halt.rule}"

    def went_back(self, left: int) -> None:
        self._opens = {order: seq for order, seq in self._opens.items() if seq <= left}


class Latched(Check):
    """H2. A halt is over when an operator resumed it after a person's review; until then it stands in the guard's
    state, by its name and by its subject, after restarts, new mandates and pauses too."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._reviewed: dict[str, int] = {}
        """By halt: the entry of its review."""
        self._raised: dict[str, HaltRaised] = {}

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        body, by, seq = record.command.body, record.command.by, record.command.seq
        for event in record.events:
            if isinstance(event, HaltRaised):
                self._raised[event.halt] = event
        took = any(isinstance(event, e.Took) for event in record.events)
        if isinstance(body, c.Review) and took:
            self._reviewed[body.halt] = seq
            if by.role not in PEOPLE:
                yield f"entry {seq}: {by.role} {by.name} reviewed {body.halt}, which takes a person"
        if isinstance(body, c.Resume) and took:
            halt = self._raised.get(body.halt)
            of = "" if halt is None else halt.subject
            if by.role not in ("operator", "owner"):  # what is an owner's to end is told by A4
                yield f"entry {seq}: {by.role} {by.name} resumed {body.halt} of {of}, which takes an operator"
            if by.name == of.partition(":")[2] and by.role in ("agent", "client"):
                yield f"entry {seq}: {by.name} resumed its own halt {body.halt}"
            if body.halt not in self._reviewed:
                yield f"entry {seq} ends {body.halt} of {of}, which nobody reviewed"
        yield from self._stand(self.known.again.state, f"after entry {seq} ({type(body).__name__})")

    def after_step(self, view: View) -> Iterator[str]:
        if view.state is not None and view.state.seq == len(self.known.records):
            yield from self._stand(view.state, "in the running guard")

    def _stand(self, state: State, when: str) -> Iterator[str]:
        standing = self.known.firm.halts
        if state.halts.keys() != standing.keys():
            for name in sorted(standing.keys() - state.halts.keys()):
                halt = standing[name]
                yield f"{when} the halt {name} of {halt.subject} ({halt.rule}) is gone, and nobody resumed it"
            for name in sorted(state.halts.keys() - standing.keys()):
                yield f"{when} there is a halt {name} that no entry raised or that was resumed"
        for name, halt in standing.items():
            if name in state.halts and name not in state.halted.get(halt.subject, ()):
                yield f"{when} the halt {name} of {halt.subject} ({halt.rule}) stops {halt.subject} no more"

    def went_back(self, left: int) -> None:
        self._reviewed = {halt: seq for halt, seq in self._reviewed.items() if seq <= left}


class Told(Check):
    """H3. Each halt that an entry raises is alerted: as soon as the entry is let out, or, where the guard died between
    the disk and that, by the next guard's start: before that lets its first entry out, once whoever remembers the
    journal was asked. An entry that is there again, after an old copy of the journal was refused and the newest put
    back, was alerted before."""

    kinds: tuple[Kind, ...] = ("alerted", "booted")

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._waiting: list[tuple[HaltRaised, int]] = []
        self._told: set[tuple[HaltRaised, int]] = set()
        self._is_begun = True

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        raised = [(event, record.command.seq) for event in record.events if isinstance(event, HaltRaised)]
        self._waiting += [halt for halt in raised if seen.kind == "heard" or halt not in self._told]
        self._is_begun |= seen.kind == "heard"
        yield from ()

    def saw(self, seen: Seen) -> Iterator[str]:
        if seen.kind == "booted":
            self._is_begun = False
            return
        alert = seen.what
        for index, (halt, _) in enumerate(self._waiting):
            if alert.subject == halt.subject and alert.code == f"halt_{halt.cause}":
                self._told.add(self._waiting.pop(index))
                break
        yield from ()

    def after_step(self, view: View) -> Iterator[str]:
        if view.state is None or not self._is_begun:
            return  # whoever starts next tells
        for halt, seq in self._waiting:
            yield f"entry {seq} halts {halt.subject} ({halt.rule}, {halt.halt}), and nobody was alerted"
        self._waiting.clear()

    def went_back(self, left: int) -> None:
        self._waiting = [(halt, seq) for halt, seq in self._waiting if seq <= left]
