"""What a machine's owner does with a data folder: make it, back it up, restore it, reset its operator token."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from remit.guard import halt_file
from remit.guard.anchors import ANCHORED
from remit.guard.config import FILE as SETTINGS_FILE
from remit.guard.config import Settings
from remit.guard.errors import GuardError, GuardRunning, SettingInvalid, VaultExists, VaultMissing
from remit.guard.guard import OPERATOR_TOKEN, PERMIT_KEY, RESET_OPERATOR
from remit.guard.private import check_private, make_private, write_private
from remit.guard.recover import ORIGIN
from remit.guard.vault import FILE as VAULT_FILE
from remit.guard.vault import Vault
from remit.guard.world import JOURNAL, KEYS, SIDE, TOKENS, RealWorld, World
from remit.journal import backup as backups
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosigned import FILE as COSIGNED
from remit.journal.cosigned import beside
from remit.journal.cosigned import read as read_cosigned
from remit.journal.errors import JournalError, NoteInvalid, StoreLocked
from remit.journal.note import Verifier, parse_verifier
from remit.journal.store import FileStore, FolderReader
from remit.journal.verify import VERIFIER

HEAD = "head.txt"
"""In a backup: the head of its journal, to be kept elsewhere too."""
ARCHIVE = "archive"
_BESIDE = (KEYS, TOKENS)
_FILES = (SETTINGS_FILE, VERIFIER, PERMIT_KEY)


class BackupFailed(GuardError):
    """A backup could not be made or restored; what stands at the target is none."""

    code = "backup_refused"


class FolderExists(GuardError):
    """A data folder stands where a new one should be made."""

    code = "folder_exists"


def init(settings: Settings, passphrase: str | None = None) -> Verifier:
    """Make the data folder and its keys, durable on return, and return the public key of its journal's checkpoints.

    VaultExists, VaultMissing, OpenToOthers, GuardRunning; PassphraseNeeded for an empty passphrase.
    """
    make_private(settings.home)
    world = RealWorld(settings.home, {})
    try:
        vault = Vault.create(world, passphrase)
    except StoreLocked:
        raise GuardRunning(f"a guard works in {settings.home}", "Stop it first") from None
    finally:
        world.close()
    key = vault.checkpoint_signer(ORIGIN).verifier
    write_private(settings.home / VERIFIER, f"{key}\n")
    return key


def new_keys(settings: Settings, passphrase: str | None, at: int) -> tuple[Path, Verifier]:
    """Put the journal with its keys and tokens away, to be read only, and begin anew; return where it lies and the key.

    For an owner who cannot open the vault any more. `at` names the archive, in ns. GuardRunning; VaultMissing.
    """
    _refuse_running(settings)
    if not (settings.home / KEYS / VAULT_FILE).exists():
        raise VaultMissing(f"{settings.home} has no keys to replace", "Make the first ones: remit init")
    stamp = datetime.fromtimestamp(at // 10**9, UTC).strftime("%Y%m%dT%H%M%SZ")
    archive = settings.home / ARCHIVE / stamp
    if archive.exists():
        raise FolderExists(f"{archive} exists", "Try again in a second")
    archive.mkdir(parents=True, mode=0o700)
    for name in (JOURNAL, KEYS, TOKENS, SIDE, COSIGNED, ANCHORED, VERIFIER, PERMIT_KEY, OPERATOR_TOKEN):
        if (settings.home / name).exists():
            (settings.home / name).rename(archive / name)
    for path in archive.rglob("*"):
        if path.is_file():
            path.chmod(stat.S_IRUSR)
    return archive, init(settings, passphrase)


def reset_operator(settings: Settings) -> Path:
    """Ask the guard's next start for a new operator token, by a file; return where that token will be written.

    Whoever can write into the data folder owns the keys already, so this opens nothing that was closed. GuardRunning.
    """
    check_private(settings.home / KEYS)
    _refuse_running(settings)
    if not (settings.home / KEYS / VAULT_FILE).exists():
        raise VaultMissing(f"{settings.home} has no keys", "Start the guard once: it prints the first token")
    write_private(settings.home / RESET_OPERATOR, "a new operator token is asked for\n")
    return settings.home / OPERATOR_TOKEN


def journal_key(settings: Settings, passphrase: str | None = None) -> Verifier:
    """Return the public key of the journal's checkpoints: as written in the data folder, else from the vault."""
    path = settings.home / VERIFIER
    if path.is_file():
        return parse_verifier(path.read_text(encoding="utf-8").strip())
    vault = Vault.open(cast(World, _Reading(settings.home)), passphrase)
    return vault.checkpoint_signer(ORIGIN).verifier


