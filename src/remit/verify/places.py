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
_KEY_CHARACTERS_MAX = 4096


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
    for path in found:
        if is_export(path) and segments(FolderReader(path)):
            raise CannotVerify(f"{path} holds an export and a journal's segments", "Put each in a folder of its own")
    if not found:
        raise CannotVerify(f"there is no journal in {folder}", "Name a data folder, a backup or a journal's own folder")
    own = [path for path in found if path in (folder, folder / JOURNAL)]
    return own or found


def key_of(folder: Path, stated: str | None) -> Verifier:
    """Return the public key of a journal's checkpoints: as stated, else as written beside it. CannotVerify.

    A key that lies beside the journal shows damage, not a forger who replaced both: state one kept elsewhere.
    """
    if stated is None:
        for place in (folder, folder.parent):
            if (place / VERIFIER).is_file():
                with open(place / VERIFIER, encoding="utf-8", errors="replace") as file:
                    stated = file.read(_KEY_CHARACTERS_MAX).strip()
                break
    if stated is None:
        raise CannotVerify(
            f"no public key for {folder}: there is no {VERIFIER} beside it", "Give it: --key NAME+HASH+KEY"
        )
    try:
        return parse_verifier(stated)
    except JournalError as fault:
        raise CannotVerify(fault.what, fault.do) from None
