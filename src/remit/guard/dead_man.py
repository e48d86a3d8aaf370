"""Dead men: while orders of a connection work, its venue is told again and again to cancel them should the guard fall
silent."""

from __future__ import annotations

import asyncio

from remit.guard.loop import Loop
from remit.guard.world import World
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.state import ArmFact, State
from remit.kernel.venue_wide import dead_man_s, works

RENEWALS = 3
"""How often a dead man is renewed in the time after which its venue would act."""
RETRY_NS = NANOSECONDS
SOONEST_NS = NANOSECONDS // 4
LAST_ANSWER_NS = 2 * NANOSECONDS
"""How long a stopping guard waits for its venues to say that they are armed."""


class DeadMen:
    """Arms the dead man of a connection with its first order, renews it while orders work, and disarms it after the
    last.

    A venue that has none is asked once by each guard and then left alone; what did not reach a venue is tried again
    every second.
    """

    def __init__(self, world: World, loop: Loop) -> None:
        self._world = world
        self._loop = loop
        self._state: State = loop.kernel.state
        self._inherited = set(self._state.armed)
        """What an earlier guard armed: it is due at once, whatever became of it."""
        self._watched = {order.connection for order in self._state.orders.values()} | set(self._state.armed)
        """The connections that may have orders at work or be armed; only these are looked at."""
        self._entering: dict[str, asyncio.Future[Record]] = {}

    def heard(self, record: Record) -> None:
        """Arm the connection of an order that goes out now, unless it is armed."""
        for event in record.events:
            if isinstance(event, e.Released) or (isinstance(event, e.Reserved) and event.state == "allowed"):
                order = self._state.order(event.order)
                if order is not None:
                    self._watched.add(order.connection)
                    fact = self._state.armed.get(order.connection)
                    if fact is None or not fact.after_s:
                        self._look_at(order.connection)

    def look(self) -> None:
        """Arm, renew and disarm what is due."""
        for connection in sorted(self._watched):
            self._look_at(connection)

    async def arm_for_the_end(self) -> None:
        """Arm every connection with working orders for the last time, and wait a moment for the venues' answers."""
        wanted = [name for name in sorted(self._watched) if works(self._state, name) and dead_man_s(self._state, name)]
        wanted = [name for name in wanted if not self._is_without(name)]
        await asyncio.gather(*(self._loop.enter(GUARD, c.Arm(connection=name)) for name in wanted))
        end = self._world.monotonic() + LAST_ANSWER_NS
        while self._world.monotonic() < end and any(self._state.armed[name].code is None for name in wanted):
            await self._world.sleep(NANOSECONDS // 50)

    def _look_at(self, connection: str) -> None:
        entering = self._entering.get(connection)
        fact, after_s = self._state.armed.get(connection), dead_man_s(self._state, connection)
        if (entering is not None and not entering.done()) or not self._is_due(connection, fact, after_s):
            return
        self._inherited.discard(connection)
        if after_s and works(self._state, connection):
            self._entering[connection] = self._loop.enter(GUARD, c.Arm(connection=connection))
        elif fact is not None and (fact.after_s or fact.code):
            self._entering[connection] = self._loop.enter(GUARD, c.Arm(connection=connection, off=True))
        else:
            self._watched.discard(connection)

    def _is_due(self, connection: str, fact: ArmFact | None, after_s: int) -> bool:
        if fact is None or connection in self._inherited:
            return True
        if self._is_without(connection):
            return False
        if fact.after_s not in (0, after_s) or (not fact.after_s and fact.code == ""):
            return True
        age = self._loop.now() - fact.at
        return age >= (RETRY_NS if fact.code else max(after_s * NANOSECONDS // RENEWALS, SOONEST_NS))

    def _is_without(self, connection: str) -> bool:
        """Whether this guard has heard that the venue has no dead man of the time that is asked for now."""
        fact = self._state.armed.get(connection)
        if fact is None or fact.code != "unencodable" or connection in self._inherited:
            return False
        return fact.after_s in (0, dead_man_s(self._state, connection))
