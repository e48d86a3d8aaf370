"""The outbox: over a crash at any point no notice is lost and none is invented; what goes out twice has one id."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from tests.doors.notify.days import busy

from remit.doors.notify.channels import CHANNELS_MAX, Channel, channel
from remit.doors.notify.errors import ChannelExists, ChannelInvalid, ChannelUnknown, OutboxDamaged
from remit.doors.notify.notice import KINDS, Orders, notices_of
from remit.doors.notify.outbox import FILE, KEPT_NS, OVERDUE_NS, Outbox
from remit.kernel.event import Record

DAY = busy()
LATER = DAY[-1].command.at + 1
SET_UP = next(record.command.seq for record in DAY if record.decision is not None) - 1
"""The last entry before the first order: nothing of them is told."""
HALTS = ["halt.raised"] * 3


def hook(name: str = "hook", *kinds: str, at: int = 0) -> Channel:
    return channel(name, f"https://{name}.example/in", at, lambda count: b"k" * count, kinds=kinds or ("all",))


def everything() -> list[tuple[str, str]]:
    """Kind and type of every notice of the day but its summary, judged by the notices alone."""
    return [(one.kind, one.type) for record in DAY for one in notices_of(record, Orders(lambda order: None))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE


def drain(box: Outbox, name: str = "hook") -> list[str]:
    """Deliver all that waits for a channel; the ids in the order in which they went out."""
    sent: list[str] = []
    while due := box.due(name, LATER, 1):
        sent += [one.notice.id for one in due]
        box.delivered(name, [one.notice.id for one in due], LATER)
    return sent


# What comes in


def test_each_kind_of_the_day_waits_for_a_channel_that_takes_all(path: Path) -> None:
    with Outbox(path) as box:
        box.add(hook())
        told = box.take(DAY, LATER)
        assert {notice.kind for notice in told} >= set(KINDS) - {"drift"}
        assert [(one.kind, one.type) for one in told if one.kind != "summary"] == everything()
        assert sorted(drain(box)) == sorted(one.id for one in told) and len({one.id for one in told}) == len(told)
        assert box.position == DAY[-1].command.seq


def test_a_channel_gets_the_kinds_it_chose(path: Path) -> None:
    with Outbox(path) as box:
        box.add(hook("halts", "halts"))
        box.add(hook("fills", "fills", "violations"))
        box.take(DAY, LATER)
        assert [one.notice.type for one in box.due("halts", LATER, 100)] == HALTS
        assert {one.notice.kind for one in box.due("fills", LATER, 100)} == {"fills", "violations"}


def test_reading_again_says_nothing_again(path: Path) -> None:
    with Outbox(path) as box:
        box.add(hook())
        first = box.take(DAY, LATER)
        assert box.take(DAY, LATER) == []
        assert len(drain(box)) == len(first) and box.take(DAY[-5:], LATER) == []


def test_a_channel_gets_nothing_from_before_it(path: Path) -> None:
    with Outbox(path) as box:
        box.take(DAY, LATER)
        box.add(hook())
        assert box.due("hook", LATER, 100) == []


def test_the_first_start_begins_where_the_journal_ends(path: Path) -> None:
    with Outbox(path) as box:
        assert box.position is None
        box.begin_at(10)
        box.add(hook())
        box.take(DAY, LATER)
        assert min(one.notice.seq for one in box.due("hook", LATER, 100)) > 10


def test_another_journal_is_read_from_its_beginning_and_what_both_say_goes_out_once(path: Path) -> None:
    with Outbox(path) as box:
        box.begin_at(0)
        box.add(hook())
        shared = len(DAY) // 2
        first = {one.id for one in box.take(DAY[:shared], LATER)}
        sent = drain(box)
        box.begin_again(len(DAY))  # the copy that was put back went another way from `shared` on
        box.take(DAY, LATER)
        then = drain(box)
        assert set(sent) == first and not first & set(then)
        assert sorted(sent + then) == sorted({*sent, *then}) and len(sent + then) == len(everything()) + 1


def test_what_is_older_than_the_outbox_remembers_is_not_told_anew(path: Path) -> None:
    with Outbox(path) as box:
        box.begin_at(0)
        box.add(hook())
        box.begin_again(len(DAY))
        assert box.take(DAY, DAY[-1].command.at + KEPT_NS + 1) == []


# What goes out


def test_halts_go_first_and_what_failed_waits(path: Path) -> None:
    with Outbox(path) as box:
        box.add(hook())
        box.take(DAY, LATER)
        first = box.due("hook", LATER, 3)
        assert [one.notice.type for one in first] == HALTS
        box.failed("hook", [one.notice.id for one in first], "it was away", LATER + 5)
        assert all(one.notice.kind != "halts" for one in box.due("hook", LATER, 100))
        (again, *_) = box.due("hook", LATER + 5, 100)
        assert (again.attempts, again.fault, again.notice.kind) == (1, "it was away", "halts")


def test_a_halt_that_nobody_heard_of_is_told(path: Path) -> None:
    with Outbox(path) as box:
        box.add(hook())
        told = [one for one in box.take(DAY, LATER) if one.kind == "halts"]
        assert box.overdue(told[0].at + OVERDUE_NS - 1) == []
        assert [one.notice for one in box.overdue(told[0].at + OVERDUE_NS)] == told[:1]
        box.delivered("hook", [one.id for one in told], LATER)
        assert box.overdue(LATER + OVERDUE_NS) == []


def test_removing_a_channel_takes_what_waits_with_it(path: Path) -> None:
    with Outbox(path) as box:
        box.add(hook())
        told = box.take(DAY, LATER)
        assert box.remove("hook") == len(told) and box.waiting() == 0
        with pytest.raises(ChannelUnknown):
            box.remove("hook")


def test_names_are_unique_and_channels_bounded(path: Path) -> None:
    with Outbox(path) as box:
        box.add(hook())
        with pytest.raises(ChannelExists):
            box.add(hook())
        for number in range(CHANNELS_MAX - 1):
            box.add(hook(f"hook-{number}"))
        with pytest.raises(ChannelInvalid):
            box.add(hook("one-too-many"))


def test_the_file_is_private_and_damage_is_named(path: Path) -> None:
    with Outbox(path):
        assert all(one.stat().st_mode & 0o077 == 0 for one in path.parent.iterdir())
    path.write_bytes(b"no database" * 100)
    with pytest.raises(OutboxDamaged):
        Outbox(path)


# Crashes


class Crash(BaseException):
    """The process ends here."""


class Mortal:
    """A connection that dies before its `left`th statement: what was not committed is gone."""

    def __init__(self, base: sqlite3.Connection, left: list[int]) -> None:
        self._base, self._left = base, left

    def __getattr__(self, name: str) -> Any:
        what = getattr(self._base, name)
        if name not in ("execute", "executemany"):
            return what

        def mortal(*given: Any) -> Any:
            _step(self._left)
            return what(*given)

        return mortal


def _step(left: list[int]) -> None:
    left[0] -= 1
    if left[0] == 0:
        raise Crash


def opened(path: Path) -> Outbox:
    """An outbox that does not wait for the disk: here a process dies, never the machine."""
    box = Outbox(path)
    box._base.execute("PRAGMA synchronous = OFF")
    return box


def _life(path: Path, sent: list[str], left: list[int]) -> None:
    """One life of the notifier: it reads in pieces from its position and delivers, until it dies or is done."""
    box = opened(path)
    box._base = Mortal(box._base, left)  # type: ignore[assignment]
    try:
        position = box.position or 0
        rest = [record for record in DAY if record.command.seq > position]
        while True:
            box.take(rest[:7], LATER)
            rest = rest[7:]
            while due := box.due("hook", LATER, 1):
                _step(left)  # before it is sent
                sent.append(due[0].notice.id)
                _step(left)  # sent and not noted
                box.delivered("hook", [due[0].notice.id], LATER)
            if not rest:
                return
    finally:
        box.close()


def test_a_crash_at_every_point_loses_nothing_and_invents_nothing(tmp_path: Path) -> None:
    new = tmp_path / "new.sqlite"
    with opened(new) as box:
        box.begin_at(SET_UP)
        box.add(hook())
    right: list[str] = []
    _life(shutil.copy(new, tmp_path / "whole.sqlite"), right, [0])
    assert len(right) == len(set(right)) == len(everything()) + 1
    point, died = 0, True
    while died:
        point += 1
        path = shutil.copy(new, tmp_path / f"{point}.sqlite")
        sent: list[str] = []
        died = False
        try:
            _life(path, sent, [point])
        except Crash:
            died = True
            _life(path, sent, [0])
        assert set(sent) == set(right), point
        assert sum(count - 1 for count in Counter(sent).values()) <= 1, point  # only what was sent and not noted
    assert point > 100


class Lives(RuleBasedStateMachine):
    """Reading, sending, failing, crashing and changing channels in any order, beside a model in plain sets."""

    names = Bundle("names")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / FILE
        self.box = opened(self.path)
        self.box.begin_at(0)
        self.read, self.now = 0, LATER
        self.wanted: dict[str, set[str]] = {}
        self.got: dict[str, list[str]] = {}

    @rule(name=st.sampled_from(["a", "b", "c"]), kinds=st.sampled_from([("all",), ("halts",), ("fills", "approvals")]))
    def add(self, name: str, kinds: tuple[str, ...]) -> None:
        if name not in self.wanted:
            self.box.add(hook(name, *kinds))
            self.wanted[name], self.got[name] = set(), []

    @rule(name=st.sampled_from(["a", "b", "c"]))
    def remove(self, name: str) -> None:
        if name in self.wanted:
            self.box.remove(name)
            del self.wanted[name], self.got[name]

    @rule(count=st.integers(1, 15), again=st.integers(0, 5))
    def take(self, count: int, again: int) -> None:
        piece = DAY[max(0, self.read - again) : self.read + count]
        for notice in self.box.take(piece, self.now):
            for one in self.box.channels():
                if notice.kind in one.kinds:
                    self.wanted[one.name].add(notice.id)
        self.read = min(self.read + count, len(DAY))

    @rule(name=st.sampled_from(["a", "b", "c"]), count=st.integers(1, 5), noted=st.booleans(), taken=st.booleans())
    def send(self, name: str, count: int, noted: bool, taken: bool) -> None:
        ids = [one.notice.id for one in self.box.due(name, self.now, count)]
        if taken and name in self.got:
            self.got[name] += ids
        if taken and noted:
            self.box.delivered(name, ids, self.now)
        elif noted:
            self.box.failed(name, ids, "no", self.now + 3)

    @rule()
    def pass_time(self) -> None:
        self.now += 3

    @rule()
    def crash(self) -> None:
        self.box.close()
        self.box = opened(self.path)

    @invariant()
    def nothing_is_invented(self) -> None:
        for name, got in getattr(self, "got", {}).items():
            assert set(got) <= self.wanted[name]

    def teardown(self) -> None:
        if not hasattr(self, "box"):
            return
        self.now += 10
        for name, wanted in self.wanted.items():
            while due := self.box.due(name, self.now, 3):
                self.got[name] += [one.notice.id for one in due]
                self.box.delivered(name, [one.notice.id for one in due], self.now)
            assert set(self.got[name]) == wanted
        self.box.close()
        self.folder.cleanup()


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)


def test_the_records_are_those_of_a_journal() -> None:
    assert [record.command.seq for record in DAY] == list(range(1, len(DAY) + 1))
    assert all(isinstance(record, Record) for record in DAY)
