"""A real guard, a paper venue, and the HTTP door over them on a loopback port: started once for each module."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.doors.http.approver import Approver
from tests.doors.http.browser import launched
from tests.guard.processes import Processes, trading

from remit.doors.http.app import DOOR, create_app
from remit.doors.http.links import Server
from remit.doors.http.routes import ROUTES
from remit.doors.http.serving import config_of
from remit.doors.http.table import Route
from remit.guard.config import load
from remit.guard.wire import AsyncClient
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import Money, parse

LIMITS = Mandate(order_notional_max=parse(Money, "5000"), approval_notional_min=parse(Money, "1000"))
"""Of the agent `momentum`: above 5,000 an order is denied, from 1,000 on it waits for a person."""


class Door:
    """The door at `url`, the processes behind it, and a client for each caller: `door.http("momentum")`.

    Callers: operator, momentum (an agent), claude (a client of momentum), bars (a feed), ada (approver), otto
    (auditor), doors (the door itself).
    """

    def __init__(self, processes: Processes, rows: Sequence[Route] = ROUTES, port: int = 0, **more: Any) -> None:
        self.processes, self._rows, self._more = processes, rows, more
        self._clients: dict[str, httpx2.Client] = {}
        self._socket = socket.create_server(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def http(self, who: str = "operator") -> httpx2.Client:
        """A client that brings this caller's token; `nobody` brings none."""
        if who not in self._clients:
            headers = {} if who == "nobody" else {"Authorization": f"Bearer {self.processes.secrets[who]}"}
            self._clients[who] = httpx2.Client(base_url=self.url, headers=headers, timeout=20)
        return self._clients[who]

    def order(self, quantity: str = "1", side: str = "buy", **more: Any) -> dict[str, Any]:
        """What momentum sends to propose an order at a limit of 100."""
        return {"instrument": "AAPL", "side": side, "quantity": quantity, "limit_price": "100", **more}

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)
        for _ in range(200):
            if self._server.started:
                return
            time.sleep(0.01)
        raise AssertionError("the door did not start")

    def stop(self) -> None:
        for client in self._clients.values():
            client.close()
        self._server.should_exit = True
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        settings = load({"REMIT_HOME": str(self.processes.home), "REMIT_BIND": self.url.removeprefix("http://")})
        async with AsyncClient(settings.socket, self.processes.secrets["doors"], DOOR) as client:
            self.app = app = create_app(client, settings, self._rows, **self._more)
            self._loop, self._stopping = asyncio.get_running_loop(), app.state.stopping
            self._server = Server(config_of(app))
            self._ready.set()
            await self._server.serve(sockets=[self._socket])


def people(processes: Processes) -> None:
    """Add who else calls the door, each with a token in `processes.secrets`."""
    processes.say(c.AddClient(client=access.Client(name="claude", agent="momentum")))
    processes.say(c.SetCapability(agent="momentum", capability="replace_order", enabled=True))
    for role, name in (("client", "claude"), ("approver", "ada"), ("auditor", "otto"), ("auditor", "doors")):
        asked = {"kind": "new_token", "role": role, "name": name, "owner": "ann" if role == "client" else name}
        processes.secrets[name] = processes.say(asked)["secret"]


def session_of(door: Door, who: str = "operator") -> str:
    """The secret of a browser session, begun by a one-time code."""
    code = door.processes.say({"kind": "new_code"}, who)["code"]
    with httpx2.Client(base_url=door.url) as browser:
        browser.post("/v1/session/code", json={"code": code}).raise_for_status()
        return str(browser.cookies["remit_session"])


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The door over a trading guard, which knows its address, as passkeys need it; the price of AAPL is 100."""
    home = Path(tmp_path_factory.mktemp("door"))
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    (home / "remit.toml").write_text(f'public_url = "http://localhost:{port}"\n')
    for processes in trading(home, LIMITS):
        people(processes)
        door = Door(processes, port=port)
        door.start()
        try:
            yield door
        finally:
            door.stop()


chromium = pytest.fixture(scope="module")(launched)


@pytest.fixture(scope="module")
def visitor(door: Door, chromium: Any) -> Iterator[Approver]:
    """A browser at the page's own name."""
    visitor = Approver(chromium, f"http://localhost:{door.port}")
    try:
        yield visitor
    finally:
        visitor.close()


@pytest.fixture
def approver(visitor: Approver) -> Iterator[Approver]:
    """Somebody who is not signed in, in a new tab; it fails where the page did what none may."""
    visitor.begin()
    yield visitor
    visitor.end()
