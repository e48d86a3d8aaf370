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


ATTACHED = """
import ctypes, os
from remit.guard.errors import HygieneFailed
from remit.guard.hygiene import harden
child = os.fork()
if child == 0:
    ctypes.CDLL(None).ptrace(0, 0, None, None)  # whoever started it is its debugger now
    try:
        harden()
    except HygieneFailed as refused:
        print(refused, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(os.getpid())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="debuggers are told by Linux")
def test_a_debugger_that_is_attached_already_is_refused() -> None:
    source = str(Path(remit.__path__[0]).parent)
    words = [sys.executable, "-c", ATTACHED]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env={"PYTHONPATH": source})
    said, tracer = done.stdout.splitlines()
    assert said.startswith(f"hygiene_failed: process {tracer} is attached to it")


def test_what_its_starter_left_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a passphrase")
    source = """
import os, sys
from remit.guard.hygiene import close_inherited
folder, kept = (os.open(path, os.O_RDONLY) for path in sys.argv[1:])
os.dup2(folder, 60)
close_inherited(kept)
print(os.read(kept, 99).decode(), [number for number in range(3, 256) if os.path.exists(f"/dev/fd/{number}")] == [kept])
"""
    words = [sys.executable, "-c", source, "/", str(tmp_path / "kept")]
    env = {"PYTHONPATH": str(Path(remit.__path__[0]).parent)}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "a passphrase True"


def test_the_process_is_closed_before_anything_of_remit_is_imported() -> None:
    source = str(Path(remit.__path__[0]).parent)
    look = "import remit.guard.hygiene, sys; print(sorted(name for name in sys.modules if name.startswith('remit')))"
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, env={"PYTHONPATH": source}
    )
    assert done.stdout.strip() == "['remit', 'remit.guard', 'remit.guard.hygiene']"
    lines = (Path(remit.__path__[0]) / "guard" / "__main__.py").read_text().splitlines()
    said = [line for line in lines if line.startswith(("import", "from", "if __name__", "    close()"))]
    assert said[1].startswith("from remit.guard.hygiene") and said[3].startswith("    close()")
