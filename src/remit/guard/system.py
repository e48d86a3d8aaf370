"""The operating system as the sandbox asks it: small enough that a test can be another machine."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import sys
from pathlib import Path
from typing import Any, Protocol

_CAPABILITIES = 0x20080522
"""The version of the question after capabilities that knows all 64."""


class System(Protocol):
    """What the sandbox asks of the operating system and tells it. Every method may raise OSError."""

    platform: str
    """As `sys.platform` says it."""
    machine: str
    """As `uname -m` says it."""

    def call(self, number: int, *arguments: Any) -> int:
        """Make one system call and return its result. Whole numbers are passed as long, None as a null pointer."""
        ...

    def prctl(self, option: int, value: int = 0) -> int:
        """Return what prctl says."""
        ...

    def users(self) -> set[int]:
        """The user ids that this process has, or may take again."""
        ...

    def groups(self) -> set[int]:
        """The group ids that this process has, or may take again."""
        ...

    def capabilities(self) -> int:
        """The rights of root, one bit each, that this process has or may take; 0 where the system knows none."""
        ...

    def core_bytes_max(self) -> int:
        """The size of a core dump that this process may ask for; -1 without limit."""
        ...

    def forbid_core(self) -> None:
        """Let this process never leave a core dump."""
        ...

    def threads(self) -> int:
        """How many threads this process has."""
        ...

    def sees(self, folder: Path) -> bool:
        """Whether this process may list a folder."""
        ...


class ThisSystem:
    """The machine that this process runs on."""

    def __init__(self) -> None:
        self.platform = sys.platform
        self.machine = platform.machine()
        self._libc = ctypes.CDLL(None, use_errno=True)

    def call(self, number: int, *arguments: Any) -> int:
        """Make one system call; OSError with what the kernel said."""
        self._libc.syscall.restype = ctypes.c_long
        said = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
        return _result(int(self._libc.syscall(ctypes.c_long(number), *said)))

    def prctl(self, option: int, value: int = 0) -> int:
        """Return what prctl says; OSError."""
        return _result(int(self._libc.prctl(option, *(ctypes.c_ulong(one) for one in (value, 0, 0, 0)))))

    def users(self) -> set[int]:
        """The real and effective user, and the saved one where the system tells it."""
        saved = os.getresuid() if sys.platform.startswith("linux") else ()
        return {os.getuid(), os.geteuid(), *saved}

    def groups(self) -> set[int]:
        """The groups, with the real and effective one, and the saved one where the system tells it."""
        saved = os.getresgid() if sys.platform.startswith("linux") else ()
        return {*os.getgroups(), os.getgid(), os.getegid(), *saved}

    def capabilities(self) -> int:
        """Those that are effective or permitted: what is inheritable alone no program gives, as none is run."""
        if not sys.platform.startswith("linux"):
            return 0
        told = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: the low halves, then the high ones
        _result(int(self._libc.capget((ctypes.c_uint32 * 2)(_CAPABILITIES, 0), told)))
        return int(told[0] | told[1] | (told[3] | told[4]) << 32)

    def core_bytes_max(self) -> int:
        """The hard limit of a core dump."""
        return resource.getrlimit(resource.RLIMIT_CORE)[1]

    def forbid_core(self) -> None:
        """Set both limits of a core dump to nothing."""
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        except ValueError as fault:
            raise PermissionError(str(fault)) from None

    def threads(self) -> int:
        """How many threads the kernel counts, also those that Python did not start."""
        return len(os.listdir("/proc/self/task"))

    def sees(self, folder: Path) -> bool:
        """Whether the folder can be opened to be listed."""
        try:
            os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except PermissionError:
            return False
        return True


def _result(said: int) -> int:
    if said < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return said
