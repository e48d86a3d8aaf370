"""Where journals lie, and which public key is theirs."""

from __future__ import annotations

from pathlib import Path

from remit.journal.checkpoint import Checkpoint
from remit.journal.checkpoint import verify as read_checkpoint
from remit.journal.cosign import Cosigner, parse_cosigner
from remit.journal.errors import JournalError
from remit.journal.frame import segments
from remit.journal.note import Verifier, parse_verifier
from remit.journal.store import FolderReader
from remit.journal.verify import VERIFIER as VERIFIER
from remit.verify.export import is_export
from remit.verify.verdict import CannotVerify

JOURNAL = "journal"


def checkpoint_of(head: str, key: Verifier) -> Checkpoint:
    """Return a checkpoint kept elsewhere, its signature verified; CannotVerify."""
    try:
        return read_checkpoint(head, key.name, (key,))
    except JournalError as fault:
        raise CannotVerify(f"the checkpoint kept elsewhere is none of this journal: {fault.what}", fault.do) from None


def cosigner_of(witness: str) -> Cosigner:
    """Return a witness's key as `remit witness key` prints it; CannotVerify."""
    try:
        return parse_cosigner(witness)
    except JournalError as fault:
        raise CannotVerify(fault.what, fault.do) from None


def journals(folder: Path) -> list[Path]:
    """Return the folders that hold the journals of a data folder, a backup, a replay, an export, or of the folder
    itself."""
    candidates = [folder, folder / JOURNAL]
    if folder.is_dir():
        candidates += sorted(path for path in folder.iterdir() if path.is_dir() and path.name != JOURNAL)
    found = [path for path in candidates if path.is_dir() and (is_export(path) or segments(FolderReader(path)))]
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
