"""Having a TPM 2.0 vouch: it quotes its registers over a statement's digest, by tpm2-tools as programs of their own.

Whoever runs the command line needs to reach the TPM; the guard's process does not, and may run no program.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple, Self

from remit import environ, tpm2
from remit.attest import tpm
from remit.attest.carried import Quote
from remit.attest.errors import AttestationInvalid, TpmFailed

TCTI = "TPM2TOOLS_TCTI"
PCRS_MAX = 24
SAID_MAX = 200
"""Characters of a tool's own words that are said again."""
_HANDLE = re.compile(r"0x81[0-9a-f]{6}", re.ASCII | re.IGNORECASE)
_PCRS = re.compile(r"(sha256|sha384|sha512):([0-9]{1,2}(?:,[0-9]{1,2})*)", re.ASCII)
_INSTALL = "Install tpm2-tools (apt install tpm2-tools), or quote elsewhere and use `remit attest carry`"
_REACH = "Be root or in the group tss where there is a TPM (ls -l /dev/tpmrm0), or name another with --tcti"
_SEE = "See what it holds: tpm2_getcap handles-persistent; tpm2_readpublic -c HANDLE; tpm2_pcrread"


class Selection(NamedTuple):
    """Registers of one bank, as `sha256:0,4,7,11` names them."""

    bank: str
    numbers: tuple[int, ...]

    @classmethod
    def parse(cls, stated: str) -> Self:
        """Return what is named; ValueError where it names no registers of a strong bank."""
        found = _PCRS.fullmatch(stated)
        numbers = sorted({int(number) for number in found[2].split(",")}) if found else []
        if found is None or numbers[-1] >= PCRS_MAX:
            known = "banks: sha256, sha384, sha512"
            raise ValueError(f"{stated!r} names no registers; write for example sha256:0,4,7,11 ({known})")
        return cls(found[1], tuple(numbers))

    def __str__(self) -> str:
        return f"{self.bank}:{','.join(map(str, self.numbers))}"


def handle_of(stated: str) -> str:
    """Return a persistent handle in its one spelling; ValueError where it is none."""
    if _HANDLE.fullmatch(stated) is None:
        raise ValueError(f"{stated!r} is no persistent handle; write for example 0x81010001")
    return stated.lower()


