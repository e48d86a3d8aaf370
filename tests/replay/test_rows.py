"""The reader of orders: what it takes, and what it calls a row that is none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.replay.cases import lines, order

from remit.kernel.numbers import text
from remit.replay.errors import ReplayRefused
from remit.replay.rows import BadRow, Row, parse_orders, read_orders

GOOD = order(7, "buy", "10")


def only(row: object) -> Row | BadRow:
    read = parse_orders(lines([row]))  # type: ignore[list-item]
    assert len(read.rows) == 1
    return read.rows[0]


@pytest.mark.parametrize(
    ("changed", "field", "actual"),
    [
        ({"quantity": "0"}, "quantity", "0"),
        ({"quantity": 0}, "quantity", "0"),
        ({"quantity": "-5"}, "quantity", "-5"),
        ({"quantity": -5}, "quantity", "-5"),
        ({"quantity": None}, "quantity", "missing"),
        ({"quantity": ""}, "quantity", ""),
        ({"quantity": "NaN"}, "quantity", "NaN"),
        ({"quantity": float("nan")}, "quantity", "NaN"),
        ({"quantity": float("inf")}, "quantity", "Infinity"),
        ({"quantity": "1e3"}, "quantity", "1e3"),
        ({"quantity": "ten"}, "quantity", "ten"),
        ({"quantity": True}, "quantity", "True"),
        ({"quantity": ["1"]}, "quantity", "['1']"),
        ({"quantity": "0." + "0" * 18 + "1"}, "quantity", "0." + "0" * 18 + "1"),
        ({"quantity": "1" * 40}, "quantity", "1" * 40),
        ({"side": "hold"}, "side", "hold"),
        ({"side": "BUY"}, "side", "BUY"),
        ({"side": None}, "side", "missing"),
        ({"ts": "yesterday"}, "ts", "yesterday"),
        ({"ts": "2025-13-40T00:00:00Z"}, "ts", "2025-13-40T00:00:00Z"),
        ({"ts": "2025-01-07T00:00:00"}, "ts", "2025-01-07T00:00:00"),
        ({"ts": "1969-12-31T23:59:59Z"}, "ts", "1969-12-31T23:59:59Z"),
        ({"ts": None}, "ts", "missing"),
        ({"agent": "two words"}, "agent", "two words"),
        ({"agent": None}, "agent", "missing"),
        ({"instrument": "ABC\n"}, "instrument", "ABC\n"),
        ({"instrument": None}, "instrument", "missing"),
        ({"type": "stop"}, "type", "stop"),
        ({"type": "limit"}, "limit_price", "missing"),
        ({"type": "market", "limit_price": "5"}, "limit_price", "5"),
        ({"limit_price": "0"}, "limit_price", "0"),
        ({"confidence": "1.5"}, "confidence", "1.5"),
        ({"run": "no/../way out"}, "run", "no/../way out"),
        ({"price_seen": "?"}, "price_seen", "?"),
    ],
)
def test_a_bad_field_is_named(changed: dict[str, object], field: str, actual: str) -> None:
    row = only({**GOOD, **changed})
    assert isinstance(row, BadRow)
    (finding,) = row.findings
    assert (finding.rule, finding.subject, finding.actual) == ("input", field, actual)
    assert finding.limit and finding.unit == "field"


def test_every_field_at_fault_is_named() -> None:
    row = only({"agent": "bot", "side": "up", "quantity": "0"})
    assert isinstance(row, BadRow)
    assert [finding.subject for finding in row.findings] == ["ts", "instrument", "side", "quantity"]
    assert row.agent == "bot"


@pytest.mark.parametrize(
    "line",
    [
        b"not json", b"{", b"[1, 2]", b'"text"', b"17", b"null", b"\xff\xfe{}", b"[" * 100_000,
        b'{"side": "buy", "side": "sell"}', b"{} {}", b'{"a": 1e999999999}', b"\x00",
    ],
)  # fmt: skip
def test_a_line_that_is_no_order_is_kept(line: bytes) -> None:
    good = lines([GOOD])
    read = parse_orders([*good, line + b"\n", *good])
    assert [type(row) for row in read.rows] == [Row, BadRow, Row]
    assert [row.index for row in read.rows] == [0, 1, 2]


def test_what_a_row_says_is_read_exactly() -> None:
    row = only({**GOOD, "quantity": 12.5, "limit_price": "101.25", "confidence": 1, "price_seen": 1e-7, "note": "x"})
    assert isinstance(row, Row)
    assert (text(row.quantity), row.type, row.confidence) == ("12.5", "limit", 10**18)
    assert text(row.price_seen or 0) == "0.0000001"
    assert row.at == 1_736_208_000 * 10**9


def test_null_is_absent_and_blank_lines_are_no_orders() -> None:
    read = parse_orders([b"\xef\xbb\xbf" + lines([{**GOOD, "price_seen": None}])[0], b"\n", b"  \n"])
    assert [type(row) for row in read.rows] == [Row]


def test_fields_that_nothing_reads_are_counted() -> None:
    read = parse_orders(lines([{**GOOD, "mood": "good"}, {**GOOD, "mood": "bad", "x": 1}]))
    assert read.unread == {"mood": 2, "x": 1}


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line)))
def test_no_bytes_stop_the_reader(read: list[bytes]) -> None:
    rows = parse_orders(read).rows
    assert [row.index for row in rows] == list(range(len(rows)))
    assert len(rows) <= len(read)


FIELDS = st.sampled_from(["ts", "agent", "side", "quantity", "type", "limit_price"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9), st.lists, max_leaves=4
)


@given(st.dictionaries(FIELDS, ANYTHING))
def test_no_values_stop_the_reader(values: dict[str, object]) -> None:
    row = only(json.dumps({**GOOD, **values}))
    assert isinstance(row, Row) or row.findings


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(lines([GOOD] * 500)))
    torn = tmp_path / "torn.jsonl.gz"
    torn.write_bytes(whole[: len(whole) // 2])
    for path, code in ((torn, "orders_unreadable"), (tmp_path / "none.jsonl", "orders_missing")):
        with pytest.raises(ReplayRefused) as refused:
            read_orders(path)
        assert refused.value.code == code
