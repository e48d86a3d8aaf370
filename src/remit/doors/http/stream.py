"""The live stream: every record that the caller may see, as it becomes durable, over SSE and WebSocket.

Each record is told with its sequence number, from which a reader goes on after a break. A reader that is slow loses
nothing: what it has not read yet is read from the journal again. One that takes nothing at all is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Annotated, Any, NamedTuple

import msgspec
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from remit.doors.http.auth import caller_of, check_origin
from remit.doors.http.call import Call, Streaming, Who, left
from remit.doors.http.limits import Limits
from remit.doors.http.metrics import Metrics
from remit.doors.http.problem import Problem, body_of, problem_of
from remit.doors.http.shapes.base import Given
from remit.doors.http.table import PERSONS
from remit.guard.wire import AsyncClient, GuardError, GuardGone, GuardNotRunning

ALIVE_S = 15
"""After so long without a record an SSE reader is told that the stream is alive."""
TAKEN_S = 30
"""A reader that takes nothing for so long is left."""
AGAIN_S = 0.5
ACT = "GET /v1/stream"
log = logging.getLogger("remit.doors")
_STOPPED = frozenset({"guard_stopped"})


class Start(Given, frozen=True, rename={"start": "from"}):
    """Where the stream begins: with the entry of this sequence number; 0, or nothing, for what comes next."""

    start: Annotated[int, msgspec.Meta(ge=0, lt=2**62)] = 0


class _Seq(msgspec.Struct, frozen=True):
    seq: int


class _Record(msgspec.Struct, frozen=True):
    command: _Seq


class Told(NamedTuple):
    """One record on its way to a reader."""

    seq: int
    record: bytes


_records = msgspec.json.Decoder(_Record)


Records = AsyncGenerator[Told | None, None]


async def records(client: AsyncClient, secret: str, start: int, act: str, trace: str) -> Records:
    """Yield records from a sequence number on, for ever, and None whenever there was none for ALIVE_S seconds.

    A guard that is away is followed again from the last record, and so is one that ended the stream because the reader
    was slow. GuardError where the token is worth nothing, or may not.
    """
    while True:
        items: Any = client.follow({"from": start}, msgspec.Raw, secret, act=act, trace=trace)
        following: asyncio.Future[Any] = asyncio.ensure_future(anext(items))
        try:
            while True:
                done, _ = await asyncio.wait({following}, timeout=ALIVE_S)
                if not done:
                    yield None
                    continue
                raw = bytes(following.result())
                seq = _records.decode(raw).command.seq
                yield Told(seq, raw)
                start = seq + 1
                following = asyncio.ensure_future(anext(items))
        except (GuardGone, GuardNotRunning, StopAsyncIteration):
            yield None
        except GuardError as fault:
            if fault.code not in _STOPPED:
                raise
            yield None
        finally:
            following.cancel()
            await asyncio.wait({following})
            await items.aclose()
        await asyncio.sleep(AGAIN_S)


class Streams:
    """The open streams of a door: how many there may be, and how each is run until one side ends it."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._open: Counter[Who] = Counter()

    @contextlib.contextmanager
    def place(self, who: Who) -> Iterator[None]:
        """Hold a place for one stream; Problem `busy`."""
        self.check_room(who)
        metrics: Metrics = self._app.state.metrics
        self._open[who] += 1
        metrics.streams.inc()
        try:
            yield
        finally:
            self._open -= Counter((who,))  # whoever has none left is forgotten
            metrics.streams.dec()

    async def run(self, receive: Receive, pump: Callable[[], Awaitable[None]]) -> None:
        """Run `pump` until it ends, the reader leaves, or the door stops."""
        state = self._app.state
        pumping = asyncio.ensure_future(pump())
        ends = {pumping, asyncio.ensure_future(left(receive)), asyncio.ensure_future(state.stopping.wait())}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            await asyncio.wait(ends)
        if not pumping.cancelled() and (fault := pumping.exception()) is not None:
            raise fault

    def check_room(self, who: Who) -> None:
        """Return where this caller may open another stream; Problem `busy`. Nobody has all of them, and the last are
        kept for who acts."""
        limits: Limits = self._app.state.limits
        if self._open[who] >= limits.streams_each:
            raise Problem("busy", f"{self._open[who]} streams of {who.name} are open", "Close one first")
        kept = 0 if who.role in PERSONS else limits.streams_kept
        if self._open.total() >= limits.streams - kept:
            raise Problem("busy", f"{self._open.total()} streams are open", "Close one, or come again later")


