"""What the tests want of the machine beside Python: a C compiler, libfaketime, Chromium, Go. Called by `make test`.

    python3 scripts/system.py

Quick and silent where all is there. What is missing is installed where this is root and has apt-get, else named; the
tests that need it then skip with that reason, so this never fails. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

APT = ["apt-get", "-qq", "--yes", "-o", "Dpkg::Use-Pty=0"]
TIMEOUT_S = 180


class Need(NamedTuple):
    """Something of the machine's: for what, how to see that it is there, and Debian's packages that bring it."""

    name: str
    what_for: str
    there: Callable[[], bool]
    packages: tuple[str, ...]


def faketime() -> Path | None:
    """Where libfaketime lies; None where it is not installed."""
    folders = [Path(place) for place in ("/usr/lib", "/usr/lib64", "/usr/local/lib")]
    shapes = ("faketime/libfaketime.so.1", "*/faketime/libfaketime.so.1")
    return next((path for folder in folders for shape in shapes for path in folder.glob(shape)), None)


def chromium() -> Path | None:
    """Where a Chromium or a Chrome is found, the one without windows first: it takes half the time; None where there
    is none."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def go() -> Path | None:
    """Where a Go compiler is found; None where there is none."""
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    return None if found is None else Path(found)


NEEDS = (
    Need("cc", "the faults of the disk", lambda: shutil.which("cc") is not None, ("gcc", "libc6-dev")),
    Need("libfaketime", "the jumps of the clock", lambda: faketime() is not None, ("libfaketime",)),
    Need("chromium", "the pages", lambda: chromium() is not None, ("chromium-headless-shell",)),
    Need("softhsm2", "keys in a token", lambda: shutil.which("softhsm2-util") is not None, ("softhsm2",)),
    Need("swtpm", "a TPM", lambda: all(map(shutil.which, ("swtpm", "tpm2_quote"))), ("swtpm", "tpm2-tools")),
    Need("go", "exports before Go's own packages", lambda: go() is not None, ("golang-go", "golang-golang-x-mod-dev")),
)


def main() -> None:
    missing = [need for need in NEEDS if not need.there()]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"installing {', '.join(need.name for need in missing)} (once)")
        install([need.packages for need in missing])
    for need in missing:
        if not need.there():
            say(f"no {need.name}: the tests of {need.what_for} are skipped ({advice(need)})")


def install(wanted: list[tuple[str, ...]]) -> None:
    """Ask apt-get for each need's packages by itself, so that one that is not to be had keeps no other away; where it
    cannot, what is missing is named afterwards."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], *(["install", "--no-install-recommends", *packages] for packages in wanted)):
        try:
            subprocess.run([*APT, *command], env=environ, capture_output=True, timeout=TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return


def advice(need: Need) -> str:
    """How a person gets it."""
    return f"Debian, Ubuntu: apt-get install {' '.join(need.packages)}"


def say(text: str) -> None:
    print(f"set-up: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
