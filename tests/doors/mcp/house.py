"""A guard, a paper venue and the MCP door as real parts, with an agent, its client and people, for the door's tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult
from tests.guard.processes import Processes, trading

from remit.doors.http.app import Options, create_app
from remit.doors.mcp.asgi import mount
from remit.guard.config import load
from remit.guard.wire import AsyncClient
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.mandate import EMPTY, Mandate

T = TypeVar("T")
LATEST, PREVIOUS = "auto", "legacy"
"""The protocol of today, asked request by request, and the one before it, which begins with `initialize`."""


class House:
    """The processes and the door at `url`."""

    def __init__(self, processes: Processes, url: str, portal: BlockingPortal, app: Any) -> None:
        self.processes, self.url, self.app = processes, url, app
        self._portal = portal
        self._clients: dict[tuple[str, str], Client] = {}
        self._open = ExitStack()

    def secret(self, who: str) -> str:
        return self.processes.secrets[who]

    def say(self, body: Any) -> None:
        """Let an operator's command take effect."""
        record = self.processes.say(body)
        assert record["events"][0]["event"] == "took", record

    def switch(self, capability: Any, enabled: bool, agent: str = "momentum") -> None:
        self.say(c.SetCapability(agent=agent, capability=capability, enabled=enabled))

    def limit(self, mandate: Mandate) -> None:
        self.say(c.SetMandate(subject="agent:momentum", mandate=mandate, why="test"))

    @asynccontextmanager
    async def client(self, who: str = "momentum", mode: str = LATEST) -> AsyncIterator[Client]:
        """The official client over HTTP, with somebody's token."""
        headers = {"Authorization": f"Bearer {self.secret(who)}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(self.url, http_client=http), mode=mode) as client,
        ):
            yield client

    def run(self, doing: Callable[[Client], Awaitable[T]], who: str = "momentum", mode: str = LATEST) -> T:
        """Let the official client, which stays open, do something and return what came of it."""
        if (who, mode) not in self._clients:
            manager = self._portal.wrap_async_context_manager(self.client(who, mode))
            self._clients[who, mode] = self._open.enter_context(manager)
        return self._portal.call(doing, self._clients[who, mode])

    def close(self) -> None:
        """Close the clients."""
        self._open.close()

    def call(self, name: str, who: str = "momentum", mode: str = LATEST, **arguments: Any) -> CallToolResult:
        """Call one tool."""
        return self.run(lambda client: client.call_tool(name, arguments), who, mode)

    def answer(self, name: str, who: str = "momentum", **arguments: Any) -> dict[str, Any]:
        """Return what a tool answers that does what it is asked."""
        result = self.call(name, who, **arguments)
        assert not result.is_error, result.structured_content
        assert isinstance(result.structured_content, dict)
        return result.structured_content

    def refusal(self, name: str, who: str = "momentum", **arguments: Any) -> dict[str, Any]:
        """Return why a tool refuses."""
        result = self.call(name, who, **arguments)
        assert result.is_error, result.structured_content
        refused: dict[str, Any] = result.structured_content["refused"]
        return refused

    def tools(self, who: str = "momentum", mode: str = LATEST) -> set[str]:
        async def listed(client: Client) -> set[str]:
            return {tool.name for tool in (await client.list_tools()).tools}

        return self.run(listed, who, mode)


@contextmanager
def served(app: Any) -> Iterator[int]:
    """Serve an application on loopback and yield its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


@contextmanager
def house(home: Path) -> Iterator[House]:
    """Yield a house whose agent `momentum` has every capability, with a client `claude` and an approver `bob`."""
    for processes in trading(home):
        settings = load({"REMIT_HOME": str(home)})
        app = create_app(
            AsyncClient(settings.socket, processes.secrets["operator"], "http"),
            settings,
            options=Options(parts=(mount,)),
        )
        with served(app) as port, start_blocking_portal() as portal, quoted(processes):
            made = House(processes, f"http://127.0.0.1:{port}/mcp", portal, app)
            _people(made)
            yield made
            made.close()


@contextmanager
def quoted(processes: Processes) -> Iterator[None]:
    """Tell the price of 100 every second, so that it is fit however long the tests take."""
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(1):
            processes.mark("100")

    telling = threading.Thread(target=tell, daemon=True)
    telling.start()
    try:
        yield
    finally:
        ended.set()
        telling.join(10)


def _people(made: House) -> None:
    made.switch("replace_order", True)
    made.switch("analyze_market", True)
    made.say(c.AddClient(client=access.Client(name="claude", agent="momentum")))
    made.say(c.SetMandate(subject="client:claude", mandate=EMPTY, why="test"))
    made.say(c.AddAgent(agent=access.Agent(name="other", account="main", owner="ann")))
    for role, name in (("client", "claude"), ("agent", "other"), ("approver", "bob"), ("auditor", "eve")):
        told = made.processes.say({"kind": "new_token", "role": role, "name": name, "owner": name})
        made.processes.secrets[name] = told["secret"]