class Chip:
    """The machine's TPM, or the one that `tcti` or TPM2TOOLS_TCTI names. TpmFailed, by name, from every method:
    tpm_tools_missing, tpm_unreachable, tpm_handle_empty, tpm_handle_taken, tpm_key_unfit, tpm_refused."""

    def __init__(self, tcti: str | None = None) -> None:
        self._environ = environ.bare()
        if tcti is not None:
            self._environ[TCTI] = tcti

    def quote(self, binding: bytes, handle: str, selection: Selection) -> tuple[Quote, bytes]:
        """Have the key at a handle quote registers over `binding` (32 bytes); return the quote, checked, and the key's
        public area (TPM2B_PUBLIC)."""
        area = self.public(handle)
        key = tpm.read_key(area)
        with tempfile.TemporaryDirectory(prefix="remit-tpm-") as name:
            folder = Path(name)
            asked = ("-c", handle, "-l", str(selection), "-q", binding.hex(), "-g", key.digest, "--scheme", key.scheme)
            made = ("-m", "message", "-s", "signature", "-o", "values", "-F", "values")
            self._run(folder, "tpm2_quote", "-Q", *asked, *made, see=_SEE)
            message, signature, values = ((folder / part).read_bytes() for part in ("message", "signature", "values"))
        try:
            quote = with_values(message, signature, values)
            quoted = tpm.verify(message, signature, key, binding, quote.pcrs)
        except AttestationInvalid as fault:
            raise TpmFailed(fault.code, fault.what, "Ask again: registers may have changed meanwhile") from None
        if (quoted.bank, quoted.selected) != selection:
            said = f"the TPM quoted {Selection(quoted.bank, quoted.selected)} and not {selection}"
            raise TpmFailed("tpm_refused", said, "Name registers that it has: tpm2_pcrread")
        return quote, area

    def public(self, handle: str) -> bytes:
        """Return the public area of the attestation key at a handle."""
        if int(handle, 16) not in self._handles():
            fix = f"Make an attestation key there: remit attest tpm-key {handle} --out ak.pub"
            raise TpmFailed("tpm_handle_empty", f"the TPM has nothing at {handle}", fix)
        with tempfile.TemporaryDirectory(prefix="remit-tpm-") as name:
            self._run(Path(name), "tpm2_readpublic", "-Q", "-c", handle, "-o", "area", see=_SEE)
            area = (Path(name) / "area").read_bytes()
        try:
            key = tpm.read_key(area)
            if not key.scheme or not key.digest:
                raise AttestationInvalid("tpm_key_unfit", "it signs by no scheme, or a weak one")
        except AttestationInvalid as fault:
            fix = "Make one at another handle: remit attest tpm-key 0x81010002 --out ak.pub"
            said = f"what lies at {handle} is no attestation key: {fault.what}"
            raise TpmFailed("tpm_key_unfit", said, fix) from None
        return area

    def make_key(self, handle: str) -> tuple[bytes, bool]:
        """Make an attestation key (ECDSA on P-256) under the TPM's endorsement key, to stay at a handle.

        Returns its public area, and whether it was made now: an attestation key that is there is left as it is.
        """
        if int(handle, 16) in self._handles():
            try:
                return self.public(handle), False
            except TpmFailed as fault:
                raise TpmFailed("tpm_handle_taken", fault.what, "Name another handle") from None
        see = "Look whether the owner or the endorsement hierarchy has a password: tpm2_getcap properties-variable"
        with tempfile.TemporaryDirectory(prefix="remit-tpm-") as name:
            folder = Path(name)
            self._run(folder, "tpm2_createek", "-Q", "-G", "ecc", "-c", "ek", "-u", "ek.pub", see=see)
            kind = ("-G", "ecc", "-g", "sha256", "-s", "ecdsa")
            self._run(folder, "tpm2_createak", "-Q", "-C", "ek", *kind, "-c", "ak", "-u", "ak.pub", see=see)
            self._run(folder, "tpm2_evictcontrol", "-Q", "-C", "o", "-c", "ak", handle, see=see)
        return self.public(handle), True

    def _handles(self) -> set[int]:
        """Return the persistent handles that are taken: the first question, so that a TPM that is not there says so."""
        with tempfile.TemporaryDirectory(prefix="remit-tpm-") as name:
            said = self._run(Path(name), "tpm2_getcap", "handles-persistent", see=_REACH, code="tpm_unreachable")
        return {int(found, 16) for found in re.findall(r"0x[0-9A-Fa-f]+", said)}

    def _run(self, folder: Path, *command: str, see: str, code: str = "tpm_refused") -> str:
        """Run one of the tools in a folder of its own, let go of what it left loaded, and return what it printed."""
        try:
            done = tpm2.run(folder, command, self._environ)
        except FileNotFoundError:
            raise TpmFailed("tpm_tools_missing", f"there is no program {command[0]}", _INSTALL) from None
        except (OSError, subprocess.TimeoutExpired) as fault:
            said = f"{command[0]} cannot be run: {type(fault).__name__}"
            raise TpmFailed("tpm_unreachable", said, _REACH) from None
        if done.returncode != 0:
            word = "refused" if code == "tpm_refused" else "does not answer"
            raise TpmFailed(code, f"the TPM {word} {command[0]}: {_said(done)}", see)
        return done.stdout.decode(errors="replace")


def with_values(message: bytes, signature: bytes, values: bytes) -> Quote:
    """Return a quote with its registers' values, which the tools write one after the other.

    AttestationInvalid where they are no values of what was quoted.
    """
    selected = tpm.read_quote(message).selected
    size = len(values) // max(1, len(selected))
    if not selected or size * len(selected) != len(values):
        raise AttestationInvalid(
            "tpm_pcrs_differ", "the values are not those of the quoted registers", "Give the file of `-o`"
        )
    held = {str(number): values[size * at : size * (at + 1)].hex() for at, number in enumerate(selected)}
    return Quote(message, signature, held)


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return the first plain error of a tool, or its exit code."""
    lines = done.stderr.decode(errors="replace").splitlines()
    plain = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return plain[0][:SAID_MAX] if plain else f"exit {done.returncode}"
