"""The world of one guard's process on a virtual machine, and the socket that its callers reach it by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from remit.guard.errors import LinkDown
from remit.guard.handle import Handle
from remit.guard.link import Link, listen
from remit.guard.passwords import Cost
from remit.guard.wire import Server
from remit.journal.side import SideStore
from remit.journal.store import Store
from remit.kernel.effect import Alert
from remit.testing.sim.loop import Process
from remit.testing.sim.virtual_disk import Died
from remit.venues.paper.messages import FromFeed, read_frame

if TYPE_CHECKING:
    from remit.testing.sim.machine import Machine

SOCKET = Path("/sim/guard.sock")
REPLY_TIMEOUT_S = 10
WORK_S = 0.25
PASSWORD_COST = Cost(8, 1, 1)
"""The least that a hash can cost: what it costs in earnest is tried elsewhere."""
T = TypeVar("T")


class VirtualWorld:
    """The `World` of one guard's process on a virtual machine. A dead process changes nothing in it."""

    def __init__(self, machine: Machine, process: Process) -> None:
        self._machine = machine
        self._process = process
        self._links: dict[str, Link] = {}
        self._mounts: dict[str, Store] = {}
        self._anchor: Store | None = None

    def now(self) -> int:
        """The machine's wall clock, which may jump."""
        return self._machine.now()

    def monotonic(self) -> int:
        """The virtual time, also while the machine sleeps."""
        return self._machine.loop.ns

    def awake(self) -> int:
        """The virtual time while the machine did not sleep."""
        return self._machine.awake_ns()

    def random(self, count: int) -> bytes:
        """So many bytes of the machine's sequence."""
        return self._machine.random_bytes(count)

    async def sleep(self, duration_ns: int) -> None:
        """Return after so much virtual time."""
        await asyncio.sleep(duration_ns / 10**9)

    async def work(self, job: Callable[[], T]) -> T:
        """Return what the job gives, after as much virtual time as a slow one takes."""
        await asyncio.sleep(WORK_S)
        return job()

    def writes(self) -> tuple[Path, ...]:
        """No folder of this machine."""
        return ()

    def halt_file(self) -> str | None:
        """What the machine's halt file says."""
        return self._machine.halt_text

    def store(self, folder: str) -> Store:
        """The named disk; StoreLocked while another process has it."""
        if folder not in self._mounts:
            self._mounts[folder] = self._machine.disks[folder].mount(self._process)
        return self._mounts[folder]

    def side(self) -> SideStore:
        """The machine's side store."""
        return self._machine.side(self._process)

    def has_file(self, name: str) -> bool:
        """Whether a small file of this name is there."""
        return name in self._machine.files

    def read_file(self, name: str) -> bytes | None:
        """A small file's bytes."""
        return self._machine.files[name].encode() if name in self._machine.files else None

    def publish(self, name: str, text: str) -> None:
        """Put a small file there."""
        self._check()
        self._machine.files[name] = text

    def remove_file(self, name: str) -> None:
        """Take a small file away."""
        self._check()
        self._machine.files.pop(name, None)

    async def send(self, connection: str, make: Callable[[], bytes]) -> bytes:
        """Send over the connection's virtual link; LinkDown, NoReply."""
        if connection not in self._links:
            self._links[connection] = Link(self._path(connection), REPLY_TIMEOUT_S)
        return await self._links[connection].send(make)

    def listen(self, connection: str, hello: bytes) -> AsyncGenerator[bytes, None]:
        """Listen over a virtual link of its own; LinkDown."""
        return listen(self._path(connection), hello)

    def anchor(self) -> Store | None:
        """The machine's second folder, on a disk of its own, where it has one."""
        if self._anchor is None and self._machine.elsewhere.anchoring is not None:
            self._anchor = self._machine.elsewhere.anchoring.disk.mount(self._process)
        return self._anchor

    async def submit(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Ask a witness of the machine's, over a network that may lose either way; LinkDown."""
        if self._machine.elsewhere.anchoring is None:
            raise LinkDown(f"there is no witness at {url}", "Give the machine witnesses")
        return await self._machine.elsewhere.anchoring.witnesses[url].asked(body)

    def alert(self, alert: Alert) -> None:
        """Tell the machine."""
        if self._process.alive:
            self._machine.alert(alert)

    def close(self) -> None:
        """Close the links and give up the disks."""
        for link in self._links.values():
            link.close()
        for mount in self._mounts.values():
            mount.close()
        if self._anchor is not None:
            self._anchor.close()
        self._mounts.clear()

    def _path(self, connection: str) -> Path:
        if connection not in self._machine.links:
            raise LinkDown(f"no socket is known for the connection {connection}", "Name it in the machine's links")
        return self._machine.links[connection]

    def _check(self) -> None:
        if not self._process.alive:
            raise Died


class VirtualServer(Server):
    """The wire server on a path of the virtual network."""

    def __init__(self, handle: Handle) -> None:
        super().__init__(SOCKET, handle)

    async def _listen(self, make: Callable[[], asyncio.Protocol]) -> asyncio.AbstractServer:
        return await asyncio.get_running_loop().create_unix_server(make, str(self.path))

    def _leave(self) -> None:
        """Nothing: a virtual path goes with who listens on it."""

def is_from_feed(message: bytes) -> bool:
    """Whether a message to a venue is what a feed says there, and no request."""
    try:
        return isinstance(read_frame(message), FromFeed)
    except ValueError:
        return False
