"""The guard's socket protocol: all that doors, agents, feeds and clients know of the guard.

A frame is a u32 big-endian length and so many bytes of JSON, at most 1 MiB. A caller sends
`{"id": 7, "token": "remit_...", "do": "command", "body": {...}}`; the guard answers `{"id": 7, "ok": ...}` or
`{"id": 7, "error": {"code": ..., "message": ..., "fix": ...}}`, in whatever order answers are ready. A `follow` is
answered by a stream: each item has `"more": true`, and the last answer has not.
"""

from remit.guard.errors import (
    GuardError,
    GuardGone,
    GuardNotRunning,
    GuardRunning,
    PeerRefused,
    RequestMalformed,
)
from remit.guard.frame import FRAME_BYTES_MAX
from remit.guard.wire.client import AsyncClient, Client
from remit.guard.wire.message import Answer, Do, Failure, GuardRefused, Request
from remit.guard.wire.peer import Peer
from remit.guard.wire.server import Handler, Server

__all__ = [
    "FRAME_BYTES_MAX",
    "Answer",
    "AsyncClient",
    "Client",
    "Do",
    "Failure",
    "GuardError",
    "GuardGone",
    "GuardNotRunning",
    "GuardRefused",
    "GuardRunning",
    "Handler",
    "Peer",
    "PeerRefused",
    "Request",
    "RequestMalformed",
    "Server",
]
