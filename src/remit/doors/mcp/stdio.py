"""MCP over a process's own input and output: one client program, one token."""

from __future__ import annotations

from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.stdio import stdio_server

from remit.doors.mcp.asgi import DOOR
from remit.doors.mcp.caller import Trader, Traders
from remit.doors.mcp.server import build
from remit.guard.config import Settings
from remit.guard.wire import AsyncClient


async def serve(settings: Settings, secret: str) -> Trader:
    """Serve until the input ends; return for whom. GuardError at the start where the token or the guard is not fit."""

    def secret_of(context: ServerRequestContext[Any, Any]) -> str:
        return secret

    async with AsyncClient(settings.socket, secret, DOOR, guard_uids=settings.guard_uids) as client:
        traders = Traders(client)
        trader = await traders.of(secret, act="mcp serve")
        server = build(client, traders, secret_of, settings)
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
        return trader
