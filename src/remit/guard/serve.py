"""The guard's process: its settings, this machine as its world, and the signals that stop it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from remit.guard.anchors import HEAD
from remit.guard.config import BUCKET, Settings, paper_socket
from remit.guard.exports import Wanted
from remit.guard.guard import Guard
from remit.guard.measure import measured
from remit.guard.needs import room
from remit.guard.recover import SNAPSHOT_EVERY
from remit.guard.sandbox import Sandbox
from remit.guard.system import ThisSystem
from remit.guard.wire import Server
from remit.guard.world import RealWorld
from remit.journal.log import SEGMENT_BYTES, Resume
from remit.venues.paper.codec import Paper


class GuardProcess:
    """One running guard over one data folder, confined before it speaks with anybody. A connection that the settings
    name no socket for goes to the paper venue's."""

    def __init__(
        self,
        settings: Settings,
        passphrase: str | None = None,
        resume: Resume | None = None,
        heads: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """`heads` of the journal are kept elsewhere, by where that is; those of exports to folders are looked up."""
        left = room(settings)
        self.sandbox = Sandbox(ThisSystem(), left, settings.sandbox_min)
        self.guard = Guard(
            RealWorld(
                settings.home,
                settings.links,
                elsewhere=paper_socket(settings.socket),
                anchor_folder=settings.anchor_folder,
                writes=left.write,
            ),
            {Paper.name: Paper()},
            lambda handle: Server(settings.socket, handle, frozenset(settings.peers)),
            passphrase=passphrase,
            resume=resume,
            about={"environment": settings.environment, "home": str(settings.home)},
            snapshot_every=SNAPSHOT_EVERY,
            segment_bytes=SEGMENT_BYTES,
            reach=settings.reach,
            layers=self.sandbox.layers,
            witnesses=settings.witnesses,
            witnesses_needed=settings.witnesses_needed,
            heads={**exported_heads(settings.exports), **heads},
            exports=Wanted(settings.exports, settings.export_lag_s_max),
        )
        measured()  # while all that is installed can still be read

    async def run(self, ready: Callable[[str | None], None] = lambda token: None) -> None:
        """Serve until SIGINT or SIGTERM. `ready` gets the operator's token where one was made now. JournalError when
        the disk fails; SandboxMissing where the sandbox is less than the settings ask for."""
        self.guard.server.bind()  # a confined guard neither makes a socket nor listens
        try:
            self.sandbox.enter()
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await self.guard.run(stop, ready)
        finally:
            await self.guard.server.stop()


def exported_heads(exports: Sequence[str]) -> dict[str, bytes]:
    """Return the heads that the exports to folders hold, by where each is; one that holds none yet is passed over.
    OSError where one cannot be read. A bucket's head is brought along with `--head`."""
    found = {}
    for export in exports:
        path = Path(export) / HEAD
        if not export.startswith(BUCKET) and path.exists():
            found[f"the file {path}"] = path.read_bytes()
    return found
