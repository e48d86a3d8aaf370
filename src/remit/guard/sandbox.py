"""The sandbox: what the operating system keeps from the guard's process, so that whoever breaks into it gains little.

Each layer is asked of the kernel whenever somebody wants to know; what was set at the start is never taken for it.
"""

from __future__ import annotations

import os
import pwd
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import remit
from remit.guard import landlock, seccomp
from remit.guard.errors import GuardError
from remit.guard.landlock import Room
from remit.guard.system import System

LAYERS = ("own_user", "no_core", "not_dumpable", "no_new_privs", "landlock", "seccomp")
"""In the order in which they are taken: each is what a later one rests on, or forbids the change of."""

_PR_GET_DUMPABLE, _PR_SET_DUMPABLE, _PR_GET_SECCOMP = 3, 4, 21
_PR_SET_NO_NEW_PRIVS, _PR_GET_NO_NEW_PRIVS = 38, 39
_NO_SUCH_VALUE = 2
"""One that no process may set: the kernel calls it invalid, our filter refuses it before."""
_FILTERED = 2
"""What the kernel says of a thread under a filter of system calls."""
_EXECVE = seccomp.REFUSED["execve"]
NAME_MAX = 100
"""Characters of a user's name that are said again."""
_EVERYWHERE = ("own_user", "no_core")
_ONLY_LINUX = "Run the guard on Linux for it"


class RunAsFailed(GuardError):
    """The guard cannot become the user that `run_as` names."""

    code = "run_as_failed"


class SandboxMissing(GuardError):
    """A layer of the sandbox that the settings ask for is not active."""

    code = "sandbox_missing"


class Layer(NamedTuple):
    """One layer: whether it is active now, what the kernel says, what to do where it is not, and whether the guard
    needs it to start."""

    layer: str
    active: bool
    says: str
    fix: str = ""
    needed: bool = False


class Sandbox:
    """The layers around this process. `minimum` names those without which the guard does not start."""

    def __init__(self, system: System, room: Room, minimum: Iterable[str]) -> None:
        self.minimum = frozenset(minimum)
        self._system = system
        self._room = room
        self._refused: dict[str, str] = {}
        """Why the system did not give a layer."""
        self._taken: set[str] = set()
        """What it gave: where somebody else refuses the same as a layer does, that is not the layer."""

    def enter(self) -> None:
        """Take every layer that this system has, for good, before anybody is spoken with.

        SandboxMissing where a layer of the minimum is not active then.
        """
        self._take("no_core", self._system.forbid_core)
        if self._system.platform.startswith("linux"):
            self._take("not_dumpable", lambda: self._system.prctl(_PR_SET_DUMPABLE, 0))
            self._take("no_new_privs", lambda: self._system.prctl(_PR_SET_NO_NEW_PRIVS, 1))
            self._take("landlock", self._landlock)
            self._take("seccomp", self._seccomp)
        check(self.layers())

    def layers(self) -> list[Layer]:
        """Return every layer as the kernel says that it is now."""
        linux = self._system.platform.startswith("linux")
        asked: dict[str, Callable[[], Layer]] = {
            "own_user": self._own_user,
            "no_core": self._no_core,
            "not_dumpable": self._not_dumpable,
            "no_new_privs": self._no_new_privs,
            "landlock": self._restricted,
            "seccomp": self._filtered,
        }
        found = (asked[name]() if linux or name in _EVERYWHERE else self._elsewhere(name) for name in LAYERS)
        return [layer._replace(needed=layer.layer in self.minimum) for layer in found]

    def missing(self) -> list[Layer]:
        """Return the layers that are not active."""
        return [layer for layer in self.layers() if not layer.active]

    def _take(self, name: str, take: Callable[[], object]) -> None:
        try:
            take()
            self._taken.add(name)
        except OSError as fault:
            self._refused[name] = fault.strerror or str(fault)

    def _landlock(self) -> None:
        # It holds the thread that asks and those it starts, and no others: half of a process would be none.
        threads = self._system.threads()
        if threads > 1:
            raise OSError(0, f"{threads} threads run already")
        landlock.restrict(self._system, self._room)

    def _seccomp(self) -> None:
        if self._system.machine not in seccomp.MACHINES:
            raise OSError(0, f"no filter is written for {self._system.machine}")
        seccomp.load(self._system, seccomp.program(self._system.machine, os.getpid(), bool(self._room.ports)))

    def _own_user(self) -> Layer:
        users, held = self._system.users(), self._system.capabilities()
        fix = "Give it a user of its own: run_as in remit.toml where root starts it, else start it as that user"
        if 0 in users:
            return Layer("own_user", False, "the guard runs as root", fix)
        if held:
            fix = "Start it without them: AmbientCapabilities= of systemd, --cap-drop of a container"
            return Layer("own_user", False, f"the guard has capabilities of root ({held:#x})", fix)
        if 0 in self._system.groups():
            return Layer("own_user", False, "the guard is in root's group", "Give its user groups of its own")
        return Layer("own_user", True, f"user {', '.join(map(str, sorted(users)))}, and no way back to root")

    def _no_core(self) -> Layer:
        bytes_max = self._system.core_bytes_max()
        if bytes_max == 0:
            return Layer("no_core", True, "a core dump may have 0 bytes")
        return self._without("no_core", f"a core dump may have {bytes_max} bytes", "Let the guard lower its own limits")

    def _not_dumpable(self) -> Layer:
        if self._system.prctl(_PR_GET_DUMPABLE) == 0:
            return Layer("not_dumpable", True, "no other process of its user may open its memory from now on")
        return self._without("not_dumpable", "others of its user may read its memory", "Allow it prctl")

    def _no_new_privs(self) -> Layer:
        if self._system.prctl(_PR_GET_NO_NEW_PRIVS) == 1:
            return Layer("no_new_privs", True, "no program could give it rights that it has not")
        return self._without("no_new_privs", "a program could give it new rights", "Allow it prctl")

    def _restricted(self) -> Layer:
        known = landlock.abi(self._system)
        if not known:
            fix = "Start Linux 5.13 or newer with landlock among its lsm=, and let the container use it"
            return Layer("landlock", False, "this kernel gives none", fix)
        # Everybody may list the root folder; only Landlock keeps a process from it.
        if self._system.sees(Path("/")):
            return self._without("landlock", f"ABI {known} is there, and files elsewhere can be opened", "See the log")
        if "landlock" not in self._taken:
            return self._without("landlock", f"ABI {known} is there, and it was not taken", "See the log")
        for code, folder in landlock.exposed(self._room).items():
            says = f"{code}, from where it takes code, lies in {folder}, where it may write"
            return Layer("landlock", False, says, "Keep code elsewhere, and start it with python -P -s -m remit.guard")
        calls = ", ".join(map(str, self._room.ports)) or "none"
        ports = f"TCP ports it may call: {calls}" if known >= 4 else "from ABI 4 on it would hold TCP ports too"
        return Layer("landlock", True, f"ABI {known}: nothing outside its own folders opens; {ports}")

    def _filtered(self) -> Layer:
        try:
            mode = self._system.prctl(_PR_GET_SECCOMP)
        except OSError:
            return Layer("seccomp", False, "this kernel gives none", "Start a Linux with CONFIG_SECCOMP_FILTER")
        column = seccomp.MACHINES.get(self._system.machine)
        # A container has a filter of its own, which may refuse programs too.
        ours = "seccomp" in self._taken and mode == _FILTERED and self._dumping_refused()
        if ours and column is not None and self._exec_refused(column):
            network = "TCP and UDP" if self._room.ports else "none but Unix"
            return Layer("seccomp", True, f"no programs, no ptrace, no new rights; sockets: {network}")
        fix = "Let it use seccomp filters, on x86_64 or aarch64"
        return self._without("seccomp", "our own filter holds nothing", fix)

    def _exec_refused(self, column: int) -> bool:
        try:
            self._system.call(_EXECVE[column] or 0, None, None, None)
        except PermissionError:
            return True
        except OSError:
            return False
        return False

    def _dumping_refused(self) -> bool:
        try:
            self._system.prctl(_PR_SET_DUMPABLE, _NO_SUCH_VALUE)
        except PermissionError:
            return True
        except OSError:
            return False
        return False

    def _without(self, name: str, says: str, fix: str) -> Layer:
        why = self._refused.get(name)
        return Layer(name, False, says if why is None else f"{says}: {why}", fix)

    def _elsewhere(self, name: str) -> Layer:
        return Layer(name, False, f"{self._system.platform} has no such thing", _ONLY_LINUX)


