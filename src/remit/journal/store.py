"""The seam to the disk. `Store` is all the journal asks of it, small enough for a simulator to own."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import Protocol

from remit.journal.errors import StoreLocked

_TEMPORARY = ".tmp"
_LOCK = "lock"


class Reader(Protocol):
    """One flat folder of files, to read. Every method may raise OSError."""

    def names(self) -> list[str]:
        """The names of all files, sorted."""
        ...

    def size(self, name: str) -> int:
        """The length of a file in bytes."""
        ...

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only at the end of the file."""
        ...


class Store(Reader, Protocol):
    """One flat folder of files with one owner. Every method may raise OSError; then nothing is known of the effect."""

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write all of `data` at `offset` of an existing file; durable only after `sync`."""
        ...

    def sync(self, name: str) -> None:
        """Return when everything written to the file is durable."""
        ...

    def truncate(self, name: str, size: int) -> None:
        """Cut the file to `size` bytes; durable only after `sync`."""
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Create the file, or replace it whole: durable on return, and old or new after a crash, never a mixture."""
        ...

    def remove(self, name: str) -> None:
        """Remove the file, durably."""
        ...

    def close(self) -> None:
        """Give the folder up, so that another owner may open it."""
        ...


class FolderReader:
    """A folder on disk, to read only and without a lock: for verification and backups beside a running owner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The names of all files, sorted, without the lock and without leftovers of an interrupted replace."""
        return sorted(
            entry.name
            for entry in os.scandir(self.folder)
            if entry.is_file() and entry.name != _LOCK and not entry.name.endswith(_TEMPORARY)
        )

    def size(self, name: str) -> int:
        """The length of a file in bytes."""
        return self._path(name).stat().st_size

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only at the end of the file."""
        with open(self._path(name), "rb") as file:
            file.seek(offset)
            return file.read(length)

    def _path(self, name: str) -> Path:
        if not name or name != os.path.basename(name) or name.startswith("."):
            raise ValueError(f"{name!r} is no plain file name")
        return self.folder / name


class FileStore(FolderReader):
    """A folder on disk with this process as its one owner: mode 0700, files 0600, StoreLocked if it has an owner."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        _make_folder(folder)
        if stat.S_IMODE(os.stat(folder).st_mode) != 0o700:
            os.chmod(folder, 0o700)  # a process that is confined by then may not, and has nothing to change
        self._lock = _lock(folder)
        self._open: tuple[str, int] | None = None
        for entry in os.scandir(folder):
            if entry.name.endswith(_TEMPORARY):
                os.unlink(entry.path)

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write all of `data` at `offset`; durable only after `sync`."""
        _write_all(self._descriptor(name), offset, data)

    def sync(self, name: str) -> None:
        """Return when everything written to the file is durable."""
        _flush(self._descriptor(name))

    def truncate(self, name: str, size: int) -> None:
        """Cut the file to `size` bytes; durable only after `sync`."""
        os.ftruncate(self._descriptor(name), size)

    def replace(self, name: str, data: bytes) -> None:
        """Create or replace the file whole: durable on return, old or new after a crash."""
        path = self._path(name)
        temporary = path.with_name(name + _TEMPORARY)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write_all(descriptor, 0, data)
            _flush(descriptor)
        finally:
            os.close(descriptor)
        self._forget(name)
        os.replace(temporary, path)
        sync_folder(self.folder)

    def remove(self, name: str) -> None:
        """Remove the file, durably."""
        self._forget(name)
        os.unlink(self._path(name))
        sync_folder(self.folder)

    def close(self) -> None:
        """Give the folder up, so that another owner may open it."""
        if self._open is not None:
            self._forget(self._open[0])
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _descriptor(self, name: str) -> int:
        if self._lock < 0:
            raise OSError(errno.EBADF, "the store is closed")
        if self._open is None or self._open[0] != name:
            descriptor = os.open(self._path(name), os.O_RDWR | os.O_CLOEXEC)
            if self._open is not None:
                os.close(self._open[1])
            self._open = (name, descriptor)
        return self._open[1]

    def _forget(self, name: str) -> None:
        if self._open is not None and self._open[0] == name:
            os.close(self._open[1])
            self._open = None


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreLocked(f"{folder} is in use by another process", "Stop that process first") from None
    return descriptor


def _write_all(descriptor: int, offset: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        if written == 0:
            raise OSError(errno.EIO, "the disk took no bytes")
        view, offset = view[written:], offset + written


def _flush(descriptor: int) -> None:
    # On macOS fsync stops at the drive's cache; only F_FULLFSYNC reaches the medium.
    if hasattr(fcntl, "F_FULLFSYNC"):
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
