"""The table of tools: what each takes, what it answers, what it may change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

import mcp_types as types

from remit.doors.mcp import reading, trading
from remit.doors.mcp import shapes_in as i
from remit.doors.mcp import shapes_out as o
from remit.doors.mcp.schema import schema_in, schema_out
from remit.kernel.access import WAYS_OUT

Kind = Literal["reads", "notes", "asks", "trades", "withdraws"]
"""What a tool does to the world: nothing; adds a note; asks somebody for money; may trade; takes something back."""


class Tool(NamedTuple):
    """One tool. Its description is the docstring of the function that runs it."""

    name: str
    title: str
    kind: Kind
    takes: type[i.Takes]
    answers: type[o.Answer]
    run: Callable[..., Awaitable[o.Answer]]

    @property
    def shown(self) -> types.Tool:
        """What a client is told of it."""
        return types.Tool(
            name=self.name,
            title=self.title,
            description=(self.run.__doc__ or "").strip(),
            input_schema=schema_in(self.takes),
            output_schema=schema_out(self.answers),
            annotations=types.ToolAnnotations(
                title=self.title,
                read_only_hint=self.kind == "reads",
                destructive_hint=self.kind in ("trades", "withdraws"),
                # The same id, or the same order cancelled again, changes nothing more; each note is one more.
                idempotent_hint=self.kind not in ("notes", "asks"),
                open_world_hint=self.kind in ("asks", "trades", "withdraws"),
            ),
        )


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("get_account", "How the agent stands", "reads", i.Nothing, o.Account, reading.get_account),
        Tool("get_positions", "Positions", "reads", i.OfInstrument, o.Positions, reading.get_positions),
        Tool("get_exposure", "Limits in use", "reads", i.Nothing, o.Exposure, reading.get_exposure),
        Tool("get_limits", "Limits in force", "reads", i.Nothing, o.Limits, reading.get_limits),
        Tool("get_quote", "A price", "reads", i.Instrument, o.Quote, reading.get_quote),
        Tool("search_markets", "Find instruments", "reads", i.Search, o.Markets, reading.search_markets),
        Tool("list_orders", "Orders", "reads", i.Listing, o.Orders, reading.list_orders),
        Tool("get_order", "One order", "reads", i.OfOrder, o.OneOrder, reading.get_order),
        Tool("explain_decision", "Why", "reads", i.OfOrder, o.Explained, reading.explain_decision),
        Tool("get_approval", "How an approval stands", "reads", i.OfOrder, o.Approval, reading.get_approval),
        Tool("preview_order", "Try an order", "reads", i.Preview, o.Judged, trading.preview_order),
        Tool("place_order", "Place an order", "trades", i.Place, o.Placed, trading.place_order),
        Tool("replace_order", "Change an order", "trades", i.Replace, o.Placed, trading.replace_order),
        Tool("cancel_order", "Cancel an order", "withdraws", i.OfOrder, o.Cancelled, trading.cancel_order),
        Tool("close_position", "Close a position", "trades", i.Close, o.Placed, trading.close_position),
        Tool("analyze_market", "Ask a model", "asks", i.Ask, o.Analysis, trading.analyze_market),
        Tool("record_thought", "Keep a thought", "notes", i.Note, o.Noted, trading.record_thought),
    )
}
SHOWN: dict[str, types.Tool] = {name: tool.shown for name, tool in TOOLS.items()}


def open_to(capabilities: frozenset[str]) -> list[types.Tool]:
    """Return the tools that an agent with these capabilities is shown: ways out always."""
    return [shown for name, shown in SHOWN.items() if name in capabilities or name in WAYS_OUT]
