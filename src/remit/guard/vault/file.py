"""The vault's file: what lies in it, and how it is locked.

A vault without a passphrase is private by its file mode alone. A locked one is ChaCha20-Poly1305 under a key that
argon2id makes of the passphrase, or that a TPM gives out. Files of the first format (scrypt) stay readable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from remit.guard import errors
from remit.guard.passwords import Cost
from remit.guard.world import KEYS
from remit.kernel.access import VenueKey

FILE = "vault.json"
KEY_BYTES = 32
SALT_BYTES, NONCE_BYTES = 16, 12
_LOCKED_1 = b"remit-vault-1"  # bound into the encryption, so that a locked vault is never taken for another format
_LOCKED_2 = b"remit-vault-2"
COST = Cost(131_072, 3, 1)
"""What one guess of the passphrase costs: 128 MiB, three passes."""
MEMORY_KIB_MAX, PASSES_MAX, LANES_MAX = 1_048_576, 64, 64
WORK_MAX = 16 * COST.memory_kib * COST.passes
"""Beyond these, and beyond this product of memory and passes, a file asks for what no guard wrote: it was altered."""
PASSPHRASE_BYTES_MAX = 1_024
_RESTORE = "Restore it from a backup"

_Key = Annotated[bytes, msgspec.Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
_Salt = Annotated[bytes, msgspec.Meta(min_length=SALT_BYTES, max_length=SALT_BYTES)]
_Nonce = Annotated[bytes, msgspec.Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]


class Roots(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys that every vault has, 32 bytes each: permits (and what is derived from it), checkpoints, tokens."""

    permit: _Key
    checkpoint: _Key
    tokens: _Key

    def __repr__(self) -> str:
        return "Roots()"


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A key that speaks on a connection: the journalled fact of it, its public key, and itself where the file keeps
    it."""

    fact: VenueKey
    public: bytes = b""
    secret: bytes = b""

    def __repr__(self) -> str:
        return f"Kept({self.fact})"


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PKCS#11 token: its module's path, its label, and the PIN that opens it."""

    module: str
    label: str
    pin: str

    def __repr__(self) -> str:
        return f"Token(module={self.module!r}, label={self.label!r})"


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All that a vault holds."""

    roots: Roots
    kept: tuple[Kept, ...] = ()
    token: Token | None = None


class _Open1(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="format", tag="remit-vault-1-open"):
    keys: Roots


class _Locked1(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="format", tag="remit-vault-1-locked"):
    salt: _Salt
    nonce: _Nonce
    sealed: bytes


class _Open2(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="format", tag="remit-vault-2-open"):
    content: Content


class PassphraseLock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="by", tag="argon2id"):
    """A vault that a passphrase opens: what argon2id is given beside it."""

    salt: _Salt
    memory_kib: Annotated[int, msgspec.Meta(ge=8, le=MEMORY_KIB_MAX)]
    passes: Annotated[int, msgspec.Meta(ge=1, le=PASSES_MAX)]
    lanes: Annotated[int, msgspec.Meta(ge=1, le=LANES_MAX)]


class ScryptLock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="by", tag="scrypt"):
    """A vault that a passphrase opens, as the first format had it; a new passphrase makes another of it."""

    salt: _Salt


class TpmLock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="by", tag="tpm"):
    """A vault that a TPM opens while its PCRs are what they were: the sealed object's two parts, and which PCRs."""

    public: bytes
    private: bytes
    pcrs: tuple[Annotated[int, msgspec.Meta(ge=0, le=23)], ...]


class _Locked2(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="format", tag="remit-vault-2-locked"):
    lock: PassphraseLock | ScryptLock | TpmLock
    nonce: _Nonce
    sealed: bytes


class Lock(NamedTuple):
    """How a vault is locked, and the key that locks it."""

    by: PassphraseLock | ScryptLock | TpmLock
    key: bytes

    def __repr__(self) -> str:
        return f"Lock({type(self.by).__name__})"


Unseal = Callable[[TpmLock], bytes]


def lock_by(passphrase: str, random: Callable[[int], bytes], cost: Cost = COST) -> Lock:
    """Return a new lock that a passphrase opens; PassphraseNeeded for an empty one."""
    if not passphrase:
        raise errors.PassphraseNeeded("the passphrase is empty", "Give one, or leave it out")
    if len(_text(passphrase)) > PASSPHRASE_BYTES_MAX or "\n" in passphrase or "\r" in passphrase:
        what = f"a passphrase is one line of 1 to {PASSPHRASE_BYTES_MAX} bytes"  # as a descriptor gives it
        raise errors.PassphraseNeeded(what, "Write it so, and nothing else")
    by = PassphraseLock(random(SALT_BYTES), cost.memory_kib, cost.passes, cost.lanes)
    return Lock(by, _stretch(by, passphrase))


def write(content: Content, lock: Lock | None, random: Callable[[int], bytes]) -> bytes:
    """Return the file of a vault. One that holds no more than the first format knew, unlocked, is written in that."""
    if lock is None:
        plain = not content.kept and content.token is None
        return msgspec.json.encode(_Open1(content.roots) if plain else _Open2(content))
    nonce = random(NONCE_BYTES)
    sealed = ChaCha20Poly1305(lock.key).encrypt(nonce, msgspec.json.encode(content), _bound(lock.by))
    return msgspec.json.encode(_Locked2(lock.by, nonce, sealed))


