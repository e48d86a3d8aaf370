"""One call: a request on its way to the guard, with its caller's token, and what came back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from remit.doors.http.problem import Problem, refused
from remit.guard.wire import AsyncClient
from remit.kernel.codec import encode

JSON = (b"content-type", b"application/json")
Header = tuple[bytes, bytes]
NOTHING = msgspec.Raw(b"")


class Who(NamedTuple):
    """Who asks, as the guard says."""

    name: str
    role: str


class Answer(NamedTuple):
    """An answer that is more than its body: its status and the headers beside the content type."""

    body: object
    status: int = 200
    headers: tuple[Header, ...] = ()
    media: bytes = b"application/json"


class Streaming(NamedTuple):
    """An answer that goes on: it sends itself, from its status on."""

    run: Callable[[Receive, Send], Awaitable[None]]


class _Stamp(msgspec.Struct, frozen=True):
    seq: int
    at: int


class Entry(msgspec.Struct, frozen=True):
    """A command's record as the guard answered it, read only as far as a door needs it."""

    command: _Stamp
    events: tuple[msgspec.Raw, ...]
    decision: msgspec.Raw = NOTHING
    first: msgspec.Raw = NOTHING
    """The record of the first answer, where this one repeats it."""
    secret: str | None = None


class _Refused(msgspec.Struct, frozen=True):
    event: str
    code: str = ""
    why: str = ""
    retry_after_s: int | None = None


class _Entered(msgspec.Struct, frozen=True):
    seq: int
    at: int
    events: tuple[msgspec.Raw, ...]


_entries = msgspec.json.Decoder(Entry)
_refusals = msgspec.json.Decoder(_Refused)
_REFUSED = b'"event":"refused"'  # within a text the quotes would be escaped: these bytes are an event's


class Call:
    """What a row's function is given: the parameters and the body as their Structs, and the way to the guard."""

    __slots__ = (
        "app",
        "client",
        "headers",
        "scope",
        "receive",
        "secret",
        "by_cookie",
        "params",
        "body",
        "act",
        "trace",
        "key",
    )

    def __init__(self, app: Starlette, client: AsyncClient, scope: Scope, receive: Receive) -> None:
        self.app, self.client, self.scope, self.receive = app, client, scope, receive
        self.headers: Mapping[bytes, bytes] = scope["remit.headers"]
        self.secret, self.by_cookie = "", False
        self.params: Any = None
        self.body: Any = None
        self.act, self.trace = "", ""
        self.key = ""
        """The Idempotency-Key; empty where there is none."""

    def header(self, name: str) -> str:
        """Return a header of the request; empty where it has none."""
        return self.headers.get(name.lower().encode(), b"").decode("latin-1")

    async def raw(self, view: str, **arguments: Any) -> bytes:
        """Return a view as the JSON that the guard wrote; arguments that are None are left out."""
        return await self._ask("read", {"view": view, **{k: v for k, v in arguments.items() if v is not None}})

    async def read(self, view: str, **arguments: Any) -> Any:
        """Return a view as plain JSON; arguments that are None are left out."""
        return msgspec.json.decode(await self.raw(view, **arguments))

    async def who(self) -> Who:
        """Return who the caller is."""
        me = await self.read("self")
        return Who(me["name"], me["role"])

    async def preview(self, body: object) -> bytes:
        """Return what would be decided of an order, as JSON; nothing changes."""
        return await self._ask("preview", body)

    async def pass_on(self, body: object) -> bytes:
        """Enter a command and return whatever the guard answers, as JSON."""
        return await self._ask("command", body)

    async def hand_in(self, body: object) -> bytes:
        """Hand in what need not become an entry and return the guard's JSON; Problem where it was refused."""
        raw = await self.pass_on(body)
        if _REFUSED in raw:
            _entry_of(raw)
        return raw

    async def enter(self, body: object, text: str = "") -> Entry:
        """Enter a command, with the free text beside it, and return its record; Problem where it was refused."""
        sent = {"command": msgspec.Raw(encode(body)), "text": text} if text else body
        return _entry_of(await self._ask("command", sent))

    async def signed(self, message: object) -> Entry:
        """Hand on what an approval page signed, and return its record; Problem where it was refused."""
        answer = await self.client.ask("signed", message, msgspec.Raw, "", act=self.act, trace=self.trace)
        return _entry_of(bytes(answer))

    async def sign_in(self, body: object) -> Any:
        """Ask the guard to let a person in, with what they prove themselves by; no token is needed."""
        return await self.client.ask("sign_in", body, token="", act=self.act, trace=self.trace)

    async def _ask(self, do: Any, body: object) -> bytes:
        answer = await self.client.ask(do, body, msgspec.Raw, self.secret, act=self.act, trace=self.trace)
        return bytes(answer)


def _entry_of(raw: bytes) -> Entry:
    entry = _entries.decode(raw)
    if _REFUSED in raw:
        for event in entry.events:
            found = _refusals.decode(event)
            if found.event == "refused":
                raise refused(found.code, found.why, found.retry_after_s)
    return entry


def entered(entry: Entry) -> bytes:
    """Return the answer of a command that took effect."""
    return msgspec.json.encode(_Entered(entry.command.seq, entry.command.at, entry.events))


async def left(receive: Receive) -> None:
    """Wait until the caller leaves; what they say meanwhile is not listened to."""
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        continue


def needed(value: str, name: str) -> str:
    """Return a text that must be given; Problem `not_valid`."""
    if not value:
        raise Problem("not_valid", f"{name} is missing", "Give it")
    return value
