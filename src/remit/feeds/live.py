"""Live public prices through ccxt (the extra `live`), off by default: it asks only when somebody iterates.

ccxt is told to hand numbers over as the text that the exchange sent (its `number` setting); a number that arrives as a
float all the same is read by its shortest decimal text, and more than 18 digits after the point are cut.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from remit.feeds.errors import FeedError
from remit.feeds.recorded import sleep_ns
from remit.kernel.instrument import Mark
from remit.kernel.numbers import NANOSECONDS, Price, Quantity

_MILLISECOND_NS = 10**6


class Exchange(Protocol):
    """The part of a ccxt exchange that is used here."""

    symbols: list[str] | None

    async def load_markets(self) -> object:
        """Read which symbols there are."""

    async def fetch_ticker(self, symbol: str) -> Mapping[str, Any]:
        """Read the ticker of one symbol."""

    async def close(self) -> None:
        """End every connection."""


class Errors(NamedTuple):
    """Which exceptions an exchange raises, and which of them pass: those are tried again."""

    any: type[Exception]
    passing: type[Exception]


def ccxt_errors() -> Errors:
    """Return what ccxt raises; its network errors (time-outs, rate limits, maintenance) pass."""
    ccxt = _ccxt()
    return Errors(ccxt.BaseError, ccxt.NetworkError)


def _ccxt() -> Any:
    try:
        return import_module("ccxt.async_support")
    except ImportError as problem:
        raise FeedError("extra_missing", "live prices need ccxt", "Install it: pip install 'remit[live]'") from problem


def connect(exchange: str) -> Exchange:
    """Return the ccxt exchange of that id, without keys and not yet connected; raises FeedError with what to do."""
    ccxt = _ccxt()
    if exchange not in ccxt.exchanges:
        raise FeedError("unknown_exchange", f"ccxt knows no exchange {exchange!r}", "Name one of ccxt.exchanges")
    made: Any = getattr(ccxt, exchange)({"enableRateLimit": True})
    made.number = str
    connected: Exchange = made
    return connected


class LiveFeed:
    """Polls the tickers of `symbols` (instrument name to the exchange's symbol) of one exchange every `poll_ns`.

    A ticker that fails is told to `trouble` and loses no other; after a poll of which nothing came, the next waits
    `poll_ns`, doubled with each failure in a row up to `poll_ns_max`, and so on until prices come again, or until
    `failures_max` in a row end the feed as FeedError `feed_outage` (None: never). A ticker without bid, ask or a last
    price gives no mark and is told as `quote_incomplete`; one that makes no sense is passed on, since who trades on it
    must know. What the exchange refuses for good ends the feed as `feed_refused`. `source` names the feed in its marks.
    `clock` gives nanoseconds since the epoch, for tickers that carry no time.
    """

    def __init__(
        self,
        exchange: Exchange,
        symbols: Mapping[str, str],
        *,
        trouble: Callable[[FeedError], None],
        poll_ns: int = 5 * NANOSECONDS,
        poll_ns_max: int = 30 * NANOSECONDS,
        failures_max: int | None = None,
        source: str = "live",
        clock: Callable[[], int] = time.time_ns,
        sleep: Callable[[int], Awaitable[None]] = sleep_ns,
        errors: Errors | None = None,
    ) -> None:
        self._exchange = exchange
        self._errors = errors or ccxt_errors()
        self._symbols = dict(symbols)
        self._trouble = trouble
        self._poll_ns = poll_ns
        self._poll_ns_max = poll_ns_max
        self._failures_max = failures_max
        self._source = source
        self._clock = clock
        self._sleep = sleep

    async def marks(self) -> AsyncIterator[Mark]:
        """Yield marks until the feed ends with FeedError or the caller stops; the exchange is closed either way."""
        failures = 0
        is_ready = False
        try:
            while True:
                problem: Exception | None = None
                try:
                    if not is_ready:
                        await self._load()
                        is_ready = True
                except self._errors.any as fault:
                    problem = fault
                heard = 0
                for name, symbol in self._symbols.items() if is_ready else ():
                    try:
                        ticker = await self._exchange.fetch_ticker(symbol)
                    except self._errors.any as fault:
                        problem = fault
                        if isinstance(fault, self._errors.passing):
                            continue
                        break
                    heard += 1
                    mark = self._read(name, ticker)
                    if mark is not None:
                        yield mark
                failures = 0 if heard else failures + 1
                if problem is not None:
                    self._fail(problem, failures)
                await self._sleep(min(self._poll_ns * 2**failures, self._poll_ns_max) if failures else self._poll_ns)
        finally:
            await self._exchange.close()

    async def _load(self) -> None:
        await self._exchange.load_markets()
        unknown = sorted(set(self._symbols.values()) - set(self._exchange.symbols or ()))
        if unknown:
            raise FeedError(
                "unknown_symbol", f"the exchange has no {', '.join(unknown)}", "Name its own symbols, like BTC/USDT"
            )

    def _fail(self, problem: Exception, failures: int) -> None:
        what = f"{type(problem).__name__}: {str(problem)[:200]}"
        if not isinstance(problem, self._errors.passing):
            raise FeedError(
                "feed_refused", what, "Correct the exchange, symbols or region; retrying will not help"
            ) from problem
        if self._failures_max is not None and failures >= self._failures_max:
            raise FeedError(
                "feed_outage", f"{failures} polls in a row failed, the last: {what}", "Start the feed again"
            ) from problem
        said = f"nothing came {failures} times in a row, the last: {what}" if failures else what
        self._trouble(FeedError("feed_outage", said, "Nothing: it is tried again; what has no price opens nothing"))

    def _read(self, name: str, ticker: Mapping[str, Any]) -> Mark | None:
        try:
            at = ticker.get("timestamp")
            sizes = {side: _size(ticker.get(f"{side}Volume")) for side in ("bid", "ask")}
            close, fair = ticker.get("previousClose"), ticker.get("markPrice")
            return Mark(
                instrument=name,
                at=self._clock() if at is None else int(at) * _MILLISECOND_NS,
                bid=Price(_scaled(ticker.get("bid"))),
                ask=Price(_scaled(ticker.get("ask"))),
                last=Price(_scaled(ticker.get("last"))),
                close=None if close is None else Price(_scaled(close)),
                bid_size=sizes["bid"],
                ask_size=sizes["ask"],
                source=self._source,
                fair=None if fair is None else Price(_scaled(fair)),
            )
        except ValueError as problem:
            self._trouble(
                FeedError("quote_incomplete", f"{name}: {problem}", "Nothing: the instrument has no new mark")
            )
            return None


def _size(source: object) -> Quantity | None:
    return None if source is None else Quantity(_scaled(source))


def _scaled(source: object) -> int:
    """Return a number at scale 10^-18; exponents are read, digits beyond the scale are cut."""
    if isinstance(source, bool) or not isinstance(source, (str, int, float)):
        raise ValueError(f"a number is missing: {source!r}")
    try:
        exact = Decimal(source if isinstance(source, str) else repr(source))
    except InvalidOperation:
        raise ValueError(f"{source!r} is no number") from None
    if not exact.is_finite() or not -40 < exact.adjusted() <= 23:
        raise ValueError(f"{source!r} is no number that can be held")
    sign, digits, exponent = exact.as_tuple()
    whole = int("".join(map(str, digits)))
    power: int = 10 ** abs(int(exponent) + 18)
    scaled = whole * power if int(exponent) >= -18 else whole // power
    return -scaled if sign else scaled
