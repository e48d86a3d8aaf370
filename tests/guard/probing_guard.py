"""`python -m tests.guard.probing_guard`: the guard, with an intruder inside who tries everything that the sandbox is
there to refuse, from the guard's own loop and beside its trading.

A file `probe` in the data folder starts the intruder: it has the path of a file elsewhere, and what it is to leave
alone, because this kernel has nothing against it. `probed` is what became of each try: `done`, or the error's name.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from remit.guard import serve
from remit.guard.__main__ import main
from remit.guard.seccomp import JUDGED, MACHINES, REFUSED
from remit.guard.system import ThisSystem

SYSTEM = ThisSystem()


class ProbedProcess(serve.GuardProcess):
    """The guard's process, which looks for the file that asks for the intruder."""

    async def run(self, ready: Callable[[str | None], None] = lambda token: None) -> None:
        home = self.guard.world._home  # type: ignore[attr-defined]
        looking = asyncio.get_running_loop().create_task(_look(home))
        try:
            await super().run(ready)
        finally:
            looking.cancel()


async def _look(home: Path) -> None:
    while not (home / "probe").exists():
        await asyncio.sleep(0.02)
    asked = json.loads((home / "probe").read_text())
    probes = _probes(home, Path(asked["elsewhere"]))
    found = {name: _tried(probe) for name, probe in probes.items() if name not in asked["kept"]}
    (home / "probed.new").write_text(json.dumps(found))
    (home / "probed.new").rename(home / "probed")


def _tried(probe: Callable[[], Any]) -> str:
    try:
        probe()
    except OSError as fault:
        return errno.errorcode.get(fault.errno or 0, str(fault))
    except subprocess.SubprocessError as fault:
        return type(fault).__name__
    return "done"


def _call(name: str, *arguments: Any) -> int:
    number = (REFUSED | JUDGED)[name][MACHINES[SYSTEM.machine]]
    assert number is not None
    return SYSTEM.call(number, *arguments)


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _owned(process: int) -> None:
    here, there = socket.socketpair()
    with here, there:
        fcntl.fcntl(here, fcntl.F_SETOWN, process)


def _raw(family: int, kind: int, protocol: int) -> None:
    socket.socket(family, kind, protocol).close()


