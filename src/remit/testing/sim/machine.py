"""The guard's host in a virtual loop: disks, clocks, randomness, the halt file; it outlives the guard's process.

    machine = Machine(loop, seed=7, links=LINKS)
    machine.boot()
    if await machine.up():
        client = AsyncClient(SOCKET, machine.operator_token, "test")

The guard is the real one, over a world of virtual parts: real links and frames over the virtual network, real files'
bytes on virtual disks. All chance comes from sources named by the seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from remit.guard.errors import GuardError
from remit.guard.frame import Frames
from remit.guard.guard import OPERATOR_TOKEN, Guard
from remit.guard.recover import ORIGIN
from remit.guard.vault import Vault
from remit.guard.world import JOURNAL, KEYS, TOKENS
from remit.journal.errors import JournalError, JournalRolledBack
from remit.journal.log import Resume
from remit.journal.side import SideStore
from remit.kernel.effect import Alert
from remit.kernel.event import Record
from remit.testing.sim.befalling import MEANING
from remit.testing.sim.elsewhere import Elsewhere
from remit.testing.sim.loop import Process, VirtualLoop
from remit.testing.sim.virtual_disk import Copy, Died, Saved, VirtualDisk, VirtualSide
from remit.testing.sim.virtual_world import PASSWORD_COST, SOCKET, VirtualServer, VirtualWorld, is_from_feed
from remit.testing.world import START
from remit.venues.paper.codec import Paper

if TYPE_CHECKING:
    from remit.testing.sim.observer import Observer

__all__ = ["MEANING", "SOCKET", "Copy", "Died", "Machine", "Saved", "VirtualDisk", "VirtualWorld"]

MILLISECOND = 10**6
NAMED = (GuardError, JournalError, OSError, sqlite3.Error)
"""What ends a guard's process with a named error; anything else is a bug of ours."""


