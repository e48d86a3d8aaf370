"""`remit up` by root with a user of the guard's own: nothing of it stays root, folder and socket are that user's, doors
and venue reach it, and what cannot be is refused by name before anything is made."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doors.cli.house import invoke
from tests.guard.processes import wait_for
from tests.guard.test_process_sandbox import READABLE, others_may_read

import remit
from remit.guard.errors import PeerRefused
from remit.guard.wire import Client

ROOT = Path(remit.__path__[0]).parent
PYTHON = next((path for path in READABLE if others_may_read(path)), None)
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user"),
    pytest.mark.skipif(
        PYTHON is None or not others_may_read(str(ROOT / "remit" / "py.typed")),
        reason="no Python, or no source of remit, is here that another user may read",
    ),
]
USER = "nobody"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="remit-up-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def up(home: Path, *more: str) -> subprocess.Popen[str]:
    packages = [str(ROOT), *(path for path in sys.path if path.endswith("-packages"))]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REMIT_")}
    return subprocess.Popen(
        [str(PYTHON), "-P", "-m", "remit", "up", "--home", str(home), *more], text=True,
        env={**kept, "PYTHONPATH": os.pathsep.join(packages), "XDG_RUNTIME_DIR": "/run/user/0"},
        stdout=(home.parent / "said").open("w"), stderr=subprocess.STDOUT, cwd="/",
    )  # fmt: skip


def home_of(folder: Path, settings: str, owner: str = USER) -> Path:
    home = folder / "home"
    home.mkdir(mode=0o700)
    (home / "remit.toml").write_text(settings)
    for path in (home, home / "remit.toml"):
        os.chown(path, pwd.getpwnam(owner).pw_uid, pwd.getpwnam(owner).pw_gid)
    return home


def users_of(parent: int) -> dict[str, set[str]]:
    """Return the real, effective, saved and file user of each program below a process, by its module's name."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            status = dict(line.split(":\t", 1) for line in (path / "status").read_text().splitlines() if ":\t" in line)
            words = (path / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it is gone
        if status["PPid"] == str(parent):
            found[words[words.index(b"-m") + 1].decode()] = set(status["Uid"].split("\t"))
    return found


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_everything_that_root_starts_is_that_users_and_reaches_the_guard(folder: Path) -> None:
    port, uid = free_port(), pwd.getpwnam(USER).pw_uid
    home = home_of(folder, f'run_as = "{USER}"\npeers = [0]\nbind = "127.0.0.1:{port}"\nsandbox_min = ["own_user"]')
    env = {"REMIT_HOME": str(home), "REMIT_TOKEN": None, "REMIT_SOCKET": None}
    running = up(home)
    said = folder / "said"
    try:
        wait_for(lambda: "HTTP at" in said.read_text() or running.poll() is not None, "the doors are open", 40)
        assert running.poll() is None, said.read_text()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            assert answer.status == 200
        for words in (
            ("account", "add", "main", "--owner", "ann", "--currency", "USD"),
            ("connection", "add", "paper-1", "--account", "main", "--venue", "paper"),
        ):
            done = invoke(*words, **env)
            assert done.exit_code == 0, done.output
        ready = lambda: all(row["ready"] for row in json.loads(invoke("connection", "list", "--json", **env).stdout))  # noqa: E731
        wait_for(ready, "the venue is reached", 40)
        layers = {row["layer"]: row for row in json.loads(invoke("status", "--json", **env).stdout)["sandbox"]}
        assert layers["own_user"]["active"] and layers["own_user"]["needed"]
        with Client(home / "guard.sock", "a token", "test") as stranger:  # it knows of no such user
            with pytest.raises(PeerRefused, match=f"user {uid} listens there"):
                stranger.ask("read", {"view": "status"})
        below = users_of(running.pid)
        assert below == dict.fromkeys(("remit.guard", "remit.doors.http", "remit.venues.paper"), {str(uid)})
        assert Path(f"/proc/{running.pid}/status").read_text().split("Uid:\t")[1].split("\t")[:3] == [str(uid)] * 3
        assert (home / "guard.sock").stat().st_uid == uid
        assert {path.stat().st_uid for path in home.rglob("*")} == {uid}
    finally:
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 0, said.read_text()
    assert users_of(running.pid) == {} and not (home / "guard.sock").exists()


@pytest.mark.parametrize(
    ("run_as", "owner", "says"),
    [
        ("no-such-user", "root", "run_as_failed: there is no user no-such-user"),
        ("root", "root", "run_as_failed: run_as names root"),
        (USER, "root", f"run_as_failed: {USER} cannot use"),
    ],
)
def test_what_cannot_be_is_refused_by_name(folder: Path, run_as: str, owner: str, says: str) -> None:
    home = home_of(folder, f'run_as = "{run_as}"', owner)
    running = up(home)
    assert running.wait(30) == 1
    said = (folder / "said").read_text()
    assert says in said and "Traceback" not in said
    assert [path.name for path in home.iterdir()] == ["remit.toml"]


def test_a_sandbox_that_is_less_than_asked_for_is_refused_before_a_key_is_made(folder: Path) -> None:
    home = home_of(folder, f'run_as = "{USER}"\nsandbox_min = ["landlock"]\nsandbox_write = ["not/there"]')
    running = up(home)
    assert running.wait(30) == 1
    said = (folder / "said").read_text()
    assert "sandbox_missing" in said and "Traceback" not in said
    assert {path.name for path in home.iterdir()} == {"remit.toml", "logs"}
