"""The outside facts: what the kernel cannot know by itself, one header for each, and the command each becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from remit.kernel import command
from remit.kernel.codec import build, plain
from remit.kernel.instrument import FxMark
from remit.kernel.names import NAME_PATTERN
from remit.kernel.numbers import NANOSECONDS, SCALE, Decimal18, Money, Price, Quantity, Ratio, parse, text

Row = dict[str, Any]
Rows = Sequence[tuple[int, Row]]
"""(line, values by column); an empty optional cell has no value."""


class Column(NamedTuple):
    """One column of a fact: its name, what may stand in it, and how text becomes a value (ValueError: it cannot)."""

    name: str
    holds: str
    reads: Callable[[str], Any]
    optional: bool = False


class Fact(NamedTuple):
    """One outside fact: its verb, what it tells, its source, the rules it feeds, and how its rows become commands.

    No two rows of a file may agree in all `key` columns: the same dividend twice is a mistake, never a repeat.
    """

    verb: str
    tells: str
    source: str
    feeds: tuple[str, ...]
    body: type[Any]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    example: tuple[str, ...]
    gather: Callable[[Fact, Rows], Iterator[Any]]

    @property
    def header(self) -> tuple[str, ...]:
        """The column names, in the order they are written."""
        return tuple(column.name for column in self.columns)


class WrongRow(ValueError):
    """A row that is well written and cannot be true; `line` and `column` say where."""

    def __init__(self, line: int, column: str, message: str) -> None:
        super().__init__(message)
        self.line, self.column = line, column


# What a cell may hold


def _name(cell: str) -> str:
    if not re.fullmatch(NAME_PATTERN, cell):
        raise ValueError(f"{cell!r} is not a name")
    return cell


def _currency(cell: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,11}", cell):
        raise ValueError(f"{cell!r} is not a currency")
    return cell


def _signed(kind: type[Decimal18]) -> Callable[[str], Decimal18]:
    return lambda cell: parse(kind, cell)


def _unsigned(kind: type[Decimal18]) -> Callable[[str], Decimal18]:
    def reads(cell: str) -> Decimal18:
        value = parse(kind, cell)
        if value < 0:
            raise ValueError(f"{cell} is below zero")
        return value

    return reads


def whole(cell: str) -> int:
    """Return a whole number not below zero, of at most ten digits and without leading zeros; ValueError."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,9}", cell):
        raise ValueError(f"{cell[:40]!r} is not a whole number")
    return int(cell)


def _choice(*choices: str) -> Callable[[str], str]:
    def reads(cell: str) -> str:
        if cell not in choices:
            raise ValueError(f"{cell!r} is unknown")
        return cell

    return reads


def _flag(cell: str) -> bool:
    return _choice("yes", "no")(cell) == "yes"


_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(cell: str) -> int:
    """Return the nanoseconds since the epoch of an ISO 8601 time in UTC, exactly; ValueError for anything else."""
    matched = _TIME.fullmatch(cell)
    if not matched:
        raise ValueError(f"{cell!r} is not a time in UTC")
    since = datetime.fromisoformat(matched[1]).replace(tzinfo=UTC) - _EPOCH
    at = (since.days * 86_400 + since.seconds) * NANOSECONDS + int((matched[2] or "").ljust(9, "0"))
    if at < 0:
        raise ValueError(f"{cell} lies before 1970")
    return at


_INSTRUMENT = Column("instrument", "the name of an instrument", _name)
_CONNECTION = Column("connection", "the name of a connection", _name)
_UTC = "a time in UTC such as 2026-01-02T14:30:00Z"


# How rows become commands


def _made(kind: type[Any], line: int, row: Row) -> Any:
    try:
        return build(kind, plain(row))
    except (msgspec.ValidationError, ValueError) as error:
        raise WrongRow(line, "", str(error)) from error


def _each(fact: Fact, rows: Rows) -> Iterator[Any]:
    for line, row in rows:
        yield _made(fact.body, line, row)


