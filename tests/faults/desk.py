"""A guard process that may be broken on purpose, its venue behind a tap, and what must hold whatever broke."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
from tests.faults.shim import Call, Fault, calls, environment
from tests.faults.tap import Tap
from tests.guard.processes import Processes, intent, wait_for

from remit.guard.wire import GuardError
from remit.journal.log import POISON_MARKER, read_entries
from remit.journal.store import FolderReader
from remit.kernel import command as c
from remit.kernel.codec import decode, plain
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.numbers import Price, parse

ROOT = Path(__file__).resolve().parents[2]


class FaultDesk(Processes):
    """The processes of one data folder, the tap between them, and everything that was acknowledged to anybody.

    What the guard says goes to a file beside the folder, so that a full pipe never holds it up.
    """

    def __init__(self, home: Path, module: str = "remit.guard", venue_socket: Path | None = None) -> None:
        super().__init__(home)
        self.module = module
        self.venue_socket = venue_socket or home / "venue.sock"
        self.tap = Tap(home / "paper.sock", self.venue_socket, home / "journal")
        self.shim_log = home.with_name("shim.log")
        self.said_in = home.with_name("guard.log")
        self.acknowledged: dict[int, tuple[str, str]] = {}
        self.rounds = 0
        self.start_s = 0.0
        """How long the last start took, for tests that mean a moment of the next one."""

    # Processes

    def launch(self, *more: str, fault: Fault | None = None, counted: bool = False) -> bool:
        """Start the guard, and return whether it became ready; False where it ended before."""
        environ = dict(os.environ) | self.environ
        if counted or fault is not None:
            environ |= environment(self.home, self.shim_log, fault)
        began = time.monotonic()
        running = self._begin(environ, *more)
        wait_for(lambda: running.poll() is not None or "ready on" in self.said(), "the guard is ready, or has ended")
        if running.poll() is not None or "ready on" not in self.said():
            return False
        self.start_s = time.monotonic() - began
        self.secrets["operator"] = (self.home / "operator.token").read_text().strip()
        return True

    def launch_for(self, seconds: float) -> bool:
        """Start the guard and let it live for so long; return whether it became ready in that time."""
        self._begin(dict(os.environ))
        time.sleep(seconds)
        return "ready on" in self.said()

    def start_guard(self, *more: str) -> None:
        assert self.launch(*more), self.said()

    def _begin(self, environ: dict[str, str], *more: str) -> subprocess.Popen[str]:
        with self.said_in.open("w") as out:
            self.guard = subprocess.Popen(
                [sys.executable, "-m", self.module, "--home", str(self.home), *more],
                stdout=out, stderr=subprocess.STDOUT, env=environ, cwd=ROOT, text=True,
            )  # fmt: skip
        return self.guard

    def said(self) -> str:
        return self.said_in.read_text() if self.said_in.exists() else ""

    def alerts(self) -> list[str]:
        """The codes of the alerts that the guard told people since its last start."""
        lines = [line for line in self.said().splitlines() if line.startswith('{"alert"')]
        return [json.loads(line)["alert"]["code"] for line in lines]

    def end_guard(self) -> int:
        """Stop the guard where it still runs, and return its exit code: below zero the signal that killed it.

        One that is about to end by itself is left to it.
        """
        assert self.guard is not None
        if self.guard.poll() is None and not {"journal_failed", "guard_failed"} & {*self.alerts()}:
            self.guard.send_signal(signal.SIGTERM)
        return self.guard.wait(15)

    def stop_venue(self) -> None:
        assert self.venue is not None
        self.venue.terminate()
        self.venue.wait(10)

    def stop(self) -> None:
        if self.guard is not None and self.guard.poll() is None:
            self.guard.send_signal(signal.SIGCONT)
        super().stop()
        self.tap.close()

    def calls(self) -> list[Call]:
        return calls(self.shim_log)

    # What people, agents and a feed do

    def order(self, name: str, quantity: str = "1", side: str = "buy", **more: Any) -> dict[str, Any]:
        """Propose one order of the agent over a link of its own, and note the answer."""
        with self.client("momentum") as client:
            asked = intent(name, quantity, side, **more)
            return self.ask(client, msgspec.structs.replace(asked, created_at=self.now()))

    def ask(self, client: Any, asked: Any, text: str = "") -> dict[str, Any]:
        body = c.Submit(intent=asked)
        answer: dict[str, Any] = client.ask("command", {"command": plain(body), "text": text} if text else body)
        decision = answer.get("decision")
        if decision is not None:
            self.acknowledged[answer["command"]["seq"]] = (decision["verdict"], decision["order"])
        return answer

    def busy(self, orders: int = 8, callers: int = 2) -> None:
        """A normal busy run: callers at once, each with orders to and fro and a text beside each, one that works and is
        cancelled, and a new token. Whoever is refused because the guard has failed goes home."""
        self.rounds += 1
        threads = [
            threading.Thread(target=self._trade, args=(f"{self.rounds}-{number}-{time.time_ns()}", orders))
            for number in range(callers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    def _trade(self, name: str, orders: int) -> None:
        try:
            with self.client("momentum") as client:
                for number in range(orders):
                    text = "" if number % 4 else f"order {number} of {name}"
                    self.ask(client, intent(f"{name}-{number}", "1", "buy" if number % 2 else "sell"), text)
                low = intent(f"{name}-low", "1", type="limit", limit_price=parse(Price, "50"))
                client.ask("command", c.Cancel(order=self.ask(client, low)["decision"]["order"]))
            self.say({"kind": "new_token", "role": "agent", "name": "momentum", "owner": "ann"})
        except GuardError:
            return

    # The truth, from outside the guard

    def records(self) -> list[Record]:
        return [decode(Record, entry) for _, entry in read_entries(FolderReader(self.home / "journal"), 0)]

    def folded(self, upto: int | None = None) -> Kernel:
        kernel = Kernel()
        for record in self.records()[:upto]:
            kernel.fold(record)
        return kernel

    def at_venue(self, kind: str = "order") -> dict[str, Any]:
        """The rows of a kind in the file of a venue that has stopped: orders by their id, positions by instrument."""
        assert self.venue is not None and self.venue.poll() is not None, "a running venue keeps its file to itself"
        with sqlite3.connect(f"file:{self.home / 'paper.db'}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT * FROM record WHERE kind = ?", (kind,)).fetchall()
        return {str(row[1]).split(" ", 1)[1]: row[2] for row in rows}

    def poisoned(self) -> bool:
        return (self.home / "journal" / POISON_MARKER).exists()


def set_up_desk(home: Path, module: str = "remit.guard") -> FaultDesk:
    """A guard and its venue with one agent that may trade anything, at a price of 100, running."""
    desk = FaultDesk(home, module)
    try:
        set_up(desk)
    except BaseException:
        desk.stop()
        raise
    return desk


def set_up(desk: FaultDesk, limits: Mandate = EMPTY) -> None:
    """Start guard and venue, with an agent that may trade within `limits`, at a price of 100."""
    desk.start_guard()
    desk.start_venue()
    desk.set_up(limits)
    desk.until_ready()
    desk.mark("100")
