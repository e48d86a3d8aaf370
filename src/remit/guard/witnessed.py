"""One witness, as the guard knows it: what it cosigned, and the next head on its way to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from remit.guard.backoff import wait_ns
from remit.guard.errors import LinkDown
from remit.guard.witness_settings import Witness
from remit.guard.world import JOURNAL, World
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosign import cosignatures, cosigned
from remit.journal.errors import JournalRolledBack, NoteInvalid
from remit.journal.growth import Growth, growth_since
from remit.journal.log import Journal
from remit.journal.submission import SIZE, Submission
from remit.journal.tree import Tree, leaf_hash
from remit.kernel.numbers import NANOSECONDS

EVERY_NS = NANOSECONDS
"""How often a head is shown that no permit waits for."""
RETRY_MAX_S = 16
APART_S = 600
"""By so many seconds its clock and this machine's may differ."""
TELLINGS_MAX = 4
"""How often in a row a witness may correct the size that it is thought to know."""
LEAVES_MAX = 1 << 16
"""How many leaves are remembered for a witness that does not answer; beyond that they are read again."""
HOUR_NS = 3600 * NANOSECONDS
SAID = {
    "witness_silent": "does not cosign",
    "witness_contradicts": "holds another history than this journal, and counts for nothing newer",
}
"""What is alarmed of a witness, by code."""
_RESTORE = (
    "This journal is an old copy, was cut, or is another one. Restore the newest; docs/recovery.md says what to do "
    "where there is none"
)


