"""The raw limit of the disk: write so many bytes at the end of a file and wait until they are durable."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class RawFile:
    """One file that grows by durable writes, as cheaply as this system lets a program do it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._offset = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._descriptor)

    def write(self, times: int, size: int) -> int:
        """Write `size` bytes and make them durable, so many times; return how many times."""
        data = b"x" * size
        for _ in range(times):
            os.pwrite(self._descriptor, data, self._offset)
            self._offset += size
            _flush(self._descriptor)
        return times


def _flush(descriptor: int) -> None:
    # The journal does the same: on macOS only F_FULLFSYNC reaches the medium.
    if hasattr(fcntl, "F_FULLFSYNC"):
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(descriptor)
