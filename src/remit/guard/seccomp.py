"""Seccomp: the system calls that the guard has no use for and an intruder would, refused by the kernel with EPERM.

A refused call fails like any call that is not permitted, so that the process goes on and says what failed. What the
filter does not name it lets through: which calls a C library makes changes with every version of it. No rights can be
had by another road: a call in the numbers of another architecture is refused altogether.
"""

from __future__ import annotations

import ctypes
import errno
import socket
from typing import NamedTuple

from remit.guard.system import System

# Number on x86_64, number on aarch64 (None: the architecture has no such call).
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # to run another program, or be two
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None),
    # to look into other processes, or give them orders
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "kcmp": (312, 272), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "process_mrelease": (448, 448), "setpriority": (141, 140), "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119), "sched_setaffinity": (203, 122), "sched_setattr": (314, 274),
    "ioprio_set": (251, 30), "migrate_pages": (256, 238), "move_pages": (279, 239),
    # to share memory, locks and messages with them by what is no file
    "shmget": (29, 194), "shmctl": (31, 195), "shmat": (30, 196), "shmdt": (67, 197),
    "semget": (64, 190), "semctl": (66, 191), "semop": (65, 193), "semtimedop": (220, 192),
    "msgget": (68, 186), "msgctl": (71, 187), "msgrcv": (70, 188), "msgsnd": (69, 189),
    "mq_open": (240, 180), "mq_unlink": (241, 181), "mq_timedsend": (242, 182), "mq_timedreceive": (243, 183),
    "mq_notify": (244, 184), "mq_getsetattr": (245, 185),
    # to do by a ring what no filter sees
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # to change what the kernel is and does
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "fanotify_init": (300, 262),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "syslog": (103, 116), "personality": (135, 92),
    "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None), "acct": (163, 89),
    "swapon": (167, 224), "swapoff": (168, 225), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    # to use keys that the kernel keeps for others
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    # to see other files than its own
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "mknod": (133, None), "mknodat": (259, 33),
    "open_tree_attr": (467, 467), "statmount": (457, 457), "listmount": (458, 458),
    # to change whose a file is, who may use it and what it says of itself: Landlock has no right for these
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16), "removexattrat": (466, 466),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "file_setattr": (469, 469),
    # to be told what others do with their files
    "inotify_init": (253, None), "inotify_init1": (294, 26), "inotify_add_watch": (254, 27),
    # to be called on a port of its own: one that no bind asked for is none that Landlock holds
    "listen": (50, 201),
    # to be somebody else, or to lift its own limits
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159), "setfsuid": (122, 151),
    "setfsgid": (123, 152), "capset": (126, 91), "setrlimit": (160, 164),
    # to set the machine's clock and name, from which all journalled time comes
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "sethostname": (170, 161), "setdomainname": (171, 162),
}  # fmt: skip

# Calls whose arguments decide.
JUDGED: dict[str, tuple[int, int]] = {
    "clone": (56, 220), "clone3": (435, 435), "socket": (41, 198), "kill": (62, 129), "tkill": (200, 130),
    "tgkill": (234, 131), "prctl": (157, 167), "ioctl": (16, 29), "prlimit64": (302, 261), "fcntl": (72, 25),
    "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
}  # fmt: skip

SECCOMP = (317, 277)
MACHINES = {"x86_64": 0, "aarch64": 1, "arm64": 1}
"""Which column of the tables a machine reads."""
_AUDIT = (0xC000003E, 0xC00000B7)
_X32 = 0x40000000
"""From here on x86_64 numbers the calls of another ABI."""

_CLONE_THREAD, _CLONE_NAMESPACES = 0x10000, 0x7E020000
_PR_SET_DUMPABLE = 4
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
"""To type into the terminal that the guard was started from."""
_FIOSETOWN, _SIOCSPGRP = 0x8901, 0x8902
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _F_SETLEASE, _F_NOTIFY = 8, 10, 15, 1024, 1026
"""To have the kernel send signals, to whom and which, when a file or socket can be used."""
_FASTOPEN = 0x20000000
"""To connect by what is sent: Landlock judges `connect` alone."""
_STREAM, _DGRAM, _TYPE_MASK = 1, 2, 0xF
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_NR, _ARCH, _ARGUMENTS = 0, 4, 16
_SET_FILTER, _ALL_THREADS = 1, 1


class Step(NamedTuple):
    """One instruction of classic BPF; `yes` and `no` are how many steps are passed over."""

    code: int
    yes: int
    no: int
    value: int


_ALLOW = Step(0x06, 0, 0, 0x7FFF0000)
_REFUSE = Step(0x06, 0, 0, 0x00050000 | errno.EPERM)
_UNKNOWN = Step(0x06, 0, 0, 0x00050000 | 38)  # ENOSYS, so that a C library takes the older call


