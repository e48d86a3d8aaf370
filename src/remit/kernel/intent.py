"""What makes two intents the same."""

from __future__ import annotations

from remit.kernel.command import Replace
from remit.kernel.exit import terms_text
from remit.kernel.order import OrderIntent


def fingerprint(intent: OrderIntent) -> str:
    """Return what an intent asks for, apart from its id and the time it was made."""
    parts = (
        intent.instrument,
        intent.side,
        str(int(intent.quantity)),
        intent.type,
        str(intent.limit_price),
        intent.connection,
        intent.time_in_force,
        intent.reduce,
        str(intent.slippage_bps),
        str(intent.confidence),
        str(intent.parent),
        str(intent.environment),
    )
    said = "|".join(parts)
    return said if intent.exit is None else f"{said}|{terms_text(intent.exit)}"


def replace_fingerprint(body: Replace) -> str:
    """Return what a replace asks for, apart from its id."""
    return f"replace|{body.order}|{int(body.quantity)}|{int(body.limit_price)}"


def same_key(intent: OrderIntent) -> tuple[str, str, str, int, int]:
    """Return what makes two orders duplicates: agent, instrument, side, quantity and price (-1 for a market order)."""
    return (
        intent.agent,
        intent.instrument,
        intent.side,
        int(intent.quantity),
        -1 if intent.limit_price is None else int(intent.limit_price),
    )
