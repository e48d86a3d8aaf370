"""The seal of a TPM 2.0: a key that it gives out only while its PCRs are what they were at sealing.

It is spoken to by tpm2-tools, before the guard confines itself; TPM2TOOLS_TCTI names another TPM than the machine's.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from remit import environ, tpm2
from remit.guard.errors import TpmRefused
from remit.guard.vault.file import KEY_BYTES, TpmLock

PCRS_MAX = 24
_BANK = "sha256"
_SEALED = "fixedtpm|fixedparent|adminwithpolicy|noda"
_FROM_INPUT = ("-i", "-", "-u", "pub", "-r", "prv")
_PRIMARY = ("tpm2_createprimary", "-Q", "-C", "o", "-G", "ecc", "-g", "sha256", "-c", "primary.ctx")
_FIX = "See tpm2_pcrread. After an update that was meant, restore the vault's backup and seal that anew"


def seal(key: bytes, pcrs: Sequence[int]) -> TpmLock:
    """Seal a key of 32 bytes to the TPM's PCRs as they are now, and return what `unseal` needs; TpmRefused."""
    chosen = tuple(sorted(set(pcrs)))
    if not chosen or not all(0 <= pcr < PCRS_MAX for pcr in chosen):
        raise TpmRefused(f"PCRs have numbers from 0 to {PCRS_MAX - 1}", "Name some: --pcrs 0,2,4,7")
    with tempfile.TemporaryDirectory(prefix="remit-tpm-") as name:
        folder = Path(name)
        _run(folder, _PRIMARY)
        _run(folder, ("tpm2_createpolicy", "-Q", "--policy-pcr", "-l", _of(chosen), "-L", "policy"))
        made = ("tpm2_create", "-Q", "-C", "primary.ctx", "-L", "policy", "-a", _SEALED, *_FROM_INPUT)
        _run(folder, made, key)
        return TpmLock((folder / "pub").read_bytes(), (folder / "prv").read_bytes(), chosen)


def unseal(by: TpmLock) -> bytes:
    """Return the key that the TPM holds sealed; TpmRefused where its PCRs are not what they were, or it is another."""
    with tempfile.TemporaryDirectory(prefix="remit-tpm-") as name:
        folder = Path(name)
        (folder / "pub").write_bytes(by.public)
        (folder / "prv").write_bytes(by.private)
        _run(folder, _PRIMARY)
        _run(folder, ("tpm2_load", "-Q", "-C", "primary.ctx", "-u", "pub", "-r", "prv", "-c", "sealed.ctx"))
        key = _run(folder, ("tpm2_unseal", "-c", "sealed.ctx", "-p", f"pcr:{_of(by.pcrs)}"))
    if len(key) != KEY_BYTES:
        raise TpmRefused("what the TPM gave out is no key of a vault", _FIX)
    return key


def _of(pcrs: Sequence[int]) -> str:
    return f"{_BANK}:{','.join(map(str, pcrs))}"


def _run(folder: Path, command: Sequence[str], given: bytes = b"") -> bytes:
    """Run one of the tools in a folder of its own; keys go by pipes alone. TpmRefused."""
    try:
        done = tpm2.run(folder, command, environ.bare(), given)
    except (OSError, subprocess.TimeoutExpired) as fault:
        fix = "Install tpm2-tools, and let the guard's user reach /dev/tpmrm0"
        raise TpmRefused(f"{command[0]} cannot be run: {type(fault).__name__}", fix) from None
    if done.returncode != 0:
        raise TpmRefused(f"the TPM refused {command[0]} (exit {done.returncode})", _FIX)
    return done.stdout
