"""Anchors: heads of the journal that are kept out of its own reach, by a second folder and by witnesses.

Nothing leaves the guard before enough of them hold a head that covers its entry. So whatever had an effect outside is
remembered elsewhere, and a journal that forgets it is found out at its next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from remit.guard.errors import AnchorDamaged, AnchorGone, NotAnchored, NotWitnessed
from remit.guard.gathered import Gathered
from remit.guard.witness_settings import Witness
from remit.guard.witnessed import Witnessed
from remit.guard.world import World
from remit.journal import checkpoint as checkpoints
from remit.journal.checkpoint import Checkpoint
from remit.journal.errors import JournalError, NoteInvalid
from remit.journal.log import Journal
from remit.journal.note import Verifier
from remit.kernel.effect import Alert
from remit.kernel.names import FIRM
from remit.kernel.numbers import NANOSECONDS

HEAD = "checkpoint"
"""The file of the newest head in the second folder, named as in a published log."""
ANCHORED = "anchored"
"""The small file beside the journal that says that the second folder holds a head."""
EVERY_NS = NANOSECONDS
"""How often a head is anchored that no permit waits for."""
PART_S = 2.0
"""How long a stop waits for them."""
MEET_S = 10.0
"""How long a start waits for the witnesses; one that has said nothing by then is asked on."""


class Anchors:
    """All that must know a head before a permit that follows from it leaves: `needed` of the witnesses, and the second
    folder where the world has one.

    Until as many witnesses as are needed have been found to remember heads of this very journal, nobody is shown
    anything newer than it remembers. So where one that was silent knows better, what it remembers can still be put
    back: nobody else has been led on by the old copy.

    `alarm` hears of a code and why; without it people are told by the world alone.
    """

    def __init__(
        self,
        world: World,
        journal: Journal,
        witnesses: Sequence[Witness],
        needed: int,
        alarm: Callable[[str, str], object] | None = None,
    ) -> None:
        self._world = world
        self._journal = journal
        self._needed = needed
        self._folder = world.anchor()
        self._anchored = 0
        self._fault = ""
        self._late = False
        self._changed = asyncio.Event()
        self._is_met = not needed
        self._alarm = alarm or (lambda code, why: world.alert(Alert(code, FIRM, why)))
        self._gathered = Gathered(world, journal, [one.cosigner for one in witnesses], max(needed, 1), self._alarm)
        self.witnesses = [
            Witnessed(world, journal, witness, self._moved, self._shows_newer, self._alarm) for witness in witnesses
        ]
        if witnesses:
            journal.heard_leaf = self._heard_leaf

    @property
    def witnessed(self) -> int:
        """The size of the largest head that as many witnesses as are needed have cosigned."""
        sizes = sorted((one.cosigned for one in self.witnesses), reverse=True)
        return sizes[self._needed - 1] if self._needed else 0

    @property
    def cosigned(self) -> Checkpoint | None:
        """The newest head that as many witnesses as are needed, and one at least, have cosigned, with their lines."""
        return self._gathered.head

    def restore(self, key: Verifier) -> None:
        """Take up the cosigned head that an earlier guard kept; one that cannot be trusted is told of."""
        if self.witnesses:
            self._gathered.restore(key)

    async def meet(self) -> None:
        """Ask every witness what it remembers, and show it the journal as it was opened; JournalRolledBack where one
        knows better.

        A witness that cannot be reached keeps permits from leaving where it is needed, and is asked until it answers.
        """
        await self._ask_all()
        if self._is_met:
            await self._ask_all()  # for the newest head, now that nobody can be led on by it

    async def _ask_all(self) -> None:
        asked = [asyncio.ensure_future(one.submit()) for one in self.witnesses]
        if not asked:
            return
        done, silent = await asyncio.wait(asked, timeout=MEET_S)
        for one in silent:
            one.cancel()
        await asyncio.gather(*silent, return_exceptions=True)
        faults = [fault for one in done if (fault := one.exception()) is not None]
        for fault in sorted(faults, key=lambda fault: not isinstance(fault, JournalError)):
            raise fault

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """What runs beside the loop for as long as the guard does."""
        own = [] if self._folder is None else [self._every()]
        own += [self._gathered.run()] if self.witnesses else []
        return [*own, *(one.run() for one in self.witnesses)]

    async def cover(self, seq: int, within_ns: int) -> None:
        """Return once entry `seq` is anchored everywhere it must be; NotWitnessed after so long, NotAnchored."""
        if self.witnessed < seq and self._needed:
            for one in self.witnesses:
                one.want(seq)
            try:
                async with asyncio.timeout(max(within_ns, 0) / NANOSECONDS):
                    while self.witnessed < seq:
                        self._changed.clear()
                        await self._changed.wait()
            except TimeoutError:
                raise self._not_witnessed(seq) from None
        self._late = False
        self._anchor(seq)

    def check(self, seq: int) -> None:
        """Return where entry `seq` is anchored everywhere it must be; NotWitnessed, NotAnchored."""
        if self._needed and self.witnessed < seq:
            raise self._not_witnessed(seq)
        if self._folder is not None and self._anchored < seq:
            raise NotAnchored(f"the second folder does not hold a head over entry {seq}", _LOOK)

    def close(self) -> None:
        """Keep the last head of a journal that was closed, and the last one that was cosigned; a folder that fails now
        is told of like at any other time."""
        self._gathered.close()
        self._keep()

    def _keep(self) -> None:
        try:
            if self._is_met:
                self._anchor(self._journal.size)
        except NotAnchored:
            return

    async def part(self) -> None:
        """Show the last entries of a guard that stops to the witnesses that answer, once what runs beside the loop has
        ended; what they do not sign in time they sign after the next start."""
        asked = [asyncio.ensure_future(one.submit()) for one in self.witnesses if self._is_met and not one.fault]
        if asked:
            _, silent = await asyncio.wait(asked, timeout=PART_S)
            for one in silent:
                one.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    def about(self) -> dict[str, Any]:
        """How it stands, for people: in plain JSON."""
        return {
            "needed": self._needed,
            "witnessed": self.witnessed,
            "witnesses": [one.about() for one in self.witnesses],
            "folder": None if self._folder is None else {"size": self._anchored, "why": self._fault},
        }

    async def _every(self) -> None:
        while True:
            await self._world.sleep(EVERY_NS)
            self._keep()

    def _anchor(self, seq: int) -> None:
        """Keep the newest head in the second folder, unless the one there covers the entry."""
        if self._folder is None or self._anchored >= seq:
            return
        head = self._journal.head
        try:
            self._folder.replace(HEAD, head.note.encode())
            if not self._world.has_file(ANCHORED):
                self._world.publish(ANCHORED, "The second folder holds a head of this journal: see docs/proof.md\n")
        except OSError as fault:
            if not self._fault:
                why = f"the second folder refused a head ({fault}): no permit leaves"
                self._alarm("not_anchored", why)
            self._fault = str(fault)
            raise NotAnchored(f"the second folder refused a head over entry {seq} ({fault})", _LOOK) from None
        self._anchored, self._fault = head.size, ""

    def _not_witnessed(self, seq: int) -> NotWitnessed:
        have = sum(one.cosigned >= seq for one in self.witnesses)
        why = f"entry {seq} has {have} of {self._needed} cosignatures"
        silent = "; ".join(f"{one.name}: {one.fault}" for one in self.witnesses if one.fault)
        if not self._late:
            self._late = True
            self._alarm("not_witnessed", f"{why}, so no permit leaves. {silent}".strip())
        return NotWitnessed(f"{why} ({silent})" if silent else why, "See remit status, and ask the witnesses' owners")

    def _shows_newer(self) -> bool:
        return self._is_met

    def _moved(self, signed: str) -> None:
        """A witness has cosigned a head, which is given with its line."""
        self._gathered.heard(signed)
        self._changed.set()
        if not self._is_met and sum(one.has_agreed for one in self.witnesses) >= self._needed:
            self._is_met = True
            for one in self.witnesses:
                one.wake()

    def _heard_leaf(self, leaf: bytes) -> None:
        for one in self.witnesses:
            one.heard_leaf(leaf)


def anchored_head(world: World, verifier: Verifier) -> Checkpoint | None:
    """Return the head that the second folder remembers; None where there is no such folder, or it holds none yet.

    AnchorGone where it held one before; AnchorDamaged where what it holds is no head of this journal's key.
    """
    folder = world.anchor()
    if folder is None:
        return None
    if HEAD not in folder.names():
        if world.has_file(ANCHORED):
            raise AnchorGone(
                "the second folder held a head of this journal, and holds none now",
                f"Is its disk mounted? Where that head is lost for good, remove the file {ANCHORED} in the data folder",
            )
        return None
    return head_in(f"the file {HEAD} in the second folder", folder.read(HEAD, 0, folder.size(HEAD)), verifier)


def head_in(where: str, note: bytes, verifier: Verifier) -> Checkpoint:
    """Return the head that was kept somewhere; AnchorDamaged where it is none of this journal's key."""
    try:
        return checkpoints.verify(note.decode(), verifier.name, [verifier])
    except (NoteInvalid, UnicodeDecodeError) as fault:
        said = fault.what if isinstance(fault, NoteInvalid) else "it is no text"
        raise AnchorDamaged(
            f"{where} is no head of this journal: {said}",
            "Name a place of this journal's own; where it was spoilt, compare with a witness or a backup first",
        ) from None


_LOOK = "Look at the disk of anchor_folder"
