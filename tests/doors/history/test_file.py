"""The file of the history: bars do not depend on how the journal was cut up, nor on where a writer was killed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from tests.guard.desk import START
from tests.reports.walked import DEEDS, Deed, walked

from remit.doors.history import file, past
from remit.doors.history.bars import HOUR_S, MINUTE_S, POINTS_MAX, STEPS_S, Bar, chosen, coarser, joined
from remit.doors.history.errors import HistoryDamaged, HistoryUnusable
from remit.doors.history.file import FILE, History, Leg, Sample, remove
from remit.doors.history.past import Span
from remit.kernel.codec import decode, encode
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.numbers import DAY_NS, NANOSECONDS, SCALE, text

STEADY = [Deed("mark", 20_000, "AAPL", str(90 + number % 7), "a") for number in range(40)]


def told(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that a file says."""
    tables = {"bars": "*", "series": "*", "known": "instrument, priced, 0", "kept": "name, value, 0"}
    with closing(sqlite3.connect(folder / FILE)) as base:
        return {
            name: base.execute(f"SELECT {columns} FROM {name} ORDER BY 1, 2, 3").fetchall()
            for name, columns in tables.items()
        }


def begun(folder: Path, at: int = 1) -> History:
    history = History(folder / FILE)
    history.begin(1, at, ())
    return history


def in_one_go(entries: Sequence[bytes]) -> dict[str, list[tuple[Any, ...]]]:
    with TemporaryDirectory() as folder:
        history = begun(Path(folder))
        history.take(entries)
        history.close()
        return told(Path(folder))


def marked(entries: Iterable[bytes]) -> list[tuple[int, int]]:
    """Time and last of each mark that took effect, by the kernel itself."""
    kernel, found = Kernel(), []
    for entry in entries:
        before = kernel.state.marks.get("AAPL")
        kernel.fold(decode(Record, entry))
        after = kernel.state.marks.get("AAPL")
        if after is not None and after is not before:
            found.append((after.at, int(after.last)))
    return found


@settings(max_examples=15, deadline=None)
@given(DEEDS, st.data())
def test_bars_of_any_split_of_the_journal_are_those_of_one_go(deeds: list[Deed], data: st.DataObject) -> None:
    entries = walked(deeds).journal
    cuts = sorted(data.draw(st.lists(st.integers(0, len(entries)), max_size=6)))
    with TemporaryDirectory() as name:
        folder = Path(name)
        history = begun(folder)
        for start, stop in pairwise([0, *cuts, len(entries)]):
            history.take(entries[max(start - 3, 0) : stop])  # what was read before says nothing
            if data.draw(st.booleans()):
                history.close()
                history = History(folder / FILE)
        history.close()
        assert told(folder) == in_one_go(entries)


def test_bars_are_what_the_marks_were_exactly(tmp_path: Path) -> None:
    entries = walked(STEADY).journal
    history = begun(tmp_path, START)
    history.take(entries)
    history.close()
    wanted: dict[int, list[int]] = {}
    for at, last in marked(entries):
        wanted.setdefault(at // (60 * NANOSECONDS) * 60, []).append(last)
    found = past.prices(tmp_path, "AAPL", Span(None, None, 60, walked(STEADY).at)).of["price"]
    assert found == [(at, Bar(all_[0], max(all_), min(all_), all_[-1])) for at, all_ in sorted(wanted.items())]
    assert len(found) > 10


def test_numbers_beyond_sixty_four_bits_stay_exact(tmp_path: Path) -> None:
    history = begun(tmp_path)
    huge = 10**24 * SCALE - 1
    history.sample(DAY_NS, [Sample("equity", "desk", -huge), Sample("equity", "desk", huge)])
    history.close()
    found = past.equity(tmp_path, "desk", Span(None, None, 60, DAY_NS)).of["equity"]
    assert found == [(86_400, Bar(-huge, huge, -huge, huge))]


def test_a_kill_between_any_two_writes_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    entries = walked(STEADY[:4]).journal
    wanted = in_one_go(entries)
    killed = 0
    for number in range(1, 400):
        folder = tmp_path / str(number)
        folder.mkdir()
        begun(folder).close()
        child = os.fork()
        if child == 0:
            _take_until(folder, entries, number)
        status = os.waitpid(child, 0)[1]
        killed += os.WIFSIGNALED(status)
        history = History(folder / FILE)
        position = history.position
        assert position is not None
        history.take(entries[position:])
        history.close()
        assert told(folder) == wanted, f"killed at statement {number}"
        if not os.WIFSIGNALED(status):
            break
    assert killed > 30


def _take_until(folder: Path, entries: Sequence[bytes], number: int) -> None:
    """Take a few at a time in this process, which is killed before its statement of this number."""
    left = [number]

    def count(statement: str) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), 9)

    try:
        history = History(folder / FILE)
        history._base.set_trace_callback(count)
        for start in range(0, len(entries), 12):
            history.take(entries[start : start + 12])
    finally:
        os._exit(0)


