"""What a machine's owner does with a data folder: make it, back it up, restore it, ask for a token, begin anew."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from remit.guard import owner
from remit.guard.config import Settings
from remit.guard.errors import GuardError, GuardRunning, VaultExists, VaultMissing
from remit.guard.recover import ORIGIN
from remit.guard.vault import Vault
from remit.guard.world import KEYS, RealWorld
from remit.journal.checkpoint import parse
from remit.journal.cosign import CosignatureSigner
from remit.journal.cosigned import FILE as COSIGNED
from remit.journal.log import Journal
from remit.journal.note import Verifier
from remit.journal.store import FileStore

AT = 1_700_000_000 * 10**9


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    return Settings(home=home, socket=home / "guard.sock", environment="training")


def write(settings: Settings, *entries: bytes) -> None:
    """Let the keys of a data folder journal something, as a guard does."""
    world = RealWorld(settings.home, {})
    try:
        signer = Vault.open(world).checkpoint_signer(ORIGIN)
        journal, _ = Journal.open(world.store("journal"), signer)
        for entry in entries:
            journal.append(entry)
        journal.close()
    finally:
        world.close()


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in folder.rglob("*")}


def test_a_new_folder_has_keys_and_says_its_public_key(settings: Settings) -> None:
    key = owner.init(settings)
    assert (settings.home / owner.VERIFIER).read_text().strip() == str(key)
    assert owner.journal_key(settings) == key
    assert modes(settings.home) == {0}
    with pytest.raises(VaultExists):
        owner.init(settings)


def test_the_public_key_is_found_in_the_vault_where_its_file_is_gone(settings: Settings) -> None:
    key = owner.init(settings, "a phrase")
    (settings.home / owner.VERIFIER).unlink()
    assert owner.journal_key(settings, "a phrase") == key
    with pytest.raises(GuardError) as refused:
        owner.journal_key(settings)
    assert refused.value.code == "passphrase_needed"


def test_a_backup_comes_back_whole(settings: Settings, tmp_path: Path) -> None:
    key = owner.init(settings)
    write(settings, b'"one"', b'"two"')
    (settings.home / "remit.toml").write_text('environment = "training"\n')
    head = owner.backup(settings, tmp_path / "copy")
    assert head.size == 2 and modes(tmp_path / "copy") == {0}
    assert parse((tmp_path / "copy" / owner.HEAD).read_text()) == head
    other = Settings(home=tmp_path / "other", socket=tmp_path / "s", environment="training")
    assert owner.restore(tmp_path / "copy", other, head) == head
    assert owner.journal_key(other) == key
    assert (other.home / "remit.toml").read_text() == 'environment = "training"\n'
    write(other, b'"three"')
    assert modes(other.home) == {0}


@pytest.mark.parametrize("trusted", [True, False])
def test_a_backup_carries_the_head_that_witnesses_cosigned(settings: Settings, tmp_path: Path, trusted: bool) -> None:
    owner.init(settings)
    write(settings, b'"one"', b'"two"')
    head = owner.backup(settings, tmp_path / "first")
    witness = CosignatureSigner("w.test/w", bytes(32))
    note = head.note + witness.cosign(head.note, 7) if trusted else head.note[:-5]
    (settings.home / COSIGNED).write_text(note)
    owner.backup(settings, tmp_path / "copy")
    assert (tmp_path / "copy" / COSIGNED).exists() == trusted
    other = Settings(home=tmp_path / "other", socket=tmp_path / "s", environment="training")
    owner.restore(tmp_path / "copy", other)
    if trusted:
        assert (other.home / COSIGNED).read_text() == note and modes(tmp_path / "copy") == modes(other.home) == {0}
        archive, _ = owner.new_keys(other, None, AT)
        assert (archive / COSIGNED).exists() and not (other.home / COSIGNED).exists()


def test_nothing_is_overwritten(settings: Settings, tmp_path: Path) -> None:
    owner.init(settings)
    write(settings, b'"one"')
    owner.backup(settings, tmp_path / "copy")
    with pytest.raises(owner.BackupFailed):
        owner.backup(settings, tmp_path / "copy")
    with pytest.raises(owner.FolderExists):
        owner.restore(tmp_path / "copy", settings)


def test_a_backup_that_was_altered_is_refused(settings: Settings, tmp_path: Path) -> None:
    owner.init(settings)
    write(settings, b'"one"', b'"two"')
    owner.backup(settings, tmp_path / "copy")
    (segment,) = (tmp_path / "copy" / "journal").glob("*.journal")
    segment.write_bytes(segment.read_bytes().replace(b'"two"', b'"TWO"'))
    other = Settings(home=tmp_path / "other", socket=tmp_path / "s", environment="training")
    with pytest.raises(owner.BackupFailed):
        owner.restore(tmp_path / "copy", other)


def test_a_lost_operator_token_is_asked_for_by_a_private_file(settings: Settings) -> None:
    with pytest.raises(VaultMissing):
        owner.reset_operator(settings)
    owner.init(settings)
    assert owner.reset_operator(settings) == settings.home / "operator.token"
    file = settings.home / "reset-operator"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nothing_is_done_beside_a_running_guard(settings: Settings) -> None:
    owner.init(settings)
    held = FileStore(settings.home / KEYS)
    try:
        for act in (lambda: owner.reset_operator(settings), lambda: owner.new_keys(settings, None, AT)):
            with pytest.raises(GuardRunning):
                act()
        with pytest.raises(GuardRunning):
            owner.init(settings)
    finally:
        held.close()


def test_new_keys_keep_the_old_journal_to_be_read(settings: Settings) -> None:
    old = owner.init(settings, "forgotten")
    (settings.home / "operator.token").write_text("old\n")
    archive, new = owner.new_keys(settings, None, AT)
    assert isinstance(new, Verifier) and new != old
    assert archive == settings.home / "archive" / "20231114T221320Z"
    assert (archive / owner.VERIFIER).read_text().strip() == str(old)
    assert (archive / KEYS / "vault.json").exists() and not (settings.home / "operator.token").exists()
    assert {stat.S_IMODE(path.stat().st_mode) for path in archive.rglob("*") if path.is_file()} == {0o400}
    write(settings, b'"a new beginning"')


def test_inspection_says_what_is_amiss_and_what_to_do(settings: Settings) -> None:
    found = {row["check"]: row for row in owner.inspect(settings)}
    assert not found["data folder"]["well"] and "remit init" in found["data folder"]["fix"]
    owner.init(settings)
    assert all(row["well"] for row in owner.inspect(settings))
    (settings.home / "HALT").write_text("prices look wrong")
    found = {row["check"]: row for row in owner.inspect(settings)}
    assert (found["halt file"]["well"], found["halt file"]["says"]) == (False, "prices look wrong")
    os.chmod(settings.home / KEYS / "vault.json", 0o644)
    found = {row["check"]: row for row in owner.inspect(settings)}
    assert not found["private"]["well"] and "chmod" in found["private"]["fix"]
