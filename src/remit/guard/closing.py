"""Closing: the one place that submits what a kill with flatten and a triggered exit ask for, until nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from remit.guard.backoff import wait_ns
from remit.guard.board import Board
from remit.guard.loop import Loop
from remit.guard.world import World
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import exits, flatten
from remit.kernel.event import Record
from remit.kernel.names import GUARD
from remit.kernel.order import OrderIntent
from remit.kernel.state import State

RETRY_MAX_S = 16
"""The longest wait before what did not close is tried again."""

Intents = Iterable[OrderIntent] | None
Blocking = Callable[[], list[str]]
"""Which orders are to be cancelled, because they stand in the way."""


def _nothing() -> list[str]:
    return []


class Closing:
    """Closes what must be closed, by orders of the guard that take the exit lane and are judged like all others.

    What the kernel asks for is a function of its state, so that a restart goes on where the guard before it ended. An
    order that closes only a part begins anew at once; one that closes nothing is tried later, later each time.
    """

    def __init__(
        self, world: World, loop: Loop, board: Board, spawn: Callable[[Coroutine[Any, Any, None]], object]
    ) -> None:
        self._world = world
        self._loop = loop
        self._board = board
        self._spawn = spawn
        self._state: State = loop.kernel.state
        self._under_way: set[str] = set()

    def begin(self) -> None:
        """Go on with everything that an earlier guard began."""
        for halt in self._state.halts.values():
            if halt.flatten:
                self._close_halted(halt.id)
        for exit in self._state.exits.values():
            if exit.state == "triggered":
                self._close_exit(exit.id)

    def heard(self, record: Record) -> None:
        """Begin with what a durable record asks for."""
        for event in record.events:
            if isinstance(event, e.HaltRaised) and event.flatten:
                self._close_halted(event.halt)
            elif isinstance(event, e.ExitTriggered):
                self._close_exit(event.exit)

    def _close_halted(self, halt: str) -> None:
        self._start(halt, lambda: halt in self._state.halts, lambda: flatten.closing(self._state, halt))

    def _close_exit(self, name: str) -> None:
        def wanted() -> Intents:
            intent = exits.closing(self._state, name, self._loop.now())
            return None if intent is None else (intent,)

        self._start(name, lambda: self._is_triggered(name), wanted, lambda: exits.to_cancel(self._state, name))

    def _is_triggered(self, name: str) -> bool:
        exit = self._state.exits.get(name)
        return exit is not None and exit.state == "triggered"

    def _start(
        self, name: str, stands: Callable[[], bool], wanted: Callable[[], Intents], blocking: Blocking = _nothing
    ) -> None:
        if name not in self._under_way:
            self._under_way.add(name)
            self._spawn(self._close(name, stands, wanted, blocking))

    async def _close(
        self, name: str, stands: Callable[[], bool], wanted: Callable[[], Intents], blocking: Blocking
    ) -> None:
        tries, before = 0, None
        while stands():
            intents, orders = tuple(wanted() or ()), blocking()
            left = [(intent.connection, intent.instrument, intent.side, intent.quantity) for intent in intents]
            what = (left, orders)
            tries = tries + 1 if any(what) and what == before else 0
            before = what if any(what) else before
            await asyncio.gather(*(self._loop.enter(GUARD, c.Cancel(order=order)) for order in orders))
            await asyncio.gather(*(self._submit(intent) for intent in intents))
            await self._world.sleep(wait_ns(tries, RETRY_MAX_S))
        self._under_way.discard(name)

    async def _submit(self, intent: OrderIntent) -> None:
        client = exits.client_of(self._state, intent)
        await self._loop.enter(
            GUARD, c.Submit(intent=intent, client=client, marks=self._board.fresh(intent.instrument))
        )
