"""Verify a journal offline: the tree, every signature, and every verdict decided again. Needs no private key.

Each record's command enters a fresh kernel; its decision and events must be the ones the journal holds. Memory stays
flat: one entry at a time, and of the state what the kernel itself keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from remit.journal import receipt as receipts
from remit.journal.checkpoint import Checkpoint
from remit.journal.checkpoint import verify as read_checkpoint
from remit.journal.errors import JournalError
from remit.journal.frame import segments
from remit.journal.note import Verifier, parse_verifier
from remit.journal.store import FolderReader
from remit.journal.verify import VERIFIER, Verified
from remit.journal.verify import verify as verify_tree
from remit.kernel.codec import decode, encode, plain
from remit.kernel.command import KernelStarted
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel

JOURNAL = "journal"
PROGRESS_EVERY = 2_000


class CannotVerify(Exception):
    """There is nothing that could be verified, or nothing to verify it with: `what` and `do` say so."""

    code = "cannot_verify"

    def __init__(self, what: str, do: str) -> None:
        super().__init__(f"{self.code}: {what}. {do}")
        self.what, self.do = what, do


class Difference(msgspec.Struct, frozen=True):
    """The first entry that is not what its command leads to: where, in which field, what is written and what follows.

    `kernel` is the version that wrote this stretch of the journal.
    """

    seq: int
    field: str
    written: str
    derived: str
    kernel: str


class Verdict(msgspec.Struct, frozen=True):
    """What was verified of one journal: `well` where nothing is wrong, else `fault` or `difference` names the first.

    `count` entries hold; `decisions` of them judged an order; `root` is the tree's root over them, in hex. `unsealed`
    entries and `torn_bytes` after the last checkpoint are no fault: a running or crashed guard leaves them.
    """

    folder: str
    count: int
    decisions: int
    root: str
    checkpoints: int
    unsealed: int
    torn_bytes: int
    clean: bool
    kernels: tuple[tuple[int, str], ...]
    fault: str = ""
    difference: Difference | None = None

    @property
    def well(self) -> bool:
        return not self.fault and self.difference is None


class _Differs(Exception):
    def __init__(self, difference: Difference) -> None:
        self.difference = difference


class _Again:
    """Decides every entry again, in order."""

    def __init__(self, progress: Callable[[int], None] | None) -> None:
        self.kernel = Kernel()
        self.kernels: list[tuple[int, str]] = []
        self.decisions = 0
        self._progress = progress

    def take(self, index: int, entry: bytes) -> None:
        """Decide one entry again; _Differs where another record follows from its command."""
        seq = index + 1
        try:
            written = decode(Record, entry)
        except (msgspec.DecodeError, ValueError) as fault:
            raise self._differs(seq, "entry", entry[:80].decode(errors="replace"), f"no record: {fault}") from None
        if encode(written) != entry:
            raise self._differs(seq, "entry", "not canonical", "the canonical text")
        if written.command.seq != seq:
            raise self._differs(seq, "command.seq", str(written.command.seq), str(seq))
        if isinstance(written.command.body, KernelStarted):
            self.kernels.append((seq, f"{written.command.body.version} {written.command.body.digest[:16]}"))
        derived = self._step(seq, written)
        if (derived.decision, derived.events) != (written.decision, written.events):
            for field, said, follows in _unlike(written, derived):
                raise self._differs(seq, field, said, follows)
        self.decisions += written.decision is not None
        if self._progress is not None and seq % PROGRESS_EVERY == 0:
            self._progress(seq)

    def _step(self, seq: int, written: Record) -> Record:
        try:
            return self.kernel.step(written.command)
        except Exception as fault:  # noqa: BLE001  a damaged or foreign record may break any rule of the kernel's
            raise self._differs(seq, "command", "a command", f"{type(fault).__name__}: {fault}") from None

    def _differs(self, seq: int, field: str, written: str, derived: str) -> _Differs:
        return _Differs(Difference(seq, field, written, derived, self.kernels[-1][1] if self.kernels else ""))


def _unlike(written: Record, derived: Record) -> Iterator[tuple[str, str, str]]:
    """Yield (field, written, derived) of what differs between two records, the decision before the events."""
    yield from _apart("decision", plain(written.decision), plain(derived.decision))
    yield from _apart("events", plain(written.events), plain(derived.events))


def _apart(path: str, one: Any, other: Any) -> Iterator[tuple[str, str, str]]:
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            yield from _apart(f"{path}.{name}", one.get(name), other.get(name))
    elif isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _apart(f"{path}[{index}]", left, right)
    else:
        yield path, encode(one).decode(), encode(other).decode()


def verify(
    folder: Path,
    key: Verifier,
    *,
    head: str | None = None,
    decide: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Verify the journal in a folder, streaming, and return what holds or the first thing that does not.

    `head` is a signed checkpoint kept elsewhere that the journal must contain. Without `decide` only tree and
    signatures are checked. `progress` hears the sequence number now and then. CannotVerify where the folder cannot be
    read, or is another's.
    """
    again = _Again(progress)
    difference: Difference | None = None
    found: Verified | None = None
    try:
        remembered = None if head is None else checkpoint_of(head, key)
        found = verify_tree(
            FolderReader(folder), key.name, (key,), remembered=remembered, on_entry=again.take if decide else None
        )
    except _Differs as differs:
        difference = differs.difference
    except OSError as fault:
        raise CannotVerify(f"{folder} cannot be read ({fault})", "Look at the folder and its disk") from None
    if found is not None and found.count and found.checkpoint is None and found.fault is None:
        raise CannotVerify(f"{folder} has entries and no checkpoint that seals them", "Restore it from a backup")
    return _verdict(folder, again, found, difference)


