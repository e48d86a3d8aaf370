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
from tests.guard.processes import tell_venue, wait_for

from remit.kernel import command as c
from remit.kernel.numbers import Price, parse

LOW = parse(Price, "50")
STOOD_S = {"guard": 3.5, "venue": 1.0}
"""For the guard longer than the 3 s after which one that stood still trusts nothing from before."""


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


def test_two_guards_on_two_copies_stop_each_other(desk: FaultDesk, copied: FaultDesk) -> None:
    """Both are the real one by their keys, and the venue takes orders of both; no id of one is ever an id of the other.
    Each hears of a fill that is not its own, and halts the firm; its next round finds what it never bought."""
    orders = [_order(desk, "first", "10"), _order(copied, "second", "7")]
    assert len(set(orders)) == 2
    tell_venue(desk.venue_socket, desk.home / "feed.key", desk.quote("49"))
    for each in (desk, copied):
        _halted(each, "firm", "unexpected_fill")
        each.say(c.Ask(connection="paper1"))
        _halted(each, "connection:paper1", "reconcile")
        refused = each.order("more", "1")["decision"]
        assert [finding["rule"] for finding in refused["findings"]][0] == "agent_active"
    for each in (desk, copied):
        assert each.end_guard() == 0
        assert_truth(each, decide=True)
    assert [*desk.tap.placed(), *copied.tap.placed()] == orders, "nothing else ever left them"
    desk.stop_venue()
    assert set(desk.at_venue("order")) == set(orders)


def test_what_was_sent_once_is_refused_a_second_time(desk: FaultDesk) -> None:
    """Whoever has the bytes of a request, as a copied guard would, gets nothing by sending them again."""
    order = _order(desk, "once", "10")
    assert desk.tap.again(order) == "permit_used"


@pytest.mark.parametrize("who", STOOD_S)
def test_a_process_that_stood_still_goes_on_and_loses_nothing(desk: FaultDesk, who: str) -> None:
    """SIGSTOP for some seconds while orders wait. A guard that stood still compares every account before it opens
    again; a venue that did is waited for."""
    stopped = desk.guard if who == "guard" else desk.venue
    assert stopped is not None
    desk.busy()
    os.kill(stopped.pid, signal.SIGSTOP)
    asking = threading.Thread(target=desk.busy)
    asking.start()
    time.sleep(STOOD_S[who])
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


def _order(desk: FaultDesk, name: str, size: str) -> str:
    """Let a limit order far from the market reach the venue, and return its id."""
    decision = desk.order(name, size, type="limit", limit_price=LOW)["decision"]
    assert decision["verdict"] == "allow", decision
    wait_for(lambda: _works(desk, decision["order"]), "the order has reached the venue")
    return str(decision["order"])


def _halted(desk: FaultDesk, subject: str, rule: str) -> None:
    """Wait until a subject is halted by a rule."""
    wait_for(
        lambda: (subject, rule) in {(row["subject"], row["rule"]) for row in desk.read("halts")},
        f"{subject} is halted by {rule}",
    )
