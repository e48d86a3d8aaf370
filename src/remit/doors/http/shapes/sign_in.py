"""Shapes of signing in: what people prove themselves by, their sessions, their credentials, and tokens."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from remit.doors.http.shapes.base import Given, Paged, Sent, Shape
from remit.kernel.names import At, Name, PersonRole, Role

Secret = Annotated[str, msgspec.Meta(max_length=1024)]
Word = Annotated[str, msgspec.Meta(max_length=128)]
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Device = dict[str, Any]
"""What a browser's `navigator.credentials` takes or gives, as its `parseFrom...JSON` and `toJSON` write it."""


class WithPassword(Sent, frozen=True):
    """A password; the `code` of an app where the person has one, `new_password` where they have to choose one."""

    person: Word
    password: Secret
    code: Word = ""
    new_password: Secret = ""


class WithCode(Sent, frozen=True):
    """The one-time code that `remit open` made."""

    code: Word


class WithPasskey(Sent, frozen=True):
    """What the device answered to the options."""

    ceremony: Word
    response: Device


class Asked(Shape, frozen=True):
    """What a device is asked: hand `options.publicKey` to the browser, send its answer with the `ceremony`."""

    ceremony: str
    options: Device


class Begun(Shape, frozen=True):
    """A session began; its secret is in the cookie alone. `csrf` goes with each change, as `X-Remit-CSRF`."""

    person: str
    role: PersonRole
    expires_at: At
    csrf: str


class PasskeyRow(Shape, frozen=True):
    """A passkey, by the name that its person gave it."""

    id: str
    name: str
    added_at: At


class SessionRow(Shape, frozen=True):
    """An open session; `last_use` is the minute of its last request."""

    token: str
    issued_at: At
    last_use: At | None


class Me(Shape, frozen=True):
    """Who the caller is. `csrf` is empty unless a session's cookie asks; `known` says whether it is a person of the
    book, who can have credentials."""

    name: str
    role: Role
    owner: str
    token: str
    session: bool
    expires_at: At | None
    known: bool
    password: bool
    totp: bool
    passkeys: tuple[PasskeyRow, ...]
    sessions: tuple[SessionRow, ...]
    csrf: str


class SigningOut(Sent, frozen=True):
    """Whether all sessions of the caller end, or this one."""

    everywhere: bool = False


class SignedOut(Shape, frozen=True):
    """How many sessions ended."""

    person: str
    signed_out: int


class OwnPassword(Sent, frozen=True):
    """A new password, and the one before it where there is one."""

    password: Secret
    current: Secret = ""


class FirstPassword(Sent, frozen=True):
    """A first password for somebody else, who has to choose another with it."""

    password: Secret


class PasswordSet(Shape, frozen=True):
    """Whose password was set; `must_change` where it is good for choosing another only."""

    person: str
    must_change: bool
    signed_out: int


class App(Shape, frozen=True):
    """A secret for an app for codes, as text and as what a QR code holds. It counts once it is confirmed."""

    person: str
    secret: str
    uri: str


class AppCode(Sent, frozen=True):
    """The code that the app shows."""

    code: Word


class AppState(Shape, frozen=True):
    """Whether a person has an app for codes."""

    person: str
    totp: bool


class AppGone(AppState, frozen=True, kw_only=True):
    """And how many sessions ended with it."""

    signed_out: int


class NewPasskey(Sent, frozen=True):
    """What the device answered, and what its person calls it."""

    ceremony: Word
    response: Device
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class PasskeyAdded(Shape, frozen=True):
    """A passkey of the caller."""

    person: str
    passkey: str
    name: str


class PasskeyGone(Shape, frozen=True):
    """A passkey that is worth nothing any more."""

    person: str
    passkey: str
    signed_out: int


class OnePasskey(Given, frozen=True):
    """Which passkey, by its id."""

    passkey: Annotated[str, msgspec.Meta(max_length=2048)]


class OnePerson(Given, frozen=True):
    """Who."""

    person: Name


class PersonsPasskey(Given, frozen=True):
    """Whose passkey, and which."""

    person: Name
    passkey: Annotated[str, msgspec.Meta(max_length=2048)]


class TokenRow(Shape, frozen=True):
    """A token, by its id and its first characters; `last_use` is the minute of its last request."""

    token: str
    prefix: str
    role: Role
    name: str
    owner: str
    state: Literal["valid", "expired", "revoked"]
    issued_at: At
    expires_at: At | None
    last_use: At | None
    session: bool
    replaces: str
    parent: str


class TokenQuery(Paged, frozen=True):
    """Which page of the tokens."""


class IssuingToken(Sent, frozen=True):
    """A token for whom and what; for ever where no end is said."""

    role: Role
    name: Name
    owner: Name
    expires_at: At | None = None


class OneToken(Given, frozen=True):
    """Which token, by its id."""

    token: Name


class Rotating(Sent, frozen=True):
    """How long the old token lives on beside the new one, and when the new one ends."""

    overlap_s: Annotated[int, msgspec.Meta(ge=0, le=2_592_000)] = 86_400
    expires_at: At | None = None


class Revoking(Sent, frozen=True):
    """The reason, for the journal."""

    why: Why


class Issued(Shape, frozen=True):
    """A new token: the `secret` is shown here and never again."""

    token: str
    secret: str
    seq: int
    at: At
