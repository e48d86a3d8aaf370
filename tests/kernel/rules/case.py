"""One row per rule: what passes just inside the limit, what breaches just outside it, and with which finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.kernel.desk import Desk, rules, small, verdict

from remit.kernel.codec import build
from remit.kernel.mandate import Mandate
from remit.kernel.rules.rule import EVERY
from remit.kernel.rules.table import BY_NAME

SUBJECTS = {"firm": "firm", "account": "account:main", "agent": "agent:momentum", "client": "client:claude"}
Does = Callable[[Desk], Any]


def nothing(desk: Desk) -> None:
    """The usual desk: one share at 100, a million in cash."""


@dataclass(frozen=True)
class Case:
    """A row: `limit` is the mandate, `inside` and `outside` are orders; the finding is (limit, actual, unit)."""

    rule: str
    limit: dict[str, Any]
    inside: dict[str, Any]
    outside: dict[str, Any]
    finding: tuple[str, str, str]
    given: Does = nothing
    """What is true before the mandate is set."""
    then: Does = nothing
    """What happens under the mandate, before the order outside only."""
    first: Does = nothing
    """The same, before both."""
    missing: Does | None = None
    """What takes the fact away that the rule needs; the order inside is then denied."""
    without: dict[str, Any] = field(default_factory=dict)
    """What is different in the order whose fact is missing."""
    verdict: str = "deny"
    closes: dict[str, Any] = field(default_factory=lambda: {"amount": "50", "side": "sell"})
    """An order that only reduces a position of 50, and would breach if it opened."""

    def __str__(self) -> str:
        return self.rule

    @property
    def scopes(self) -> tuple[str, ...]:
        return tuple(BY_NAME[self.rule].scopes)

    @property
    def _own(self) -> str:
        """The scope that one is tried at where one is enough."""
        return "agent" if "agent" in self.scopes else self.scopes[0]

    def check(self, scope: str) -> None:
        """Inside passes; outside is found for this subject, exactly."""
        desk = self._desk(scope)
        record = self._ask(desk, scope, self.inside)
        assert self.rule not in rules(record), record.decision
        assert verdict(record) == "allow", record.decision
        desk.agree()
        desk = self._desk(scope)
        self.then(desk)
        record = self._ask(desk, scope, self.outside)
        assert record.decision is not None
        found = [finding for finding in record.decision.findings if finding.rule == self.rule]
        shown = [(finding.subject, (finding.limit, finding.actual, finding.unit)) for finding in found]
        assert shown == [(SUBJECTS[scope], self.finding)]
        assert found[0].verdict == self.verdict == verdict(record)
        desk.agree()

    def check_lane(self) -> None:
        """A proven reduction passes a rule for openings, and is bound by a rule for every order."""
        desk = small()
        desk.hold("50")
        self.given(desk)
        self._mandate(desk, self._own)
        self.first(desk)
        self.then(desk)
        record = self._ask(desk, self._own, self.closes)
        assert record.decision is not None and record.decision.reducing == record.decision.quantity > 0, record.decision
        assert (self.rule in rules(record)) == (BY_NAME[self.rule].lane == EVERY), record.decision

    def check_missing(self) -> None:
        """Without its fact the rule denies, and says what is missing."""
        assert self.missing is not None
        desk = self._desk(self._own)
        self.missing(desk)
        record = self._ask(desk, self._own, {**self.inside, **self.without})
        assert record.decision is not None
        found = {finding.rule: finding for finding in record.decision.findings}
        assert self.rule in found and found[self.rule].verdict == "deny", record.decision
        assert "missing" in found[self.rule].actual or found[self.rule].actual in ("none", "no value")

    def _desk(self, scope: str) -> Desk:
        desk = small()
        self.given(desk)
        self._mandate(desk, scope)
        self.first(desk)
        return desk

    def _mandate(self, desk: Desk, scope: str) -> None:
        desk.mandate(SUBJECTS[scope], build(Mandate, self.limit))

    def _ask(self, desk: Desk, scope: str, order: dict[str, Any]) -> Any:
        terms = dict(order)
        if scope == "client":
            terms["client"] = "claude"
        return desk.submit(terms.pop("amount", "1"), terms.pop("limit", None), **terms)
