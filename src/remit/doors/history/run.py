"""The historian: it follows the journal into the file of the history, and samples what only the guard can tell."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from remit.doors.history.errors import HistoryDamaged, HistoryUnusable
from remit.doors.history.file import FILE, History, Leg, Sample, digest_of, remove
from remit.doors.http.reading import JOURNAL
from remit.guard.wire import AsyncClient, GuardError, GuardGone
from remit.kernel.codec import build, encode
from remit.kernel.instrument import Instrument
from remit.kernel.numbers import DAY_NS, NANOSECONDS, Money, parse
from remit.reports.sources import entries_of

log = logging.getLogger("remit.history")
Result = TypeVar("Result")
LOCK = "history.lock"
BATCH_MAX = 1_000
KEEP_NS = 5 * NANOSECONDS
"""How often what was read is written."""
SAMPLE_NS = 60 * NANOSECONDS
SOON_NS = 10 * NANOSECONDS
"""How soon after another there is a sample where something filled."""
AGAIN_NS = 5 * NANOSECONDS
BACK_NS = 7 * DAY_NS
ENTRIES_MAX = 1_000_000
"""How far back a new file reaches: what is older, or further away, is not read for it."""


class Around(Protocol):
    """What it knows of the outside: time that passes. A test owns it."""

    async def sleep(self, duration_ns: int) -> None: ...


class Machine:
    """This machine's time."""

    async def sleep(self, duration_ns: int) -> None:
        """Return after so many nanoseconds."""
        await asyncio.sleep(duration_ns / NANOSECONDS)


