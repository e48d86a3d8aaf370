"""The cosigned head that is kept beside a journal: the newest one that enough witnesses signed, as one signed note.

It is no part of the tree: nothing in the journal follows from it, and without it the journal is whole. It is what a
stranger is given, so that the word of others stands under it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from remit.journal import checkpoint as checkpoints
from remit.journal import note as notes
from remit.journal.beneath import read_beneath
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosign import Cosigner, cosignatures
from remit.journal.errors import NoteInvalid
from remit.journal.note import Verifier

FILE = "cosigned.txt"
"""The file of the cosigned head, beside the journal's folder and in a backup."""
BYTES_MAX = 1 << 16
"""More than a head with the lines of all witnesses that a journal may have."""
_JOURNAL = "journal"


def read(source: bytes, key: Verifier) -> Checkpoint:
    """The head that the file's bytes spell, its signature by the journal's own key verified; witnesses' lines are not
    looked at. NoteInvalid where it is none."""
    try:
        text = source.decode() if len(source) <= BYTES_MAX else ""
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise NoteInvalid(f"{FILE} is no signed head", "Remove it: the witnesses' signatures are asked for again")
    return checkpoints.verify(text, key.name, (key,))


def beside(journal: Path) -> bytes | None:
    """What is kept beside a journal in this folder: in it, or, where the folder is called as in a data folder or a
    backup, beside it. None where nothing is; OSError."""
    for folder in (journal, journal.parent) if journal.name == _JOURNAL else (journal,):
        if folder.is_dir() and (found := read_beneath(folder, FILE, BYTES_MAX)) is not None:
            return found
    return None


def holding(signed: str, cosigners: Sequence[Cosigner]) -> dict[Cosigner, str]:
    """Who of these witnesses has a line on a note that holds, and that line. NoteInvalid where it is no note."""
    text = notes.text_of(signed)
    found: dict[Cosigner, str] = {}
    for line in notes.signature_lines(signed):
        try:
            found |= dict.fromkeys(cosignatures(f"{text}\n{line}", cosigners), line)
        except NoteInvalid:
            continue
    return found


def only(head: Checkpoint, key: Verifier, cosigners: Sequence[Cosigner]) -> Checkpoint:
    """The head with the lines of the journal's key and of these witnesses alone, as far as they hold: what somebody
    else put there says nothing, and a line that does not hold would spoil the head for whoever knows that witness."""
    text = notes.text_of(head.note)
    signed = zip(notes.signatures(head.note), notes.signature_lines(head.note), strict=True)
    own = [line for (name, key_hash, _), line in signed if (name, key_hash) == (key.name, key.key_hash)]
    return checkpoints.parse(f"{text}\n{''.join([*own, *holding(head.note, cosigners).values()])}")


def cosigned_beside(journal: Path, key: Verifier, cosigners: Sequence[Cosigner]) -> bytes | None:
    """The head that is kept beside a journal with the lines of these witnesses that hold; None where there is none.
    OSError."""
    source = beside(journal)
    try:
        found = None if source is None else only(read(source, key), key, cosigners)
    except NoteInvalid:
        return None
    return found.note.encode() if found is not None and signers(found.note) > 1 else None


def covering(journal: Path, key: Verifier, seq: int, size: int) -> Checkpoint | None:
    """The head that is kept beside a journal, where it covers entry `seq` of a journal of so many entries; None where
    there is none that does, or what is kept is no head of this key's. OSError."""
    source = beside(journal)
    try:
        found = None if source is None else read(source, key)
    except NoteInvalid:
        return None
    return found if found is not None and seq <= found.size <= size else None


def signed_by(head: Checkpoint) -> list[str]:
    """The names of whoever signed a head beside the journal's own key; no signature is looked at. NoteInvalid."""
    return [name for name, _, _ in notes.signatures(head.note) if name != head.origin]


def joined(signed: str, more: str) -> str:
    """The note with all signature lines that two notes of the same text have; one line a key, that of `more` where both
    have one. NoteInvalid where the texts differ."""
    text = notes.text_of(signed)
    if text != notes.text_of(more):
        raise NoteInvalid("the two heads are not the same", "Join signatures of one head")
    lines: dict[tuple[str, bytes], str] = {}
    for one in (signed, more):
        for (name, key_hash, _), line in zip(notes.signatures(one), notes.signature_lines(one), strict=True):
            lines[name, key_hash] = line
    return f"{text}\n{''.join(lines.values())}"


def signers(signed: str) -> int:
    """How many signature lines a note has; none is looked at. NoteInvalid."""
    return len(notes.signatures(signed))