def read(source: bytes, passphrase: str | None, unseal: Unseal) -> tuple[Content, Lock | None]:
    """Return what a vault's file holds, and its lock, None where it has none.

    VaultDamaged, PassphraseNeeded, PassphraseWrong; PassphraseUnused where a passphrase opens nothing here.
    """
    file = _decoded(source)
    if isinstance(file, _Locked1):
        return _unlock_1(file, _needed(passphrase))
    if isinstance(file, _Locked2):
        return _unlock_2(file, passphrase, unseal)
    if passphrase is not None:
        raise errors.PassphraseUnused("the vault is not encrypted", "Give no passphrase, or restore the locked one")
    return (Content(file.keys) if isinstance(file, _Open1) else file.content), None


def lock_of(source: bytes) -> str:
    """Return in one word how a vault's file is locked: `none`, `scrypt`, `argon2id` or `tpm`; VaultDamaged."""
    file = _decoded(source)
    if isinstance(file, _Locked2):
        return str(file.lock.__struct_config__.tag)
    return "scrypt" if isinstance(file, _Locked1) else "none"


def _decoded(source: bytes) -> _Open1 | _Locked1 | _Open2 | _Locked2:
    try:
        return msgspec.json.decode(source, type=_Open1 | _Locked1 | _Open2 | _Locked2)
    except (ValueError, RecursionError) as fault:  # bytes that are no UTF-8 are no error of msgspec's own
        raise errors.VaultDamaged(f"{KEYS}/{FILE} cannot be read: {fault}", _RESTORE) from None


def _unlock_2(file: _Locked2, passphrase: str | None, unseal: Unseal) -> tuple[Content, Lock]:
    if isinstance(file.lock, TpmLock):
        if passphrase is not None:
            raise errors.PassphraseUnused("the vault opens by the TPM", "Give no passphrase, or restore the locked one")
        lock = Lock(file.lock, unseal(file.lock))
    else:
        lock = Lock(file.lock, _stretch(file.lock, _needed(passphrase)))
    try:
        plain = ChaCha20Poly1305(lock.key).decrypt(file.nonce, file.sealed, _bound(file.lock))
    except InvalidTag:
        raise _wrong(file.lock) from None
    except ValueError:
        raise errors.VaultDamaged(f"{KEYS}/{FILE} was altered", _RESTORE) from None
    try:
        return msgspec.json.decode(plain, type=Content), lock
    except ValueError:  # never what it says: it may quote what was decrypted
        raise errors.VaultDamaged(f"{KEYS}/{FILE} is of another version", "Use the newest release") from None


def _wrong(by: PassphraseLock | ScryptLock | TpmLock) -> errors.GuardError:
    if isinstance(by, TpmLock):
        return errors.VaultDamaged(f"{KEYS}/{FILE} was altered", _RESTORE)
    return errors.PassphraseWrong("the passphrase does not open the vault", "Try again")


def _needed(passphrase: str | None) -> str:
    if passphrase is None:
        raise errors.PassphraseNeeded("the vault is encrypted", "Give its passphrase")
    return passphrase


def _unlock_1(file: _Locked1, passphrase: str) -> tuple[Content, Lock]:
    by = ScryptLock(file.salt)
    lock = Lock(by, _stretch(by, passphrase))
    try:
        plain = ChaCha20Poly1305(lock.key).decrypt(file.nonce, file.sealed, _LOCKED_1)
    except InvalidTag:
        raise _wrong(by) from None
    if len(plain) != 3 * KEY_BYTES:
        raise errors.VaultDamaged(f"{KEYS}/{FILE} was altered", _RESTORE)
    return Content(Roots(plain[:KEY_BYTES], plain[KEY_BYTES : 2 * KEY_BYTES], plain[2 * KEY_BYTES :])), lock


def _stretch(by: PassphraseLock | ScryptLock, passphrase: str) -> bytes:
    given = _text(passphrase)
    if isinstance(by, PassphraseLock) and by.memory_kib * by.passes > WORK_MAX:
        raise errors.VaultDamaged(f"{KEYS}/{FILE} asks for {by.passes} passes over {by.memory_kib} KiB", _RESTORE)
    if isinstance(by, ScryptLock):
        return Scrypt(salt=by.salt, length=KEY_BYTES, n=2**17, r=8, p=1).derive(given)
    try:
        return Argon2id(
            salt=by.salt, length=KEY_BYTES, iterations=by.passes, lanes=by.lanes, memory_cost=by.memory_kib
        ).derive(given)
    except (ValueError, MemoryError):  # a cost that fits no lane, or no machine
        raise errors.VaultDamaged(f"{KEYS}/{FILE} asks for {by.memory_kib} KiB of memory", _RESTORE) from None


def _text(passphrase: str) -> bytes:
    return passphrase.encode("utf-8", "surrogatepass")


def _bound(by: PassphraseLock | ScryptLock | TpmLock) -> bytes:
    """What the encryption is bound to, so that a lock cannot be exchanged beside it."""
    return _LOCKED_2 + msgspec.json.encode(by)
