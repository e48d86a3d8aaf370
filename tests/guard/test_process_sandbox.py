"""The sandbox around the real guard: an intruder inside it gets nowhere while trading goes on, and no layer is claimed
that the kernel does not confirm."""

from __future__ import annotations

import errno
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.desk import ROOT, FaultDesk, set_up_desk
from tests.faults.truth import assert_truth
from tests.guard.processes import wait_for

import remit
from remit.guard import landlock, seccomp
from remit.guard.sandbox import LAYERS
from remit.guard.system import ThisSystem

if not sys.platform.startswith("linux"):
    pytest.skip("the layers are of Linux", allow_module_level=True)

TRY_FILTER = """
from remit.guard import seccomp
from remit.guard.system import ThisSystem
ThisSystem().prctl(38, 1)
seccomp.load(ThisSystem(), [seccomp.Step(0x06, 0, 0, 0x7FFF0000)])
"""
"""A filter that lets everything through: whether this machine takes any is no matter of ours."""


def takes_filters() -> bool:
    tried = subprocess.run([sys.executable, "-c", TRY_FILTER], capture_output=True, check=False, cwd=ROOT)
    return ThisSystem().machine in seccomp.MACHINES and tried.returncode == 0


HAS = {"landlock": landlock.abi(ThisSystem()) > 0, "seccomp": takes_filters()}
ROOTS = os.geteuid() == 0
WITHOUT_USER = [name for name in LAYERS if name != "own_user" and HAS.get(name, True)]


def needs(*layers: str) -> None:
    """Skip the test, by name, where this kernel does not have the layers it is about."""
    for layer in layers:
        if not HAS[layer]:
            pytest.skip(f"this kernel gives no {layer}, or its container hides it")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultDesk]:
    """A guard with an intruder inside, and its venue."""
    desk = set_up_desk(tmp_path_factory.mktemp("probed") / "home", "tests.guard.probing_guard")
    yield desk
    desk.stop()


@pytest.fixture(scope="module")
def probed(desk: FaultDesk) -> dict[str, str]:
    """What became of each of the intruder's tries, with trading before and beside them."""
    elsewhere = desk.home.with_name("elsewhere")
    elsewhere.write_text("a secret of somebody else")
    desk.busy(orders=4)
    kept = [] if HAS["seccomp"] else BY_SECCOMP
    kept += [] if HAS["landlock"] else BY_LANDLOCK + BETWEEN_FOLDERS
    (desk.home / "probe.new").write_text(json.dumps({"elsewhere": str(elsewhere), "kept": kept}))
    (desk.home / "probe.new").rename(desk.home / "probe")
    desk.busy(orders=4)
    wait_for((desk.home / "probed").exists, "the intruder has tried everything")
    found: dict[str, str] = json.loads((desk.home / "probed").read_text())
    return found


BY_SECCOMP = [
    "exec", "execveat", "fork", "spawn", "subprocess", "shell", "ptrace", "read memory", "write memory", "signal",
    "kill", "signal by handle", "tcp", "tcp 6", "udp", "raw", "packet", "netlink", "vsock", "root again", "groups",
    "core dump", "dumpable", "namespace", "mount", "ring", "bpf", "keyring", "clock", "type for the terminal",
    "signal by a socket", "priority", "processors", "share memory", "share a queue", "open to all",
    "open to all by handle", "open to all, newly", "owner", "times", "attribute", "watch", "file by handle", "listen",
]  # fmt: skip
BY_LANDLOCK = [
    "shadow", "passwd", "another folder", "write elsewhere", "cut elsewhere", "remove elsewhere", "temporary file",
    "list all", "write its own code", "symbolic link", "own socket", "open its memory", "environment of another",
]  # fmt: skip
BETWEEN_FOLDERS = ["link it in", "move out"]
LEFT = [
    "thread", "own file", "own folder", "remove own", "signal itself", "limits read", "local socket", "late import",
    "time zone",
]  # fmt: skip


def test_the_intruder_tries_all_that_is_listed(probed: dict[str, str]) -> None:
    tried = BY_SECCOMP * HAS["seccomp"] + (BY_LANDLOCK + BETWEEN_FOLDERS) * HAS["landlock"] + LEFT
    assert sorted(probed) == sorted(tried)


def test_no_program_no_process_no_right_and_no_other_socket(probed: dict[str, str]) -> None:
    needs("seccomp")
    assert {name: probed[name] for name in BY_SECCOMP} == dict.fromkeys(BY_SECCOMP, "EPERM")


def test_no_file_of_others(desk: FaultDesk, probed: dict[str, str]) -> None:
    needs("landlock")
    assert {name: probed[name] for name in BY_LANDLOCK} == dict.fromkeys(BY_LANDLOCK, "EACCES")
    assert {probed[name] for name in BETWEEN_FOLDERS} <= {"EACCES", "EXDEV"}
    assert desk.home.with_name("elsewhere").read_text() == "a secret of somebody else"


