"""Fact files: what each header becomes, the same in CSV and JSON Lines, and every refusal by line and column."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.doors.fact_file import FactFileRefused, read
from remit.doors.facts import FACTS, instant
from remit.kernel.codec import decode, encode
from remit.kernel.command import (
    Body,
    Dividend,
    Funding,
    Marked,
    Resolve,
    SetBalance,
    SetCalendar,
    SetLocate,
    SetMargin,
    SetShortRestriction,
    SetTradingState,
    SetVolume,
    Split,
)
from remit.kernel.instrument import FxMark
from remit.kernel.numbers import NANOSECONDS, Money, Price, Quantity, Ratio, parse

AT = 1_767_364_200 * NANOSECONDS  # 2026-01-02T14:30:00Z

MADE: dict[str, list[Any]] = {
    "volume": [
        SetVolume(instrument="AAPL", average_daily=parse(Quantity, "54000000")),
        SetVolume(instrument="BTC-PERP", average_daily=parse(Quantity, "81234.5")),
    ],
    "locate": [
        SetLocate(connection="paper-1", instrument="AAPL", quantity=parse(Quantity, "500"),
                  expires_at=AT + 23_400 * NANOSECONDS)
    ],
    "restriction": [
        SetShortRestriction(instrument="AAPL", restricted=True),
        SetShortRestriction(instrument="MSFT", restricted=False)
    ],
    "trading": [SetTradingState(instrument="AAPL", state="halted")],
    "calendar": [
        SetCalendar(calendar="XNYS", begins_at=instant("2026-01-01T00:00:00Z"), ends_at=instant("2027-01-01T00:00:00Z"),
                    windows=((AT, AT + 23_400 * NANOSECONDS),))
    ],
    "margin": [
        SetMargin(instrument="AAPL", initial=parse(Ratio, "0.5")),
        SetMargin(instrument="BTC-PERP", initial=parse(Ratio, "0.1"))
    ],
    "balance": [SetBalance(connection="paper-1", currency="USD", amount=parse(Money, "100000"))],
    "fx": [Marked(fx=(FxMark(of="EUR", to="USD", at=AT, rate=parse(Ratio, "1.0871")),))],
    "resolution": [
        Resolve(market="FED-CUT-MAR", outcome="yes"),
        Resolve(market="RAIN-NYC", outcome="void", void_price=parse(Price, "0.5")),
    ],
    "split": [Split(instrument="AAPL", new=4, old=1)],
    "dividend": [Dividend(instrument="AAPL", amount=parse(Money, "0.26"))],
    "funding": [Funding(instrument="BTC-PERP", amount=parse(Money, "4.21"))],
}


def write(folder: Path, source: str, name: str = "facts.csv") -> Path:
    path = folder / name
    path.write_text(source, encoding="utf-8")
    return path


def as_csv(verb: str, *rows: str) -> str:
    return "\n".join([",".join(FACTS[verb].header), *rows]) + "\n"


def as_json_lines(verb: str, *rows: str) -> str:
    cells = (dict(zip(FACTS[verb].header, row, strict=True)) for row in csv.reader(rows))
    return "".join(json.dumps(row) + "\n" for row in cells)


@pytest.mark.parametrize("verb", FACTS)
def test_the_example_of_each_fact_becomes_its_commands(tmp_path: Path, verb: str) -> None:
    example = FACTS[verb].example
    made = read(verb, write(tmp_path, as_csv(verb, *example)))
    assert made == MADE[verb]
    assert read(verb, write(tmp_path, as_json_lines(verb, *example), "facts.jsonl")) == made
    assert all(type(body) is FACTS[verb].body for body in made)
    assert [decode(Body, encode(body)) for body in made] == made  # type: ignore[arg-type]


def test_json_numbers_are_read_as_they_are_spelled(tmp_path: Path) -> None:
    path = write(tmp_path, '{"instrument": "A", "amount": 0.1}\n{"instrument": "B", "amount": 3}\n', "f.jsonl")
    assert read("dividend", path) == [
        Dividend(instrument="A", amount=parse(Money, "0.1")), Dividend(instrument="B", amount=parse(Money, "3"))
    ]


def test_windows_come_in_any_order_and_calendars_apart(tmp_path: Path) -> None:
    path = write(tmp_path, as_csv(
        "calendar",
        "B,open,2026-01-02T10:00:00Z,2026-01-02T11:00:00Z",
        "A,open,2026-01-03T10:00:00Z,2026-01-03T11:00:00Z",
        "A,open,2026-01-02T10:00:00Z,2026-01-02T11:00:00Z",
        "A,span,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z",
        "B,span,2026-01-02T00:00:00Z,2026-02-01T00:00:00Z",
    ))
    made = read("calendar", path)
    assert [(body.calendar, len(body.windows)) for body in made] == [("B", 1), ("A", 2)]
    assert list(made[1].windows) == sorted(made[1].windows)


SPAN = "X,span,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z"

# (verb, rows after the header, line, column, words of the message)
FAULTS: list[tuple[str, list[str], int, str, str]] = [
    ("volume", [], 0, "", "holds no row"),
    ("volume", ["AAPL"], 2, "", "has 1 cells, not 2"),
    ("volume", ["AAPL,1,2"], 2, "", "has 3 cells, not 2"),
    ("volume", [",5"], 2, "instrument", "is missing"),
    ("volume", ["AAPL,"], 2, "average_daily", "is missing"),
    ("volume", ["A B,5"], 2, "instrument", "is not a name"),
    ("volume", ["AAPL,1e6"], 2, "average_daily", "not a plain decimal"),
    ("volume", ["AAPL,NaN"], 2, "average_daily", "not a plain decimal"),
    ("volume", ["AAPL,-1"], 2, "average_daily", "below zero"),
    ("volume", ["AAPL,5", "MSFT,x"], 3, "average_daily", "not a plain decimal"),
    ("volume", ["AAPL,5", "", "AAPL,6"], 4, "instrument", "the same instrument as line 2"),
    ("volume", ['"AAPL,5'], 2, "", "is not CSV"),
    ("dividend", ["AAPL,0.2", "AAPL,0.2"], 3, "instrument", "as line 2; keep one"),
    ("locate", ["c,AAPL,5,2026-01-02"], 2, "expires_at", "is not a time in UTC"),
    ("locate", ["c,AAPL,5,2026-01-02T10:00:00+01:00"], 2, "expires_at", "is not a time in UTC"),
    ("locate", ["c,AAPL,5,2026-02-30T10:00:00Z"], 2, "expires_at", "does not fit"),
    ("locate", ["c,AAPL,5,1969-12-31T23:59:59Z"], 2, "expires_at", "before 1970"),
    ("restriction", ["AAPL,true"], 2, "restricted", "write yes or no"),
    ("trading", ["AAPL,resolved"], 2, "state", "write trading, halted or closed"),
    ("balance", ["c,usd,5"], 2, "currency", "is not a currency"),
    ("fx", ["EUR,EUR,2026-01-02T10:00:00Z,1,"], 2, "", "between two currencies"),
    ("fx", ["EUR,USD,2026-01-02T10:00:00Z,0,"], 2, "", "above zero"),
    ("fx", ["EUR,USD,2026-01-02T10:00:00Z,1,1.5"], 2, "resolution_s", "is not a whole number"),
    ("resolution", ["M,void,"], 2, "void_price", "a void market needs it"),
    ("resolution", ["M,yes,0.5"], 2, "void_price", "belongs to a void market"),
    ("resolution", ["M,void,1.01"], 2, "void_price", "pays at most 1"),
    ("split", ["AAPL,0,1"], 2, "", ">= 1"),
    ("calendar", ["X,open,2026-01-02T10:00:00Z,2026-01-02T11:00:00Z"], 2, "what", "exactly once"),
    ("calendar", [SPAN, "X,span,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z"], 3, "what", "exactly once"),
    ("calendar", [SPAN, "X,open,2026-01-02T11:00:00Z,2026-01-02T11:00:00Z"], 3, "to", "must come after from"),
    ("calendar", [SPAN, "X,open,2026-01-31T11:00:00Z,2026-02-01T11:00:00Z"], 3, "from", "outside the span"),
    ("calendar", [SPAN, "X,open,2026-01-02T10:00:00Z,2026-01-02T12:00:00Z",
                  "X,open,2026-01-02T11:00:00Z,2026-01-02T13:00:00Z"], 4, "from", "overlaps"),
]


@pytest.mark.parametrize(("verb", "rows", "line", "column", "words"), FAULTS, ids=[f"{f[0]}:{f[-1]}" for f in FAULTS])
def test_a_fault_names_line_and_column(
    tmp_path: Path, verb: str, rows: list[str], line: int, column: str, words: str
) -> None:
    path = write(tmp_path, as_csv(verb, *rows))
    with pytest.raises(FactFileRefused) as refused:
        read(verb, path)
    (problem,) = refused.value.problems
    assert (problem.line, problem.column) == (line, column)
    assert words in problem.message
    assert str(refused.value).startswith(f"{path}:{line}: " if line else f"{path}: ")


@pytest.mark.parametrize(("source", "line", "column", "words"), [
    ('{"instrument": "A"', 1, "", "is not JSON"),
    ('\n["A", "1"]', 2, "", "must be an object"),
    ('{"instrument": "A", "amuont": "1"}', 1, "amuont", "is not a column"),
    ('{"instrument": "A"}', 1, "amount", "is missing"),
    ('{"instrument": "A", "amount": null}', 1, "amount", "must be text"),
    ('{"instrument": "A", "amount": Infinity}', 1, "amount", "not a plain decimal"),
    ('{"instrument": "A", "amount": "1", "amount": "2"}', 1, "", "said twice"),
])
def test_a_fault_in_json_lines(tmp_path: Path, source: str, line: int, column: str, words: str) -> None:
    with pytest.raises(FactFileRefused) as refused:
        read("dividend", write(tmp_path, source, "f.jsonl"))
    assert [(problem.line, problem.column) for problem in refused.value.problems] == [(line, column)]
    assert words in str(refused.value)


@pytest.mark.parametrize(("source", "name", "words"), [
    ("instrument,average\nA,1\n", "f.csv", "first line must be instrument,average_daily"),
    ("", "f.csv", "first line must be instrument,average_daily"),
    ("", "f.jsonl", "holds no row"),
    ("", "f.xlsx", "name it .csv or .jsonl"),
])
def test_what_is_not_such_a_file(tmp_path: Path, source: str, name: str, words: str) -> None:
    with pytest.raises(FactFileRefused, match=words):
        read("volume", write(tmp_path, source, name))


def test_a_missing_file_and_an_unknown_verb(tmp_path: Path) -> None:
    with pytest.raises(FactFileRefused, match="cannot be read"):
        read("volume", tmp_path / "absent.csv")
    with pytest.raises(ValueError, match="there is no fact 'volumes'; take one of volume,"):
        read("volumes", tmp_path / "absent.csv")


def test_all_faults_are_told_and_nothing_is_taken(tmp_path: Path) -> None:
    with pytest.raises(FactFileRefused) as refused:
        read("volume", write(tmp_path, as_csv("volume", "A,1", "B,x", "C", "D,-2")))
    assert [problem.line for problem in refused.value.problems] == [3, 4, 5]


@given(st.integers(0, 4_102_444_800), st.integers(0, NANOSECONDS - 1))
def test_a_time_is_read_to_the_nanosecond(seconds: int, fraction: int) -> None:
    written = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    assert instant(f"{written}.{fraction:09d}Z") == seconds * NANOSECONDS + fraction


ROWS = st.lists(
    st.tuples(st.integers(0, 10**30), st.sampled_from("ABCDEFGH")), unique_by=lambda row: row[1], min_size=1
)


@given(ROWS)
def test_amounts_are_exact(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str]]) -> None:
    bodies = [Dividend(instrument=name, amount=Money(amount)) for amount, name in rows]
    lines = (f"{body.instrument},{body.amount}" for body in bodies)
    path = write(tmp_path_factory.getbasetemp(), as_csv("dividend", *lines))
    assert read("dividend", path) == bodies
