"""Links: how many may be open, and how long one may take to say what it wants.

A peer that opens links and sends nothing, or a head byte by byte, costs the door a place and no more. When all places
are taken, the one that has rested longest is closed for whoever comes: so a caller that asks is served, however many
say nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINKS_MAX = 768
"""Open at once: fewer than the 1,024 files that a process may usually have, for streams have some of their own."""
TICKS = 10
"""Of the server's, ten a second: so often links are looked at."""
HEAD_S = 10.0
"""From the first byte of a request, or from when the link was opened, until its whole head must be there."""


class Link(HttpToolsProtocol):
    """One link over which requests come; it knows since when it rests, and since when it owes a head."""

    links_max = LINKS_MAX
    head_s = HEAD_S

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.rests_since = self.owes_since = self.loop.time()
        self.owes_head = True

    @property
    def rests(self) -> bool:
        """Whether no request is under way on it."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.links_max:
            others = [link for link in resting(self.connections) if link is not self]
            (min(others, key=_since) if others else self).leave()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.owes_head, self.owes_since = True, self.loop.time()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.owes_head = False

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.rests_since = self.loop.time()

    def leave(self) -> None:
        """Close it at once; its place is free."""
        self.connections.discard(self)
        self.transport.abort()


def resting(links: Iterable[Any]) -> list[Link]:
    """Return the links on which no request is under way; WebSockets are none of them."""
    return [link for link in links if isinstance(link, Link) and link.rests]


class Server(uvicorn.Server):
    """Serves, and closes links that owe a head for too long. Those that rest between two requests owe none: they are
    closed after the time that is set to keep them alive."""

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS == 0:
            now = asyncio.get_running_loop().time()
            for link in resting(self.server_state.connections):
                if link.owes_head and now - link.owes_since > link.head_s:
                    link.leave()
        return await super().on_tick(counter)


def _since(link: Link) -> float:
    return link.rests_since
