"""Files beneath a folder that others may write too: no link leads out of it, and nothing but a plain file is opened."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

TEMPORARY = ".tmp"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_PLAIN = os.O_NOFOLLOW | os.O_CLOEXEC


def read_beneath(folder: Path, path: str, most: int) -> bytes | None:
    """The bytes of a file, of which there may be so many; None where there is none. OSError, also for a link, a pipe
    and whatever else is no plain file."""
    try:
        with _parent(folder, path, make=False) as (parent, name):
            descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | _PLAIN, dir_fd=parent)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            raise OSError(errno.EINVAL, f"it is no plain file of {most} bytes at most", path)
        return file.read(most + 1)


def put_beneath(folder: Path, path: str, data: bytes) -> None:
    """Create a file, or replace it whole, with the folders that it needs: durable on return, old or new after a crash.
    OSError."""
    with _parent(folder, path, make=True) as (parent, name):
        temporary = name + TEMPORARY
        _unlink(temporary, parent)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN, 0o666, dir_fd=parent)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        os.fsync(parent)


def drop_beneath(folder: Path, path: str) -> None:
    """Remove a folder with its files, as far as that is allowed."""
    try:
        with _parent(folder, path, make=False) as (parent, name):
            shutil.rmtree(name, ignore_errors=True, dir_fd=parent)
    except OSError:
        return


@contextmanager
def _parent(folder: Path, path: str, *, make: bool) -> Iterator[tuple[int, str]]:
    """Open the folder that a path's last name stands in, step by step."""
    *parts, name = PurePosixPath(path).parts
    descriptor = os.open(folder, _FOLDER)
    try:
        for part in parts:
            if make:
                _make(part, descriptor)
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor, name
    finally:
        os.close(descriptor)


def _make(name: str, parent: int) -> None:
    """Make a folder durably where there is none."""
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        return
    os.fsync(parent)


def _unlink(name: str, parent: int) -> None:
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return
