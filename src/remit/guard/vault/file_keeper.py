"""The keeper in the guard's own memory: its keys lie in the vault's file, encrypted where that is."""

from __future__ import annotations

from collections.abc import Callable

from remit.guard.errors import KeyMissing
from remit.guard.vault import schemes
from remit.guard.vault.keeper import SealedPermit, Slot
from remit.kernel.permit import Keeper as KeeperName
from remit.kernel.permit import Scheme


class FileKeeper:
    """Keeps keys in memory; `secrets` is what the vault writes into its file."""

    name: KeeperName = "file"
    schemes: frozenset[Scheme] = frozenset({"ed25519", "secp256k1", "rsa_pss", "hmac_sha256", "hmac_sha512", "bearer"})

    def __init__(self, secrets: dict[Slot, bytes], random: Callable[[int], bytes]) -> None:
        self.secrets = secrets
        self._random = random
        self._speakers: dict[Slot, Callable[[bytes], bytes]] = {}

    def __repr__(self) -> str:
        return f"FileKeeper({len(self.secrets)} keys)"

    def make(self, slot: Slot, scheme: Scheme) -> bytes:
        """Make a new key and return its public key; KeyInvalid for what only a venue gives out."""
        return self.take(slot, scheme, schemes.fresh(scheme, self._random))

    def take(self, slot: Slot, scheme: Scheme, secret: bytes) -> bytes:
        """Keep a key and return its public key, nothing for a secret; KeyInvalid."""
        public = schemes.public_of(scheme, secret)
        self.drop(slot)
        self.secrets[slot] = secret
        return public

    def speak(self, slot: Slot, scheme: Scheme, public: bytes, sealed: SealedPermit) -> bytes:
        """Spend a sealed permit and return what the key says to it; KeyMissing."""
        if slot not in self.secrets:
            raise KeyMissing(f"the vault has no key {slot.label}", "Rotate it, or restore the vault's newest backup")
        if slot not in self._speakers:
            self._speakers[slot] = schemes.speaker(scheme, self.secrets[slot])
        return self._speakers[slot](sealed.spend())

    def drop(self, slot: Slot) -> None:
        """Forget a key; nothing where the slot is empty."""
        self.secrets.pop(slot, None)
        self._speakers.pop(slot, None)
