"""The owner of the guard's host: sees that the guard is down, starts it, and puts right what keeps it from starting."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from remit.guard.world import JOURNAL
from remit.journal.errors import JournalPoisoned, JournalRolledBack
from remit.journal.log import Resume
from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.machine import Machine, Saved, VirtualDisk

EVERY_NS = NANOSECONDS // 10
ASLEEP_NS = 10 * NANOSECONDS
AWAY_NS = (0, 0, 0, NANOSECONDS, 5 * NANOSECONDS)
"""How long a guard is down before somebody starts it again."""
PERSON = Resume("the owner", "looked at the disk, it is in order")
"""Who lets a poisoned journal go on."""

Copied = tuple[Saved, list[Callable[[VirtualDisk], None]]]
"""A copy of everything, and the harm that was in it."""
Harm = tuple[str, Callable[[VirtualDisk], None] | None]
"""What was done to a disk, in words, and how it is undone; None where a start undoes it or refuses."""


class Keeper:
    """Keeps one guard running on one host: what dies is started again after a while, by name where the journal asks.

    `refused` is why a guard did not come up although nobody had harmed its files: a promise that is broken.
    """

    def __init__(self, machine: Machine, source: random.Random, count: Callable[[str], None]) -> None:
        self.refused = ""
        self._machine = machine
        self._source = source
        self._count = count
        self._hands = asyncio.Lock()
        """One person at a time works on the host."""
        self._harmed: list[Callable[[VirtualDisk], None]] = []
        """How to undo harm that no start has found yet."""
        self._newer: list[Copied] = []
        """What old copies took the place of, when nobody who answered knew better."""

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep((ASLEEP_NS if self._machine.is_asleep else EVERY_NS) / NANOSECONDS)
            if self.is_down() and not self._hands.locked():
                await asyncio.sleep(self._source.choice(AWAY_NS) / NANOSECONDS)
                async with self._hands:
                    await self._start()

    def is_down(self) -> bool:
        """Whether no guard's process lives."""
        return self._machine.process is None or not self._machine.process.alive

    def kill(self, keep: int | None) -> str:
        """Kill the guard's process, or let the power fail; return in words what that left, nothing where none lived."""
        if self.is_down():
            return ""
        self._machine.kill(keep)
        return "every written byte stays" if keep is None else f"{keep} unsynced bytes get through"

    async def _start(self, *, harmed: bool = False) -> str:
        """Start a guard, with a person's name where the journal asks for it; return what keeps it down, or nothing."""
        if not self.is_down():
            return ""
        self._machine.disks[JOURNAL].capacity = None
        failed = await self._boot()
        if failed is not None:
            for disk in self._machine.disks.values():
                disk.calm()  # somebody has looked at it, and changed what was broken
            failed = await self._boot(failed)
        if failed is not None and not harmed and self._harmed:
            # a start from a snapshot does not read what lies before it: harm there may be found much later
            while self._harmed:
                self._harmed.pop()(self._machine.disks[JOURNAL])
            failed = await self._boot(failed)
        while isinstance(failed, JournalRolledBack) and self._newer:
            # somebody was away when an old copy was put back, and alone had heard of more
            newest = self._newer.pop()
            self._machine.restore(newest[0])
            self._harmed = newest[1]
            failed = await self._boot(failed)
        if failed is not None and not harmed:
            self.refused = f"the guard does not start, and nobody harmed its files: {type(failed).__name__}: {failed}"
        return "" if failed is None else f"{type(failed).__name__}: {failed}"

    async def _boot(self, before: Exception | None = None) -> Exception | None:
        """Start a guard once; return why it was refused. By name where the start before was refused for that."""
        resume = PERSON if isinstance(before, JournalPoisoned) else None
        if resume is not None:
            self._count("resumed_by_name")
        self._machine.boot(resume)
        await self._machine.up()
        return self._machine.start_failed

    async def restart(self, down_ns: int) -> str:
        """Stop the guard in good order and start it after a while."""
        if self.is_down():
            return ""
        async with self._hands:
            await self._machine.stop()
            await asyncio.sleep(down_ns / NANOSECONDS)
            await self._start()
        return f"down for {down_ns} ns"

    async def second(self) -> str:
        """Start another guard beside a running one; return why it did not come up."""
        if self.is_down():
            return ""
        self._machine.boot()
        if self._machine.second is None:
            return ""
        await self._machine.second
        return f"refused: {type(self._machine.start_failed).__name__}"

    async def damage(self, harm: Callable[[VirtualDisk], Harm]) -> str:
        """Kill the guard, harm its journal, and start it; where it refuses, put everything back as it was."""
        if self.is_down():
            return ""
        async with self._hands:
            self._machine.kill(self._source.choice((None, 0)))
            saved, harmed = self._copy()
            done, undo = harm(self._machine.disks[JOURNAL])
            refused = await self._start(harmed=True)
            if self.is_down() and self._machine.start_failed is not None:
                self._count("damage_refused")
                await self._put_back(saved, harmed)
            elif undo is not None:
                self._harmed.append(undo)
            elif self._machine.elsewhere.remembers:
                self._newer.append((saved, harmed))  # what was cut off may be remembered by somebody who is silent now
        return f"{done}: {refused or 'it starts'}"

    async def roll_back(self, meanwhile: Callable[[], Awaitable[None]]) -> str:
        """Copy everything, let something happen, and put the copy back, which is refused where others remember."""
        if self._machine.elsewhere.remembers:
            return await self._roll_back_remembered(meanwhile)
        copy = await self._outlived(meanwhile)
        if copy is None:
            return ""
        async with self._hands:
            self._machine.kill(None)
            await self._put_back(*copy)
        return "everything as it was then"

    async def _roll_back_remembered(self, meanwhile: Callable[[], Awaitable[None]]) -> str:
        """As `roll_back`, where somebody remembers better: the start is refused, and the newest is put back."""
        copy = await self._outlived(meanwhile)
        if copy is None:
            return ""
        async with self._hands:
            self._machine.kill(None)
            newest, now_harmed = self._copy()
            self._machine.restore(copy[0])
            self._harmed = copy[1]
            failed = await self._boot()
            if failed is None:
                self._newer.append((newest, now_harmed))
                return "everything as it was then, and nobody who answered knew better"
            self._count("rollback_refused")
            await self._put_back(newest, now_harmed)
        return f"refused: {type(failed).__name__}"

    async def _outlived(self, meanwhile: Callable[[], Awaitable[None]]) -> Copied | None:
        """Copy everything and let something happen; None where the guard is down before or after."""
        if self.is_down():
            return None
        copy = self._copy()
        await meanwhile()
        return None if self.is_down() else copy

    def _copy(self) -> Copied:
        """Everything as it is, with the harm that is in it."""
        return self._machine.save(), list(self._harmed)

    async def _put_back(self, saved: Saved, harmed: list[Callable[[VirtualDisk], None]]) -> None:
        """Put an old copy back, with the harm that was in it then."""
        self._machine.restore(saved)
        self._harmed = harmed
        await self._start()
