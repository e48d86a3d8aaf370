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
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        raise PeerRefused("this system does not tell who is at the other end of a socket", "Run the guard on Linux")
    peer = Peer(*_CREDENTIALS.unpack(connected.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)))
    if peer.uid != os.geteuid() and peer.uid not in uids:
        raise PeerRefused(f"user {peer.uid} may not use this socket", "Add the user id to `peers` in remit.toml")
    return peer
