"""Two guards on one data folder, through a link to it, after a kill, and on a copy of it; and one that stood still."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.desk import FaultDesk, set_up_desk
from tests.faults.truth import assert_settled, assert_truth
from tests.guard.processes import wait_for

from remit.kernel import command as c
from remit.kernel.numbers import Price, parse

LOW = parse(Price, "50")
STOOD_S = 3.5
"""Longer than the 3 s after which a guard that stood still trusts nothing from before."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FaultDesk]:
    (tmp_path / "one").mkdir()
    desk = set_up_desk(tmp_path / "one" / "home")
    yield desk
    desk.stop()


def second_guard(home: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "remit.guard", "--home", str(home)]
    return subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)


def test_a_second_guard_is_refused_by_name_and_the_first_goes_on(desk: FaultDesk, tmp_path: Path) -> None:
    """Over the folder's own name and over a link. After kill -9 of the first the lock is free, and a link is still
    no private folder."""
    link = tmp_path / "link"
    link.symlink_to(desk.home)
    for home in (desk.home, link):
        refused = second_guard(home)
        assert refused.returncode == 1 and "store_locked" in refused.stderr and "Traceback" not in refused.stderr
        trades(desk)
    desk.kill_guard()
    refused = second_guard(link)
    assert refused.returncode == 1 and "open_to_others" in refused.stderr and "Traceback" not in refused.stderr
    desk.start_guard()
    desk.until_ready()
    assert "store_locked" in second_guard(desk.home).stderr
    desk.mark("100")
    trades(desk)
    assert_settled(desk)


@pytest.fixture
def copied(desk: FaultDesk, tmp_path: Path) -> Iterator[FaultDesk]:
    """A guard on a copy of the folder, with the same keys, tokens and next order ids, at the same venue; both run."""
    assert desk.end_guard() == 0
    home = tmp_path / "two" / "home"
    home.parent.mkdir()
    shutil.copytree(desk.home, home, ignore=shutil.ignore_patterns("*.sock", "paper.db*"))
    copy = FaultDesk(home, venue_socket=desk.venue_socket)
    copy.secrets |= desk.secrets
    try:
        desk.start_guard()
        desk.until_ready()
        copy.start_guard()
        copy.until_ready()
        for each in (desk, copy):
            each.mark("100")
        yield copy
    finally:
        copy.stop()


def test_a_guard_on_a_copy_stops_itself_and_not_the_first(desk: FaultDesk, copied: FaultDesk) -> None:
    """Both give their next order the same id. The venue refuses the second; the guard that asked is told whose order it
    is not, and halts that connection instead of taking another's for its own. A fill that is not its own halts the
    firm."""
    while (ahead := _seq(desk) - _seq(copied)) != 0:
        behind = copied if ahead > 0 else desk
        behind.say(c.SetCapability(agent="momentum", capability="replace_order", enabled=True))
    first = desk.order("first", "10", type="limit", limit_price=LOW)["decision"]
    wait_for(lambda: _works(desk, first["order"]), "the first has reached the venue")
    second = copied.order("second", "7", type="limit", limit_price=LOW)["decision"]
    assert (second["verdict"], second["order"]) == ("allow", first["order"])
    wait_for(lambda: bool(copied.read("halts")), "the copy learns that the order is another's")
    assert _halts(copied) == {("connection:paper1", "external_order")}

    assert desk.order("real", "10")["decision"]["verdict"] == "allow"
    wait_for(lambda: ("firm", "unexpected_fill") in _halts(copied), "the copy hears of a fill that is not its own")
    refused = copied.order("third", "1")["decision"]
    assert [finding["rule"] for finding in refused["findings"]] == ["agent_active"]
    assert copied.end_guard() == 0
    assert copied.tap.placed() == [first["order"]], "its order arrived, and nothing else ever left it"
    assert_settled(desk)


@pytest.mark.parametrize("who", ["guard", "venue"])
def test_a_process_that_stood_still_goes_on_and_loses_nothing(desk: FaultDesk, who: str) -> None:
    """SIGSTOP for some seconds while orders wait. A guard that stood still compares every account before it opens
    again; a venue that did is waited for."""
    stopped = desk.guard if who == "guard" else desk.venue
    assert stopped is not None
    desk.busy()
    os.kill(stopped.pid, signal.SIGSTOP)
    asking = threading.Thread(target=desk.busy)
    asking.start()
    time.sleep(STOOD_S)
    os.kill(stopped.pid, signal.SIGCONT)
    asking.join(30)
    assert not asking.is_alive()
    desk.until_ready()
    desk.mark("100")
    trades(desk)
    woke = [record for record in assert_truth(desk) if isinstance(record.command.body, c.Woke)]
    assert len(woke) == (1 if who == "guard" else 0)
    assert_settled(desk)


def trades(desk: FaultDesk) -> None:
    """An order passes; an earlier one on the other side may have to fill first."""
    numbers = itertools.count(time.time_ns())
    wait_for(lambda: desk.order(f"t{next(numbers)}")["decision"]["verdict"] == "allow", "an order passes")


def _works(desk: FaultDesk, order: str) -> bool:
    return (order, "acked") in {(row["order"], row["state"]) for row in desk.read("orders")}


def _seq(desk: FaultDesk) -> int:
    return int(desk.read("state_hash")["seq"])


def _halts(desk: FaultDesk) -> set[tuple[str, str]]:
    return {(row["subject"], row["rule"]) for row in desk.read("halts")}
