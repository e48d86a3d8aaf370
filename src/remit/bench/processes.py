"""A real guard and a real paper venue, each a process of its own, for as long as a measurement lasts."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from remit.guard.wire import Client
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.command import Body
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.numbers import Money, Price, Quantity, parse
from remit.kernel.order import OrderIntent

AGENT, CONNECTION, NAME = "caller", "paper1", "SYM0"
START_S = 30
INSTRUMENT = Instrument(
    name=NAME, kind="equity", venue="paper", currency="USD", category="us_equity", tick=parse(Price, "0.01"),
    lot=parse(Quantity, "1"),
)
LIMITS = Mandate(
    order_notional_max=parse(Money, "10000"), market_exposure_max=parse(Money, "1000000000000"),
    daily_loss_max=parse(Money, "1000000"), price_collar_bps=500,
)


class DidNotStart(Exception):
    """A process of the measurement did not come up; the message has what it said."""


class Running:
    """The guard of one folder, with one agent whose orders rest at the paper venue."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = home / "guard.sock"
        self.secret = ""
        self._operator = ""
        self._started: list[subprocess.Popen[str]] = []
        self._asked = 0

    def __enter__(self) -> Self:
        self.home.mkdir(mode=0o700)
        try:
            self._start(["-m", "remit.guard", "--home", str(self.home)], "ready on")
            self._operator = (self.home / "operator.token").read_text().strip()
            self._start_venue()
            self._set_up()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop both processes, the guard first."""
        for process in self._started:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def submit(self, quantity: int) -> c.Submit:
        """Return a bid of its own id below the market: 10 shares pass and rest, 1,000 are more than the limit."""
        self._asked += 1
        return c.Submit(
            intent=OrderIntent(
                id=f"b{self._asked}", agent=AGENT, connection=CONNECTION, instrument=NAME, side="buy",
                quantity=parse(Quantity, str(quantity)), created_at=time.time_ns(), limit_price=parse(Price, "99"),
            )
        )

    def _start(self, words: Sequence[str], ready: str) -> None:
        process = subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._started.append(process)
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if ready in line:
                return
        raise DidNotStart("".join(said).strip() or f"{words[1]} ended without a word")

    def _start_venue(self) -> None:
        (self.home / "instruments.jsonl").write_bytes(encode(INSTRUMENT))
        feed_key = self.home / "feed.key"
        feed_key.write_text("no price is fed to this venue, so its orders rest")
        feed_key.chmod(0o600)
        paths = {"socket": "paper.sock", "state": "paper.db", "permit-key": "permit.pub",
                 "instruments": "instruments.jsonl", "feed-key": "feed.key"}
        words = [word for name, path in paths.items() for word in (f"--{name}", str(self.home / path))]
        self._start(
            ["-m", "remit.venues.paper", *words, "--cash", f"{CONNECTION},USD,1000000000000"], "listening on"
        )

    def _set_up(self) -> None:
        with Client(self.socket, self._operator, door="bench") as client:
            for body in _opening():
                client.ask("command", body)
            self.secret = client.ask("command", _token("agent", AGENT))["secret"]
            feed = client.ask("command", _token("feed", "bars"))["secret"]
            end = time.monotonic() + START_S
            while not all(row["ready"] for row in client.ask("read", {"view": "connections"})):
                if time.monotonic() > end:
                    raise DidNotStart(f"the paper venue was not reconciled within {START_S} s")
                time.sleep(0.02)
        with Client(self.socket, feed, door="bench") as client:
            client.ask("command", c.Marked(marks=(_mark(),)))


def _opening() -> tuple[Body, ...]:
    return (
        c.SetFirm(currency="USD"),
        c.AddAccount(account=access.Account(name="main", owner="ann", environment="training", currency="USD")),
        c.AddInstrument(instrument=INSTRUMENT),
        c.AddAgent(agent=access.Agent(name=AGENT, account="main", owner="ann")),
        c.AddConnection(
            connection=access.Connection(name=CONNECTION, account="main", venue="paper", environment="training")
        ),
        c.SetGrant(agent=AGENT, connection=CONNECTION, granted=True),
        c.SetCapability(agent=AGENT, capability="place_order", enabled=True),
        c.SetMandate(subject="firm", mandate=EMPTY, why="bench"),
        c.SetMandate(subject="account:main", mandate=EMPTY, why="bench"),
        c.SetMandate(subject=f"agent:{AGENT}", mandate=LIMITS, why="bench"),
    )


def _token(role: str, name: str) -> dict[str, Any]:
    return {"kind": "new_token", "role": role, "name": name, "owner": "ann"}


def _mark() -> Mark:
    price, cent = parse(Price, "100"), parse(Price, "0.01")
    return Mark(
        instrument=NAME, at=time.time_ns(), bid=Price(price - cent), ask=Price(price + cent), last=price, close=price
    )
