"""Shapes of people, and of changes that wait for a second one."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from remit.doors.http.shapes.base import Given, Paged, Sent, Shape
from remit.doors.http.shapes.book import Subject
from remit.doors.http.shapes.mandates import Change
from remit.kernel.mandate import Mandate
from remit.kernel.names import At, Digest, Name, PersonRole, Principal, Text

Reason = Annotated[Text, msgspec.Meta(min_length=1)]


class PersonRow(Shape, frozen=True):
    """One person: `owner` is whom they act as; who is not `known` was never added and stands by their tokens alone."""

    name: Name
    role: PersonRole
    owner: str
    disabled: bool
    known: bool
    tokens: int
    """Tokens and sessions of theirs that are good now."""
    password: bool = False
    totp: bool = False
    passkeys: tuple[dict[str, Any], ...] = ()
    """By what they can sign in, as far as the caller may know."""


class OnePerson(Given, frozen=True):
    """Which person."""

    person: Name


class NewRole(Sent, frozen=True):
    """The role that a person has from here on, or that they are shut out; what they held until now ends with it."""

    role: PersonRole
    why: Reason
    disabled: bool = False


class ProposalQuery(Paged, frozen=True):
    """Of which subject."""

    subject: Subject | None = None


class OneProposal(Given, frozen=True):
    """Which change."""

    proposal: Name


class ProposalRow(Shape, frozen=True):
    """A mandate that loosens and waits for a second person. `stale`: another version came between, so it never takes
    effect; `asked_for_by` is whose mandate requires a second person; `yours_counts` is whether the caller is one."""

    proposal: Name
    subject: Subject
    number: int
    stale: bool
    changes: tuple[Change, ...]
    loosens: tuple[str, ...]
    mandate: Mandate
    expires_at: At | None
    preset: str
    why: str
    by: Principal
    asked_for_by: str
    digest: Digest
    yours_counts: bool
    at: At
    until: At
    expires_in_s: int


class Confirming(Sent, frozen=True):
    """The digest of the change that was shown."""

    digest: Digest


class Dropping(Sent, frozen=True):
    """Why a change is not to take effect."""

    why: Reason
