"""Landlock: the folders that the guard may use, and the ports it may call, held by the kernel against root too."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from remit.guard.system import System

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_ASK_ABI = 1
_BENEATH, _PORT = 1, 2

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE, _DEVICE = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE
_BIND, _CONNECT = 1 << 0, 1 << 1
_ABSTRACT, _SIGNALS = 1 << 0, 1 << 1

# The first version of Landlock's interface that knows all rights up to here.
_FILES = ((1, (1 << 13) - 1), (2, _REFER), (3, _TRUNCATE), (5, _DEVICE))
_NETWORK_ABI, _SCOPE_ABI = 4, 6

READ = _READ_FILE | _READ_DIR
WRITE = READ | _WRITE_FILE | _TRUNCATE | _MAKE_FILE | _REMOVE_FILE | _MAKE_DIR | _REMOVE_DIR | _REFER


class Room(NamedTuple):
    """What is left to the guard: folders it writes in, files and folders it reads, and the TCP ports it may call. No
    right to run a program, and none to make a socket, is among it. `code` is from where it and its next start take
    code, in real paths."""

    write: tuple[Path, ...]
    read: tuple[Path, ...] = ()
    ports: tuple[int, ...] = ()
    code: tuple[Path, ...] = ()


def exposed(room: Room) -> dict[Path, Path]:
    """Return each place of code that the guard may write to, with the folder that lets it: one that lies directly in a
    place of code is a package there by its name."""
    folders = [(folder, Path(os.path.realpath(folder))) for folder in room.write]
    return {
        code: folder
        for code in room.code
        for folder, real in folders
        if code.is_relative_to(real) or code == real.parent
    }


def abi(system: System) -> int:
    """Return the version of Landlock's interface that this kernel has; 0 where it has none, or it is switched off."""
    try:
        return system.call(_CREATE, None, 0, _ASK_ABI)
    except OSError:
        return 0


def restrict(system: System, room: Room) -> None:
    """Leave this thread, and all it ever starts, this room and nothing else, for good; OSError.

    A folder of `write` must be there; what is not there of `read` is passed over. The process must have
    given up new privileges before.
    """
    known = abi(system)
    files = sum(rights for since, rights in _FILES if known >= since)
    handled = struct.pack("=Q", files)
    if known >= _NETWORK_ABI:
        handled += struct.pack("=Q", _BIND | _CONNECT)
    if known >= _SCOPE_ABI:
        handled += struct.pack("=Q", _ABSTRACT | _SIGNALS)
    rules = system.call(_CREATE, ctypes.c_char_p(handled), len(handled), 0)
    try:
        _grant(system, rules, room.write, WRITE & files)
        _grant(system, rules, (path for path in room.read if path.exists()), READ & files)
        for port in room.ports if known >= _NETWORK_ABI else ():
            system.call(_ADD, rules, _PORT, ctypes.c_char_p(struct.pack("=QQ", _CONNECT, port)), 0)
        system.call(_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _grant(system: System, rules: int, paths: Iterable[Path], rights: int) -> None:
    for path in paths:
        there = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            allowed = rights if path.is_dir() else rights & _OF_FILES
            system.call(_ADD, rules, _BENEATH, ctypes.c_char_p(struct.pack("=Qi", allowed, there)), 0)
        finally:
            os.close(there)
