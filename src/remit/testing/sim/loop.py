"""A small event loop in virtual time, and the virtual processes that run in it.

Nothing waits: when nothing can run, the clock goes to the next timer. Nothing reads a real clock, a real socket or any
chance but the source that is given, so that one seed is one run, whatever the machine does meanwhile.

    with VirtualLoop(random.Random(7)) as loop:
        outcome = loop.run(main())
"""

from __future__ import annotations

import asyncio
import gc
import heapq
import itertools
import random
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, Self, TypeVar, TypeVarTuple, Unpack

from remit.testing.sim.absent import Absent, NotSimulated
from remit.testing.sim.network import Network
from remit.testing.sim.process import NANOSECONDS, OWNER, Call, Future, Process, Task, innermost, unwind

__all__ = ["NotSimulated", "Process", "Stuck", "VirtualLoop"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
AT_ONE_INSTANT_MAX = 1_000_000
"""Callbacks at one instant; beyond them nothing will ever let time pass."""
YOUNG_EVERY, ALL_EVERY = 5_000, 1_000_000
"""Callbacks between two collections of young garbage, and of all of it."""
CANCELLED_MAX = 1_000
"""Cancelled timers that may wait for their time."""


class Stuck(Exception):
    """The run can never end: nothing is ready and no timer is set, time stands still, or it takes more than it was
    given. It names what waits."""


class VirtualLoop(Absent):
    """An asyncio event loop whose time is virtual and whose every choice comes from `source`. One loop is one run.

    `explore` shuffles what is ready at the same instant, as far as it belongs to different processes or links; within
    one of them the order stays.
    """

    def __init__(self, source: random.Random, explore: bool = False) -> None:
        self.ns = 0
        """Virtual nanoseconds since the start; they never go back."""
        self.faults: list[BaseException] = []
        """Exceptions that nobody handled, in order: a run with any of them has failed."""
        self.until_ns: int | None = None
        """Where time may go at most; None is as far as it likes. Only by that does a run end whose timers never do."""
        self.calls_max: int | None = None
        """How many callbacks may run at most, however slowly time creeps on between them; None is as many as like."""
        self.explore = explore
        self.network = Network(self, source.getrandbits(64))
        self._source = source
        self._numbers = itertools.count(1)
        self._ready: deque[Call] = deque()
        self._timers: list[tuple[int, int, Call]] = []
        self._cancelled = 0
        self._processes: list[Process] = []
        self._world = self.process("world")
        self._dead: list[Task[Any]] = []
        self._running = self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Processes

    def process(self, name: str) -> Process:
        """Return a new process that runs nothing yet."""
        process = Process(name)
        self._processes.append(process)
        return process

    def spawn(self, process: Process, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start the work in the process: all that it makes belongs to the process too. RuntimeError in a dead one."""
        if not process.alive:
            work.close()
            raise RuntimeError(f"{process} is dead")
        task = self._task(work, process.context.copy())
        process.spawned[task.number] = task
        task.add_done_callback(lambda _: process.spawned.pop(task.number, None), context=process.context)
        return task

    def kill(self, process: Process) -> None:
        """End the process as kill -9 does: no callback, timer, task or `finally` of it runs again in this run.

        Its links break, which their other ends hear after a latency. Where it kills itself, Python unwinds what runs
        just now, but nothing that it still calls here has any effect.
        """
        if not process.alive:
            return
        process.alive = process.runs = False
        process.held.clear()
        process.spawned.clear()
        self._dead.extend(task for task in process.tasks.values() if not task.done())
        self._processes.remove(process)
        self._clear_timers()
        for call in self._ready:
            if call.process is process:
                call.cancel()
        self.network.died(process)

    def process_of(self, context: Context) -> Process:
        """Return the process that a context belongs to."""
        return context.get(OWNER, self._world)

    def suspend(self, process: Process) -> None:
        """Stop the process as SIGSTOP does: time passes, and what falls due waits for `resume`."""
        process.suspended, process.runs = True, False

    def resume(self, process: Process) -> None:
        """Let a suspended process go on: first with what waited, in its order."""
        process.suspended, process.runs = False, process.alive
        self._ready.extend(process.held)
        process.held.clear()

    def block(self, duration_ns: int) -> None:
        """Let time pass while the running callback blocks; what falls due meanwhile runs after it, and late."""
        if duration_ns < 0:
            raise ValueError(f"{duration_ns} ns: time does not go back")
        self.ns += duration_ns

    def allow(self, duration_ns: int) -> None:
        """Let time go so much further than it might until now."""
        if self.until_ns is not None:
            self.until_ns += duration_ns

    # The run

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run until `main` is done, return its result or raise its exception, and kill whatever is left.

        Raises Stuck where that can never be. `main` belongs to a process of its own, "world".
        """
        if self._running or self._closed or not self._world.alive:
            main.close()
            raise RuntimeError("a virtual loop runs once")
        collects, hooks = gc.isenabled(), sys.get_asyncgen_hooks()
        # The collector's own moments depend on all that the real process ever did; finalizers must not.
        gc.disable()
        asyncio._set_running_loop(self)
        sys.set_asyncgen_hooks(firstiter=None, finalizer=self._end_generator)
        self._running = True
        try:
            work = self.spawn(self._world, main)
            self._run_until(work)
            return work.result()
        finally:
            self._end()
            sys.set_asyncgen_hooks(*hooks)
            asyncio._set_running_loop(None)
            if collects:
                gc.enable()

    def close(self) -> None:
        """End it for good, and `bury` whoever died. Read everything of the run before."""
        if self._running:
            raise RuntimeError("the loop runs")
        self._closed = True
        self.bury()

    def bury(self) -> None:
        """Forget the dead: what they had suspended is unwound now, and what it still calls here has no effect.

        Python gives back the memory of a suspended coroutine in no other way. For a long run with many kills.
        """
        faults = len(self.faults)
        self._dead.reverse()
        while self._dead:
            task = self._dead.pop()
            if not task.done():
                task.process.context.run(unwind, task.get_coro())
            del task
        del self.faults[faults:]  # whatever was put there meanwhile is of the unwinding
        if self._running:
            gc.collect()

    def is_running(self) -> bool:
        """Whether `run` runs."""
        return self._running

    def is_closed(self) -> bool:
        """Whether the dead are buried."""
        return self._closed

    def time(self) -> float:
        """The virtual seconds since the start."""
        return self.ns / NANOSECONDS

    # What asyncio asks of a loop

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Run the callback after all that is ready now, in the process that the context belongs to."""
        return self.enter(None, context if context is not None else copy_context(), callback, args)

    call_soon_threadsafe = call_soon

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run the callback after `delay` seconds, to the nanosecond, and at least one later where it is above zero."""
        wait_ns = max(round(delay * NANOSECONDS), 1) if delay > 0 else 0
        return self.enter(self.ns + wait_ns, context if context is not None else copy_context(), callback, args)

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run the callback at `when` seconds since the start; a later instant than now is at least a nanosecond on."""
        at_ns = max(round(when * NANOSECONDS), self.ns + (when > self.time()))
        return self.enter(at_ns, context if context is not None else copy_context(), callback, args)

    def enter(
        self,
        at_ns: int | None,
        context: Context,
        callback: Callable[..., object],
        args: tuple[Any, ...] = (),
        lane: object = None,
    ) -> asyncio.TimerHandle:
        """Run the callback in the context: soon where `at_ns` is None, else then. In a dead process nothing happens.

        What shares a `lane` keeps its order where `explore` shuffles; without one the process is the lane.
        """
        process = self.process_of(context)
        call = Call(self, process, process if lane is None else lane, context, callback, args)
        if not process.alive:
            call.cancel()
        elif at_ns is None:
            self._ready.append(call)
        else:
            call.at, call.timed = at_ns, True
            heapq.heappush(self._timers, (at_ns, next(self._numbers), call))
        return call

    def timer_cancelled(self) -> None:
        """Count a cancelled timer, and clear them out where they are many."""
        self._cancelled += 1
        if self._cancelled > CANCELLED_MAX and self._cancelled * 2 > len(self._timers):
            self._clear_timers()

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future of this loop."""
        return Future(next(self._numbers), self)

    def create_task(
        self, coro: Any, *, name: str | None = None, context: Context | None = None, **options: Any
    ) -> asyncio.Task[Any]:
        """Start the coroutine as a task of the process that the context belongs to."""
        return self._task(coro, copy_context() if context is None else context, name, **options)

    async def create_unix_server(self, protocol_factory: Any, path: Any = None, *, sock: Any = None, **_: Any) -> Any:
        """Listen on a virtual path; OSError where a living process listens there. A real socket is NotSimulated."""
        if sock is not None or path is None:
            raise NotSimulated("a server on a real socket: listen on a path")
        return self.network.listen(protocol_factory, path, copy_context())

    async def create_unix_connection(
        self, protocol_factory: Any, path: Any = None, *, sock: Any = None, **_: Any
    ) -> Any:
        """Connect to a virtual path; OSError where nobody listens. A real socket is NotSimulated."""
        if sock is not None or path is None:
            raise NotSimulated("a connection on a real socket: name a path")
        return await self.network.connect(protocol_factory, path, copy_context())

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Put an unhandled exception among the `faults`, unless it is of a dead process."""
        about = context.get("task") or context.get("future")
        if not isinstance(about, Task) or about.process.alive:
            fault = context.get("exception")
            self.faults.append(RuntimeError(context["message"]) if fault is None else fault)

    def _task(self, work: Coroutine[Any, Any, T], context: Context, name: str | None = None, **options: Any) -> Task[T]:
        process, number = self.process_of(context), next(self._numbers)
        name = f"{process.name}/{number}" if name is None else name
        task = process.tasks[number] = Task(number, process, work, loop=self, name=name, context=context, **options)
        if not process.alive:
            self._dead.append(task)
        return task

    def _run_until(self, work: asyncio.Task[Any]) -> None:
        young = whole = at_once = calls = 0
        while not work.done():
            began = self.ns
            count = self._turn(work)
            young, calls = young + count, calls + count
            at_once = at_once + count if self.ns == began else 0
            if at_once > AT_ONE_INSTANT_MAX:
                raise Stuck(f"time stands still at {began} ns; {self._standing()}")
            if self.until_ns is not None and self.ns > self.until_ns:
                raise Stuck(f"time goes on for ever: it was to end by {self.until_ns} ns; {self._standing()}")
            if self.calls_max is not None and calls > self.calls_max:
                raise Stuck(f"no end after {calls:,} callbacks, at {self.ns} ns; {self._standing()}")
            if young > YOUNG_EVERY:
                whole, young = whole + young, 0
                gc.collect(2 if whole > ALL_EVERY else 1)
                whole = 0 if whole > ALL_EVERY else whole

    def _turn(self, work: asyncio.Task[Any]) -> int:
        """Run what is ready now, where nothing is let time pass to the next timer, and say how many calls ran."""
        ready, timers = self._ready, self._timers
        while timers and timers[0][2].callback is None:
            self._drop_timer()
        if not ready:
            if not timers:
                raise Stuck(f"nothing can ever happen after {self.ns} ns; {self._standing()}")
            self.ns = max(self.ns, timers[0][0])
        while timers and timers[0][0] <= self.ns:
            call = self._drop_timer()
            if call.callback is not None:
                ready.append(call)
        calls = len(ready)
        if self.explore and calls > 1:
            self._shuffle()
        for _ in range(calls):
            call = ready.popleft()
            process, callback = call.process, call.callback
            if callback is None:
                continue
            if not process.runs:
                if process.alive:
                    process.held.append(call)
                continue
            try:
                call.context.run(callback, *call.args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as fault:  # noqa: BLE001 - whatever a callback raises is told, and the others go on
                if process.alive:
                    self.faults.append(fault)
            if work.done():
                break
        return calls

    def _drop_timer(self) -> Call:
        call = heapq.heappop(self._timers)[2]
        call.timed = False
        if call.callback is None:
            self._cancelled -= 1
        return call

    def _clear_timers(self) -> None:
        """Drop the timers that are cancelled or of the dead, with all that they hold."""
        self._timers[:] = (each for each in self._timers if each[2].callback is not None and each[2].process.alive)
        heapq.heapify(self._timers)
        self._cancelled = 0

    def _shuffle(self) -> None:
        lanes: dict[object, deque[Call]] = {}
        for call in self._ready:
            lanes.setdefault(call.lane, deque()).append(call)
        order = [call.lane for call in self._ready]
        self._source.shuffle(order)
        self._ready.clear()
        self._ready.extend(lanes[lane].popleft() for lane in order)

    def _end_generator(self, generator: AsyncGenerator[Any, None]) -> None:
        """Close a generator that its own process dropped half-way; one of a dead process is forgotten where it is."""
        process = OWNER.get(None)
        if process is not None and process.alive:
            self.create_task(generator.aclose())

    def _end(self) -> None:
        self._timers.clear()
        for process in tuple(self._processes):
            for task in process.tasks.values():
                fault = task.exception() if task.done() and task._log_traceback and not task.cancelled() else None
                if fault is not None:
                    self.faults.append(fault)
            self.kill(process)
        self._ready.clear()
        self._timers.clear()
        self.network.close()
        self._running = False

    def _standing(self) -> str:
        """Name the tasks that wait, by their process and the line where they stand, and the faults so far."""
        waiting = [
            f"{task.get_name()} at {frame.f_code.co_qualname}:{frame.f_lineno}"
            for process in self._processes
            for task in process.tasks.values()
            if not task.done() and (frame := innermost(task.get_coro())) is not None
        ]
        return f"waiting: {', '.join(waiting) or 'nobody'}; faults: {self.faults or 'none'}"
