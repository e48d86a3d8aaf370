"""Files of one user alone."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def make_private(path: Path) -> None:
    """Make an empty file with mode 0600 where there is none, before anything opens it with a wider mode; OSError.

    One that is there is not opened: whoever closes any descriptor of a SQLite file lets go of all locks that this
    process holds on it, and others then take its log away (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
