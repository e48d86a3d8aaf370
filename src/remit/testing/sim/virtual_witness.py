"""A witness in a virtual loop: the real ledger on a disk of its own, behind a network that loses what it carries."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from remit.guard.errors import LinkDown
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosign import CosignatureSigner
from remit.journal.note import Verifier
from remit.testing.disk import MemoryStore
from remit.witness.ledger import Ledger

if TYPE_CHECKING:
    from remit.testing.sim.machine import Machine

MILLISECOND_S = 0.001
TIMEOUT_S = 5.0


class VirtualWitness:
    """Somebody else's witness of a machine's journal. Its chance is a source of its own; its disk outlives its crashes.

    `is_away` is whether nobody answers; `loses` is the chance, in ten-thousandths, that a request or an answer is lost.
    """

    def __init__(self, machine: Machine, name: str, journal: Verifier, chance: random.Random) -> None:
        self.is_away = False
        self.loses = 0
        self._machine = machine
        self._journal = journal
        self._chance = chance
        self._signer = CosignatureSigner(name, chance.randbytes(32))
        self._store = MemoryStore()
        self._ledger = self._opened()
        self.cosigner = self._signer.cosigner

    @property
    def head(self) -> Checkpoint | None:
        """The head that was cosigned last."""
        return self._ledger.head(self._journal)

    def restart(self) -> None:
        """Lose the power and start again: what was cosigned is on the disk."""
        self._store = self._store.reboot(0)
        self._ledger = self._opened()

    async def asked(self, body: bytes) -> tuple[int, bytes]:
        """Answer one request, after its time on the way; LinkDown where the request or the answer is lost."""
        await asyncio.sleep(self._chance.randint(1, 40) * MILLISECOND_S)
        if self.is_away or self._is_lost():
            raise await self._nothing()
        answer, head = self._ledger.add_checkpoint(body), self.head
        await asyncio.sleep(self._chance.randint(1, 40) * MILLISECOND_S)
        if self._is_lost():
            raise await self._nothing()
        if head is not None and self._machine.observer is not None:
            name = self._signer.cosigner.name
            self._machine.observer.anchored(name, head.size, head.root, is_held=answer.status == 200)
        return answer.status, answer.body

    def _is_lost(self) -> bool:
        return self._chance.randrange(10_000) < self.loses

    async def _nothing(self) -> LinkDown:
        await asyncio.sleep(TIMEOUT_S)
        return LinkDown("the witness did not answer", "Ask it again")

    def _opened(self) -> Ledger:
        return Ledger(self._store, self._signer, [self._journal], lambda: self._machine.true_now() // 10**9)
