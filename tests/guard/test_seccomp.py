"""The filter of system calls, run step by step as the kernel runs it, for machines that are not this one too."""

from __future__ import annotations

import re
import signal
import struct
from pathlib import Path

import pytest

from remit.guard.seccomp import JUDGED, MACHINES, REFUSED, program

ALLOWED, REFUSED_SO, UNKNOWN_SO = 0x7FFF0000, 0x00050001, 0x00050026
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PROCESS = 4_321
BOTH = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
READ = {"x86_64": 0, "aarch64": 63}


def judge(machine: str, number: int, *arguments: int, network: bool = False, audit: int | None = None) -> int:
    """What the filter says to one call."""
    words = [one & 0xFFFFFFFFFFFFFFFF for one in (*arguments, *[0] * (6 - len(arguments)))]
    asked = struct.pack("<IIQ6Q", number, AUDIT[machine] if audit is None else audit, 0, *words)
    steps, at, held = program(machine, PROCESS, network), 0, 0
    while True:
        code, yes, no, value = steps[at]
        at += 1
        if code == 0x20:
            held = struct.unpack_from("<I", asked, value)[0]
        elif code == 0x54:
            held &= value
        elif code == 0x06:
            return value
        else:
            holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            at += yes if holds else no


def call(machine: str, name: str, *arguments: int, network: bool = False) -> str:
    number = (REFUSED | JUDGED)[name][MACHINES[machine]]
    assert number is not None
    said = judge(machine, number, *arguments, network=network)
    return {ALLOWED: "goes", REFUSED_SO: "refused", UNKNOWN_SO: "unknown"}[said]


@BOTH
@pytest.mark.parametrize("network", [False, True])
def test_each_listed_call_is_refused_and_others_go(machine: str, network: bool) -> None:
    column = MACHINES[machine]
    refused = {row[column] for row in REFUSED.values()} - {None}
    judged = {row[column] for row in JUDGED.values()}
    for number in range(600):
        said = judge(machine, number, network=network)
        if number in refused:
            assert said == REFUSED_SO, number
        elif number not in judged:
            assert said == ALLOWED, number
    assert not refused & judged


CASES = [
    ("clone", (0x10000,), "goes"),  # a thread
    ("clone", (0x3D0F00,), "goes"),  # as glibc asks for one
    ("clone", (17,), "refused"),  # as a fork
    ("clone", (0x4100 | 17,), "refused"),  # as vfork
    ("clone", (0x10000 << 32,), "refused"),
    ("clone", (0x10000 | 0x40000000,), "refused"),  # a thread in a network of its own
    ("clone3", (1, 88), "unknown"),
    ("kill", (PROCESS, signal.SIGTERM), "goes"),
    ("kill", (PROCESS + 1, signal.SIGTERM), "refused"),
    ("kill", (0, 0), "refused"),
    ("kill", (-1, signal.SIGKILL), "refused"),
    ("kill", (-PROCESS, signal.SIGKILL), "refused"),
    ("tgkill", (PROCESS, PROCESS + 3, signal.SIGABRT), "goes"),
    ("tgkill", (1, 1, signal.SIGABRT), "refused"),
    ("tkill", (1, signal.SIGABRT), "refused"),
    ("prctl", (3,), "goes"),
    ("prctl", (4, 1), "refused"),
    ("prctl", (4 | 1 << 32, 1), "refused"),
    ("ioctl", (0, 0x5401), "goes"),
    ("ioctl", (0, 0x5412), "refused"),
    ("ioctl", (0, 0x541C), "refused"),
    ("ioctl", (0, 0x8901), "refused"),
    ("ioctl", (0, 0x8902), "refused"),
    ("ioctl", (0, 0x8901 | 1 << 32), "refused"),
    *(("fcntl", (3, command, 0), "goes") for command in (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030)),
    *(("fcntl", (3, command, 1), "refused") for command in (8, 10, 15, 1024, 1026)),
    ("sendto", (3, 0, 5, 0x4000, 0, 0), "goes"),
    ("sendto", (3, 0, 5, 0x20000000, 0, 0), "refused"),
    ("sendto", (3, 0, 5, 0x20004000, 0, 0), "refused"),
    ("sendmsg", (3, 0, 0x4000), "goes"),
    ("sendmsg", (3, 0, 0x20004000), "refused"),
    ("sendmmsg", (3, 0, 5, 0x4000), "goes"),
    ("sendmmsg", (3, 0, 5, 0x20004000), "refused"),
    ("prlimit64", (0, 7, 0, 1 << 40), "goes"),
    ("prlimit64", (0, 7, 1 << 40, 0), "refused"),
    ("prlimit64", (0, 7, 4096, 0), "refused"),
]


