"""Passwords: what one may be, and the slow hash that is kept of it."""

from __future__ import annotations

import base64
import unicodedata
from typing import NamedTuple

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from remit.guard.errors import CredentialInvalid

CHARACTERS_MIN = 12
CHARACTERS_MAX = 256
SALT_BYTES = 16
_HASH_BYTES = 32
_LONGER = "Take a longer one: three or four words that have nothing to do with each other are good"


class Cost(NamedTuple):
    """What one guess costs with argon2id: memory in KiB, passes over it, and lanes at a time."""

    memory_kib: int
    passes: int
    lanes: int


COST = Cost(65_536, 3, 1)
"""The second choice of RFC 9106 on one lane: 64 MiB and about a quarter of a second of one core."""


class Hasher:
    """Hashes passwords with argon2id under `pepper`, a secret of the vault: a stolen file of hashes alone is worth no
    guess. Its methods take long and touch nothing that is shared: they are for another thread."""

    def __init__(self, pepper: bytes, cost: Cost = COST) -> None:
        self._pepper = pepper
        self._cost = cost

    def hash(self, password: str, salt: bytes) -> str:
        """Return what is kept of a password, in the text form that names its own cost."""
        cost = self._cost
        made = Argon2id(
            salt=salt,
            length=_HASH_BYTES,
            iterations=cost.passes,
            lanes=cost.lanes,
            memory_cost=cost.memory_kib,
            secret=self._pepper,
        )
        return made.derive_phc_encoded(_bytes(password))

    def fits(self, password: str, kept: str) -> bool:
        """Whether a password is the one that was hashed."""
        try:
            Argon2id.verify_phc_encoded(_bytes(password), kept, self._pepper)
        except InvalidKey:
            return False
        return True

    def decoy(self, salt: bytes) -> str:
        """Return a kept hash that no password fits, and that costs as much to try as any other."""
        cost, filler = self._cost, _unpadded(bytes(_HASH_BYTES))
        terms = f"m={cost.memory_kib},t={cost.passes},p={cost.lanes}"
        return f"$argon2id$v=19${terms}${_unpadded(salt)}${filler}"


def check_password(person: str, password: str) -> None:
    """Return where a password may be set; CredentialInvalid where it is too short, too long or easily guessed."""
    shown = unicodedata.normalize("NFKC", password)
    if not CHARACTERS_MIN <= len(shown) <= CHARACTERS_MAX:
        raise CredentialInvalid(f"a password has {CHARACTERS_MIN} to {CHARACTERS_MAX} characters", _LONGER)
    if len(set(shown)) < CHARACTERS_MIN // 2 or person.lower() in shown.lower() and len(shown) < 2 * CHARACTERS_MIN:
        raise CredentialInvalid("this password is easily guessed", _LONGER)


def _bytes(password: str) -> bytes:
    """The same bytes whichever keyboard wrote it; what is no Unicode text fits nothing and is told like any other."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
