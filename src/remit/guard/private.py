"""Private folders and files: nobody but the user the guard runs as may look into them."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterable
from pathlib import Path

from remit.guard.errors import OpenToOthers

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITE_OF_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def check_private(folder: Path) -> None:
    """Return when the folder and its files are this user's alone, or do not exist yet; OpenToOthers otherwise.

    A folder once open is refused rather than closed silently: somebody may have read it, and a person should know.
    """
    try:
        paths = [folder, *sorted(folder.iterdir())]
        found = [(path, path.lstat()) for path in paths]
    except FileNotFoundError:
        return
    except (NotADirectoryError, PermissionError) as fault:
        raise OpenToOthers(f"{folder} is no folder of this user: {fault.strerror}", "Name another folder") from None
    for path, status in found:
        if stat.S_ISLNK(status.st_mode):
            raise OpenToOthers(f"{path} is a link to elsewhere", "Put the folder or file itself there")
        if status.st_uid != os.geteuid():
            chown = f"Run: chown {os.geteuid()} {shlex.quote(str(path))}"
            raise OpenToOthers(f"{path} belongs to user {status.st_uid}", chown)
        if status.st_mode & _OTHERS:
            raise OpenToOthers(
                f"{path} can be used by others (mode {stat.S_IMODE(status.st_mode):o})",
                f"Run: chmod go-rwx {shlex.quote(str(path))} -- and replace the keys if somebody may have read them",
            )


def check_settings(path: Path, uids: Iterable[int] = ()) -> None:
    """Return when the settings' file is root's or this user's own, or of one of `uids`, and nobody else may write it,
    or there is none; OpenToOthers otherwise: whoever writes it decides what holds the guard."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    except OSError as fault:
        raise OpenToOthers(f"{path} cannot be looked at: {fault.strerror}", "Let the guard's user read it") from None
    if status.st_uid not in {0, os.geteuid(), *uids}:
        raise OpenToOthers(f"{path} belongs to user {status.st_uid}", f"Run: chown root {shlex.quote(str(path))}")
    if status.st_mode & _WRITE_OF_OTHERS:
        raise OpenToOthers(
            f"{path} can be written by others (mode {stat.S_IMODE(status.st_mode):o})",
            f"Run: chmod go-w {shlex.quote(str(path))} -- and read it: somebody else may have written there",
        )


def make_private(folder: Path, *, shared: bool = False) -> None:
    """Return when the folder exists, made where it was missing, and only this user can change what is in it.

    Nobody else may look in either, unless it is `shared`: the person who shares it makes it. OpenToOthers otherwise.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    forbidden = _WRITE_OF_OTHERS if shared else _OTHERS
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & forbidden:
        raise OpenToOthers(
            f"{folder} is no private folder of this user (mode {stat.S_IMODE(status.st_mode):o})",
            f"Run: chmod {'go-w' if shared else 'go-rwx'} {shlex.quote(str(folder))} -- or name another folder",
        )


def write_private(path: Path, text: str) -> None:
    """Write a small file that only this user can read, whole or not at all: what somebody laid in its way is neither
    written through nor kept. OSError."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
