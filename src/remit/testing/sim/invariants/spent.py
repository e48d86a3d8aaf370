"""B: what is spent on models, added up again from the entries alone, stays within the budgets it was metered under."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.mandate import EMPTY
from remit.kernel.numbers import SCALE
from remit.testing.sim.invariants.check import Check, Known, View
from remit.testing.sim.observer import Seen

OUT = frozenset({"self", "me", "capabilities", "orders", "order", "closing", "spend"})
"""Views that are a way out."""
Rates = tuple[int | None, int | None]


class Spent(NamedTuple):
    """One call as it counts: of whom, whether it waits for a settlement or a price, and how much by subject."""

    agent: str
    client: str
    state: str
    day: int
    """The entry that it was counted with first."""
    most: int
    seal: str
    rates: Rates
    amounts: tuple[int | None, int | None]
    """In the account's and in the firm's currency; None where nobody knows."""


class Purse:
    """Follows entries and adds up what everybody spent since their day began."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.calls: dict[tuple[str, str], Spent] = {}
        self.sums: dict[str, int] = defaultdict(int)
        self.unpriced: dict[str, int] = defaultdict(int)
        self.began: dict[str, int] = {}
        """By subject: the entry with which its day began."""
        self.is_late = False
        """Whether entries are followed whose rates are not those of now: what they say is taken over."""

    def limit(self, of: str) -> int | None:
        """Return a subject's budget."""
        mandate = self.known.firm.mandates.get(of, (EMPTY, 0))[0]
        return mandate.client_spend_daily_max if of.startswith("client:") else mandate.ai_spend_daily_max

    def over(self, agent: str, client: str) -> str:
        """Return the first subject on a path whose budget is used up; empty where there is none."""
        if agent not in self.known.again.state.agents:
            return ""
        for of in self.known.firm.path(agent, client):
            limit = self.limit(of)
            if limit is not None and (self.unpriced[of] or self.sums[of] > limit):
                return of
        return ""

    def roll(self, event: e.SessionRolled, seq: int) -> None:
        """Begin the day of a zone."""
        for of in self.known.again.state.subjects:
            if self.known.firm.mandate(of).zone == event.zone:
                self.sums[of] = 0
                self.began[of] = seq

    def take(self, record: Record, event: e.Spent) -> Iterator[str]:
        """Count a call, and yield what is wrong with how it is counted."""
        body, seq = record.command.body, record.command.seq
        key = (event.agent, event.spend)
        before = self.calls.get(key)
        state = self.known.again.state
        account = state.accounts[state.agents[event.agent].account]
        rates = state.rate("USD", account.currency), state.rate("USD", state.firm_currency)
        now = _metered(record, event, rates) if before is None else _settled(record, event, before, rates)
        if isinstance(now, str):
            yield f"entry {seq} counts {event.spend} of {event.agent}: {now}"
            return
        said = (event.amount, event.firm)
        if self.is_late:
            now = self._as_it_was(now, key, said)
        if now.amounts != said:
            yield f"entry {seq} counts {event.spend} as {said}, and it comes to {now.amounts}"
        path = self.known.firm.path(event.agent, event.client)
        for of in path:
            at = 1 if of == "firm" else 0
            more = (now.amounts[at] or 0) - ((before.amounts[at] or 0) if before is not None else 0)
            self.sums[of] += more if self.began.get(of, 0) <= now.day else max(more, 0)
            self.unpriced[of] += (now.state == "unpriced") - (before is not None and before.state == "unpriced")
        self.calls[key] = now
        if isinstance(body, c.MeterSpend):
            over = self.over(event.agent, event.client)
            if over:
                yield f"entry {seq} meters {event.spend}: {over} comes to {self.sums[over]} of {self.limit(over)}"

    def _as_it_was(self, now: Spent, key: tuple[str, str], said: tuple[int | None, int | None]) -> Spent:
        """Return a call with the amounts that its entry says, and the rates that it was reserved at."""
        call = self.known.again.state.model_calls.get(key)
        return now._replace(amounts=said, rates=now.rates if call is None else (call.rate, call.firm_rate))


