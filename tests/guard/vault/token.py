"""A SoftHSM2 token of a test's own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from remit.guard.vault.file import Token

PIN = "8642-canary-pin"
PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)  # fmt: skip
MODULE = next((place for place in PLACES if Path(place).exists()), "")


def token(folder: Path, patch: pytest.MonkeyPatch, label: str = "guard") -> Token:
    """Return a new token under `folder`; the test is skipped by name where SoftHSM2 is not installed."""
    if not MODULE or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM2 is not installed: scripts/system.py installs it")
    pytest.importorskip("pkcs11", reason="the extra hsm is not installed")
    (folder / "tokens").mkdir(exist_ok=True)
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    words = ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "0987654321"]
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True, timeout=30)
    return Token(MODULE, label, PIN)
