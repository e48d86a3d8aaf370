"""What is asked, and what stays the same from one order of a path to the next."""

from __future__ import annotations

from typing import NamedTuple

from remit.kernel.access import Account, Capability, Connection
from remit.kernel.book import Cell
from remit.kernel.instrument import Instrument
from remit.kernel.names import Principal
from remit.kernel.order import Order, OrderIntent
from remit.kernel.rules.compile import Evaluator
from remit.kernel.state import State, Subject
from remit.kernel.sums import Sums


class Asked(NamedTuple):
    """One order to judge: what is proposed, by whom, through which client, and the order that it would change, if
    any."""

    intent: OrderIntent
    client: str
    by: Principal
    at: int
    own: Order | None = None
    capability: Capability = "place_order"
    said: str = ""
    """What a replace asks for, to tell one that is refused again and again; an intent says it itself."""


class Lens:
    """Everything about one agent, client, connection and instrument that stays the same from order to order."""

    __slots__ = (
        "path",
        "cells",
        "sums",
        "evaluator",
        "instrument",
        "connection",
        "account",
        "digests",
        "good_until",
        "calendars",
        "currencies",
        "slippage_bps",
        "haircut_bps",
    )

    path: tuple[Subject, ...]
    cells: tuple[Cell, ...]
    sums: tuple[Sums, ...]
    evaluator: Evaluator
    instrument: Instrument
    connection: Connection
    account: Account
    digests: tuple[str, ...]
    """The digest of the mandate of each level of the path, empty where there is none."""
    good_until: int
    calendars: tuple[str, ...]
    currencies: tuple[str, ...]
    slippage_bps: int
    haircut_bps: int


def good_until(state: State, of: Subject) -> int:
    """Return until when a subject's mandate is in force and its day known; 0 where it is not."""
    if of.version is None:
        return 0
    starts = state.zones.get(of.version.mandate.zone, ())
    known = starts[-1] if starts and of.version.mandate.zone in state.sessions else 0
    return known if of.version.expires_at is None else min(known, of.version.expires_at)
