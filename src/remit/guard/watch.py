"""The watch: four times a second it looks for the halt file, for kills that have not reached every venue, for dead men
that want to be renewed, and at itself."""

from __future__ import annotations

import asyncio

from remit.guard.backoff import wait_ns
from remit.guard.dead_man import DeadMen
from remit.guard.errors import RequestMalformed
from remit.guard.halt_file import NAME
from remit.guard.loop import Loop
from remit.guard.world import World
from remit.kernel import command as c
from remit.kernel.event import Record
from remit.kernel.names import FIRM, GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.stands import HALT_FILE
from remit.kernel.state import State
from remit.kernel.venue_wide import not_emptied

EVERY_NS = NANOSECONDS // 4
FROZEN_NS = 3 * NANOSECONDS
"""A watch that comes so much late stood still: its process was stopped, or the machine had no time for it."""
RETRY_MAX_S = 16
"""The longest wait before a killed connection's venue is told again."""
NO_ANSWER_NS = 20 * NANOSECONDS
"""After so long a request that was under way is answered, or never will be."""


class HaltFileThere(RequestMalformed):
    """The halt that a file raised cannot be resumed while the file is there."""

    code = "halt_file"


class Watch:
    """Looks, and lets enter what follows; it holds no fact of its own beyond when it last tried."""

    def __init__(self, world: World, loop: Loop) -> None:
        self._world = world
        self._loop = loop
        self._state: State = loop.kernel.state
        self._inherited = set(self._state.cancel_alls)
        """What an earlier guard asked for: where there is no answer it is asked for at once."""
        self.dead_men = DeadMen(world, loop)
        self._entering: dict[str, asyncio.Future[Record]] = {}
        """What was asked for and is not durable yet, by what it is about: it is not asked for twice."""
        self._tries: dict[str, int] = {}
        self._was_up: dict[str, bool] = {}

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            before = self._world.awake()
            await self._world.sleep(EVERY_NS)
            late = self._world.awake() - before - EVERY_NS
            if late > FROZEN_NS:
                self._loop.stood_still(late)
            self.look()

    def heard(self, record: Record) -> None:
        """Take note of a durable record."""
        self.dead_men.heard(record)

    def look(self) -> None:
        """Look once at everything."""
        self.look_for_halt_file()
        self._look_at_kills()
        self.dead_men.look()

    def look_for_halt_file(self) -> None:
        """Halt the firm where the file is there and no halt says so yet; before there is a firm nothing can trade."""
        reason = self._world.halt_file()
        if reason is None or FIRM not in self._state.subjects or self._is_entering(NAME):
            return
        if not any(self._state.halts[name].rule == HALT_FILE for name in self._state.halted.get(FIRM, ())):
            self._entering[NAME] = self._loop.enter(GUARD, c.Halt(subject=FIRM, why=reason, kill=True))

    def check_resume(self, body: c.Resume) -> None:
        """Return where the halt may be resumed as far as the halt file is concerned; HaltFileThere."""
        halt = self._state.halts.get(body.halt)
        if halt is not None and halt.rule == HALT_FILE and self._world.halt_file() is not None:
            why = f"the file {NAME} in the data folder halts the firm for as long as it is there"
            raise HaltFileThere(why, f"Remove the file {NAME}, then resume {body.halt}")

    def _look_at_kills(self) -> None:
        for connection in not_emptied(self._state):
            up = self._state.venue_states[connection].link_up
            if up and not self._was_up.get(connection, True):
                self._tries.pop(connection, None)
            self._was_up[connection] = up
            if not self._is_entering(connection) and self._is_due(connection):
                self._inherited.discard(connection)
                self._tries[connection] = self._tries.get(connection, 0) + 1
                self._entering[connection] = self._loop.enter(GUARD, c.CancelAll(connection=connection))

    def _is_due(self, connection: str) -> bool:
        """Whether to tell a venue again: at once for what an earlier guard left open, else later each time."""
        told = self._state.cancel_alls.get(connection)
        if told is None or connection in self._inherited:
            return True
        retry = wait_ns(self._tries.get(connection, 0), RETRY_MAX_S)
        return self._loop.now() >= told.at + (NO_ANSWER_NS if told.code is None else retry)

    def _is_entering(self, what: str) -> bool:
        entering = self._entering.get(what)
        return entering is not None and not entering.done()
