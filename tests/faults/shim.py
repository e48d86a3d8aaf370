"""The shim, compiled: which call of a process fails and how, and the log of every call it made."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).with_name("shim.c")
ALWAYS = 1 << 30
ERRORS = ("EIO", "ENOSPC")
KILLS = ("before", "after", "torn", "power")


class Fault(NamedTuple):
    """What happens at the `at`-th call, and to how many calls from there on; see shim.c."""

    how: str
    at: int
    count: int = 1


class Call(NamedTuple):
    """One line of the shim's log; `fate` is "-" where nothing happened to it."""

    number: int
    name: str
    path: Path
    length: int
    fate: str


@functools.cache
def library() -> Path:
    """The compiled shim; skips the test where it cannot be compiled or preloaded here."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the shim is preloaded the way Linux does it")
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc): Debian, Ubuntu: apt-get install gcc libc6-dev")
    folder = tempfile.mkdtemp(prefix="remit-shim-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = Path(folder) / "shim.so"
    flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", str(target), str(SOURCE), "-ldl"], check=True)
    return target


def environment(folder: Path, log: Path, fault: Fault | None) -> dict[str, str]:
    """What to add to the environment of a process whose calls under `folder` are counted, and one of them broken."""
    said = {"LD_PRELOAD": str(library()), "SHIM_UNDER": str(folder), "SHIM_LOG": str(log)}
    if fault is not None:
        said |= {"SHIM_HOW": fault.how, "SHIM_AT": str(fault.at), "SHIM_COUNT": str(fault.count)}
    return said


def calls(log: Path) -> list[Call]:
    """The log of one run, which is taken away, so that the next run begins a new one."""
    if not log.exists():
        return []
    lines = [line.rsplit(" ", 2) for line in log.read_text().splitlines()]
    os.unlink(log)
    found = []
    for head, length, fate in lines:
        number, name, path = head.split(" ", 2)
        found.append(Call(int(number), name, Path(path), int(length), fate))
    return found
