"""Lint of sets and switches: lists that allow nothing, names nobody knows, settings that another makes moot."""

from __future__ import annotations

from typing import get_args

from remit.kernel.instrument import Kind
from remit.kernel.lint.note import Found, Known, Path, limits, note, written
from remit.kernel.numbers import SCALE

ALLOW_LISTS = (
    "instruments_allowed",
    "categories_allowed",
    "asset_classes_allowed",
    "venues_allowed",
    "order_types_allowed",
    "sides_allowed",
)
MOOT: tuple[tuple[str, object, str, str], ...] = (
    ("short_allowed", "blocked", "locate_required", "short sales are blocked"),
    ("short_allowed", "blocked", "short_sale_restricted", "short sales are blocked"),
    ("order_types_allowed", ("limit",), "slippage_max_bps", "only limit orders are allowed"),
)
"""(field, value, what it makes moot, why)."""
PREDICTION_ONLY = ("payout_max", "resolution_distance_min", "position_opposing")


def empty_lists(path: Path, _: Known) -> Found:
    """An allow-list that is empty, or that shares no name with the wider ones: it allows nothing."""
    for field in ALLOW_LISTS:
        left: set[str] | None = None
        for allowed in limits(path, field):
            wider, left = left, set(allowed.value) if left is None else left & set(allowed.value)
            if not allowed.value:
                yield note(
                    "allows_nothing",
                    (allowed,),
                    f"{field} of {allowed.level.subject} is empty: no order can open.",
                    "Name what is allowed, or remove the field so that it does not constrain.",
                )
            elif not left and wider:
                yield note(
                    "allows_nothing",
                    (allowed,),
                    f"{allowed} shares no name with the wider {field}: no order can open.",
                    f"Name something that is allowed above too: {', '.join(sorted(wider))}.",
                )


def all_blocked(path: Path, _: Known) -> Found:
    """An allow-list every name of which is blocked somewhere on the path."""
    blocking = limits(path, "instruments_blocked")
    blocked = {name for limit in blocking for name in limit.value}
    for allowed in limits(path, "instruments_allowed"):
        if allowed.value and blocked.issuperset(allowed.value):
            yield note(
                "allows_nothing",
                (allowed, *blocking),
                f"Every name in {allowed} is blocked on the same path: no order can open.",
                "Take the names off one of the lists.",
            )


def hours(path: Path, known: Known) -> Found:
    """Calendars that nobody gave, or none at all."""
    for named in limits(path, "hours_active"):
        unknown = sorted(set(named.value) - set(known.calendars)) if known.calendars is not None else []
        if unknown:
            yield note(
                "unknown_name",
                (named,),
                f"hours_active of {named.level.subject} names {', '.join(unknown)}, a calendar nobody gave: every "
                "opening order is denied.",
                "Give it with `remit fact calendar FILE`, or correct the name.",
            )
        if not named.value:
            yield note(
                "never_binds",
                (named,),
                f"hours_active of {named.level.subject} names no calendar: it constrains nothing.",
                "Name a calendar, or remove the field.",
            )


def asset_classes(path: Path, _: Known) -> Found:
    """Classes that no instrument has, and limits for a class that is not allowed."""
    for classes in limits(path, "asset_classes_allowed"):
        strange = [name for name in classes.value if name not in get_args(Kind)]
        if strange:
            yield note(
                "unknown_name",
                (classes,),
                f"{classes} names {', '.join(strange)}, which no instrument can be.",
                f"Choose from {', '.join(get_args(Kind))}.",
            )
        if "prediction" in classes.value or not classes.value:
            continue
        for limit in (limit for field in PREDICTION_ONLY for limit in limits(path, field)):
            yield note(
                "never_binds",
                (limit, classes),
                f"{limit} can never bind: {classes} leaves prediction contracts out.",
                f"Remove {limit.field}, or allow prediction.",
                "note",
            )


def moot(path: Path, _: Known) -> Found:
    """A setting about something that another setting rules out altogether."""
    for field, value, other, why in MOOT:
        for ruling in limits(path, field):
            for ruled in limits(path, other):
                if ruling.value == value and ruled.value != "waived":
                    yield note(
                        "never_binds",
                        (ruled, ruling),
                        f"{ruled} can never bind: {why} by {ruling.level.subject}.",
                        f"Remove {other}, or change {field}.",
                        "note",
                    )


def confidence(path: Path, _: Known) -> Found:
    """A confidence that nobody can have, or that persons are not asked for."""
    for floor in limits(path, "confidence_min"):
        if floor.value > SCALE:
            yield note(
                "allows_nothing",
                (floor,),
                f"{floor} is above 1, and no confidence is: no agent can open anything.",
                "Give a number between 0 and 1.",
            )
        elif not floor.level.subject.startswith(("agent:", "client:")):
            yield note(
                "know_this",
                (floor,),
                f"{floor} is asked of agents only and is their own word: an order by a person passes without "
                f"{written(floor.value)}.",
                "Bound what people place by order_notional_max or approval_notional_min.",
                "note",
            )


CHECKS = (empty_lists, all_blocked, hours, asset_classes, moot, confidence)
