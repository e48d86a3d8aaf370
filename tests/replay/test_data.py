"""The whole data set: totals that add up, the same answer by other ways, and the page about it."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import sys
from bisect import bisect_right
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest
from tests.replay.test_run import assert_adds_up

from remit.feeds.bars import open_files
from remit.journal.log import read_entries
from remit.journal.store import FolderReader
from remit.kernel.codec import decode, encode
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.numbers import SCALE
from remit.replay.journals import JournalFolder
from remit.replay.mandates import from_preset
from remit.replay.outcome import Outcome
from remit.replay.rows import read_orders
from remit.replay.run import Settings, run

ROOT = Path(__file__).resolve().parents[2]


def _page_maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_replay_page", ROOT / "scripts" / "make_replay_page.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules["make_replay_page"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = _page_maker()
DATA: Path = MAKER.DATA
pytestmark = pytest.mark.skipif(
    not (DATA / MAKER.ORDERS).is_file(), reason=f"no recorded orders in {DATA}: set REMIT_DATA to their folder"
)


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replay") / "proof"


@pytest.fixture(scope="module")
def outcome(proof: Path) -> Outcome:
    """What the page is about, journalled into `proof`."""
    found = MAKER.outcome(JournalFolder(proof, bytes(32)))
    assert isinstance(found, Outcome)
    return found


def test_the_page_is_fresh(outcome: Outcome) -> None:
    assert MAKER.PAGE.read_text(encoding="utf-8") == MAKER.page(outcome), "run scripts/make_replay_page.py"


def test_every_row_has_its_verdict_and_all_adds_up(outcome: Outcome) -> None:
    rows = gzip.open(DATA / MAKER.ORDERS, "rt").read().splitlines()
    zero = [index for index, row in enumerate(rows) if json.loads(row)["quantity"] in ("0", None)]
    assert_adds_up(outcome)
    assert [verdict.index for verdict in outcome.verdicts] == list(range(len(rows)))
    assert [verdict.index for verdict in outcome.verdicts if verdict.verdict == "invalid"] == zero
    assert all(verdict.findings for verdict in outcome.verdicts if verdict.verdict != "allow")
    assert all(verdict.state == "filled" for verdict in outcome.verdicts if verdict.verdict == "allow")


def test_profit_as_ordered_is_that_of_a_plain_sum(outcome: Outcome) -> None:
    known = _prices()
    profit: dict[str, Fraction] = {}
    for line in gzip.open(DATA / MAKER.ORDERS, "rt"):
        row = json.loads(line)
        times, prices = known[row["instrument"]]
        bought = prices[bisect_right(times, (row["ts"], 1)) - 1]
        signed = Fraction(row["quantity"]) * (1 if row["side"] == "buy" else -1)
        profit[row["run"]] = profit.get(row["run"], Fraction(0)) + signed * (prices[-1] - bought)
    found = {line.name: line.result.pnl_ordered for line in outcome.accounts}
    assert found == {run: int(gain * SCALE // 1) for run, gain in profit.items()}


def _prices() -> dict[str, tuple[list[tuple[str, int]], list[Fraction]]]:
    """The price of each instrument as it becomes known: (instant, 0 for a close just before it, 1 for an open).

    A close counts where no bar of another file covers its instant: of the hours in the last hour's, not in the day's.
    """
    known: dict[str, list[tuple[tuple[str, int], Fraction]]] = {}
    hours: dict[str, set[str]] = {}
    for name in MAKER.BARS:
        for bar in csv.DictReader(gzip.open(DATA / name, "rt")):
            instrument, ts = bar["instrument"], bar["ts"]
            known.setdefault(instrument, []).append(((ts, 1), Fraction(bar["open"])))
            if "hourly" in name:
                hours.setdefault(instrument, set()).add(ts[:10])
                if bar["close"]:
                    end = f"{ts[:11]}{int(ts[11:13]) + 1:02d}{ts[13:]}"
                    known[instrument].append(((end, 0), Fraction(bar["close"])))
            elif bar["close"] and ts[:10] not in hours.get(instrument, ()) and not ts.endswith("T00:00:00Z"):
                end = {"T13:30:00Z": "T20:00:00Z", "T01:30:00Z": "T08:00:00Z"}[ts[10:]]
                known[instrument].append(((ts[:10] + end, 0), Fraction(bar["close"])))
    ordered = {instrument: sorted(points, key=lambda point: point[0]) for instrument, points in known.items()}
    return {name: ([at for at, _ in points], [price for _, price in points]) for name, points in ordered.items()}


def test_profit_under_the_mandate_is_the_kernels_own(outcome: Outcome, proof: Path) -> None:
    """The journal, folded into a fresh kernel, holds what the ledgers found, but for its rounding per fill."""
    lines = {line.name: line for line in outcome.accounts}
    compared = 0
    for currency in ("CNY", "USD", "USDT"):
        kernel = Kernel()
        for _, entry in read_entries(FolderReader(proof / currency), 0):
            kernel.fold(decode(Record, entry))
        for name in kernel.state.accounts:
            total = kernel.state.subjects[f"account:{name}"].total
            assert abs(total.pnl - lines[name].result.pnl_mandate) <= 1000, name
            compared += 1
    assert compared == len(lines)


def test_neither_the_key_nor_the_mandate_touches_what_was_ordered(outcome: Outcome) -> None:
    orders, bars = read_orders(DATA / MAKER.ORDERS), open_files([DATA / "bars_crypto_daily.csv.gz"])
    settings = Settings(from_preset("prediction-desk", []))
    one, other = (run(orders, bars, settings, seed=bytes([number]) * 32) for number in (1, 2))
    assert encode(one) == encode(other)
    crypto = [line for line in one.accounts if line.currency == "USDT"]
    before = {line.name: line for line in outcome.accounts}
    assert len(crypto) == 6
    for line in crypto:
        known = before[line.name]
        assert (line.cash_needed, line.result.pnl_ordered) == (known.cash_needed, known.result.pnl_ordered)
        assert line.result.drawdown_ordered == known.result.drawdown_ordered
