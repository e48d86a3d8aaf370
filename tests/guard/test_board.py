"""The board: which marks are journalled, when, and that nothing a feed or an agent does keeps one from it."""

from __future__ import annotations

from typing import Any

from tests.guard.desk import AAPL, ANN, MOMENTUM, Desk

from remit.guard.board import EVERY_NS, Board
from remit.journal.frame import ENTRY_BYTES_MAX
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.event import Alarm
from remit.kernel.instrument import FxMark, Mark
from remit.kernel.names import GUARD
from remit.kernel.numbers import Price, Ratio, parse
from remit.kernel.state import CLOCK_LEAD_NS


def mark(desk: Desk, last: str, after_s: int = 1, **more: Any) -> Mark:
    price = parse(Price, last)
    at = desk.at + after_s * 10**9
    return Mark(instrument=more.pop("instrument", "AAPL"), at=at, bid=price, ask=price, last=price, **more)


def holding() -> tuple[Desk, Board]:
    """An agent that holds 10 at 100."""
    desk = Desk()
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    return desk, Board(desk.kernel.state)


def taken(desk: Desk, board: Board) -> list[str]:
    desk.at += EVERY_NS
    return [str(mark.last) for marks, _ in board.take(desk.at) for mark in marks]


def test_a_refused_order_keeps_no_mark_from_the_journal() -> None:
    """An order that is refused brings no mark; whoever holds the instrument is still judged on it."""
    desk, board = holding()
    board.offer((mark(desk, "90"),), (), desk.at)
    assert [str(seen.last) for seen in board.fresh("AAPL")] == ["90"]
    assert taken(desk, board) == ["90"]


def test_a_mark_that_rode_on_an_order_is_not_journalled_again() -> None:
    desk, board = holding()
    board.offer((mark(desk, "99"),), (), desk.at)
    (rode,) = board.fresh("AAPL")
    desk.do(GUARD, c.Marked(marks=(rode,)))
    assert board.fresh("AAPL") == ()
    assert taken(desk, board) == []


def test_a_mark_from_the_future_blocks_no_later_one() -> None:
    desk, board = holding()
    board.offer((mark(desk, "500", after_s=10 * CLOCK_LEAD_NS // 10**9),), (), desk.at)
    board.offer((mark(desk, "90"),), (), desk.at)
    desk.at += EVERY_NS
    ((marks, _),) = board.take(desk.at)
    record = desk.do(GUARD, c.Marked(marks=marks))
    assert [str(seen.last) for seen in marks] == ["90", "500"], "it is journalled, so that it is told"
    assert [event.code for event in record.events if isinstance(event, Alarm)] == ["feed_unfit"]
    assert str(desk.kernel.state.marks["AAPL"].last) == "90"


def test_an_older_mark_or_rate_changes_nothing() -> None:
    desk, board = holding()
    new, old = mark(desk, "90"), mark(desk, "95", after_s=0)
    board.offer((new,), (FxMark(of="EUR", to="USD", at=new.at, rate=parse(Ratio, "1.2")),), desk.at)
    board.offer((old,), (FxMark(of="EUR", to="USD", at=old.at, rate=parse(Ratio, "1.1")),), desk.at)
    desk.at += EVERY_NS
    assert [str(rate.rate) for _, fx in board.take(desk.at) for rate in fx] == ["1.2"]
    assert [str(seen.last) for seen in board.fresh("AAPL")] == ["90"]


def test_lows_and_highs_last_until_they_are_journalled() -> None:
    desk, board = holding()
    for last in ("100", "97", "104", "100"):
        board.offer((mark(desk, last),), (), desk.at)
    desk.at += EVERY_NS
    ((marks, _),) = board.take(desk.at)
    assert (str(marks[0].low), str(marks[0].high), str(marks[0].last)) == ("97", "104", "100")


def test_a_jump_is_told_and_a_drift_waits() -> None:
    desk, board = holding()
    steps = [("100.5", False), ("99.1", False), ("98.9", True)]
    assert [board.offer((mark(desk, last),), (), desk.at) for last, _ in steps] == [jumped for _, jumped in steps]
    rates = [("1.2", True), ("1.2001", False), ("1.3", True)]
    offers = [(FxMark(of="EUR", to="USD", at=desk.at, rate=parse(Ratio, rate)),) for rate, _ in rates]
    assert [board.offer((), offered, desk.at) for offered in offers] == [jumped for _, jumped in rates]


def test_every_batch_fits_into_an_entry() -> None:
    """However many instruments, however long their names, whatever the feed says its source is."""
    desk = Desk()
    for number in range(200):
        name = f"{'N' * 100}{number}"
        instrument = {"name": name, "kind": "spot", "venue": "paper", "currency": "USD", "category": "x"}
        desk.do(ANN, c.AddInstrument(instrument=type(AAPL)(**instrument, tick=AAPL.tick, lot=AAPL.lot)))  # type: ignore[arg-type]
        desk.kernel.state.cell(
            desk.kernel.state.subjects["firm"], "paper1", desk.kernel.state.instruments[name], 10**36
        ).active = 1
    board = Board(desk.kernel.state)
    names = [name for name in desk.kernel.state.instruments if name != "AAPL"]
    board.offer(tuple(mark(desk, "1", instrument=name, source="s" * 500) for name in names), (), desk.at)
    desk.at += EVERY_NS
    batches = board.take(desk.at)
    assert sum(len(marks) for marks, _ in batches) == 200
    assert max(len(encode(c.Marked(marks=marks, fx=fx))) for marks, fx in batches) < ENTRY_BYTES_MAX // 2
