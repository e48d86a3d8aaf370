"""Work beside the application: it runs as long as that does, and a fault of its own closes no door."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable


@contextlib.asynccontextmanager
async def beside(
    work: Callable[[asyncio.Event], Awaitable[None]], failed: Callable[[BaseException], None]
) -> AsyncIterator[None]:
    """Run `work` until the block is left, which sets the event that it was given; `failed` hears what ended it."""
    stop = asyncio.Event()
    running = asyncio.ensure_future(work(stop))

    def ended(task: asyncio.Future[None]) -> None:
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            failed(fault)

    running.add_done_callback(ended)
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait([running])
