"""What remembers a virtual machine's journal out of its reach: two witnesses, and a second folder on another disk."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from remit.guard.anchors import HEAD
from remit.guard.witness_settings import Witness
from remit.guard.world import JOURNAL
from remit.journal import checkpoint as checkpoints
from remit.journal.note import Verifier
from remit.testing.sim.virtual_disk import VirtualDisk
from remit.testing.sim.virtual_witness import VirtualWitness

if TYPE_CHECKING:
    from remit.testing.sim.loop import Process, VirtualLoop
    from remit.testing.sim.machine import Machine

NAMES = ("w1.sim", "w2.sim")
FOLDER = "anchor"
SYNC_NS = (0, 2_000_000)


class Anchoring:
    """The anchors of one machine. They stand elsewhere: nothing that befalls the machine's own disks touches them.

    `settings` name the witnesses, all of whom are needed. What each holds is told to the machine's observer once it is
    known to the guard.
    """

    def __init__(self, machine: Machine, seed: int, journal: Verifier) -> None:
        self._machine = machine
        self.loop: VirtualLoop = machine.loop
        self.disk = AnchorDisk(self, FOLDER, random.Random(f"{seed}/anchor"), SYNC_NS)
        self.witnesses = {
            f"http://{name}": VirtualWitness(machine, name, journal, random.Random(f"{seed}/witness/{name}"))
            for name in NAMES
        }
        self.settings = tuple(Witness(url, witness.cosigner) for url, witness in self.witnesses.items())
        if machine.observer is not None:
            for name in (*NAMES, FOLDER):
                machine.observer.anchored(name, 0, b"", is_held=True)

    def calm(self) -> None:
        """Let everybody answer, and the disk take everything."""
        self.disk.calm()
        for witness in self.witnesses.values():
            witness.is_away, witness.loses = False, 0

    def holds(self, note: bytes) -> None:
        """Tell what the second folder holds now."""
        if self._machine.observer is not None:
            head = checkpoints.parse(note.decode())
            self._machine.observer.anchored(FOLDER, head.size, head.root, is_held=True)

    # What a disk tells its host

    def crash(self, process: Process, folder: str, what: str) -> None:
        """The power fails inside a write to the second folder."""
        self._machine.crash(process, JOURNAL, what)

    def disk_failed(self, folder: str, file: str, what: str) -> None:
        """The second folder refused something; it is not the journal, so the guard goes on."""
        self.befell("anchor_refused", folder)

    def befell(self, fault: str, where: str) -> None:
        """Something befell the second folder."""
        self._machine.befell(fault, where)


class AnchorDisk(VirtualDisk):
    """The second folder's disk, which tells of every head that it holds."""

    host: Anchoring

    def replace(self, name: str, data: bytes) -> None:
        """Create or replace the file whole, and tell of it where it is a head."""
        super().replace(name, data)
        if name == HEAD:
            self.host.holds(data)
