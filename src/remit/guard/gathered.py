"""The newest head that enough witnesses cosigned: gathered from what each of them signs, and kept beside the journal.

It is for receipts, exports, backups and evidence. No permit depends on it, and it is no part of the journal's tree:
a crash before it is written loses a cosignature of a head, which the next one takes the place of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from remit.guard.world import World
from remit.journal.checkpoint import Checkpoint, parse
from remit.journal.cosign import Cosigner, cosignatures
from remit.journal.cosigned import FILE, joined, only, read, signers
from remit.journal.errors import JournalError, NoteInvalid
from remit.journal.log import Journal
from remit.journal.note import Verifier
from remit.kernel.numbers import NANOSECONDS

EVERY_NS = NANOSECONDS
"""How often a newer one is written."""
HEADS_MAX = 64
"""How many heads are remembered for which signatures are missing; the oldest goes first."""
DAMAGED = "cosigned_damaged"
NOT_KEPT = "cosigned_not_kept"


def kept_head(world: World, key: Verifier) -> dict[str, bytes]:
    """Return the head that is kept, by where it is, for the start to compare with the journal; nothing where there is
    none, or what is kept is none: that is told of once the guard runs."""
    try:
        source = world.read_file(FILE)
        if source is not None:
            read(source, key)
            return {f"the file {FILE}": source}
    except (NoteInvalid, OSError):
        return {}
    return {}


class Gathered:
    """Joins the cosignatures of each head, and keeps the newest head that `enough` witnesses signed.

    `head` is that head with all their lines; None before the first. A file that is damaged is told of and not trusted,
    and stays until a newer head takes its place.
    """

    def __init__(
        self,
        world: World,
        journal: Journal,
        cosigners: Sequence[Cosigner],
        enough: int,
        alarm: Callable[[str, str], object],
    ) -> None:
        self.head: Checkpoint | None = None
        self._world = world
        self._journal = journal
        self._cosigners = cosigners
        self._enough = enough
        self._alarm = alarm
        self._heads: dict[str, str] = {}
        """Heads that some have signed, by the signed text."""
        self._written: Checkpoint | None = None
        self._fault = ""
        """Why the last writing failed."""
        self._told = False

    def restore(self, key: Verifier) -> None:
        """Take up what an earlier guard kept. A file that cannot be trusted is told of."""
        try:
            source = self._world.read_file(FILE)
            if source is None:
                return
            kept = read(source, key)
            signed = len(cosignatures(kept.note, self._cosigners))
            there = self._journal.head_from(max(kept.size, 1))
        except (NoteInvalid, OSError) as fault:
            said = fault.what if isinstance(fault, NoteInvalid) else str(fault)
            self._alarm(DAMAGED, f"{FILE}, the head that witnesses cosigned, is not trusted: {said}")
            return
        except JournalError as fault:
            self._alarm(DAMAGED, f"{FILE} cannot be compared with the journal: {fault.what}")
            return
        if there is None or (there.size, there.root) != (kept.size, kept.root):
            self._alarm(DAMAGED, f"{FILE} is a head of {kept.size} entries that this journal does not have")
        elif signed >= self._enough:
            self.head = self._written = only(kept, key, self._cosigners)

    def heard(self, signed: str) -> None:
        """Take a head with the line of one witness on it, which was checked."""
        text = signed.rpartition("\n\n")[0]
        joint = joined(self._heads.pop(text, signed), signed)
        self._heads[text] = joint  # the newest last
        if self.head is not None and self.head.note.startswith(f"{text}\n\n"):
            joint = joined(self.head.note, joint)
        if signers(joint) - 1 >= self._enough and self._is_newer(found := parse(joint)):
            self.head = found
            self._heads = {of: one for of, one in self._heads.items() if parse(one).size >= found.size}
        while len(self._heads) > HEADS_MAX:
            del self._heads[next(iter(self._heads))]

    def _is_newer(self, found: Checkpoint) -> bool:
        known = self.head
        return known is None or (found.size, signers(found.note)) >= (known.size, signers(known.note))

    async def run(self) -> None:
        """Write what is new once a second, for ever."""
        while True:
            await self._world.sleep(EVERY_NS)
            head = self.head
            if head is not None and head is not self._written:
                await self._world.work(partial(self._write, head))
                self._tell()

    def close(self) -> None:
        """Write what is new, now."""
        if self.head is not None and self.head is not self._written:
            self._write(self.head)

    def _write(self, head: Checkpoint) -> None:
        try:
            self._world.publish(FILE, head.note)
        except OSError as fault:
            self._fault = str(fault)
            return
        self._written, self._fault = head, ""

    def _tell(self) -> None:
        """Tell once that it cannot be written, until it can."""
        if self._fault and not self._told:
            self._alarm(NOT_KEPT, f"{FILE} could not be written ({self._fault}): what is exported carries no newer one")
        self._told = bool(self._fault)
