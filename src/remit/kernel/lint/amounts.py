"""Lint of amounts and counts: caps that another cap always reaches first, and zeros."""

from __future__ import annotations

from itertools import combinations

from remit.kernel.level import SPENDS
from remit.kernel.lint.note import Found, Known, Path, limits, note, written
from remit.kernel.numbers import SCALE, text

BOOK_CAPS = (
    "market_exposure_max",
    "category_exposure_max",
    "venue_exposure_max",
    "gross_exposure_max",
    "net_exposure_max",
    "capital_max",
)
"""Caps that one order alone can reach."""

PARTS: tuple[tuple[str, str], ...] = (
    ("market_exposure_max", "category_exposure_max"),
    ("market_exposure_max", "venue_exposure_max"),
    ("market_exposure_max", "gross_exposure_max"),
    ("category_exposure_max", "gross_exposure_max"),
    ("venue_exposure_max", "gross_exposure_max"),
    ("net_exposure_max", "gross_exposure_max"),
    ("market_orders_per_day_max", "orders_per_day_max"),
    ("market_orders_per_day_max", "market_orders_max"),
    ("client_spend_daily_max", "ai_spend_daily_max"),
)
"""(part, whole): what the part measures is never more than what the whole measures."""

NESTED_MAX = (
    "order_notional_max",
    "order_quantity_max",
    "price_collar_bps",
    "slippage_max_bps",
    "participation_max_pct",
    "payout_max",
    "mark_age_max",
    "spread_max_bps",
    "market_exposure_max",
    "category_exposure_max",
    "venue_exposure_max",
    "gross_exposure_max",
    "capital_max",
    "positions_max",
    "orders_open_max",
    "orders_per_day_max",
    "market_orders_max",
    "market_orders_per_day_max",
    "ai_spend_daily_max",
)
"""What a narrower subject measures is never more than what a wider one does."""

NESTED_MIN = ("confidence_min", "resolution_distance_min", "market_cooldown", "duplicate_window")
"""The same for limits where more is stricter."""

LOSSES = ("daily_loss_max", "drawdown_max")

ZERO_ALLOWS_NOTHING = (
    "order_notional_max",
    "order_quantity_max",
    "leverage_max",
    "participation_max_pct",
    "payout_max",
    "mark_age_max",
    *BOOK_CAPS,
    "positions_max",
    "orders_open_max",
    "concentration_max_pct",
    "orders_per_day_max",
    "market_orders_max",
    "market_orders_per_day_max",
    "refusals_in_row_max",
    "repeated_execution_max",
)
ZERO_NEVER_BINDS = ("resolution_distance_min", "market_cooldown", "duplicate_window")


def order_above_cap(path: Path, _: Known) -> Found:
    """An order cap above a cap of the book: the largest orders it lets through never open."""
    for order in limits(path, "order_notional_max"):
        for cap in (limit for field in BOOK_CAPS for limit in limits(path, field)):
            if order.same_measure(cap) and order.value > cap.value:
                yield note(
                    "never_binds",
                    (order, cap),
                    f"{order} can never bind from a flat book: {cap} stops an opening order first.",
                    f"Lower order_notional_max to {written(cap.value)} or less, or raise {cap.field}.",
                )


def part_above_whole(path: Path, _: Known) -> Found:
    """A cap on a part above the cap on the whole, where the whole is judged at least as widely."""
    for part_field, whole_field in PARTS:
        for part in limits(path, part_field):
            for whole in limits(path, whole_field):
                if whole.depth <= part.depth and part.same_measure(whole) and part.value > whole.value:
                    yield note(
                        "never_binds",
                        (part, whole),
                        f"{part} can never bind: {whole} is reached first.",
                        f"Lower {part_field} below {written(whole.value)}, or raise {whole_field}.",
                    )


def looser_than_wider(path: Path, _: Known) -> Found:
    """A limit of a narrower subject that is looser than the same limit of a wider one."""
    for field in (*NESTED_MAX, *NESTED_MIN):
        for wide, narrow in combinations(limits(path, field), 2):
            looser = narrow.value > wide.value if field in NESTED_MAX else narrow.value < wide.value
            if looser and wide.same_measure(narrow):
                yield note(
                    "never_binds",
                    (narrow, wide),
                    f"{narrow} can never bind: {wide} is stricter and must hold too.",
                    f"Remove {field} of {narrow.level.subject}, or make it stricter than {written(wide.value)}.",
                )


