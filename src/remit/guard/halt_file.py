"""The halt file: a file named HALT in the data folder stops everything by its mere existence."""

from __future__ import annotations

import os
import stat
from pathlib import Path

NAME = "HALT"
READ_BYTES_MAX = 4_096
REASON_MAX = 200
"""Characters of its first line that become the halt's reason."""


def reason(home: Path) -> str | None:
    """Return why the halt file in this folder halts; None only where it is certain that there is none.

    Its first line is the reason, as far as it is short, readable text. A folder, a link, an empty, unreadable or huge
    file of that name halts too: whoever is in a hurry must not be asked for the right kind of file.
    """
    path = home / NAME
    try:
        kind = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as fault:
        return f"nobody can tell whether there is a file {NAME}: {fault.strerror}"
    if not stat.S_ISREG(kind.st_mode):
        return f"{NAME} is there, and is no plain file"
    return _first_line(path)


def _first_line(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = os.read(descriptor, READ_BYTES_MAX)
        finally:
            os.close(descriptor)
    except OSError as fault:
        return f"{NAME} is there, and cannot be read: {fault.strerror}"
    lines = found.decode("utf-8", "replace").lstrip("\ufeff").splitlines()
    said = "".join(letter if letter.isprintable() else " " for letter in lines[0]).strip() if lines else ""
    return said[:REASON_MAX] or f"{NAME} is there, and gives no reason"
