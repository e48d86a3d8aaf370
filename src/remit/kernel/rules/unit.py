"""Units: how a limit's number relates to a measurement's, and how both are written for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from remit.kernel.mandate import Rate
from remit.kernel.numbers import NANOSECONDS, SCALE, div_ceil, text


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A unit of measurement.

    `factor` turns a mandate's number into the measurement's own (seconds become nanoseconds). `scale` is what a
    fraction (numerator, denominator) is multiplied by to be counted in this unit. `decimals` is how many decimal places
    an integer of this unit carries.
    """

    name: str
    factor: int = 1
    scale: int = 1
    decimals: int = 0


MONEY = Unit("money", decimals=18)
"""Written with the currency of the subject in place of the word."""
CASH = Unit("instrument currency", decimals=18)
"""Money of the instrument's currency, where the subject's is another."""
QUANTITY = Unit("quantity", decimals=18)
RATIO = Unit("ratio", scale=SCALE, decimals=18)
BPS = Unit("bps", scale=10_000)
PCT = Unit("pct", scale=100)
COUNT = Unit("count")
SECONDS = Unit("seconds", factor=NANOSECONDS, decimals=9)
"""Measured in nanoseconds, limited in seconds."""
NAMES = Unit("names")
RATE = Unit("rate")
FACT = Unit("fact")
"""A fact without a number: something stands in the way, or nothing does."""


def written(value: Any, unit: Unit) -> str:
    """Return a limit or a measurement as text in `unit`: numbers as plain decimals, sets as sorted names."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, Rate):
        return f"{value.count} per {value.per_s} s"
    if isinstance(value, int):
        return text(value * 10 ** (18 - unit.decimals))
    names = sorted(str(name) for name in value if name is not None)
    return ", ".join(names) if names else "none"


def limit_written(limit: Any, unit: Unit) -> str:
    """Return a mandate's own limit as text in `unit`; a rule without one says `none`."""
    if limit is None:
        return "none"
    return written(limit * unit.factor if isinstance(limit, int) else limit, unit)


def fraction_written(numerator: int, denominator: int, unit: Unit) -> str:
    """Return a fraction as text in `unit`, rounded up to two places (a ratio: to eighteen): a breach stays visible."""
    if denominator <= 0:
        return f"no value: {text(numerator)} over {text(denominator)}"
    if unit.decimals:
        return text(div_ceil(numerator * unit.scale, denominator))
    return text(div_ceil(numerator * unit.scale * 100, denominator) * (SCALE // 100))
