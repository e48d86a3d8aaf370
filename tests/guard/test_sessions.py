"""Days and hours of time zones, judged against a walk through every minute of the zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.guard.errors import HoursInvalid, ZoneUnknown
from remit.guard.sessions import DAYS, calendar, session_starts, sessions, windows
from remit.kernel.codec import build, plain
from remit.kernel.command import SetCalendar, SetSessions

MINUTE, HOUR, DAY = 60 * 10**9, 3600 * 10**9, 86_400 * 10**9

AROUND = [
    # zone, a day near which its clock changes
    ("UTC", "2026-03-01"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Europe/London", "2026-10-25"),
    ("Australia/Lord_Howe", "2026-04-05"),  # by half an hour
    ("America/Sao_Paulo", "2018-11-04"),  # skips midnight
    ("America/Sao_Paulo", "2018-02-18"),  # falls back at midnight
    ("America/Havana", "2026-11-01"),  # midnight comes twice
    ("America/St_Johns", "2010-11-07"),  # falls back at 00:01
    ("Asia/Beirut", "2026-03-29"),  # skips midnight
    ("Pacific/Apia", "2011-12-30"),  # leaves the day out
    ("Pacific/Kwajalein", "1993-08-21"),  # leaves the day out
    ("America/Toronto", "1919-03-31"),  # skips from 23:30 past midnight
    ("Asia/Kathmandu", "2026-06-01"),
]


def at(text: str) -> int:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) * 1000


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local(zone: str, instant: int) -> datetime:
    return (EPOCH + timedelta(microseconds=instant // 1000)).astimezone(ZoneInfo(zone))


def utc(*instants: int) -> list[str]:
    return [local("UTC", instant).strftime("%m-%d %H:%M") for instant in instants]


@settings(max_examples=60)
@given(st.sampled_from(AROUND), st.integers(-3 * 24 * 60, 2 * 24 * 60), st.integers(0, 4 * 24 * 60))
def test_days_begin_where_the_zones_date_first_moves_on(case: tuple[str, str], offset: int, length: int) -> None:
    zone, day = case
    begin = at(day) + offset * MINUTE
    end = begin + length * MINUTE
    expected, latest = [], local(zone, begin - 3 * DAY).date()
    for instant in range(begin - 3 * DAY, end, MINUTE):
        date = local(zone, instant).date()
        if date > latest:
            latest = date
            if instant >= begin:
                expected.append(instant)
    assert list(session_starts(zone, begin, end)) == expected


@pytest.mark.parametrize(
    ("zone", "begin", "end", "starts"),
    [
        ("America/New_York", "2026-03-07T06:00", "2026-03-10", ["03-08 05:00", "03-09 04:00"]),
        ("America/New_York", "2026-10-31T05:00", "2026-11-03", ["11-01 04:00", "11-02 05:00"]),
        ("America/Sao_Paulo", "2018-11-03", "2018-11-06", ["11-03 03:00", "11-04 03:00", "11-05 02:00"]),
        ("Pacific/Apia", "2011-12-29", "2012-01-01", ["12-29 10:00", "12-30 10:00", "12-31 10:00"]),
        ("UTC", "2026-01-01", "2026-01-03", ["01-01 00:00", "01-02 00:00"]),
    ],
)
def test_days_that_are_known(zone: str, begin: str, end: str, starts: list[str]) -> None:
    assert utc(*session_starts(zone, at(begin), at(end))) == starts


def test_a_year_has_its_days() -> None:
    starts = session_starts("America/New_York", at("2026-01-01T05:00"), at("2027-01-01T05:00"))
    lengths = [later - earlier for earlier, later in zip(starts, starts[1:], strict=False)]
    assert (len(starts), lengths.count(23 * HOUR), lengths.count(25 * HOUR), lengths.count(DAY)) == (365, 1, 1, 362)


@st.composite
def some_hours(draw: st.DrawFn) -> tuple[str, set[str], list[tuple[int, int]]]:
    """Days and times as text, and as the days and the minutes of day that they mean."""
    days = draw(st.sets(st.sampled_from(DAYS), min_size=1))
    spans, texts = [], []
    for _ in range(draw(st.integers(1, 3))):
        opens, closes = draw(st.integers(0, 24 * 60 - 1)), draw(st.integers(0, 24 * 60))
        if opens == closes:
            continue
        spans.append((opens, closes if closes > opens else closes + 24 * 60))
        texts.append(f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}")
    if not texts:
        spans, texts = [(0, 24 * 60)], ["00:00-24:00"]
    return f"{','.join(sorted(days))} {','.join(texts)}", days, spans


def is_open(when: datetime, days: set[str], spans: list[tuple[int, int]]) -> bool:
    minute, today, yesterday = when.hour * 60 + when.minute, DAYS[when.weekday()], DAYS[when.weekday() - 1]
    return any(
        (today in days and opens <= minute < closes) or (yesterday in days and opens <= minute + 24 * 60 < closes)
        for opens, closes in spans
    )


@settings(max_examples=60)
@given(st.sampled_from(AROUND), some_hours(), st.integers(-10 * 24 * 60, 0))
def test_windows_are_the_minutes_that_the_hours_name(
    case: tuple[str, str], hours: tuple[str, set[str], list[tuple[int, int]]], offset: int
) -> None:
    (zone, day), (text, days, spans) = case, hours
    begin = at(day) + offset * MINUTE
    end = begin + 4 * DAY
    found = windows(f"{zone} {text}", begin, end)
    flat = [instant for window in found for instant in window]
    assert flat == sorted(set(flat))
    assert all(begin <= instant <= end for instant in flat)
    steady = len({local(zone, begin + hour * HOUR).utcoffset() for hour in range(-48, 145, 6)}) == 1
    for instant in range(begin, end, 7 * MINUTE):
        when, inside = local(zone, instant), any(opens <= instant < closes for opens, closes in found)
        if steady:
            assert inside == is_open(when, days, spans), when
        else:
            assert not inside or is_open(when, days, spans), when  # near a change of the clock never a minute too many


@pytest.mark.parametrize(
    ("hours", "begin", "end", "found"),
    [
        ("America/New_York mon-fri 09:30-16:00", "2026-03-06", "2026-03-10",
         ["03-06 14:30", "03-06 21:00", "03-09 13:30", "03-09 20:00"]),
        # opens in the skip, closes in it, lies in it
        ("America/New_York sun 02:30-04:00", "2026-03-08", "2026-03-09", ["03-08 07:00", "03-08 08:00"]),
        ("America/New_York sun 01:00-02:30", "2026-03-08", "2026-03-09", ["03-08 06:00", "03-08 07:00"]),
        ("America/New_York sun 02:10-02:50", "2026-03-08", "2026-03-09", []),
        # opens at the second 01:30, closes at the first
        ("America/New_York sun 01:30-03:00", "2026-11-01", "2026-11-02", ["11-01 06:30", "11-01 08:00"]),
        ("America/New_York sun 00:00-01:30", "2026-11-01", "2026-11-02", ["11-01 04:00", "11-01 05:30"]),
        # overnight, cut at both ends
        ("UTC fri-mon 22:00-02:00", "2026-01-04", "2026-01-06",
         ["01-04 00:00", "01-04 02:00", "01-04 22:00", "01-05 02:00", "01-05 22:00", "01-06 00:00"]),
        ("UTC daily 00:00-24:00", "2026-01-04T07:00", "2026-01-09", ["01-04 07:00", "01-09 00:00"]),
        ("UTC mon 09:00-12:00,11:00-13:00,13:00-14:00", "2026-01-05", "2026-01-06", ["01-05 09:00", "01-05 14:00"]),
        ("UTC mon 09:00-12:00", "2026-01-05", "2026-01-05", []),
    ],
)  # fmt: skip
def test_windows_that_are_known(hours: str, begin: str, end: str, found: list[str]) -> None:
    assert utc(*(instant for window in windows(hours, at(begin), at(end)) for instant in window)) == found


@pytest.mark.parametrize(
    "hours",
    [
        "", "09:30-16:00", "America/New_York mon-fri", "America/New_York mon-fri 9:30-16:00", "UTC mon 24:00-02:00",
        "UTC mon 09:00-24:30", "UTC mon 09:00-09:00", "UTC monday 09:00-10:00", "UTC mon- 09:00-10:00",
        "UTC mon,, 09:00-10:00", "UTC MON 09:00-10:00", "UTC mon 09:00-10:00,", "UTC mon 09:00 - 10:00",
        "UTC mon 09:60-10:00", "UTC mon 25:00-26:00",
    ],
)  # fmt: skip
def test_hours_that_mean_nothing_are_refused(hours: str) -> None:
    with pytest.raises(HoursInvalid) as refused:
        windows(hours, 0, DAY)
    assert "rite" in refused.value.fix


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "/etc/localtime", "America", "new york"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ZoneUnknown):
        session_starts(zone, 0, DAY)


@given(st.text(max_size=60))
def test_any_text_is_hours_or_refused_by_name(text: str) -> None:
    try:
        windows(text, 0, DAY)
    except (HoursInvalid, ZoneUnknown) as refused:
        assert refused.fix


def test_the_commands_are_what_the_kernel_reads() -> None:
    begin, end = at("2026-01-01"), at("2026-02-01")
    days, hours = sessions("Asia/Tokyo", begin, end), calendar("desk", "Asia/Tokyo mon-fri 09:00-15:00", begin, end)
    assert build(SetSessions, plain(days)) == days
    assert build(SetCalendar, plain(hours)) == hours
    assert (hours.begins_at, hours.ends_at, len(hours.windows)) == (begin, end, 22)


# Calendar files
