"""Names, sides, scopes and subjects: the small words every other noun is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

import msgspec

# `$` would also match before a last line break, and two names that look the same must be the same: hence `\Z`.
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}\Z"
OPTIONAL_NAME_PATTERN = rf"^(?:{NAME_PATTERN.removeprefix('^')}|\Z)"
Name = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
OptionalName = Annotated[str, msgspec.Meta(pattern=OPTIONAL_NAME_PATTERN)]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9]{1,11}\Z")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
OPTIONAL_DIGEST_PATTERN = r"^(?:[0-9a-f]{64}\Z|\Z)"
TraceId = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9a-f]{32}\Z|\Z)")]
"""The trace that a call belongs to, as OpenTelemetry writes it; empty where there is none."""
Zone = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}\Z")]
Text = Annotated[str, msgspec.Meta(max_length=500)]
At = Annotated[int, msgspec.Meta(ge=0)]

Side = Literal["buy", "sell"]
Environment = Literal["training", "live"]
Scope = Literal["firm", "account", "agent", "client", "venue", "connection", "instrument"]
PersonRole = Literal["owner", "operator", "approver", "compliance", "auditor"]
Role = Literal["owner", "operator", "approver", "compliance", "auditor", "agent", "client", "feed", "guard"]
HUMAN: frozenset[Role] = frozenset(get_args(PersonRole))
"""The roles of people; all others are of machines."""

MANDATE_SCOPES: tuple[Scope, ...] = ("firm", "account", "agent", "client")
SCOPES: tuple[Scope, ...] = ("firm", "account", "agent", "client", "venue", "connection", "instrument")
"""What a subject can be; an instrument is one only for the cancelling of its orders."""
FIRM = "firm"
SIGN: dict[str, int] = {"buy": 1, "sell": -1}
NAMED_MAX = 5
"""Things that one alarm or check names: who reads it in a hurry reads no more."""


def subject(scope: str, name: str = "") -> str:
    """Return how a subject is written everywhere: `firm`, `account:desk`, `agent:momentum`."""
    return FIRM if scope == FIRM else f"{scope}:{name}"


def split_subject(written: str) -> tuple[Scope, str]:
    """Return (scope, name) of a written subject; the name of the firm is empty. Raises ValueError for anything else."""
    if written == FIRM:
        return "firm", ""
    head, separator, name = written.partition(":")
    for scope in SCOPES[1:]:
        if head == scope and separator and name:
            return scope, name
    raise ValueError(
        f"not a subject: {written!r}; write firm, account:NAME, agent:NAME, client:NAME, venue:NAME or connection:NAME"
    )


def named(things: Sequence[str]) -> str:
    """Return things in a line, the first NAMED_MAX of them by name and the rest by number; empty where there are
    none."""
    more = f"; and {len(things) - NAMED_MAX} more" if len(things) > NAMED_MAX else ""
    return "; ".join(things[:NAMED_MAX]) + more


class Principal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who asked: established by the guard from a token, never taken from an argument."""

    name: str
    role: Role
    token: str = ""
    """The token's id, never the token or its hash."""
    door: str = ""
    owner: str = ""
    """The person behind the token: the lineage that maker-checker excludes."""

    @property
    def is_person(self) -> bool:
        """Whether it is somebody who may decide: an operator, an approver or an owner."""
        return self.role in ("operator", "approver", "owner")

    @property
    def lineage(self) -> str:
        """The person behind it; whoever shares it counts as one."""
        return self.owner or self.name


GUARD = Principal(name="guard", role="guard", door="guard")
