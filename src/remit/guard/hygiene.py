"""Hygiene of the guard's process: its memory is not dumped, and what it writes is its user's alone.

It imports nothing of remit before it is asked: from the program's start to `close` everybody of its user may open the
process's memory, and whoever holds it open then keeps it.
"""

import contextlib
import ctypes
import os
import resource
import sys

_PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 3, 4
_STATUS = "/proc/self/status"


def close() -> str:
    """Switch off core dumps and debuggers of this user, and make new files private; return what the system refused,
    nothing where it took all that it has."""
    os.umask(0o077)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as fault:
        return f"core dumps stay on: {fault}"
    if not sys.platform.startswith("linux"):
        return ""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 or libc.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) != 0:
        return f"the process stays open to debuggers: {os.strerror(ctypes.get_errno())}"
    return ""


def close_inherited(kept: int | None = None) -> None:
    """Close every file and socket that whoever started this process left open, but the standard three and `kept`: no
    filter judges what is open already. To be called before anything is opened."""
    for name in os.listdir("/dev/fd"):
        number = int(name)
        if number > 2 and number != kept:
            with contextlib.suppress(OSError):  # the listing's own is gone already
                os.close(number)


def harden() -> tuple[str, ...]:
    """Close the process to others of its user; to be called before keys are read, also where `close` was before.

    Returns what this system has no way to do, in words for people; HygieneFailed where it has a way and refuses, and
    where a debugger is attached already.
    """
    from remit.guard.errors import HygieneFailed  # see above

    refused = close()
    if refused:
        raise HygieneFailed(refused, "Allow it prctl, and to lower its own limits")
    if not sys.platform.startswith("linux"):
        return ("other processes of this user can read the guard's memory",)
    tracer = _tracer()
    if tracer != "0":
        what = "nothing tells whether a debugger is attached" if not tracer else f"process {tracer} is attached to it"
        raise HygieneFailed(what, "End the debugger, and start the guard where /proc is mounted")
    return ()


def _tracer() -> str:
    """Return the number of the process that is attached to this one: 0 for none, empty where nothing tells."""
    try:
        with open(_STATUS, encoding="ascii", errors="replace") as status:
            return next((line.split()[1] for line in status if line.startswith("TracerPid:")), "")
    except OSError:
        return ""
