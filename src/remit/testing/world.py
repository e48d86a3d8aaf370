"""A world in memory: its clock stands until it is moved, its randomness is seeded, its venues follow a script."""

from __future__ import annotations

import asyncio
import heapq
import random
import sqlite3
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TypeVar

from remit.guard.errors import LinkDown
from remit.journal.side import SideStore
from remit.journal.store import Store
from remit.kernel.effect import Alert
from remit.testing.disk import MemoryStore

START = 1_800_000_000 * 10**9
"""The wall clock of a new world: a Friday in January 2027."""
T = TypeVar("T")
Script = Callable[[bytes], bytes]
"""What a venue replies to a message; it may raise LinkDown or NoReply instead."""


class MemoryWorld:
    """A `World` that a test owns: same seed and same calls, same outcome. Times are nanoseconds.

    `disks` are the folders; after a crash, give their reboots to the next world. `sent` and `alerts` are what the guard
    did.
    """

    def __init__(self, seed: int = 0, wall: int = START, disks: dict[str, MemoryStore] | None = None) -> None:
        self.wall = wall
        self.steady = 0
        self.slept = 0
        self.halt_text: str | None = None
        self.deaf: set[str] = set()
        """Connections whose stream does not open, whatever else their venue answers."""
        self.disks = {} if disks is None else disks
        self.files: dict[str, str] = {}
        """The small files beside the folders, by name."""
        self.venues: dict[str, Script] = {}
        self.anchor_disk: MemoryStore | None = None
        """The second folder."""
        self.witnesses: dict[str, Callable[[bytes], tuple[int, bytes]]] = {}
        """What each witness answers, by the beginning of its URL; it may raise LinkDown instead."""
        self.sent: list[tuple[str, bytes]] = []
        self.alerts: list[Alert] = []
        self.working = asyncio.Event()
        """Whether slow jobs are done; a test that clears it keeps them waiting."""
        self.working.set()
        self._random = random.Random(seed)
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._slept = 0
        self._streams: dict[str, list[asyncio.Queue[bytes | None]]] = {}

    def now(self) -> int:
        """The wall clock, as it was set."""
        return self.wall

    def monotonic(self) -> int:
        """The nanoseconds that `pass_time` let pass."""
        return self.steady

    def awake(self) -> int:
        """As `monotonic`, without what `sleep_machine` slept."""
        return self.steady - self.slept

    def random(self, count: int) -> bytes:
        """So many bytes of the seed's sequence."""
        return self._random.randbytes(count)

    async def sleep(self, duration_ns: int) -> None:
        """Return when `pass_time` has let so much time pass; the other tasks run once in any case."""
        if duration_ns <= 0:
            await asyncio.sleep(0)
            return
        awake = asyncio.get_running_loop().create_future()
        self._slept += 1
        heapq.heappush(self._sleepers, (self.steady + duration_ns, self._slept, awake))
        await awake

    async def work(self, job: Callable[[], T]) -> T:
        """Return what the job gives, after the other tasks had their turn and once `working` is set."""
        await asyncio.sleep(0)
        await self.working.wait()
        return job()

    def writes(self) -> tuple[Path, ...]:
        """No folder of this machine."""
        return ()

    def halt_file(self) -> str | None:
        """The halt file's reason: what a test wrote into `halt_text`."""
        return self.halt_text

    def store(self, folder: str) -> Store:
        """The named folder: a disk in memory."""
        return self.disks.setdefault(folder, MemoryStore())

    def side(self) -> SideStore:
        """A side store in memory, gone with the guard that opened it."""
        return SideStore(sqlite3.connect(":memory:"), self.random)

    def has_file(self, name: str) -> bool:
        """Whether `files` has one of this name."""
        return name in self.files

    def read_file(self, name: str) -> bytes | None:
        """What `files` has under this name."""
        return self.files[name].encode() if name in self.files else None

    def publish(self, name: str, text: str) -> None:
        """Keep the file in `files`."""
        self.files[name] = text

    def remove_file(self, name: str) -> None:
        """Drop the file from `files`."""
        self.files.pop(name, None)

    async def send(self, connection: str, make: Callable[[], bytes]) -> bytes:
        """Hand the message to the venue's script; LinkDown where the connection has none."""
        if connection not in self.venues:
            raise LinkDown(f"no venue is scripted for {connection}", "Give it a script in `venues`")
        message = make()
        self.sent.append((connection, message))
        return self.venues[connection](message)

    async def listen(self, connection: str, hello: bytes) -> AsyncGenerator[bytes, None]:
        """Yield what `say` says from now on, until `hang_up` ends it with LinkDown; LinkDown for who is `deaf`."""
        if connection in self.deaf:
            raise LinkDown(f"no stream of {connection} opens", "Listen again")
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        streams = self._streams.setdefault(connection, [])
        streams.append(queue)
        try:
            yield b""
            while (message := await queue.get()) is not None:
                yield message
        finally:
            streams.remove(queue)
        raise LinkDown(f"{connection} hung up", "Listen again")

    def anchor(self) -> Store | None:
        """What a test put into `anchor_disk`."""
        return self.anchor_disk

    async def submit(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Hand the request to the witness's script; LinkDown where the URL has none."""
        if url not in self.witnesses:
            raise LinkDown(f"no witness is scripted for {url}", "Give it a script in `witnesses`")
        await asyncio.sleep(0)
        return self.witnesses[url](body)

    def alert(self, alert: Alert) -> None:
        """Keep the alert in `alerts`."""
        self.alerts.append(alert)

    def close(self) -> None:
        """Nothing: nobody else wants what is in memory."""

    def pass_time(self, duration_ns: int) -> None:
        """Let both clocks go ahead, and wake the sleepers that fall due, in order."""
        self.wall += duration_ns
        self.steady += duration_ns
        while self._sleepers and self._sleepers[0][0] <= self.steady:
            awake = heapq.heappop(self._sleepers)[2]
            if not awake.done():
                awake.set_result(None)

    def sleep_machine(self, duration_ns: int) -> None:
        """Let the machine sleep: time passes, and only `awake` knows nothing of it."""
        self.slept += duration_ns
        self.pass_time(duration_ns)

    def jump_wall(self, by_ns: int) -> None:
        """Set the wall clock ahead, or back where below zero; the monotonic clock knows nothing of it."""
        self.wall += by_ns

    def next_wake(self) -> int | None:
        """The monotonic time at which the first sleeper falls due; None where nobody sleeps."""
        return self._sleepers[0][0] if self._sleepers else None

    def say(self, connection: str, message: bytes) -> None:
        """Let a venue say something unasked to all who listen."""
        for queue in self._streams.get(connection, ()):
            queue.put_nowait(message)

    def hang_up(self, connection: str) -> None:
        """End the streams of a connection."""
        for queue in self._streams.get(connection, ()):
            queue.put_nowait(None)
