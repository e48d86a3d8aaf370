"""The board: which marks are journalled, when, and that nothing a feed or an agent does keeps one from it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.guard.desk import AAPL, ANN, MOMENTUM, Desk

from remit.guard.board import ARMED_EVERY_NS, EVERY_NS, Board
from remit.journal.frame import ENTRY_BYTES_MAX
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.event import Alarm
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.health import GAP_NS, fault_of
from remit.kernel.instrument import FxMark, Mark
from remit.kernel.names import GUARD
from remit.kernel.numbers import Price, Quantity, Ratio, parse
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


def journalled(desk: Desk, board: Board, *, now: bool = False) -> list[str]:
    """Enter what is due and return the codes of the alarms."""
    records = [desk.do(GUARD, c.Marked(marks=marks)) for marks, _ in board.take(desk.at, now=now)]
    return [event.code for record in records for event in record.events if isinstance(event, Alarm)]


def test_a_spike_is_journalled_at_once_and_moves_no_extreme() -> None:
    desk, board = holding()
    assert not board.offer((mark(desk, "100", source="a"),), (), desk.at)
    desk.at += EVERY_NS
    assert journalled(desk, board) == []
    assert board.offer((mark(desk, "1", source="a"),), (), desk.at), "it is news"
    assert journalled(desk, board, now=True) == ["feed_unfit"]
    assert not board.offer((mark(desk, "1", after_s=2, source="a"),), (), desk.at), "it is known"
    assert not board.offer((mark(desk, "99.5", after_s=3, source="a"),), (), desk.at)
    desk.at += 4 * EVERY_NS
    assert journalled(desk, board) == []
    known = desk.kernel.state.marks["AAPL"]
    assert [str(seen) for seen in (known.last, known.low, known.high)] == ["99.5", "99.5", "99.5"]
    assert not fault_of(desk.kernel.state, "AAPL")


CONFIRMED = (("b", 1, True), ("a", 1, False), ("a", 6, True))


@pytest.mark.parametrize(("source", "after_s", "urgent"), CONFIRMED)
def test_what_makes_a_jump_believed_is_journalled_at_once(source: str, after_s: int, urgent: bool) -> None:
    desk, board = holding()
    board.offer((mark(desk, "50", source="a"),), (), desk.at)
    journalled(desk, board, now=True)
    assert board.offer((mark(desk, "50", after_s=after_s, source=source),), (), desk.at) == urgent
    journalled(desk, board, now=True)
    assert (str(desk.kernel.state.marks["AAPL"].last) == "50") == urgent == (not fault_of(desk.kernel.state, "AAPL"))


@pytest.mark.parametrize(("sources", "within_ms"), [("a", 5_000), ("ab", 100)])
def test_a_true_move_is_state_within_five_seconds(sources: str, within_ms: int) -> None:
    """Ten quotes a second, flushed as the guard does: the price has fallen by half and stays there."""
    desk, board = holding()
    desk.do(GUARD, c.Marked(marks=(mark(desk, "100", after_s=0, source="a"),)))
    fell = desk.at
    for number in range(100):
        desk.at = fell + number * 10**8
        source = sources[number % len(sources)]
        urgent = board.offer((mark(desk, "50", after_s=0, source=source),), (), desk.at)
        journalled(desk, board, now=urgent)
        if str(desk.kernel.state.marks["AAPL"].last) == "50":
            break
    assert number * 100 == within_ms


def test_an_order_in_what_nobody_holds_is_judged_with_the_crossed_quote_beside_it() -> None:
    desk = Desk()
    board = Board(desk.kernel.state)
    good, crossed = (mark(desk, "100", after_s, source="a") for after_s in (1, 2))
    crossed = msgspec.structs.replace(crossed, bid=parse(Price, "101"))
    assert not board.offer((good, crossed), (), desk.at), "nobody holds it"
    assert board.fresh("AAPL") == (board._latest["AAPL"], crossed)
    board.offer((mark(desk, "100", after_s=3, source="a"),), (), desk.at)
    assert [seen.fault for seen in board.fresh("AAPL")] == [""]


def test_two_sources_within_a_second_are_both_journalled() -> None:
    """The one does not hide the other: what they disagree on is what the kernel must know."""
    desk, board = holding()
    board.offer((mark(desk, "50", source="b"),), (), desk.at)
    journalled(desk, board, now=True)
    board.offer((mark(desk, "101", after_s=2, source="a"), mark(desk, "50", after_s=3, source="b")), (), desk.at)
    assert taken(desk, board) == ["101", "50"]


def test_an_order_brings_the_first_and_the_last_of_a_row() -> None:
    """Of what nobody holds, nothing was journalled while the price moved far."""
    desk = Desk()
    board = Board(desk.kernel.state)
    desk.do(GUARD, c.Marked(marks=(mark(desk, "100", after_s=0, source="a"),)))
    for after_s, last in ((1, "130"), (3, "131"), (7, "132")):
        assert not board.offer((mark(desk, last, after_s, source="a"),), (), desk.at)
    assert [str(seen.last) for seen in board.fresh("AAPL")] == ["130", "132"]
    board.offer((mark(desk, "110", 8, source="a"),), (), desk.at)
    assert [str(seen.last) for seen in board.fresh("AAPL")] == ["110"]


def exit_at(desk: Desk, trigger: str) -> None:
    terms = ExitTerms(legs=(Leg(kind="stop_loss", trigger=parse(Price, trigger)),))
    desk.do(ANN, c.SetExit(id="s", agent="momentum", connection="paper1", instrument="AAPL", terms=terms))
    assert desk.kernel.state.exits_of["AAPL"]


def test_a_mark_that_would_trigger_an_exit_cannot_wait() -> None:
    desk, board = holding()
    desk.do(GUARD, c.Marked(marks=(mark(desk, "100", after_s=0),)))
    exit_at(desk, "99.5")
    steps = [("99.51", False), ("99.5", True)]
    assert [board.offer((mark(desk, last),), (), desk.at) for last, _ in steps] == [now for _, now in steps]
    journalled(desk, board, now=True)
    (exit,) = desk.kernel.state.exits.values()
    assert exit.state == "triggered"


@pytest.mark.parametrize(("has_exit", "after_ns"), [(False, EVERY_NS), (True, ARMED_EVERY_NS)])
def test_where_an_exit_is_armed_marks_are_journalled_more_often(has_exit: bool, after_ns: int) -> None:
    desk, board = holding()
    desk.do(GUARD, c.Marked(marks=(mark(desk, "100", after_s=0),)))
    if has_exit:
        exit_at(desk, "90")
    assert board.take(desk.at) == []
    board.offer((mark(desk, "99.9"),), (), desk.at)
    assert board.take(desk.at + after_ns - 1) == []
    assert len(board.take(desk.at + after_ns)) == 1


def test_who_says_nothing_for_a_minute_is_quiet_once() -> None:
    desk, board = holding()
    board.offer((mark(desk, "100", after_s=0),), (), desk.at)
    begun = desk.at
    heard = [board.quiet(begun + after) for after in (1, GAP_NS - EVERY_NS, GAP_NS, GAP_NS + EVERY_NS)]
    assert heard == [(), (), (), ("AAPL",)]
    desk.at = begun + GAP_NS + EVERY_NS
    desk.do(GUARD, c.Quiet(instruments=("AAPL",)))
    assert board.quiet(desk.at + EVERY_NS) == ()
    again = mark(desk, "100", after_s=0)
    board.offer((again,), (), desk.at)
    desk.at += EVERY_NS
    journalled(desk, board)
    assert desk.kernel.state.marks["AAPL"] == board._latest["AAPL"]


def test_a_sleep_is_no_silence() -> None:
    desk, board = holding()
    board.offer((mark(desk, "100", after_s=0),), (), desk.at)
    desk.at += 480 * GAP_NS
    desk.do(GUARD, c.Woke(slept_ns=480 * GAP_NS))
    woke = desk.kernel.state.unfit["AAPL"].since
    assert board.quiet(woke + GAP_NS) == ()
    assert board.quiet(woke + GAP_NS + EVERY_NS) == ("AAPL",)


def test_the_same_quote_again_ends_a_silence() -> None:
    desk, board = holding()
    known = mark(desk, "100", after_s=0)
    desk.do(GUARD, c.Marked(marks=(known,)))
    desk.at += 2 * GAP_NS
    board.offer((known,), (), desk.at)
    journalled(desk, board, now=True)
    desk.do(GUARD, c.Quiet(instruments=("AAPL",)))
    assert board.fresh("AAPL") == (), "what was said before the silence does not end it"
    board.offer((known,), (), desk.at)
    journalled(desk, board, now=True)
    assert not fault_of(desk.kernel.state, "AAPL")


def test_a_bar_may_be_silent_for_as_long_as_it_lasts() -> None:
    desk, board = holding()
    bar, begun = mark(desk, "100", after_s=0, resolution_ns=3600 * 10**9), desk.at
    board.offer((bar,), (), begun)
    journalled(desk, board, now=True)
    assert board.quiet(begun + 3600 * 10**9 + GAP_NS) == ()
    assert board.quiet(begun + 3600 * 10**9 + GAP_NS + EVERY_NS) == ("AAPL",)


def test_what_is_closed_or_held_by_nobody_is_not_missed() -> None:
    desk, board = holding()
    begun = desk.at
    board.quiet(begun)
    desk.do(ANN, c.SetTradingState(instrument="AAPL", state="closed"))
    assert board.quiet(begun + 10 * GAP_NS) == ()
    desk.do(ANN, c.SetTradingState(instrument="AAPL", state="trading"))
    assert board.quiet(begun + 11 * GAP_NS) == (), "a minute from when it opened"
    assert board.quiet(begun + 11 * GAP_NS + EVERY_NS) == ("AAPL",)
    assert Board(Desk().kernel.state).quiet(10**20) == ()


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


def test_marks_of_what_only_the_venue_holds_are_journalled_so_that_it_can_be_taken_over() -> None:
    """Nobody here ever traded it, so nothing else asks for its price; without one the difference could never end."""
    desk = Desk()
    desk.do(ANN, c.AddInstrument(instrument=msgspec.structs.replace(AAPL, name="MSFT")))
    board = Board(desk.kernel.state)
    board.offer((mark(desk, "90", instrument="MSFT"),), (), desk.at)
    assert taken(desk, board) == []
    held, cash = c.Holding("MSFT", parse(Quantity, "7")), desk.kernel.state.cash[("paper1", "USD")].amount
    desk.do(GUARD, c.Reconciled(connection="paper1", positions=(held,), cash=(("USD", cash),), orders=()))
    assert [drift.item for drift in desk.kernel.state.drifts["paper1"]] == ["MSFT"]
    assert taken(desk, board) == ["90"]
