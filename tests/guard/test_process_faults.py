"""Real processes when things break: the disk, the venue, the clock's owner; and what the next start makes of it."""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.guard.processes import Processes, trading, wait_for
from tests.guard.test_process import records, venue_orders

from remit.guard.wire import Client, GuardError
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import Money, Price, Quantity, parse
from remit.venues.paper import messages


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Processes]:
    """A guard and a paper venue with an agent that may trade."""
    yield from trading(tmp_path / "home")


def guard(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a guard that is not expected to start."""
    command = [sys.executable, "-m", "remit.guard", "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def test_a_disk_that_refuses_ends_the_guard_and_a_person_resumes_it(desk: Processes) -> None:
    """The journal's file cannot grow any more: nothing is acknowledged from then on, no start goes on by itself, and
    the resume stands in the journal."""
    assert desk.guard is not None
    segment = max((desk.home / "journal").glob("*.journal"))
    resource.prlimit(desk.guard.pid, resource.RLIMIT_FSIZE, (segment.stat().st_size + 4000, -1))
    acknowledged = []
    with pytest.raises(GuardError) as told:
        while True:
            acknowledged.append(desk.submit("1")["decision"]["order"])
    assert told.value.code in ("guard_stopped", "guard_gone", "guard_not_running")
    assert acknowledged
    assert desk.guard.wait(10) == 1
    said = desk.guard.stdout.read() if desk.guard.stdout is not None else ""
    assert "journal_poisoned" in said and "Traceback" not in said

    again = guard(desk.home)
    assert again.returncode == 1 and "journal_poisoned" in again.stderr and "Traceback" not in again.stderr
    blank = guard(desk.home, "--resume", " ", "because")
    assert blank.returncode == 1 and "setting_invalid" in blank.stderr and "Traceback" not in blank.stderr

    before = len(records(desk.home))
    desk.start_guard("--resume", "ann", "made room")
    first = records(desk.home)[before].command.body
    assert isinstance(first, c.KernelStarted)
    assert (first.clean, first.resumed_by, first.resumed_why) == (False, "ann", "made room")
    desk.until_ready()
    desk.mark("100")
    assert desk.submit("1")["decision"]["verdict"] == "allow"
    decided = {record.decision.order for record in records(desk.home) if record.decision is not None}
    assert set(acknowledged) <= decided
    placed = [request.order for record in records(desk.home) for request in record.requests if request.do == "place"]
    assert len(placed) == len(set(placed))
    assert venue_orders(desk) <= set(placed)


def test_a_second_guard_on_the_same_folder_is_refused_by_name(desk: Processes) -> None:
    second = guard(desk.home)
    assert second.returncode == 1
    assert "store_locked" in second.stderr and "Traceback" not in second.stderr
    assert desk.submit("1")["decision"]["verdict"] == "allow"


def test_sigterm_in_a_busy_run_loses_nothing_that_was_acknowledged(desk: Processes) -> None:
    acknowledged: list[str] = []

    def ask(name: str) -> None:
        try:
            for number in range(10_000):
                acknowledged.append(desk.submit("1", id=f"{name}-{number}")["decision"]["order"])
        except GuardError:
            return

    callers = [threading.Thread(target=ask, args=(f"caller{number}",)) for number in range(4)]
    for caller in callers:
        caller.start()
    time.sleep(0.4)
    assert desk.guard is not None
    desk.guard.send_signal(signal.SIGTERM)
    desk.guard.send_signal(signal.SIGTERM)
    assert desk.guard.wait(10) == 0
    for caller in callers:
        caller.join(10)
    kept = records(desk.home)
    assert isinstance(kept[-1].command.body, c.KernelStopped)
    assert set(acknowledged) <= {record.decision.order for record in kept if record.decision is not None}
    desk.start_guard()
    desk.until_ready()
    placed = [request.order for record in records(desk.home) for request in record.requests if request.do == "place"]
    assert len(placed) == len(set(placed))


def test_what_an_agent_may_not_do_leaves_no_trace_but_its_refusal(desk: Processes) -> None:
    """Neither days and calendars for a mandate that is refused, nor a hash of a token that is."""
    before, hashes = len(records(desk.home)), (desk.home / "tokens" / "tokens.json").read_bytes()
    mandate = Mandate(zone="Asia/Tokyo", hours_active=("Asia/Tokyo@daily@09:00-15:00",))
    desk.say(c.SetMandate(subject="agent:momentum", mandate=mandate, why="x"), "momentum")
    desk.say({"kind": "new_token", "role": "operator", "name": "x", "owner": "x"}, "momentum")
    kinds = [type(record.command.body).__name__ for record in records(desk.home)[before:]]
    assert [kind for kind in kinds if kind != "Marked"] == ["SetMandate", "IssueToken"]
    assert (desk.home / "tokens" / "tokens.json").read_bytes() == hashes


def test_what_cannot_be_taken_is_refused_by_name_before_it_enters(desk: Processes) -> None:
    kraken = access.Connection(name="x", account="main", venue="kraken", environment="training")
    bodies: dict[str, Any] = {
        "a token that expired before 1970": {
            "kind": "new_token", "role": "agent", "name": "momentum", "owner": "ann", "expires_at": -5,
        },
        "a venue that this version cannot speak with": c.AddConnection(connection=kraken),
        "more than an entry takes": {"kind": "halt", "subject": "firm", "why": "x" * 40_000},
        "an order without an intent": {"kind": "submit", "intent": {}},
        "a kind that does not exist": {"kind": "nothing"},
        "no table": [],
    }  # fmt: skip

    def entered() -> int:
        return len([record for record in records(desk.home) if not isinstance(record.command.body, c.Marked)])

    before = entered()
    for what, body in bodies.items():
        with pytest.raises(GuardError) as refused:
            desk.say(body)
        assert (refused.value.code, entered()) == ("request_malformed", before), what


def test_a_request_nested_too_deep_and_a_frame_too_large_are_refused_by_name(desk: Processes) -> None:
    deep = b'{"id":1,"token":"x","do":"read","body":' + b"[" * 500_000
    frames = {
        b"request_malformed": len(deep).to_bytes(4, "big") + deep,
        b"frame_too_large": (1 << 30).to_bytes(4, "big"),
    }
    for code, frame in frames.items():
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(desk.home / "guard.sock"))
            link.sendall(frame)
            assert code in link.recv(65536)
    assert desk.submit("1")["decision"]["verdict"] == "allow"


def test_a_stream_ends_with_its_token(desk: Processes) -> None:
    desk.submit("1")
    stream = Client(desk.home / "guard.sock", desk.secrets["momentum"], door="test").follow({"from": 1})
    assert next(stream)["command"]["by"]["name"] == "momentum"
    (token,) = [row["token"] for row in desk.read("tokens") if row["name"] == "momentum"]
    desk.say(c.RevokeToken(token=token, why="gone"))
    with pytest.raises(GuardError, match="not_authenticated"):
        list(stream)


class OddVenue:
    """A venue at the guard's usual place that holds nothing, and says unasked whatever a test lets it say."""

    def __init__(self, path: Path) -> None:
        self.subscribed: list[int] = []
        self._streams: list[socket.socket] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def say(self, payload: bytes) -> None:
        self._streams[-1].sendall(len(payload).to_bytes(4, "big") + payload)

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with link, link.makefile("rb") as frames:
            while head := frames.read(4):
                said = messages.read_frame(frames.read(int.from_bytes(head, "big")))
                if isinstance(said, messages.Subscribe):
                    self._streams.append(link)
                    self.subscribed.append(said.after)
                    continue
                held = messages.Holdings(
                    connection="paper1", positions=(), cash=(("USD", parse(Money, "100000")),), orders=()
                )
                payload = encode(held)
                link.sendall(len(payload).to_bytes(4, "big") + payload)


def test_a_venue_that_says_garbage_is_told_and_listened_to_again(tmp_path: Path) -> None:
    """Its link counts as down until its account was compared again; the guard goes on."""
    desk = Processes(tmp_path / "home")
    old = messages.Message(number=7, at=5, connection="paper1", report=_fill("abcd-99"))
    try:
        desk.start_guard()
        venue = OddVenue(desk.home / "paper.sock")
        desk.set_up()
        desk.until_ready()
        venue.say(encode(old))
        venue.say(b"\xff\x00garbage")
        wait_for(lambda: len(venue.subscribed) == 2, "the venue is listened to again")
        desk.until_ready()
        assert venue.subscribed == [0, 7], "from the last message that made sense"
        states = [r.command.body for r in records(desk.home) if isinstance(r.command.body, c.SetVenueState)]
        assert [state.link_up for state in states] == [True, True, False, True], (
            "the stream opens, messages are missing before the first, then the garbage, and it opens again"
        )
        assert desk.read("halts") == [], "a fill of long ago, whose order is forgotten, halts nothing"
    finally:
        desk.stop()
        venue.close()
    assert desk.guard is not None and desk.guard.returncode == 0 and desk.guard.stdout is not None
    alerts = [json.loads(line)["alert"]["code"] for line in desk.guard.stdout if line.startswith('{"alert"')]
    assert "venue_unreadable" in alerts


def _fill(order: str) -> c.Filled:
    return c.Filled(order=order, fill="f1", quantity=parse(Quantity, "1"), price=parse(Price, "1"))
