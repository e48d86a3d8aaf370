"""What a mark costs that ten stakes hang on, and how that grows with agents and orders that it does not touch."""

from __future__ import annotations

from remit.bench.book import FEED, FEW, SOME, Book
from remit.bench.table import Row, Skipped
from remit.bench.timing import CPU, Round, in_turns
from remit.kernel import command as c
from remit.kernel.command import Command

MARKS = 200
OTHERS = (10, 1_000, 10_000)
"""Agents that the mark does not touch, each with an order that works."""


def mark(rounds: int) -> list[Row | Skipped]:
    """A mark from its command to its record, beside judging one order; and beside the same among few others."""
    book = Book(SOME)
    book.hold_few()
    orders = book.asked(MARKS)

    def judge() -> int:
        for asked in orders:
            book.kernel.judge.judge(asked, "o")
        return MARKS

    took = in_turns({"mark": _marking(book), "judge": Round(judge)}, rounds, CPU)
    return [
        Row(group="mark", name="ten stakes", ns=took["mark"].ns, unit="us", beside="judging one order, 25 lines",
            beside_ns=took["judge"].ns, reach=25, aim=10, noise=max(took["mark"].noise, took["judge"].noise)),
        *_growth(rounds),
    ]


def _growth(rounds: int) -> list[Row]:
    """The same mark among more and more agents and orders elsewhere."""
    took = in_turns({str(others): _marking(_among(others)) for others in OTHERS}, rounds, CPU)
    few = OTHERS[0]
    return [
        Row(group="mark", name=f"among {others:,} others", ns=took[str(others)].ns, beside=f"among {few} others",
            beside_ns=took[str(few)].ns, reach=1.2, aim=1.0,
            noise=max(took[str(others)].noise, took[str(few)].noise),
            note="agents that hold nothing of it, each with an order elsewhere")
        for others in OTHERS[1:]
    ]


def _among(others: int) -> Book:
    book = Book(SOME, working=0)
    book.crowd(others)
    book.hold_few()
    return book


def _marking(book: Book) -> Round:
    commands: list[Command] = []

    def prepare() -> None:
        seq = book.kernel.state.seq
        commands[:] = [
            Command(seq=seq + number, at=book.at, by=FEED, body=c.Marked(marks=book.marks(f"100.0{number % 2}", [FEW])))
            for number in range(1, MARKS + 1)
        ]

    def step() -> int:
        for command in commands:
            book.kernel.step(command)
        return MARKS

    return Round(step, prepare)
