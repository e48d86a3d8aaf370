"""Having a TPM in software quote: by every kind of key, and each way in which it does not, by its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests.attest.chip import KINDS, MISSING, REASON, ZEROS, Chip

from remit.attest import quoting, tpm
from remit.attest.errors import AttestationInvalid, TpmFailed
from remit.attest.quoting import Selection, handle_of, with_values

BINDING = sha256(b"a statement").digest()
EMPTY = "0x8101ffff"
SIGNS_ANYTHING = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"
hardware = pytest.mark.skipif(bool(MISSING), reason=REASON)


@pytest.fixture(scope="module")
def chip() -> Iterator[Chip]:
    with Chip() as running:
        running.extend(11, sha256(b"what started").digest())
        yield running


@pytest.fixture(scope="module")
def handles(chip: Chip) -> dict[str, str]:
    """A key of each kind, and one that signs whatever it is given."""
    return {kind: chip.key(kind)[0] for kind in KINDS} | {"unfit": chip.key("ecdsa", SIGNS_ANYTHING)[0]}


def failed(do: object) -> TpmFailed:
    with pytest.raises(TpmFailed) as fault:
        do()  # type: ignore[operator]
    assert fault.value.what and fault.value.do
    return fault.value


@hardware
@pytest.mark.parametrize(
    ("kind", "registers"),
    [("ecdsa", "sha256:0,11"), ("ecdsa384", "sha256:11"), ("rsassa", "sha256:0"), ("rsapss", "sha256:23,11,0")],
)
def test_each_kind_of_key_quotes_and_others_check_it(
    chip: Chip, handles: dict[str, str], kind: str, registers: str
) -> None:
    selection = Selection.parse(registers)
    quote, area = quoting.Chip(chip.tcti).quote(BINDING, handles[kind], selection)
    found = tpm.verify(quote.message, quote.signature, tpm.read_key(area), BINDING, quote.pcrs)
    assert (found.bank, found.selected) == selection == ("sha256", tuple(sorted(selection.numbers)))
    assert quote.pcrs.get("0", ZEROS) == ZEROS != quote.pcrs.get("11", "")


@hardware
def test_a_key_is_made_once_and_is_fit(chip: Chip) -> None:
    there = quoting.Chip(chip.tcti)
    area, made = there.make_key("0x81010100")
    assert made and tpm.read_key(area).restricted
    assert there.make_key("0x81010100") == (area, False)
    assert there.quote(BINDING, "0x81010100", Selection("sha256", (7,)))[1] == area


@hardware
def test_what_a_tpm_does_not_do_is_named(chip: Chip, handles: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    there, zero = quoting.Chip(chip.tcti), Selection("sha256", (0,))
    assert failed(lambda: there.quote(BINDING, EMPTY, zero)).code == "tpm_handle_empty"
    assert failed(lambda: there.quote(BINDING, handles["unfit"], zero)).code == "tpm_key_unfit"
    assert failed(lambda: there.make_key(handles["unfit"])).code == "tpm_handle_taken"
    assert failed(lambda: there.quote(BINDING * 3, handles["ecdsa"], zero)).code == "tpm_refused"  # too long for it
    chip.do("tpm2_changeauth", "-c", "o", "word")
    try:
        locked = failed(lambda: there.make_key("0x81010101"))
        assert locked.code == "tpm_refused" and "tpm2_evictcontrol" in locked.what and "password" in locked.do
    finally:
        chip.do("tpm2_changeauth", "-c", "o", "-p", "word")
    monkeypatch.setattr(tpm, "read_quote", lambda message: tpm.Quoted(BINDING, "sha256", 32, (1,), b""))
    monkeypatch.setattr(tpm, "verify", lambda *given: tpm.Quoted(BINDING, "sha256", 32, (1,), b""))
    other = failed(lambda: there.quote(BINDING, handles["ecdsa"], zero))
    assert other.code == "tpm_refused" and "quoted sha256:1 and not sha256:0" in other.what


@hardware
def test_a_quote_that_does_not_hold_is_not_handed_on(
    chip: Chip, handles: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> tpm.Quoted:
        raise AttestationInvalid("tpm_pcrs_differ", "the registers held other values")

    monkeypatch.setattr(tpm, "verify", refuse)
    there = quoting.Chip(chip.tcti)
    assert failed(lambda: there.quote(BINDING, handles["ecdsa"], Selection("sha256", (0,)))).code == "tpm_pcrs_differ"


@hardware
def test_no_tpm_is_named() -> None:
    away = quoting.Chip("swtpm:host=127.0.0.1,port=1")
    fault = failed(lambda: away.make_key(EMPTY))
    assert fault.code == "tpm_unreachable" and "Could not load tcti" in fault.what and "--tcti" in fault.do


def test_no_tools_are_named_and_no_secret_is_handed_to_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    fault = failed(lambda: quoting.Chip().make_key(EMPTY))
    assert fault.code == "tpm_tools_missing" and "tpm2_getcap" in fault.what and "Install tpm2-tools" in fault.do
    tool = tmp_path / "tpm2_getcap"
    tool.write_text(f'#!/bin/sh\nexec /usr/bin/env > "{tmp_path}/environ"\n')
    tool.chmod(0o700)
    (tmp_path / "tpm2_flushcontext").symlink_to("/bin/true")
    for name in ("REMIT_PASSPHRASE", "REMIT_TOKEN"):
        monkeypatch.setenv(name, "a secret")
    assert failed(lambda: quoting.Chip("here:").public(EMPTY)).code == "tpm_handle_empty"
    handed = (tmp_path / "environ").read_text()
    assert "TPM2TOOLS_TCTI=here:" in handed and "a secret" not in handed and "REMIT_PASSPHRASE" in os.environ


@pytest.mark.parametrize(
    "stated", ["", "sha1:0", "sha256:", "sha256:24", "sha256:0,", "0,7", "sha256:0+sha384:1", "-l"]
)
def test_registers_that_are_none(stated: str) -> None:
    with pytest.raises(ValueError, match="names no registers"):
        Selection.parse(stated)


@pytest.mark.parametrize("stated", ["", "0x1", "0x80000000", "ak.ctx", "0x810100011", "--help", "0x8101000g"])
def test_handles_that_are_none(stated: str) -> None:
    with pytest.raises(ValueError, match="no persistent handle"):
        handle_of(stated)
    assert handle_of("0x8101ABCD") == "0x8101abcd" and str(Selection.parse("sha256:7,0,7")) == "sha256:0,7"


@hardware
def test_values_of_others_are_no_values_of_a_quote(chip: Chip, handles: dict[str, str]) -> None:
    quote, _ = quoting.Chip(chip.tcti).quote(BINDING, handles["ecdsa"], Selection("sha256", (0, 1)))
    with pytest.raises(AttestationInvalid) as fault:
        with_values(quote.message, quote.signature, bytes(63))
    assert fault.value.code == "tpm_pcrs_differ"
