"""The disk breaks at one call of a busy run: each point in a run of its own, against the real guard on the real disk.

A normal run is counted first. Then the guard of one data folder is started again and again, each time with one fault
planted at one of those calls, from its opening to its clean stop; segments and snapshots are small, so that both turn
over. After each run the folder and all that the venue ever saw are looked at from outside.

A fixed spread of 30 points. REMIT_FAULT_POINTS=all goes through every call with every fault, some 800 points in about
half an hour; REMIT_FAULT_POINTS=20 through 20 of each.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.faults.desk import FaultDesk, set_up_desk
from tests.faults.shim import ALWAYS, ERRORS, KILLS, Call, Fault, library
from tests.faults.truth import Kept, assert_kept, assert_live_state, assert_settled, assert_truth, kept

from remit.guard.wire import GuardError

POINTS = os.environ.get("REMIT_FAULT_POINTS", "")
SPREAD = {"EIO": 5, "ENOSPC": 4, "short": 3, "before": 4, "after": 4, "torn": 4, "power": 6}
RUN_S = 0.3
"""How long a run lasts at least: the guard looks four times a second whether a snapshot is due."""

DATA = ("write", "pwrite")
META = ("fdatasync", "fsync", "ftruncate", "rename")
HITS = {  # which calls a fault is worth planting at
    "EIO": DATA + META,
    "ENOSPC": DATA + META,
    "short": DATA,
    "before": (*DATA, *META, "send"),
    "after": (*DATA, *META, "send"),
    "torn": DATA,
    "power": (*META, "send"),
}
RESUME = ("--resume", "ann", "disk replaced")


@pytest.fixture(scope="module")
def normal(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """Every call of a normal busy run, from the start to the stop."""
    desk = made(tmp_path_factory.mktemp("normal"))
    try:
        assert desk.launch(counted=True)
        run(desk)
        assert desk.end_guard() == 0
        return desk.calls()
    finally:
        desk.stop()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FaultDesk]:
    desk = made(tmp_path)
    yield desk
    desk.stop()


def made(folder: Path) -> FaultDesk:
    """A desk that is set up, its guard stopped."""
    library()
    desk = set_up_desk(folder / "home", "tests.faults.small_guard")
    assert desk.end_guard() == 0
    return desk


def run(desk: FaultDesk) -> None:
    """One busy run with a guard that is ready; over where the guard is."""
    ends_at = time.monotonic() + RUN_S
    with contextlib.suppress(GuardError):
        desk.until_ready()
        desk.mark("100")
        desk.busy()
        time.sleep(max(ends_at - time.monotonic(), 0))
        return
    assert desk.guard is not None
    desk.guard.wait(10)


def spread(normal: Sequence[Call]) -> list[tuple[str, int]]:
    """The points, each with what happens there, one kind of fault after the other."""
    points = []
    for how, count in SPREAD.items():
        fit = [call for call in normal if call.name in HITS[how]]
        if POINTS != "all":
            texts = [call for call in fit if call.path.name.startswith("side.db")]
            thinned = sorted({*fit} - {*texts} | {*texts[::6]})  # the side store makes most calls and is not the point
            count = int(POINTS or count)
            fit = [thinned[(len(thinned) - 1) * number // (count - 1)] for number in range(count)]
        points += [(how, call.number) for call in fit]
    return points


def test_a_normal_run_passes_every_kind_of_call(normal: list[Call]) -> None:
    """What the points are taken from: the journal with its segments, snapshots, tokens, texts and the way out."""
    files = {call.path.suffix for call in normal}
    assert {call.name for call in normal} == {*DATA, *META, "send"}
    assert {".journal", ".snapshot", ".json", ".db", ".sock"} <= files
    assert all(call.fate == "-" for call in normal)
    # No byte leaves for the venue while the journal holds a write that was not synced.
    unsynced = False
    for call in normal:
        if call.path.suffix == ".journal" and call.name in ("pwrite", "fdatasync"):
            unsynced = call.name == "pwrite"
        assert not (call.name == "send" and unsynced), call


@pytest.mark.timeout(3600)
def test_whatever_breaks_the_next_start_is_as_promised(normal: list[Call], desk: FaultDesk) -> None:
    """Point after point on one folder: each run also begins with what the one before it left."""
    asked, states = False, 0
    for how, at in spread(normal):
        print(f"{how} at call {at} of {len(normal)}")  # shown where the test fails
        if desk.poisoned() and not asked:
            assert_needs_a_person(desk)
            asked = True
        before = kept(desk)
        fault = Fault(how, at, ALWAYS if how == "ENOSPC" else 1)
        if desk.launch(*(RESUME if desk.poisoned() else ()), fault=fault):
            with contextlib.suppress(GuardError):
                assert_live_state(desk)
                states += 1
            run(desk)
        assert_ended(desk, how, desk.end_guard(), desk.calls(), before)
    desk.start_guard(*(RESUME if desk.poisoned() else ()))
    assert_settled(desk)
    assert asked and states > 20


def test_a_stop_that_the_disk_refuses_is_told(desk: FaultDesk) -> None:
    """Even the last word of a clean stop: people hear of it, and the next start waits for a person."""
    for _ in range(5):  # how many calls it makes until then hangs on time: one that comes too early meets no fault
        assert desk.launch(counted=True) and desk.end_guard() == 0
        last = [call for call in desk.calls() if call.path.suffix == ".journal" and call.name == "fdatasync"][-1]
        assert desk.launch(fault=Fault("EIO", last.number))
        code = desk.end_guard()
        if any(call.fate != "-" for call in desk.calls()):
            break
        assert code == 0
    assert code == 1
    assert desk.alerts() == ["journal_failed"]
    assert_needs_a_person(desk)
    desk.start_guard(*RESUME)
    assert_settled(desk)


def assert_needs_a_person(desk: FaultDesk) -> None:
    """A start without a person's name is refused, and changes nothing."""
    before = kept(desk)
    assert not desk.launch() and desk.end_guard() == 1
    assert "journal_poisoned" in desk.said() and "Traceback" not in desk.said()
    assert kept(desk) == before


def assert_ended(desk: FaultDesk, how: str, code: int, log: list[Call], before: Kept) -> None:
    """How a run ended is how it must end after what broke in it, and what is on the disk is what was promised."""
    said = desk.said()
    assert "Traceback" not in said, said
    broken = [call for call in log if call.fate != "-"]
    if not broken or how == "short":
        assert code == 0, said
    elif how in KILLS:
        assert code == -9, said
    else:
        assert how in ERRORS
        assert_loud(desk, broken[0], code, log)
    assert_kept(desk, before)
    assert_truth(desk)


def assert_loud(desk: FaultDesk, first: Call, code: int, log: list[Call]) -> None:
    """After an error of the disk nothing is appended or sent, and people are told; one beside the journal may pass."""
    after = [call for call in log if call.number > first.number]
    appended = [call for call in after if call.path.suffix == ".journal" and call.name == "pwrite"]
    sent = [call for call in after if call.name == "send"]
    said = desk.said()
    if first.path.suffix == ".journal" or first.path.name.endswith(".journal.tmp"):
        assert (code, appended, sent) == (1, [], []), said
        assert "journal_poisoned" in said
        assert "journal_failed" in desk.alerts() or "the write test at the start" in said, said
        # A disk that is full for good takes not even the mark: the next start is then one after a crash.
        assert desk.poisoned() or "could not be written" in said
    elif code != 0:
        assert code == 1, said
        assert {"journal_failed", "guard_failed"} & {*desk.alerts()} or "the disk refused" in said, said
