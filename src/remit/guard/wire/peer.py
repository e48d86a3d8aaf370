"""Who is at the other end of a Unix socket, as the kernel of the operating system says."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Set
from dataclasses import dataclass

from remit.guard.errors import PeerRefused

_CREDENTIALS = struct.Struct("iII")


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end: process id, user id and group id."""

    pid: int
    uid: int
    gid: int


def peer_of(connected: socket.socket, uids: Set[int]) -> Peer:
    """Return who is at the other end; PeerRefused unless it runs as this user or one of `uids`."""
    peer = _end(connected)
    if peer.uid != os.geteuid() and peer.uid not in uids:
        raise PeerRefused(f"user {peer.uid} may not use this socket", "Add the user id to `peers` in remit.toml")
    return peer


def guard_at(connected: socket.socket, uids: Set[int]) -> Peer:
    """Return which guard listens at the other end; PeerRefused unless it runs as this user or one of `uids`: before a
    token is said to it."""
    peer = _end(connected)
    if peer.uid != os.geteuid() and peer.uid not in uids:
        said = f"user {peer.uid} listens there, and is not known as the guard's"
        raise PeerRefused(said, "Name the guard's user: run_as in your remit.toml")
    return peer


def _end(connected: socket.socket) -> Peer:
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        raise PeerRefused("this system does not tell who is at the other end of a socket", "Run the guard on Linux")
    return Peer(*_CREDENTIALS.unpack(connected.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)))
