"""Who waits too long: one timer for all that may wait equally long, rather than one for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")
LOOKS = 10
"""How often it is looked within the time that a wait may take: a wait ends that share of it late, at most."""


class Late:
    """Waits that may end at most `after_s` seconds after they began."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._waiting: dict[asyncio.Task[object], float] = {}
        self._ended: set[asyncio.Task[object]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        """Where somebody looks; none while nobody waits."""

    def ends_at(self) -> float:
        """Return when a wait that begins now ends, by the loop's clock."""
        return asyncio.get_running_loop().time() + self._after_s

    async def until(self, ends_at: float, asked: Callable[[], Awaitable[Result]]) -> Result:
        """Return what `asked` gives; TimeoutError where it has given nothing by then."""
        task = asyncio.current_task()
        assert task is not None  # there is no waiting outside one
        cancelled = task.cancelling()
        self._waiting[task] = ends_at
        loop = task.get_loop()
        if self._loop is not loop:
            self._look_again(loop)
        try:
            return await asked()
        except asyncio.CancelledError:
            if task in self._ended and task.uncancel() <= cancelled:
                raise TimeoutError from None
            raise
        finally:
            self._waiting.pop(task, None)
            self._ended.discard(task)

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.call_later(self._after_s / LOOKS, self._look)

    def _look(self) -> None:
        assert self._loop is not None
        now = self._loop.time()
        for task, ends_at in [*self._waiting.items()]:
            if ends_at <= now:
                del self._waiting[task]
                self._ended.add(task)
                task.cancel()
        loop, self._loop = self._loop, None
        if self._waiting:
            self._look_again(loop)
