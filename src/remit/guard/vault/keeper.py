"""The seam of a key's keeper: what keeps private keys and puts them to a sealed permit, never to bytes of one's choice.

The guard's own file and a PKCS#11 token implement it; a cloud's key service or an enclave would.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol
from urllib.parse import quote

from remit.guard.errors import PermitUsed
from remit.kernel.permit import Keeper as KeeperName
from remit.kernel.permit import Permit, Request, Scheme


class Slot(NamedTuple):
    """Where one key lies: whose it is, on which connection, and which of its generations."""

    connection: str
    agent: str
    generation: int

    @property
    def label(self) -> str:
        """The slot as one word, for keepers that know keys by a name; no two slots have the same."""
        return f"remit/{quote(self.connection, safe='')}/{quote(self.agent, safe='')}/{self.generation}"


class SealedPermit:
    """A permit that the vault checked against its request and used up: the only thing that a key is ever put to.

    `written` is its canonical text: a keeper outside the guard's process checks by that, by `seal` and by `request`
    what it is asked for. `words` are the bytes of the request that its venue wants signed.
    """

    __slots__ = ("_seal", "_spent", "_words", "permit", "request", "written")

    def __init__(
        self, permit: Permit, written: bytes, seal: Callable[[bytes], bytes], request: Request, words: bytes
    ) -> None:
        self.permit, self.written, self.request = permit, written, request
        self._seal, self._words = seal, words
        self._spent = False

    @property
    def seal(self) -> bytes:
        """The guard's signature over the permit, by the key that endorses all others."""
        return self._seal(self.written)

    def spend(self) -> bytes:
        """Return the words to be signed, once; PermitUsed ever after."""
        if self._spent:
            raise PermitUsed(f"permit {self.permit.id} was spent", "Journal a new permit")
        self._spent = True
        return self._words


class Keeper(Protocol):
    """Keeps keys. Slow work is done before it returns; what it is, it does in the guard's own thread.

    Every method raises KeyRefused where the keeper cannot be reached or does not do it, and SchemeUnsupported for a
    scheme that it does not have.
    """

    name: KeeperName
    schemes: frozenset[Scheme]
    """What it can keep."""

    def make(self, slot: Slot, scheme: Scheme) -> bytes:
        """Make a new key that never leaves, and return what may be known of it: the public key (Ed25519: 32 raw bytes;
        secp256k1: 65, uncompressed; RSA: DER), nothing for a secret."""
        ...

    def take(self, slot: Slot, scheme: Scheme, secret: bytes) -> bytes:
        """Keep a key that a venue gave out, and return what `make` returns. `secret` is 32 raw bytes (Ed25519,
        secp256k1), PKCS#8 DER (RSA), or the secret itself. KeyInvalid."""
        ...

    def speak(self, slot: Slot, scheme: Scheme, public: bytes, sealed: SealedPermit) -> bytes:
        """Spend a sealed permit: return the signature (Ed25519: 64 bytes; secp256k1: r, s and the recovery id, 65
        bytes, s in the lower half; RSA-PSS with SHA-256 and a salt of 32 bytes), the keyed hash, or for `bearer` the
        secret. KeyMissing where the slot is empty."""
        ...

    def drop(self, slot: Slot) -> None:
        """Erase a key; nothing where the slot is empty."""
        ...
