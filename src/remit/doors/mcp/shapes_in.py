"""What each tool takes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.doors.mcp.words import Amount, Bps, Count, Named, OrderId, OwnId
from remit.kernel.order import OrderState

Side = Annotated[Literal["buy", "sell"], msgspec.Meta(description="buy or sell.")]
Connection = Annotated[
    Named | None, msgspec.Meta(description="The connection to trade through; leave it out where you have only one.")
]
Thought = Annotated[
    str, msgspec.Meta(max_length=8_000, description="Why you do this, in your own words; kept beside the journal.")
]
ONE_TO = "How many at most, from 1 to 100, as text."


class Takes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of a tool; an unknown one is refused."""


class Nothing(Takes, frozen=True, kw_only=True):
    """No arguments."""


class OfInstrument(Takes, frozen=True, kw_only=True):
    """Perhaps of one instrument only."""

    instrument: Annotated[Named | None, msgspec.Meta(description="Only of this instrument.")] = None


class Instrument(Takes, frozen=True, kw_only=True):
    """One instrument."""

    instrument: Annotated[Named, msgspec.Meta(description="The instrument's name, as search_markets gives it.")]


class Search(Takes, frozen=True, kw_only=True):
    """What to look for."""

    query: Annotated[
        str, msgspec.Meta(max_length=128, description="Part of a name, market or category; empty for all.")
    ] = ""
    venue: Annotated[Named | None, msgspec.Meta(description="Only at this venue.")] = None
    limit: Annotated[Count, msgspec.Meta(description=ONE_TO)] = "20"


class Listing(Takes, frozen=True, kw_only=True):
    """Which orders."""

    state: Annotated[OrderState | None, msgspec.Meta(description="Only orders in this state.")] = None
    instrument: Annotated[Named | None, msgspec.Meta(description="Only of this instrument.")] = None
    live: Annotated[bool, msgspec.Meta(description="Only orders that are not over.")] = False
    limit: Annotated[Count, msgspec.Meta(description=ONE_TO)] = "20"


class OfOrder(Takes, frozen=True, kw_only=True):
    """One order."""

    order: OrderId


class Terms(Takes, frozen=True, kw_only=True):
    """What an order asks for."""

    instrument: Annotated[Named, msgspec.Meta(description="The instrument's name, as search_markets gives it.")]
    side: Side
    quantity: Annotated[Amount, msgspec.Meta(description='How much, as decimal text, such as "10" or "0.25".')]
    limit_price: Annotated[
        Amount | None, msgspec.Meta(description="The limit price as decimal text; without it a market order.")
    ] = None
    time_in_force: Annotated[Literal["day", "gtc", "ioc"], msgspec.Meta(description="How long it stands.")] = "day"
    reduce_only: Annotated[bool, msgspec.Meta(description="Refuse whatever would not reduce a position.")] = False
    slippage_bps: Annotated[
        Bps | None, msgspec.Meta(description="Worst price of a market order, in basis points from the market.")
    ] = None
    stop_loss: Annotated[Amount | None, msgspec.Meta(description="Close once the price is this bad.")] = None
    take_profit: Annotated[Amount | None, msgspec.Meta(description="Close once the price is this good.")] = None
    confidence: Annotated[Amount | None, msgspec.Meta(description='How sure you are, from "0" to "1".')] = None
    connection: Connection = None


class Preview(Terms, frozen=True, kw_only=True):
    """An order to judge and not to place."""


class Place(Terms, frozen=True, kw_only=True):
    """An order to place."""

    client_order_id: OwnId
    thought: Thought = ""


class Replace(Takes, frozen=True, kw_only=True):
    """New terms for a working limit order."""

    client_order_id: OwnId
    order: OrderId
    quantity: Annotated[Amount, msgspec.Meta(description="The new whole quantity, what has filled included.")]
    limit_price: Annotated[Amount, msgspec.Meta(description="The new limit price.")]


class Close(Takes, frozen=True, kw_only=True):
    """A position to close."""

    client_order_id: OwnId
    instrument: Annotated[Named, msgspec.Meta(description="The instrument whose position to close.")]
    quantity: Annotated[Amount | None, msgspec.Meta(description="How much of it; without it, all.")] = None
    limit_price: Annotated[Amount | None, msgspec.Meta(description="Without it, at the market.")] = None
    slippage_bps: Annotated[
        Bps | None, msgspec.Meta(description="Worst price of a market order, in basis points from the market.")
    ] = None
    connection: Connection = None


class Note(Takes, frozen=True, kw_only=True):
    """A thought to keep."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=16_000, description="What you think, and why.")]
    order: Annotated[OrderId | None, msgspec.Meta(description="The order it is about.")] = None


class Ask(Takes, frozen=True, kw_only=True):
    """A question about one market."""

    instrument: Annotated[Named, msgspec.Meta(description="The instrument's name, as search_markets gives it.")]
    question: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000, description="What you want to know.")]
