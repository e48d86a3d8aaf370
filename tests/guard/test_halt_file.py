"""The halt file: whatever lies there under that name halts, and says why as far as that can be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from remit.guard.halt_file import NAME, READ_BYTES_MAX, REASON_MAX, reason

FILES: dict[str, tuple[bytes, str]] = {
    "a reason": (b"prices look wrong\n", "prices look wrong"),
    "its first line": (b"prices look wrong\nsaid ann at nine\n", "prices look wrong"),
    "nothing": (b"", "HALT is there, and gives no reason"),
    "blanks": (b"  \n \n", "HALT is there, and gives no reason"),
    "another system's line break": (b"prices\r\nsaid ann", "prices"),
    "a mark of its encoding": ("\ufeffprices".encode(), "prices"),
    "control characters": (b"prices\x1b[2J\x00\tlook", "prices [2J  look"),
    "no text at all": (b"\xff\xfe", "\ufffd\ufffd"),
    "a long line": (b"x" * 10_000, "x" * REASON_MAX),
}


@pytest.mark.parametrize("what", FILES)
def test_the_first_line_is_the_reason(tmp_path: Path, what: str) -> None:
    written, said = FILES[what]
    (tmp_path / NAME).write_bytes(written)
    assert reason(tmp_path) == said


def test_without_the_file_nothing_halts(tmp_path: Path) -> None:
    assert reason(tmp_path) is None
    (tmp_path / "HALT.txt").touch()
    assert reason(tmp_path) is None


ODD: dict[str, tuple[Callable[[Path], None], str]] = {
    "a folder": (lambda path: path.mkdir(), "HALT is there, and is no plain file"),
    "a link to nothing": (lambda path: path.symlink_to("nowhere"), "HALT is there, and is no plain file"),
    "a link to a secret": (lambda path: path.symlink_to(path.parent / "secret"), "HALT is there, and is no plain file"),
    "a pipe that nobody writes": (lambda path: os.mkfifo(path), "HALT is there, and is no plain file"),
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_no_file_halts_unread(tmp_path: Path, what: str) -> None:
    """A link is never followed: what it points to would be journalled."""
    make, said = ODD[what]
    (tmp_path / "secret").write_text("a key")
    make(tmp_path / NAME)
    assert reason(tmp_path) == said


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / NAME).open("wb") as file:
        file.truncate(1 << 40)
    assert reason(tmp_path) is not None
    (tmp_path / NAME).write_bytes(b"\n" * READ_BYTES_MAX + b"too late to be read")
    assert reason(tmp_path) == "HALT is there, and gives no reason"


def test_a_file_that_cannot_be_read_halts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).write_text("secret")

    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    assert reason(tmp_path) == "HALT is there, and cannot be read: Permission denied"


def test_a_folder_that_cannot_be_looked_into_halts(tmp_path: Path) -> None:
    """Where nobody can tell whether the file is there, it counts as there."""
    (tmp_path / "home").write_text("a file where the data folder should be")
    said = reason(tmp_path / "home")
    assert said == "nobody can tell whether there is a file HALT: Not a directory"
