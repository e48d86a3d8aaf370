"""Shapes of mandates: what is in force, what was, drafts and their differences."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from remit.doors.http.shapes.base import Given, Paged, Sent, Shape
from remit.doors.http.shapes.book import Subject
from remit.kernel.event import Finding, VerdictName
from remit.kernel.mandate import Mandate
from remit.kernel.names import At, Name, Principal, Text


class MandateQuery(Paged, frozen=True):
    """Whose mandates."""

    subject: Subject | None = None


class OneSubject(Given, frozen=True):
    """Whose mandate: `firm`, `account:NAME`, `agent:NAME` or `client:NAME`."""

    subject: Subject


class MandateRow(Shape, frozen=True):
    """The mandate of one subject; without one in force (`number` null, or `in_force` false) everything is denied."""

    subject: Subject
    number: int | None
    mandate: Mandate | None
    in_force: bool
    currency: str
    digest: str | None = None
    at: At | None = None
    by: Principal | None = None
    why: str | None = None
    expires_at: At | None = None
    preset: str = ""
    confirmed_by: Principal | None = None


class Version(Shape, frozen=True):
    """One published version of a mandate, and what it changed, its end too: field to [before, after]."""

    subject: Subject
    number: int
    mandate: Mandate
    currency: str
    digest: str
    at: At
    by: Principal
    why: str
    expires_at: At | None
    preset: str
    changed: dict[str, tuple[Any, Any]]
    confirmed_by: Principal | None = None
    """The second person, where one was required."""


class Publish(Sent, frozen=True):
    """A mandate to publish, whole: what it does not say does not constrain."""

    mandate: Mandate
    why: Annotated[Text, msgspec.Meta(min_length=1)]
    expires_at: At | None = None
    preset: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Drafting(Sent, frozen=True):
    """A preset to draft from: for which subjects (all where not said), and what only you can give it."""

    preset: Name
    subjects: Annotated[tuple[Subject, ...], msgspec.Meta(max_length=1000)] | None = None
    calendar: Name | None = None
    blocked: Annotated[tuple[Name, ...], msgspec.Meta(max_length=1000)] | None = None


class Drafts(Sent, frozen=True):
    """Mandates by subject that are not published yet."""

    mandates: Annotated[dict[Subject, Mandate], msgspec.Meta(max_length=1000)]


class Comparing(Drafts, frozen=True):
    """Drafts to compare with what is in force. `expires_at` gives them an end, null for none; whoever is not named in
    it keeps the end of the version in force."""

    expires_at: Annotated[dict[Subject, At | None], msgspec.Meta(max_length=1000)] = {}


class Linting(Sent, frozen=True):
    """Drafts to look at beside what is in force, if any; of a `preset` fewer things are worth saying."""

    mandates: Annotated[dict[Subject, Mandate], msgspec.Meta(max_length=1000)] | None = None
    preset: bool = False


class Change(Shape, frozen=True):
    """One field that a draft changes, or its end (`expires_at`, in ns), and what that means: tighter, looser, no
    effect, changed. `now` is how much of the limit is used at this moment, empty where nothing is used up; `holds`
    whether that is within it after the change."""

    field: str
    before: Any
    after: Any
    way: str
    now: str = ""
    holds: bool = True


class Compared(Shape, frozen=True):
    """What a draft would change of a subject's mandate; `unread` fields are read by no rule at this scope.

    `second_person` is whose mandate asks for another person to confirm it; empty where it takes effect at once.
    """

    subject: Subject
    number: int | None
    changes: tuple[Change, ...]
    loosens: tuple[str, ...]
    second_person: str
    unread: tuple[str, ...]


class Trying(Sent, frozen=True):
    """Drafts by subject, to be tried on the orders of the last `days`."""

    mandates: Annotated[dict[Subject, Mandate], msgspec.Meta(max_length=1000)]
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 7


class Flip(Shape, frozen=True):
    """An order whose verdict turns: `was` under the mandates in force then, `would` under the drafts.

    `findings` are what the drafts find against it or, where they are `looser`, what stood against it.
    """

    seq: int
    at: At
    order: str
    agent: str
    client: str
    instrument: str
    side: str
    quantity: str
    was: VerdictName
    would: VerdictName
    looser: bool
    findings: tuple[Finding, ...]


class Needless(Shape, frozen=True):
    """A halt that was raised at `actual` against `limit`, and would not have been against the drafts' `would`, empty
    for no limit. It stood all the same: `orders` of those judged were denied under it."""

    halt: str
    subject: str
    rule: str
    at: At
    actual: str
    limit: str
    would: str
    orders: int


class WhatIf(Shape, frozen=True):
    """What drafts would have decided of the `judged` orders that the caller may see, between two times.

    Each was judged as things stood when it came, and is followed by what really followed. `was` and `would` count them
    by verdict; `flips` are the newest 500 that turn, oldest first; `tighter` and `looser` count all of those.
    `needless` halts denied some of them: what followed a halt is not replayed.
    """

    from_at: At
    to_at: At
    judged: int
    tighter: int
    looser: int
    was: dict[VerdictName, int]
    would: dict[VerdictName, int]
    flips: tuple[Flip, ...]
    needless: tuple[Needless, ...]


class LintNote(Shape, frozen=True):
    """One thing worth a look: limits that contradict, or that can never bind."""

    weight: str
    code: str
    subject: str
    fields: tuple[str, ...]
    numbers: tuple[str, ...]
    sentence: str
    fix: str


class PathQuery(Given, frozen=True):
    """Whose orders: an agent's, through a client where one is named; the caller's own where nothing is said."""

    agent: Name | None = None
    client: Name | None = None


class Said(Shape, frozen=True):
    """What one subject's mandate says."""

    subject: Subject
    value: Any


