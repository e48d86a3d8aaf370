"""Real processes that are stopped, killed and frozen: the halt file, the dead man at the venue, and what a guard that
stood still makes of it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.guard.processes import Processes, trading, wait_for
from tests.guard.test_process import records

from remit.guard.frame import Frames, pack
from remit.guard.wire import GuardError
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.numbers import Price, parse
from remit.venues.paper import messages

NO_TOKEN = {"REMIT_TOKEN": "", "REMIT_HOME": ""}
FAR = {"type": "limit", "limit_price": parse(Price, "90")}
"""A purchase that rests at the venue: the price is 100."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Processes]:
    """A guard and a paper venue with an agent that may trade."""
    yield from trading(tmp_path / "home")


def resting(desk: Processes) -> str:
    """An order that works at the venue; its id."""
    order = str(desk.submit("1", **FAR)["decision"]["order"])
    wait_for(lambda: state_of(desk, order) == "acked", "the order works")
    return order


def state_of(desk: Processes, order: str) -> str:
    return str(desk.read("order", order=order)["state"])


def cancelled(desk: Processes, order: str) -> bool:
    """Whether the venue told the guard that it cancelled an order, as the journal has it."""
    return any(record.command.body == c.Cancelled(order=order) for record in records(desk.home))


def gone(desk: Processes, order: str) -> bool:
    """Whether the venue tells whoever listens that it cancelled an order without being asked about it by itself."""
    frames, found = Frames(), False
    with socket.socket(socket.AF_UNIX) as link, contextlib.suppress(TimeoutError):
        link.settimeout(0.2)
        link.connect(str(desk.home / "paper.sock"))
        link.sendall(pack(encode(messages.Subscribe(connection="paper1", after=0))))
        while data := link.recv(65536):
            for message in frames.feed(data):
                found = found or decode(messages.Message, message).report == c.Cancelled(order=order)
    return found


def halts(desk: Processes) -> list[dict[str, Any]]:
    return list(desk.read("halts"))


def tolerance(desk: Processes, seconds: int) -> None:
    body = c.SetTolerance(connection="paper1", tolerance=access.Tolerance(dead_man_s=seconds), why="test")
    assert desk.say(body)["events"][0]["event"] == "took"


def test_the_halt_file_halts_a_running_guard_and_a_resume_waits_for_it(desk: Processes) -> None:
    order = resting(desk)
    began = time.monotonic()
    (desk.home / "HALT").write_text("prices look wrong\n")
    wait_for(lambda: bool(halts(desk)), "the guard halts", 2)
    assert time.monotonic() - began < 2
    (halt,) = halts(desk)
    assert (halt["subject"], halt["cause"], halt["rule"], halt["why"]) == (
        "firm", "kill", "halt_file", "prices look wrong",
    )  # fmt: skip
    wait_for(lambda: cancelled(desk, order), "the venue cancelled what worked")
    assert desk.submit("1")["decision"]["verdict"] == "deny"

    desk.say(c.Review(halt=halt["id"], limit="halt_file", why="looked"))
    with pytest.raises(GuardError) as told:
        desk.say(c.Resume(halt=halt["id"], why="fine"))
    assert told.value.code == "halt_file" and "Remove the file HALT" in str(told.value)
    assert desk.say(c.Resume(halt=halt["id"], why="me"), "momentum")["events"][0]["code"] == "not_authorised"
    (desk.home / "HALT").unlink()
    assert desk.read("halts")[0]["to_end"] == [f"remit resume {halt['id']} --why ..."], "it is removed already"
    desk.say(c.Resume(halt=halt["id"], why="fine"))
    assert not halts(desk)
    assert desk.submit("1")["decision"]["verdict"] == "allow"


def test_the_halt_file_needs_no_socket_and_no_token(desk: Processes) -> None:
    """Nobody can reach the guard any more, and it stops all the same."""
    order = resting(desk)
    (desk.home / "operator.token").unlink()
    (desk.home / "guard.sock").unlink()
    (desk.home / "HALT").symlink_to(desk.home / "nowhere")
    wait_for(lambda: cancelled(desk, order), "the venue cancelled what worked")
    (halt,) = [record.command.body for record in records(desk.home) if isinstance(record.command.body, c.Halt)]
    assert (halt.subject, halt.kill, halt.why) == ("firm", True, "HALT is there, and is no plain file")