def loss_above_wider(path: Path, _: Known) -> Found:
    """A loss limit of an agent above its account's: only another's gain lets it bind."""
    for field in LOSSES:
        for wide, narrow in combinations(limits(path, field), 2):
            if wide.same_measure(narrow) and narrow.value > wide.value:
                yield note(
                    "never_binds",
                    (narrow, wide),
                    f"{narrow} binds only while others gain: {wide} halts everybody before that.",
                    f"Lower {field} of {narrow.level.subject} below {written(wide.value)}.",
                )


def positions_fill_whole(path: Path, _: Known) -> Found:
    """So few positions of so small a cap that one subject alone never goes beyond the cap of the whole book."""
    for positions in limits(path, "positions_max"):
        for market in limits(path, "market_exposure_max"):
            for whole in (
                limit for field in ("net_exposure_max", "gross_exposure_max") for limit in limits(path, field)
            ):
                most = positions.value * market.value
                if market.same_measure(whole) and 0 < most <= whole.value:
                    relation = "the whole of" if most == whole.value else "less than"
                    yield note(
                        "never_binds",
                        (whole, positions, market),
                        f"{written(positions.value)} positions of {positions.level.subject} in markets of "
                        f"{written(market.value)} come to {text(most)}, {relation} {whole}: it cannot stop "
                        f"{positions.level.subject} alone.",
                        f"Lower {whole.field}, unless several agents share it.",
                    )


def shares_of_equity(path: Path, _: Known) -> Found:
    """Leverage and concentration of one subject, of which one makes the other moot."""
    for level in path:
        leverage, pct, positions = (
            limits([level], field) for field in ("leverage_max", "concentration_max_pct", "positions_max")
        )
        if not leverage or not pct or leverage[0].value == 0:
            continue
        whole, one = leverage[0], pct[0]
        if one.value * SCALE >= whole.value * 100:
            yield note(
                "never_binds",
                (one, whole),
                f"{one} can never bind: everything together stays within {whole}.",
                f"Lower concentration_max_pct below {text(whole.value * 100)}, or raise leverage_max.",
            )
        elif positions and 0 < positions[0].value * one.value * SCALE <= whole.value * 100:
            yield note(
                "never_binds",
                (whole, one, positions[0]),
                f"{whole} can never bind: {positions[0].value} positions of {one.value} % each stay within it.",
                "Lower leverage_max, or allow more or larger positions.",
            )


def zeros(path: Path, _: Known) -> Found:
    """A zero that allows nothing, that halts at the first fee, or that everything satisfies."""
    for field in (*ZERO_ALLOWS_NOTHING, *ZERO_NEVER_BINDS, *LOSSES, *SPENDS):
        for limit in limits(path, field):
            if limit.value != 0:
                continue
            name = f"{field} of {limit.level.subject} is 0"
            if field in ZERO_ALLOWS_NOTHING:
                yield note(
                    "allows_nothing",
                    (limit,),
                    f"{name}: nothing can be opened under it.",
                    "Raise it; to stop trading, pause or halt the subject instead.",
                )
            elif field in SPENDS:
                yield note(
                    "allows_nothing",
                    (limit,),
                    f"{name}: no tool that calls a model answers, and the first cost that is reported closes the rest.",
                    "Give what may be spent in a day; to switch the tool off, disable its capability.",
                )
            elif field in LOSSES:
                yield note(
                    "allows_nothing",
                    (limit,),
                    f"{name}: the first fee or spread halts it.",
                    "Give the loss that is acceptable.",
                )
            else:
                yield note(
                    "never_binds",
                    (limit,),
                    f"{name}, which every order satisfies.",
                    "Remove it, or give a length of time.",
                    "note",
                )


CHECKS = (
    order_above_cap,
    part_above_whole,
    looser_than_wider,
    loss_above_wider,
    positions_fill_whole,
    shares_of_equity,
    zeros,
)
