"""How fast an order is judged, beside a peer, and how that grows with the book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from remit.bench import peer
from remit.bench.book import ALL, MANY, NEWCOMER, NOTHING_PASSES, SOME, Book
from remit.bench.table import Row, Skipped
from remit.bench.timing import CPU, Round, Timed, in_turns
from remit.kernel.decide import Judge
from remit.kernel.lens import Asked, Lens
from remit.kernel.mandate import Mandate
from remit.kernel.rules.compile import Evaluator

ROUND = 500
"""Orders judged in one round."""
GROWTH = (10, 1_000, 10_000)


def decide(rounds: int) -> list[Row | Skipped]:
    """Judging an order that passes, and one that breaks eight limits, beside the peer's; and the ways of judging."""
    subjects: dict[str, Round] = {
        "some": _judging(SOME),
        "many": _judging(MANY),
        "all": _judging(ALL, agent=NEWCOMER),
        "denied": _judging(NOTHING_PASSES, verdict="deny"),
        "walked": _walking(SOME),
    }
    if peer.is_installed():
        engine = peer.Peer()
        subjects["peer"] = _peer(engine, 10, engine.allowed)
        subjects["peer denied"] = _peer(engine, 2 * peer.CAP // 100, engine.denied)
    took = in_turns(subjects, rounds, CPU)
    rows: list[Row | Skipped] = []
    if "peer" in took:
        rows += _beside_peer(took)
    else:
        rows.append(Skipped("decide", "nautilus_trader is not installed: pip install 'remit[bench]'"))
    rows.append(_row("table walk", took, "walked", "some", "the generated evaluator, same order"))
    return rows


def _beside_peer(took: Mapping[str, Timed]) -> list[Row]:
    allow = "nautilus_trader RiskEngine, an order it allows"
    return [
        _row("allow, 25 lines", took, "some", "peer", allow, 1.5, 1.0, "17 standing rules and 8 limits on 3 levels"),
        _row("allow, 25 limits", took, "many", "peer", allow, None, None, "beside the 17 standing rules"),
        _row("allow, all rules", took, "all", "peer", allow, 2.0, 1.5, "every rule of the table is in force"),
        _row("deny, all findings", took, "denied", "peer denied", "nautilus_trader RiskEngine, its first denial", 1.0,
             0.5, "eight findings, each with subject, limit, actual and unit"),
    ]


def growth(rounds: int) -> list[Row | Skipped]:
    """Judging the same order with 10, 1,000 and 10,000 working orders in the book."""
    took = in_turns({str(working): _judging(SOME, working=working) for working in GROWTH}, rounds, CPU)
    few = GROWTH[0]
    return [
        Row(
            group="growth", name=f"{working:,} working orders", ns=took[str(working)].ns,
            beside=f"{few} working orders", beside_ns=took[str(few)].ns, reach=1.2, aim=1.0,
            noise=max(took[str(working)].noise, took[str(few)].noise),
        )
        for working in GROWTH[1:]
    ]


def _row(
    name: str, took: Mapping[str, Timed], what: str, other: str, beside: str, reach: float | None = None,
    aim: float | None = None, note: str = "",
) -> Row:
    return Row(
        group="decide", name=name, ns=took[what].ns, beside=beside, beside_ns=took[other].ns, reach=reach, aim=aim,
        noise=max(took[what].noise, took[other].noise), note=note,
    )


def _judging(
    limits: Mapping[str, Mandate], *, agent: str = "agent0", working: int = 1000, verdict: str = "allow"
) -> Round:
    book = Book(limits, working=working)
    orders = book.asked(ROUND, agent=agent)
    _must_say(book.kernel.judge, orders, verdict)
    return _round(book.kernel.judge, orders)


class _Walked(Evaluator):
    """An evaluator that judges line by line instead of running what was generated from the lines."""

    def check(self, order: Any, sums: Sequence[Any], changes: Sequence[Any]) -> list[int] | None:
        return self.walk(order, sums, changes)


def _walking(limits: Mapping[str, Mandate]) -> Round:
    book = Book(limits)
    orders = book.asked(ROUND)
    for asked in orders:
        lens = book.kernel.judge._lens(asked)
        assert isinstance(lens, Lens)
        lens.evaluator = _Walked(lens.evaluator.lines)
    _must_say(book.kernel.judge, orders, "allow")
    return _round(book.kernel.judge, orders)


def _round(judge: Judge, orders: list[Asked]) -> Round:
    def run() -> int:
        decide = judge.judge
        for asked in orders:
            decide(asked, "o")
        return ROUND

    return Round(run)


def _must_say(judge: Judge, orders: list[Asked], verdict: str) -> None:
    said = {judge.judge(asked, "o")[0].verdict for asked in orders}
    if said != {verdict}:
        raise AssertionError(f"the orders should be {verdict}, and are {said}")


def _peer(engine: peer.Peer, quantity: int, outcome: list[Any]) -> Round:
    """The peer judges an order object once, so the orders of the round after are made while no clock runs."""
    waiting: list[Any] = []
    judged = [0]

    def run() -> int:
        execute = engine.execute
        for submit in waiting:
            execute(submit)
        return ROUND

    def prepare() -> None:
        if len(outcome) != judged[0]:
            raise AssertionError("the peer judged otherwise than it should")
        waiting[:] = engine.submits(ROUND, quantity)
        judged[0] += ROUND

    return Round(run, prepare)
