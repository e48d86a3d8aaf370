"""The vault's file: what it looks like on disk, how it is locked, and that older ones stay readable."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import keyring
import keyring.errors
import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

from remit.guard import errors, keyholder, passphrase
from remit.guard.passwords import Cost
from remit.guard.vault import FILE, Vault, tpm
from remit.guard.vault import file as vault_file
from remit.guard.vault.file import Content, Kept, Lock, Roots, Token
from remit.guard.world import KEYS
from remit.kernel.access import VenueKey
from remit.testing.world import MemoryWorld

ROOTS = Roots(b"p" * 32, b"c" * 32, b"t" * 32)
CHEAP = Cost(64, 1, 1)
FACT = VenueKey(
    connection="exchange-1", agent="momentum", generation=3, scheme="hmac_sha256", keeper="file", fingerprint="ab" * 32
)
FULL = Content(ROOTS, (Kept(FACT, b"", b"a secret of the venue"),), Token("/lib.so", "desk", "1234"))


def test_a_vault_with_nothing_new_is_written_as_it_always_was() -> None:
    first = b'{"format":"remit-vault-1-open","keys":{"permit":"cHBw'
    assert vault_file.write(Content(ROOTS), None, os.urandom).startswith(first)
    assert vault_file.write(FULL, None, os.urandom).startswith(b'{"format":"remit-vault-2-open"')


def test_a_vault_that_was_locked_before_argon2id_opens_and_stays_locked_by_its_passphrase() -> None:
    salt, nonce = os.urandom(16), os.urandom(12)
    key = Scrypt(salt=salt, length=32, n=2**17, r=8, p=1).derive(b"correct horse")
    plain = ROOTS.permit + ROOTS.checkpoint + ROOTS.tokens
    old = {
        "format": "remit-vault-1-locked", "salt": salt, "nonce": nonce,
        "sealed": ChaCha20Poly1305(key).encrypt(nonce, plain, b"remit-vault-1"),
    }  # fmt: skip
    source = msgspec.json.encode(old)
    assert vault_file.lock_of(source) == "scrypt"
    with pytest.raises(errors.PassphraseNeeded):
        vault_file.read(source, None, tpm.unseal)
    with pytest.raises(errors.PassphraseWrong):
        vault_file.read(source, "correct house", tpm.unseal)
    content, lock = vault_file.read(source, "correct horse", tpm.unseal)
    assert content == Content(ROOTS)
    again = vault_file.write(FULL, lock, os.urandom)
    assert vault_file.read(again, "correct horse", tpm.unseal) == (FULL, lock)


@given(st.text(st.characters(exclude_characters="\r\n"), min_size=1, max_size=40), st.booleans())
def test_what_was_locked_opens_with_its_passphrase_alone(words: str, more: bool) -> None:
    content = FULL if more else Content(ROOTS)
    lock = vault_file.lock_by(words, os.urandom, CHEAP)
    source = vault_file.write(content, lock, os.urandom)
    assert vault_file.read(source, words, tpm.unseal) == (content, lock)
    with pytest.raises(errors.PassphraseWrong):
        vault_file.read(source, words + "x", tpm.unseal)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("salt", "AAAAAAAAAAAAAAAAAAAAAA=="), ("passes", 2), ("memory_kib", 128), ("lanes", 2),
        ("nonce", "AAAAAAAAAAAAAAAA"), ("sealed", "AAAA"),
    ],
)  # fmt: skip
def test_whatever_is_altered_beside_the_keys_does_not_open(field: str, value: Any) -> None:
    source = vault_file.write(FULL, vault_file.lock_by("correct horse", os.urandom, CHEAP), os.urandom)
    file = msgspec.json.decode(source)
    (file if field in file else file["lock"])[field] = value
    with pytest.raises((errors.PassphraseWrong, errors.VaultDamaged)):
        vault_file.read(msgspec.json.encode(file), "correct horse", tpm.unseal)


def test_a_tpm_that_gives_out_the_key_for_other_pcrs_opens_nothing() -> None:
    key = os.urandom(32)
    source = vault_file.write(FULL, Lock(vault_file.TpmLock(b"p", b"q", (0, 7)), key), os.urandom)
    assert vault_file.read(source, None, lambda by: key)[0] == FULL
    file = msgspec.json.decode(source)
    file["lock"]["pcrs"] = [23]
    with pytest.raises(errors.VaultDamaged):
        vault_file.read(msgspec.json.encode(file), None, lambda by: key)


def test_two_writings_share_no_nonce() -> None:
    lock = vault_file.lock_by("correct horse", os.urandom, CHEAP)
    nonces = {msgspec.json.decode(vault_file.write(FULL, lock, os.urandom))["nonce"] for _ in range(20)}
    assert len(nonces) == 20


def test_nothing_of_a_vault_shows_its_keys() -> None:
    shown = repr((FULL, FULL.kept[0], FULL.roots, FULL.token, Lock(vault_file.ScryptLock(bytes(16)), b"k" * 32)))
    for secret in ("ppp", "ccc", "ttt", "a secret", "1234", "kkk"):
        assert secret not in shown


def test_a_locked_vault_costs_what_is_promised() -> None:
    assert (vault_file.COST.memory_kib, vault_file.COST.passes) == (131_072, 3)
    world = MemoryWorld()
    Vault.create(world, "correct horse")
    assert vault_file.lock_of(bytes(world.disks[KEYS].live[FILE])) == "argon2id"


# Where the passphrase comes from


def piped(said: bytes) -> int:
    reading, writing = os.pipe()
    os.write(writing, said)
    os.close(writing)
    return reading


def test_a_descriptor_gives_its_first_line() -> None:
    assert passphrase.from_descriptor(piped("größer als ein Wort\nmore\n".encode())) == "größer als ein Wort"
    assert passphrase.from_descriptor(piped(b"no end of line")) == "no end of line"


@pytest.mark.parametrize("said", [b"", b"\n", b"\xff\xfe\n", b"x" * 2_000])
def test_a_descriptor_that_gives_none_is_named(said: bytes) -> None:
    with pytest.raises(errors.PassphraseNeeded):
        passphrase.from_descriptor(piped(said))


def test_a_descriptor_that_is_closed_is_named() -> None:
    with pytest.raises(errors.PassphraseNeeded, match="file descriptor 987"):
        passphrase.from_descriptor(987)


@pytest.mark.parametrize("word", ["two\nlines", "ends\n", "x" * 1_025, "\u00e9" * 513, "one\rtwo", ""])
def test_a_passphrase_that_a_descriptor_could_not_give_locks_nothing(word: str) -> None:
    with pytest.raises(errors.PassphraseNeeded):
        vault_file.lock_by(word, os.urandom)


def test_a_vault_that_asks_for_more_work_than_any_guard_wrote_was_altered() -> None:
    for memory, passes in ((1_048_576, 64), (131_072, 49)):
        lock = Lock(vault_file.PassphraseLock(bytes(16), memory, passes, 1), bytes(32))
        source = vault_file.write(FULL, lock, os.urandom)
        with pytest.raises(errors.VaultDamaged, match="asks for"):
            vault_file.read(source, "correct horse", tpm.unseal)


class Memory(KeyringBackend):
    """A keyring in memory, that can be closed."""

    priority = 1.0  # type: ignore[assignment]
    held: dict[tuple[str, str], str] = {}
    closed = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.closed:
            raise keyring.errors.KeyringLocked("it is locked")
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.closed:
            raise keyring.errors.KeyringLocked("it is locked")
        self.held[(service, username)] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[(service, username)]


def test_the_keyring_holds_it_for_one_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, ring = keyring.get_keyring(), Memory()
    keyring.set_keyring(ring)
    try:
        with pytest.raises(errors.PassphraseNeeded, match="--to-keyring"):
            passphrase.from_keyring(tmp_path)
        keyholder.try_keyring(tmp_path)
        keyholder.into_keyring(tmp_path, "correct horse")
        assert passphrase.from_keyring(tmp_path) == "correct horse"
        with pytest.raises(errors.PassphraseNeeded):
            passphrase.from_keyring(tmp_path / "other")
        monkeypatch.setattr(ring, "set_password", lambda *said: None)
        with pytest.raises(errors.PassphraseNeeded, match="does not give back"):
            keyholder.try_keyring(tmp_path)
        monkeypatch.setattr(Memory, "priority", 0.5)
        with pytest.raises(errors.PassphraseNeeded, match="Memory is no keyring that protects"):
            keyholder.into_keyring(tmp_path, "x")
        monkeypatch.undo()
        ring.closed = True
        for ask in (lambda: passphrase.from_keyring(tmp_path), lambda: keyholder.into_keyring(tmp_path, "x")):
            with pytest.raises(errors.PassphraseNeeded, match="KeyringLocked"):
                ask()
    finally:
        keyring.set_keyring(before)
