"""Following the journal: its entries in pieces that keep nobody waiting, and what becomes durable from then on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

from remit.guard.callers import check_stands
from remit.guard.errors import Busy, GuardError
from remit.guard.loop import Loop
from remit.guard.views.looking import Looking
from remit.journal.log import Journal
from remit.kernel.codec import decode, encode
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.names import Principal

WAITING_MAX = 10_000
"""Records that wait for a slow follower; beyond them its stream ends and it resumes by sequence number."""
STREAMS_MAX = 16
"""Streams that one token may have open at a time."""
PIECE = 64
"""Entries that are read before everything else has its turn: a millisecond or two."""


class Followers:
    """Whoever follows the journal, and what each of them has not read yet."""

    def __init__(
        self, kernel: Kernel, journal: Journal, loop: Loop, check: Callable[[Principal], None] | None = None
    ) -> None:
        self._check_token = check or (lambda by: None)
        self._kernel = kernel
        self._journal = journal
        self._loop = loop
        self._waiting: dict[asyncio.Queue[Record | None], Principal] = {}

    def heard(self, record: Record) -> None:
        """Pass a durable record on to whoever follows."""
        for queue in tuple(self._waiting):
            if queue.qsize() >= WAITING_MAX:
                del self._waiting[queue]
                queue.put_nowait(None)
            else:
                queue.put_nowait(record)

    def check_room(self, by: Principal) -> None:
        """Return where the token may open another stream; Busy otherwise."""
        if sum(other.token == by.token for other in self._waiting.values()) >= STREAMS_MAX:
            raise Busy(f"{STREAMS_MAX} streams of this token are open", "Close one first")

    async def stream(self, by: Principal, start: int) -> AsyncGenerator[bytes, None]:
        """Yield the entries from sequence number `start` on (0: what comes next); agents, clients and owners see
        what is theirs.

        It ends when the reader falls too far behind. Busy; NotAuthenticated as soon as the token is worth nothing,
        at the latest when `look` looks.
        """
        self.check_room(by)
        looking = Looking(self._kernel, by, {}, 0, self.entries, dict)
        queue: asyncio.Queue[Record | None] = asyncio.Queue()
        last = self._kernel.state.seq
        self._waiting[queue] = by
        try:
            if 0 < start <= last:
                async for index, entry in self.entries(start - 1):
                    if index >= last:
                        break
                    told = decode(Record, entry)
                    shown = looking.shown(told)
                    if shown is not None:
                        self._check(by)
                        yield entry if shown is told else encode(shown)
            while (record := await queue.get()) is not None:
                self._check(by)
                shown = looking.shown(record) if record.command.seq > last else None
                if shown is not None:
                    yield encode(shown)
            self._check(by)
        finally:
            self._waiting.pop(queue, None)

    def look(self) -> None:
        """End the streams whose token is worth nothing any more, also where nothing happens that they could hear."""
        for queue, by in tuple(self._waiting.items()):
            try:
                self._check(by)
            except GuardError:
                del self._waiting[queue]
                queue.put_nowait(None)

    async def entries(self, start: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield the durable entries from index `start` on, giving everything else a turn after every few."""
        for number, found in enumerate(_entries(self._journal, start), 1):
            yield found
            if number % PIECE == 0:
                await asyncio.sleep(0)

    def _check(self, by: Principal) -> None:
        self._loop.check()
        check_stands(self._kernel.state, by.token, self._loop.now())
        self._check_token(by)


def _entries(journal: Journal, start: int) -> Iterator[tuple[int, bytes]]:
    return journal.entries(start) if start < journal.size else iter(())
