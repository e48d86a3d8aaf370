"""Sessions: days and opening hours of time zones, turned into the UTC instants that the kernel is told."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from remit.guard.errors import HoursInvalid, ZoneUnknown
from remit.kernel.command import SetCalendar, SetSessions
from remit.kernel.numbers import NANOSECONDS

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXAMPLE = "Write for example `America/New_York mon-fri 09:30-16:00`"
Windows = tuple[tuple[int, int], ...]
"""Pairs of UTC nanoseconds, open and close, in order and apart; a window holds its open and not its close."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_HOURS = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])", re.ASCII)


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of that name; ZoneUnknown where the database has none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneUnknown(f"no time zone {name!r} is known", "Use a name such as America/New_York") from None


def session_starts(zone: str, from_at: int, to_at: int) -> tuple[int, ...]:
    """Return the UTC nanoseconds at which days begin in a zone, from `from_at` up to but without `to_at`.

    A day begins at its midnight. Where the clock skips midnight it begins at the skip; where midnight comes twice, at
    the first; a day that a zone left out has no beginning. ZoneUnknown.
    """
    where = zone_of(zone)
    starts = {_instant(where, day, 0, late=False) for day in _days(where, from_at, to_at)}
    return tuple(start for start in sorted(starts) if from_at <= start < to_at)


def sessions(zone: str, from_at: int, to_at: int) -> SetSessions:
    """Return the command that tells the kernel a zone's days between two UTC times in nanoseconds; ZoneUnknown."""
    return SetSessions(zone=zone, starts=session_starts(zone, from_at, to_at))


def windows(hours: str, from_at: int, to_at: int) -> Windows:
    """Return the open windows that `hours` describes between two UTC times, cut to them, where they touch made one.

    `ZONE DAYS HH:MM-HH:MM[,HH:MM-HH:MM]`, DAYS being `daily` or days and spans such as `mon-thu,sat`. A window that
    ends before its start lasts into the next day; a whole day is `00:00-24:00`. Where the clock skips the time named,
    the skip counts; where it comes twice, the window opens at the second and closes at the first: never too long.
    HoursInvalid, ZoneUnknown.
    """
    zone, days, spans = _parse(hours)
    where, found = zone_of(zone), []
    for day in _days(where, from_at, to_at):
        for opens, closes in spans if DAYS[day.weekday()] in days else ():
            start, end = _instant(where, day, opens, late=True), _instant(where, day, closes, late=False)
            found.append((max(start, from_at), min(end, to_at)))
    return _joined(found)


def calendar(name: str, hours: str, from_at: int, to_at: int) -> SetCalendar:
    """Return the command that tells the kernel the windows of `hours` as a calendar; HoursInvalid, ZoneUnknown."""
    return SetCalendar(calendar=name, begins_at=from_at, ends_at=to_at, windows=windows(hours, from_at, to_at))


def _parse(hours: str) -> tuple[str, frozenset[str], list[tuple[int, int]]]:
    parts = hours.split()
    if len(parts) != 3:
        raise HoursInvalid(f"{hours!r} is not a zone, days and times", EXAMPLE)
    zone, days, times = parts
    return zone, _day_set(days), [_span(time) for time in times.split(",")]


def _day_set(text: str) -> frozenset[str]:
    if text == "daily":
        return frozenset(DAYS)
    found: set[str] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise HoursInvalid(f"{part!r} is no day", f"Write `daily`, or days and spans of {', '.join(DAYS)}")
        start = DAYS.index(first)
        count = (DAYS.index(last) - start) % 7 + 1 if dash else 1
        found.update(DAYS[(start + offset) % 7] for offset in range(count))
    return frozenset(found)


def _span(text: str) -> tuple[int, int]:
    """Minutes from the day's midnight: opens, and closes after it, in the next day where the window is overnight."""
    match = _HOURS.fullmatch(text)
    if match is None:
        raise HoursInvalid(f"{text!r} is no span of times", EXAMPLE)
    hour, minute, end_hour, end_minute = map(int, match.groups())
    opens, closes = hour * 60 + minute, end_hour * 60 + end_minute
    if opens >= 24 * 60 or closes > 24 * 60:
        raise HoursInvalid(f"{text!r} goes past 24:00", EXAMPLE)
    if opens == closes:
        raise HoursInvalid(f"{text!r} is empty or a whole day", "Write 00:00-24:00 for a whole day")
    return opens, closes if closes > opens else closes + 24 * 60


def _days(where: ZoneInfo, from_at: int, to_at: int) -> list[date]:
    # Two days more at each end: overnight windows, and zones that left a day out.
    if to_at <= from_at:
        return []
    first = (_EPOCH + timedelta(microseconds=from_at // 1000)).astimezone(where).date() - 2 * _DAY
    last = (_EPOCH + timedelta(microseconds=to_at // 1000)).astimezone(where).date() + 2 * _DAY
    return [first + offset * _DAY for offset in range((last - first).days + 1)]


def _instant(where: ZoneInfo, day: date, minutes: int, *, late: bool) -> int:
    """The UTC nanoseconds of a local time; the skip where the clock skips it; of two, the second where `late`."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=where)
    local = midnight + minutes * timedelta(minutes=1)  # arithmetic inside one zone is on its wall clock
    early, second = local.replace(fold=0).astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    if early <= second:
        return _nanoseconds(second if late else early)
    # In a gap `fold` swaps: the skip lies after `second` and not after `early`.
    before = second.astimezone(where).utcoffset()
    while early - second > _SECOND:
        middle = second + (early - second) // 2
        if middle.astimezone(where).utcoffset() == before:
            second = middle
        else:
            early = middle
    return _nanoseconds(early.replace(microsecond=0))


def _nanoseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _SECOND * NANOSECONDS


def _joined(found: list[tuple[int, int]]) -> Windows:
    joined: list[tuple[int, int]] = []
    for opens, closes in sorted(found):
        if opens >= closes:
            continue
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        else:
            joined.append((opens, closes))
    return tuple(joined)
