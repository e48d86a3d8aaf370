"""`remit feed`: bars from a file reach the guard's board and are what an order is judged on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.guard.processes import Processes

from remit.feeds import live
from remit.guard.wire import GuardError
from remit.up import feed_bars, feed_live, prices

BARS = """ts,instrument,open,high,low,close,volume
2025-10-01T14:00:00Z,AAPL,100.00,101.00,99.00,100.50,1000
2025-10-02T14:00:00Z,AAPL,100.50,102.00,100.00,101.50,1000
2025-10-03T14:00:00Z,AAPL,103.00,104.00,102.00,103.50,1000
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path / "home")
    try:
        processes.start_guard()
        processes.set_up()
        yield processes
    finally:
        processes.stop()


def feed(desk: Processes, file: Path) -> list[int]:
    counts: list[int] = []
    socket = desk.home / "guard.sock"
    feed_bars(desk.home, socket, desk.secrets["bars"], [file], speed=10_000_000, spread_bps=0, told=counts.append)
    return counts


def test_the_last_bar_is_what_an_order_is_judged_on(desk: Processes, tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(BARS)
    assert feed(desk, file)[-1] == 12  # open, two extremes and close of three bars
    decision = desk.submit("1")["decision"]
    assert decision["marks"][0][:4] == ["AAPL", "103.5", "103.5", "103.5"]
    assert "mark_fresh" not in [finding["rule"] for finding in decision["findings"]]


def test_after_the_last_bar_its_price_stands_until_the_feed_is_stopped(
    desk: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, counts, said = tmp_path / "bars.csv", list[int](), list[str]()
    file.write_text(BARS)
    monkeypatch.setattr(prices, "STAY_S", 0.01)

    def told(count: int) -> None:
        counts.append(count)
        if count == 14:  # two more than the bars have
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        feed_bars(
            desk.home, desk.home / "guard.sock", desk.secrets["bars"], [file], speed=10_000_000, spread_bps=0,
            told=told, stays=lambda: said.append(f"over after {counts[-1]}"),
        )  # fmt: skip
    assert said == ["over after 12"]
    assert desk.submit("1")["decision"]["marks"][0][:4] == ["AAPL", "103.5", "103.5", "103.5"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ts,instrument\n", "header"),
        (BARS.replace("103.50", "NaN"), "row"),
    ],
)
def test_a_file_that_is_none_is_named(desk: Processes, tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(text)
    with pytest.raises(GuardError, match=says):
        feed(desk, file)


def test_live_prices_are_passed_on_until_the_feed_ends(desk: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    class Exchange:
        symbols = ["AAPL/USD"]
        asked = 0

        async def load_markets(self) -> None:
            pass

        async def fetch_ticker(self, symbol: str) -> dict[str, str]:
            self.asked += 1
            if self.asked > 2:
                raise ValueError("gone for good")
            await asyncio.sleep(0)
            return {"bid": "99.9", "ask": "100.1", "last": "100", "previousClose": "98"}

        async def close(self) -> None:
            pass

    monkeypatch.setattr(prices, "connect", lambda exchange: Exchange())
    monkeypatch.setattr(live, "ccxt_errors", lambda: live.Errors(ValueError, TimeoutError))
    counts: list[int] = []
    with pytest.raises(GuardError, match="gone for good"):
        feed_live(
            desk.home, desk.home / "guard.sock", desk.secrets["bars"], "any", {"AAPL": "AAPL/USD"}, poll_s=1,
            told=counts.append,
        )
    assert counts == [1, 2]
    assert desk.submit("1")["decision"]["marks"][0][1:3] == ["99.9", "100.1"]