class Historian:
    """Keeps the history of the data folder `home`, as long as it runs, by a client whose token sees everything.

    Of several over one folder one writes; the next takes over when it ends. `fault` says what keeps it from its work,
    empty where nothing does; it tries again by itself, and touches nothing else.
    """

    def __init__(self, client: AsyncClient, home: Path, around: Around | None = None) -> None:
        self._client, self._home, self._around = client, home, around or Machine()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="remit-history")
        self._batch: list[bytes] = []
        self._lock = asyncio.Lock()
        self._begun, self._happened = asyncio.Event(), asyncio.Event()
        self._file: History | None = None
        self.fault = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Keep it until `stop` is set; what is not written by then is read again by the next start."""
        keeping = asyncio.create_task(self._keep_on())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({keeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                keeping.result()
        finally:
            for task in (keeping, stopping):
                task.cancel()
            await asyncio.gather(keeping, stopping, return_exceptions=True)
            self._thread.shutdown()

    async def _keep_on(self) -> None:
        while True:
            try:
                with _owned(self._home / LOCK) as is_ours:
                    if is_ours:
                        await self._keep()
            except HistoryDamaged as fault:
                self._tell(fault)
                await self._in_thread(lambda: remove(self._home / FILE))
            except (GuardError, OSError) as fault:
                self._tell(fault)
            await self._around.sleep(AGAIN_NS)

    async def _keep(self) -> None:
        """Follow, write and sample until something fails."""
        self._file = file = await self._in_thread(lambda: History(self._home / FILE))
        self._batch.clear()
        self._begun.clear()
        tasks = [asyncio.create_task(work()) for work in (self._follow, self._write, self._sample)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(HistoryUnusable):
                await self._flush()
            self._file = None
            await self._in_thread(file.close)

    def _tell(self, fault: Exception) -> None:
        if self.fault != str(fault):
            log.warning("the history waits: %s", fault)
        self.fault = str(fault)

    @property
    def file(self) -> History:
        """The open file."""
        assert self._file is not None, "not running"
        return self._file

    # From the journal

    async def _follow(self) -> None:
        start = await self._catch_up(await self._begin())
        self.fault = ""
        self._begun.set()
        async with contextlib.aclosing(self._entries(start)) as entries:
            async for entry in entries:
                self._batch.append(entry)
                if len(self._batch) >= BATCH_MAX:
                    await self._flush()

    async def _catch_up(self, start: int) -> int:
        """Read what is on this machine's disk, which costs the guard nothing, and return the entry to follow from;
        where the journal is another user's, the guard tells it."""
        entries = entries_of(self._home / JOURNAL, start)
        with contextlib.suppress(OSError):
            while batch := await self._in_thread(lambda: list(islice(entries, BATCH_MAX))):
                await self._in_thread(lambda: self.file.take(batch))  # noqa: B023  awaited at once
                start += len(batch)
        return start

    async def _begin(self) -> int:
        """Return the entry to follow from; begin anew where the journal is not the one that was read."""
        last = int((await self._client.ask("read", {"view": "status"}))["seq"])
        file = self.file
        position = await self._in_thread(lambda: file.position)
        if position is None or not await self._is_same(position, last):
            if position is not None:
                log.warning("the journal is not the one that was read: the history is made anew")
            start, at = await self._first(last)
            terms = [_terms(row) for row in await self._client.ask("read", {"view": "instruments"})]
            await self._in_thread(lambda: file.begin(start, at, terms))
            return start
        return position + 1

    async def _is_same(self, position: int, last: int) -> bool:
        digest = await self._in_thread(lambda: self.file.digest)
        if position > last or not digest:
            return position <= last
        return digest_of(await self._entry(position)) == digest

    async def _first(self, last: int) -> tuple[int, int]:
        """Return the entry that a new file begins with, and when it was: by halves, since entries are in order of
        time."""
        if last < 1:
            return 1, int((await self._me())["at"])
        low, high = max(last - ENTRIES_MAX, 0) + 1, last
        since = await self._at(last) - BACK_NS
        while low < high:
            middle = (low + high) // 2
            if await self._at(middle) < since:
                low = middle + 1
            else:
                high = middle
        return low, await self._at(low)

    async def _at(self, seq: int) -> int:
        found = await self._client.ask("read", {"view": "log", "from": seq, "to": seq, "limit": 1})
        return int(found["entries"][0]["command"]["at"])

    async def _entry(self, seq: int) -> bytes:
        async with contextlib.aclosing(self._entries(seq)) as entries:
            return await anext(entries)

    async def _entries(self, start: int) -> AsyncGenerator[bytes, None]:
        items: Any = self._client.follow({"from": start}, msgspec.Raw)
        async with contextlib.aclosing(items):
            async for item in items:
                yield bytes(item)
        raise GuardGone("the guard ended the stream", "It is followed again by itself")

    async def _write(self) -> None:
        while True:
            await self._around.sleep(KEEP_NS)
            await self._flush()

    async def _flush(self) -> None:
        """Make what was read durable."""
        async with self._lock:
            batch, self._batch = self._batch, []
            if batch:
                happened = await self._in_thread(lambda: self.file.take(batch))
                if happened:
                    self._happened.set()

    # From the guard's views

    async def _sample(self) -> None:
        await self._begun.wait()
        while True:
            self._happened.clear()
            await self._look()
            await self._around.sleep(SOON_NS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout((SAMPLE_NS - SOON_NS) / NANOSECONDS):
                    await self._happened.wait()

    async def _look(self) -> None:
        at = (await self._me())["at"]
        views = ("accounts", "connections", "facts", "exits")
        accounts, connections, facts, exits = [await self._client.ask("read", {"view": view}) for view in views]
        samples = [*_equity(accounts), *_cash(accounts, connections, facts["balance"]), *_legs(exits)]
        await self._in_thread(lambda: self.file.sample(at, samples))

    async def _me(self) -> Any:
        return await self._client.ask("read", {"view": "self"})

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        """Do something with the disk where it keeps nobody waiting; one at a time, in order."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _terms(row: dict[str, Any]) -> Instrument:
    known = {field: value for field, value in row.items() if field in Instrument.__struct_fields__}
    return build(Instrument, known)


def _equity(accounts: list[dict[str, Any]]) -> Iterator[Sample]:
    for row in accounts:
        yield Sample("equity", row["name"], parse(Money, row["equity"]))


def _cash(
    accounts: list[dict[str, Any]], connections: list[dict[str, Any]], balances: list[dict[str, Any]]
) -> Iterator[Sample]:
    """Yield each account's cash in its own currency, over all its connections; other currencies are none of it."""
    account_of = {row["name"]: row["account"] for row in connections}
    held: dict[tuple[str, str], int] = {}
    for row in balances:
        key = (account_of.get(row["connection"], ""), row["currency"])
        held[key] = held.get(key, 0) + parse(Money, row["amount"])
    for row in accounts:
        yield Sample("cash", row["name"], held.get((row["name"], row["currency"]), 0))


def _legs(exits: list[dict[str, Any]]) -> Iterator[Sample]:
    for row in exits:
        for number, leg in enumerate(row["legs"]):
            if leg["level"] is not None:
                about = encode(Leg(row["exit"], leg["kind"], row["agent"], row["client"]))
                name = f"{row['exit']} {number}"
                yield Sample("leg", row["instrument"], parse(Money, leg["level"]), name, about)


@contextlib.contextmanager
def _owned(path: Path) -> Iterator[bool]:
    """Whether this process, and no other, has the lock of a file as long as it is held."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
