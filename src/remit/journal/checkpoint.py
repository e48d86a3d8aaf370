"""C2SP tlog checkpoints (c2sp.org/tlog-checkpoint): the signed statement of a tree's size and root."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from remit.journal import note
from remit.journal.errors import NoteInvalid

_SIZE = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)  # no journal has more entries than fit 63 bits
CLEAN_STOP = "clean-stop"  # extension line of the checkpoint that closes a journal; the next opening writes one over it
OPENED = "opened"  # extension line of the checkpoint that an opening writes: its write test


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A head of the journal: whose (`origin`), how many entries (`size`), their tree's root, and the signed note.

    `extensions` are the extra lines of the text. `note` is the whole signed note, ready to give to anyone.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...]
    note: str


def sign(signer: note.Signer, origin: str, size: int, root: bytes, extensions: Sequence[str] = ()) -> Checkpoint:
    """The checkpoint of a tree, signed. NoteInvalid where the origin or an extension line is empty or has newlines."""
    lines = [origin, str(size), base64.b64encode(root).decode(), *extensions]
    if not all(lines) or any("\n" in line for line in lines):
        raise NoteInvalid("the origin and extensions are one non-empty line each", "Correct the line")
    return Checkpoint(origin, size, root, tuple(extensions), signer.sign("".join(f"{line}\n" for line in lines)))


def parse(signed: str) -> Checkpoint:
    """The checkpoint of a signed note, with no signature looked at. NoteInvalid where it is malformed."""
    lines = note.text_of(signed).split("\n")[:-1]
    if len(lines) < 3 or not all(lines):
        raise NoteInvalid("a checkpoint has an origin, a size and a root", "Give the whole checkpoint")
    origin, size, root_text, *extensions = lines
    try:
        root = note.unbase64(root_text)
    except ValueError:
        root = b""
    if len(root) != 32 or not _SIZE.fullmatch(size):
        raise NoteInvalid("the checkpoint's size or root is malformed", "Give the whole checkpoint")
    return Checkpoint(origin, int(size), root, tuple(extensions), signed)


def verify(signed: str, origin: str, verifiers: Sequence[note.Verifier]) -> Checkpoint:
    """The checkpoint of a note that one of the keys signed for this origin. NoteInvalid otherwise."""
    note.verify(signed, verifiers)
    checkpoint = parse(signed)
    if checkpoint.origin != origin:
        raise NoteInvalid(f"the checkpoint is of {checkpoint.origin!r}, not of {origin!r}", "Give this journal's own")
    return checkpoint