REACHED = """
import json, os, socket, sys
from pathlib import Path
from remit.guard.config import Settings
from remit.guard.needs import room
from remit.guard.sandbox import Sandbox
from remit.guard.system import ThisSystem
home, port = Path(sys.argv[1]), int(sys.argv[2])
settings = Settings(home=home, socket=home / "guard.sock", environment="live", sandbox_ports=(443,))
Sandbox(ThisSystem(), room(settings), ()).enter()
def tried(act):
    try:
        act(socket.socket())
    except OSError as fault:
        return fault.errno
    return "done"
print(json.dumps({
    "connect": tried(lambda link: link.connect(("127.0.0.1", port))),
    "connect by sending": tried(lambda link: link.sendto(b"x", socket.MSG_FASTOPEN, ("127.0.0.1", port))),
    "by a message": tried(lambda link: link.sendmsg([b"x"], [], socket.MSG_FASTOPEN, ("127.0.0.1", port))),
    "bind": tried(lambda link: link.bind(("127.0.0.1", 0))),
    "listen": tried(lambda link: link.listen()),
}))
"""


@pytest.mark.skipif(landlock.abi(ThisSystem()) < 4, reason="this kernel's Landlock holds no ports")
def test_a_guard_that_may_call_one_port_calls_no_other_and_is_called_on_none(tmp_path: Path) -> None:
    needs("seccomp")
    with socket.create_server(("127.0.0.1", 0)) as other:
        words = [sys.executable, "-c", REACHED, str(tmp_path), str(other.getsockname()[1])]
        tried = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
        found = json.loads(tried.stdout)
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.accept()
    assert found == {
        "connect": errno.EACCES, "connect by sending": errno.EPERM, "by a message": errno.EPERM, "bind": errno.EACCES,
        "listen": errno.EPERM,
    }  # fmt: skip


def test_the_guard_keeps_what_it_needs_and_goes_on_trading(desk: FaultDesk, probed: dict[str, str]) -> None:
    assert {name: probed[name] for name in LEFT} == dict.fromkeys(LEFT, "done")
    before = len(desk.acknowledged)
    assert desk.order("after-the-intruder")["decision"]["verdict"] == "allow"
    assert len(desk.acknowledged) == before + 1
    assert desk.alerts() == []


