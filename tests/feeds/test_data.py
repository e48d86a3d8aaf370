"""Real prices where they are at hand: every file parses, every row counts; the sample of the extra."""

from __future__ import annotations

import os
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from remit.feeds.bars import BarsFile, merge
from remit.feeds.errors import FeedError
from remit.feeds.recorded import Marks
from remit.feeds.sample import sample_bars

DATA = Path(os.environ.get("REMIT_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data at {DATA}; set REMIT_DATA")
SECONDS = {
    "bars_astock_daily": (1_500, 86_400),
    "bars_astock_hourly": (6_000, 3_600),
    "bars_crypto_daily": (3_560, 86_400),
    "bars_us_daily": (4_343, 86_400),
    "bars_us_hourly": (17_574, 3_600),
    "bars_us_minute": (21_258, 60),
    "bars_btc_perp_minute": (45_031, 60),
}


def test_the_counts_are_those_of_the_provenance() -> None:
    daily_and_hourly = sum(count for name, (count, _) in SECONDS.items() if not name.endswith("minute"))
    assert daily_and_hourly == 32_977


@needs_data
@pytest.mark.parametrize("name", SECONDS)
def test_every_row_of_every_file_is_a_bar(name: str) -> None:
    count, resolution_s = SECONDS[name]
    file = BarsFile(DATA / f"{name}.csv.gz")
    assert sum(1 for _ in file) == count
    assert {file.resolution_ns(instrument) for instrument in file.instruments} == {resolution_s * 10**9}


@needs_data
def test_daily_and_hourly_prices_of_one_market_merge_into_one_path() -> None:
    files = [BarsFile(DATA / f"bars_us_{name}.csv.gz") for name in ("daily", "hourly")]
    marks = [mark for mark in Marks(spread_bps=2).of(merge(files)) if mark.instrument == "AAPL"]
    assert all(before.at < after.at for before, after in pairwise(marks))
    assert {mark.resolution_ns // 10**9 for mark in marks} == {3_600, 86_400}


def test_the_sample_is_the_autumn_of_2008_unless_told_otherwise() -> None:
    pytest.importorskip("bokeh_sampledata", reason="the extra `demo` is not installed")
    bars = list(sample_bars())
    assert {bar.instrument for bar in bars} == {"AAPL", "GOOG", "IBM", "MSFT"} and len(bars) == 4 * 63
    assert all(before.at <= after.at for before, after in pairwise(bars))
    later = list(sample_bars(date(2012, 6, 1), date(2012, 6, 2)))
    assert {bar.instrument for bar in later} == {"AAPL", "FB", "GOOG", "IBM", "MSFT"}


def test_a_missing_sample_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remit.feeds.sample.find_spec", lambda name: None)
    with pytest.raises(FeedError, match=r"remit\[demo\]"):
        list(sample_bars())
