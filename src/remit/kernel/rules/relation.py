"""Relations: how a measurement must stand to its limit, as data.

Each relation is one row: a plain function, the same thing as Python source for the generated evaluator, how the limits
of several subjects are shown as one, and how limit and measurement are written. A measurement of None never holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from remit.kernel.mandate import Rate
from remit.kernel.numbers import NANOSECONDS, div_ceil
from remit.kernel.rules.unit import Unit, fraction_written, limit_written, written


def _always(_limit: Any) -> bool:
    return True


def _scaled(limit: Any, unit: Unit) -> Any:
    return limit * unit.factor


def _unchanged(limit: Any, _unit: Unit) -> Any:
    return limit


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """How a measurement must stand to a limit.

    `ready` turns a mandate's limit into the one that is compared: by `holds`, `retry_after` and `source`. The functions
    that write text take the limit as the mandate has it.
    `source` spells `holds` as an expression of Python: `{m}` is the measurement (`{n}` and `{d}` the parts of a pair),
    `{l}` the limit. For a missing measurement it raises or is false; it is never true.
    `binds` says whether a limit constrains at all. `worse` says whether the first measurement is worse than the second.
    `retry_after` is the number of nanoseconds after which the same measurement would hold.
    `phrase` completes the sentence "<measurement> ...", with `{l}` the limit as text.
    """

    name: str
    holds: Callable[[Any, Any], bool]
    source: str
    view: Callable[[Sequence[Any]], Any]
    phrase: str
    ready: Callable[[Any, Unit], Any] = _unchanged
    binds: Callable[[Any], bool] = _always
    worse: Callable[[Any, Any], bool] | None = None
    worse_source: str = ""
    retry_after: Callable[[Any, Any], int] | None = None
    actual_text: Callable[[Any, Any, Unit], str] = lambda actual, _limit, unit: written(actual, unit)
    limit_text: Callable[[Any, Unit], str] = limit_written
    reached: Callable[[Any, Any, int], bool] | None = None
    """Whether a measurement is so many percent of the limit or more; one of nothing or less is no part of any limit."""
    exceeded: Callable[[Any, Any], bool] | None = None
    """Whether a measurement with no order is beyond the limit: what is not there at all exceeds nothing."""
    reached_source: Callable[[Any, int], str] | None = None
    exceeded_source: str = ""
    bound_text: Callable[[Any, Unit], str] | None = None
    """Where the measurement is (asked, available) and brings its own limit: how that is written."""

    @property
    def wants_pair(self) -> bool:
        """Whether it compares the two parts of a measured pair."""
        return "{n}" in self.source


def interval_ns(rate: Rate) -> int:
    """Return the nanoseconds one order occupies of a rate, rounded up: the book advances its arrival time by this."""
    return div_ceil(rate.per_s * NANOSECONDS, rate.count)


def _burst_ns(rate: Rate) -> int:
    return (rate.count - 1) * interval_ns(rate)


def _ratio_holds(actual: tuple[int, int], limit: tuple[int, int]) -> bool:
    numerator, denominator = actual
    return denominator > 0 and numerator * limit[1] <= denominator * limit[0]


def _ratio_worse(after: tuple[int, int], before: tuple[int, int]) -> bool:
    return after[1] <= 0 or before[1] <= 0 or after[0] * before[1] > before[0] * after[1]


def _amount_reached(actual: int, limit: int, percent: int) -> bool:
    return actual > 0 and actual * 100 >= limit * percent


def _amount_reached_source(limit: int, percent: int) -> str:
    return f"{{m}} > {max(div_ceil(limit * percent, 100) - 1, 0)}"


def _ratio_reached(actual: tuple[int, int], limit: tuple[int, int], percent: int) -> bool:
    numerator, denominator = actual
    return numerator > 0 and (denominator <= 0 or numerator * limit[1] * 100 >= denominator * limit[0] * percent)


def _ratio_reached_source(limit: tuple[int, int], percent: int) -> str:
    return f"({{d}} <= 0 or {{n}} * {limit[1] * 100} >= {{d}} * {limit[0] * percent}) and {{n}} > 0"


def _ratio_exceeded(actual: tuple[int, int], limit: tuple[int, int]) -> bool:
    return actual[0] > 0 and not _ratio_holds(actual, limit)


def _intersection(limits: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(sorted(frozenset(limits[0]).intersection(*limits[1:])))


def _union(limits: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(sorted(frozenset[str]().union(*limits)))


def _used(ahead_ns: int, rate: Rate) -> int:
    """Return how many are used of a rate whose bucket is so far ahead of time; one that refilled long ago is empty."""
    return max(div_ceil(ahead_ns, interval_ns(rate)) + 1, 0)


def _slowest(limits: Sequence[Rate]) -> Rate:
    return min(limits, key=lambda rate: (Fraction(rate.count, rate.per_s), rate.count))


def _strictest(word: str) -> Callable[[Sequence[str]], str]:
    return lambda limits: word if word in limits else limits[0]


NOTHING: frozenset[object] = frozenset({(), "", False, frozenset()})
"""What a standing rule measures when nothing stands in the way."""

at_most = Relation(
    "at_most", lambda actual, limit: bool(actual <= limit), "{m} <= {l}", min, "must be at most {l}", _scaled,
    worse=lambda after, before: bool(after > before), worse_source="{m} > {b}",
    reached=_amount_reached, reached_source=_amount_reached_source,
    exceeded=lambda actual, limit: bool(actual > limit), exceeded_source="{m} > {l}",
)
below = Relation(
    "below", lambda actual, limit: bool(actual < limit), "{m} < {l}", min, "must be below {l}", _scaled,
    worse=lambda after, before: bool(after > before), worse_source="{m} > {b}",
)
at_least = Relation(
    "at_least", lambda actual, limit: bool(actual >= limit), "{m} >= {l}", max, "must be at least {l}", _scaled,
    worse=lambda after, before: bool(after < before), worse_source="{m} < {b}",
    retry_after=lambda actual, limit: int(limit - actual),
)
within = Relation(
    "within", lambda actual, limit: actual in limit, "{m} in {l}", _intersection, "must be one of: {l}",
    lambda limit, _unit: frozenset(limit),
)
outside = Relation(
    "outside", lambda actual, limit: actual not in limit, "{m} not in {l}", _union, "must be none of: {l}",
    lambda limit, _unit: frozenset(limit) | {None},  # a missing name is on every block-list
)
covers = Relation(
    "covers", lambda actual, limit: limit <= actual, "{l} <= {m}", _union, "must include all of: {l}",
    lambda limit, _unit: frozenset(limit),
)
ratio_at_most = Relation(
    "ratio_at_most", _ratio_holds, "{d} > 0 and {n} * {l[1]} <= {d} * {l[0]}", min, "must be at most {l}",
    lambda limit, unit: (int(limit), unit.scale), worse=_ratio_worse,
    worse_source="{d} <= 0 or {bd} <= 0 or {n} * {bd} > {bn} * {d}",
    reached=_ratio_reached, reached_source=_ratio_reached_source,
    exceeded=_ratio_exceeded, exceeded_source="({d} <= 0 or {n} * {l[1]} > {d} * {l[0]}) and {n} > 0",
    actual_text=lambda actual, _limit, unit: fraction_written(actual[0], actual[1], unit),
    limit_text=lambda limit, unit: written(limit, unit),
)
rate_within = Relation(
    "rate_within", lambda actual, limit: bool(actual <= limit), "{m} <= {l}", _slowest, "must keep to {l}",
    lambda limit, _unit: _burst_ns(limit), retry_after=lambda actual, limit: int(actual - limit),
    actual_text=lambda actual, limit, _unit: f"{_used(actual, limit)} per {limit.per_s} s",
)
fits = Relation(
    "fits", lambda actual, _limit: bool(actual[0] <= actual[1]), "{n} <= {d}", _strictest("required"), "must fit",
    binds=lambda limit: limit is None or limit == "required",
    actual_text=lambda actual, _limit, unit: written(actual[0], unit),
    bound_text=lambda actual, unit: written(actual[1], unit),
)
nothing = Relation(
    "nothing", lambda actual, _limit: actual in NOTHING, "{m} in NOTHING", lambda limits: limits[0], "must be absent",
    limit_text=lambda _limit, _unit: "none",
)
unless_blocked = Relation(
    "unless_blocked", lambda actual, _limit: bool(actual == 0), "{m} == 0", _strictest("blocked"), "must be none",
    binds=lambda limit: bool(limit == "blocked"),
)
when_required = Relation(
    "when_required", lambda actual, _limit: actual is True, "({m}) is True", _strictest("required"), "must be true",
    binds=lambda limit: limit is None or limit == "required",
)

RELATIONS: tuple[Relation, ...] = (
    at_most, below, at_least, within, outside, covers, ratio_at_most, rate_within, fits, nothing, unless_blocked,
    when_required,
)
