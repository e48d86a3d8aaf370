"""The mandates of a replay: a preset or a file, for every subject, less the limits that were lifted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

import msgspec

from remit.kernel.mandate import LIMITS, Mandate
from remit.kernel.names import Scope, subject
from remit.kernel.presets import PRESETS, compose
from remit.replay.errors import ReplayRefused

_TOGETHER = ("quorum_notional_min", "approval_quorum")
Find = Callable[[str], Mandate | None]
"""What a mandate file says of a written subject, None where it says nothing."""


class Mandates(NamedTuple):
    """Where mandates come from: `label` for people, the preset's name or what a file says, and the limits lifted."""

    label: str
    preset: str
    find: Find | None
    lifted: tuple[str, ...]

    def of(self, scope: Scope, names: Sequence[str], calendar: str) -> Mandate | None:
        """Return the mandate of a subject known by any of `names`, the first that a file knows; None: it has none."""
        found: Mandate | None = None
        if self.find is None:
            found = compose(self.preset, scope, "training", calendar=calendar, blocked=())
        else:
            for name in names:
                found = found or self.find(subject(scope, name))
        if found is None or not self.lifted:
            return found
        return msgspec.structs.replace(found, **dict.fromkeys(self.lifted))

    @property
    def needs_calendar(self) -> bool:
        """Whether the preset asks for the hours of an exchange, which the bars must give."""
        return self.find is None and "calendar" in PRESETS[self.preset].parameters


def from_preset(name: str, lifted: Sequence[str]) -> Mandates:
    """Return the mandates of a preset; ReplayRefused for a limit to lift that does not exist."""
    return Mandates(f"preset {name}", name, None, _lifted(lifted))


def from_file(label: str, find: Find, lifted: Sequence[str]) -> Mandates:
    """Return the mandates that a file gives; a subject that it leaves out has none, and what needs one is denied."""
    return Mandates(f"file {label}", "", find, _lifted(lifted))


def file_of(mandates: Mapping[str, Mandate], pick: Callable[[Mapping[str, Mandate], str], Mandate | None]) -> Find:
    """Return how a mandate file, read, is asked for a subject."""
    return lambda written: pick(mandates, written)


def _lifted(fields: Sequence[str]) -> tuple[str, ...]:
    for field in fields:
        if field not in LIMITS:
            near = get_close_matches(field, LIMITS, n=1)
            known = f"Did you mean {near[0]}?" if near else f"Limits are {', '.join(LIMITS)}"
            raise ReplayRefused("lift_unknown", f"there is no limit {field!r}", known)
    both = _TOGETHER if set(_TOGETHER) & set(fields) else ()
    return tuple(sorted({*fields, *both}))
