"""What is durable: the journal's entries as a power loss would leave them now, read from the bytes themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple
from zlib import crc32

SUFFIX = ".journal"


class Sealed(NamedTuple):
    """A checkpoint on the disk: how many entries stand before it, and its signed note."""

    after: int
    note: str


class Durable:
    """Follows the bytes of one journal, segment after segment, reading each byte once.

    `entries` are those that a checkpoint follows, in their order, `sealed` the checkpoints between them, and `faults`
    what is wrong with the bytes. What no checkpoint follows is not the journal's: the next start cuts it. Reads the
    format by itself: a letter, a checksum, a payload and a newline.
    """

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.sealed: list[Sealed] = []
        self.faults: list[str] = []
        self._files: list[str] = []
        self._offset = 0

    def look(self, files: Mapping[str, bytes | bytearray]) -> None:
        """Read what has become durable since the last look."""
        names = sorted(name for name in files if name.endswith(SUFFIX))
        if names[: len(self._files)] != self._files or (self._files and len(files[self._files[-1]]) < self._offset):
            self.begin()
        for name in names[max(len(self._files) - 1, 0) :]:
            if not self._files or name != self._files[-1]:
                self._begin_file(name)
            self._read(name, files[name])

    def begin(self) -> None:
        """Forget everything: the next look reads from the first byte, since the world has changed the past."""
        self.__init__()  # type: ignore[misc]

    def _begin_file(self, name: str) -> None:
        if int(name.removesuffix(SUFFIX)) != len(self.entries):
            self.faults.append(f"{name} begins after {len(self.entries)} entries")
        self._files.append(name)
        self._offset = 0

    def _read(self, name: str, data: bytes | bytearray) -> None:
        begun, held = self._offset, list[bytes]()
        while (end := data.find(b"\n", begun)) >= 0:
            line = bytes(data[begun:end])
            kind, payload = line[:1], line[11:]
            if line[1:11] != b" %08x " % crc32(payload, crc32(kind)):
                self._fault(f"{name} is damaged at byte {begun}, after {len(self.entries) + len(held)} entries")
            elif kind == b"e":
                held.append(payload)
            else:
                self.entries += held
                self._seal(json.loads(payload))
                held, self._offset = [], end + 1
            begun = end + 1

    def _fault(self, fault: str) -> None:
        if fault not in self.faults:  # what no checkpoint follows yet is read again at the next look
            self.faults.append(fault)

    def _seal(self, note: str) -> None:
        if self.faults:  # damaged lines were entries, and those after them keep their places
            self.entries += [b""] * (int(note.split("\n", 2)[1]) - len(self.entries))
        self.sealed.append(Sealed(len(self.entries), note))