def _verdict(folder: Path, again: _Again, found: Verified | None, difference: Difference | None) -> Verdict:
    clean = found is not None and found.checkpoint is not None and "clean-stop" in found.checkpoint.extensions
    return Verdict(
        folder=str(folder),
        count=difference.seq - 1 if difference is not None else 0 if found is None else found.count,
        decisions=again.decisions,
        root="" if found is None else found.root.hex(),
        checkpoints=0 if found is None else found.checkpoints,
        unsealed=0 if found is None else len(found.unsealed),
        torn_bytes=0 if found is None else found.torn_bytes,
        clean=clean,
        kernels=tuple(again.kernels),
        fault="" if found is None or found.fault is None else str(found.fault),
        difference=difference,
    )


class Checked(msgspec.Struct, frozen=True):
    """A receipt that holds: the entry as it stands in the journal, and the size and root (hex) of the signed tree."""

    seq: int
    entry: str
    size: int
    root: str


def verify_receipt(source: bytes, key: Verifier) -> Checked:
    """Check that the entry of a receipt stands in the journal that the key signed; no journal is needed. CannotVerify
    where it does not."""
    try:
        receipt = receipts.parse(source)
        head = receipts.verify(receipt, key.name, (key,))
    except JournalError as fault:
        raise CannotVerify(fault.what, fault.do) from None
    try:
        said = decode(Record, receipt.entry).command.seq
    except ValueError as fault:
        raise CannotVerify(
            f"the entry is no record of this version: {fault}", "Use the version that wrote it"
        ) from None
    if said != receipt.seq:
        raise CannotVerify(f"the entry calls itself {said}, the receipt {receipt.seq}", "Take it for forged")
    return Checked(receipt.seq, receipt.entry.decode(), head.size, head.root.hex())


def checkpoint_of(head: str, key: Verifier) -> Checkpoint:
    """Return a checkpoint kept elsewhere, its signature verified; CannotVerify."""
    try:
        return read_checkpoint(head, key.name, (key,))
    except JournalError as fault:
        raise CannotVerify(f"the checkpoint kept elsewhere is none of this journal: {fault.what}", fault.do) from None


def journals(folder: Path) -> list[Path]:
    """Return the folders that hold the journals of a data folder, a backup, a replay, or of the folder itself."""
    candidates = [folder, folder / JOURNAL]
    if folder.is_dir():
        candidates += sorted(path for path in folder.iterdir() if path.is_dir() and path.name != JOURNAL)
    found = [path for path in candidates if path.is_dir() and segments(FolderReader(path))]
    if not found:
        raise CannotVerify(f"there is no journal in {folder}", "Name a data folder, a backup or a journal's own folder")
    return found[:1] if found[0] in (folder, folder / JOURNAL) else found


def key_of(folder: Path, stated: str | None) -> Verifier:
    """Return the public key of a journal's checkpoints: as stated, else as written beside it. CannotVerify.

    A key that lies beside the journal shows damage, not a forger who replaced both: state one kept elsewhere.
    """
    if stated is None:
        for place in (folder, folder.parent):
            if (place / VERIFIER).is_file():
                stated = (place / VERIFIER).read_text(encoding="utf-8", errors="replace").strip()
                break
    if stated is None:
        raise CannotVerify(
            f"no public key for {folder}: there is no {VERIFIER} beside it", "Give it: --key NAME+HASH+KEY"
        )
    try:
        return parse_verifier(stated)
    except JournalError as fault:
        raise CannotVerify(fault.what, fault.do) from None