@BOTH
@pytest.mark.parametrize(("name", "arguments", "said"), CASES)
def test_arguments_decide(machine: str, name: str, arguments: tuple[int, ...], said: str) -> None:
    assert call(machine, name, *arguments) == said


UNIX, INET, INET6, NETLINK, PACKET, VSOCK = 1, 2, 10, 16, 17, 40
STREAM, DGRAM, RAW = 1, 2, 3
CLOEXEC, NONBLOCK = 0o2000000, 0o4000
SOCKETS = [
    # family, type, protocol, without a network, with one
    (UNIX, STREAM | CLOEXEC, 0, "goes", "goes"),
    (UNIX, DGRAM, 0, "goes", "goes"),
    (INET, STREAM | CLOEXEC | NONBLOCK, 0, "refused", "goes"),
    (INET, STREAM, 6, "refused", "goes"),
    (INET6, STREAM, 6, "refused", "goes"),
    (INET, DGRAM | NONBLOCK, 17, "refused", "goes"),
    (INET, STREAM, 262, "refused", "refused"),  # MPTCP, which Landlock does not hold
    (INET, STREAM, 132, "refused", "refused"),
    (INET, RAW, 6, "refused", "refused"),
    (INET, RAW | CLOEXEC, 0, "refused", "refused"),
    (INET, 0, 0, "refused", "refused"),
    (INET6, RAW, 58, "refused", "refused"),
    (INET, DGRAM, 1, "refused", "refused"),
    (NETLINK, RAW | CLOEXEC, 0, "refused", "goes"),
    (NETLINK, RAW, 9, "refused", "refused"),
    (PACKET, RAW, 3, "refused", "refused"),
    (VSOCK, STREAM, 0, "refused", "refused"),
    (0, STREAM, 0, "refused", "refused"),
]


@BOTH
@pytest.mark.parametrize(("family", "kind", "protocol", "alone", "connected"), SOCKETS)
def test_sockets(machine: str, family: int, kind: int, protocol: int, alone: str, connected: str) -> None:
    assert call(machine, "socket", family, kind, protocol) == alone
    assert call(machine, "socket", family, kind, protocol, network=True) == connected


@BOTH
def test_the_numbers_of_another_architecture_are_no_way_round(machine: str) -> None:
    assert judge(machine, READ[machine], audit=0x40000003) == REFUSED_SO
    other = "aarch64" if machine == "x86_64" else "x86_64"
    assert judge(machine, READ[machine], audit=AUDIT[other]) == REFUSED_SO


def test_the_second_abi_of_x86_64_is_no_way_round() -> None:
    execve = REFUSED["execve"][0]
    assert execve is not None
    for number in (0x40000000, 0x40000000 | execve, 0x40000208, 0xFFFFFFFF):
        assert judge("x86_64", number) == REFUSED_SO


HEADERS = {
    "x86_64": [Path(f"/usr/include/{where}asm/unistd_64.h") for where in ("x86_64-linux-gnu/", "")],
    "aarch64": [Path("/usr/include/asm-generic/unistd.h")],
}


SINCE_5_12 = {
    "mount_setattr", "quotactl_fd", "process_mrelease", "fchmodat2", "statmount", "listmount", "setxattrat",
    "removexattrat", "open_tree_attr", "file_setattr",
}  # fmt: skip
"""Calls that older headers do not have; each has one number on every architecture."""


@BOTH
def test_the_numbers_are_those_of_the_kernel(machine: str) -> None:
    header = next((path for path in HEADERS[machine] if path.exists()), None)
    if header is None:
        pytest.skip(f"no headers of the kernel for {machine} are here (linux-libc-dev)")
    lines = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\s", header.read_text())
    known = {name: int(number) for name, number in lines}
    assert len(known) > 200
    said = {name: row[MACHINES[machine]] for name, row in (REFUSED | JUDGED).items()}
    newer = {name for name in said if name not in known and said[name] is not None}
    assert newer <= SINCE_5_12, "names that no kernel has"
    assert {name: number for name, number in said.items() if name not in newer} == {
        name: known.get(name) for name in said if name not in newer
    }


def test_a_filter_is_as_long_as_the_kernel_takes() -> None:
    assert all(len(program(machine, PROCESS, True)) < 4096 for machine in MACHINES)
