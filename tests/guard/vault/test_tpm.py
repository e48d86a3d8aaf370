"""A vault that is sealed to a TPM opens while the PCRs are what they were, and not after."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.attest.chip import MISSING, REASON, Chip

from remit.guard import config, errors, keyholder, owner
from remit.guard.config import Settings
from remit.guard.vault import FILE, Vault, tpm
from remit.guard.world import KEYS, RealWorld

pytestmark = pytest.mark.skipif(bool(MISSING), reason=REASON)


@pytest.fixture(scope="module")
def chip() -> Iterator[Chip]:
    with Chip() as chip, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TPM2TOOLS_TCTI", chip._environ["TPM2TOOLS_TCTI"])
        yield chip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = config.load({"REMIT_HOME": str(tmp_path / "data")})
    owner.init(settings)
    return settings


def opened(settings: Settings) -> bytes:
    world = RealWorld(settings.home, {})
    try:
        return Vault.open(world).permit_key
    finally:
        world.close()


def test_it_opens_here_until_something_measured_changes(chip: Chip, settings: Settings) -> None:
    key = opened(settings)
    keyholder.seal(settings, None, [16, 23])
    assert keyholder.status(settings)["lock"] == "tpm"
    assert opened(settings) == key
    with pytest.raises(errors.PassphraseUnused):
        keyholder.unlock(settings, "correct horse")
    chip.do("tpm2_pcrextend", "16:sha256=" + "ab" * 32)
    with pytest.raises(errors.TpmRefused, match="restore the vault's backup"):
        opened(settings)
    chip.do("tpm2_pcrreset", "16")
    assert opened(settings) == key
    keyholder.lock(settings, None, "correct horse")
    assert keyholder.status(settings)["lock"] == "argon2id"


def test_what_was_altered_or_sealed_elsewhere_does_not_open(chip: Chip, settings: Settings) -> None:
    keyholder.seal(settings, None, [23])
    path = settings.home / KEYS / FILE
    file = msgspec.json.decode(path.read_bytes())
    for field, fault in (("private", errors.TpmRefused), ("sealed", errors.VaultDamaged)):
        changed = msgspec.json.decode(path.read_bytes())
        holder = changed["lock"] if field == "private" else changed
        holder[field] = holder[field][:-8] + ("AAAAAAA=" if holder[field][-8:] != "AAAAAAA=" else "BAAAAAA=")
        path.write_bytes(msgspec.json.encode(changed))
        with pytest.raises(fault):
            opened(settings)
        path.write_bytes(msgspec.json.encode(file))
    chip.do("tpm2_clear", "-c", "p")  # another owner: what was sealed before is gone for good
    with pytest.raises(errors.TpmRefused):
        opened(settings)


@pytest.mark.parametrize("pcrs", [[], [24], [-1]])
def test_pcrs_that_are_none_are_named(settings: Settings, pcrs: list[int]) -> None:
    with pytest.raises(errors.TpmRefused, match="from 0 to 23"):
        keyholder.seal(settings, None, pcrs)
    assert keyholder.status(settings)["lock"] == "none"


def test_no_tools_and_no_tpm_are_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPM2TOOLS_TCTI", "swtpm:host=127.0.0.1,port=1")
    with pytest.raises(errors.TpmRefused, match="exit"):
        keyholder.seal(settings, None, [7])

    def gone(*words: object, **more: object) -> None:
        raise FileNotFoundError(words)

    monkeypatch.setattr(subprocess, "run", gone)
    with pytest.raises(errors.TpmRefused, match="Install tpm2-tools"):
        tpm.seal(bytes(32), [7])