def _counted(cost: int, rates: Rates) -> tuple[int | None, int | None]:
    first, second = (None if rate is None else -(-cost * rate // SCALE) for rate in rates)
    return first, second


def _metered(record: Record, event: e.Spent, rates: Rates) -> Spent | str:
    """Return a call as it counts first; a text where it must not count so."""
    body = record.command.body
    of = (event.agent, event.client)
    if isinstance(body, c.MeterSpend):
        if body.cost_max is None or event.state != "reserved":
            return "its price is not known"
        amounts = _counted(body.cost_max, rates)
        return Spent(*of, "reserved", record.command.seq, int(body.cost_max), body.seal, rates, amounts)
    if not isinstance(body, c.ReportSpend):
        return "nobody metered or reported it"
    amounts = (None, None) if body.cost is None else _counted(body.cost, rates)
    known = "unpriced" if None in amounts else "added"
    return Spent(*of, known, record.command.seq, 0, "", rates, (None, None) if known == "unpriced" else amounts)


def _settled(record: Record, event: e.Spent, before: Spent, rates: Rates) -> Spent | str:
    """Return a call as it counts from its settlement on; a text where it must not be settled so."""
    body, by = record.command.body, record.command.by
    if before.state not in ("reserved", "unpriced") or event.state != "settled":
        return f"it was {before.state} before, and is counted again"
    if isinstance(body, c.ReportSpend):
        if before.state != "reserved" or hashlib.sha256(body.key.encode()).hexdigest() != before.seal:
            return "it is settled without the key that it was sealed with"
        cost = body.cost
    elif isinstance(body, c.SettleSpend):
        if by.role not in ("operator", "owner"):
            return f"the {by.role} {by.name} settles it"
        cost = body.cost
    else:
        return "nobody settled it"
    if cost is None:
        return "it is settled at no price"
    return before._replace(
        state="settled", amounts=_counted(cost, before.rates if before.state == "reserved" else rates)
    )


class WithinBudget(Check):
    """B1. A recount from the entries alone: a metered call leaves every budget on its path within its limit, only the
    key of a reservation or a person settles it, and what the guard counts is what the entries say."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._purse = Purse(known)

    def entry(self, seen: Seen, record: Record) -> Iterable[str]:
        yield from _follow(self._purse, record)

    def after_step(self, view: View) -> Iterable[str]:
        if view.state is None or view.state.seq != len(self.known.records):
            return
        for name, of in view.state.subjects.items():
            counted = (self._purse.sums[name], self._purse.unpriced[name])
            there = (of.total.spent, of.total.unpriced)
            if there != counted:
                yield f"the guard counts {there} as spent and unpriced of {name}, and the entries come to {counted}"

    def went_back(self, left: int) -> None:
        self._purse = _again(self.known)


class OverIsTold(Check):
    """B2. Whoever was over a budget when a call of theirs began, and is when it is answered, is answered by nothing but
    a way out, and opens nothing."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._purse = Purse(known)
        self._since: dict[tuple[str, str], int] = {}
        """By agent and client: since which entry they are over."""

    def entry(self, seen: Seen, record: Record) -> Iterable[str]:
        body, seq, decision = record.command.body, record.command.seq, record.decision
        caller = ("", "")
        if isinstance(body, c.Acted):
            caller = (body.agent, body.client)
        since = self._since.get(caller)
        if isinstance(body, c.Acted) and body.ok and since is not None:
            began = int(body.via.rpartition(" ")[2]) if " after " in body.via else 0
            what, _, view = body.what.partition(" ")
            if since <= began and (what == "preview" or what == "read" and view not in OUT):
                yield f"entry {seq}: {caller} is over its budget since entry {since} and is answered to {body.what}"
        list(_follow(self._purse, record))
        if isinstance(body, c.Submit) and decision is not None and record.command.by.role in ("agent", "client"):
            over = self._purse.over(body.intent.agent, body.client)
            if over and decision.verdict != "deny" and decision.reducing < decision.quantity:
                yield f"entry {seq} lets {decision.order} open, and {over} is over its budget"
        self._note(seq)

    def _note(self, seq: int) -> None:
        state = self.known.again.state
        callers = [(name, "") for name in state.agents] + [(row.agent, name) for name, row in state.clients.items()]
        for caller in callers:
            if not self._purse.over(*caller):
                self._since.pop(caller, None)
            else:
                self._since.setdefault(caller, seq)

    def went_back(self, left: int) -> None:
        self._purse = _again(self.known)
        self._since.clear()
        self._note(left)


def _follow(purse: Purse, record: Record) -> Iterator[str]:
    for event in record.events:
        if isinstance(event, e.SessionRolled):
            purse.roll(event, record.command.seq)
        elif isinstance(event, e.Spent):
            yield from purse.take(record, event)


def _again(known: Known) -> Purse:
    """Return the purse as the entries that are left make it, with the state that they left."""
    purse = Purse(known)
    purse.is_late = True
    for record in known.records:
        list(_follow(purse, record))
    purse.is_late = False
    return purse
