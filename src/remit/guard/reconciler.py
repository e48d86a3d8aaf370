"""The reconciler: has each connection's own account compared with the book, every minute and whenever it may
differ."""

from __future__ import annotations

from collections.abc import Collection

from remit.guard.backoff import wait_ns
from remit.guard.loop import Loop
from remit.guard.world import World
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.state import State

ROUND_NS = 60 * NANOSECONDS
"""From one round of a connection to the next."""
LOOK_NS = NANOSECONDS
"""How often the reconciler looks which rounds are due."""
AGAIN_NS = tuple(seconds * NANOSECONDS for seconds in (5, 10, 20))
"""How soon a round comes again whose differences were all in transit; after these the usual rhythm."""


class Reconciler:
    """Enters a question for each round; what follows from its answer is the kernel's.

    It hears every durable record: a question that anybody entered begins a round, an account in transit is looked at
    again soon, a person's decision and a machine that woke up want a round at once.
    """

    def __init__(self, world: World, loop: Loop, venues: Collection[str]) -> None:
        self._world = world
        self._loop = loop
        self._venues = venues
        self._state: State = loop.kernel.state
        self._due: dict[str, int] = {}
        """When the next round of each connection begins, by the monotonic clock."""
        self._tries: dict[str, int] = {}
        """Rounds in a row that settled nothing."""

    async def run(self) -> None:
        """Reconcile for ever."""
        while True:
            for connection in sorted(self._state.connections):
                if self._state.connections[connection].venue in self._venues and self._is_due(connection):
                    self._set(connection, ROUND_NS)
                    await self._loop.enter(GUARD, c.Ask(connection=connection))
            await self._world.sleep(LOOK_NS)

    def heard(self, record: Record) -> None:
        """Take note of a durable record."""
        body = record.command.body
        if isinstance(body, c.Woke):
            self._due = dict.fromkeys(self._state.connections, self._world.monotonic())
        for event in record.events:
            if isinstance(event, e.Asked) and not event.order:
                self._set(event.connection, ROUND_NS)
            elif isinstance(event, e.Corrected | e.Kept):
                self._set(event.connection, 0)
            elif isinstance(event, e.Silent):
                if not self._state.venue_states[event.connection].reconciled:
                    self._set(event.connection, wait_ns(self._tried(event.connection)))
            elif isinstance(event, e.Drifted) and all(drift.bucket == "in_transit" for drift in event.drifts):
                tries = self._tried(event.connection)
                self._set(event.connection, AGAIN_NS[tries] if tries < len(AGAIN_NS) else ROUND_NS)
            elif isinstance(event, e.Drifted) or isinstance(event, e.Took) and isinstance(body, c.Reconciled):
                self._tries.pop(getattr(body, "connection", ""), None)

    def _tried(self, connection: str) -> int:
        """Count one more round that settled nothing; return how many there were before it."""
        tries = self._tries.get(connection, 0)
        self._tries[connection] = tries + 1
        return tries

    def _is_due(self, connection: str) -> bool:
        """Whether a round is due; who opens a connection asks first, so that a new one is left to that."""
        at = self._world.monotonic()
        return at >= self._due.setdefault(connection, at + LOOK_NS)

    def _set(self, connection: str, wait_ns: int) -> None:
        self._due[connection] = self._world.monotonic() + wait_ns
