"""Mandates: the limits in force for one subject, their versions and their digest."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec

from remit.kernel.codec import encode
from remit.kernel.names import At, Currency, Digest, Name, Principal, Side, Text, Zone
from remit.kernel.numbers import Money, Quantity, Ratio
from remit.kernel.order import OrderType

Count = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Bps = Annotated[int, msgspec.Meta(ge=0, le=10**6)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
Switch = Literal["blocked", "allowed"]
Requirement = Literal["required", "waived"]


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `count` in `per_s` seconds, as a bucket that refills evenly."""

    count: Annotated[int, msgspec.Meta(ge=1, le=10**6)]
    per_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)]


class Mandate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one subject may do. An absent field does not constrain; an empty allow-list allows nothing.

    Every field that is a limit has the name of the rule that reads it. Money is in the subject's currency.
    """

    # terms: how things are counted, not limits
    zone: Zone = "UTC"
    """The time zone whose midnight starts a session: day counters and daily loss are counted from it."""
    haircut_bps: Bps = 0
    """Kept back from free cash for each opening order, as a share of its worth; the largest of the path counts."""
    approval_expiry_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 300
    bulk_approval_max: Money | None = None
    """What an order approved together with others may be worth; where no mandate of its path says so, each is approved
    alone."""
    second_person: Requirement = "waived"
    """`required`: a mandate here, or of anything below, is loosened only where another person confirms it."""
    loss_cooldown: Seconds | Literal["review"] = 0
    """How long after a loss halt a resume is refused; `review` asks for a review and no time."""
    # B. the order
    order_notional_max: Money | None = None
    order_quantity_max: Quantity | None = None
    approval_notional_min: Money | None = None
    quorum_notional_min: Money | None = None
    approval_quorum: Annotated[int, msgspec.Meta(ge=1, le=9)] | None = None
    approval_drift_max_bps: Bps | None = None
    price_collar_bps: Bps | None = None
    slippage_max_bps: Bps | None = None
    confidence_min: Ratio | None = None
    instruments_allowed: tuple[Name, ...] | None = None
    instruments_blocked: tuple[Name, ...] | None = None
    categories_allowed: tuple[Name, ...] | None = None
    asset_classes_allowed: tuple[Name, ...] | None = None
    venues_allowed: tuple[Name, ...] | None = None
    order_types_allowed: tuple[OrderType, ...] | None = None
    sides_allowed: tuple[Side, ...] | None = None
    hours_active: tuple[Name, ...] | None = None
    """Names of journalled calendars, all of which must be open. `remit mandate set` makes them from windows such as
    `America/New_York mon-fri 09:30-16:00`."""
    short_allowed: Switch | None = None
    locate_required: Requirement | None = None
    short_sale_restricted: Requirement | None = None
    """`required`: while an instrument is under a short-sale restriction, a short must be priced above the bid."""
    leverage_max: Ratio | None = None
    participation_max_pct: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None = None
    payout_max: Money | None = None
    resolution_distance_min: Seconds | None = None
    mark_age_max: Seconds | None = None
    spread_max_bps: Bps | None = None
    # C. exposure
    market_exposure_max: Money | None = None
    category_exposure_max: Money | None = None
    venue_exposure_max: Money | None = None
    net_exposure_max: Money | None = None
    gross_exposure_max: Money | None = None
    capital_max: Money | None = None
    positions_max: Count | None = None
    orders_open_max: Count | None = None
    concentration_max_pct: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None = None
    position_duplicate: Switch | None = None
    position_opposing: Switch | None = None
    # D. loss and behaviour
    daily_loss_max: Money | None = None
    drawdown_max: Money | None = None
    orders_per_day_max: Count | None = None
    market_orders_max: Count | None = None
    market_orders_per_day_max: Count | None = None
    market_cooldown: Seconds | None = None
    order_rate_max: Rate | None = None
    message_rate_max: Rate | None = None
    duplicate_window: Seconds | None = None
    refusals_in_row_max: Count | None = None
    repeated_execution_max: Count | None = None
    rejections_in_row_max: Count | None = None
    ai_spend_daily_max: Money | None = None
    client_spend_daily_max: Money | None = None

    def __post_init__(self) -> None:
        if (self.quorum_notional_min is None) != (self.approval_quorum is None):
            raise ValueError("quorum_notional_min and approval_quorum are set together")
        for field in SETS:
            members = getattr(self, field)
            if members is not None and tuple(sorted(set(members))) != members:
                raise ValueError(f"{field} must be sorted and without repeats")
        for field in self.__struct_fields__:
            value = getattr(self, field)
            if isinstance(value, (Money, Quantity, Ratio)) and value < 0:
                raise ValueError(f"{field} must not be below zero")


TERMS = ("zone", "haircut_bps", "approval_expiry_s", "bulk_approval_max", "second_person", "loss_cooldown")
LIMITS: tuple[str, ...] = tuple(field for field in Mandate.__struct_fields__ if field not in TERMS)
SETS = (
    "instruments_allowed",
    "instruments_blocked",
    "categories_allowed",
    "asset_classes_allowed",
    "venues_allowed",
    "order_types_allowed",
    "sides_allowed",
    "hours_active",
)
EMPTY = Mandate()


def digest(mandate: Mandate) -> str:
    """Return the SHA-256 of what a mandate says: what an approval and a decision name. Equal mandates have one
    digest."""
    said = {field: getattr(mandate, field) for field in mandate.__struct_fields__}
    beside = {field: value for field, value in said.items() if value != getattr(EMPTY, field)}
    return hashlib.sha256(encode(beside)).hexdigest()


class MandateVersion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One published mandate of one subject: which, since when, by whom and why."""

    subject: str
    number: int
    mandate: Mandate
    digest: Digest
    at: At
    by: Principal
    why: Text
    expires_at: At | None = None
    preset: str = ""
    currency: Currency = "USD"
    confirmed_by: Principal | None = None
    """The second person, where one was required."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mandate that loosens what is in force and waits for a second person; over at `until`."""

    id: str
    subject: str
    mandate: Mandate
    why: Text
    expires_at: At | None = None
    preset: str = ""
    number: int
    """The version it would replace; 0 where there is none. It takes effect only while that one is in force."""
    digest: Digest
    """What a confirmation names."""
    by: Principal
    at: At
    until: At
