"""The one interface between the guard and everything outside it: clocks, randomness, disk, links, people."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

from remit.guard import halt_file
from remit.guard.errors import LinkDown
from remit.guard.link import Link, listen
from remit.guard.private import check_private, write_private
from remit.guard.witness_link import WitnessLink
from remit.journal.side import SideStore
from remit.journal.store import FileStore, Store
from remit.kernel.effect import Alert
from remit.kernel.printable import json_line

JOURNAL = "journal"
KEYS = "keys"
TOKENS = "tokens"
T = TypeVar("T")
SIDE = "side.db"


class World(Protocol):
    """All that the guard may know of and do to the outside, small enough for a simulator to own. Times are in ns."""

    def now(self) -> int:
        """The wall clock: nanoseconds since the epoch, UTC. It may jump."""
        ...

    def monotonic(self) -> int:
        """A clock that only goes ahead, also while the machine sleeps; its zero means nothing."""
        ...

    def awake(self) -> int:
        """A clock that only goes ahead, and stands still while the machine sleeps; its zero means nothing."""
        ...

    def random(self, count: int) -> bytes:
        """So many bytes that nobody can guess."""
        ...

    async def sleep(self, duration_ns: int) -> None:
        """Return after so many nanoseconds of monotonic time."""
        ...

    async def work(self, job: Callable[[], T]) -> T:
        """Return what a slow job gives, which touches nothing that is shared; everything else goes on meanwhile."""
        ...

    def halt_file(self) -> str | None:
        """Why the halt file halts; None only where it is certain that there is none. It never raises."""
        ...

    def store(self, folder: str) -> Store:
        """The named private folder, the same object for each call; OpenToOthers where others could read it."""
        ...

    def side(self) -> SideStore:
        """The side store, opened; sqlite3.Error."""
        ...

    def writes(self) -> tuple[Path, ...]:
        """The folders that the guard's process may write in: nothing that it runs may lie there."""
        ...

    def has_file(self, name: str) -> bool:
        """Whether a small file of this name lies beside the folders: how the machine's owner asks for something."""
        ...

    def read_file(self, name: str) -> bytes | None:
        """A small file's bytes from beside the folders; None where there is none. OSError."""
        ...

    def publish(self, name: str, text: str) -> None:
        """Write a small file beside the folders for this user to find, whole or not at all; OSError."""
        ...

    def remove_file(self, name: str) -> None:
        """Remove a small file from beside the folders, if it is there; OSError."""
        ...

    async def send(self, connection: str, make: Callable[[], bytes]) -> bytes:
        """Send one message to a connection's venue and return its reply.

        `make` gives the message at the last instant, when the link is open: what it raises comes through and nothing
        left. LinkDown: certainly nothing left. NoReply: something may have left, the outcome is unknown.
        """
        ...

    def listen(self, connection: str, hello: bytes) -> AsyncGenerator[bytes, None]:
        """Open a stream with `hello` and yield what the venue says unasked, and before that, once it is open, an empty
        message; LinkDown where it cannot open or ends."""
        ...

    def anchor(self) -> Store | None:
        """The second folder, in which a head of the journal is kept out of its reach; None where there is none."""
        ...

    async def submit(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Show a head to the witness whose URL begins so, and return its HTTP status and answer; LinkDown where there
        is none. What was shown may be shown again."""
        ...

    def alert(self, alert: Alert) -> None:
        """Tell people, loudly. It never blocks and never raises."""
        ...

    def close(self) -> None:
        """Close the links and give up the folders."""
        ...


class RealWorld:
    """This machine: its clocks, its randomness, folders under `home`, and Unix sockets to the venues.

    `links` names the socket of each connection's venue, `elsewhere` that of all others. A reply that takes longer than
    `reply_timeout_s` is unknown.
    `tell` receives alerts; by default they are lines of JSON on standard error. `anchor_folder` is the second folder,
    `writes` are other folders that this process may write in.
    """

    def __init__(
        self,
        home: Path,
        links: Mapping[str, Path],
        reply_timeout_s: float = 10,
        tell: Callable[[Alert], None] | None = None,
        elsewhere: Path | None = None,
        anchor_folder: Path | None = None,
        writes: tuple[Path, ...] = (),
    ) -> None:
        self._home = home
        self._writes = (home, *writes)
        self._reply_timeout_s = reply_timeout_s
        self._links = {connection: Link(path, reply_timeout_s) for connection, path in links.items()}
        self._elsewhere = elsewhere
        self._anchor_folder = anchor_folder
        self._anchor: FileStore | None = None
        self._witnesses: dict[str, WitnessLink] = {}
        self._stores: dict[str, FileStore] = {}
        self._tell = tell or _to_stderr
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="remit-work")

    def now(self) -> int:
        """The wall clock in nanoseconds since the epoch."""
        return time.time_ns()

    def monotonic(self) -> int:
        """A clock in nanoseconds that also counts while the machine sleeps, so that waking up is no jump."""
        return time.clock_gettime_ns(_STEADY)

    def awake(self) -> int:
        """A clock in nanoseconds that does not count while the machine sleeps."""
        return time.clock_gettime_ns(_AWAKE)

    def random(self, count: int) -> bytes:
        """So many bytes of the operating system's randomness."""
        return os.urandom(count)

    async def sleep(self, duration_ns: int) -> None:
        """Return after so many nanoseconds."""
        await asyncio.sleep(duration_ns / 10**9)

    async def work(self, job: Callable[[], T]) -> T:
        """Return what a slow job gives, in a thread of its own, one job at a time."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, job)

    def halt_file(self) -> str | None:
        """Why the file HALT under `home` halts; None where it is not there."""
        return halt_file.reason(self._home)

    def store(self, folder: str) -> Store:
        """The named folder under `home`, made private where it is new; OpenToOthers, StoreLocked."""
        if folder not in self._stores:
            check_private(self._home / folder)
            self._stores[folder] = FileStore(self._home / folder)
        return self._stores[folder]

    def side(self) -> SideStore:
        """The file side.db under `home`, made where it is new."""
        return SideStore(self._home / SIDE, self.random)

    def writes(self) -> tuple[Path, ...]:
        """`home`, and what was named beside it."""
        return self._writes

    def has_file(self, name: str) -> bool:
        """Whether there is a file of this name under `home`."""
        return (self._home / name).exists()

    def read_file(self, name: str) -> bytes | None:
        """The bytes of a file under `home`."""
        try:
            return (self._home / name).read_bytes()
        except FileNotFoundError:
            return None

    def publish(self, name: str, text: str) -> None:
        """Write a file under `home` that only this user can read."""
        write_private(self._home / name, text)

    def remove_file(self, name: str) -> None:
        """Remove a file under `home`, if it is there."""
        (self._home / name).unlink(missing_ok=True)

    async def send(self, connection: str, make: Callable[[], bytes]) -> bytes:
        """Send the message that `make` gives and return the reply to it; LinkDown, NoReply."""
        return await self._link(connection).send(make)

    def listen(self, connection: str, hello: bytes) -> AsyncGenerator[bytes, None]:
        """Nothing once the stream is open, then what a venue says unasked; LinkDown when it cannot open or ends."""
        return listen(self._link(connection).path, hello)

    def anchor(self) -> Store | None:
        """The folder that the settings name; StoreLocked where another guard keeps its heads there, OSError."""
        if self._anchor is None and self._anchor_folder is not None:
            self._anchor = FileStore(self._anchor_folder)
        return self._anchor

    async def submit(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Post to a witness over HTTP or HTTPS, in a thread of that witness's own; LinkDown."""
        link = self._witnesses.setdefault(url, WitnessLink(url))
        return await link.submit(body)

    def alert(self, alert: Alert) -> None:
        """Tell people; a broken channel, or words that it cannot write, are passed over, since the journal holds the
        alert's cause."""
        try:
            self._tell(alert)
        except (OSError, ValueError):
            return

    def close(self) -> None:
        """Close the links and give up the folders."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        for link in self._links.values():
            link.close()
        for witness in self._witnesses.values():
            witness.close()
        for store in self._stores.values():
            store.close()
        if self._anchor is not None:
            self._anchor.close()
        self._stores.clear()

    def _link(self, connection: str) -> Link:
        if connection not in self._links:
            if self._elsewhere is None:
                fix = "Name it under [links] in remit.toml"
                raise LinkDown(f"no socket is known for the connection {connection}", fix)
            self._links[connection] = Link(self._elsewhere, self._reply_timeout_s)
        return self._links[connection]


_AWAKE: int = getattr(time, "CLOCK_UPTIME_RAW", time.CLOCK_MONOTONIC)
_STEADY: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


WARNINGS = frozenset({"limit_near", "key_can_withdraw"})
"""Alerts that tell of nothing that has gone wrong yet; every other one is an error: somebody has to look."""


def _to_stderr(alert: Alert) -> None:
    """Write one line of the guard's log, which a collector can read: the alert, when, and how bad."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"alert": alert, "at": at, "level": "WARNING" if alert.code in WARNINGS else "ERROR"}
    print(json_line(line), file=sys.stderr, flush=True)
