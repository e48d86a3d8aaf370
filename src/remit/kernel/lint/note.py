"""What lint reads and what it says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from remit.kernel.mandate import Mandate, Rate
from remit.kernel.numbers import Decimal18, Money, text

Weight = Literal["note", "warning"]
Code = Literal["never_binds", "allows_nothing", "never_asks", "always_asks", "unknown_name", "know_this"]


class Level(NamedTuple):
    """One subject on a path, its mandate and its currency; an empty currency is the same for all."""

    subject: str
    mandate: Mandate
    currency: str = ""


Path = Sequence[Level]
"""Firm, account, agent, then client: the widest first."""


class Known(NamedTuple):
    """What lint may know of the installation; what depends on an unknown (None) is not looked at."""

    calendars: Collection[str] | None = None
    smallest_order: Money = Money(0)
    """The worth of the smallest order that can be placed: one lot at its price."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One thing worth a look: about which limits, with which numbers (as text), in one sentence, and what to do."""

    weight: Weight
    code: Code
    subject: str
    fields: tuple[str, ...]
    numbers: tuple[str, ...]
    sentence: str
    fix: str


Found = Iterator[Note]


class Limit(NamedTuple):
    """One limit that is set on a path: how deep, by whom, which, how much."""

    depth: int
    level: Level
    field: str
    value: Any

    def __str__(self) -> str:
        return f"{self.field} of {self.level.subject} ({written(self.value)})"

    def same_measure(self, other: Limit) -> bool:
        """Whether the two values can be compared: money only within one currency."""
        return not isinstance(self.value, Money) or self.level.currency == other.level.currency


def limits(path: Path, field: str) -> list[Limit]:
    """Return where on the path `field` is set, the widest scope first."""
    found = ((depth, level, getattr(level.mandate, field)) for depth, level in enumerate(path))
    return [Limit(depth, level, field, value) for depth, level, value in found if value is not None]


def written(value: Any) -> str:
    """Return a limit's value as people write it."""
    if isinstance(value, Decimal18):
        return text(value)
    if isinstance(value, Rate):
        return f"{value.count} in {value.per_s} s"
    if isinstance(value, tuple):
        return ", ".join(value) or "nothing"
    return str(value)


def note(code: Code, about: Sequence[Limit], sentence: str, fix: str, weight: Weight = "warning") -> Note:
    """Return a note about some limits; its subject is the first one's."""
    return Note(
        weight=weight,
        code=code,
        subject=about[0].level.subject,
        sentence=sentence,
        fix=fix,
        fields=tuple(limit.field for limit in about),
        numbers=tuple(written(limit.value) for limit in about),
    )
