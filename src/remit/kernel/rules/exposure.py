"""C. Exposure: position, working, held and unknown orders together, on the worst side, at the marks."""

from __future__ import annotations

from remit.kernel.book import Change
from remit.kernel.rules.facts import Facts
from remit.kernel.rules.subset import larger, term
from remit.kernel.sums import Sums


@term
def worst_side(order: Facts, of: Sums, change: Change) -> int:
    """The larger of everything long and everything short after the order."""
    return larger(of.long + change.long, of.short + change.short)


def market_exposure_max(order: Facts, of: Sums, change: Change) -> int:
    """Worst side in one market; YES and NO of one market count together."""
    return worst_side(order, of, change)


def category_exposure_max(order: Facts, of: Sums, change: Change) -> int:
    """Worst side in one category."""
    return worst_side(order, of, change)


def venue_exposure_max(order: Facts, of: Sums, change: Change) -> int:
    """Worst side at one venue."""
    return worst_side(order, of, change)


def net_exposure_max(order: Facts, of: Sums, change: Change) -> int:
    """The whole book netted, with all buys filled and no sells, or all sells and no buys."""
    return larger(of.value_ceil + of.buys + change.buys, of.sells + change.sells - of.value)


def gross_exposure_max(order: Facts, of: Sums, change: Change) -> int:
    """The worst sides of all instruments added up."""
    return of.gross + change.gross


def capital_max(order: Facts, of: Sums, change: Change) -> int:
    """Cost basis of all positions plus everything reserved to open."""
    return of.capital + change.capital


def positions_max(order: Facts, of: Sums, change: Change) -> int:
    """How many instruments are held or about to be."""
    return of.positions + change.positions


def orders_open_max(order: Facts, of: Sums, change: Change) -> int:
    """How many orders are working, held or unknown."""
    return of.working + change.working


def leverage_max(order: Facts, of: Sums, change: Change) -> tuple[int, int]:
    """Gross exposure after the order against equity."""
    return (of.gross + change.gross, of.umbrella.equity)


def concentration_max_pct(order: Facts, of: Sums, change: Change) -> tuple[int, int]:
    """Worst side in one market against equity."""
    return (larger(of.long + change.long, of.short + change.short), of.umbrella.equity)


def position_duplicate(order: Facts, of: Sums, change: Change) -> int:
    """How many stakes the agent already has in this market, where a second opening is blocked."""
    return of.positions


def position_opposing(order: Facts, of: Sums, change: Change) -> int:
    """How many stakes there are in other outcomes of this market, where opposing ones are blocked."""
    return change.opposing
