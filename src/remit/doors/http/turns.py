"""Turns: what takes a thread for long is done once at a time for each caller, and a few times at once in all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from remit.doors.http.call import Who
from remit.doors.http.problem import Problem


class Turns:
    """So many places, given in turn; whoever holds or waits for one is given no second."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._callers: set[Who] = set()

    @contextlib.asynccontextmanager
    async def of(self, who: Who) -> AsyncIterator[None]:
        """Wait for a place and hold it; Problem `busy`."""
        if who in self._callers:
            said = "another one of yours is being written"
            raise Problem("busy", said, "Wait until it is there", retry_after_s=2)
        self._callers.add(who)
        try:
            async with self._places:
                yield
        finally:
            self._callers.discard(who)
