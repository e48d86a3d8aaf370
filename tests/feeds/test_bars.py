"""Bars from files: every row is read or named, never skipped; files merge in order of time."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from remit.feeds.bars import BarsFile, instant, merge
from remit.feeds.errors import FeedError
from remit.kernel.numbers import text

HEADER = "ts,instrument,open,high,low,close,volume\n"
HOUR = 3600 * 10**9


def rows(*lines: str) -> str:
    return HEADER + "".join(line + "\n" for line in lines)


def at(hour: int, instrument: str = "ABC", prices: str = "10,12,9,11,100") -> str:
    return f"2025-01-02T{hour:02d}:00:00Z,{instrument},{prices}"


def written(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def test_a_row_becomes_a_bar(tmp_path: Path) -> None:
    first, second = BarsFile(written(tmp_path / "b.csv", rows(at(9), at(10, prices="11,,,,"))))
    assert (first.instrument, first.at, first.resolution_ns) == ("ABC", instant("2025-01-02T09:00:00Z"), HOUR)
    assert first.ended is not None
    numbers = (first.open, first.ended.high, first.ended.low, first.ended.close, first.ended.volume)
    assert [text(number) for number in numbers] == ["10", "12", "9", "11", "100"]
    assert second.ended is None, "a bar of which only the open is known"


def test_a_gz_file_reads_the_same(tmp_path: Path) -> None:
    content = rows(at(9), at(10))
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(content.encode()))
    assert list(BarsFile(tmp_path / "b.csv.gz")) == list(BarsFile(written(tmp_path / "b.csv", content)))


BAD = {
    "no header": (at(9) + "\n", "header", "line 1"),
    "empty": ("", "header", "line 1"),
    "a field too few": (rows(at(9), "2025-01-02T10:00:00Z,ABC,10,12,9,11"), "row", "line 3"),
    "no instant": (rows(at(9), "yesterday,ABC,10,12,9,11,100"), "row", "line 3"),
    "no such day": (rows("2025-02-30T09:00:00Z,ABC,10,12,9,11,100"), "row", "line 2"),
    "not UTC": (rows(at(9), "2025-01-02T10:00:00+01:00,ABC,10,12,9,11,100"), "row", "line 3"),
    "no number": (rows(at(9), at(10, prices="10,12,9,n/a,100")), "row", "line 3"),
    "NaN": (rows(at(9), at(10, prices="NaN,12,9,11,100")), "row", "line 3"),
    "half empty": (rows(at(9), at(10, prices="10,12,,11,100")), "row", "line 3"),
    "no open": (rows(at(9), at(10, prices=",,,,")), "row", "line 3"),
    "zero": (rows(at(9), at(10, prices="0,12,0,11,100")), "row", "line 3"),
    "high below the close": (rows(at(9), at(10, prices="10,10.5,9,11,100")), "row", "line 3"),
    "low above the open": (rows(at(9), at(10, prices="10,12,10.5,11,100")), "row", "line 3"),
    "negative volume": (rows(at(9), at(10, prices="10,12,9,11,-1")), "row", "line 3"),
    "no name": (rows(at(9), at(10, instrument="")), "row", "line 3"),
    "back in time": (rows(at(9), at(11), at(10)), "order", "line 4"),
    "twice": (rows(at(9), at(10), at(10)), "duplicate", "line 4"),
    "one bar": (rows(at(9)), "resolution_unknown", "two bars"),
}


@pytest.mark.parametrize(("content", "code", "where"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_named_with_file_and_line(tmp_path: Path, content: str, code: str, where: str) -> None:
    path = written(tmp_path / "bad.csv", content)
    with pytest.raises(FeedError) as caught:
        list(BarsFile(path))
    assert caught.value.code == code and where in str(caught.value) and "bad.csv" in str(caught.value)


def test_a_file_cut_short_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(rows(*(at(hour) for hour in range(24))).encode())
    (tmp_path / "cut.csv.gz").write_bytes(whole[:-12])
    with pytest.raises(FeedError, match="cut.csv.gz"):
        list(BarsFile(tmp_path / "cut.csv.gz"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="file_missing"):
        BarsFile(tmp_path / "none.csv")


def test_the_resolution_is_the_commonest_spacing_of_the_instrument(tmp_path: Path) -> None:
    file = BarsFile(
        written(tmp_path / "b.csv", rows(at(1), at(1, "DEF"), at(2), at(3), at(4, "DEF"), at(9), at(10, "ONE")))
    )
    assert file.resolution_ns("ABC") == HOUR and file.resolution_ns("DEF") == 3 * HOUR
    assert file.resolution_ns("ONE") == HOUR, "a single bar: as the rest of the file"
    assert [bar.resolution_ns for bar in BarsFile(tmp_path / "b.csv", resolution_ns=60)][:1] == [60], "stated"


def test_files_merge_in_order_of_time_finest_first(tmp_path: Path) -> None:
    hourly = BarsFile(written(tmp_path / "h.csv", rows(at(9), at(9, "DEF"), at(10))), HOUR)
    daily = BarsFile(written(tmp_path / "d.csv", rows(at(8), at(9))), 24 * HOUR)
    assert [(bar.at // HOUR % 24, bar.instrument, bar.resolution_ns // HOUR) for bar in merge([daily, hourly])] == [
        (8, "ABC", 24),
        (9, "ABC", 1),
        (9, "DEF", 1),
        (9, "ABC", 24),
        (10, "ABC", 1),
    ]


def test_the_same_bar_twice_comes_once_and_a_different_one_is_an_error(tmp_path: Path) -> None:
    one, same = (BarsFile(written(tmp_path / name, rows(at(9), at(10)))) for name in ("a.csv", "b.csv"))
    assert len(list(merge([one, same]))) == 2
    other = BarsFile(written(tmp_path / "c.csv", rows(at(9), at(10, prices="10,13,9,11,100"))))
    with pytest.raises(FeedError, match="different things"):
        list(merge([one, other]))