def _rates(fact: Fact, rows: Rows) -> Iterator[Any]:
    marks = []
    for line, row in rows:
        resolution_ns = row.pop("resolution_s", 0) * NANOSECONDS
        marks.append(_made(FxMark, line, {**row, "resolution_ns": resolution_ns}))
    yield command.Marked(fx=tuple(marks))


def _resolutions(fact: Fact, rows: Rows) -> Iterator[Any]:
    for line, row in rows:
        void, price = row["outcome"] == "void", row.get("void_price")
        if void != (price is not None):
            raise WrongRow(line, "void_price", "belongs to a void market, and a void market needs it")
        if price is not None and price > SCALE:
            raise WrongRow(line, "void_price", f"is {text(price)}; a contract pays at most 1")
        yield _made(fact.body, line, row)


def _calendars(fact: Fact, rows: Rows) -> Iterator[Any]:
    for name in dict.fromkeys(row["calendar"] for _, row in rows):
        own = [(line, row["what"], row["from"], row["to"]) for line, row in rows if row["calendar"] == name]
        for line, _, begins, ends in own:
            if begins >= ends:
                raise WrongRow(line, "to", "must come after from")
        spans = [entry for entry in own if entry[1] == "span"]
        if len(spans) != 1:
            raise WrongRow((spans or own)[-1][0], "what", f"is span {len(spans)} times for {name}; say it exactly once")
        _, _, begins_at, ends_at = spans[0]
        windows: list[tuple[int, int]] = []
        for line, _, opens, closes in sorted(
            (entry for entry in own if entry[1] == "open"), key=lambda entry: entry[2]
        ):
            if opens < begins_at or closes > ends_at:
                raise WrongRow(line, "from", f"lies outside the span of {name}")
            if windows and opens < windows[-1][1]:
                raise WrongRow(line, "from", f"overlaps the window before it in {name}")
            windows.append((opens, closes))
        yield command.SetCalendar(calendar=name, begins_at=begins_at, ends_at=ends_at, windows=tuple(windows))


