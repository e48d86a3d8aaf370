"""The input: one order a line, read as it stands. A line that is no order is kept with its faults; none is dropped.

A line is a JSON object with `ts, agent, instrument, side, quantity` and optional `type, limit_price, category,
confidence, run, price_seen`; null is absent. Numbers are decimal text or JSON numbers, and exact either way. Other
fields are counted and not read.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from remit.feeds.bars import instant
from remit.kernel.event import Finding
from remit.kernel.names import NAME_PATTERN, Side
from remit.kernel.numbers import SCALE, Price, Quantity, Ratio, parse
from remit.kernel.order import OrderType
from remit.replay.errors import ReplayRefused

RULE = "input"
"""Stands where a finding names its rule: the row itself is at fault, and no limit was asked."""
_EXPONENT_MAX = 60


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One order of the file that can be proposed. `run` is empty and `category` too where the row names none."""

    index: int
    at: int
    agent: str
    instrument: str
    side: Side
    quantity: Quantity
    type: OrderType = "market"
    limit_price: Price | None = None
    category: str = ""
    confidence: Ratio | None = None
    run: str = ""
    price_seen: Price | None = None


class BadRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line that is no order, and why: a finding for each field at fault. the rest where readable."""

    index: int
    findings: tuple[Finding, ...]
    agent: str = ""
    run: str = ""
    category: str = ""


class Orders(NamedTuple):
    """A whole file: every line in its order, and how many rows carry each field that is not read."""

    rows: tuple[Row | BadRow, ...]
    unread: dict[str, int]


def read_orders(path: Path) -> Orders:
    """Return the orders of a JSON Lines file (gzip where the name ends in `.gz`); ReplayRefused if unreadable."""
    if not path.is_file():
        raise ReplayRefused("orders_missing", f"there is no file {path}", "Name a JSON Lines file of orders")
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as source:
            return parse_orders(source)
    except (OSError, EOFError, zlib.error) as fault:
        raise ReplayRefused("orders_unreadable", f"{path} cannot be read: {fault}", "Give the whole file") from fault


def parse_orders(lines: Iterable[bytes]) -> Orders:
    """Return the orders that the lines spell, numbered from 0; a blank line is no order."""
    rows: list[Row | BadRow] = []
    unread: Counter[str] = Counter()
    for line in lines:
        line = line.removeprefix(b"\xef\xbb\xbf") if not rows else line
        if line.strip():
            rows.append(_row(len(rows), line, unread))
    return Orders(tuple(rows), dict(sorted(unread.items())))


def fault(field: str, wanted: str, found: object) -> Finding:
    """Return the finding that a field of a row is not what it must be."""
    shown = "missing" if found is None else str(found)[:80]
    return Finding(rule=RULE, subject=field, limit=wanted, actual=shown, unit="field")


# What a field may hold


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError
    return value


def _at(value: str) -> int:
    at = instant(value)
    if at < 0:
        raise ValueError
    return at


def _above_zero(kind: type[Any]) -> Callable[[str], Any]:
    def reads(value: str) -> Any:
        number = parse(kind, value)
        if number <= 0:
            raise ValueError
        return number

    return reads


def _confidence(value: str) -> Ratio:
    number = parse(Ratio, value)
    if not 0 <= number <= SCALE:
        raise ValueError
    return number


def _one_of(*words: str) -> Callable[[str], str]:
    def reads(value: str) -> str:
        if value not in words:
            raise ValueError
        return value

    return reads


class _Field(NamedTuple):
    wanted: str
    reads: Callable[[str], Any]
    required: bool = False


_NAME = re.compile(NAME_PATTERN)
_A_NAME = "a name: letters, digits and ._:/@-, at most 128"
FIELDS: dict[str, _Field] = {
    "ts": _Field("an instant in UTC such as 2025-10-02T13:30:00Z", _at, required=True),
    "agent": _Field(_A_NAME, _name, required=True),
    "instrument": _Field(_A_NAME, _name, required=True),
    "side": _Field("buy or sell", _one_of("buy", "sell"), required=True),
    "quantity": _Field("a decimal number above zero", _above_zero(Quantity), required=True),
    "type": _Field("market or limit", _one_of("market", "limit")),
    "limit_price": _Field("a decimal number above zero", _above_zero(Price)),
    "category": _Field(_A_NAME, _name),
    "confidence": _Field("a decimal number from 0 to 1", _confidence),
    "run": _Field(_A_NAME, _name),
    "price_seen": _Field("a decimal number", lambda value: parse(Price, value)),
}
"""What is read of a row, and what each field must hold."""


# Lines


class _Twice(ValueError):
    """A field that stands twice in one line."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, value in pairs:
        if name in table:
            raise _Twice(name)
        table[name] = value
    return table


def _plain(number: str) -> str:
    """A JSON number as plain decimal text, exactly; text that no field takes where it is beyond all sense."""
    try:
        exact = Decimal(number)
    except InvalidOperation:
        return number
    return format(exact, "f") if abs(exact.adjusted()) < _EXPONENT_MAX else number


_decoder = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=_plain, parse_int=_plain, parse_constant=lambda word: word
)


def _row(index: int, line: bytes, unread: Counter[str]) -> Row | BadRow:
    try:
        table = _decoder.decode(line.decode("utf-8").strip())
    except _Twice as twice:
        return BadRow(index=index, findings=(fault(str(twice), "each field once", "twice"),))
    except (ValueError, RecursionError) as problem:
        return BadRow(index=index, findings=(fault("line", "one JSON object", problem),))
    if not isinstance(table, dict):
        return BadRow(index=index, findings=(fault("line", "one JSON object", type(table).__name__),))
    unread.update(name for name in table if name not in FIELDS)
    values: dict[str, Any] = {}
    faults: list[Finding] = []
    for name, value, found in _values(table):
        if found is None:
            values[name] = value
        else:
            faults.append(found)
    faults += _contradictions(table, values)
    if faults:
        known = {name: values[name] for name in ("agent", "run", "category") if name in values}
        return BadRow(index=index, findings=tuple(faults), **known)
    values["at"] = values.pop("ts")
    values.setdefault("type", "limit" if "limit_price" in values else "market")
    return Row(index=index, **values)


def _values(table: dict[str, Any]) -> Iterator[tuple[str, Any, Finding | None]]:
    """Each field that the row carries, or must carry: its value, or what is wrong with it."""
    for name, field in FIELDS.items():
        given = table.get(name)
        if given is None:
            if field.required:
                yield name, None, fault(name, field.wanted, None)
            continue
        try:
            if not isinstance(given, str):
                raise ValueError
            yield name, field.reads(given), None
        except ValueError:
            yield name, None, fault(name, field.wanted, given)


def _contradictions(table: dict[str, Any], values: dict[str, Any]) -> list[Finding]:
    if values.get("type") == "limit" and table.get("limit_price") is None:
        return [fault("limit_price", "a price, as the type is limit", None)]
    if values.get("type") == "market" and table.get("limit_price") is not None:
        return [fault("limit_price", "absent, as the type is market", table["limit_price"])]
    return []
