"""Where the vault's passphrase comes from: the terminal, a file descriptor, or the keyring of the operating system."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Any

from remit.guard.errors import ExtraMissing, PassphraseNeeded

BYTES_MAX = 1_024
SERVICE = "remit"
"""The service under which a keyring holds it; the account there is the data folder's path."""


def from_descriptor(descriptor: int) -> str:
    """Return the first line of a file descriptor; below 0 asks at the terminal. PassphraseNeeded."""
    if descriptor < 0:
        return getpass.getpass("Passphrase of the vault: ")
    try:
        with os.fdopen(descriptor, "rb") as file:
            line = file.readline(BYTES_MAX + 2)
    except OSError as fault:
        what = f"no passphrase can be read from file descriptor {descriptor}: {fault.strerror}"
        raise PassphraseNeeded(what, "Hand over a descriptor that is open for reading") from None
    try:
        stated = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise PassphraseNeeded("the passphrase is no UTF-8", "Write it as UTF-8") from None
    if not stated or len(line) > BYTES_MAX:
        raise PassphraseNeeded(f"a passphrase is one line of 1 to {BYTES_MAX} bytes", "Write it so, and nothing else")
    return stated


def from_keyring(home: Path) -> str:
    """Return what the keyring holds for a data folder; PassphraseNeeded, ExtraMissing."""
    keyring = _keyring()
    try:
        stated = keyring.get_password(SERVICE, str(home))
    except keyring.errors.KeyringError as fault:
        raise _closed(fault) from None
    if not stated:
        fix = "Put it there: remit vault passphrase --to-keyring"
        raise PassphraseNeeded(f"the keyring holds no passphrase for {home}", fix)
    return str(stated)


def try_keyring(home: Path) -> None:
    """Return where the keyring keeps and gives back what it is given, before anything depends on it; as `into_keyring`
    otherwise."""
    _keep(f"{home} (a trial)", os.urandom(8).hex())


def into_keyring(home: Path, passphrase: str) -> None:
    """Keep a data folder's passphrase in the keyring, and see that it is there; ExtraMissing, PassphraseNeeded where it
    is closed, is none that protects what it holds, or does not give it back."""
    _keep(str(home), passphrase)


def _keep(account: str, word: str) -> None:
    keyring = _keyring()
    backend = keyring.get_keyring()
    if backend.priority < 1:  # what only stands in for a keyring: it forgets, or writes in clear
        what = f"{type(backend).__name__} is no keyring that protects a passphrase"
        raise PassphraseNeeded(what, "Set up the system's keyring, or hand the passphrase over: --passphrase-fd")
    try:
        keyring.set_password(SERVICE, account, word)
        kept = keyring.get_password(SERVICE, account)
    except keyring.errors.KeyringError as fault:
        raise _closed(fault) from None
    if kept != word:
        raise PassphraseNeeded("the keyring does not give back what it was given", "Hand it over: --passphrase-fd")


def _keyring() -> Any:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        what = "the operating system's keyring needs the package keyring"
        raise ExtraMissing(what, "Install it: pip install 'remit[keyring]'") from None
    return keyring


def _closed(fault: Exception) -> PassphraseNeeded:
    return PassphraseNeeded(f"the keyring does not open: {type(fault).__name__}", "Unlock it, or give the passphrase")
