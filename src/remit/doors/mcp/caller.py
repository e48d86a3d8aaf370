"""Who calls: what a token stands for, as the guard says it; and one call under way."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from remit.doors.mcp.words import Mode, Wrapper
from remit.guard.wire import AsyncClient, Do, GuardError
from remit.kernel.codec import encode

KNOWN_S = 10
"""How long a door believes what it was told of a token; the guard authenticates every request anew anyway."""
KNOWN_MAX = 1_000
UNREACHED = ("guard_not_running", "guard_gone")


class NoTrader(GuardError):
    """The token stands for nobody who trades: tools are for agents and their clients."""

    code = "no_trader"


class Trader(msgspec.Struct, frozen=True, kw_only=True):
    """An agent, or a client that acts through one."""

    role: str
    name: str
    agent: str
    account: str
    environment: Mode
    connections: tuple[str, ...] = ()
    capabilities: frozenset[str] = frozenset()

    @property
    def client(self) -> str:
        """The client's name; empty for the agent itself."""
        return self.name if self.role == "client" else ""


class Traders:
    """Whom tokens stand for, as the guard says; no token is kept, only its hash."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._known: OrderedDict[bytes, tuple[float, Trader]] = OrderedDict()

    async def of(self, secret: str, *, act: str, fresh: bool = False) -> Trader:
        """Return whom a token stands for; NoTrader, and whatever the guard says of a token that is worth nothing."""
        key = hashlib.sha256(secret.encode()).digest()
        known = self._known.get(key)
        if known is not None and not fresh and time.monotonic() < known[0]:
            return known[1]
        try:
            told = await self._client.ask("read", {"view": "self"}, token=secret, act=act)
        except GuardError as error:
            if known is not None and not fresh and error.code in UNREACHED:
                return known[1]  # the call itself will say that the guard is not there
            self._known.pop(key, None)
            raise
        if told.get("role") not in ("agent", "client") or not told.get("agent"):
            raise NoTrader(
                "this token stands for no agent and no client of one", "Issue one: remit token issue NAME --role client"
            )
        trader = msgspec.convert(told, Trader)
        self._known[key] = (time.monotonic() + KNOWN_S, trader)
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        return trader


class Call(NamedTuple):
    """One call of a tool: who calls, and the way to the guard under the caller's own token."""

    client: AsyncClient
    secret: str
    trader: Trader
    tool: str
    trace: str
    approvals: str
    """Where people approve, without the order's id."""
    home: Path
    """The data folder: where a model for analyses is set up."""
    wrap: Wrapper

    async def read(self, view: str, **arguments: Any) -> Any:
        """Return a view as plain JSON; arguments that are None are left out. GuardError."""
        given = {name: value for name, value in arguments.items() if value is not None}
        return await self.ask("read", {"view": view, **given})

    async def preview(self, body: object) -> Any:
        """Return what would be decided of an order. GuardError."""
        return await self.ask("preview", body)

    async def enter(self, body: object, text: str = "") -> Any:
        """Let a command enter, with free text beside it, and return its record. GuardError."""
        return await self.ask("command", {"command": msgspec.Raw(encode(body)), "text": text} if text else body)

    async def ask(self, do: Do, body: object) -> Any:
        """Return what the guard answers, as plain JSON. GuardError."""
        return await self.client.ask(do, body, token=self.secret, act=f"tool:{self.tool}", trace=self.trace)
