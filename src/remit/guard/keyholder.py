"""What a machine's owner does with the vault of a data folder while no guard runs: lock it, seal it, name its token."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from remit.guard.config import Settings
from remit.guard.errors import GuardRunning, VaultMissing
from remit.guard.passphrase import from_descriptor, from_keyring, into_keyring, try_keyring
from remit.guard.private import check_private
from remit.guard.vault import FILE, Vault, tpm
from remit.guard.vault import file as vault_file
from remit.guard.vault.file import KEY_BYTES, Lock, Token
from remit.guard.world import KEYS, RealWorld
from remit.journal.errors import StoreLocked

__all__ = [
    "Token",
    "from_descriptor",
    "from_keyring",
    "into_keyring",
    "lock",
    "name_token",
    "seal",
    "status",
    "try_keyring",
    "unlock",
]


def status(settings: Settings) -> dict[str, Any]:
    """Return how a data folder's vault is locked, which needs no passphrase. VaultMissing, VaultDamaged."""
    path = settings.home / KEYS / FILE
    check_private(settings.home / KEYS)
    if not path.is_file():
        raise VaultMissing(f"{settings.home} has no keys", "Make them: remit init")
    return {"home": str(settings.home), "lock": vault_file.lock_of(path.read_bytes())}


def lock(settings: Settings, passphrase: str | None, new: str) -> None:
    """Lock the vault by a new passphrase, durable on return; GuardRunning, and what `Vault.open` raises."""
    with _opened(settings, passphrase) as vault:
        vault.lock(vault_file.lock_by(new, os.urandom))


def unlock(settings: Settings, passphrase: str | None) -> None:
    """Leave the vault private by its file mode alone; GuardRunning, and what `Vault.open` raises."""
    with _opened(settings, passphrase) as vault:
        vault.lock(None)


def seal(settings: Settings, passphrase: str | None, pcrs: Sequence[int]) -> None:
    """Seal the vault to this machine's TPM: it opens while the PCRs are what they are now. TpmRefused, GuardRunning."""
    with _opened(settings, passphrase) as vault:
        key = os.urandom(KEY_BYTES)
        vault.lock(Lock(tpm.seal(key, pcrs), key))


def name_token(settings: Settings, passphrase: str | None, token: Token | None) -> None:
    """Keep in the vault how its PKCS#11 token is opened; None forgets it. KeyRefused, GuardRunning."""
    with _opened(settings, passphrase) as vault:
        vault.use_token(token)


@contextmanager
def _opened(settings: Settings, passphrase: str | None) -> Iterator[Vault]:
    if not (settings.home / KEYS / FILE).is_file():
        raise VaultMissing(f"{settings.home} has no keys", "Make them: remit init")
    world = RealWorld(settings.home, {}, writes=settings.sandbox_write)
    try:
        yield Vault.open(world, passphrase)
    except StoreLocked:
        raise GuardRunning(f"a guard works in {settings.home}", "Stop it first") from None
    finally:
        world.close()