def test_an_entry_that_is_missing_is_never_passed_over(tmp_path: Path) -> None:
    entries = walked(STEADY).journal
    history = begun(tmp_path)
    history.take(entries[:10])
    with pytest.raises(HistoryUnusable, match="does not follow"):
        history.take(entries[11:])
    history.close()
    with pytest.raises(HistoryUnusable, match="cannot be used"):
        history.take(entries[10:])


def test_an_entry_that_cannot_be_read_does_not_make_the_file_a_damaged_one(tmp_path: Path) -> None:
    entries = walked(STEADY).journal
    strange = entries[-1].replace(b'"marks":[', b'"marks":[7,')
    history = begun(tmp_path)
    with pytest.raises(HistoryUnusable, match="cannot be read") as raised:
        history.take([*entries[:-1], strange])
    assert not isinstance(raised.value, HistoryDamaged)
    assert history.position == 0
    history.close()


@pytest.mark.parametrize("harm", ["DELETE FROM kept", "UPDATE kept SET value = 0 WHERE name = 'form'",
                                  "UPDATE known SET priced = 'x'", "UPDATE bars SET low = '1e3'"])  # fmt: skip
def test_what_is_no_history_is_named_as_damaged_or_begins_anew(tmp_path: Path, harm: str) -> None:
    entries = walked(STEADY).journal
    history = begun(tmp_path)
    history.take(entries[:-1])
    history.close()
    with sqlite3.connect(tmp_path / FILE) as base:
        base.execute(harm)
    base.close()
    try:
        history = History(tmp_path / FILE)
        if history.position is not None:
            history.take(entries[-1:])
            raise AssertionError("it was taken as it is")
    except HistoryDamaged:
        pass
    history.close()
    remove(tmp_path / FILE)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_locked_or_full_is_a_fault_and_not_damaged(tmp_path: Path) -> None:
    entries = walked(STEADY).journal
    history = begun(tmp_path)
    history._base.execute("PRAGMA busy_timeout = 20")
    with sqlite3.connect(tmp_path / FILE, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryUnusable, match="locked") as raised:
            history.take(entries)
        other.execute("ROLLBACK")
    pages = history._base.execute("PRAGMA page_count").fetchone()[0]
    history.close()
    history = History(tmp_path / FILE)
    history._base.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(HistoryUnusable, match="full") as full:
        for number in range(2_000):
            history.sample(number * 60 * NANOSECONDS, [Sample("equity", "desk", number * SCALE)])
    history.close()
    assert not isinstance(raised.value, HistoryDamaged)
    assert not isinstance(full.value, HistoryDamaged)
    history = History(tmp_path / FILE)
    history.take(entries)
    assert history.position == len(entries)
    history.close()
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


# What is kept


def filled(folder: Path, days: int) -> int:
    """Ten samples an hour for so many days; return when the last was."""
    history = begun(folder)
    at = 0
    for hour in range(24 * days):
        for part in range(10):
            at = (hour * 3_600 + part * 360) * NANOSECONDS
            history.sample(at, [Sample("equity", "desk", hour * SCALE)])
    history.close()
    return at


def test_minutes_are_kept_for_a_week_and_hours_for_longer(tmp_path: Path) -> None:
    now = filled(tmp_path, 9)
    with sqlite3.connect(tmp_path / FILE) as base:
        counted = "SELECT count(*), min(at) FROM bars WHERE step = ?"
        minutes, first = base.execute(counted, (MINUTE_S,)).fetchone()
        hours, oldest = base.execute(counted, (HOUR_S,)).fetchone()
        assert base.execute("SELECT value FROM kept WHERE name = 'rows'").fetchone()[0] == minutes + hours
    assert first >= now // NANOSECONDS - 7 * 86_400 - 60
    assert (minutes, hours, oldest) == (1_681, 216, 0)
    long = past.equity(tmp_path, "desk", Span(0, None, 60, now))
    assert (long.step_s, long.of["equity"][0]) == (HOUR_S, (0, Bar(0, 0, 0, 0)))
    week = past.equity(tmp_path, "desk", Span(now - 7 * DAY_NS, None, 60, now))
    assert (week.step_s, len(week.of["equity"])) == (300, 1_681)


