"""Levels: which limits are nearly used up or exceeded, so that people are told once per crossing, not at every mark.

A limit is near from 80 % on and back below 75 %: between them it stays what it was, so that a price that wavers does
not tell the same thing over and over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from remit.kernel import event as e
from remit.kernel.event import Dimension

if TYPE_CHECKING:
    from remit.kernel.command import Command
    from remit.kernel.state import State, Subject
    from remit.kernel.sums import Sums

LevelKey = tuple[str, str, Dimension, str]
"""Subject, rule, dimension (total, market, category or venue) and the name of the group, empty for the total."""
STANDS: dict[str, int] = {"near": 80, "over": 100}
"""What is remembered of a limit that is near, or exceeded; nothing is remembered of one that is neither."""
NEAR_PCT, BACK_PCT = 80, 75
SPENDS = ("ai_spend_daily_max", "client_spend_daily_max")
DAILY = frozenset({"daily_loss_max", "orders_per_day_max", "market_orders_per_day_max", *SPENDS})
"""Limits whose measurement begins anew with the day."""


def sums_of(of: Subject, dimension: Dimension, name: str) -> Sums:
    """Return the running sums that a limit is measured on."""
    return of.total if dimension == "total" else of.group(dimension, name)


def groups_of(of: Subject) -> list[tuple[tuple[Dimension, str], Sums]]:
    """Return every dimension and group that a subject has sums of, the total first, the others by name."""
    return [(("total", ""), of.total), *sorted(of.groups.items(), key=lambda group: group[0])]


def set_level(state: State, key: LevelKey, stands: int) -> None:
    """Remember how a limit stands: 80, 100, or 0 for neither."""
    sums = sums_of(state.subjects[key[0]], key[2], key[3])
    known = state.levels.pop(key, 0)
    if stands:
        state.levels[key] = stands
    sums.levels += bool(stands) - bool(known)


def fold_crossed(state: State, command: Command, decision: e.Decision | None, event: e.Crossed) -> None:
    """Remember a crossing, so that it is told once."""
    set_level(state, (event.subject, event.rule, event.dimension, event.group), STANDS.get(event.level, 0))


def start_day(state: State, zone: str) -> None:
    """Forget how the daily limits of everyone in a time zone stood: their day begins."""
    for key in [key for key in state.levels if key[1] in DAILY]:
        version = state.subjects[key[0]].version
        if version is not None and version.mandate.zone == zone:
            set_level(state, key, 0)