def check(layers: Iterable[Layer]) -> None:
    """Return where every layer that is needed is active; SandboxMissing names those that are not, and what to do."""
    layers = list(layers)
    missing = [layer for layer in layers if layer.needed and not layer.active]
    if missing:
        said = "; ".join(f"{layer.layer} ({layer.says})" for layer in missing)
        fixes = ". ".join(dict.fromkeys(layer.fix for layer in missing))
        names = ", ".join(f'"{layer.layer}"' for layer in layers if layer.needed and layer.active)
        raise SandboxMissing(
            f"layers of the sandbox that sandbox_min asks for are not active: {said}",
            f"{fixes}. Or do without, knowingly: sandbox_min = [{names}] in remit.toml",
        )


def become(name: str, home: Path, *, make: bool = True) -> pwd.struct_passwd:
    """Be the user of this name or number from here on, with its groups, and never root again; return that user.

    The data folder is made for that user where there is none, but not where it is only tried, with `make` off. A
    process that is that user already stays as it is. RunAsFailed where there is no such user, it is root, root has to
    start the guard for it, or that user may not enter the folder or read the code.
    """
    user = user_of(name)
    there = os.path.exists(home)  # asked while it may still be asked
    if user.pw_uid == 0:
        raise RunAsFailed("run_as names root", "Name a user that nothing else runs as")
    if os.geteuid() != user.pw_uid:
        if os.geteuid() != 0:
            raise RunAsFailed(f"only root can become {name}", "Start the guard as root or as that user")
        if make and not there:
            home.mkdir(parents=True, mode=0o700)
            os.chown(home, user.pw_uid, user.pw_gid)
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgid(user.pw_gid)  # from root these two set the real, the effective and the saved one
        os.setuid(user.pw_uid)
    if (make or there) and not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        whole = f"chown -R {user.pw_uid} {shlex.quote(str(home))}"
        raise RunAsFailed(
            f"{name} cannot use {home}", f"Run: {whole} -- or name a folder whose parents that user may enter"
        )
    for module in (remit, os):
        if not os.access(str(module.__file__), os.R_OK):
            raise RunAsFailed(
                f"{name} cannot read {module.__file__}", "Install Python and remit where every user reads"
            )
    return user


def user_of(name: str) -> pwd.struct_passwd:
    """Return the user of a name or number; RunAsFailed where there is none."""
    try:
        return pwd.getpwuid(int(name)) if name.isascii() and name.isdigit() else pwd.getpwnam(name)
    except (KeyError, OverflowError, ValueError):  # a name with a null byte, or a number too long for Python
        raise RunAsFailed(f"there is no user {name[:NAME_MAX]}", "Make it, such as: useradd --system NAME") from None
