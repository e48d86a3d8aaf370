"""Tests of the table: what a row's figure is, how it stands to its goals, and what is written down."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from remit.bench.show import show
from remit.bench.table import Machine, Result, Row, Skipped, Unit, said, written


def row(ns: float, beside_ns: float, unit: Unit = "x", reach: float | None = None, aim: float | None = None) -> Row:
    return Row(group="g", name="n", ns=ns, beside="b", beside_ns=beside_ns, unit=unit, reach=reach, aim=aim)


@pytest.mark.parametrize(
    ("unit", "ns", "beside_ns", "figure", "text"),
    [
        ("x", 3_000, 2_000, 1.5, "1.50x"),
        ("us over", 650_000, 350_000, 300, "+300 us"),
        ("us", 24_500, 1, 24.5, "24.5 us"),
        ("s", 1.5e9, 1, 1.5, "1.5 s"),
        ("/s", 50_000, 1, 20_000, "20,000/s"),
        ("s/million", 45_000, 1, 45, "45 s/million"),
    ],
)
def test_the_figure_in_each_unit(unit: Unit, ns: float, beside_ns: float, figure: float, text: str) -> None:
    measured = row(ns, beside_ns, unit)
    assert measured.figure == pytest.approx(figure)
    assert said(measured.figure, unit) == text
    assert measured.ratio == pytest.approx(ns / beside_ns)


@pytest.mark.parametrize(
    ("measured", "stands"),
    [
        (row(100, 100, reach=1.5, aim=1.0), "aim"),
        (row(150, 100, reach=1.5, aim=1.0), "reach"),
        (row(151, 100, reach=1.5, aim=1.0), "short"),
        (row(100, 100), ""),
        (row(50_000, 1, "/s", reach=10_000, aim=30_000), "reach"),
        (row(20_000, 1, "/s", reach=10_000, aim=30_000), "aim"),
        (row(200_000, 1, "/s", reach=10_000, aim=30_000), "short"),
    ],
)
def test_a_cost_is_to_be_low_and_a_speed_high(measured: Row, stands: str) -> None:
    assert measured.stands == stands


RESULT = Result(
    Machine(cores=2, python="3.11.7", system="Linux x86_64", load=0.5), True,
    (row(100, 50, reach=1.5, aim=1.0), row(50_000, 100, "/s")), (Skipped("replay", "there is no data"),),
)


def test_what_is_written_has_every_figure_and_what_was_left_out() -> None:
    found = json.loads(written(RESULT))
    assert [(one["figure"], one["ratio"], one["unit"], one["stands"]) for one in found["rows"]] == [
        (2.0, 2.0, "x", "short"), (20_000.0, 500.0, "/s", ""),
    ]
    assert found["skipped"] == [{"group": "replay", "why": "there is no data"}]
    assert found["machine"]["cores"] == 2


def test_people_are_shown_every_row_what_is_short_and_what_was_left_out() -> None:
    out = io.StringIO()
    show(RESULT, Console(file=out, width=120))
    text = out.getvalue()
    for said_so in ("2.00x", "short", "20,000/s", "500.00x of b", "not measured: replay", "2 cores"):
        assert said_so in text