class EffectiveLimit(Shape, frozen=True, kw_only=True, rename={"from_": "from"}):
    """One limit with every value on the path; `effective` sums them up, `decides` names whose value that is."""

    limit: str
    effective: Any
    unit: str
    per: str
    from_: tuple[Said, ...]
    decides: tuple[Subject, ...]


class Counted(Said, frozen=True):
    """What one subject's mandate says of a term; `is_set` is false where that is the default."""

    is_set: bool


class EffectiveTerm(Shape, frozen=True, kw_only=True, rename={"from_": "from"}):
    """How something is counted on a path: `effective` is what counts for its orders where the term is counted
    `together`, and `decides` names whose that is; else it is each subject's own."""

    term: str
    effective: Any
    unit: str
    together: bool
    from_: tuple[Counted, ...]
    decides: tuple[Subject, ...]


class Effective(Shape, frozen=True):
    """What binds the orders of one path; `missing` names who has no mandate, which denies."""

    path: tuple[Subject, ...]
    missing: tuple[Subject, ...]
    limits: tuple[EffectiveLimit, ...]
    terms: tuple[EffectiveTerm, ...]


class Setting(Shape, frozen=True):
    """One value of a preset: for which scope, and where (training, live or both)."""

    scope: str
    field: str
    value: Any
    where: str


class Preset(Shape, frozen=True):
    """One preset with its settings, and what only the installation can give it."""

    preset: str
    purpose: str
    needs: tuple[str, ...]
    settings: tuple[Setting, ...]


class RuleRow(Shape, frozen=True):
    """One field of a mandate, or a fact that is always checked, in words and with what it takes.

    `title` is what it is called.
    `plain` is one sentence with `{limit}` for the limit and its unit, `exactly` says word by word what is measured.
    `input` is what a value is written as: a `wait` is whole seconds or one of `choices`, a `word` is one of them, and
    `names` are of them where there are any. `together` names the field that is set and taken away with this one.
    A field that is not set counts as its `default`, where it has one; else `unset` says what holds then.
    """

    rule: str
    title: str
    kind: Literal["limit", "term", "fact"]
    group: str
    plain: str
    measures: str
    exactly: str
    asked_of: str
    on_breach: str
    only: tuple[str, ...]
    per: Literal["total", "market", "category", "venue"]
    unit: str
    scopes: tuple[str, ...]
    input: Literal["money", "quantity", "ratio", "whole", "rate", "names", "word", "wait", "zone", "none"]
    low: int | None
    high: int | None
    choices: tuple[str, ...]
    default: Any
    unset: str
    together: str
    doc: str