def _load(offset: int) -> Step:
    return Step(0x20, 0, 0, offset)


def _argument(number: int) -> Step:
    """Load the low half of an argument: all of it that is an int of C."""
    return _load(_ARGUMENTS + 8 * number)


def _when(value: int, *then: Step) -> list[Step]:
    """Take the steps where what is loaded equals the value, and pass over them otherwise."""
    return [Step(0x15, 0, len(then), value), *then]


def program(machine: str, process: int, network: bool) -> list[Step]:
    """Return the filter for a machine of MACHINES and the process of this number.

    With `network` it lets sockets of TCP, UDP and the routing table through beside those of this machine.
    """
    column = MACHINES[machine]
    steps = [_load(_ARCH), Step(0x15, 1, 0, _AUDIT[column]), _REFUSE, _load(_NR)]
    if column == 0:
        steps += [Step(0x35, 0, 1, _X32), _REFUSE]
    for numbers in REFUSED.values():
        number = numbers[column]
        if number is not None:
            steps += _when(number, _REFUSE)
    for name, body in _judged(process, network).items():
        steps += _when(JUDGED[name][column], *body)
    return [*steps, _ALLOW]


def _one_of(*values: int) -> list[Step]:
    """Refuse the call unless what is loaded is one of the values."""
    return [*(Step(0x15, len(values) - i, 0, value) for i, value in enumerate(values)), _REFUSE]


def _none_of(*values: int) -> list[Step]:
    """Refuse the call where what is loaded is one of the values."""
    return [*(step for value in values for step in _when(value, _REFUSE)), _ALLOW]


def _with(bits: int, *then: Step) -> list[Step]:
    """Take the steps where what is loaded has one of the bits, and pass over them otherwise."""
    return [Step(0x45, 0, len(then), bits), *then]


def _judged(process: int, network: bool) -> dict[str, list[Step]]:
    to_itself = [_argument(0), *_one_of(process), _ALLOW]
    return {
        # A thread is no new process. How clone3 is asked lies in memory, which no filter reads.
        "clone": [_argument(0), *_with(_CLONE_NAMESPACES, _REFUSE), *_with(_CLONE_THREAD, _ALLOW), _REFUSE],
        "clone3": [_UNKNOWN],
        "socket": _socket(network),
        "kill": to_itself,
        "tkill": to_itself,
        "tgkill": to_itself,
        "prctl": [_argument(0), *_when(_PR_SET_DUMPABLE, _REFUSE), _ALLOW],
        "ioctl": [_argument(1), *_none_of(_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP)],
        "fcntl": [_argument(1), *_none_of(_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _F_SETLEASE, _F_NOTIFY)],
        "sendto": [_argument(3), *_with(_FASTOPEN, _REFUSE), _ALLOW],
        "sendmsg": [_argument(2), *_with(_FASTOPEN, _REFUSE), _ALLOW],
        "sendmmsg": [_argument(3), *_with(_FASTOPEN, _REFUSE), _ALLOW],
        # Limits may be read: the new ones are a null pointer then, in both halves of it.
        "prlimit64": [_argument(2), *_one_of(0), _load(_ARGUMENTS + 8 * 2 + 4), *_one_of(0), _ALLOW],
    }


def _socket(network: bool) -> list[Step]:
    if not network:
        return [_argument(0), *_one_of(_UNIX), _ALLOW]
    return [
        _argument(0), *_when(_UNIX, _ALLOW), *_when(_NETLINK, _argument(2), *_one_of(0), _ALLOW),
        *_one_of(_INET, _INET6),
        # The type is judged beside the protocol: a raw socket may name TCP's.
        _argument(1), Step(0x54, 0, 0, _TYPE_MASK), *_one_of(_STREAM, _DGRAM),
        _argument(2), *_one_of(0, socket.IPPROTO_TCP, socket.IPPROTO_UDP), _ALLOW,
    ]  # fmt: skip


class _Filter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("value", ctypes.c_uint32),
    )  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Filter)))


def load(system: System, steps: list[Step]) -> None:
    """Put every thread of this process, and all it ever starts, under the filter for good; OSError.

    The process must have given up new privileges before.
    """
    written = (_Filter * len(steps))(*(_Filter(*step) for step in steps))
    asked = _Program(len(steps), written)
    thread = system.call(SECCOMP[MACHINES[system.machine]], _SET_FILTER, _ALL_THREADS, ctypes.byref(asked))
    if thread:
        raise OSError(errno.ESRCH, f"thread {thread} has a filter of its own")