class Witnessed:
    """Shows a witness each head that a permit waits for, at once, and the others once a second; one at a time.

    `cosigned` is the size of the largest head with its cosignature, `head` that head with the cosignature added. Before
    its first cosignature a witness that knows better is believed: JournalRolledBack. After it the guard itself has seen
    the journal grow, so a witness that contradicts is told of and no longer counts for newer heads.
    """

    def __init__(
        self,
        world: World,
        journal: Journal,
        witness: Witness,
        moved: Callable[[str], None],
        shows_newer: Callable[[], bool],
        alarm: Callable[[str, str], object],
    ) -> None:
        """`moved` hears of each head with its line on it, `alarm` of a code and why."""
        self.name = witness.cosigner.name
        self.cosigned = 0
        self.head = ""
        self.fault = "it has not answered yet"
        self._world = world
        self._journal = journal
        self._witness = witness
        self._moved = moved
        self._alarm = alarm
        self._shows_newer = shows_newer
        """Whether anything newer may be shown than it remembers."""
        self.has_agreed = False
        """Whether the head that it remembers is known to be of this journal."""
        self._told = ""
        """The code of the alarm that was raised last, until it is over."""
        self._silent_until: dict[str, int] = {}
        """By code, until when no further alarm of it is raised, by the monotonic clock."""
        self._knows = 0
        """The size that it is thought to know."""
        self._growth: Growth | None = None
        """The tree from that size on; None where it must be read from the journal first."""
        self._coming: Growth | None = None
        """The tree from the size on that is just being shown."""
        self._wanted = 0
        self._wakes = asyncio.Event()

    def want(self, seq: int) -> None:
        """Have a head that covers entry `seq` shown at once."""
        if seq > self._wanted:
            self._wanted = seq
            self._wakes.set()

    def wake(self) -> None:
        """Look again whether there is something to show."""
        self._wakes.set()

    def heard_leaf(self, leaf: bytes) -> None:
        """Note the next leaf of the journal."""
        for growth in (self._growth, self._coming):
            if growth is not None:
                growth.add(leaf)
        if self._growth is not None and self._growth.size - self._growth.base > LEAVES_MAX:
            self._growth = None

    def about(self) -> dict[str, Any]:
        """How it stands, in plain JSON: `at` is the second of its last cosignature, `key` checks it."""
        at = cosignatures(self.head, [self._witness.cosigner])[self._witness.cosigner] if self.head else None
        key = str(self._witness.cosigner)
        return {
            "name": self.name, "url": self._witness.url, "key": key, "size": self.cosigned, "at": at, "why": self.fault,
        }  # fmt: skip

    async def run(self) -> None:
        """Show heads for ever; JournalRolledBack as `submit`."""
        tries = 0
        while True:
            if tries:
                await self._world.sleep(wait_ns(tries - 1, RETRY_MAX_S))
            elif self._wanted <= self.cosigned or (self.has_agreed and not self._shows_newer()):
                await self._rest()
            await self.submit()
            tries = tries + 1 if self.fault else 0

    async def submit(self) -> None:
        """Show the head as it is now, if it is another than was cosigned last; `fault` says why it was in vain.

        JournalRolledBack where a witness that has not cosigned since the start knows better.
        """
        if not self._journal.size or (self.has_agreed and not self.fault and not self._has_news()):
            return
        try:
            await self._show()
        except (LinkDown, NoteInvalid) as fault:
            self._failed("witness_silent", fault.message if isinstance(fault, LinkDown) else fault.what)
        except JournalRolledBack as contradiction:
            if not self.has_agreed:
                raise
            self._failed("witness_contradicts", contradiction.what)

    def _has_news(self) -> bool:
        return self._shows_newer() and self._journal.size > self.cosigned

    async def _next(self) -> Checkpoint:
        """Return the head that is to be shown now: the newest, or, until it has agreed and newer ones are shown, the
        one of the size that it remembers; JournalRolledBack where there is none. What it is thought to remember at
        first is the journal's very first head."""
        if self.has_agreed and self._shows_newer():
            await self._read_growth()
            return self._journal.head
        found = self._journal.head_from(max(self._knows, 1))
        if found is None or (self._knows and found.size != self._knows):
            was = f"the journal ends at entry {self._journal.size} and has no head of the size {self._knows}"
            raise JournalRolledBack(f"{was} that {self.name} cosigned", _RESTORE)
        self._growth = None
        return found

    async def _rest(self) -> None:
        """Wait until a permit wants a head, and for a second at most."""
        self._wakes.clear()
        clock = asyncio.ensure_future(self._world.sleep(EVERY_NS))
        woken = asyncio.ensure_future(self._wakes.wait())
        try:
            await asyncio.wait({clock, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            clock.cancel()
            woken.cancel()

    async def _show(self) -> None:
        for _ in range(TELLINGS_MAX):
            head = await self._next()
            # A witness that knows nothing is shown its first head, and a first head needs no proof.
            proof = () if self._growth is None else self._growth.proof(self._knows, head.size)
            if head.size == self._journal.size:
                self._coming = Growth(Tree.from_frontier(*self._journal.frontier()))
            try:
                asked = Submission(self._knows, proof, head.note)
                status, body = await self._world.submit(self._witness.url, asked.write())
                if status == 200:
                    self._heard(head, body)
                    return
                self._corrected(status, body, head)
            finally:
                self._coming = None
        raise LinkDown("it corrects the size that it knows again and again", "Ask its owner")

    async def _read_growth(self) -> None:
        """Have the tree from the size on that the witness knows, read from the journal where it is not at hand."""
        if not self._knows:
            self._growth = None
        elif self._growth is None or self._growth.base != self._knows:
            self._growth = None
            store, knows, head = self._world.store(JOURNAL), self._knows, self._journal.head
            growth = await self._world.work(lambda: growth_since(store, knows, head))
            for _, entry in self._journal.entries(growth.size):  # what came while it was read
                growth.add(leaf_hash(entry))
            self._growth = growth

    def _heard(self, head: Checkpoint, body: bytes) -> None:
        """Take note of a cosignature, once it is one. The first since the start must be of now: an older one, played
        back, says what it knew then, and not what it knows."""
        signed = cosigned(head.note, body.decode(errors="replace"), self._witness.cosigner)
        at_s = cosignatures(signed, [self._witness.cosigner])[self._witness.cosigner]
        if not self.has_agreed and abs(self._world.now() // NANOSECONDS - at_s) > APART_S:
            raise NoteInvalid(f"its signature is of second {at_s}, and not of now", "Compare both machines' clocks")
        self.head = signed
        self._growth, self.has_agreed = self._coming, True
        self.cosigned = self._knows = head.size
        self.fault = self._told = ""
        self._moved(self.head)

    def _corrected(self, status: int, body: bytes, head: Checkpoint) -> None:
        """Take note of the size that the witness knows; JournalRolledBack where this journal never had that head."""
        text = body[:200].decode(errors="replace").strip()
        if status == 422:
            was = f"the journal's first {self._knows} entries are not those that {self.name} cosigned"
            raise JournalRolledBack(f"{was} (the journal ends at entry {head.size})", _RESTORE)
        if status != 409 or not SIZE.fullmatch(text):
            raise LinkDown(f"it answered {status}: {text}", "Ask its owner")
        knows = int(text)
        if knows > self._journal.size:
            was = f"the journal ends at entry {self._journal.size}, but {self.name} cosigned a head of size {knows}"
            raise JournalRolledBack(was, _RESTORE)
        if knows == self._knows == head.size:
            raise JournalRolledBack(f"{self.name} cosigned other {knows} entries than the journal's", _RESTORE)
        if knows == self._knows:
            raise LinkDown(f"it refuses the size {knows} and says that it knows {knows}", "Ask its owner")
        self._knows = knows

    def _failed(self, code: str, why: str) -> None:
        """Tell of it once until it is over, and once an hour at most where it comes and goes. What the witness itself
        said stays out of the journal: `remit status` shows it."""
        self.fault = why
        now = self._world.monotonic()
        if code != self._told and now >= self._silent_until.get(code, now):
            self._told = code
            self._silent_until[code] = now + HOUR_NS
            self._alarm(code, f"the witness {self.name} {SAID[code]}; remit status says more")
