"""The ledger: what a witness cosigned last of each journal, and the one way to have the next head cosigned.

The whole promise of a witness stands here: two heads that it cosigned for one journal are always of one history, also
over crashes and replays, because what it cosigns is durable before the cosignature exists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from remit.journal import checkpoint as checkpoints
from remit.journal import submission as submissions
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosign import CosignatureSigner
from remit.journal.errors import NoteInvalid
from remit.journal.note import Verifier
from remit.journal.store import Store
from remit.journal.submission import SIZE_TYPE, Submission
from remit.journal.tree import EMPTY_ROOT, verify_consistency
from remit.witness.errors import WitnessDamaged, WitnessSetting

TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answers: an HTTP status, the content type and the body."""

    status: int
    body: bytes
    kind: str = TEXT


class Ledger:
    """The last cosigned head of each known journal, in a store of its own.

    A journal is its origin, which is its key's name, together with that key; `now_s` is the clock in seconds. One call
    of `add_checkpoint` after the other: each compares, writes and signs as one step.
    """

    def __init__(
        self, store: Store, signer: CosignatureSigner, journals: Sequence[Verifier], now_s: Callable[[], int]
    ) -> None:
        """WitnessSetting where no journal is known or one is named twice; WitnessDamaged where the store cannot be
        trusted."""
        if not journals or len(set(journals)) != len(journals):
            raise WitnessSetting("a witness is of one or more journals, each named once", "Name them with --log")
        self.cosigner = signer.cosigner
        self._store = store
        self._signer = signer
        self._now_s = now_s
        self._journals = tuple(journals)
        self._heads: dict[Verifier, Checkpoint | None] = {journal: self._read(journal) for journal in journals}
        self._failed = ""

    @property
    def failed(self) -> str:
        """Why nothing is cosigned any more; empty while all is well."""
        return self._failed

    def head(self, journal: Verifier) -> Checkpoint | None:
        """The head of a journal that was cosigned last; None before the first."""
        return self._heads[journal]

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request as c2sp.org/tlog-witness says: 200 with a cosignature line, durable before it exists.

        400 malformed, 403 signed by no known key, 404 unknown origin, 409 with the size that is known, 422 not proven
        to have only grown, 500 after the disk failed once.
        """
        if self._failed:
            return _refusal(500, self._failed)
        try:
            asked = submissions.parse(body)
            head = checkpoints.parse(asked.note)
        except NoteInvalid as invalid:
            return _refusal(400, invalid.what)
        if not any(journal.name == head.origin for journal in self._journals):
            return _refusal(404, "this witness does not know the journal")
        journal = self._signer_of(head)
        if journal is None:
            return _refusal(403, "no key that is known for the journal signed this")
        if asked.old > head.size:
            return _refusal(400, "the old size is beyond the checkpoint's")
        return self._judge(asked, head, journal)

    def _judge(self, asked: Submission, head: Checkpoint, journal: Verifier) -> Answer:
        """Compare what the journal's own key signed with what was cosigned before."""
        known = self._heads[journal]
        size, root = (0, EMPTY_ROOT) if known is None else (known.size, known.root)
        contradicts = head.size == size and head.root != root
        if contradicts:
            self._keep_evidence(journal, head)
        if asked.old != size or contradicts:
            return Answer(409, f"{size}\n".encode(), SIZE_TYPE)
        if not verify_consistency(size, head.size, root, head.root, asked.proof):
            return _refusal(422, "the proof does not show that the journal only grew")
        try:
            self._store.replace(_file_of(journal), head.note.encode())
        except OSError as fault:
            self._failed = f"this witness's disk failed ({fault})"
            return _refusal(500, self._failed)
        self._heads[journal] = head
        return Answer(200, self._signer.cosign(head.note, self._now_s()).encode())

    def _signer_of(self, head: Checkpoint) -> Verifier | None:
        for journal in self._journals:
            if journal.name == head.origin:
                try:
                    checkpoints.verify(head.note, journal.name, [journal])
                except NoteInvalid:
                    continue
                return journal
        return None

    def _read(self, journal: Verifier) -> Checkpoint | None:
        name = _file_of(journal)
        if name not in self._store.names():
            return None
        try:
            note = self._store.read(name, 0, self._store.size(name)).decode()
            return checkpoints.verify(note, journal.name, [journal])
        except (NoteInvalid, UnicodeDecodeError):
            raise WitnessDamaged(
                f"{name}, the head of {journal.name} that was cosigned last, cannot be trusted",
                "Retire this witness and make another: it can no longer promise what it signed",
            ) from None

    def _keep_evidence(self, journal: Verifier, head: Checkpoint) -> None:
        """Keep a second head of a size that was cosigned: both are signed by the journal's key, which proves a fork."""
        name = f"{_file_of(journal)}.contradicts"
        if name not in self._store.names():
            try:
                self._store.replace(name, head.note.encode())
            except OSError as fault:
                self._failed = f"this witness's disk failed ({fault})"


def _file_of(journal: Verifier) -> str:
    return f"{sha256(str(journal).encode()).hexdigest()[:32]}.head"


def _refusal(status: int, why: str) -> Answer:
    return Answer(status, f"{why}\n".encode())
