"""Exact numbers: integers at one fixed scale, decimal text outside, never floating point.

A `Price`, a `Quantity`, a `Money` and a `Ratio` are the same integer underneath and different types everywhere else, so
that a unit error is a type error. Arithmetic between them yields a plain `int`; the result is named again where it
crosses a boundary.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeVar

SCALE = 10**18
BPS = 10_000
NANOSECONDS = 10**9
DAY_NS = 86_400 * NANOSECONDS
LARGEST = 10**24 * SCALE - 1
"""The largest number that has a text: one beyond it could be written into a record and never be read again."""
TEXTS_KEPT = 1 << 16
"""Texts of numbers that are remembered: an order says the same few numbers many times over on its way."""

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,23})(\.[0-9]{1,18})?", re.ASCII)


class Decimal18(int):
    """An integer at scale 10^-18; the parent of every number that crosses a boundary as decimal text."""

    __slots__ = ()

    def __str__(self) -> str:
        return text(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{text(self)}')"


class Price(Decimal18):
    """What one unit costs, in the instrument's currency."""

    __slots__ = ()


class Quantity(Decimal18):
    """How many shares, contracts or base units."""

    __slots__ = ()


class Money(Decimal18):
    """An amount of one currency; which one is said beside it."""

    __slots__ = ()


class Ratio(Decimal18):
    """A number without a unit: a confidence, an exchange rate, a margin rate."""

    __slots__ = ()


Number = TypeVar("Number", bound=Decimal18)


class NotDecimal(ValueError):
    """Raised for text that is not a plain decimal number this kernel can hold exactly."""


def parse(kind: type[Number], source: object) -> Number:
    """Return `source` as an exact number, or raise NotDecimal; only plain decimal text is accepted.

    No exponent, no sign but a leading minus, at most 24 digits before the point and 18 after it.
    """
    if type(source) is not str:
        raise NotDecimal(f'decimal text wanted, for example "12.5", not {type(source).__name__}')
    return kind(_read(source))


@lru_cache(maxsize=TEXTS_KEPT)
def _read(source: str) -> int:
    if not _DECIMAL.fullmatch(source):
        raise NotDecimal(f"not a plain decimal number: {source[:40]!r}")
    whole, _, fraction = source.partition(".")
    negative = whole.startswith("-")
    magnitude = int(whole.lstrip("-")) * SCALE + int(fraction.ljust(18, "0"))
    return -magnitude if negative else magnitude


@lru_cache(maxsize=TEXTS_KEPT)
def text(value: int) -> str:
    """Return the shortest decimal text of a scaled integer; `parse` is its inverse."""
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(int(value)), SCALE)
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:018d}".rstrip("0")


def div_ceil(numerator: int, denominator: int) -> int:
    """Return the quotient rounded towards plus infinity."""
    return -(-numerator // denominator)


def notional_ceil(price: int, quantity: int, unit: int) -> int:
    """Return what `quantity` is worth at `price`, rounded up once; `unit` is multiplier times rate, at scale 10^-36.

    What counts against a limit is never rounded away.
    """
    return -(-price * quantity * unit // _CUBE)


def notional_floor(price: int, quantity: int, unit: int) -> int:
    """Return what `quantity` is worth at `price`, rounded down once; `unit` is multiplier times rate, at scale
    10^-36."""
    return price * quantity * unit // _CUBE


_CUBE = SCALE**3
