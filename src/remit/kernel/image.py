"""The image of a state: its tables as they are written into a snapshot."""

from __future__ import annotations

from typing import Any

import msgspec

from remit.kernel import access
from remit.kernel.command import Busted, DeclareParent, Filled, Reconciled, SetVenueState
from remit.kernel.drift import Drift, Fill, Kind
from remit.kernel.event import Dimension
from remit.kernel.exit import Exit
from remit.kernel.instrument import FxMark, Instrument, Mark, Unfit
from remit.kernel.mandate import MandateVersion, Proposal
from remit.kernel.model_call import ModelCall
from remit.kernel.order import OrderIntent
from remit.kernel.state import ArmFact, Calendar, CancelAllFact, HaltFact, PauseFact, Seen


class OrderImage(msgspec.Struct, frozen=True, array_like=True):
    """Everything of an order that does not follow from its intent."""

    id: str
    intent: OrderIntent
    client: str
    state: str
    quantity: int
    limit_price: int | None
    worst_price: int
    counted_price: int
    filled: int
    opening: bool
    reserved: int
    cash: int
    at: int
    until: int
    quorum: int
    confirm: bool
    approvals: tuple[str, ...]
    asked_by: str
    lineage: str
    by_person: bool
    by_hand: bool
    digest: str
    mandates: tuple[str, ...]
    venue_order: str
    pending: tuple[int, int] | None
    paid: int
    fees: int
    changed_at: int
    touch: int
    fills: tuple[tuple[str, Fill], ...]


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state as it is written: tables as sorted rows, queues in their order."""

    format: int
    seq: int
    at: int
    prefix: str
    version: str
    firm_currency: str
    crashed: bool
    look_cut: str | None
    accounts: tuple[access.Account, ...]
    connections: tuple[access.Connection, ...]
    agents: tuple[access.Agent, ...]
    clients: tuple[access.Client, ...]
    instruments: tuple[Instrument, ...]
    grants: tuple[tuple[str, str], ...]
    capabilities: tuple[tuple[str, str], ...]
    people: tuple[access.Person, ...]
    tokens: tuple[access.TokenGrant, ...]
    preapprovals: tuple[access.Preapproval, ...]
    revoked: tuple[str, ...]
    callbacks: tuple[access.CallbackKey, ...]
    keys: tuple[access.VenueKey, ...]
    called_back: tuple[tuple[int, str, str], ...]
    history: tuple[tuple[str, tuple[MandateVersion, ...]], ...]
    proposals: tuple[Proposal, ...]
    marks: tuple[Mark, ...]
    fx: tuple[FxMark, ...]
    unfit: tuple[tuple[str, Unfit], ...]
    calendars: tuple[tuple[str, Calendar], ...]
    venue_states: tuple[SetVenueState, ...]
    plain: dict[str, tuple[tuple[str, Any], ...]]
    locates: tuple[tuple[str, str, tuple[int, int]], ...]
    confirmed: tuple[tuple[str, str, int], ...]
    parents: tuple[DeclareParent, ...]
    pauses: tuple[PauseFact, ...]
    cancel_alls: tuple[CancelAllFact, ...]
    armed: tuple[ArmFact, ...]
    halts: tuple[HaltFact, ...]
    tolerances: tuple[tuple[str, access.Tolerance], ...]
    gathered: tuple[Reconciled, ...]
    drifts: tuple[tuple[str, tuple[Drift, ...]], ...]
    kept: tuple[tuple[str, Kind, str, int], ...]
    unknown: tuple[tuple[str, str, int], ...]
    settled: tuple[tuple[int, str, Kind, str, int], ...]
    levels: tuple[tuple[str, str, Dimension, str, int], ...]
    cash: tuple[tuple[str, str, int], ...]
    sums: tuple[tuple[str, tuple[int, ...]], ...]
    markets: tuple[tuple[str, str, tuple[int, ...]], ...]
    cells: tuple[tuple[str, str, str, tuple[int, ...]], ...]
    orders: tuple[OrderImage, ...]
    finished: tuple[tuple[int, OrderImage], ...]
    strange: tuple[tuple[int, Filled | Busted], ...]
    exits: tuple[Exit, ...]
    past_exits: tuple[Exit, ...]
    exits_due: tuple[str, ...]
    seen: tuple[tuple[int, str, str, Seen], ...]
    same: tuple[tuple[int, str, str, str, int, int], ...]
    model_calls: tuple[ModelCall, ...]
    model_calls_at: tuple[tuple[int, str, str], ...]
