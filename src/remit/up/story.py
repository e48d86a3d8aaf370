"""The story: what the journal's records say happened, folded into what a person looks at."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import build, plain
from remit.kernel.event import Record
from remit.kernel.exit_words import terms_words
from remit.kernel.numbers import text
from remit.kernel.printable import without_odd
from remit.reports.words import drift_words, limit_words, money, order_words, reasons, whole

LINES_MAX = 400
TRY = "try:"
QUIET_ROLES = ("guard", "feed")
TOLD = (c.Approve, c.Decline, c.Halt, c.Resume, c.Review, c.SetPause, c.SetExit, c.DropExit, c.Adopt)
"""What people and agents do that is worth a line even where it simply took effect."""


@dataclass
class Line:
    """One thing that happened, for people: when, who, what, the verdict, and why.

    `tried` is the rogue's own name for what it attempts; `state` is what became of an order since.
    """

    at: int
    who: str
    what: str
    verdict: str
    why: str = ""
    tried: str = ""
    state: str = ""
    order: str = ""
    filled: int = 0
    paid: int = 0


@dataclass
class Waiting:
    """An order that waits for a person: until when, and the digest that an approval names."""

    line: Line
    order: str
    digest: str
    until: int
    worth: int
    currency: str


@dataclass
class Halted:
    """A halt in force: on whom and why, in a sentence and in a few characters."""

    halt: str
    subject: str
    cause: str
    why: str
    brief: str


@dataclass
class Watched:
    """An exit of the book: whose, and on what; `line` tells that it triggered."""

    agent: str
    instrument: str
    line: Line | None = None


@dataclass
class Tally:
    """What became of an agent's proposals."""

    verdicts: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    lapsed: int = 0


