"""Virtual processes, and what belongs to them: calls, futures and tasks."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from remit.testing.sim.loop import VirtualLoop

T = TypeVar("T")
NANOSECONDS = 10**9


class Process:
    """A virtual operating-system process: every task, timer and link made in it belongs to it and ends with it.

    A killed process never runs again; a new one may have the same name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.suspended = False
        self.runs = True
        """Alive and not suspended."""
        self.context = Context()
        self.context.run(OWNER.set, self)
        self.tasks: weakref.WeakValueDictionary[int, Task[Any]] = weakref.WeakValueDictionary()
        """Those that are not forgotten yet, in the order in which they were made."""
        self.spawned: dict[int, Task[Any]] = {}
        """Those that the loop was asked to start in it, and holds until they are done."""
        self.held: deque[Call] = deque()
        """What waits for the process to be resumed."""

    def __repr__(self) -> str:
        return f"<process {self.name}>"


OWNER: ContextVar[Process] = ContextVar("the process that this belongs to")
"""Whose code runs: it goes wherever asyncio hands on a context."""


class Call(asyncio.TimerHandle):
    """One callback that is to run: soon, or at an instant. It is all its own, and only named a TimerHandle."""

    __slots__ = ("args", "at", "callback", "context", "lane", "loop", "process", "timed")

    def __init__(
        self,
        loop: VirtualLoop,
        process: Process,
        lane: object,
        context: Context,
        callback: Callable[..., object],
        args: tuple[Any, ...],
    ) -> None:
        self.loop = loop
        self.process = process
        self.lane = lane
        self.context = context
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.at = 0
        self.timed = False  # it stands among the timers

    def cancel(self) -> None:
        if self.callback is not None:
            self.callback, self.args = None, ()
            if self.timed and self.process.alive:
                self.loop.timer_cancelled()

    def cancelled(self) -> bool:
        return self.callback is None

    def when(self) -> float:
        return self.at / NANOSECONDS

    def get_context(self) -> Context:
        return self.context

    def __repr__(self) -> str:
        return f"<call of {self.callback} in {self.process}>"

    __hash__ = object.__hash__
    __eq__ = object.__eq__


class Future(asyncio.Future[T]):
    """A future whose place in a set does not depend on its place in memory."""

    def __init__(self, number: int, loop: VirtualLoop) -> None:
        self.number = number
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self.number


class Task(asyncio.Task[T]):
    """A task of a process, whose place in a set does not depend on its place in memory."""

    def __init__(self, number: int, process: Process, coro: Coroutine[Any, Any, T], **options: Any) -> None:
        self.number = number
        self.process = process
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self.number


def innermost(work: Any) -> Any:
    """Return the frame in which a suspended coroutine stands; None where it stands nowhere."""
    frame = None
    while work is not None and getattr(work, "cr_frame", None) is not None:
        frame, work = work.cr_frame, work.cr_await
    return frame


def unwind(work: Any) -> None:
    """Close a coroutine, again where a `finally` of it awaits, and let nothing of it out."""
    for _ in range(100):
        try:
            work.close()
            return
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:  # noqa: BLE001 - whatever the dead still raise, nobody is there to hear
            continue