_ALL = (
    Fact(
        "volume",
        "The average daily volume of an instrument, in its units.",
        "the exchange, or recorded bars",
        ("participation_max_pct",),
        command.SetVolume,
        (_INSTRUMENT, Column("average_daily", "a quantity, not below zero", _unsigned(Quantity))),
        ("instrument",),
        ("AAPL,54000000", "BTC-PERP,81234.5"),
        _each,
    ),
    Fact(
        "locate",
        "Shares located for short sales through a connection, until they expire.",
        "the prime broker",
        ("locate_required",),
        command.SetLocate,
        (
            _CONNECTION,
            _INSTRUMENT,
            Column("quantity", "a quantity, not below zero", _unsigned(Quantity)),
            Column("expires_at", _UTC, instant),
        ),
        ("connection", "instrument"),
        ("paper-1,AAPL,500,2026-01-02T21:00:00Z",),
        _each,
    ),
    Fact(
        "restriction",
        "Whether an instrument is under a short-sale price restriction.",
        "the listing exchange",
        ("short_sale_restricted",),
        command.SetShortRestriction,
        (_INSTRUMENT, Column("restricted", "yes or no", _flag)),
        ("instrument",),
        ("AAPL,yes", "MSFT,no"),
        _each,
    ),
    Fact(
        "trading",
        "Whether an instrument trades, is halted or is closed.",
        "the venue",
        ("instrument_tradable",),
        command.SetTradingState,
        (_INSTRUMENT, Column("state", "trading, halted or closed", _choice("trading", "halted", "closed"))),
        ("instrument",),
        ("AAPL,halted",),
        _each,
    ),
    Fact(
        "calendar",
        "When a calendar is open. One `span` row says from when to when the calendar is known; outside it is "
        "not known, and what needs it is denied. Each `open` row is one window.",
        "the exchange",
        ("hours_active", "instrument_tradable"),
        command.SetCalendar,
        (
            Column("calendar", "the name of a calendar", _name),
            Column("what", "span or open", _choice("span", "open")),
            Column("from", _UTC, instant),
            Column("to", _UTC, instant),
        ),
        ("calendar", "what", "from"),
        ("XNYS,span,2026-01-01T00:00:00Z,2027-01-01T00:00:00Z", "XNYS,open,2026-01-02T14:30:00Z,2026-01-02T21:00:00Z"),
        _calendars,
    ),
    Fact(
        "margin",
        "The initial margin of an instrument, as a share of its worth.",
        "the broker or the clearing house",
        ("intraday_margin",),
        command.SetMargin,
        (_INSTRUMENT, Column("initial", "a ratio, not below zero", _unsigned(Ratio))),
        ("instrument",),
        ("AAPL,0.5", "BTC-PERP,0.1"),
        _each,
    ),
    Fact(
        "balance",
        "The cash of a connection in one currency. The difference from the book counts as a deposit.",
        "the venue, or a person",
        ("buying_power", "intraday_margin", "leverage_max", "concentration_max_pct"),
        command.SetBalance,
        (
            _CONNECTION,
            Column("currency", "a currency such as USD", _currency),
            Column("amount", "an amount of that currency", _signed(Money)),
        ),
        ("connection", "currency"),
        ("paper-1,USD,100000",),
        _each,
    ),
    Fact(
        "fx",
        "How much of one currency a unit of another is worth. `resolution_s` is the bar length of a recorded rate "
        "(empty: a live quote); freshness is judged against it.",
        "a price feed",
        ("mark_fresh",),
        command.Marked,
        (
            Column("of", "a currency such as EUR", _currency),
            Column("to", "a currency such as USD", _currency),
            Column("at", _UTC, instant),
            Column("rate", "a ratio above zero", _unsigned(Ratio)),
            Column("resolution_s", "whole seconds, or empty", whole, optional=True),
        ),
        ("of", "to"),
        ("EUR,USD,2026-01-02T14:30:00Z,1.0871,",),
        _rates,
    ),
    Fact(
        "resolution",
        "How a prediction market resolved. A void market pays `void_price` for each contract; a disputed "
        "one keeps its exposure.",
        "the venue",
        ("instrument_tradable",),
        command.Resolve,
        (
            Column("market", "the name of a market", _name),
            Column("outcome", "yes, no, void or disputed", _choice("yes", "no", "void", "disputed")),
            Column("void_price", "a price between 0 and 1, or empty", _unsigned(Price), optional=True),
        ),
        ("market",),
        ("FED-CUT-MAR,yes,", "RAIN-NYC,void,0.5"),
        _resolutions,
    ),
    Fact(
        "split",
        "A share split: each `old` shares became `new`.",
        "the listing exchange",
        (),
        command.Split,
        (
            _INSTRUMENT,
            Column("new", "a whole number above zero", whole),
            Column("old", "a whole number above zero", whole),
        ),
        ("instrument",),
        ("AAPL,4,1",),
        _each,
    ),
    Fact(
        "dividend",
        "A cash dividend per share: longs receive it, shorts owe it.",
        "the issuer",
        (),
        command.Dividend,
        (_INSTRUMENT, Column("amount", "an amount per share, not below zero", _unsigned(Money))),
        ("instrument",),
        ("AAPL,0.26",),
        _each,
    ),
    Fact(
        "funding",
        "Funding of a perpetual: longs pay `amount` per unit of the base, shorts receive it; negative the "
        "other way round.",
        "the venue",
        (),
        command.Funding,
        (_INSTRUMENT, Column("amount", "an amount per unit", _signed(Money))),
        ("instrument",),
        ("BTC-PERP,4.21",),
        _each,
    ),
)
FACTS: dict[str, Fact] = {fact.verb: fact for fact in _ALL}
"""Every outside fact by its verb, as in `remit fact VERB FILE`."""
