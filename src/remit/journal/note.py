"""C2SP signed notes (c2sp.org/signed-note) with Ed25519: a text, a blank line, and signature lines."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from remit.journal.errors import NoteInvalid

ED25519 = b"\x01"  # the signature type of the spec that covers the note text itself
_SIGNATURE_START = "\u2014 "


@dataclass(frozen=True, slots=True)
class Verifier:
    """A known key: its name (no spaces, no plus sign) and its 32-byte Ed25519 public key."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() for c in self.name) or not self.name.isprintable():
            raise NoteInvalid(f"{self.name!r} is no key name", "Use a name without spaces and plus signs")
        if len(self.public_key) != 32:
            raise NoteInvalid("an Ed25519 public key has 32 bytes", "Give the raw public key")

    @property
    def key_hash(self) -> bytes:
        """The 4 bytes by which a signature line names its key."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        """The key as the spec writes it: `name+hash+key`; `parse_verifier` reads it back."""
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(ED25519 + self.public_key).decode()}"


def parse_verifier(text: str) -> Verifier:
    """The key written as `name+hash+key`. NoteInvalid where it is malformed or the hash is another key's."""
    parts = text.split("+", 2)
    try:
        name, key_hash, encoded = parts
        key = unbase64(encoded)
    except ValueError:
        raise NoteInvalid(f"{text!r} is no verifier key", "Give it as name+hash+key") from None
    if key[:1] != ED25519:
        raise NoteInvalid("the verifier key is not an Ed25519 key", "Give a key of type 1")
    verifier = Verifier(name, key[1:])
    if verifier.key_hash.hex() != key_hash:
        raise NoteInvalid("the verifier key does not match its hash", "Copy the whole key again")
    return verifier


class Signer:
    """A named Ed25519 private key. `seed` is the 32-byte private key, which the caller keeps."""

    __slots__ = ("_key", "_prefix", "name", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.name = name
        self.verifier = Verifier(name, self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        self._prefix = self.verifier.key_hash

    def sign(self, text: str) -> str:
        """The signed note of a text, which must end in a newline and hold no other control characters."""
        _check_text(text)
        signature = self._key.sign(text.encode())
        return f"{text}\n{_SIGNATURE_START}{self.name} {base64.b64encode(self._prefix + signature).decode()}\n"


def text_of(note: str) -> str:
    """The text of a signed note, with no signature looked at. NoteInvalid where it is no note."""
    return _parts(note)[0]


def signatures(note: str) -> list[tuple[str, bytes, bytes]]:
    """The signature lines of a note, with none looked at: key name, 4-byte key hash, signature bytes. NoteInvalid."""
    return [_signature(line) for line in _parts(note)[1]]


def signature_lines(note: str) -> list[str]:
    """The signature lines of a note as they stand there, each with its newline. NoteInvalid."""
    return [f"{line}\n" for line in _parts(note)[1]]


def verify(note: str, verifiers: Sequence[Verifier]) -> str:
    """The text of a note that at least one of the keys signed; lines of unknown keys are ignored.

    NoteInvalid where a known key's signature is wrong, or none is there.
    """
    text, lines = _parts(note)
    signed = False
    for line in lines:
        name, key_hash, signature = _signature(line)
        for verifier in verifiers:
            if (verifier.name, verifier.key_hash) != (name, key_hash):
                continue
            try:
                Ed25519PublicKey.from_public_bytes(verifier.public_key).verify(signature, text.encode())
            except InvalidSignature:
                raise NoteInvalid(f"the signature of {name} does not fit the text", "Do not trust this note") from None
            signed = True
    if not signed:
        raise NoteInvalid("no known key signed the note", "Give the key that signed it")
    return text


def unbase64(text: str) -> bytes:
    """The bytes that base64 spells. ValueError for every spelling but the one that encoding them gives."""
    found = base64.b64decode(text, validate=True)
    if base64.b64encode(found).decode() != text:
        raise ValueError("base64 with bits that mean nothing")
    return found


def _parts(note: str) -> tuple[str, list[str]]:
    try:
        note.encode()
    except UnicodeEncodeError:
        raise NoteInvalid("the note is no UTF-8 text", "Give it as it was signed") from None
    body, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise NoteInvalid("the note has no signature block", "Give the whole note with its last newline")
    text = body + "\n"
    _check_text(text)
    return text, signatures[:-1].split("\n")


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise NoteInvalid("a note text ends in a newline and has no other control characters", "Correct the text")


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_SIGNATURE_START).partition(" ")
    try:
        raw = unbase64(encoded)
    except ValueError:
        raw = b""
    if not line.startswith(_SIGNATURE_START) or not name or not space or len(raw) < 5:
        raise NoteInvalid("a signature line is malformed", "Give the whole note as it was signed")
    return name, raw[:4], raw[4:]
