"""The measurement of the guard's code: the digests of what is installed of every package that its process imported.

    python -m remit.guard.measure

prints what a guard of this installation would say of itself.

What is measured: of `remit` and of each package from outside the standard library that is imported when the guard
starts, every file below the package's folder (or the module's one file) but what lies in `__pycache__`; links are
followed. What belongs to the standard library is known by where it lies, not by its name. The digest of a package is
the SHA-256 of lines `SHA256  PATH`, in the order of the paths' bytes, each path beginning with the package's name: what
`sha256sum` prints. What is not: the interpreter, its standard library, the kernel of the machine, what a line of a .pth
file runs, and compiled caches, which an interpreter runs in place of a source of the same age.
"""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from remit.attest.statement import code_digest
from remit.kernel.codec import encode

CACHES = "__pycache__"
_FOLDERS = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
_SITES = tuple(Path(sysconfig.get_path(name)) for name in ("purelib", "platlib"))


@cache
def measured() -> MappingProxyType[str, str]:
    """Return the digest of each package that is imported now, by its name; the same for as long as the process lives.

    To be called first when the guard has started. OSError where a file cannot be read.
    """
    return MappingProxyType({name: package_digest(name, places) for name, places in sorted(_imported().items())})


def python() -> str:
    """Return which interpreter runs this, by its name and version."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def package_digest(name: str, places: tuple[Path, ...]) -> str:
    """Return the digest of what is installed of a package: of its folders, or of its one file."""
    lines = {}
    for place in places:
        for path in _files(place):
            within = f"{name}/{path.relative_to(place).as_posix()}" if path != place else place.name
            lines[os.fsencode(within)] = sha256(path.read_bytes()).hexdigest().encode()
    return sha256(b"".join(b"%b  %b\n" % (lines[within], within) for within in sorted(lines))).hexdigest()


def _files(place: Path, above: tuple[str, ...] = ()) -> Iterator[Path]:
    """Yield the files of a place, through links too, as an import goes; not again where a link leads back above it."""
    if place.is_file():
        yield place
        return
    real = os.path.realpath(place)
    if not place.is_dir() or real in above:
        return
    for name in os.listdir(place):
        if name != CACHES:
            yield from _files(place / name, (*above, real))


def _imported() -> dict[str, tuple[Path, ...]]:
    """Return where each imported package from outside the standard library lies: its folders, or its one file."""
    found = {}
    for name, module in list(sys.modules.items()):
        if "." in name or name == "__main__":
            continue
        folders = tuple(Path(place) for place in getattr(module, "__path__", ()))
        file = getattr(module, "__file__", None)
        places = folders or (() if file is None else (Path(file),))
        if places and not all(_of_python(place) for place in places):
            found[name] = places
    return found


def _of_python(place: Path) -> bool:
    """Whether a place is the interpreter's own, where nothing is installed."""
    if any(place.is_relative_to(site) for site in _SITES):
        return False
    return any(place.is_relative_to(folder) for folder in _FOLDERS)


def main() -> None:
    """Print the measurement of this installation as JSON."""
    import remit.guard.serve  # noqa: F401  what the guard's process imports

    packages = dict(measured())
    print(encode({"code": code_digest(packages), "packages": packages, "python": python()}).decode())


if __name__ == "__main__":
    main()