def test_the_kernel_confirms_each_layer_from_outside(desk: FaultDesk, probed: dict[str, str]) -> None:
    assert desk.guard is not None
    lines = Path(f"/proc/{desk.guard.pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    if HAS["seccomp"]:
        assert status["Seccomp"] == "2"
    limits = Path(f"/proc/{desk.guard.pid}/limits").read_text().splitlines()
    assert next(line.split()[4:6] for line in limits if line.startswith("Max core file size")) == ["0", "0"]
    layers = {row["layer"]: row for row in desk.read("status")["sandbox"]}
    assert tuple(layers) == LAYERS
    expected = {name: HAS.get(name, True) for name in LAYERS} | {"own_user": not ROOTS}
    assert {name: row["active"] for name, row in layers.items()} == expected, layers
    assert not any(row["needed"] for row in layers.values())


def test_doctor_shows_every_layer(desk: FaultDesk, probed: dict[str, str]) -> None:
    rows = {row["check"]: row for row in desk.read("health")["checks"]}
    assert [name for name in rows if name.startswith("sandbox ")] == [f"sandbox {name}" for name in LAYERS]
    assert all(rows[f"sandbox {name}"]["well"] for name in LAYERS)  # training asks for none
    assert rows["sandbox own_user"]["says"].startswith("not active: " if ROOTS else "user ")


def test_an_agent_is_not_told_how_the_guard_is_confined(desk: FaultDesk, probed: dict[str, str]) -> None:
    assert "sandbox" not in desk.read("status", who="momentum")
    health = desk.read("health", who="momentum")
    assert "sandbox" not in health["about"]
    assert not any(row["check"].startswith("sandbox") for row in health["checks"])


def test_what_is_missing_is_said_at_the_start_of_training(desk: FaultDesk) -> None:
    missing = {name for name in LAYERS if f"sandbox without {name}: " in desk.said()}
    assert missing == {name for name in LAYERS if not HAS.get(name, True)} | ({"own_user"} if ROOTS else set())


def test_the_truth_holds_after_it_all(desk: FaultDesk, probed: dict[str, str]) -> None:
    assert desk.end_guard() == 0
    desk.start_guard()
    assert_truth(desk)


def live(
    home: Path, settings: str, python: str = sys.executable, words: tuple[str, ...] = ("-P",), **environ: str
) -> tuple[int | None, str]:
    """Start a live guard with these settings; return its exit code, or None where it became ready, and what it said."""
    home.mkdir(mode=0o700, exist_ok=True)
    if not (home / "remit.toml").exists():
        (home / "remit.toml").write_text(settings)
    with (home.with_name("said")).open("w+") as said:
        running = subprocess.Popen(
            [python, *words, "-m", "remit.guard", "--home", str(home)],
            stdout=said, stderr=said, env={**os.environ, "REMIT_ENVIRONMENT": "live", **environ}, cwd=ROOT,
        )  # fmt: skip
        try:
            return running.wait(1), (home.with_name("said")).read_text()
        except subprocess.TimeoutExpired:
            wait_for(
                lambda: running.poll() is not None or "ready on" in (home.with_name("said")).read_text(),
                "the guard is ready, or has ended",
            )
            return running.poll(), (home.with_name("said")).read_text()
        finally:
            if running.poll() is None:
                running.send_signal(signal.SIGTERM)
            running.wait(10)


def test_live_asks_for_every_layer_unless_told_otherwise(tmp_path: Path) -> None:
    code, said = live(tmp_path / "home", "")
    if ROOTS or not all(HAS.values()):
        assert code == 1 and "sandbox_missing" in said and "Traceback" not in said
        assert [name for name in LAYERS if f"{name} (" in said] == [
            name for name in LAYERS if not (HAS.get(name, True) and (name != "own_user" or not ROOTS))
        ]
        assert "sandbox_min = [" in said
        assert [path.name for path in (tmp_path / "home").iterdir()] == ["remit.toml"]
    else:
        assert code is None, said


def test_what_is_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    """A folder of the settings that is not there takes Landlock from every machine."""
    needs("landlock")
    code, said = live(tmp_path / "home", 'sandbox_min = ["landlock"]\nsandbox_write = ["not/there"]\nsocket = "run/s"')
    assert code == 1 and "landlock (" in said and "No such file or directory" in said and "Traceback" not in said
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["remit.toml"]


def test_live_starts_with_the_layers_it_asks_for(tmp_path: Path) -> None:
    settings = f'socket = "../run/guard.sock"\nsandbox_min = {json.dumps(WITHOUT_USER)}'
    for _ in range(2):  # a confined guard may change nothing there: what it left, the next one takes away
        code, said = live(tmp_path / "home", settings)
        assert code is None and f"ready on {tmp_path / 'run' / 'guard.sock'}" in said, said
        assert [path.name for path in (tmp_path / "run").iterdir()] == ["guard.sock"] * HAS["landlock"]


READABLE = (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")


def others_may_read(path: str) -> bool:
    found = Path(path)
    return found.exists() and all(one.stat().st_mode & 0o001 for one in found.resolve().parents)


@pytest.mark.skipif(not ROOTS, reason="only root can make the guard another user")
def test_root_makes_the_guard_a_user_of_its_own(tmp_path: Path) -> None:
    python = next((path for path in READABLE if others_may_read(path)), None)
    if python is None or not others_may_read(str(Path(remit.__path__[0]) / "py.typed")):
        pytest.skip("no Python, or no source of remit, is here that another user may read")
    nobody = pwd.getpwnam("nobody")
    folder = Path(tempfile.mkdtemp(prefix="remit-user-"))
    try:
        folder.chmod(0o755)
        home = folder / "home"
        home.mkdir(mode=0o700)
        packages = [str(Path(remit.__path__[0]).parent), *(path for path in sys.path if path.endswith("-packages"))]
        settings = f'run_as = "nobody"\nsandbox_min = {json.dumps([*WITHOUT_USER, "own_user"])}'
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        code, said = live(home, settings, python, PYTHONPATH=os.pathsep.join(packages))
        assert code is None, said
        made = {path.name: path.stat().st_uid for path in home.iterdir() if path.name != "remit.toml"}
        assert {"journal", "keys", "operator.token"} <= set(made) and set(made.values()) == {nobody.pw_uid}
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize(("folder", "file", "says"), [
    (0o777, 0o600, "home is no private folder of this user (mode 777)"),
    (0o755, 0o600, "home is no private folder of this user (mode 755)"),
    (0o700, 0o666, "remit.toml can be written by others (mode 666)"),
])  # fmt: skip
def test_a_data_folder_that_others_may_use_is_refused_by_name(
    folder: int, file: int, says: str, tmp_path: Path
) -> None:
    """Also where the socket, whose folder is looked at as well, lies elsewhere."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "remit.toml").write_text('socket = "../run/guard.sock"\nsandbox_min = []')
    (home / "remit.toml").chmod(file)
    home.chmod(folder)
    code, said = live(home, "")
    assert code == 1 and f"open_to_others: {tmp_path}/" in said and says in said and "Run: chmod go-" in said
    assert [path.name for path in home.iterdir()] == ["remit.toml"]


@pytest.mark.skipif(not ROOTS, reason="only root can make the guard another user")
def test_root_takes_no_code_from_where_it_stands(tmp_path: Path) -> None:
    code, said = live(tmp_path / "home", 'run_as = "nobody"\nsandbox_min = []', words=())
    assert code == 1 and "run_as_failed: root started the guard with the current folder" in said
    assert "python -P -s -m remit.guard" in said


def test_a_user_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    code, said = live(tmp_path / "home", 'run_as = "no-such-user"')
    assert code == 1 and "run_as_failed: there is no user no-such-user" in said and "Traceback" not in said
    assert not (tmp_path / "home" / "keys").exists()


@pytest.mark.skipif(not ROOTS, reason="another user cannot be tried without root")
def test_a_folder_of_another_user_is_refused_by_name(tmp_path: Path) -> None:
    code, said = live(tmp_path / "home", 'run_as = "nobody"')
    assert code == 1 and "run_as_failed" in said and "cannot use" in said and "chown -R" in said
