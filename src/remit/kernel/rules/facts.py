"""Facts: everything a measurement may see of one order and of the world, prepared once per command."""

from __future__ import annotations


class Facts:
    """What is true of one order at the instant it is judged. A fact nobody gave is None, and a rule that needs it
    denies.

    Prices and worths in `instrument currency` unless said otherwise; times in nanoseconds.
    """

    __slots__ = (
        # the order
        "at",
        "opening",
        "by_agent",
        "direction",
        "quantity",
        "opening_quantity",
        "reducing_quantity",
        "worst_price",
        "type",
        "side",
        "instrument",
        "category",
        "asset_class",
        "venue",
        "confidence",
        "slippage_bps",
        "price_fault",
        "exit_fault",
        "parent_use",
        "reduce_ask",
        # the market
        "mark_age_ns",
        "mark_fault",
        "spread",
        "mid",
        "reference",
        "volume",
        "calendars_open",
        "resolution_ns",
        "drift",
        "drift_base",
        "tradable",
        "off_increment",
        # standing
        "stops",
        "capability",
        "grant",
        "mandates",
        "environment",
        "venue_state",
        "intent_id",
        # short sales
        "short_quantity",
        "short_need",
        "located",
        "short_priced",
        # money
        "cash_need",
        "cash_free",
        "margin_need",
        "margin_have",
        # company of other orders
        "crossing",
        "duplicate_at",
        "refusals",
    )

    at: int
    opening: bool
    """Whether any part of the order increases risk; a proven reduction has none."""
    by_agent: bool
    direction: int
    quantity: int
    opening_quantity: int
    reducing_quantity: int
    worst_price: int
    type: str
    side: str
    instrument: str
    category: str
    asset_class: str
    venue: str
    confidence: int | None
    slippage_bps: int
    """Zero for a limit order: its price is its bound."""
    price_fault: str
    exit_fault: str
    """What is wrong with the exit that the order brings, or the exit that keeps it back."""
    parent_use: tuple[int, int] | None
    """(children with this one, the parent's quantity); (0, 0) for an order without a parent; None for an unknown
    parent."""
    reduce_ask: tuple[int, int]
    """(what the order says it only reduces, what is proven reducible); (0, 0) where it says nothing."""
    mark_age_ns: int | None
    mark_fault: str
    """Why there is no mark to judge by; empty when there is one."""
    spread: int | None
    mid: int | None
    reference: int | None
    """The harder of current mark and last close: the lower for a buy, the higher for a sell."""
    volume: int | None
    calendars_open: frozenset[str]
    resolution_ns: int | None
    """How long until the market resolves; far away for what never resolves."""
    drift: int | None
    """How far the far side of the market moved against the order while it was held; 0 unless it is a release."""
    drift_base: int
    """Where it was when the order was proposed; 1 unless it is a release."""
    tradable: str
    off_increment: str
    stops: tuple[str, ...]
    """Pauses and halts that stop this order."""
    capability: str
    grant: str
    mandates: tuple[str, ...]
    """Scopes on the path without a mandate in force."""
    environment: str
    venue_state: str
    intent_id: str
    short_quantity: int
    short_need: int
    """Shares that must be located: what the connection would be short, with all its orders filled."""
    located: int | None
    short_priced: bool | None
    """Whether the order is no short, no restriction is on, or it is priced above the bid."""
    cash_need: int | None
    cash_free: int
    margin_need: int | None
    margin_have: int
    crossing: str
    """The id of an own working order that this one would trade with; empty when none."""
    duplicate_at: int
    refusals: int
    """How many times in a row this same intent was refused just now."""
