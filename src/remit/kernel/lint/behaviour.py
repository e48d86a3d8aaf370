"""Lint of rates, counters and cooldowns."""

from __future__ import annotations

from itertools import combinations

from remit.kernel.lint.note import Found, Known, Limit, Path, limits, note, written
from remit.kernel.mandate import Rate

DAY_S = 86_400


def _faster(one: Rate, other: Rate) -> bool:
    return one.count * other.per_s > other.count * one.per_s


def _overtaken(rate: Limit, by: Limit) -> bool:
    return by.depth <= rate.depth and _faster(rate.value, by.value) and rate.value.count >= by.value.count


def rates(path: Path, _: Known) -> Found:
    """A rate of orders above the rate of messages, or a narrower rate above a wider one."""
    pairs = [(order, wide) for order in limits(path, "order_rate_max") for wide in limits(path, "message_rate_max")]
    for field in ("order_rate_max", "message_rate_max"):
        pairs += [(narrow, wide) for wide, narrow in combinations(limits(path, field), 2)]
    for rate, wide in pairs:
        if _overtaken(rate, wide):
            yield note(
                "never_binds",
                (rate, wide),
                f"{rate} can never bind: {wide} counts the same orders and is reached first.",
                f"Lower {rate.field} of {rate.level.subject} below {written(wide.value)}.",
            )


def day_above_rate(path: Path, _: Known) -> Found:
    """A number of orders a day that the rate of the same or a wider subject never reaches."""
    for rate in limits(path, "order_rate_max"):
        for day in limits(path, "orders_per_day_max"):
            most = rate.value.count * DAY_S // rate.value.per_s + rate.value.count
            if rate.depth <= day.depth and most <= day.value:
                yield note(
                    "never_binds",
                    (day, rate),
                    f"{day} can never bind: {rate} lets out {most} in a whole day at most.",
                    "Lower orders_per_day_max, or raise order_rate_max.",
                )


def cooldown_without_loss(path: Path, _: Known) -> Found:
    """A cooldown after a loss halt at a subject that no loss can halt."""
    for cooldown in limits(path, "loss_cooldown"):
        mandate = cooldown.level.mandate
        if cooldown.value != 0 and mandate.daily_loss_max is None and mandate.drawdown_max is None:
            yield note(
                "never_binds",
                (cooldown,),
                f"{cooldown} waits for a loss halt, but neither daily_loss_max nor drawdown_max is set there.",
                "Set one of them at the same subject, or remove loss_cooldown.",
            )


CHECKS = (rates, day_above_rate, cooldown_without_loss)