def test_there_are_never_more_bars_than_the_file_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "ROWS_MAX", 200)
    now = filled(tmp_path, 2)
    with sqlite3.connect(tmp_path / FILE) as base:
        assert base.execute("SELECT count(*) FROM bars").fetchone()[0] <= 210
    found = past.equity(tmp_path, "desk", Span(0, None, 60, now))
    assert found.known_from is not None
    assert found.known_from > DAY_NS
    hours = past.equity(tmp_path, "desk", Span(0, None, HOUR_S, now))
    assert (hours.known_from, len(hours.of["equity"])) == (0, 48)


def test_legs_are_told_where_they_moved_to_whom_may_see_them(tmp_path: Path) -> None:
    history = begun(tmp_path)
    for agent in ("a", "b"):
        about = encode(Leg(f"X-{agent}", "trailing_stop", agent, ""))
        for minute, level in enumerate((96, 96, 96, 97, 97, 98, 98)):
            history.sample(minute * 60 * NANOSECONDS, [Sample("leg", "AAPL", level * SCALE, f"X-{agent} 0", about)])
    history.close()
    now = 7 * 60 * NANOSECONDS
    found = past.legs(tmp_path, "AAPL", Span(None, None, 60, now), lambda leg: leg.agent == "a")
    assert {name: [(at, text(bar.close)) for at, bar in bars] for name, bars in found.of.items()} == {
        "X-a 0": [(0, "96"), (180, "97"), (300, "98"), (360, "98")]
    }
    assert past.legs(tmp_path, "MSFT", Span(None, None, 60, now), lambda leg: True).of == {}


def test_exits_of_which_nothing_is_kept_any_more_are_forgotten(tmp_path: Path) -> None:
    history = begun(tmp_path)
    for exit_, day in (("X-1", 0), ("X-2", 300), ("X-3", 370)):
        history.sample(day * DAY_NS, [Sample("leg", "AAPL", 96 * SCALE, f"{exit_} 0", about_of(exit_))])
    assert [row[3:5] for row in told(tmp_path)["series"]] == [("AAPL", about_of("X-2")), ("AAPL", about_of("X-3"))]
    history.sample(371 * DAY_NS, [Sample("leg", "AAPL", 97 * SCALE, "X-1 0", about_of("X-1"))])
    history.close()
    found = past.legs(tmp_path, "AAPL", Span(None, None, 60, 371 * DAY_NS), lambda leg: True)
    assert sorted(leg.exit for leg in found.legs.values()) == ["X-1", "X-2", "X-3"]


def about_of(name: str) -> bytes:
    return encode(Leg(name, "stop_loss", "a", ""))


def test_what_cannot_be_read_is_a_fault_of_the_answer(tmp_path: Path) -> None:
    assert past.prices(tmp_path, "AAPL", Span(None, None, 60, 1)).fault == "nothing is kept yet"
    (tmp_path / FILE).write_bytes(b"not a database" * 500)
    found = past.prices(tmp_path, "AAPL", Span(None, None, 60, 1))
    assert "history_damaged" in found.fault
    assert (found.of, found.known_from) == ({}, None)


# Bars themselves

BARS = st.lists(st.tuples(st.integers(0, 500), st.integers(-9, 9)), max_size=40).map(
    lambda found: [(at * MINUTE_S, Bar(one, one + 1, one - 1, one)) for at, one in sorted(dict(found).items())]
)


@given(BARS, st.sampled_from(STEPS_S))
def test_longer_bars_are_the_shorter_ones_put_together(bars: list[tuple[int, Bar]], step_s: int) -> None:
    found = coarser(bars, step_s)
    assert [at for at, _ in found] == sorted({at - at % step_s for at, _ in bars})
    for begin, bar in found:
        within = [one for at, one in bars if begin <= at < begin + step_s]
        assert bar == Bar(within[0].open, max(b.high for b in within), min(b.low for b in within), within[-1].close)
    assert coarser(coarser(bars, 300), 3_600) == coarser(bars, 3_600)


@given(st.integers(1, 86_400), st.integers(0, 400 * DAY_NS), st.integers(0, 365 * DAY_NS))
def test_there_are_never_too_many_points(step_s: int, now: int, wide: int) -> None:
    since = max(now - wide, 0)
    found = chosen(step_s, since, now, now)
    assert found in STEPS_S
    assert (now - since) // NANOSECONDS // found + 1 <= POINTS_MAX
    assert found >= min(step_s, STEPS_S[-1])


def test_the_first_of_two_is_on_the_left() -> None:
    assert joined(None, Bar(1, 2, 0, 1)) == Bar(1, 2, 0, 1)
    assert joined(Bar(1, 2, 0, 1), Bar(5, 9, 4, 6)) == Bar(1, 9, 0, 6)
