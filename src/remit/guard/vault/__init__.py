"""The vault: the guard's keys, where they are kept, and the one place where a permit is signed."""

from remit.guard.vault.file import FILE
from remit.guard.vault.vault import Vault

__all__ = ["FILE", "Vault"]
