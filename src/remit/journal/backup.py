"""Backups: a consistent copy of journal, snapshots and side store into an empty folder, also while they are in use.

The order makes it consistent. Snapshots first, then the journal, then the side store: each names only what came before
it was written, so whatever an earlier copy names is in the later one. The journal's copy ends at its last checkpoint.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from remit.journal import side
from remit.journal.checkpoint import Checkpoint
from remit.journal.errors import BackupRefused, JournalError, SnapshotDamaged
from remit.journal.frame import segments
from remit.journal.note import Verifier
from remit.journal.snapshot import read as read_snapshot
from remit.journal.snapshot import snapshots
from remit.journal.store import FileStore, FolderReader, Reader, Store
from remit.journal.verify import verify
from remit.journal.walk import Walk

JOURNAL_FOLDER = "journal"
SIDE_FILE = "side.sqlite"
_CHUNK_BYTES = 1 << 20


def backup(
    journal: Reader, side_path: Path | None, target: Path, origin: str, verifiers: Sequence[Verifier]
) -> Checkpoint:
    """Copy everything into `target`, which must be empty or absent, check the copy, and return its head.

    Keep the returned checkpoint elsewhere: `check` and `Journal.open(head_at_least=...)` compare with it. BackupRefused
    where the target is not empty, a disk fails or the copy does not verify; the target is then no backup.
    """
    _refuse_unless_empty(target)
    try:
        store = FileStore(target / JOURNAL_FOLDER)
        try:
            for name in snapshots(journal):
                _copy_snapshot(journal, name, store)
            for name in segments(journal):
                _copy_file(journal, name, journal.size(name), store)
            _cut_unsealed(store, origin, verifiers)
        finally:
            store.close()
        if side_path is not None:
            side.copy(side_path, target / SIDE_FILE)
    except (OSError, sqlite3.Error) as error:
        raise BackupRefused(f"the copy failed ({error})", "Remove the target and try again") from error
    return check(target, origin, verifiers)


def check(
    folder: Path, origin: str, verifiers: Sequence[Verifier], *, remembered: Checkpoint | None = None
) -> Checkpoint:
    """Verify a whole backup, every entry, signature, snapshot and side text, and return its head.

    `remembered` is the head the backup must contain. BackupRefused with the first fault.
    """
    try:
        reader = FolderReader(folder / JOURNAL_FOLDER)
        found = verify(reader, origin, verifiers, remembered=remembered)
        for name in snapshots(reader):
            if read_snapshot(reader, name).seq > found.count:
                raise BackupRefused(f"{name} is newer than the journal beside it", "Use another backup")
        spoilt = side.altered(folder / SIDE_FILE) if (folder / SIDE_FILE).exists() else []
    except SnapshotDamaged as damaged:
        raise BackupRefused(damaged.what, "Use another backup") from damaged
    except (OSError, sqlite3.Error) as error:
        raise BackupRefused(f"the backup cannot be read ({error})", "Use another backup") from error
    if found.fault is not None:
        raise BackupRefused(found.fault.what, "Use another backup") from found.fault
    if found.checkpoint is None or found.torn_bytes or found.unsealed:
        raise BackupRefused("the journal in it does not end in a checkpoint", "Use another backup")
    if spoilt:
        raise BackupRefused(f"{len(spoilt)} side texts are altered, first {spoilt[0]}", "Use another backup")
    return found.checkpoint


def restore(
    folder: Path,
    journal_folder: Path,
    side_path: Path | None,
    origin: str,
    verifiers: Sequence[Verifier],
    *,
    remembered: Checkpoint | None = None,
) -> Checkpoint:
    """Check a backup, copy it to an empty or absent journal folder and an absent side file, and return its head.

    BackupRefused where the check fails or something stands at the target; nothing there is ever overwritten.
    """
    head = check(folder, origin, verifiers, remembered=remembered)
    _refuse_unless_empty(journal_folder)
    if side_path is not None and side_path.exists():
        raise BackupRefused(f"{side_path} exists", "Move it away first")
    try:
        reader, store = FolderReader(folder / JOURNAL_FOLDER), FileStore(journal_folder)
        try:
            for name in reader.names():
                _copy_file(reader, name, reader.size(name), store)
        finally:
            store.close()
        if side_path is not None and (folder / SIDE_FILE).exists():
            side.copy(folder / SIDE_FILE, side_path)
    except (OSError, sqlite3.Error) as error:
        raise BackupRefused(f"the copy failed ({error})", "Remove what was copied and try again") from error
    return head


def _refuse_unless_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupRefused(f"{folder} is not an empty folder", "Name a new one; nothing is overwritten")


def _copy_snapshot(journal: Reader, name: str, store: Store) -> None:
    try:
        store.replace(name, journal.read(name, 0, journal.size(name)))
    except FileNotFoundError:
        # The running owner keeps only the last three and may have removed this one meanwhile; any it kept will do.
        return


def _copy_file(source: Reader, name: str, size: int, store: Store) -> None:
    store.replace(name, b"")
    for offset in range(0, size, _CHUNK_BYTES):
        store.write(name, offset, source.read(name, offset, min(_CHUNK_BYTES, size - offset)))
    store.sync(name)


def _cut_unsealed(store: Store, origin: str, verifiers: Sequence[Verifier]) -> None:
    walk = Walk(store, origin, verifiers)
    try:
        for _ in walk.entries():
            pass
    except JournalError as fault:
        raise BackupRefused(fault.what, "Run a verification of the journal itself") from fault
    if walk.segment:
        store.truncate(walk.segment, walk.sealed_end)
        store.sync(walk.segment)