class Machine:
    """The host of one guard. `guard` and `process` are the running ones; `start_failed` is why the last start was
    refused. All times are nanoseconds.

    `links` names the virtual socket of each connection's venue. The keys are made here, as an owner's `remit init`
    does. An `observer` is told of everything here; where it `is_anchored` others remember the journal, and where it
    `is_exported` a copy of the journal is kept elsewhere.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        seed: int,
        *,
        links: Mapping[str, Path],
        start_ns: int = START,
        sync_ns: tuple[int, int] = (0, MILLISECOND),
        segment_bytes: int = 1 << 18,
        snapshot_every: int = 300,
        observer: Observer | None = None,
        is_anchored: bool = False,
        is_exported: bool = False,
    ) -> None:
        self.loop = loop
        self.links = dict(links)
        self.observer = observer
        self.start_ns = start_ns
        self.wall_offset = 0
        self.slept = 0
        self.halt_text: str | None = None
        self.side_is_full = False
        self.alerts: list[Alert] = []
        self.files: dict[str, str] = {}
        """The small files beside the folders, by name."""
        folders = {name: random.Random(f"{seed}/disk/{name}") for name in (JOURNAL, KEYS, TOKENS)}
        self.disks = {name: VirtualDisk(self, name, chance, sync_ns) for name, chance in folders.items()}
        self.guard: Guard | None = None
        self.process: Process | None = None
        self.start_failed: Exception | None = None
        self.died_of: str | None = None
        """Why the last guard ended without a clean stop; None where it runs or was stopped."""
        self.boots = 0
        self.second: asyncio.Future[None] | None = None
        """Done once a second guard, started beside a running one, has ended."""
        self._segment_bytes = segment_bytes
        self._snapshot_every = snapshot_every
        self._random = random.Random(f"{seed}/machine/random")
        self._chance = random.Random(f"{seed}/machine/crash")
        self._side = sqlite3.connect(":memory:")
        self._own = loop.process("host")
        self._stop = asyncio.Event()
        self._up: asyncio.Future[bool] = loop.create_future()
        self._over: asyncio.Future[None] = loop.create_future()
        self._asleep_since: int | None = None
        self._sends_until_crash: int | None = None
        loop.network.tap = self._tap
        if observer is not None:
            observer.attach(self)
        vault = self._make_keys()
        self.permit_key = vault.permit_key
        """The public key that venues check the guard's permits with."""
        key = vault.checkpoint_signer(ORIGIN).verifier
        self.elsewhere = Elsewhere(self, seed, key, is_anchored=is_anchored, is_exported=is_exported)

    # The guard's process

    @property
    def is_up(self) -> bool:
        """Whether a guard runs and listens to callers."""
        return self.guard is not None and self._up.done() and self._up.result()

    @property
    def operator_token(self) -> str:
        """The token that the first start made for the machine's owner."""
        return self.files[OPERATOR_TOKEN].strip()

    def boot(self, resume: Resume | None = None) -> None:
        """Start the guard in a new process. Beside a running one it is refused, and only `start_failed` says so."""
        self.boots += 1
        self.elsewhere.start()
        process = self.loop.process(f"guard-{self.boots}")
        self.start_failed = None
        if self.process is not None and self.process.alive:
            self.second = self.loop.create_future()
            self.loop.spawn(process, self._second(process))
            return
        self.process, self.died_of = process, None
        self._stop, self._up, self._over = asyncio.Event(), self.loop.create_future(), self.loop.create_future()
        self.loop.spawn(process, self._serve(process, resume))
        if self.is_asleep:
            self.loop.suspend(process)

    async def up(self) -> bool:
        """Return True once the guard that was started last listens; False where it refused to start, or died."""
        return await asyncio.shield(self._up)

    async def over(self) -> None:
        """Return when the guard that was started last has ended, however it does."""
        if self.process is not None:
            await asyncio.shield(self._over)

    def kill(self, keep: int | None = 0) -> None:
        """End the guard's process as kill -9 does where `keep` is None, else as a power loss that lets so many
        unsynced bytes through. Nothing of the process reaches anything any more; a power loss also hits a dead one."""
        why = "killed" if keep is None else "power_lost"
        self._end(self.process, why)
        self.elsewhere.lose(keep)
        for disk in self.disks.values():
            disk.lose(keep)
        self._side.rollback()
        self.befell(why, "")

    async def stop(self) -> None:
        """Stop the guard as SIGTERM does, and return when its process has ended."""
        self._stop.set()
        await self.over()

    def crash_sent(self, nth: int = 1) -> None:
        """The process dies just after the nth frame from now that it sends to a venue."""
        self._sends_until_crash = nth

    # The clocks

    def now(self) -> int:
        """The wall clock of this machine, in nanoseconds since the epoch."""
        return self.true_now() + self.wall_offset

    def true_now(self) -> int:
        """What everybody else's clock says."""
        return self.start_ns + self.loop.ns

    def awake_ns(self) -> int:
        """The steady time without what was slept."""
        asleep = 0 if self._asleep_since is None else self.loop.ns - self._asleep_since
        return self.loop.ns - self.slept - asleep

    def jump(self, by_ns: int) -> None:
        """Let the wall clock jump, ahead or back where below zero."""
        self.wall_offset += by_ns
        self.befell("jumped", str(by_ns))

    @property
    def is_asleep(self) -> bool:
        """Whether the machine sleeps."""
        return self._asleep_since is not None

    def sleep(self, duration_ns: int) -> None:
        """Let the machine sleep from now on for so long; one that sleeps already sleeps on as before."""
        if self.is_asleep:
            return
        self._asleep_since = self.loop.ns
        self.loop.allow(duration_ns)
        if self.process is not None and self.process.alive:
            self.loop.suspend(self.process)
        self.befell("slept", str(duration_ns))
        self.loop.enter(self.loop.ns + duration_ns, self._own.context.copy(), self._wake)

    # The disks

    def save(self) -> Saved:
        """Return a copy of what would be left of everything after a power loss now, as a backup has it."""
        disks = {folder: disk.copy() for folder, disk in self.disks.items()}
        return Saved(disks, self._side.serialize(), dict(self.files))

    def restore(self, saved: Saved) -> None:
        """Put an old copy of everything back; the guard must not run. RuntimeError where it does."""
        if self.process is not None and self.process.alive:
            raise RuntimeError("a guard runs on these disks")
        for folder, copy in saved.disks.items():
            self.disks[folder].put_back(copy)
        # Into a database of its own: to overwrite one that a killed guard still had open crashes SQLite now and then.
        self._side = sqlite3.connect(":memory:")
        with contextlib.closing(sqlite3.connect(":memory:")) as kept:
            kept.deserialize(saved.side)
            kept.backup(self._side)
        self.files = dict(saved.files)

    def calm(self) -> None:
        """Take back every planted fault, make room, and set the wall clock right."""
        for disk in self.disks.values():
            disk.calm()
        self.elsewhere.calm()
        self.side_is_full = False
        self._sends_until_crash = None
        self.halt_text = None
        self.wall_offset = 0

    # What the parts of this machine tell it

    def crash(self, process: Process, folder: str, what: str) -> None:
        """End a process inside a disk's write or sync: its end alone, or with the power and a drawn part of what was
        not synced."""
        unsynced = self.disks[folder].unsynced_bytes()
        keep = self._chance.choice((None, 0, unsynced, self._chance.randint(0, unsynced)))
        self._end(process, f"crashed in the {what} in {folder}")
        self.elsewhere.lose(keep)
        for disk in self.disks.values():
            disk.lose(keep)
        self._side.rollback()
        self.befell("crashed", folder)

    def disk_failed(self, folder: str, file: str, what: str) -> None:
        """A disk refused something."""
        if self.observer is not None:
            self.observer.disk_failed(folder, file, what)

    def befell(self, fault: str, where: str) -> None:
        """Something befell the machine."""
        if self.observer is not None:
            self.observer.befell(fault, where)

    def later(self, after_ns: int, do: Callable[[], None]) -> None:
        """Let something happen on this host after so long."""
        self.loop.enter(self.loop.ns + after_ns, self._own.context.copy(), do)

    def alert(self, alert: Alert) -> None:
        """The guard alerted people."""
        self.alerts.append(alert)
        if self.observer is not None:
            self.observer.alerted(alert)

    def random_bytes(self, count: int) -> bytes:
        """The next bytes of this machine's randomness, which goes on over restarts."""
        return self._random.randbytes(count)

    def side(self, process: Process) -> SideStore:
        """The side store for a process."""
        return VirtualSide(self._side, self.random_bytes, process, lambda: self.side_is_full)

    def heard(self, process: Process, record: Record) -> None:
        """The guard let a record out."""
        if self.observer is not None and process.alive:
            self.observer.heard(record)

    # Inside

    def _make_keys(self) -> Vault:
        owner = self.loop.process("owner")
        vault = Vault.create(VirtualWorld(self, owner))
        self.loop.kill(owner)
        return vault

    def _guard(self, process: Process, resume: Resume | None) -> Guard:
        return Guard(
            VirtualWorld(self, process),
            {Paper.name: Paper()},
            VirtualServer,
            resume=resume,
            about={"environment": "training", "home": "/sim"},
            heard=lambda record: self.heard(process, record),
            snapshot_every=self._snapshot_every,
            segment_bytes=self._segment_bytes,
            password_cost=PASSWORD_COST,
            **self.elsewhere.options(),
        )

    async def _serve(self, process: Process, resume: Resume | None) -> None:
        """The guard's process, from its start to its end."""
        if self.observer is not None:
            self.observer.booting()
        try:
            guard = self._guard(process, resume)
        except NAMED as fault:
            self._refused(fault)
            self._ended(process)
            return
        self.guard = guard
        if self.observer is not None:
            self.observer.booted(guard)
        try:
            await guard.run(self._stop, lambda token: self._up.set_result(True))
        except NAMED as fault:
            if isinstance(fault, JournalRolledBack) and not self._up.done():
                self._refused(fault)  # by a witness, before anything was written
            self._end(process, f"{type(fault).__name__}: {fault}")
        except Exception as fault:  # noqa: BLE001  a bug of ours, which whoever runs this loop must hear of
            self.loop.faults.append(fault)
            self._end(process, f"{type(fault).__name__}: {fault}")
        else:
            self._ended(process)
            if self.observer is not None:
                self.observer.stopped()

    def _refused(self, fault: Exception) -> None:
        self.start_failed = fault
        if self.observer is not None:
            self.observer.refused_start(fault)

    async def _second(self, process: Process) -> None:
        """A guard beside a running one: it must be refused."""
        try:
            self._guard(process, None)
        except NAMED as fault:
            self.start_failed = fault
            if self.observer is not None:
                self.observer.befell("second_guard", type(fault).__name__)
        else:
            # The first may have died meanwhile, or not have opened anything yet: then this one was the first, and goes.
            if self.guard is not None:
                self.loop.faults.append(RuntimeError("two guards came up on one folder"))
        self.loop.kill(process)
        if self.second is not None:
            self.second.set_result(None)

    def _end(self, process: Process | None, why: str) -> None:
        """End a process that did not stop cleanly; nothing where it is dead already."""
        if process is None or not process.alive:
            return
        self._ended(process)
        self.died_of = why
        if self.observer is not None:
            self.observer.died(why)

    def _ended(self, process: Process) -> None:
        self.loop.kill(process)
        self.guard = None
        self._sends_until_crash = None
        for disk in self.disks.values():
            if disk.owner is process:
                disk.owner = None
        self._side.rollback()
        if not self._up.done():
            self._up.set_result(False)
        if not self._over.done():
            self._over.set_result(None)

    def _wake(self) -> None:
        assert self._asleep_since is not None
        self.slept += self.loop.ns - self._asleep_since
        self._asleep_since = None
        if self.process is not None and self.process.alive:
            self.loop.resume(self.process)

    def _tap(self, path: str, direction: str, data: bytes) -> None:
        """See what leaves for the venues. Every write of a link is one frame or more, and whole ones."""
        if direction == "to_server" and path in map(str, self.links.values()):
            for message in Frames().feed(data):
                if not is_from_feed(message):
                    self._sent(message)

    def _sent(self, message: bytes) -> None:
        if self.observer is not None:
            self.observer.sent("", message)
        if self._sends_until_crash is not None:
            self._sends_until_crash -= 1
            if self._sends_until_crash == 0:
                self._sends_until_crash = None
                self.loop.enter(None, self._own.context.copy(), self.kill, (None,))
