"""Hygiene of the guard's process: its memory is not dumped, and what it writes is its user's alone."""

from __future__ import annotations

import ctypes
import os
import resource
import sys

from remit.guard.errors import HygieneFailed

_PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 3, 4


def harden() -> tuple[str, ...]:
    """Switch off core dumps and debuggers of this user, and make new files private; to be called before keys are read.

    Returns what this system has no way to do, in words for people; HygieneFailed where it has a way and refuses.
    """
    os.umask(0o077)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as fault:
        raise HygieneFailed(f"core dumps stay on: {fault}", "Let the guard lower its own limits") from None
    if not sys.platform.startswith("linux"):
        return ("other processes of this user can read the guard's memory",)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 or libc.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise HygieneFailed(f"the process stays open to debuggers: {os.strerror(ctypes.get_errno())}", "Allow it prctl")
    return ()
