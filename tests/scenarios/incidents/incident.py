"""What an incident is here: what happened, by whose account, and a table of what is tried and what must come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.kernel.desk import ANN, Desk, small

from remit.kernel import command as c
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate


class Source(NamedTuple):
    """Who says so: title, publisher, date, and where it can be read."""

    title: str
    publisher: str
    date: str
    address: str


class Row(NamedTuple):
    """One try: in words, in code, and what must come out."""

    tried: str
    does: Callable[[Any], str]
    out: str


class Incident(NamedTuple):
    """One incident. Its rows are played one after the other on one scene, which `scene` sets in a folder of its own."""

    id: str
    title: str
    told: str
    """One line, and what happened: the words at the head of its file."""
    sources: tuple[Source, ...]
    proves: str
    scene: Callable[[Path], AbstractContextManager[Any]]
    rows: tuple[Row, ...]


def on_desk(*mandates: tuple[str, Mandate], prepare: Callable[[Desk], None] = lambda desk: None) -> Any:
    """A scene: the small desk, one agent `momentum` with one share AAPL at 100, under these mandates."""

    @contextmanager
    def scene(_: Path) -> Iterator[Desk]:
        desk = small()
        prepare(desk)
        for of, mandate in mandates:
            desk.mandate(of, mandate)
        yield desk
        desk.agree()

    return scene


def said(record: Record) -> str:
    """A verdict with the rules that did not hold, the first of them the primary one."""
    assert record.decision is not None, record.events
    found = ", ".join(finding.rule for finding in record.decision.findings)
    return f"{record.decision.verdict}: {found}" if found else str(record.decision.verdict)


def numbers(record: Record, rule: str) -> str:
    """A verdict with one rule's own numbers."""
    assert record.decision is not None, record.events
    (found,) = [finding for finding in record.decision.findings if finding.rule == rule]
    return f"{record.decision.verdict}: {rule} {found.actual}, limit {found.limit}"


def tally(outcomes: list[str]) -> str:
    """How often each outcome came, in the order in which they first came."""
    return "; ".join(f"{outcomes.count(each)} x {each}" for each in dict.fromkeys(outcomes))


def halted(desk: Desk) -> str:
    """Who is halted by what."""
    return ", ".join(f"{halt.subject} halted: {halt.rule}" for halt in desk.state.halts.values()) or "nobody is halted"


def cash(desk: Desk, amount: str) -> None:
    """Give the account so much that its purse is not what stops an order."""
    from tests.kernel.desk import money

    desk.took(c.SetBalance(connection="paper1", currency="USD", amount=money(amount)), ANN)
