"""Every field that takes text of somebody's choice, found by walking the types; and what becomes of the text there.

FREE says of each what it is. A field that the walk finds and FREE does not name fails a test: say what it is, and the
texts are tried in it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from msgspec import inspect
from tests.hostile.target_orders import KINDS, bodies_of_every_kind

from remit.guard import credentials, signin
from remit.guard.callbacks import NewCallback, SignedMessage
from remit.guard.handle import WithText
from remit.guard.issuing import NewToken, RotateToken
from remit.guard.rotating import RotateKey
from remit.guard.wire import Request
from remit.kernel.codec import plain
from remit.kernel.names import Principal
from remit.venues.paper import messages

What = Literal["words", "name", "subject"]
"""`words` are kept and shown; `name` and `subject` name something that is known, or else nothing happens."""


class Field(NamedTuple):
    """One field of one kind of command: where it stands, and whether a pattern bounds what may stand there."""

    kind: str
    path: tuple[Any, ...]
    pattern: str | None

    def __str__(self) -> str:
        return f"{self.kind}:{'.'.join(str(step) for step in self.path if not isinstance(step, int))}"


def texts_in(kind: Any, value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str | None]]:
    """Yield where text stands in a value of a type, and the pattern that it must fit."""
    match kind:
        case inspect.StructType():
            for field in kind.fields:
                if isinstance(value, dict) and value.get(field.encode_name) is not None:
                    yield from texts_in(field.type, value[field.encode_name], (*path, field.encode_name))
        case inspect.UnionType():
            for part in kind.types:
                if not isinstance(part, inspect.NoneType):
                    yield from texts_in(part, value, path)
        case inspect.VarTupleType():
            for number, item in enumerate(value):
                yield from texts_in(kind.item_type, item, (*path, number))
        case inspect.TupleType():
            for number, (part, item) in enumerate(zip(kind.item_types, value, strict=True)):
                yield from texts_in(part, item, (*path, number))
        case inspect.StrType():
            yield path, kind.pattern


def declared(kind: Any) -> Iterator[str]:
    """Yield the names of all fields of a type, to any depth, that take text: whether a value says them or not."""
    match kind:
        case inspect.StructType():
            for field in kind.fields:
                for inner in declared(field.type):
                    yield f"{field.encode_name}.{inner}".rstrip(".")
        case inspect.UnionType():
            for part in kind.types:
                yield from declared(part)
        case inspect.VarTupleType():
            yield from declared(kind.item_type)
        case inspect.TupleType():
            for part in kind.item_types:
                yield from declared(part)
        case inspect.StrType(pattern=None):
            yield ""


FIELDS: tuple[Field, ...] = tuple(
    Field(plain(body)["kind"], path, pattern)
    for body, _ in bodies_of_every_kind()
    for path, pattern in texts_in(inspect.type_info(type(body)), plain(body))
)
"""Every text of one body of every kind, as `bodies_of_every_kind` says them all."""

FREE: dict[str, What] = {
    "set_tolerance:why": "words",
    "revoke_token:why": "words",
    "set_mandate:why": "words",
    "set_mandate:preset": "words",
    "set_mandate:subject": "subject",
    "kernel_started:version": "words",
    "kernel_started:digest": "words",
    "kernel_started:resumed_by": "words",
    "kernel_started:resumed_why": "words",
    "set_pause:subject": "subject",
    "set_pause:why": "words",
    "halt:subject": "subject",
    "halt:why": "words",
    "review:why": "words",
    "resume:why": "words",
    "answered:code": "words",
    "submit:client": "name",
    "submit:marks.source": "words",
    "replace:marks.source": "words",
    "marked:marks.source": "words",
    "decline:why": "words",
    "approve:marks.source": "words",
    "preapprove:why": "words",
    "revoke_preapproval:why": "words",
    "remove_callback:why": "words",
    "set_key:why": "words",
    "set_exit:client": "name",
    "ask:order": "name",
    "unencodable:why": "words",
    "withdrawn:why": "words",
    "alarmed:why": "words",
    "acked:venue_order": "words",
    "rejected:code": "words",
    "lost:why": "words",
    "cancel_refused:code": "words",
    "replace_refused:code": "words",
    "external:what": "words",
    "no_data:why": "words",
    "adopt:why": "words",
    "adopt:agent": "name",
    "adopt:shown": "name",
    "acted:what": "words",
    "acted:via": "words",
    "acted:door": "words",
    "noted:via": "words",
    "settle_spend:why": "words",
    "set_person:why": "words",
    "drop_change:why": "words",
}

OTHERS: dict[type, frozenset[str]] = {
    Request: frozenset({"token", "door", "act"}),
    WithText: frozenset({"text"}),
    NewToken: frozenset(),
    NewCallback: frozenset(),
    RotateKey: frozenset({"why"}),
    SignedMessage: frozenset({"webhook-timestamp", "webhook-signature", "body"}),
    RotateToken: frozenset(),
    signin.Password: frozenset({"person", "password", "code", "new_password"}),
    signin.PasskeyFinish: frozenset({"ceremony"}),
    signin.Code: frozenset({"code"}),
    credentials.SetPassword: frozenset({"person", "password", "current"}),
    credentials.ConfirmTotp: frozenset({"code"}),
    credentials.RemoveTotp: frozenset({"person"}),
    credentials.FinishPasskey: frozenset({"ceremony", "name"}),
    credentials.RemovePasskey: frozenset({"person", "passkey"}),
    credentials.SignOut: frozenset({"person"}),
    Principal: frozenset({"name", "token", "door", "owner"}),
    messages.Accepted: frozenset({"venue_order"}),
    messages.Refused: frozenset({"order", "why"}),
    messages.Shown: frozenset({"venue_order", "instrument"}),
    messages.Holdings: frozenset(),
    messages.Done: frozenset(),
    messages.Message: frozenset(),
    messages.Query: frozenset({"instrument"}),
    messages.Sealed: frozenset({"method", "path"}),
    messages.FromFeed: frozenset({"key", "marks.source"}),
}
"""Free text outside the commands, by the type that carries it; each is tried in `test_texts` or by a fuzz target."""


def free_fields() -> tuple[Field, ...]:
    """Return the fields whose text no pattern bounds."""
    return tuple(field for field in FIELDS if field.pattern is None)


def declared_in(tag: str) -> set[str]:
    """Return the free-text fields that a kind of command declares."""
    return {f"{tag}:{name}" for name in declared(inspect.type_info(KINDS[tag]))}
