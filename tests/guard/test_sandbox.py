"""The layers on machines that this one is not: they are asked of the system, and what it has not is said plainly."""

from __future__ import annotations

import ctypes
import errno
import os
import site
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit.guard import config, landlock, seccomp
from remit.guard.errors import SettingInvalid
from remit.guard.landlock import Room
from remit.guard.needs import room
from remit.guard.sandbox import LAYERS, RunAsFailed, Sandbox, SandboxMissing, become
from remit.guard.system import System

CREATE, ADD, RESTRICT = 444, 445, 446


class Machine:
    """A system in memory. `abi` is what it has of Landlock (0: nothing), `filters` whether it has seccomp."""

    def __init__(
        self, platform: str = "linux", machine: str = "x86_64", *, abi: int = 7, filters: bool = True, uid: int = 1000
    ) -> None:
        self.platform = platform
        self.machine = machine
        self.abi = abi
        self.has_filters = filters
        self.uid = uid
        self.running = 1
        self.core = -1
        self.dumpable = 1
        self.no_new_privs = 0
        self.restricted = False
        self.filtered = False
        self.filtered_by_container = False
        self.lists_root = True
        """Whether its own modes let this user list the root folder."""
        self.group_ids = {1000}
        self.capable = 0
        self.lies = False
        """It takes every layer with thanks, and gives none."""
        self.calls: list[tuple[int, tuple[Any, ...]]] = []

    def call(self, number: int, *arguments: Any) -> int:
        self.calls.append((number, arguments))
        column = seccomp.MACHINES.get(self.machine, 0)
        if number == CREATE and arguments[0] is None:
            return self.abi if self.abi else self._refuse(errno.ENOSYS)
        if number == CREATE:
            return os.open("/dev/null", os.O_RDONLY)
        if number == RESTRICT:
            if not self.no_new_privs:
                self._refuse(errno.EPERM)
            self.restricted = not self.lies
        if number == seccomp.SECCOMP[column]:
            if not (self.no_new_privs and self.has_filters):
                self._refuse(errno.EINVAL)
            self.filtered = not self.lies
        if number == seccomp.REFUSED["execve"][column]:
            self._refuse(errno.EPERM if self.filtered or self.filtered_by_container else errno.EFAULT)
        return 0

    def prctl(self, option: int, value: int = 0) -> int:
        if option == 4 and value == 2:
            self._refuse(errno.EPERM if self.filtered else errno.EINVAL)
        if option == 4:
            self.dumpable = self.dumpable if self.lies else value
        if option == 38:
            self.no_new_privs = self.no_new_privs if self.lies else value
        if option == 21 and not self.has_filters:
            self._refuse(errno.EINVAL)
        return {3: self.dumpable, 39: self.no_new_privs, 21: 2 * (self.filtered or self.filtered_by_container)}.get(
            option, 0
        )

    def users(self) -> set[int]:
        return {self.uid}

    def groups(self) -> set[int]:
        return self.group_ids

    def capabilities(self) -> int:
        return self.capable

    def core_bytes_max(self) -> int:
        return self.core

    def forbid_core(self) -> None:
        self.core = self.core if self.lies else 0

    def threads(self) -> int:
        return self.running

    def sees(self, folder: Path) -> bool:
        return self.lists_root and not self.restricted

    def _refuse(self, number: int) -> int:
        raise OSError(number, os.strerror(number))


def entered(machine: Machine, tmp_path: Path, minimum: tuple[str, ...] = ()) -> dict[str, str]:
    """Enter the sandbox there, and return what is said of each layer that is not active."""
    system: System = machine
    sandbox = Sandbox(system, Room(write=(tmp_path,)), minimum)
    sandbox.enter()
    assert tuple(layer.layer for layer in sandbox.layers()) == LAYERS
    assert all(layer.fix for layer in sandbox.missing())
    return {layer.layer: layer.says for layer in sandbox.missing()}


def test_a_linux_that_has_it_all(tmp_path: Path) -> None:
    assert entered(Machine(), tmp_path, LAYERS) == {}


def test_nothing_is_active_before_it_is_entered(tmp_path: Path) -> None:
    sandbox = Sandbox(Machine(uid=0), Room(write=(tmp_path,)), ())
    assert tuple(layer.layer for layer in sandbox.missing()) == LAYERS


LATER = ("running", "filtered_by_container", "lies", "lists_root", "group_ids", "capable")


def test_what_others_took_is_not_claimed(tmp_path: Path) -> None:
    """A container that refuses programs and hides the root folder has taken neither Landlock nor our filter."""
    machine = Machine()
    machine.lists_root, machine.filtered_by_container, machine.core, machine.dumpable = False, True, 0, 0
    sandbox = Sandbox(machine, Room(write=(tmp_path,)), ())
    assert {"landlock", "seccomp"} <= {layer.layer for layer in sandbox.missing()}
    machine.has_filters, machine.running = False, 2
    sandbox.enter()
    assert [layer.layer for layer in sandbox.missing()] == ["landlock", "seccomp"]


