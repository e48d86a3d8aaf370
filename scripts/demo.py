"""A real `remit up --demo` on any free port, for what is to be looked at or tried in a browser."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from remit.guard.config import load
from remit.guard.wire import Client

Found = TypeVar("Found")
STARTS_S, ENDS_S, HAPPENS_S = 60, 60, 60


class Demo:
    """The demo in a folder, at `url`; `http("momentum")` calls its API as an agent, `http()` as the operator."""

    def __init__(self, home: Path, *, day_ms: int = 1500) -> None:
        self.home = home
        words = ("-m", "remit", "up", "--demo", "--plain", "--home", str(home), "--day-ms", str(day_ms))
        self._process = subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._clients: dict[str, httpx2.Client] = {}
        self._said: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self.url = self._address()
        except BaseException:
            self._process.kill()
            raise

    def _listen(self) -> None:
        """Read what it says for as long as it runs, or it would wait for a reader."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(line)
        self._said.put("")

    def _address(self) -> str:
        until, told = time.monotonic() + STARTS_S, ""
        while time.monotonic() < until:
            line = self._said.get(timeout=STARTS_S)
            told += line
            if line.startswith("HTTP at "):
                return line.split()[2].rstrip(",").replace("127.0.0.1", "localhost")
            if not line:
                break
        raise RuntimeError(f"the demo did not start:\n{told}")

    def http(self, who: str = "operator") -> httpx2.Client:
        """A client with the token of the operator or of an agent of the demo."""
        if who not in self._clients:
            headers = {"Authorization": f"Bearer {self.token(who)}"}
            self._clients[who] = httpx2.Client(base_url=self.url, headers=headers, timeout=30)
        return self._clients[who]

    def rows(self, path: str, **more: Any) -> list[dict[str, Any]]:
        """What a list of the API holds, as the operator sees it."""
        answer = self.http().get(path, params=more)
        answer.raise_for_status()
        return list(answer.json()["items"])

    def code(self) -> str:
        """A code that signs the operator in once, as `remit open` makes it."""
        with Client(self.socket, self.token(), door="page") as client:
            return str(client.ask("command", {"kind": "new_code"})["code"])

    def token(self, who: str = "operator") -> str:
        """The secret of the operator or of an agent of the demo."""
        path = self.home / "operator.token" if who == "operator" else self.home / "demo" / "agents" / f"{who}.token"
        return path.read_text().strip()

    @property
    def socket(self) -> Path:
        return load({"REMIT_HOME": str(self.home)}).socket

    def kill_doors(self) -> None:
        """Let the process that serves the page fall over; the demo starts it again."""
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            if f"remit.doors.http\0--home\0{self.home}\0".encode() in path.read_bytes():
                os.kill(int(path.parent.name), signal.SIGKILL)

    def change(self, subject: str, why: str, **limits: Any) -> None:
        """Publish a mandate with these limits changed; None takes one away."""
        path = f"/v1/mandates/{subject}"
        stands = self.http().get(path)
        mandate = {**stands.json()["mandate"], **limits}
        body = {"mandate": {name: value for name, value in mandate.items() if value is not None}, "why": why}
        answer = self.http().put(path, json=body, headers={"If-Match": stands.headers["etag"]})
        answer.raise_for_status()

    def propose(self, agent: str, worth: int, instrument: str = "AAPL", *, at_bps: int = 0, thought: str = "") -> Any:
        """What the guard says to an order of an agent for about so much money, at the last price or so far from it."""
        mark = self.until(lambda: self._mark(instrument), f"a price of {instrument}")
        price = int(Decimal(mark["last"]) * (10_000 + at_bps) / 10_000)
        quantity = str(worth // price)
        order = {"instrument": instrument, "side": "buy", "quantity": quantity, "limit_price": str(price)}
        said = self.http(agent).post("/v1/orders", json={**order, "confidence": "0.8", "thought": thought})
        said.raise_for_status()
        return said.json()

    def _mark(self, instrument: str) -> dict[str, Any] | None:
        return next((row for row in self.rows("/v1/marks") if row["instrument"] == instrument), None)

    def until(self, look: Callable[[], Found | None], what: str) -> Found:
        """What a look finds, as soon as it finds something; RuntimeError naming `what` where it never does."""
        ends = time.monotonic() + HAPPENS_S
        while time.monotonic() < ends:
            if found := look():
                return found
            time.sleep(0.1)
        raise RuntimeError(f"it did not come to {what} within {HAPPENS_S} s")

    def stop(self) -> None:
        for client in self._clients.values():
            client.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
