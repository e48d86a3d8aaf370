"""The messages on the guard's socket and how they are read."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec

from remit.guard.errors import GuardError, RequestMalformed
from remit.kernel.codec import decode, encode
from remit.kernel.names import TraceId

Do = Literal["command", "read", "preview", "follow", "signed", "sign_in"]
"""Change something; ask for something; ask what would be decided; be told of everything from some point on."""

NOTHING = msgspec.Raw(b"null")
Kind = TypeVar("Kind")


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a caller asks. `id` is the caller's own, from 1, to tell answers apart; `body` is JSON."""

    id: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    token: Annotated[str, msgspec.Meta(max_length=200)]
    do: Do
    body: msgspec.Raw = NOTHING
    door: Annotated[str, msgspec.Meta(max_length=32)] = ""
    """Which door carries the request: a note for the journal, never a proof of anything."""
    act: Annotated[str, msgspec.Meta(max_length=128)] = ""
    """What that door calls what is asked: `tool:get_positions`, `GET /v1/positions`. A note likewise."""
    trace: TraceId = ""
    """The trace that the request belongs to: 32 small hexadecimal digits, or empty."""


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A named error as it travels: its code, what happened, what to do, and what a program needs of it as plain
    JSON."""

    code: str
    message: str
    fix: str
    detail: dict[str, Any] = {}


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the guard answers to the request `id`: `ok` or `error`; `more` where the stream goes on.

    An error with the id 0 is about the connection as a whole, which then closes.
    """

    id: int
    ok: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: Failure | msgspec.UnsetType = msgspec.UNSET
    more: bool = False


class GuardRefused(GuardError):
    """The guard answered with a named error: `failure` is what it said, and its code is the code here."""

    def __init__(self, failure: Failure) -> None:
        self.code = failure.code  # type: ignore[misc]  # here the code is the guard's word, not the class's
        super().__init__(failure.message, failure.fix, failure.detail)
        self.failure = failure


class _Number(msgspec.Struct):
    id: Annotated[int, msgspec.Meta(ge=1, lt=2**53)] = 0


_requests = msgspec.json.Decoder(Request)
_answers = msgspec.json.Decoder(Answer)
_numbers = msgspec.json.Decoder(_Number)
_encoder = msgspec.json.Encoder()


def write_request(number: int, token: str, do: Do, body: object, door: str, act: str = "", trace: str = "") -> bytes:
    """Return the bytes of a request; `body` is anything with a canonical text: a command's body, plain values.

    RequestMalformed where a text in it is none: half a character, as from a command line in another encoding.
    """
    try:
        return _encoder.encode(Request(number, token, do, msgspec.Raw(encode(body)), door, act, trace))
    except UnicodeEncodeError as fault:
        raise RequestMalformed(f"a text in it is no Unicode text: {fault.reason}", "Write it again, in UTF-8") from None


def read_request(message: bytes) -> Request:
    """Return the request that the bytes spell; RequestMalformed otherwise."""
    try:
        return _requests.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise RequestMalformed(f"this is no request: {fault}", "See `remit.guard.wire` for the form") from None


def number_of(message: bytes) -> int:
    """Return the id of a request that may be malformed otherwise; 0 where none can be read."""
    try:
        return _numbers.decode(message).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0


def write_ok(number: int, ok: bytes, *, more: bool = False) -> bytes:
    """Return the bytes of an answer; `ok` is JSON already."""
    return b'{"id":%d,"ok":%b%b}' % (number, ok, b',"more":true' if more else b"")


def write_error(number: int, error: GuardError) -> bytes:
    """Return the bytes of an answer that is a named error."""
    return _encoder.encode(Answer(number, error=Failure(error.code, error.message, error.fix, error.detail)))


def read_answer(message: bytes) -> Answer:
    """Return the answer that the bytes spell; RequestMalformed otherwise, which no guard of this version sends."""
    try:
        answer = _answers.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise RequestMalformed(f"this is no answer: {fault}", "Use the same version of remit at both ends") from None
    if (answer.ok is msgspec.UNSET) == (answer.error is msgspec.UNSET):
        raise RequestMalformed("an answer is either ok or an error", "Use the same version of remit at both ends")
    return answer


def result_of(answer: Answer, kind: type[Kind] | Any) -> Any:
    """Return what an answer holds as a `kind`; GuardRefused where it is an error."""
    if isinstance(answer.error, Failure):
        raise GuardRefused(answer.error)
    assert isinstance(answer.ok, msgspec.Raw)
    if kind is msgspec.Raw:
        return answer.ok  # it was read as JSON with the answer around it
    try:
        return decode(kind, bytes(answer.ok))
    except ValueError as fault:
        raise RequestMalformed(f"unexpected answer: {fault}", "Use the same version of remit at both ends") from None