def test_code_that_the_guard_may_write_is_no_sandbox(tmp_path: Path) -> None:
    code = tmp_path / "venv" / "lib"
    sandbox = Sandbox(Machine(), Room(write=(tmp_path,), code=(code,)), ())
    sandbox.enter()
    (missing,) = sandbox.missing()
    assert missing.layer == "landlock" and f"{code}, from where it takes code, lies in {tmp_path}" in missing.says
    assert "python -P" in missing.fix


def no(**changes: Any) -> Callable[[], Machine]:
    def make() -> Machine:
        said = dict(changes)
        later = {name: said.pop(name) for name in LATER if name in said}
        machine = Machine(**said)
        for name, value in later.items():
            setattr(machine, name, value)
        return machine

    return make


ELSEWHERE = [
    # the machine, and what is said there of each layer that is not active
    (no(uid=0), {"own_user": "the guard runs as root"}),
    (no(abi=0), {"landlock": "this kernel gives none"}),
    (no(filters=False), {"seccomp": "this kernel gives none"}),
    (no(filters=False, abi=0), {"landlock": "this kernel gives none", "seccomp": "this kernel gives none"}),
    (no(machine="riscv64"), {"seccomp": "our own filter holds nothing: no filter is written for riscv64"}),
    (no(machine="aarch64"), {}),
    (no(group_ids={0, 1000}), {"own_user": "the guard is in root's group"}),
    (no(capable=1 << 21), {"own_user": "the guard has capabilities of root (0x200000)"}),
    (no(running=3), {"landlock": "ABI 7 is there, and files elsewhere can be opened: 3 threads run already"}),
    (no(running=3, lists_root=False), {"landlock": "ABI 7 is there, and it was not taken: 3 threads run already"}),
    (
        no(machine="riscv64", filtered_by_container=True),
        {"seccomp": "our own filter holds nothing: no filter is written for riscv64"},
    ),
    (
        no(platform="darwin", machine="arm64"),
        {
            name: "darwin has no such thing" for name in LAYERS if name not in ("own_user", "no_core")
        },
    ),
    (
        no(lies=True, filtered_by_container=True),
        {
            "no_core": "a core dump may have -1 bytes",
            "not_dumpable": "others of its user may read its memory",
            "no_new_privs": "a program could give it new rights",
            "landlock": "ABI 7 is there, and files elsewhere can be opened: Operation not permitted",
            "seccomp": "our own filter holds nothing: Invalid argument",
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("make", "says"), ELSEWHERE)
def test_what_a_system_has_not_is_said_plainly(
    make: Callable[[], Machine], says: dict[str, str], tmp_path: Path
) -> None:
    assert entered(make(), tmp_path) == says


def test_another_system_is_asked_for_no_call_of_linux(tmp_path: Path) -> None:
    machine = Machine("darwin", "arm64")
    entered(machine, tmp_path)
    assert machine.calls == []


@pytest.mark.parametrize(("make", "says"), [row for row in ELSEWHERE if row[1]])
def test_a_guard_does_not_start_without_the_layers_it_needs(
    make: Callable[[], Machine], says: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(SandboxMissing) as refused:
        entered(make(), tmp_path, LAYERS)
    for name, said in says.items():
        assert f"{name} ({said})" in refused.value.message
    left = ", ".join(f'"{name}"' for name in LAYERS if name not in says)
    assert f"sandbox_min = [{left}] in remit.toml" in refused.value.fix


@pytest.mark.parametrize(("make", "says"), ELSEWHERE)
def test_it_starts_with_those_that_are_left(make: Callable[[], Machine], says: dict[str, str], tmp_path: Path) -> None:
    assert entered(make(), tmp_path, tuple(name for name in LAYERS if name not in says)) == says


FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}


@pytest.mark.parametrize("abi", range(1, 9))
def test_landlock_is_asked_for_all_that_its_version_knows(abi: int, tmp_path: Path) -> None:
    machine = Machine(abi=abi)
    (tmp_path / "code").mkdir()
    (tmp_path / "file").touch()
    machine.no_new_privs = 1
    landlock.restrict(
        machine, Room((tmp_path,), (tmp_path / "code", tmp_path / "file", tmp_path / "not-there"), ports=(443,))
    )
    created = next(arguments for number, arguments in machine.calls if number == CREATE and arguments[0] is not None)
    length = 8 * (1 + (abi >= 4) + (abi >= 6))
    assert created[1:] == (length, 0)
    handled = struct.unpack(f"={length // 8}Q", ctypes.string_at(created[0], length))
    assert handled[0] == FILES[min(abi, 5)] and set(handled[1:]) <= {3}
    rules = [arguments for number, arguments in machine.calls if number == ADD]
    allowed = [struct.unpack("=Q", ctypes.string_at(rule[2], 8))[0] for rule in rules if rule[1] == 1]
    assert len(allowed) == 3
    execute, devices = 1 << 0, 1 << 6 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 15
    assert not any(rights & (execute | devices) or rights & ~handled[0] for rights in allowed)
    assert (allowed[1], allowed[2]) == (0b1100, 0b100)  # a folder may be listed, a file only read
    ports = [struct.unpack("=QQ", ctypes.string_at(rule[2], 16)) for rule in rules if rule[1] == 2]
    assert ports == ([(2, 443)] if abi >= 4 else [])
    assert machine.restricted


def settings(home: Path, text: str = "", **environ: str) -> config.Settings:
    (home / "remit.toml").write_text(text)
    return config.load({"REMIT_HOME": str(home), **environ})


def test_live_needs_every_layer_and_training_none(tmp_path: Path) -> None:
    assert settings(tmp_path).sandbox_min == ()
    assert settings(tmp_path, REMIT_ENVIRONMENT="live").sandbox_min == LAYERS
    assert settings(tmp_path, "sandbox_min = []", REMIT_ENVIRONMENT="live").sandbox_min == ()
    assert settings(tmp_path, 'sandbox_min = ["seccomp"]').sandbox_min == ("seccomp",)


@pytest.mark.parametrize(
    "text",
    [
        'sandbox_min = ["Seccomp"]',
        'sandbox_min = "seccomp"',
        "sandbox_ports = [0]",
        "sandbox_ports = [65536]",
        'sandbox_read = [""]',
        'sandbox_write = ["~/x"]',
        "run_as = 1000",
    ],
)
def test_a_setting_that_means_nothing_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid):
        settings(tmp_path, text)


def test_the_room_is_its_own_folders_and_its_code(tmp_path: Path) -> None:
    left = room(settings(tmp_path))
    assert left.write == (tmp_path,) and left.ports == ()
    assert not any(Path("/etc/shadow").is_relative_to(path) or path == Path.home() for path in left.read)
    assert Path(config.__file__).parent.parent in left.read


def test_the_room_knows_from_where_code_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "ENABLE_USER_SITE", True)
    monkeypatch.setattr(site, "getusersitepackages", lambda: str(tmp_path / ".local" / "lib"))
    monkeypatch.syspath_prepend(str(tmp_path / "here"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "venv").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "data" / "venv")
    monkeypatch.syspath_prepend(str(tmp_path / "linked"))
    left = room(settings(tmp_path))
    taken = {tmp_path / ".local" / "lib", tmp_path / "here", tmp_path / "data" / "venv"}
    assert taken <= set(left.code) and Path(config.__file__).parent.parent in left.code
    assert set(landlock.exposed(left)) == taken
    monkeypatch.syspath_prepend(str(tmp_path.parent))  # where the data folder itself would be a package
    assert set(landlock.exposed(room(settings(tmp_path)))) == taken | {tmp_path.parent}
    monkeypatch.setattr(sys, "path", sys.path[1:])
    monkeypatch.setattr(site, "ENABLE_USER_SITE", False)
    assert set(landlock.exposed(room(settings(tmp_path)))) == taken - {tmp_path / ".local" / "lib"}


def test_settings_widen_the_room(tmp_path: Path) -> None:
    text = (
        'socket = "../run/guard.sock"\nsandbox_write = ["/var/token"]\nsandbox_read = ["more"]\nsandbox_ports = [443]'
    )
    left = room(settings(tmp_path, text))
    assert left.write == (tmp_path, Path("/var/token"))
    assert tmp_path / "more" in left.read and Path("/etc/resolv.conf") in left.read
    assert left.ports == (53, 443)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("root", "run_as names root"),
        ("0", "run_as names root"),
        ("00", "run_as names root"),
        ("no-such-user", "there is no user no-such-user"),
        ("", "there is no user"),
        ("-1", "there is no user -1"),
        ("a\0b", "there is no user"),
        ("9" * 20, "there is no user 999"),
        ("9" * 5_000, "there is no user 999"),
        ("\u0663", "there is no user"),
    ],
)
def test_a_user_that_it_cannot_be_is_refused(name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(RunAsFailed, match=says) as refused:
        become(name, tmp_path)
    assert len(str(refused.value)) < 300


def test_only_root_becomes_somebody_else(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root can")
    with pytest.raises(RunAsFailed, match="only root can become daemon"):
        become("daemon", tmp_path)
