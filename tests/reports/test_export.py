"""Exports: exact in both formats, in the zone that was asked for, and a formula to nobody."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.guard.desk import BOB, MOMENTUM, START, Desk
from tests.reports.lived import model

from remit.kernel import command as c
from remit.kernel.numbers import DAY_NS
from remit.reports.errors import ExportFailed, OutOfReach, ParquetMissing, RangeInvalid
from remit.reports.export import (
    COLUMNS,
    REPORTS,
    ReportName,
    Span,
    _decimal,
    csv_lines,
    harmless,
    rows_of,
    span_of,
    when,
    write,
    write_file,
)
from remit.reports.model import Model
from remit.reports.visible import EVERYTHING, Visible

UTC = ZoneInfo("UTC")
ALL = Span(0, 2**62, UTC)


def read(report: ReportName, of: Model, span: Span = ALL, visible: Visible = EVERYTHING) -> list[dict[str, str]]:
    held = io.BytesIO()
    rows = write(of, report, visible, span, "csv", held)
    found = list(csv.DictReader(io.StringIO(held.getvalue().decode(), newline="")))
    assert len(found) == rows
    return found


def traded() -> Model:
    """One fill, one hold that was declined, one that was approved, one denial of two rules."""
    desk = Desk()
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "99.50")
    for number, answer in enumerate((c.Decline, c.Approve)):
        held = desk.submit(MOMENTUM, "16", limit=f"9{5 - number}")
        digest = desk.kernel.state.orders[held].digest
        desk.do(BOB, c.Approve(order=held, digest=digest) if answer is c.Approve else c.Decline(order=held, why="=1+1"))
    desk.submit(MOMENTUM, "50")
    desk.do(MOMENTUM, c.SetPause(subject="firm", paused=True, why="me"))
    made = Model(":memory:")
    made.take_all(enumerate(desk.journal, 1))
    return made


def test_the_blotter() -> None:
    (row,) = read("blotter", traded())
    wanted = {"instrument": "AAPL", "side": "buy", "quantity": "10", "price": "99.5", "notional": "995", "fee": "0"}
    assert wanted.items() <= row.items()
    assert (row["account"], row["agent"], row["currency"], row["late"]) == ("desk", "momentum", "USD", "no")
    assert row["at"].endswith("+00:00") and int(row["at_ns"]) > START


def test_rejected_orders_violations_and_approvals() -> None:
    it = traded()
    (rejected,) = read("rejected", it)
    assert rejected["state"] == "denied" and rejected["rule"] and rejected["quantity"] == "50"
    violations = read("violations", it)
    assert {row["rule"] for row in violations} >= {"order_notional_max", "not_authorised"}
    assert {row["limit"] for row in violations if row["rule"] == "order_notional_max"} == {"2000"}
    steps = [(row["step"], row["person"]) for row in read("approvals", it)]
    assert steps == [("held", ""), ("declined", "bob"), ("held", ""), ("approved", "bob"), ("released", "")]
    assert [row["why"] for row in read("approvals", it)][1] == "'=1+1", "no formula"


@pytest.mark.parametrize("report", REPORTS)
def test_parquet_holds_what_csv_holds(report: ReportName) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for of in (traded(), model()):
        held = io.BytesIO()
        rows = write(of, report, EVERYTHING, ALL, "parquet", held)
        table = parquet.read_table(io.BytesIO(held.getvalue()))
        told = read(report, of)
        assert table.num_rows == rows == len(told)
        for column in COLUMNS[report]:
            if column.kind not in ("decimal", "text"):
                continue  # a time in nanoseconds is read back by pandas alone
            values = table.column(column.name).to_pylist()
            if column.kind == "decimal":
                assert str(table.schema.field(column.name).type) == "decimal128(38, 18)"
                assert values == [Decimal(row[column.name]) if row[column.name] else None for row in told]
            elif column.kind == "text":
                assert [harmless(value or "") for value in values] == [row[column.name] for row in told]


def test_a_day_is_a_day_of_its_zone() -> None:
    it = traded()
    day = START // DAY_NS
    assert day == 20_000  # 2024-10-04
    assert len(read("blotter", it, span_of("2024-10-04", "2024-10-04", "UTC"))) == 1
    assert read("blotter", it, span_of("2024-10-03", "2024-10-03", "UTC")) == []
    assert len(read("blotter", it, span_of("2024-10-03", "2024-10-03", "America/New_York"))) == 1
    summer = span_of("2024-03-31", "2024-03-31", "Europe/Berlin")
    assert summer.until - summer.since == 23 * 3600 * 10**9, "the day on which clocks go forward"
    assert when(0, ZoneInfo("Asia/Kathmandu")) == "1970-01-01T05:30:00.000000000+05:30"


@pytest.mark.parametrize(
    ("first", "last", "zone"),
    [
        ("2024-02-30", "2024-03-01", "UTC"), ("2024-03-02", "2024-03-01", "UTC"), ("x", "2024-03-01", "UTC"),
        ("20240301", "20240302", "UTC"), ("2024-03-01", "2024-03-01", "Mars/Base"), ("2024-03-01", "2024-03-01", ""),
        ("2024-03-01", "2024-03-01", "../../etc/passwd"), ("9999-12-31", "9999-12-31", "UTC"),
    ],
)  # fmt: skip
def test_what_is_no_range_is_named(first: str, last: str, zone: str) -> None:
    with pytest.raises(RangeInvalid):
        span_of(first, last, zone)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1+1", "@x", "\tx", "\r=1", "  =1", "\uff1d1", "-5"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


def test_numbers_stay_numbers() -> None:
    assert harmless("-5.25", number=True) == "-5.25"
    assert harmless("-5+A1", number=True) == "'-5+A1"


@given(st.text())
def test_whatever_was_written_is_one_harmless_cell(written: str) -> None:
    row = dict.fromkeys((column.of or column.name for column in COLUMNS["violations"]), written) | {"at": 1, "seq": 1}
    head, line = csv_lines("violations", [row], UTC)
    if not written.isprintable():
        return
    (cells,) = csv.reader([line])
    assert len(cells) == len(next(csv.reader([head])))
    assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@")) for cell in cells)


def test_who_may_not_see_exports_nothing() -> None:
    other = Visible(accounts=frozenset({"fund"}))
    assert all(list(rows_of(traded(), report, other, ALL)) == [] for report in REPORTS)


def test_a_file_is_written_whole_private_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "blotter.csv"
    assert write_file(traded(), "blotter", EVERYTHING, ALL, "csv", path) == 1
    assert path.stat().st_mode & 0o077 == 0
    before = path.read_bytes()
    with pytest.raises(ExportFailed):
        write_file(traded(), "blotter", EVERYTHING, ALL, "csv", path)
    with pytest.raises(ExportFailed):
        write_file(traded(), "blotter", EVERYTHING, ALL, "csv", tmp_path / "nowhere" / "x.csv")
    assert path.read_bytes() == before and [found.name for found in tmp_path.iterdir()] == ["blotter.csv"]


def test_a_number_that_does_not_fit_is_named() -> None:
    assert _decimal("worth", "9" * 20 + ".999999999999999999") == Decimal("9" * 20 + ".999999999999999999")
    with pytest.raises(OutOfReach):
        _decimal("worth", "1" + "0" * 20)


def test_without_the_package_parquet_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ParquetMissing):
        write(traded(), "blotter", EVERYTHING, ALL, "parquet", io.BytesIO())
