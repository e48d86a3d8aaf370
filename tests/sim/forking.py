"""Mutants one after the other, each in a process of its own, forked from one that has imported what is not ours.

To start Python and to import what others wrote takes as long as many a mutant needs to be caught. Nothing of ours is
imported before the fork, so that a mutant is in place before anything could hold on to what it replaces.

    with Forking() as forking:
        code, said = forking.run("fill_booked_twice", 600)
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
OTHERS = (
    "asyncio", "cryptography.hazmat.primitives.asymmetric.ed25519", "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.ciphers.aead", "cryptography.x509", "fido2.server", "inspect", "msgspec", "runpy",
    "sqlite3", "ssl", "zoneinfo",
)  # fmt: skip


class Forking:
    """The process that forks. Sets lie alike in all that it forks, so that the same seed catches a mutant each time."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sim.forking"],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, name: str, limit_s: int) -> tuple[int, str]:
        """Return the exit code of a mutant's process and what it said; it is ended after so many seconds."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, limit_s]) + "\n")
        self._process.stdin.flush()
        code, said = json.loads(self._process.stdout.readline())
        return code, said


def main() -> None:
    """Fork for each line that asks, until there is none."""
    for name in OTHERS:
        importlib.import_module(name)
    for line in sys.stdin:
        name, limit_s = json.loads(line)
        with tempfile.TemporaryFile() as said:
            child = os.fork()
            if not child:
                _run(name, limit_s, said.fileno())
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said.seek(0)
            print(json.dumps([code, said.read().decode(errors="replace")]), flush=True)


def _run(name: str, limit_s: int, said: int) -> None:
    """Be the mutant's process, to its end."""
    code = 1
    try:
        os.dup2(said, 1)
        os.dup2(said, 2)
        signal.alarm(limit_s)
        from tests.sim import mutate

        code = mutate.main([name])
    except BaseException:  # noqa: BLE001  whatever it is, it is told, and this process ends here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
