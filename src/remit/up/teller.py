"""Telling: a feed's marks go to the paper venue, where there is one, and then to the guard."""

from __future__ import annotations

import asyncio
from pathlib import Path

from remit.guard.wire import AsyncClient, GuardGone, GuardNotRunning
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.instrument import Mark
from remit.kernel.printable import printable
from remit.venues.paper.messages import FromFeed


class Teller:
    """Tells marks. `venue` is None where no paper venue wants to hear them."""

    def __init__(self, guard: AsyncClient, venue: VenueLink | None) -> None:
        self._guard = guard
        self._venue = venue

    async def tell(self, marks: tuple[Mark, ...]) -> None:
        """Tell the venue first: an agent that acts on a price must find it there. Who is away misses the marks."""
        if self._venue is not None:
            try:
                await self._venue.tell(marks)
            except OSError as fault:
                print(printable(f"feed: the venue does not hear: {fault}"), flush=True)
        try:
            await self._guard.ask("command", c.Marked(marks=marks))
        except (GuardNotRunning, GuardGone) as away:
            print(printable(f"feed: {away}"), flush=True)


class VenueLink:
    """The feed's link to the paper venue; opened when first used and again after it broke."""

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def tell(self, marks: tuple[Mark, ...]) -> None:
        """Send marks and wait until they were heard; OSError where they were not."""
        if self._streams is None:
            self._streams = await asyncio.open_unix_connection(str(self._path))
        reader, writer = self._streams
        frame = encode(FromFeed(key=self._key, marks=marks))
        try:
            writer.write(len(frame).to_bytes(4, "big") + frame)
            size = int.from_bytes(await reader.readexactly(4), "big")
            answer = await reader.readexactly(size)
        except (OSError, asyncio.IncompleteReadError) as fault:
            self._streams = None
            raise OSError(f"the link to {self._path} broke: {fault}") from None
        if b'"heard"' not in answer:
            raise OSError(answer.decode("utf-8", "replace")[:200])
