"""The vault: the guard's keys, and the one place where a permit is signed."""

from __future__ import annotations

import hmac
from typing import Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from remit.guard import errors
from remit.guard.callbacks import CallbackKeys
from remit.guard.passwords import Cost
from remit.guard.people import PeopleStore
from remit.guard.tokens import TokenStore
from remit.guard.world import JOURNAL, KEYS, TOKENS, World
from remit.journal.note import Signer
from remit.kernel.codec import encode
from remit.kernel.permit import Permit, Request

FILE = "vault.json"
_KEY_BYTES = 32
_SALT_BYTES, _NONCE_BYTES = 16, 12
_LOCKED_WITH = b"remit-vault-1"  # bound into the encryption, so that a locked vault is never taken for another format


class _Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The private keys, 32 bytes each."""

    permit: bytes
    checkpoint: bytes
    tokens: bytes

    def __post_init__(self) -> None:
        if {len(self.permit), len(self.checkpoint), len(self.tokens)} != {_KEY_BYTES}:
            raise ValueError("a key has 32 bytes")


class _Open(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="format", tag="remit-vault-1-open"):
    """A vault without a passphrase: private by its file mode alone."""

    keys: _Keys


class _Locked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="format", tag="remit-vault-1-locked"):
    """A vault whose keys are encrypted: ChaCha20-Poly1305 under scrypt (2^17, 8, 1) of the passphrase."""

    salt: bytes
    nonce: bytes
    sealed: bytes


class Vault:
    """Holds the guard's keys, and signs permits and nothing else: there is no way to have bytes of one's choice signed.

    `permit_key` is the public key (32 bytes, Ed25519) that venues check permits with.
    """

    def __init__(self, keys: _Keys) -> None:
        self._keys = keys
        self._permit = Ed25519PrivateKey.from_private_bytes(keys.permit)
        self.permit_key = self._permit.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._at = 0
        self._retired = -1
        self._used: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"Vault(permit_key={self.permit_key.hex()})"

    @classmethod
    def create(cls, world: World, passphrase: str | None = None) -> Self:
        """Make new keys, durable on return; with a passphrase they are stored encrypted.

        VaultExists where there are keys; VaultMissing where a journal exists whose keys are gone, since new keys could
        not continue it; PassphraseNeeded for an empty passphrase.
        """
        if passphrase == "":
            raise errors.PassphraseNeeded("the passphrase is empty", "Give one, or leave it out")
        store = world.store(KEYS)
        if FILE in store.names():
            raise errors.VaultExists("there is a vault already", "Open it, or choose another data folder")
        if world.store(JOURNAL).names():
            raise errors.VaultMissing(
                f"a journal exists but its keys ({KEYS}/{FILE}) are gone",
                "Restore the keys from a backup; new keys cannot continue this journal",
            )
        keys = _Keys(world.random(_KEY_BYTES), world.random(_KEY_BYTES), world.random(_KEY_BYTES))
        file: _Open | _Locked = _Open(keys) if passphrase is None else _lock(keys, passphrase, world)
        store.replace(FILE, msgspec.json.encode(file))
        return cls(keys)

    @classmethod
    def open(cls, world: World, passphrase: str | None = None) -> Self:
        """Open the keys that `create` made.

        VaultMissing, VaultDamaged, PassphraseNeeded, PassphraseWrong; PassphraseUnused where the vault has none.
        """
        store = world.store(KEYS)
        if FILE not in store.names():
            raise errors.VaultMissing(f"there are no keys ({KEYS}/{FILE})", "Restore them from a backup")
        try:
            file = msgspec.json.decode(store.read(FILE, 0, store.size(FILE)), type=_Open | _Locked)
        except (ValueError, RecursionError) as fault:  # bytes that are no UTF-8 are no error of msgspec's own
            raise errors.VaultDamaged(f"{KEYS}/{FILE} cannot be read: {fault}", "Restore it from a backup") from None
        if isinstance(file, _Locked):
            return cls(_unlock(file, passphrase))
        if passphrase is not None:
            raise errors.PassphraseUnused("the vault is not encrypted", "Give no passphrase, or restore the locked one")
        return cls(file.keys)

    def retire(self, seq: int) -> None:
        """Sign no permit of a journal entry up to `seq` from here on, so that their ids need not be remembered.

        To be called at start with the journal's last entry: what a guard before this one permitted is never sent again.
        """
        self._retired = max(self._retired, seq)
        self._used = {used: entry for used, entry in self._used.items() if entry > self._retired}

    def seal(self, permit: Permit, request: Request, at: int) -> tuple[bytes, bytes]:
        """Return the permit's canonical bytes and their Ed25519 signature, once per permit. `at` is journal time.

        PermitMismatch: not this request's digest, connection or action. PermitExpired: `at` has reached its end.
        PermitUsed: sealed before, or of an entry that was retired.
        """
        if (permit.digest, permit.connection, permit.action) != (request.digest, request.connection, request.action):
            raise errors.PermitMismatch(f"permit {permit.id} is for other bytes", "Journal a permit for this request")
        self._at = max(self._at, at)
        if permit.expires_at <= self._at:
            raise errors.PermitExpired(f"permit {permit.id} expired at {permit.expires_at}", "Journal a new permit")
        if permit.id in self._used or permit.seq <= self._retired:
            raise errors.PermitUsed(f"permit {permit.id} was used", "Ask the venue what became of it")
        self._used[permit.id] = permit.seq
        written = encode(permit)
        return written, self._permit.sign(written)

    def checkpoint_signer(self, name: str) -> Signer:
        """The signer of the journal's checkpoints, by a key of its own that no venue accepts."""
        return Signer(name, self._keys.checkpoint)

    def tokens(self, world: World) -> TokenStore:
        """The store of token hashes, under the vault's key."""
        return TokenStore(world.store(TOKENS), self._keys.tokens)

    def people(self, world: World, cost: Cost) -> PeopleStore:
        """The store of persons' credentials, under a key derived from the vault's."""
        return PeopleStore(world.store(TOKENS), hmac.digest(self._keys.tokens, b"people", "sha256"), world.random, cost)

    def callbacks(self, world: World) -> CallbackKeys:
        """The store of callback keys, sealed under a key derived from the vault's."""
        return CallbackKeys(world.store(TOKENS), self._keys.tokens, world.random)


def _lock(keys: _Keys, passphrase: str, world: World) -> _Locked:
    salt, nonce = world.random(_SALT_BYTES), world.random(_NONCE_BYTES)
    plain = keys.permit + keys.checkpoint + keys.tokens
    return _Locked(salt, nonce, ChaCha20Poly1305(_stretch(passphrase, salt)).encrypt(nonce, plain, _LOCKED_WITH))


def _unlock(file: _Locked, passphrase: str | None) -> _Keys:
    if passphrase is None:
        raise errors.PassphraseNeeded("the vault is encrypted", "Give its passphrase")
    if (len(file.salt), len(file.nonce)) != (_SALT_BYTES, _NONCE_BYTES):
        raise errors.VaultDamaged(f"{KEYS}/{FILE} was altered", "Restore it from a backup")
    try:
        plain = ChaCha20Poly1305(_stretch(passphrase, file.salt)).decrypt(file.nonce, file.sealed, _LOCKED_WITH)
    except InvalidTag:
        raise errors.PassphraseWrong("the passphrase does not open the vault", "Try again") from None
    return _Keys(plain[:_KEY_BYTES], plain[_KEY_BYTES : 2 * _KEY_BYTES], plain[2 * _KEY_BYTES :])


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=_KEY_BYTES, n=2**17, r=8, p=1).derive(passphrase.encode())
