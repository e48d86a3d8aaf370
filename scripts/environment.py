"""Make .venv hold exactly what a make target needs, from the hash-pinned lists in requirements/.

    python3 scripts/environment.py TARGET

Quick when nothing changed: a stamp in .venv names the lists, the interpreter and the place it was made for. An
environment that was left half-made, was moved, or belongs to another Python is made anew. Standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / "unfinished"
LISTS = {  # base is part of all but build and demo; all take their versions from one resolution
    "up": ("doors", "build", "demo"),
    "test": ("dev", "build", "demo", "fuzz"),
    "bench": ("bench", "build", "demo"),
    "live": ("live", "build", "demo"),
    "lock": ("lock",),
}
WHERE_IT_GOES = ("fuzz",)  # what has no package for every machine; the tests say what they leave out without it
# Settings of the person's shell that would send the packages elsewhere, or put another Python's modules in the way.
FOREIGN = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_CONSTRAINT",
    "PIP_REQUIREMENT",
    "PIP_NO_BUILD_ISOLATION",
    "__PYVENV_LAUNCHER__",
)


def main(target: str) -> None:
    """Leave .venv ready for the target, or exit with one line that says what to do."""
    for name in FOREIGN:
        os.environ.pop(name, None)
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two targets at once: the second waits, and then finds the work done
        stamp = VENV / f"ready-{target}"
        if is_whole() and stamp.is_file() and stamp.read_text() == wanted(target):
            return
        if not is_whole():
            make_venv()
        UNFINISHED.touch()
        install(target)
        stamp.write_text(wanted(target))
        UNFINISHED.unlink()


def wanted(target: str) -> str:
    """What the environment must have been made from: a digest of its lists and of how the project is installed."""
    digest = hashlib.sha256()
    for path in [*lists(target), ROOT / "pyproject.toml", Path(__file__)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def lists(target: str) -> list[Path]:
    return [ROOT / "requirements" / f"{name}.txt" for name in LISTS[target]]


def is_whole() -> bool:
    """Whether .venv was made in this very place, by a run that ended, with a Python that still works."""
    if UNFINISHED.exists() or not PYTHON.exists() or not made_here():
        return False
    probe = [PYTHON, "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def made_here() -> bool:
    """Whether the scripts in .venv/bin point here: venv notes the place it made, and a moved folder keeps that note."""
    notes = VENV / "pyvenv.cfg"
    return notes.is_file() and any(
        line.startswith("command =") and line.endswith(f" {VENV}") for line in notes.read_text().splitlines()
    )


def make_venv() -> None:
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    try:
        import ensurepip  # noqa: F401, PLC0415 - some distributions ship Python without it
        import venv  # noqa: F401, PLC0415
    except ImportError:
        stop(
            f"this Python ({sys.executable}) cannot make environments: install its venv package "
            "(Debian, Ubuntu: apt-get install python3-venv), or name another Python: make PYTHON=/path/to/python3"
        )
    say("making .venv")
    VENV.mkdir()
    UNFINISHED.touch()
    # The interpreter behind an active environment, not that environment: it may be the very one being replaced.
    python = getattr(sys, "_base_executable", None) or sys.executable
    if subprocess.run([python, "-m", "venv", str(VENV)], check=False).returncode != 0:
        stop("the environment could not be made (see above); run the same make command again to go on")


def install(target: str) -> None:
    """Install the lists, every file checked against its pinned hash, then the project itself as an editable package."""
    say(f"installing {', '.join(LISTS[target])} into .venv (once)")
    for path in lists(target):
        pip("--require-hashes", "--only-binary", ":all:", "-r", str(path), needed=path.stem not in WHERE_IT_GOES)
    if target != "lock":
        pip("--no-build-isolation", "--editable", str(ROOT))


def pip(*what: str, needed: bool = True) -> None:
    base = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
    if subprocess.run([*base, *what], check=False).returncode == 0:
        return
    if needed:
        UNFINISHED.unlink()  # pip itself gave up in good order: what stands so far can be built upon
        stop(f"pip could not install {what[-1]} (its reason is above); run the same make command again to go on")
    say(f"going on without {Path(what[-1]).stem}: there may be no package of it for this machine")


def say(text: str) -> None:
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def stop(text: str) -> None:
    say(text)
    sys.exit(1)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LISTS:
        stop(f"usage: environment.py {'|'.join(LISTS)}")
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        stop("stopped; run the same make command again to go on")
    except OSError as error:
        stop(f"{error}; nothing outside this folder was changed")