class Story:
    """Folds records in order; `hear` returns the lines that are new."""

    def __init__(self) -> None:
        self.seq = 0
        self.at = 0
        self.day = ""
        self.days: list[str] = []
        self.notes: list[str] = []
        self.lines: deque[Line] = deque(maxlen=LINES_MAX)
        self.waiting: dict[str, Waiting] = {}
        self.halts: dict[str, Halted] = {}
        self.all_halts: list[Halted] = []
        self.held: list[Waiting] = []
        self.tallies: dict[str, Tally] = {}
        self.exits: dict[str, Watched] = {}
        self.triggered: Counter[str] = Counter()
        """How often which leg triggered."""
        self.drifts: dict[str, tuple[str, ...]] = {}
        """What differs between book and venue, in words, by connection."""
        self._orders: dict[str, Line] = {}

    def hear(self, record: Record) -> list[Line]:
        """Take the next record and return what is new in words; one heard before says nothing."""
        command = record.command
        if command.seq <= self.seq:
            return []
        record = _without_odd(record)
        command = record.command
        self.seq, self.at = command.seq, command.at
        new: list[Line] = []
        body, by = command.body, command.by
        if isinstance(body, c.Submit):
            new += self._proposed(record, body) if by.role != "guard" else self._closing(record, body)
        elif by.role not in QUIET_ROLES:
            new += self._said(record)
        for event in record.events:
            new += self._happened(record, event)
        self.lines.extend(new)
        return new

    def tally(self, agent: str) -> Tally:
        """Return an agent's tally."""
        return self.tallies.setdefault(agent, Tally())

    def _closing(self, record: Record, body: c.Submit) -> list[Line]:
        """An order of the guard's own, which closes: told where it goes out, for it is tried until it does."""
        decision = record.decision
        if decision is None or decision.verdict != "allow":
            return []
        line = Line(record.command.at, body.intent.agent, order_words(body.intent), "closes", order=decision.order)
        self._orders[decision.order] = line
        return [line]

    def _proposed(self, record: Record, body: c.Submit) -> list[Line]:
        intent, by = body.intent, record.command.by
        who = by.name if by.role == "agent" else intent.agent
        line = Line(record.command.at, who, order_words(intent), "refused", tried=_tried(intent.id))
        decision = record.decision
        tally = self.tally(who)
        if decision is not None:
            line.verdict, line.why, line.order = decision.verdict, reasons(decision.findings), decision.order
            tally.rules.update(finding.rule for finding in decision.findings[:1])
            if decision.verdict != "deny":
                self._orders[decision.order] = line
        for event in record.events:
            if isinstance(event, e.Refused):
                line.why = f"{event.code}: {event.why}"
                tally.rules[event.code] += 1
            elif isinstance(event, e.Repeated):
                line.verdict, line.why = "repeated", f"decided before as entry {event.seq}; it does not act twice"
            elif isinstance(event, e.Reserved) and event.state == "held" and decision is not None:
                held = Waiting(line, event.order, event.digest, event.until, decision.worth, decision.currency)
                self.waiting[event.order] = held
                self.held.append(held)
                line.state = "waits for a person"
        tally.verdicts[line.verdict] += 1
        return [line]

    def _said(self, record: Record) -> list[Line]:
        """What an agent or a person asked for beside orders; the set-up's own steps are left out."""
        command = record.command
        what = str(command.body.__struct_config__.tag).replace("_", " ")
        if isinstance(command.body, c.SetExit):
            what = f"exit for {command.body.instrument}: {terms_words(command.body.terms)}"
        tried = _tried(getattr(command.body, "id", ""))
        for event in record.events:
            if isinstance(event, e.Refused):
                self.tally(command.by.name).verdicts["refused"] += 1
                self.tally(command.by.name).rules[event.code] += 1
                return [Line(command.at, command.by.name, what, "refused", f"{event.code}: {event.why}", tried)]
        if record.decision is not None and isinstance(command.body, c.Replace):
            why = reasons(record.decision.findings)
            self.tally(command.by.name).verdicts[record.decision.verdict] += 1
            self.tally(command.by.name).rules.update(f.rule for f in record.decision.findings[:1])
            return [Line(command.at, command.by.name, what, record.decision.verdict, why)]
        if isinstance(command.body, TOLD):
            return [Line(command.at, command.by.name, what, "taken", tried=tried)]
        return []

    def _happened(self, record: Record, event: e.Event) -> list[Line]:
        at, body = record.command.at, record.command.body
        if isinstance(event, e.HaltRaised):
            return [self._halted(at, event)]
        if isinstance(event, e.Took) and isinstance(body, c.Resume):
            self.halts.pop(body.halt, None)
            return []
        if isinstance(event, e.Released):
            self._ended(event.order, "approved")
        elif isinstance(event, e.Booked):
            self._booked(event)
        elif isinstance(event, e.Moved):
            return self._moved(at, event)
        elif isinstance(event, e.Crossed):
            halts = any(isinstance(other, e.HaltRaised) and other.rule == event.rule for other in record.events)
            if event.level == "back" or halts:
                return []
            who = event.subject.partition(":")[2] or event.subject
            return [Line(at, who, event.group, event.level, limit_words(event.rule, event.limit, event.actual))]
        elif isinstance(event, e.Alarm):
            return [Line(at, "guard", "", "alarm", f"{event.code}: {event.why}")]
        elif isinstance(event, (e.Drifted, e.Corrected, e.Kept, e.Took)):
            return self._drifted(at, body, event)
        return self._exit(at, body, event)

    def _halted(self, at: int, event: e.HaltRaised) -> Line:
        why, brief = event.why or event.rule, str(event.cause)
        if event.limit:
            why = limit_words(event.rule, event.limit, event.actual)
            brief = f"{event.rule.removesuffix('_max')} {whole(event.actual)}/{whole(event.limit)}"
        halted = Halted(event.halt, event.subject, event.cause, why, brief)
        self.halts[event.halt] = halted
        self.all_halts.append(halted)
        return Line(at, event.subject.partition(":")[2] or event.subject, "", "halt", halted.why)

    # Exits, and what differs

    def _exit(self, at: int, body: c.Body, event: e.Event) -> list[Line]:
        if isinstance(event, e.ExitSet):
            self._watched(event.exit, body)
        elif isinstance(event, e.ExitTriggered):
            known = self.exits[event.exit]
            self.triggered[event.leg] += 1
            what = f"{text(event.quantity)} {known.instrument}"
            why = f"{event.leg} {money(event.price)} was touched"
            known.line = Line(at, known.agent, what, "exit", why)
            return [known.line]
        elif isinstance(event, e.ExitEnded):
            known = self.exits.pop(event.exit)
            if known.line is not None:
                known.line.state = event.why
        return []

    def _watched(self, name: str, body: c.Body) -> None:
        """An exit was set, with its entry or on a position, or has new terms."""
        if isinstance(body, c.Submit) and body.intent.exit is not None:
            self.exits[name] = Watched(body.intent.agent, body.intent.instrument)
        elif isinstance(body, c.SetExit):
            self.exits[name] = Watched(body.agent, body.instrument)

    def _drifted(self, at: int, body: c.Body, event: e.Event) -> list[Line]:
        """A round found differences, or none any more; a large one is told by its alarm and its halt."""
        if not isinstance(body, (c.Reconciled, c.Adopt)):
            return []
        name, before = body.connection, self.drifts.pop(body.connection, ())
        if not isinstance(event, e.Drifted):
            return []
        found = [drift for drift in event.drifts if drift.bucket != "in_transit"]
        words = tuple(drift_words(drift) for drift in found)
        if not words:
            return []
        self.drifts[name] = words
        is_news = words != before and all(drift.bucket == "small" for drift in found)
        return [Line(at, name, "", "drift", "; ".join(words))] if is_news else []

    def _booked(self, event: e.Booked) -> None:
        line = self._orders.get(event.order)
        if line is None:
            return
        line.filled += event.quantity
        line.paid += event.quantity * event.price
        part = "filled" if event.complete else "partly filled"
        line.state = f"{part} at {money(line.paid // line.filled)}"

    def _moved(self, at: int, event: e.Moved) -> list[Line]:
        line = self._orders.get(event.order)
        if line is None:
            return []
        was_held = event.order in self.waiting
        if event.state not in ("acked", "sent", "partial", "filled"):
            line.state = event.state
        elif not line.filled:
            line.state = "working"
        if not was_held:
            return []
        self._ended(event.order, event.state)
        if event.state == "lapsed":
            self.tally(line.who).lapsed += 1
        return [Line(at, line.who, line.what, event.state, event.why)]

    def _ended(self, order: str, how: str) -> None:
        held = self.waiting.pop(order, None)
        if held is not None:
            held.line.state = how


def _tried(intent: str) -> str:
    """Return the rogue's own name for what it attempts, which travels as its intent's id; empty for all others."""
    return intent[len(TRY) :].partition(":")[0].replace("-", " ") if intent.startswith(TRY) else ""


def _without_odd(record: Record) -> Record:
    """Return a record as it can be shown: what people, agents and venues wrote steers no terminal."""
    told = plain(record)
    bare = without_odd(told)
    return record if bare == told else build(Record, bare)