class _Reading:
    """Folders to read and nothing else, so that the keys' owner keeps its lock."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def store(self, folder: str) -> FolderReader:
        check_private(self._home / folder)
        if not (self._home / folder).is_dir():
            raise VaultMissing(f"{self._home} has no folder {folder}", "Name the data folder: --home")
        return FolderReader(self._home / folder)

    def random(self, count: int) -> bytes:
        return os.urandom(count)


def backup(settings: Settings, target: Path, passphrase: str | None = None) -> Checkpoint:
    """Copy journal, side store, keys, tokens and settings into an empty folder, also beside a running guard; and the
    newest head that witnesses cosigned.

    Returns the copy's head: keep it elsewhere. BackupFailed; whoever has the copy has the keys, so it is made private.
    """
    key = journal_key(settings, passphrase)
    side = settings.home / SIDE
    try:
        cosigned = _cosigned(settings.home, key)  # before the journal, whose copy then covers it
        # Made private before anything lies in it: it will hold the keys.
        make_private(target)
        head = backups.backup(
            FolderReader(settings.home / JOURNAL), side if side.exists() else None, target, key.name, (key,)
        )
        for folder in _BESIDE:
            _copy(settings.home / folder, target / folder)
        for name in _FILES:
            if (settings.home / name).exists():
                write_private(target / name, (settings.home / name).read_text(encoding="utf-8"))
        write_private(target / VERIFIER, f"{key}\n")
        write_private(target / HEAD, head.note)
        if cosigned is not None:
            write_private(target / COSIGNED, cosigned.note)
    except JournalError as fault:
        raise BackupFailed(fault.what, fault.do) from None
    except OSError as fault:
        raise BackupFailed(f"the copy failed ({fault})", "Remove the target and try again") from None
    return head


def _cosigned(home: Path, key: Verifier) -> Checkpoint | None:
    """Return the head that witnesses cosigned; None where none is kept, or what is kept cannot be trusted."""
    source = beside(home / JOURNAL)
    try:
        return None if source is None else read_cosigned(source, key)
    except NoteInvalid:
        return None


def restore(folder: Path, settings: Settings, remembered: Checkpoint | None = None) -> Checkpoint:
    """Check a backup and put it where no data folder stands yet; return its head. BackupFailed, FolderExists.

    `remembered` is a head kept elsewhere that the backup must contain.
    """
    home = settings.home
    if home.exists() and any(home.iterdir()):
        raise FolderExists(f"{home} is not empty", "Name a new folder with --home; nothing is overwritten")
    make_private(home)
    try:
        key = parse_verifier((folder / VERIFIER).read_text(encoding="utf-8").strip())
        head = backups.restore(folder, home / JOURNAL, home / SIDE, key.name, (key,), remembered=remembered)
        for name in _BESIDE:
            _copy(folder / name, home / name)
        for name in (*_FILES, COSIGNED):
            if (folder / name).exists():
                write_private(home / name, (folder / name).read_text(encoding="utf-8"))
    except JournalError as fault:
        raise BackupFailed(fault.what, fault.do) from None
    except OSError as fault:
        raise BackupFailed(f"the backup cannot be copied ({fault})", "Name another backup or folder") from None
    return head


def inspect(settings: Settings) -> list[dict[str, Any]]:
    """Return what can be told of a data folder without a guard: each check, whether it is well, and what to do."""
    home = settings.home
    checks = [_check("data folder", home.is_dir(), str(home), "Make it: remit init")]
    try:
        for folder in (home / KEYS, home / TOKENS, home / JOURNAL):
            check_private(folder)
        checks.append(_check("private", True, "nobody else can read it", ""))
    except GuardError as fault:
        checks.append(_check("private", False, fault.message, fault.fix))
    checks.append(_check("keys", (home / KEYS / VAULT_FILE).is_file(), f"{KEYS}/{VAULT_FILE}", "Make them: remit init"))
    if home.is_dir():
        free = shutil.disk_usage(home).free
        checks.append(_check("disk", free > 1 << 30, f"{free >> 20} MiB free", "Make room: a full disk stops trading"))
    halted = halt_file.reason(home)
    fix = f"Remove {home / halt_file.NAME}, then review and resume its halt"
    checks.append(_check("halt file", halted is None, "none" if halted is None else halted, fix))
    poisoned = (home / JOURNAL / "poisoned").exists()
    fix = "Check the disk, then start the guard with --resume PERSON REASON"
    checks.append(_check("journal", not poisoned, "poisoned" if poisoned else "not poisoned", fix))
    return checks


def _check(name: str, well: bool, said: str, fix: str) -> dict[str, Any]:
    return {"check": name, "well": well, "says": said, "fix": "" if well else fix}


def _refuse_running(settings: Settings) -> None:
    """Return when no guard works in the data folder; GuardRunning otherwise."""
    folder = settings.home / KEYS
    if not folder.is_dir():
        return
    try:
        FileStore(folder).close()
    except StoreLocked:
        raise GuardRunning(f"a guard works in {settings.home}", "Stop it first") from None
    except OSError as fault:
        raise SettingInvalid(f"{folder} cannot be used: {fault}", "Run as the guard's user") from None


def _copy(folder: Path, target: Path) -> None:
    """Copy the files of a folder, private and durable; a folder that was never made has none."""
    if not folder.is_dir():
        return
    source = FolderReader(folder)
    target.mkdir(mode=0o700)
    for name in source.names():
        path = target / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(source.read(name, 0, source.size(name)))
            file.flush()
            os.fsync(file.fileno())


__all__ = [
    "BackupFailed",
    "FolderExists",
    "VaultExists",
    "backup",
    "init",
    "inspect",
    "journal_key",
    "new_keys",
    "reset_operator",
    "restore",
]