def _probes(home: Path, elsewhere: Path) -> dict[str, Callable[[], Any]]:
    parent = os.getppid()
    memory = ctypes.create_string_buffer(16)
    readable = os.open(serve.__file__, os.O_RDONLY)
    return {
        # programs
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "execveat": lambda: _call("execveat", -100, b"/bin/true\0", None, None, 0),
        "fork": _fork,
        "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "subprocess": lambda: subprocess.run(["/bin/true"], check=True),
        "shell": lambda: os.popen("true").close(),
        # other processes
        "ptrace": lambda: _call("ptrace", 16, parent, None, None),
        "read memory": lambda: _call("process_vm_readv", parent, memory, 1, memory, 1, 0),
        "write memory": lambda: _call("process_vm_writev", parent, memory, 1, memory, 1, 0),
        "open its memory": lambda: Path(f"/proc/{parent}/mem").open("rb"),
        "environment of another": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
        "signal": lambda: os.kill(parent, 0),
        "kill": lambda: os.kill(parent, signal.SIGTERM),
        "signal by handle": lambda: os.pidfd_open(parent),
        "signal by a socket": lambda: _owned(parent),
        "priority": lambda: os.setpriority(os.PRIO_PROCESS, parent, 19),
        "processors": lambda: os.sched_setaffinity(parent, {0}),
        "share memory": lambda: _call("shmget", 0, 4096, 0o1600),
        "share a queue": lambda: _call("mq_open", b"remit-probe\0", os.O_CREAT | os.O_RDWR, 0o600, None),
        # whose files are, and who may use them
        "open to all": lambda: elsewhere.chmod(0o666),
        "open to all by handle": lambda: os.fchmod(readable, 0o4777),
        "open to all, newly": lambda: _call("fchmodat2", -100, os.fsencode(elsewhere) + b"\0", 0o666, 0),
        "owner": lambda: os.chown(elsewhere, os.getuid(), os.getgid()),
        "times": lambda: os.utime(elsewhere, (1, 1)),
        "attribute": lambda: os.setxattr(elsewhere, "user.probe", b"1"),
        "watch": lambda: _call("inotify_add_watch", 0, os.fsencode(elsewhere) + b"\0", 2),
        "file by handle": lambda: _call("name_to_handle_at", -100, os.fsencode(elsewhere) + b"\0", memory, memory, 0),
        # files
        "shadow": lambda: Path("/etc/shadow").read_bytes(),
        "passwd": lambda: Path("/etc/passwd").read_bytes(),
        "another folder": elsewhere.read_bytes,
        "write elsewhere": lambda: elsewhere.write_bytes(b"changed"),
        "cut elsewhere": lambda: os.truncate(elsewhere, 0),
        "remove elsewhere": elsewhere.unlink,
        "link it in": lambda: os.link(elsewhere, home / "linked"),
        "move out": lambda: (home / "probe").rename(elsewhere.with_name("moved")),
        "temporary file": lambda: Path("/tmp/remit-probe").write_bytes(b""),
        "list all": lambda: os.listdir("/"),
        "write its own code": lambda: Path(serve.__file__).open("ab"),
        "symbolic link": lambda: (home / "pointing").symlink_to("/etc"),
        # sockets
        "tcp": lambda: _raw(socket.AF_INET, socket.SOCK_STREAM, 0),
        "tcp 6": lambda: _raw(socket.AF_INET6, socket.SOCK_STREAM, 0),
        "udp": lambda: _raw(socket.AF_INET, socket.SOCK_DGRAM, 0),
        "raw": lambda: _raw(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP),
        "packet": lambda: _raw(socket.AF_PACKET, socket.SOCK_RAW, 0),
        "netlink": lambda: _raw(socket.AF_NETLINK, socket.SOCK_RAW, 0),
        "listen": lambda: socket.socket(socket.AF_UNIX).listen(),
        "vsock": lambda: _raw(socket.AF_VSOCK, socket.SOCK_STREAM, 0),
        # rights and the kernel
        "root again": lambda: os.setresuid(0, 0, 0),
        "groups": lambda: os.setgroups([0]),
        "core dump": lambda: _call("prlimit64", 0, resource.RLIMIT_CORE, (ctypes.c_uint64 * 2)(1 << 20, 1 << 20), None),
        "dumpable": lambda: SYSTEM.prctl(4, 1),
        "namespace": lambda: _call("unshare", 0x10000000),
        "mount": lambda: _call("mount", b"none\0", b"/mnt\0", b"tmpfs\0", 0, None),
        "ring": lambda: _call("io_uring_setup", 1, memory),
        "bpf": lambda: _call("bpf", 0, memory, 16),
        "keyring": lambda: _call("keyctl", 0, -2, 0),
        "clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
        "type for the terminal": lambda: fcntl.ioctl(0, termios.TIOCSTI, b"x"),
        # what a guard goes on to need
        "thread": lambda: _thread(),
        "own file": lambda: (home / "own").write_bytes(b"own"),
        "own folder": lambda: (home / "made").mkdir(),
        "own socket": lambda: socket.socket(socket.AF_UNIX).bind(str(home / "sock")),
        "remove own": lambda: (home / "own").unlink(),
        "signal itself": lambda: os.kill(os.getpid(), 0),
        "limits read": lambda: resource.getrlimit(resource.RLIMIT_NOFILE),
        "local socket": lambda: _raw(socket.AF_UNIX, socket.SOCK_STREAM, 0),
        "late import": lambda: __import__("xml.dom.minidom"),
        "time zone": lambda: ZoneInfo.no_cache("Asia/Kathmandu"),
    }


def _thread() -> None:
    done: list[int] = []
    thread = threading.Thread(target=lambda: done.append(1))
    thread.start()
    thread.join()
    assert done


if __name__ == "__main__":
    sys.modules["remit.guard.__main__"].__dict__["GuardProcess"] = ProbedProcess
    sys.exit(main())
