"""Days and hours: the facts about time that the guard derives for the kernel, which has no time-zone database."""

from __future__ import annotations

from collections.abc import Iterator

from remit.guard.errors import HoursInvalid
from remit.guard.sessions import calendar, sessions
from remit.kernel import command as c
from remit.kernel.command import Body
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import DAY_NS
from remit.kernel.state import State

AHEAD_NS = 300 * DAY_NS
"""How far ahead days and windows are journalled."""
TOP_UP_NS = 30 * DAY_NS
"""They are journalled again when fewer than so many are left."""


def needed_first(state: State, body: Body, at: int) -> Iterator[Body]:
    """Yield what must enter before a command: the days of a mandate's zone, the calendars of its hours. ZoneUnknown,
    HoursInvalid."""
    if isinstance(body, c.SetMandate):
        yield from _needed(state, body.mandate, at)


def running_out(state: State, at: int) -> Iterator[Body]:
    """Yield the days and windows to journal again because those known run out."""
    for of in state.subjects.values():
        if of.version is not None:
            yield from _needed(state, of.version.mandate, at)


def _needed(state: State, mandate: Mandate, at: int) -> Iterator[Body]:
    starts = state.zones.get(mandate.zone, ())
    begins_at, ends_at = at - 2 * DAY_NS, at + AHEAD_NS
    if not starts or starts[-1] < at + TOP_UP_NS:
        yield sessions(mandate.zone, begins_at, ends_at)
    for name in mandate.hours_active or ():
        known = state.calendars.get(name)
        if known is not None and known.ends_at >= at + TOP_UP_NS:
            continue
        try:
            yield calendar(name, name.replace("@", " "), begins_at, ends_at)
        except HoursInvalid:
            if known is None:
                raise HoursInvalid(
                    f"calendar {name} is not known and is no window", "Give it first: remit fact calendar FILE"
                ) from None
