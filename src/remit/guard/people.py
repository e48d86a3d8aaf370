"""People: what is kept of the credentials of persons. Outside the journal, and no secret in the clear."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from remit.guard.errors import PeopleDamaged, PeopleNotKept
from remit.guard.passwords import COST, Cost, Hasher
from remit.journal.store import Store
from remit.kernel.names import At

FILE = "people.json"
PASSKEYS_MAX = 10
KEY_BYTES = 32
_NONCE_BYTES = 12
_RESTORE = "Restore it from a backup, or move it away: every person then needs new credentials"


class Passkey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One passkey: its public half only, and the count of its uses where the device keeps one."""

    id: str
    """The credential's id, in hexadecimal."""
    data: bytes
    """What the device attested: the id and the public key, as WebAuthn writes them."""
    uses: int
    name: str
    added_at: At
    through: str = ""
    """The token alone that added it; empty where its person was signed in."""


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is kept of one person: a password's hash, the sealed secret of the codes, the passkeys."""

    password: str = ""
    must_change: bool = False
    """Somebody else set the password: it is good for choosing another only."""
    totp: bytes = b""
    totp_step: int = 0
    """The last 30 seconds whose code was used; that one and those before it are never taken again."""
    passkeys: tuple[Passkey, ...] = ()
    password_through: str = ""
    """The token alone that set the password; empty where its person proved more."""
    totp_through: str = ""

    def standing(self, vouches: Callable[[str], bool]) -> Kept:
        """Return what of it counts: nothing that was set through a token which does not vouch for it any more."""
        kept = self
        if self.password_through and not vouches(self.password_through):
            kept = msgspec.structs.replace(kept, password="", must_change=False, password_through="")
        if self.totp_through and not vouches(self.totp_through):
            kept = msgspec.structs.replace(kept, totp=b"", totp_through="")
        passkeys = tuple(key for key in self.passkeys if not key.through or vouches(key.through))
        return msgspec.structs.replace(kept, passkeys=passkeys)

    @property
    def factors(self) -> list[str]:
        """The second factors that this person has."""
        return [name for name, there in (("passkey", self.passkeys), ("totp", self.totp)) if there]


NOTHING = Kept()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["remit-people-1"]
    people: dict[str, Kept]


class PeopleStore:
    """The credentials of persons, in one private file that is replaced whole.

    `key` (32 bytes) seals the secrets of codes and peppers the password hashes; it comes from the vault. PeopleDamaged
    where the file is not one of its own; PeopleNotKept where the disk refuses a change.
    """

    def __init__(self, store: Store, key: bytes, random: Callable[[int], bytes], cost: Cost = COST) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError("the key of the credentials has 32 bytes")
        self._store = store
        self._key = key
        self._random = random
        self._sealer = ChaCha20Poly1305(hmac.digest(key, b"totp", "sha256"))
        self.hasher = Hasher(hmac.digest(key, b"pepper", "sha256"), cost)
        self._people = _read(store)

    def of(self, person: str) -> Kept:
        """Return what is kept of a person; NOTHING where that is nothing."""
        return self._people.get(person, NOTHING)

    def change(self, person: str, change: Callable[[Kept], Kept]) -> Kept:
        """Put something else in place of what is kept now, durably on return; PeopleNotKept."""
        changed = change(self.of(person))
        people = {name: kept for name, kept in self._people.items() if name != person}
        if changed != NOTHING:
            people[person] = changed
        file = msgspec.json.encode(_File("remit-people-1", dict(sorted(people.items()))))
        try:
            self._store.replace(FILE, file)
        except OSError as fault:
            raise PeopleNotKept(f"{FILE} could not be written: {fault}", "Check the disk, then ask again") from None
        self._people = people
        return changed

    def holder(self, credential: str) -> tuple[str, Passkey] | None:
        """Return whose passkey has this id, in hexadecimal, and the passkey."""
        for person, kept in self._people.items():
            for passkey in kept.passkeys:
                if hmac.compare_digest(passkey.id, credential):
                    return person, passkey
        return None

    def handle(self, person: str) -> bytes:
        """Return what a device is told instead of the person's name: 32 bytes that mean nothing elsewhere."""
        return hmac.digest(self._key, b"handle:" + person.encode(), "sha256")

    def seal(self, person: str, secret: bytes) -> bytes:
        """Return a person's secret so that only this vault can read it."""
        nonce = self._random(_NONCE_BYTES)
        return nonce + self._sealer.encrypt(nonce, secret, person.encode())

    def unseal(self, person: str, sealed: bytes) -> bytes:
        """Return the secret; PeopleDamaged where it was sealed for somebody else, by another vault, or altered."""
        try:
            return self._sealer.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], person.encode())
        except (InvalidTag, ValueError):
            raise PeopleDamaged(f"{FILE}: the codes of {person} cannot be read", _RESTORE) from None


def _read(store: Store) -> dict[str, Kept]:
    if FILE not in store.names():
        return {}
    try:
        return msgspec.json.decode(store.read(FILE, 0, store.size(FILE)), type=_File).people
    except (ValueError, RecursionError) as fault:  # bytes that are no UTF-8 are no error of msgspec's own
        raise PeopleDamaged(f"{FILE} cannot be read: {fault}", _RESTORE) from None
