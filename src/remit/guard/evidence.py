"""Evidence: one entry with the proof that the journal holds it, and the text that an entry names by its digest."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from typing import Any

from remit.guard.errors import TextNotKept
from remit.guard.views.looking import PEOPLE, TRADERS, Looking, NotAllowed, Unknown
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosigned import signed_by
from remit.journal.errors import SideTextMissing
from remit.journal.log import Journal
from remit.journal.receipt import BLOCK, Blocks, Receipt
from remit.journal.side import SideStore
from remit.kernel.codec import decode
from remit.kernel.event import Record

READERS = frozenset({"operator", "approver", "compliance", "owner"})
"""Who may read what agents wrote; an auditor sees that it was written, and by whom."""


class Evidence:
    """Answers the views `receipt`, `heads` and `text` from the journal and the side store. `cosigned` gives the newest
    head that witnesses cosigned."""

    def __init__(
        self, journal: Journal, side: SideStore, cosigned: Callable[[], Checkpoint | None] = lambda: None
    ) -> None:
        self._journal = journal
        self._cosigned = cosigned
        self._side = side
        self._blocks = Blocks()
        self._reading = asyncio.Lock()

    async def show(self, looking: Looking, name: str) -> dict[str, Any]:
        """Return `receipt`, `heads` or `text`; NotAllowed, Unknown, RequestMalformed, TextNotKept."""
        if name == "heads":
            looking.check(())
            return self.heads(looking)
        if name == "receipt":
            looking.check(("seq",))
            return await self.receipt(looking)
        looking.check(("digest", "seq"))
        return await self.text(looking)

    async def receipt(self, looking: Looking) -> dict[str, Any]:
        """Return the receipt of one entry that the caller may see: under the newest head that witnesses cosigned, where
        it covers the entry, else under the last signed one; `cosigned_by` names them. The first one that is asked for
        reads the whole journal, in pieces; the next ones read what came since."""
        if looking.by.role not in TRADERS:
            raise NotAllowed(f"the role {looking.by.role} may not see receipts", "Ask a person or an agent")
        seq = looking.whole("seq", 1, 2**62, 0)
        entry = await self._visible(looking, seq)
        told = decode(Record, entry)
        if looking.shown(told) is not told:  # a proof holds for the whole entry alone
            raise NotAllowed(f"entry {seq} speaks of others too", "Ask an operator for its receipt")
        async with self._reading:
            head, blocks = self._journal.head, self._blocks
            cosigned = self._cosigned()
            if cosigned is not None and seq <= cosigned.size <= head.size:
                head = cosigned
            async for _, found in _some(looking, blocks.size, head.size):
                blocks.add(found)
            block = await _block(looking, seq - 1, head.size)
            last = await _block(looking, head.size - 1, head.size)
            receipt = Receipt(seq, entry, blocks.proof(seq - 1, block, head.size, last), head.note)
            return {"seq": seq, "size": head.size, "cosigned_by": signed_by(head), "receipt": receipt.write()}

    def heads(self, looking: Looking) -> dict[str, Any]:
        """Return the journal's public key, its newest signed head, and the newest one that witnesses cosigned, each as
        the signed note that it is."""
        if looking.by.role not in PEOPLE:
            raise NotAllowed(f"the role {looking.by.role} may not see the heads of the journal", "Ask a person")
        cosigned = self._cosigned()
        shown = None if cosigned is None else {**_head(cosigned), "cosigned_by": signed_by(cosigned)}
        return {"key": str(self._journal.verifier), "newest": _head(self._journal.head), "cosigned": shown}

    async def text(self, looking: Looking) -> dict[str, Any]:
        """Return the text of a digest, or that it was erased. Whoever does not see everything names the entry, `seq`,
        that it stands in."""
        if looking.by.role not in READERS:
            raise NotAllowed(
                f"the role {looking.by.role} may not read texts", f"It takes {' or '.join(sorted(READERS))}"
            )
        digest = looking.needed("digest")
        if not looking.sees_all or looking.arguments.get("seq") is not None:
            entry = await self._visible(looking, looking.whole("seq", 1, 2**62, 0))
            if b'"%b"' % digest.encode() not in entry:
                raise Unknown(f"the entry does not name {digest}", "See `remit log`")
        try:
            return {"digest": digest, "standing": "kept", "text": self._side.get(digest).decode(errors="replace")}
        except SideTextMissing:
            return {"digest": digest, "standing": self._side.verify(digest).value, "text": None}
        except sqlite3.Error as fault:
            raise TextNotKept(f"the side store cannot be read: {fault}", "Check the disk") from None

    async def _visible(self, looking: Looking, seq: int) -> bytes:
        async for _, entry in _some(looking, seq - 1, self._journal.size):
            if looking.sees_record(decode(Record, entry)):
                return entry
            break
        raise Unknown(f"entry {seq} is not known", "See `remit log`")


def _head(head: Checkpoint) -> dict[str, Any]:
    return {"size": head.size, "root": head.root.hex(), "note": head.note}


async def _block(looking: Looking, index: int, size: int) -> list[bytes]:
    """Return the entries of the block that an entry stands in, as far as a tree of that size has them."""
    first = index // BLOCK * BLOCK
    return [found async for _, found in _some(looking, first, min(first + BLOCK, size))]


async def _some(looking: Looking, start: int, stop: int) -> AsyncIterator[tuple[int, bytes]]:
    """Yield the entries from one index up to, not including, another."""
    async for index, entry in looking.entries(start):
        if index >= stop:
            return
        yield index, entry
