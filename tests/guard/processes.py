"""A guard and a paper venue as real processes, with one account set up over the wire, for tests that need the whole
way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from remit.guard.wire import Client
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.command import Body
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.numbers import Price, Quantity, parse
from remit.kernel.order import OrderIntent

AAPL = Instrument(
    name="AAPL",
    kind="equity",
    venue="paper",
    currency="USD",
    category="us_equity",
    tick=parse(Price, "0.01"),
    lot=parse(Quantity, "1"),
)


class Processes:
    """The processes of one data folder, and what a person, an agent and a feed say to them.

    The venue listens on `venue_socket`; the guard looks for it at `paper.sock`. `environ` is added to the environment
    of each process that is started.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.venue_socket = home / "paper.sock"
        self.environ: dict[str, str] = {}
        home.mkdir(mode=0o700, exist_ok=True)
        self.guard: subprocess.Popen[str] | None = None
        self.venue: subprocess.Popen[str] | None = None
        self.secrets: dict[str, str] = {}
        self.sent = 0

    def start_guard(self, *more: str) -> None:
        self.guard = _start(
            [sys.executable, "-m", "remit.guard", "--home", str(self.home), *more], "ready on", self.environ
        )
        self.secrets["operator"] = (self.home / "operator.token").read_text().strip()

    def start_venue(self, *more: str) -> None:
        (self.home / "instruments.jsonl").write_bytes(encode(AAPL))
        feed_key = self.home / "feed.key"
        feed_key.write_text("a key for tests only, 0123456789")
        feed_key.chmod(0o600)
        self.venue = _start(
            [
                sys.executable,
                "-m",
                "remit.venues.paper",
                "--socket",
                str(self.venue_socket),
                "--state",
                str(self.home / "paper.db"),
                "--permit-key",
                str(self.home / "permit.pub"),
                "--instruments",
                str(self.home / "instruments.jsonl"),
                "--feed-key",
                str(feed_key),
                "--cash",
                "paper1,USD,100000",
                *more,
            ],
            "listening on",
            self.environ,
        )

    def stop(self) -> None:
        for process in (self.guard, self.venue):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(10)

    def kill_guard(self) -> None:
        assert self.guard is not None
        self.guard.kill()
        self.guard.wait(10)

    def now(self) -> int:
        """The wall clock as the processes see it."""
        return time.time_ns()

    def client(self, who: str = "operator") -> Client:
        return Client(self.home / "guard.sock", self.secrets[who], door="test")

    def say(self, body: Any, who: str = "operator") -> dict[str, Any]:
        with self.client(who) as client:
            return client.ask("command", body)

    def read(self, view: str, who: str = "operator", **arguments: Any) -> Any:
        with self.client(who) as client:
            return client.ask("read", {"view": view, **arguments})

    def set_up(self, limits: Mandate = EMPTY) -> None:
        for body in (
            c.SetFirm(currency="USD"),
            c.AddAccount(account=access.Account(name="main", owner="ann", environment="training", currency="USD")),
            c.AddInstrument(instrument=AAPL),
            c.AddAgent(agent=access.Agent(name="momentum", account="main", owner="ann")),
            c.AddConnection(
                connection=access.Connection(name="paper1", account="main", venue="paper", environment="training")
            ),
            c.SetGrant(agent="momentum", connection="paper1", granted=True),
            c.SetCapability(agent="momentum", capability="place_order", enabled=True),
            c.SetMandate(subject="firm", mandate=EMPTY, why="test"),
            c.SetMandate(subject="account:main", mandate=EMPTY, why="test"),
            c.SetMandate(subject="agent:momentum", mandate=limits, why="test"),
        ):
            assert self.say(body)["events"][0]["event"] == "took", body
        for role, name in (("agent", "momentum"), ("feed", "bars")):
            answer = self.say({"kind": "new_token", "role": role, "name": name, "owner": "ann"})
            self.secrets[name] = answer["secret"]

    def until_ready(self) -> None:
        wait_for(lambda: all(row["ready"] for row in self.read("connections")), "the connection is reconciled")

    def quote(self, price: str, close: str | None = "100") -> Mark:
        """A mark of now, one cent to each side of a price."""
        last = parse(Price, price)
        return Mark(
            instrument="AAPL",
            at=self.now(),
            bid=Price(last - 10**16),
            ask=Price(last + 10**16),
            last=last,
            close=None if close is None else parse(Price, close),
            source="test",
        )

    def mark(self, price: str, close: str | None = "100") -> None:
        """Tell guard and venue a price."""
        mark = self.quote(price, close)
        self.say(c.Marked(marks=(mark,)), "bars")
        if self.venue is not None:
            tell_venue(self.venue_socket, self.home / "feed.key", mark)

    def submit(self, quantity: str, side: str = "buy", who: str = "momentum", **more: Any) -> dict[str, Any]:
        self.sent += 1
        name = more.pop("id", f"{time.time_ns()}-{self.sent}")
        return self.say(c.Submit(intent=intent(name, quantity, side, **more)), who)


def trading(home: Path, limits: Mandate = EMPTY) -> Iterator[Processes]:
    """Yield a guard and a paper venue with an agent that may trade within `limits`, at a price of 100; stop them
    afterwards."""
    processes = Processes(home)
    try:
        processes.start_guard()
        processes.start_venue()
        processes.set_up(limits)
        processes.until_ready()
        processes.mark("100")
        yield processes
    finally:
        processes.stop()


def intent(name: str, quantity: str, side: str = "buy", **more: Any) -> OrderIntent:
    """An intent of the agent `momentum` in AAPL, at the market unless said otherwise, made now."""
    said = {"agent": "momentum", "type": "market", **more}
    return OrderIntent(
        id=name, connection="paper1", instrument="AAPL", side=side, quantity=parse(Quantity, quantity),
        created_at=time.time_ns(), **said,
    )  # fmt: skip


def tell_venue(path: Path, key: Path, mark: Mark) -> None:
    """Give a mark to the paper venue, as a feed does."""
    import socket

    from remit.venues.paper.messages import FromFeed

    frame = encode(FromFeed(key=key.read_text(), marks=(mark,)))
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(path))
        link.sendall(len(frame).to_bytes(4, "big") + frame)
        assert b"heard" in link.recv(65536)


def wait_for(holds: Callable[[], bool], what: str, within_s: int = 15) -> None:
    """Return when `holds` does; fail naming `what` after `within_s` seconds."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, f"not within {within_s} s: {what}"
        time.sleep(0.02)


def _start(command: list[str], ready: str, environ: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a process with what is added to the environment, and return it when it has said that it is ready."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **(environ or {})}
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if ready in line:
            return process
    raise AssertionError(f"{command[2]} did not start: {''.join(said)}")


def body_of(record: dict[str, Any]) -> Body:
    return record["command"]["body"]
