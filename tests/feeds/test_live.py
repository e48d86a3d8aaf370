"""Live prices from an exchange that is not there: a stand-in with ccxt's own errors and tickers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from remit.feeds.errors import FeedError
from remit.feeds.live import Errors, LiveFeed, connect
from remit.kernel.instrument import Mark
from remit.kernel.numbers import text


class Broken(Exception):
    """Any error of the exchange."""


class Passing(Broken):
    """One that passes."""


ERRORS = Errors(Broken, Passing)
GOOD = {
    "bid": "99.5",
    "ask": "100.25",
    "last": "1e2",
    "timestamp": 1_700_000_000_123,
    "bidVolume": "3",
    "askVolume": 0.1,
    "previousClose": 98,
}


class StandIn:
    """Answers with what it was given, one after the other; then ends the test by cancelling."""

    def __init__(self, *answers: Mapping[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.symbols: list[str] | None = ["BTC/USDT"]
        self.closed = 0

    async def load_markets(self) -> object:
        return {}

    async def fetch_ticker(self, symbol: str) -> Mapping[str, Any]:
        if not self.answers:
            raise asyncio.CancelledError
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed += 1


def polled(
    exchange: StandIn, symbol: str = "BTC/USDT", more: Mapping[str, str] = {}, **terms: Any
) -> tuple[list[Mark], list[FeedError], list[int]]:
    """The marks, troubles and sleeps until the stand-in has no more answers, or until the feed ends with an error."""
    marks: list[Mark] = []
    troubles: list[FeedError] = []
    slept: list[int] = []

    async def sleep(duration_ns: int) -> None:
        slept.append(duration_ns)

    async def run() -> None:
        feed = LiveFeed(
            exchange,
            {"BTC": symbol, **more},
            trouble=troubles.append,
            poll_ns=10,
            poll_ns_max=35,
            sleep=sleep,
            clock=lambda: 5,
            errors=ERRORS,
            **terms,
        )
        async for mark in feed.marks():
            marks.append(mark)

    try:
        asyncio.run(run())
    except asyncio.CancelledError:
        pass
    assert exchange.closed == 1
    return marks, troubles, slept


def test_a_ticker_becomes_a_mark() -> None:
    (mark,), troubles, _ = polled(StandIn(GOOD))
    numbers = [
        text(number)
        for number in (mark.bid, mark.ask, mark.last, mark.bid_size, mark.ask_size, mark.close)
        if number is not None
    ]
    assert numbers == ["99.5", "100.25", "100", "3", "0.1", "98"]
    assert (mark.instrument, mark.at, mark.resolution_ns, troubles) == ("BTC", 1_700_000_000_123_000_000, 0, [])


def test_a_ticker_without_time_is_of_now() -> None:
    (mark,), _, _ = polled(StandIn({**GOOD, "timestamp": None}))
    assert mark.at == 5


@pytest.mark.parametrize("change", [{"bid": None}, {"ask": "nan"}, {"ask": float("inf")}, {"last": True}])
def test_an_incomplete_quote_is_told_and_gives_no_mark(change: dict[str, Any]) -> None:
    marks, troubles, _ = polled(StandIn({**GOOD, **change}))
    assert marks == [] and [trouble.code for trouble in troubles] == ["quote_incomplete"]


@pytest.mark.parametrize("change", [{"last": 0}, {"bid": "101"}, {"markPrice": "-1"}])
def test_a_quote_that_makes_no_sense_is_passed_on_to_who_must_know(change: dict[str, Any]) -> None:
    (mark,), troubles, _ = polled(StandIn({**GOOD, **change}))
    assert mark.fault and troubles == []


def test_a_ticker_brings_the_venues_own_mark_price_and_its_source() -> None:
    (mark,), _, _ = polled(StandIn({**GOOD, "markPrice": "100.5"}), source="live:kraken")
    assert (str(mark.fair), mark.source) == ("100.5", "live:kraken")


def test_one_ticker_that_fails_loses_no_other_and_no_time() -> None:
    two = StandIn(Passing("a"), GOOD, GOOD, Passing("b"), Passing("c"), Passing("d"), GOOD, GOOD)
    two.symbols = ["BTC/USDT", "ETH/USDT"]
    marks, troubles, slept = polled(two, more={"ETH": "ETH/USDT"})
    assert [mark.instrument for mark in marks] == ["ETH", "BTC", "BTC", "ETH"]
    assert len(troubles) == 3 and slept == [10, 10, 20, 10]


def test_an_outage_goes_on_until_prices_come_again() -> None:
    marks, troubles, slept = polled(StandIn(*[Passing("away")] * 50, GOOD))
    assert len(marks) == 1 and len(troubles) == 50 and max(slept) == 35
    assert troubles[-1].what.startswith("nothing came 50 times in a row")


def test_failures_that_pass_are_told_and_waited_out_ever_longer() -> None:
    marks, troubles, slept = polled(StandIn(Passing("a"), Passing("b"), Passing("c"), GOOD))
    assert slept == [20, 35, 35, 10] and len(marks) == 1
    assert [trouble.code for trouble in troubles] == ["feed_outage"] * 3


def test_too_many_failures_in_a_row_end_the_feed() -> None:
    with pytest.raises(FeedError, match="3 polls in a row"):
        polled(StandIn(GOOD, Passing("a"), Passing("b"), Passing("c"), GOOD), failures_max=3)


def test_what_no_retry_mends_ends_the_feed() -> None:
    with pytest.raises(FeedError, match="feed_refused"):
        polled(StandIn(Broken("not in your region")))


def test_an_unknown_symbol_is_named() -> None:
    with pytest.raises(FeedError, match="unknown_symbol.*XYZ/USDT"):
        polled(StandIn(GOOD), symbol="XYZ/USDT")


def test_ccxt_is_asked_for_text_and_names_its_exchanges() -> None:
    pytest.importorskip("ccxt", reason="the extra `live` is not installed")

    async def made() -> None:
        exchange = connect("kraken")
        assert exchange.number is str  # type: ignore[attr-defined]
        await exchange.close()

    asyncio.run(made())
    with pytest.raises(FeedError, match="unknown_exchange"):
        connect("no-such-exchange")


def test_without_ccxt_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr("remit.feeds.live.import_module", missing)
    with pytest.raises(FeedError, match=r"remit\[live\]"):
        connect("kraken")
