"""The guard's socket: frames, requests, answers; and a real server with the real handle behind it."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import msgspec
from tests.guard.core import Core
from tests.hostile.target import Target, check_canonical, chosen, only, seeded

from remit.guard.board import Board
from remit.guard.errors import FrameTooLarge, GuardError, RequestMalformed
from remit.guard.frame import FRAME_BYTES_MAX, Frames, pack
from remit.guard.handle import Handle
from remit.guard.identity import Identity
from remit.guard.issuing import NewToken
from remit.guard.passwords import Cost
from remit.guard.views import VIEWS
from remit.guard.wire import Server
from remit.guard.wire.message import (
    Answer,
    number_of,
    read_answer,
    read_request,
    result_of,
    write_error,
    write_ok,
    write_request,
)
from remit.guard.wire.server import _Connection
from remit.kernel.codec import encode
from remit.kernel.names import GUARD, Role
from remit.kernel.snapshot import dump

# Frames and messages


def check_frames(data: bytes) -> None:
    """However a stream is cut, the same messages come out of it; a length beyond the limit is refused at once."""
    pieces = [data[start : start + 1 + data[0] % 7] for start in range(0, len(data), 1 + data[0] % 7)] if data else []
    whole, small = Frames(), Frames()
    found: list[bytes] = []
    cut: list[bytes] = []
    with only(FrameTooLarge) as refused:
        found = whole.feed(data)
        assert len(b"".join(pack(message) for message in found)) <= len(data)
        assert data.startswith(b"".join(pack(message) for message in found))
    with only(FrameTooLarge) as refused_small:
        for piece in pieces:
            cut += small.feed(piece)
    assert bool(refused) == bool(refused_small)
    if not refused:
        assert cut == found and whole.partial == small.partial


def check_requests(data: bytes) -> None:
    """Bytes are a request, an answer, or refused by name; what is read is written again as the same thing."""
    with only(RequestMalformed) as refused:
        request = read_request(data)
        again = read_request(
            write_request(request.id, request.token, request.do, msgspec.Raw(bytes(request.body)), request.door)
        )
        assert (again.id, again.token, again.do, again.door) == (request.id, request.token, request.do, request.door)
        assert number_of(data) == request.id
    if refused:
        assert 0 <= number_of(data) < 2**53
    with only(RequestMalformed):
        answer = read_answer(data)
        with only(GuardError):
            check_canonical(Any, result_of(answer, Any))


def request_seeds() -> list[bytes]:
    refused = RequestMalformed("no", "Do")
    return [
        write_request(7, "remit_agent_x", "command", {"kind": "cancel", "order": "O-1"}, "cli"),
        write_request(1, "", "follow", {"from": 3}, ""),
        write_ok(7, b'{"a":[1,2.5,null]}'),
        write_ok(7, b"null", more=True),
        write_error(0, refused),
    ]


# A real server

ROLES: tuple[tuple[Role, str], ...] = (
    ("operator", "ann"),
    ("approver", "bob"),
    ("auditor", "eve"),
    ("agent", "momentum"),
    ("feed", "prices"),
)
LIVES = 400
"""Inputs after which a guard is made anew, so that its journal stays small."""


class House:
    """One guard in memory with its real server; `say` gives it bytes over a socketpair and returns its answers."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.faults: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.faults.append(context))
        self.core = Core()
        self.heard = 0
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        core = self.core
        self.writing = asyncio.ensure_future(core.loop.run())
        await core.set_up()
        identity = Identity.over(core.world, core.loop, core.kernel.state, core.vault, cost=Cost(8, 1, 1))
        core.begin()
        assert core.watch is not None
        self.handle = Handle(
            core.world, core.kernel, core.journal, core.loop, Board(core.kernel.state), identity,
            _Side(), {"paper": core.venue}, lambda: {"version": "test"}, core.watch.check_resume,
            core.vault.callbacks(core.world),
        )  # fmt: skip
        self.secrets = {}
        for role, name in ROLES:
            asked = NewToken(role=role, name=name, owner="ann")
            self.secrets[role], _ = await self.handle.issue(GUARD, asked)
        self.server = Server(core.world.disks and _Nowhere(), self.handle)  # type: ignore[arg-type]

    def say(self, data: bytes) -> list[Answer]:
        return self.loop.run_until_complete(self._say(data))

    async def _say(self, data: bytes) -> list[Answer]:
        here, there = socket.socketpair()
        here.setblocking(False)
        await self.loop.connect_accepted_socket(lambda: _Connection(self.server), there)
        await self.loop.sock_sendall(here, data)
        await self.core.rest()
        frames, answers = Frames(), []
        while received := await self._received(here):
            answers += [read_answer(message) for message in frames.feed(received)]
        here.close()
        await self.core.rest()
        return answers

    async def _received(self, here: socket.socket) -> bytes:
        try:
            return here.recv(1 << 20)
        except BlockingIOError:
            return b""

    def image(self) -> bytes:
        state = self.core.kernel.state
        seq, at = state.seq, state.at
        state.seq = state.at = 0
        try:
            return dump(state)
        finally:
            state.seq, state.at = seq, at

    def close(self) -> None:
        async def end() -> None:
            await self.core.courier.stop()
            self.core.loop.stop()
            await asyncio.gather(self.writing, return_exceptions=True)

        self.loop.run_until_complete(end())
        self.loop.close()


