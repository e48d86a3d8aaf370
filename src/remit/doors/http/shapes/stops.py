"""Shapes of what stops trading: halts are the guard's, pauses a person's, and the two are never blurred."""

from __future__ import annotations

from typing import Annotated

import msgspec

from remit.doors.http.shapes.base import Given, Sent, Shape
from remit.doors.http.shapes.book import Subject
from remit.kernel.names import At, Name, Text

Reason = Annotated[Text, msgspec.Meta(min_length=1)]


class NewHalt(Sent, frozen=True):
    """Whom to halt, and why. It is latched: it ends by a review and a resume."""

    subject: Subject
    why: Reason


class NewKill(Sent, frozen=True):
    """Whom to kill, and why: everything that works is cancelled; with `flatten` positions are closed, too."""

    subject: Subject
    why: Reason
    flatten: bool = False


class OneHalt(Given, frozen=True):
    """Which halt."""

    halt: Name


class NewReview(Sent, frozen=True):
    """At which limit a person looked, and why it came to the halt."""

    limit: Name
    why: Reason


class Why(Sent, frozen=True):
    """The reason, for the journal."""

    why: Reason


class HaltRow(Shape, frozen=True):
    """A halt in force: why, in half a sentence (`because`), its limit and measurement, in `unit`, how that stands now
    (`stands` of `limit_now`, both empty where no mandate sets it any more; `now` is empty where it is not breached any
    more), and the steps that end it."""

    id: str
    subject: Subject
    cause: str
    because: str
    rule: str
    limit: str
    actual: str
    why: str
    at: At
    age_s: int
    needs: str
    now: str
    to_end: tuple[str, ...]
    reviewed_by: str
    reviewed_limit: str
    review: str
    flatten: bool = False
    resume_in_s: int | None = None
    by_owner: str = ""
    unit: str = ""
    stands: str = ""
    limit_now: str = ""


class PauseRow(Shape, frozen=True):
    """A pause in force."""

    subject: Subject
    by: str
    at: At
    why: str


class NewPause(Sent, frozen=True):
    """Whom to pause, and why."""

    subject: Subject
    why: Reason


class OnePause(Given, frozen=True):
    """Whose pause."""

    subject: Subject


class KillRow(Shape, frozen=True):
    """How far one kill has come through one connection."""

    halt: str
    subject: Subject
    rule: str
    at: At
    connection: str
    venue: str
    link_up: bool
    asked: int
    over: int
    working: int
    unknown: int
    cancel_all: str
    tries: int
    told_at: At | None
    answered_at: At | None
    flatten: bool
    open: int
