"""The guard's process keeps its memory and its files to itself; tried in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import remit

PROGRAM = """
import ctypes, os, resource, sys
from remit.guard.hygiene import harden
missing = harden()
open(sys.argv[1], "w").close()
print(missing, resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), oct(os.umask(0)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is of Linux")
def test_no_dump_no_core_and_private_files(tmp_path: Path) -> None:
    source = str(Path(remit.__path__[0]).parent)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "file")],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": source},
    )  # fmt: skip
    assert done.stdout.strip() == "() (0, 0) 0 0o77"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