class _Side:
    """Keeps free text, as the side store does, and forgets it."""

    def put(self, kind: str, text: bytes) -> str:
        return "0" * 64

    def sync(self) -> None:
        return None


class _Nowhere:
    """A server that listens nowhere: its connections are handed to it."""


_HOUSE: list[House] = []


def house() -> House:
    """Return the guard that is asked; a new one where none is, or the old one has heard enough."""
    if _HOUSE and (_HOUSE[0].heard >= LIVES or _HOUSE[0].core.loop.failed is not None):
        _HOUSE.pop().close()
    if not _HOUSE:
        _HOUSE.append(House())
    return _HOUSE[0]


def check_server(data: bytes) -> None:
    """Whatever is said: every answer is named, the guard goes on, and what it refuses changes nothing.

    The ways: any bytes as the stream; requests, one in each line, `ROLE DO BODY`, with a good token and frame.
    """
    way, said = chosen(data, 2)
    there = house()
    there.heard += 1
    before = there.image()
    asked = _stream(there, said) if way else [said]
    answers = there.say(b"".join(asked))
    faults, there.faults = there.faults, []
    assert there.core.loop.failed is None, there.core.loop.failed
    for context in faults:
        raise context.get("exception") or AssertionError(context)
    assert all(answer.error is msgspec.UNSET or answer.error.code != "internal" for answer in answers)  # type: ignore[union-attr]
    if way:
        numbers = [answer.id for answer in answers]
        assert len(set(numbers)) == len(numbers) or any(b'"follow"' in frame for frame in asked), "one answer each"
    # After an error about the connection as a whole nobody is told what became of the rest.
    if all(answer.error is not msgspec.UNSET and answer.id for answer in answers):
        assert there.image() == before, "what is refused changes nothing"


def _stream(there: House, said: bytes) -> list[bytes]:
    frames = []
    for number, line in enumerate(said.split(b"\n")[:8], 1):
        role, _, rest = line.partition(b" ")
        do, _, body = rest.partition(b" ")
        token = there.secrets.get(role.decode("ascii", "replace"), "remit_op_x")
        head = b'{"id":%d,"token":"%b","door":"fuzz","do":' % (number, token.encode())
        frames.append(
            pack(
                (head + json.dumps(do.decode("utf-8", "replace")).encode() + b',"body":' + body + b"}")[
                    :FRAME_BYTES_MAX
                ]
            )
        )
    return frames


def server_seeds() -> list[bytes]:
    from tests.hostile.target_orders import bodies_of_every_kind

    lines = [b"operator command " + encode(body) for body, _ in bodies_of_every_kind()]
    lines += [b"operator read " + encode({"view": name}) for name in VIEWS]
    lines += [b"agent read " + encode({"view": name, "agent": "momentum", "limit": 5}) for name in VIEWS]
    lines += [b"agent preview " + line.split(b" ", 2)[2] for line in lines if b'"kind":"submit"' in line]
    lines += [b"agent command " + line.split(b" ", 2)[2] for line in lines if line.startswith(b"operator command")]
    lines += [b'auditor follow {"from":1}', b'feed command {"kind":"marked","marks":[]}']
    lines.append(b'operator command {"kind":"new_token","role":"agent","name":"momentum","owner":"ann"}')
    lines.append(b'agent command {"command":{"kind":"cancel","order":"O-1"},"text":"why not"}')
    lines.append(b'nobody sign_in {"kind":"password","person":"ann","password":"correct horse battery"}')
    joined = [b"\n".join(lines[start : start + 2]) for start in range(0, len(lines), 2)]
    return [*(seeded(1, line) for line in joined), seeded(0, pack(request_seeds()[0])), seeded(0, b"\0\0\0\x02{}")]


WORDS = ("operator ", "agent ", "command ", "read ", "preview ", "follow ", "sign_in ", '"view":', '"text":', *VIEWS)
TARGETS = (
    Target("frames", check_frames, lambda: [pack(b"ab") + pack(b"") + pack(b"c" * 300), b"\0\x10\0\x01", b"\0\0\0"]),
    Target("requests", check_requests, request_seeds, ('"id":', '"token":', '"do":', '"body":', '"ok":', '"error":')),
    Target("server", check_server, server_seeds, WORDS, cost=20),
)
