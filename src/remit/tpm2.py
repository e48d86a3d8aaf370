"""Running tpm2-tools: how the machine's TPM is spoken to, by its command line's programs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMEOUT_S = 60


def run(
    folder: Path, command: Sequence[str], environ: Mapping[str, str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run one of the tools in a folder of its own, with `given` as its input, then let go of what it left loaded.

    FileNotFoundError where there is no such program; OSError or subprocess.TimeoutExpired where it cannot be run. What
    a tool refused is in its exit code.
    """
    done = _done(folder, command, environ, given)
    _done(folder, ("tpm2_flushcontext", "-t"), environ, b"")
    return done


def _done(
    folder: Path, command: Sequence[str], environ: Mapping[str, str], given: bytes
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command, cwd=folder, env=environ, input=given, capture_output=True, timeout=TIMEOUT_S, check=False
    )
