"""C2SP cosignatures (c2sp.org/tlog-cosignature, `cosignature/v1`): a witness's word, with its time, that a checkpoint
is the newest of one history.

Bytes and times go in, lines come out: whoever calls this has the clock and the record of what was cosigned before.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from remit.journal import note as notes
from remit.journal.errors import NoteInvalid

COSIGNATURE = b"\x04"  # the signature type of the spec whose text begins with its name and the time
LINE_BYTES_MAX = 1024
_SIGNATURE_START = "\u2014 "
_TIME_BYTES, _SIGNATURE_BYTES = 8, 64


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A known witness: its name (no spaces, no plus sign) and its 32-byte Ed25519 public key."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        notes.Verifier(self.name, self.public_key)  # a witness's key is named as any other key

    @property
    def key_hash(self) -> bytes:
        """The 4 bytes by which a cosignature names its key."""
        return sha256(self.name.encode() + b"\n" + COSIGNATURE + self.public_key).digest()[:4]

    def __str__(self) -> str:
        """The key as the spec writes it: `name+hash+key`; `parse_cosigner` reads it back."""
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(COSIGNATURE + self.public_key).decode()}"


def parse_cosigner(text: str) -> Cosigner:
    """The witness's key written as `name+hash+key`. NoteInvalid where it is malformed or no witness's key."""
    parts = text.split("+", 2)
    try:
        name, key_hash, encoded = parts
        key = notes.unbase64(encoded)
    except ValueError:
        raise NoteInvalid(f"{text!r} is no witness's key", "Give it as `remit witness key` prints it") from None
    if key[:1] != COSIGNATURE:
        raise NoteInvalid("the key is not one for cosignature/v1", "Give a witness's key, of type 4")
    cosigner = Cosigner(name, key[1:])
    if cosigner.key_hash.hex() != key_hash:
        raise NoteInvalid("the witness's key does not match its hash", "Copy the whole key again")
    return cosigner


class CosignatureSigner:
    """A witness's private key. `seed` is the 32-byte private key, which the caller keeps."""

    __slots__ = ("_key", "cosigner")

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.cosigner = Cosigner(name, self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def cosign(self, signed: str, at_s: int) -> str:
        """The signature line, with its newline, for the text of a signed checkpoint. `at_s` is seconds since the epoch.

        It says that this checkpoint is consistent with all that this key cosigned before: whoever calls has made sure.
        """
        if not 0 <= at_s < 1 << 63:
            raise NoteInvalid("the time of a cosignature fits 63 bits", "Give seconds since the epoch")
        signature = self._key.sign(_message(notes.text_of(signed), at_s))
        raw = self.cosigner.key_hash + at_s.to_bytes(_TIME_BYTES, "big") + signature
        return f"{_SIGNATURE_START}{self.cosigner.name} {base64.b64encode(raw).decode()}\n"


def cosignatures(signed: str, cosigners: Sequence[Cosigner]) -> dict[Cosigner, int]:
    """Who of these witnesses cosigned a note, each with the time it said (seconds); lines of others are ignored.

    NoteInvalid where the note is malformed, or a known witness's line does not fit the text.
    """
    found: dict[Cosigner, int] = {}
    text = notes.text_of(signed)
    for name, key_hash, raw in notes.signatures(signed):
        for cosigner in cosigners:
            if (cosigner.name, cosigner.key_hash) == (name, key_hash):
                found[cosigner] = _checked(text, cosigner, raw)
    return found


def cosigned(signed: str, lines: str, cosigner: Cosigner) -> str:
    """The checkpoint with the witness's own line added, taken from its answer. NoteInvalid where none of the lines is a
    cosignature of this checkpoint by this witness."""
    for line in (f"{line}\n" for line in lines.split("\n")[:-1]):  # no other newline ends a line of a note
        if line.startswith(f"{_SIGNATURE_START}{cosigner.name} ") and len(line) <= LINE_BYTES_MAX:
            with_line = signed + line
            if cosigner in cosignatures(with_line, [cosigner]):
                return with_line
    raise NoteInvalid(f"{cosigner.name} did not cosign this checkpoint", "Compare the key with the witness's own")


def _checked(text: str, cosigner: Cosigner, raw: bytes) -> int:
    """The time of a cosignature, in seconds. NoteInvalid where the signature does not hold."""
    at_s = int.from_bytes(raw[:_TIME_BYTES], "big")
    if len(raw) != _TIME_BYTES + _SIGNATURE_BYTES or at_s >= 1 << 63:
        raise NoteInvalid(f"the cosignature of {cosigner.name} is malformed", "Do not trust this note")
    try:
        Ed25519PublicKey.from_public_bytes(cosigner.public_key).verify(raw[_TIME_BYTES:], _message(text, at_s))
    except InvalidSignature:
        raise NoteInvalid(f"the cosignature of {cosigner.name} does not fit", "Do not trust this note") from None
    return at_s


def _message(text: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()
