"""Dispatch: from a request to its row of the table, and from what the guard said to the answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from remit.doors.http.auth import Headers, caller_of
from remit.doors.http.call import Answer, Call, Streaming, entered
from remit.doors.http.paging import page_of
from remit.doors.http.problem import Problem, body_of, headers_of, problem_of
from remit.doors.http.remembered import Known, Remembered
from remit.doors.http.table import Do, Enter, Look, Route
from remit.guard.wire import AsyncClient, GuardError
from remit.kernel.codec import build, decode, encode
from remit.kernel.names import NAME_PATTERN

BODY_BYTES_MAX = 262_144
PARAMS_MAX = 32
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods of which a call may change something."""
_OPEN = frozenset({"guard_gone", "guard_stopped", "internal"})
_ANY = "*"
_NAME = re.compile(NAME_PATTERN)
Node = dict[str, Any]
Found = tuple[dict[str, tuple[Route, tuple[str, ...]]], list[str]]


class Table:
    """All rows: it finds one by the path's segments as they were sent, so that a name may hold a slash (`%2F`)."""

    def __init__(self, app: Starlette, client: AsyncClient, rows: Iterable[Route]) -> None:
        self._app, self._client = app, client
        self._tree: Node = {}
        for row in rows:
            self._add(row)

    def _add(self, row: Route) -> None:
        node = self._tree
        names = []
        for segment in _cut(row.path):
            named = segment.startswith("{")
            if named:
                names.append(segment[1:-1])
            node = node.setdefault(_ANY if named else segment, {})
        methods = node.setdefault("", {})
        if row.method in methods:
            raise ValueError(f"two rows for {row.method} {row.path}")
        methods[row.method] = (row, tuple(names))

    def find(self, scope: Scope) -> Found | None:
        """Return the rows of a request's path, by method, and what stands in it for its names; None where it is no
        row's."""
        node: Node = self._tree
        segments, values = _segments(scope), []
        for segment in segments:
            following = node.get(segment) if segment not in ("", _ANY) else None
            if following is None:
                following = node.get(_ANY)
                values.append(unquote(segment))
            if following is None:
                return None
            node = following
        methods = node.get("")
        return None if methods is None else (methods, values)

    async def handle(self, rows: Found, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: with what its row says, or with a problem."""
        methods, values = rows
        method: str = scope["method"]
        found = methods.get("GET" if method == "HEAD" else method)
        try:
            if found is None:
                allow = ", ".join(sorted(methods)).encode()
                raise Problem("method_not_allowed", f"{method} is not for here", "See /v1/openapi.json",
                              headers=((b"allow", allow),))  # fmt: skip
            row, names = found
            scope["remit.route"] = row.path
            answer = await self._answer(row, dict(zip(names, values, strict=True)), scope, receive)
        except Problem as problem:
            answer = told(problem)
        except GuardError as fault:
            answer = told(problem_of(fault))
        if isinstance(answer, Streaming):
            if method == "HEAD":
                await respond(send, Answer(b"", media=row.media.encode()))
            else:
                await answer.run(receive, send)
        else:
            await respond(send, answer, bare=method == "HEAD")

    async def _answer(self, row: Route, path: dict[str, str], scope: Scope, receive: Receive) -> Answer | Streaming:
        call = Call(self._app, self._client, scope, receive)
        headers = call.headers
        call.act, call.trace = f"{row.method} {row.path}", scope["remit.trace"]
        if not row.open:
            call.secret, call.by_cookie = caller_of(row.method, headers, tls=self._app.state.tls)
        call.params = _params(row, path, b"" if row.screen else scope["query_string"])
        call.key = _key(headers.get(b"idempotency-key", b"").decode("latin-1"))
        raw = b""
        if row.body is not None:
            raw = await read_body(headers, receive)
            call.body = raw if row.raw else _body(row.body, raw)
        if call.key and row.remembered and row.method in CHANGES and not row.open:
            return await self._once(row, call, raw)
        return _told(row, await _do(row, call))

    async def _once(self, row: Route, call: Call, raw: bytes) -> Answer:
        """Do what was asked under a key that is new to its token, or give the first answer again. For a token that is
        worth nothing, or nothing any more, nothing is kept and nothing told."""
        await call.read("self")
        asked = b"\n".join((row.method.encode(), call.scope["raw_path"], call.scope["query_string"], raw))
        if b"if-match" in call.headers:  # against another version it is another change
            asked += b"\n" + call.headers[b"if-match"]
        given: list[Answer] = []

        async def do() -> Known:
            answer = _told(row, await _do(row, call))
            assert isinstance(answer, Answer)
            given.append(answer)
            return Known(answer.status, written(answer))

        remembered: Remembered = call.app.state.remembered
        known, repeated = await remembered.once(call.secret, call.key, asked, do, _is_unknown)
        return Answer(known.body, known.status, ((b"idempotency-replayed", b"true"),)) if repeated else given[0]


def _told(row: Route, answer: object) -> Answer | Streaming:
    """Return what a row's function gave as an answer."""
    return answer if isinstance(answer, (Answer, Streaming)) else Answer(answer, row.status, media=row.media.encode())


def _is_unknown(fault: Exception) -> bool:
    """Whether it is open, after this fault, if the guard took what it was asked."""
    return not isinstance(fault, Problem) and (not isinstance(fault, GuardError) or fault.code in _OPEN)


async def _do(row: Route, call: Call) -> object:
    do = row.do
    if isinstance(do, Look):
        return await _look(do, call)
    if isinstance(do, Enter):
        body = do.build(call.params, call.body)
        return entered(await call.enter(body, "" if do.text is None else do.text(call.body)))
    assert isinstance(do, Do)
    return await do.function(call)


async def _look(do: Look, call: Call) -> object:
    if do.arguments is not None:
        arguments = do.arguments(call.params)
    else:
        arguments = {} if call.params is None else msgspec.to_builtins(call.params)
    if do.page is None:
        return await call.raw(do.view, **arguments)
    arguments.pop("limit", None)
    arguments.pop("cursor", None)
    return page_of(await call.raw(do.view, **arguments), do.page, call.params)


def _segments(scope: Scope) -> list[str]:
    raw = scope.get("raw_path") or scope["path"].encode()
    return _cut(raw.partition(b"?")[0].decode("latin-1"))


def _cut(path: str) -> list[str]:
    """Return the segments of a path; the root has none."""
    inside = path.strip("/")
    return inside.split("/") if inside else []


def _params(row: Route, path: dict[str, str], query: bytes) -> Any:
    if row.params is None:
        if query:
            raise Problem("not_valid", "this takes no parameter", "Leave the query out")
        return None
    given: dict[str, Any] = dict(path)
    try:
        for name, value in _pairs(query) if query else ():
            if name in given:
                raise Problem("not_valid", f"{name[:40]} is given twice", "Give it once")
            given[name] = value
        for name in _whole(row.params) & given.keys():
            if not (given[name].isascii() and given[name].isdecimal()):  # `1e3` and `1.0` would pass for whole numbers
                raise Problem("not_valid", f"{name} is no whole number", "Write it in plain decimal digits")
        return msgspec.convert(given, row.params, strict=False)
    except ValueError as fault:  # msgspec's own is one, too
        raise Problem("not_valid", f"a parameter cannot be used: {fault}", "See /v1/openapi.json") from None


_wholes: dict[type[Any], frozenset[str]] = {}


def _whole(params: type[Any]) -> frozenset[str]:
    """Return the parameters that are whole numbers."""
    if params not in _wholes:
        kind = msgspec.inspect.type_info(params)
        assert isinstance(kind, msgspec.inspect.StructType)
        _wholes[params] = frozenset(field.encode_name for field in kind.fields if _is_whole(field.type))
    return _wholes[params]


def _is_whole(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.Metadata):
        return _is_whole(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(map(_is_whole, kind.types))
    return isinstance(kind, msgspec.inspect.IntType)


def _pairs(query: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=PARAMS_MAX)


def _key(given: str) -> str:
    if given and not _NAME.match(given):
        raise Problem("not_valid", "the Idempotency-Key is no name", "Use letters, digits and . _ : / @ - up to 128")
    return given


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """Return the body of a request; Problem `media_type` where it is not JSON, `too_large`."""
    kind = headers.get(b"content-type", b"")
    if kind != b"application/json" and kind.partition(b";")[0].strip().lower() != b"application/json":
        raise Problem("media_type", "the body is not application/json", "Send Content-Type: application/json")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem("not_json", "the caller left", "Send the whole body")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES_MAX:
            raise Problem("too_large", f"a body has at most {BODY_BYTES_MAX} bytes", "Send less")
        if not message.get("more_body", False):
            return b"".join(parts)


def _body(kind: type[Any], raw: bytes) -> Any:
    try:
        return decode(kind, raw)
    except msgspec.ValidationError as fault:
        raise Problem("not_valid", f"the body cannot be used: {fault}", "See /v1/openapi.json") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Problem("not_json", f"the body is no JSON: {fault}", "Correct it") from None
    except ValueError as fault:
        raise Problem("not_valid", f"the body cannot be used: {fault}", "See /v1/openapi.json") from None


def made(kind: type[Any], **fields: Any) -> Any:
    """Return a record of the kernel's nouns from plain values; Problem `not_valid` where they make none."""
    try:
        return build(kind, {name: value for name, value in fields.items() if value is not None})
    except (msgspec.ValidationError, ValueError) as fault:
        raise Problem("not_valid", str(fault), "Correct it") from None


def told(problem: Problem) -> Answer:
    """Return a problem as an answer."""
    return Answer(body_of(problem), problem.status, tuple(headers_of(problem)[1:]), b"application/problem+json")


def written(answer: Answer) -> bytes:
    """Return the bytes of an answer's body."""
    return answer.body if isinstance(answer.body, bytes) else encode(answer.body)


async def respond(send: Send, answer: Answer, *, bare: bool = False) -> None:
    """Send an answer; `bare` leaves the body out and says its length all the same."""
    body = written(answer)
    headers = [(b"content-type", answer.media), (b"content-length", b"%d" % len(body)), *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if bare else body})
