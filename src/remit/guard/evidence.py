"""Evidence: one entry with the proof that the journal holds it, and the text that an entry names by its digest."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

from remit.guard.errors import TextNotKept
from remit.guard.views.looking import TRADERS, Looking, NotAllowed, Unknown
from remit.journal.errors import SideTextMissing
from remit.journal.log import Journal
from remit.journal.receipt import BLOCK, Blocks, Receipt
from remit.journal.side import SideStore
from remit.kernel.codec import decode
from remit.kernel.event import Record

READERS = frozenset({"operator", "approver", "compliance", "owner"})
"""Who may read what agents wrote; an auditor sees that it was written, and by whom."""


class Evidence:
    """Answers the views `receipt` and `text` from the journal and the side store."""

    def __init__(self, journal: Journal, side: SideStore) -> None:
        self._journal = journal
        self._side = side
        self._blocks = Blocks()
        self._reading = asyncio.Lock()

    async def show(self, looking: Looking, name: str) -> dict[str, Any]:
        """Return `receipt` or `text`; NotAllowed, Unknown, RequestMalformed, TextNotKept."""
        if name == "receipt":
            looking.check(("seq",))
            return await self.receipt(looking)
        looking.check(("digest", "seq"))
        return await self.text(looking)

    async def receipt(self, looking: Looking) -> dict[str, Any]:
        """Return the receipt of one entry that the caller may see, under the last signed checkpoint. The first one that
        is asked for reads the whole journal, in pieces; the next ones read what came since."""
        if looking.by.role not in TRADERS:
            raise NotAllowed(f"the role {looking.by.role} may not see receipts", "Ask a person or an agent")
        seq = looking.whole("seq", 1, 2**62, 0)
        entry = await self._visible(looking, seq)
        told = decode(Record, entry)
        if looking.shown(told) is not told:  # a proof holds for the whole entry alone
            raise NotAllowed(f"entry {seq} speaks of others too", "Ask an operator for its receipt")
        async with self._reading:
            head, blocks = self._journal.head, self._blocks
            async for _, found in _some(looking, blocks.size, head.size):
                blocks.add(found)
            first = (seq - 1) // BLOCK * BLOCK
            block = [found async for _, found in _some(looking, first, min(first + BLOCK, head.size))]
            receipt = Receipt(seq, entry, blocks.proof(seq - 1, block), head.note)
            return {"seq": seq, "size": head.size, "receipt": receipt.write()}

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


async def _some(looking: Looking, start: int, stop: int) -> AsyncIterator[tuple[int, bytes]]:
    """Yield the entries from one index up to, not including, another."""
    async for index, entry in looking.entries(start):
        if index >= stop:
            return
        yield index, entry
