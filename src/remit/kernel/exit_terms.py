"""What terms of an exit may say, judged where it is set: with its entry order, or on a position."""

from __future__ import annotations

from remit.kernel.exit import EXITS_MAX, ExitTerms, fault_of
from remit.kernel.fold_exits import price_of
from remit.kernel.instrument import Instrument
from remit.kernel.lens import Asked
from remit.kernel.state import State, Subject


def fault_of_intent(state: State, asked: Asked, path: tuple[Subject, ...], opening: bool) -> str:
    """Return what is wrong with the exit of an order, or why an exit keeps the order back; empty where nothing is."""
    intent, by = asked.intent, asked.by
    places = state.exits_at.get((intent.agent, intent.connection, intent.instrument), ())
    if not (by.is_person or by.role == "guard"):
        # What opens on that side reserves what the exit of another agent has to close; what reduces has its own.
        for name in state.exits_of.get(intent.instrument, ()) if opening else places:
            exit = state.exits[name]
            if (exit.state, exit.side, exit.connection) == ("triggered", intent.side, intent.connection):
                return f"{name} is closing {'this' if exit.agent == intent.agent else 'a'} position"
    terms = intent.exit
    if terms is None or asked.capability == "replace_order":
        return ""  # new terms are held against the exit as it stands now, before they are judged
    if not opening:
        return "an exit comes with an order that opens; set it on the position instead"
    if asked.own is None and len(places) >= EXITS_MAX:
        return f"{intent.agent} has {EXITS_MAX} exits on {intent.instrument} already"
    if terms.quantity is not None and terms.quantity > intent.quantity:
        return f"exit quantity {terms.quantity} is more than the order's {intent.quantity}"
    instrument = state.instruments[intent.instrument]
    limit = None if intent.limit_price is None else int(intent.limit_price)
    price = entry_price(intent.side, limit, price_of(state, instrument))
    return fault_of_terms(path, instrument, terms, "sell" if intent.side == "buy" else "buy", price)


def fault_of_terms(
    path: tuple[Subject, ...], instrument: Instrument, terms: ExitTerms, side: str, price: int | None
) -> str:
    """Return what is wrong with terms that `side` closes at a price; empty where nothing is. No price is a fault."""
    if price is None:
        return f"there is no price of {instrument.name} to judge the exit by"
    for of in path:
        most = None if of.version is None else of.version.mandate.slippage_max_bps
        if most is not None and terms.slippage_bps is not None and terms.slippage_bps > most:
            return f"exit slippage {terms.slippage_bps} bps is beyond slippage_max_bps {most} of {of.written}"
    return fault_of(instrument, terms, side, price)


def entry_price(side: str, limit: int | None, last: int | None) -> int | None:
    """Return the price at which an entry is expected to fill: its limit, or the market where that is better."""
    if limit is None or last is None:
        return last if limit is None else limit
    return min(limit, last) if side == "buy" else max(limit, last)