async def events(call: Call) -> Streaming:
    """Answer with the stream as server-sent events; each has its sequence number as its id."""
    streams: Streams = call.app.state.streams
    who = await call.who()  # whoever may not is told so by a status, before the stream begins
    last = call.header("Last-Event-ID")
    if last and not (last.isascii() and last.isdigit() and len(last) < 19):
        raise Problem("not_valid", "Last-Event-ID is no sequence number", "Send the id of the last event, or none")
    start = int(last) + 1 if last else call.params.start
    streams.check_room(who)  # nothing is waited for between here and where the place is taken

    async def pump(send: Send) -> None:
        await _taken(send({"type": "http.response.body", "body": b"retry: 1000\n\n", "more_body": True}))
        try:
            async with contextlib.aclosing(records(call.client, call.secret, start, call.act, call.trace)) as found:
                async for told in found:
                    text = b": alive\n\n" if told is None else b"id: %d\ndata: %b\n\n" % told
                    await _taken(send({"type": "http.response.body", "body": text, "more_body": True}))
        except GuardError as fault:
            text = b"event: problem\ndata: %b\n\n" % body_of(problem_of(fault))
            await _taken(send({"type": "http.response.body", "body": text, "more_body": True}))

    async def run(receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
        with streams.place(who):
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            try:
                await streams.run(receive, lambda: pump(send))
            except TimeoutError:
                return  # whoever takes nothing is left: the server closes the connection
        await send({"type": "http.response.body", "body": b""})

    return Streaming(run)


async def websocket(socket: WebSocket) -> None:
    """Serve the stream over a WebSocket: each text message is one record, which says its own sequence number."""
    app: Starlette = socket.app
    trace = socket.scope.get("remit.trace", "")
    try:
        headers = dict(socket.scope["headers"])
        caller = caller_of("GET", headers, tls=app.state.tls)
        if caller.by_cookie:  # a WebSocket reads, but any page may open one: the cookie alone is no proof
            check_origin({b"origin": b"null", **headers})
        start = _start(socket.query_params)
        me = await app.state.client.ask("read", {"view": "self"}, token=caller.secret, act=ACT, trace=trace)
        with app.state.streams.place(Who(me["name"], me["role"])):
            await _serve(socket, caller.secret, start, trace)
    except Problem as problem:
        await _refuse(socket, problem)
    except GuardError as fault:
        await _refuse(socket, problem_of(fault))


async def _serve(socket: WebSocket, secret: str, start: int, trace: str) -> None:
    """Tell records over a WebSocket, from its acceptance to its end."""
    await socket.accept()
    state, code, reason = socket.app.state, 1001, "the door stops"

    async def pump() -> None:
        async with contextlib.aclosing(records(state.client, secret, start, ACT, trace)) as found:
            async for told in found:
                if told is not None:
                    await _taken(socket.send_text(told.record.decode()))

    try:
        await state.streams.run(socket.receive, pump)
    except TimeoutError:
        code, reason = 1008, "too_slow"
    except GuardError as fault:
        code, reason = 1008, fault.code
    except WebSocketDisconnect:
        return
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the reader has left already
        await socket.close(code, reason)


def _start(query: Any) -> int:
    try:
        return msgspec.convert(dict(query), Start, strict=False).start
    except msgspec.ValidationError as fault:
        raise Problem("not_valid", f"a parameter cannot be used: {fault}", "Say from=SEQ, or nothing") from None


async def _refuse(socket: WebSocket, problem: Problem) -> None:
    """Refuse a WebSocket before it is one, with a problem where the server can send one."""
    log.info("a WebSocket was refused: %s", problem.code)
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        media = "application/problem+json"
        await socket.send_denial_response(Response(body_of(problem), problem.status, media_type=media))
    else:
        await socket.close(1008, problem.code)


async def _taken(sending: Awaitable[None]) -> None:
    async with asyncio.timeout(TAKEN_S):
        await sending