def test_a_guard_that_starts_beside_the_halt_file_lets_nothing_out(desk: Processes) -> None:
    order = resting(desk)
    desk.kill_guard()
    (desk.home / "HALT").mkdir()
    desk.start_guard()
    assert desk.submit("1")["decision"]["verdict"] == "deny"
    (halt,) = halts(desk)
    assert (halt["rule"], halt["to_end"][0]) == ("halt_file", "remove the file HALT from the data folder")
    wait_for(lambda: cancelled(desk, order), "the venue cancelled what worked")


def test_a_killed_guard_leaves_no_order_unattended(desk: Processes) -> None:
    tolerance(desk, 1)
    order = resting(desk)
    time.sleep(2)
    assert not gone(desk, order), "while the guard lives it renews"
    desk.kill_guard()
    wait_for(lambda: gone(desk, order), "the venue acts by itself", 6)
    desk.start_guard()
    desk.until_ready()
    assert state_of(desk, order) == "cancelled", "the next guard hears of it"
    assert not halts(desk)


def test_a_guard_that_stops_arms_its_venue_first(desk: Processes) -> None:
    order = resting(desk)
    tolerance(desk, 2)
    assert desk.guard is not None
    desk.guard.send_signal(signal.SIGTERM)
    assert desk.guard.wait(10) == 0
    last = records(desk.home)[-4:]
    assert isinstance(last[-1].command.body, c.KernelStopped)
    assert any(isinstance(record.command.body, c.Arm) for record in last)
    assert not gone(desk, order)
    wait_for(lambda: gone(desk, order), "the venue acts by itself", 6)


def test_a_kill_while_the_venue_is_down_goes_on_when_it_is_back(desk: Processes) -> None:
    """The command line needs nothing but the guard: no other process runs here."""
    order = resting(desk)
    assert desk.venue is not None
    desk.venue.kill()
    desk.venue.wait(10)
    wait_for(lambda: not desk.read("connections")[0]["ready"], "the guard notices")
    command = [sys.executable, "-m", "remit", "--home", str(desk.home), "kill", "--wait", "1s", "--json"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, env=os.environ | NO_TOKEN)
    assert told.returncode == 0 and '"halt_raised"' in told.stdout, told.stderr
    wait_for(lambda: desk.read("kills")[0]["cancel_all"].startswith("failed"), "the venue cannot be told")
    assert desk.read("kills")[0]["working"] == 1
    desk.start_venue()
    wait_for(lambda: desk.read("kills")[0]["cancel_all"] == "done", "the venue was told")
    wait_for(lambda: desk.read("kills")[0]["over"] == 1, "the order is over")
    assert cancelled(desk, order)


def test_a_guard_that_was_frozen_trusts_nothing_until_it_asked(desk: Processes) -> None:
    desk.submit("10", exit=ExitTerms(legs=(Leg(kind="stop_loss", trigger=parse(Price, "90")),)))
    wait_for(lambda: [row["state"] for row in desk.read("exits")] == ["armed"], "the stop is armed")
    assert desk.guard is not None
    os.kill(desk.guard.pid, signal.SIGSTOP)
    time.sleep(3.6)
    os.kill(desk.guard.pid, signal.SIGCONT)
    wait_for(lambda: any(isinstance(r.command.body, c.Woke) for r in records(desk.home)), "it notices")
    desk.until_ready()
    (row,) = desk.read("status")["unprotected"]
    assert row["why"].startswith("asleep: ")
    desk.mark("100")
    wait_for(lambda: desk.read("status")["unprotected"] == [], "a mark made since")
    assert not halts(desk), "to be frozen is no clock fault"


def test_a_start_says_for_how_long_nobody_watched(desk: Processes) -> None:
    desk.submit("10", exit=ExitTerms(legs=(Leg(kind="stop_loss", trigger=parse(Price, "90")),)))
    wait_for(lambda: [row["state"] for row in desk.read("exits")] == ["armed"], "the stop is armed")
    desk.kill_guard()
    command = [sys.executable, "-m", "remit.guard", "--home", str(desk.home)]
    desk.guard = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert desk.guard.stdout is not None
    said = []
    for line in desk.guard.stdout:
        said.append(line)
        if "ready on" in line:
            break
    assert any("exits_unwatched" in line and "nobody watched the exits of momentum AAPL" in line for line in said)
