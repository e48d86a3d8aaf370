"""The vault signs a permit for its own request, once and in time, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from remit.guard import errors
from remit.guard.private import check_private
from remit.guard.tokens import mint
from remit.guard.vault import FILE, Vault
from remit.guard.world import JOURNAL, KEYS, RealWorld
from remit.journal import note
from remit.kernel.codec import decode
from remit.kernel.permit import Endorsement, Permit, Request, endorsing, split_seal
from remit.testing.world import MemoryWorld

AT = 1_800_000_000 * 10**9
REQUEST = Request(connection="paper-1", action="place", method="PLACE", path="/orders", body=b'{"quantity":"1"}')


def permit(identity: str = "p1", request: Request = REQUEST, seq: int = 5, expires_at: int = AT + 10) -> Permit:
    return Permit(
        id=identity, seq=seq, action=request.action, order="o1", connection=request.connection, digest=request.digest,
        expires_at=expires_at,
    )


@pytest.fixture
def vault() -> Vault:
    return Vault.create(MemoryWorld())


def test_a_sealed_permit_verifies_and_no_altered_one_does(vault: Vault) -> None:
    written, seal = vault.seal(permit(), REQUEST, AT, "momentum")
    signature, endorsed, endorsement = split_seal(seal)
    Ed25519PublicKey.from_public_bytes(vault.permit_key).verify(endorsed, endorsing(endorsement))
    by = decode(Endorsement, endorsement)
    assert (by.connection, by.agent, by.generation) == ("paper-1", "momentum", 0)
    key = Ed25519PublicKey.from_public_bytes(by.key)
    key.verify(signature, written)
    assert decode(Permit, written) == permit()
    with pytest.raises(InvalidSignature):
        key.verify(signature, written.replace(b'"seq":5', b'"seq":6'))


@pytest.mark.parametrize(
    "other",
    [
        Request(connection="paper-1", action="place", method="PLACE", path="/orders", body=b'{"quantity":"2"}'),
        Request(connection="paper-1", action="place", method="PLACE", path="/order", body=REQUEST.body),
        Request(connection="paper-2", action="place", method="PLACE", path="/orders", body=REQUEST.body),
        Request(connection="paper-1", action="replace", method="PLACE", path="/orders", body=REQUEST.body),
    ],
)
def test_a_permit_for_another_request_is_refused_and_stays_unused(vault: Vault, other: Request) -> None:
    with pytest.raises(errors.PermitMismatch):
        vault.seal(permit(), other, AT)
    vault.seal(permit(), REQUEST, AT)


def test_a_permit_is_sealed_once(vault: Vault) -> None:
    vault.seal(permit(), REQUEST, AT)
    for at in (AT, AT + 9):
        with pytest.raises(errors.PermitUsed):
            vault.seal(permit(), REQUEST, at)


@pytest.mark.parametrize("late", [0, 1, 10**9])
def test_at_its_end_a_permit_is_expired(vault: Vault, late: int) -> None:
    with pytest.raises(errors.PermitExpired):
        vault.seal(permit(expires_at=AT), REQUEST, AT + late)


def test_a_used_permit_cannot_come_back_by_an_earlier_time(vault: Vault) -> None:
    vault.seal(permit(), REQUEST, AT)
    vault.seal(permit("p2", expires_at=AT + 1000), REQUEST, AT + 100)
    with pytest.raises(errors.PermitExpired):
        vault.seal(permit(), REQUEST, AT)


def test_what_was_permitted_before_a_restart_is_refused(vault: Vault) -> None:
    vault.seal(permit("p7", seq=7), REQUEST, AT)
    vault.retire(5)
    vault.retire(3)
    for used in (permit(seq=5), permit("p7", seq=7)):
        with pytest.raises(errors.PermitUsed):
            vault.seal(used, REQUEST, AT)
    vault.seal(permit(seq=6), REQUEST, AT)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 3)), max_size=40))
def test_no_permit_is_ever_signed_twice_or_late(calls: list[tuple[int, int, int]]) -> None:
    vault, at, sealed = Vault.create(MemoryWorld()), AT, set[str]()
    for number, life, passed in calls:
        at += passed
        asked = permit(f"p{number}", expires_at=AT + life)
        try:
            vault.seal(asked, REQUEST, at)
        except errors.PermitExpired:
            assert asked.expires_at <= at
        except errors.PermitUsed:
            assert asked.id in sealed
        else:
            assert asked.expires_at > at
            assert asked.id not in sealed
            sealed.add(asked.id)


def test_there_is_no_way_to_sign_bytes(vault: Vault) -> None:
    assert not [name for name in dir(vault) if "sign" in name and name != "checkpoint_signer"]
    signer = vault.checkpoint_signer("desk")
    assert note.verify(signer.sign("head\n"), [signer.verifier]) == "head\n"
    assert signer.verifier.public_key != vault.permit_key  # so that a checkpoint can never pass for a permit


def test_the_keys_do_not_show(vault: Vault) -> None:
    assert repr(vault) == f"Vault(permit_key={vault.permit_key.hex()})"


@pytest.mark.parametrize("passphrase", [None, "correct horse"])
def test_keys_survive_a_restart(tmp_path: Path, passphrase: str | None) -> None:
    first = RealWorld(tmp_path, {})
    made = Vault.create(first, passphrase)
    made.tokens(first).add("t1", secret := mint("operator", first.random))
    first.close()
    second = RealWorld(tmp_path, {})
    again = Vault.open(second, passphrase)
    assert again.permit_key == made.permit_key
    assert str(again.checkpoint_signer("x").verifier) == str(made.checkpoint_signer("x").verifier)
    assert again.tokens(second).find(secret) == "t1"
    second.close()
    assert (tmp_path / KEYS).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / KEYS / FILE).stat().st_mode & 0o777 == 0o600


def test_a_locked_vault_opens_with_its_passphrase_alone() -> None:
    world = MemoryWorld()
    made = Vault.create(world, "correct horse")
    assert made._roots.permit not in bytes(world.disks[KEYS].live[FILE])
    with pytest.raises(errors.PassphraseNeeded):
        Vault.open(world)
    with pytest.raises(errors.PassphraseWrong):
        Vault.open(world, "correct house")
    assert Vault.open(world, "correct horse").permit_key == made.permit_key


def test_an_unlocked_vault_does_not_pose_as_a_locked_one() -> None:
    world = MemoryWorld()
    Vault.create(world)
    with pytest.raises(errors.PassphraseUnused):
        Vault.open(world, "correct horse")


def test_an_empty_passphrase_is_refused() -> None:
    with pytest.raises(errors.PassphraseNeeded):
        Vault.create(MemoryWorld(), "")


def test_keys_are_never_made_over_others_nor_beside_a_journal_without_keys() -> None:
    world = MemoryWorld()
    Vault.create(world)
    with pytest.raises(errors.VaultExists):
        Vault.create(world)
    orphan = MemoryWorld()
    orphan.store(JOURNAL).replace("00000000", b"an entry")
    with pytest.raises(errors.VaultMissing, match="Restore the keys from a backup"):
        Vault.create(orphan)
    with pytest.raises(errors.VaultMissing):
        Vault.open(orphan)
    assert orphan.store(KEYS).names() == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"format":"remit-vault-2"}',
        b'{"format":"remit-vault-3-open"}',
        b'{"format":"remit-vault-2-locked","lock":{"by":"argon2id","salt":"AA==","memory_kib":8,"passes":1,"lanes":1},'
        b'"nonce":"AA==","sealed":"AA=="}',
        b'{"format":"remit-vault-2-locked","lock":{"by":"argon2id","salt":"AAAAAAAAAAAAAAAAAAAAAA==",'
        b'"memory_kib":99999999999,"passes":1,"lanes":1},"nonce":"AAAAAAAAAAAAAAAA","sealed":"AA=="}',
        b'{"format":"remit-vault-1-open","keys":{"permit":"AA==","checkpoint":"AA==","tokens":"AA=="}}',
    ],
)
def test_a_damaged_vault_is_refused_by_name(content: bytes) -> None:
    world = MemoryWorld()
    world.store(KEYS).replace(FILE, content)
    with pytest.raises(errors.VaultDamaged):
        Vault.open(world)


@pytest.mark.parametrize(("name", "mode"), [(".", 0o755), (FILE, 0o640), (FILE, 0o604), (".", 0o710)])
def test_keys_that_others_can_use_refuse_to_open(tmp_path: Path, name: str, mode: int) -> None:
    world = RealWorld(tmp_path, {})
    Vault.create(world)
    world.close()
    os.chmod(tmp_path / KEYS / name, mode)
    with pytest.raises(errors.OpenToOthers) as refused:
        Vault.open(RealWorld(tmp_path, {}))
    command = refused.value.fix.partition("Run: ")[2].partition(" -- ")[0]
    assert os.system(command) == 0
    healed = RealWorld(tmp_path, {})
    Vault.open(healed)
    healed.close()


def test_a_link_to_elsewhere_and_a_file_for_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o700)
    (tmp_path / "here").symlink_to(tmp_path / "there")
    (tmp_path / "file").touch(mode=0o600)
    for name in ("here", "file"):
        with pytest.raises(errors.OpenToOthers):
            check_private(tmp_path / name)
    check_private(tmp_path / "not there yet")
