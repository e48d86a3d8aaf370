"""Where an export goes: the small seam between what is written and the place that keeps it; and a folder as one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from remit.export.errors import ExportConflict, ExportRefused, ExportUnreachable
from remit.journal.beneath import TEMPORARY, drop_beneath, put_beneath, read_beneath
from remit.journal.tiles import BUNDLE_BYTES_MAX, CHECKPOINT

_PARTIAL = ".p"


class Sink(Protocol):
    """A place of files by path. Every method may raise ExportUnreachable; then nothing is known of the effect."""

    @property
    def name(self) -> str:
        """The place as people name it."""
        ...

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none."""
        ...

    def earlier(self, size: int) -> Iterator[bytes]:
        """The heads that the place keeps beside the one that stands there, newest first, where it holds more than a
        head of that size needs."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Keep a file that never changes: durable on return. ExportConflict where other bytes stand there."""
        ...

    def head(self, note: str) -> None:
        """Replace the checkpoint: durable on return, old or new after a crash, never a mixture."""
        ...


class Folder:
    """A folder as the place of an export, made where it is missing. ExportRefused where it holds something else.

    Others may write there: what is no plain file, and a link in the place of a folder, is named and not followed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spent: list[str] = []
        """Partial files that a whole one stands for since the head before: readers of that head may be at them."""
        self._whole: list[str] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            there = {entry.name for entry in os.scandir(folder)}
        except OSError as fault:
            raise ExportRefused(f"{folder} cannot be used ({fault})", "Name a folder") from None
        if there - {CHECKPOINT, "tile", "verifier.txt", CHECKPOINT + TEMPORARY, "verifier.txt" + TEMPORARY}:
            raise ExportRefused(f"{folder} holds other files than an export's", "Name an empty or new folder")

    @property
    def name(self) -> str:
        """The folder's path."""
        return str(self._folder)

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none."""
        try:
            return read_beneath(self._folder, path, BUNDLE_BYTES_MAX)
        except OSError as fault:
            raise _unreachable(self._folder, fault) from None

    def earlier(self, size: int) -> Iterator[bytes]:
        """No head: a folder keeps the newest alone."""
        return iter(())

    def write(self, path: str, data: bytes) -> None:
        """Keep a file that never changes, durable on return. ExportConflict where other bytes stand there."""
        found = self.read(path)
        if found is None:
            self._put(path, data)
        elif found != data:
            raise conflict(self.name, path)
        if f"{_PARTIAL}/" not in path:
            self._whole.append(f"{path}{_PARTIAL}")

    def head(self, note: str) -> None:
        """Replace the checkpoint, and remove the partial files that have been whole since the one before."""
        self._put(CHECKPOINT, note.encode())
        for spent in self._spent:
            drop_beneath(self._folder, spent)
        self._spent, self._whole = self._whole, []

    def _put(self, path: str, data: bytes) -> None:
        try:
            put_beneath(self._folder, path, data)
        except OSError as fault:
            raise _unreachable(self._folder, fault) from None


def conflict(place: str, path: str) -> ExportConflict:
    """The error of a file that is there with other bytes."""
    return ExportConflict(
        f"{path} in {place} holds other bytes than this journal's",
        "Keep both: one of them was changed, or is another journal's. Verify each, and export to a new place",
    )


def _unreachable(folder: Path, fault: OSError) -> ExportUnreachable:
    return ExportUnreachable(f"{folder}: {fault}", "Check the disk, its room and who may write there")
