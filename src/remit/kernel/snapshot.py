"""Snapshots: the state as canonical bytes, and back. Only primary facts are written; running sums are built anew."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import msgspec
from msgspec import NODEFAULT

from remit.kernel import fold_exits, spend
from remit.kernel.codec import decode, encode
from remit.kernel.exit import Exit
from remit.kernel.image import Image, OrderImage
from remit.kernel.instrument import Unfit
from remit.kernel.level import set_level
from remit.kernel.mandate import MandateVersion, Proposal
from remit.kernel.names import subject
from remit.kernel.order import Order
from remit.kernel.reserve import reserve
from remit.kernel.state import State
from remit.kernel.sums import Cash

FORMAT = 1
COUNTED = ("orders", "orders_today", "last_order_at")
"""What the sums of a market keep beside what its cells add up to."""
SPENDS = ("spent", "spent_from")
KEPT = (*COUNTED, "base", "day_base", "high_water", "order_tat", "message_tat", "executions", "rejections", *SPENDS)
"""What the sums of a whole subject keep beside what its cells add up to."""
HELD = ("quantity", "cost", "entry", "flow", "fees", "price")
PLAIN_TABLES = (
    "volumes",
    "restricted",
    "trading",
    "margins",
    "zones",
    "sessions",
    "children",
    "sweeps",
    "refusals",
    "doubted",
    "silent",
    "reconciled_at",
)
"""Tables from a name to plain values."""
PAIR_TABLES = ("locates", "confirmed")
"""Tables from two names to plain values."""
SCALARS = ("seq", "at", "prefix", "version", "firm_currency", "crashed", "look_cut")
NAMED_TABLES = ("accounts", "connections", "agents", "clients", "people", "instruments", "preapprovals")
"""Tables of records by their own name."""
RECORD_TABLES = (
    *NAMED_TABLES,
    "tokens",
    "marks",
    "fx",
    "venue_states",
    "parents",
    "pauses",
    "cancel_alls",
    "armed",
    "callbacks",
    "keys",
)

Row = TypeVar("Row", bound=msgspec.Struct)
Stated = TypeVar("Stated", MandateVersion, Proposal)
_DEFAULTS: dict[type, tuple[tuple[str, Any], ...]] = {}


def dump(state: State) -> bytes:
    """Return the state as canonical bytes: equal states give equal bytes, whatever was judged meanwhile."""
    rows: dict[str, Any] = {name: getattr(state, name) for name in SCALARS}
    for name in RECORD_TABLES:
        rows[name] = tuple(_canonical(row) for _, row in sorted(getattr(state, name).items()))
    for name in PAIR_TABLES:
        rows[name] = tuple((*key, value) for key, value in sorted(getattr(state, name).items()))
    image = Image(
        format=FORMAT,
        **rows,
        grants=tuple(sorted(state.grants)),
        capabilities=tuple(sorted(state.capabilities)),
        revoked=tuple(sorted(state.revoked)),
        called_back=tuple((at, *key) for key, at in state.called_back.items()),
        history=tuple(
            (name, tuple(_stated(row) for row in versions)) for name, versions in sorted(state.history.items())
        ),
        proposals=tuple(_stated(row) for row in state.proposals.values()),
        unfit=tuple((name, _unfit(row)) for name, row in sorted(state.unfit.items())),
        calendars=tuple(sorted(state.calendars.items())),
        plain={name: tuple(sorted(getattr(state, name).items())) for name in PLAIN_TABLES},
        halts=tuple(state.halts.values()),
        tolerances=tuple((name, _canonical(row)) for name, row in sorted(state.tolerances.items())),
        gathered=tuple(row for _, row in sorted(state.gathered.items())),
        drifts=tuple((name, tuple(_canonical(row) for row in rows)) for name, rows in sorted(state.drifts.items())),
        kept=tuple((*key, value) for key, value in sorted(state.kept.items())),
        settled=tuple(sorted(state.settled)),  # what settles for several at once does so in no order
        unknown=tuple(
            (name, order, since) for name, orders in sorted(state.unknown.items()) for order, since in orders.items()
        ),
        levels=tuple((*key, stands) for key, stands in sorted(state.levels.items())),
        cash=tuple((*key, cash.amount) for key, cash in sorted(state.cash.items())),
        sums=tuple((name, _values(of.total, KEPT)) for name, of in sorted(state.subjects.items())),
        markets=tuple(
            (name, market, _values(sums, COUNTED))
            for name, of in sorted(state.subjects.items())
            for (dimension, market), sums in sorted(of.groups.items())
            if dimension == "market" and sums.orders
        ),
        cells=tuple((*key, _values(cell, HELD)) for key, cell in sorted(state.cells.items()) if _leaves_a_trace(cell)),
        orders=tuple(_image(state, order) for order in state.orders.values()),
        finished=tuple((at, _image(state, state.finished[name])) for at, name in state.finished_at),
        strange=tuple((at, _canonical(row)) for row, at in state.strange.items()),
        exits=tuple(_exit(row) for row in state.exits.values()),
        past_exits=tuple(_exit(row) for _, row in sorted(state.past_exits.items())),
        exits_due=tuple(state.exits_due),
        seen=tuple((at, *key, state.seen[key]) for at, key in state.seen_at),
        same=tuple((at, *key) for at, key in state.same_at),
        model_calls=tuple(_canonical(row) for row in state.model_calls.values()),
        model_calls_at=tuple((at, *key) for at, key in state.model_calls_at),
    )
    return encode(image)


def state_hash(state: State) -> str:
    """Return the SHA-256 of the state's canonical bytes."""
    return hashlib.sha256(dump(state)).hexdigest()


def load(source: bytes) -> State:
    """Return the state that `source` spells. Raises ValueError for what is no snapshot, or one that speaks of what is
    not in it."""
    image = decode(Image, source)
    if image.format != FORMAT:
        raise ValueError(f"snapshot format {image.format} is not {FORMAT}: start from the journal's first entry")
    try:
        return _state(image)
    except (LookupError, TypeError, AttributeError, ArithmeticError, AssertionError) as fault:
        raise ValueError(f"the snapshot does not fit together ({type(fault).__name__}: {fault})") from fault


def _state(image: Image) -> State:
    state = State()
    for name in SCALARS:
        setattr(state, name, getattr(image, name))
    _load_access(state, image)
    _load_world(state, image)
    _load_book(state, image)
    _load_behaviour(state, image)
    for exit in image.exits:
        fold_exits.add(state, exit)
    state.past_exits = {exit.id: exit for exit in image.past_exits}
    state.exits_due = dict.fromkeys(image.exits_due)
    return state


def _load_access(state: State, image: Image) -> None:
    for name in ("accounts", "connections", "agents", "clients", "people"):
        setattr(state, name, {row.name: row for row in getattr(image, name)})
    state.grants, state.capabilities = set(image.grants), set(image.capabilities)
    state.tokens = {row.token: row for row in image.tokens}
    state.revoked = set(image.revoked)
    state.callbacks = {row.id: row for row in image.callbacks}
    state.keys = {(row.connection, row.agent): row for row in image.keys}
    state.called_back = {(name, message): at for at, name, message in image.called_back}
    state.proposals = {row.id: row for row in image.proposals}
    for preapproval in image.preapprovals:
        state.add_preapproval(preapproval)
    if image.firm_currency:
        state.add_subject("firm", "", image.firm_currency, None)
    for account in image.accounts:
        state.add_subject("account", account.name, account.currency, None)
    for agent in image.agents:
        umbrella = state.subjects[subject("account", agent.account)]
        state.add_subject("agent", agent.name, umbrella.currency, umbrella.total)
    for client in image.clients:
        umbrella = state.subjects[subject("account", state.agents[client.agent].account)]
        state.add_subject("client", client.name, umbrella.currency, umbrella.total)
    for written, versions in image.history:
        of = state.subjects[written]
        state.history[written] = list(versions)
        of.version, of.number = versions[-1], len(versions)


def _load_world(state: State, image: Image) -> None:
    for instrument in image.instruments:
        state.instruments[instrument.name] = instrument
        state.markets.setdefault(instrument.market_name, []).append(instrument.name)
    state.marks = {mark.instrument: mark for mark in image.marks}
    state.fx = {(mark.of, mark.to): mark for mark in image.fx}
    state.unfit = dict(image.unfit)
    state.calendars = dict(image.calendars)
    state.venue_states = {row.connection: row for row in image.venue_states}
    state.parents = {row.parent: row for row in image.parents}
    for name in PLAIN_TABLES:
        rows = image.plain[name]
        setattr(state, name, {key: tuple(value) if isinstance(value, list) else value for key, value in rows})
    state.confirmed = {(connection, name): quantity for connection, name, quantity in image.confirmed}
    state.locates = {(connection, name): located for connection, name, located in image.locates}


def _load_book(state: State, image: Image) -> None:
    for connection, currency, amount in image.cash:
        state.cash[(connection, currency)] = Cash(amount)
    for written, kept in image.sums:
        _set(state.subjects[written].total, KEPT, kept)
    for written, market, counted in image.markets:
        _set(state.subjects[written].group("market", market), COUNTED, counted)
    for written, connection, name, held in image.cells:
        of, instrument = state.subjects[written], state.instruments[name]
        unit = state.unit(instrument, of.currency)
        if unit is None:
            raise ValueError(f"no exchange rate from {instrument.currency} to {of.currency}, and yet a stake")
        cell = state.cell(of, connection, instrument, unit)
        _set(cell, HELD, held)
        of.total.flow += cell.flow
        of.total.fees += cell.fees
        cell.revalue()
    for row in image.orders:
        order = state.orders[row.id] = _order(state, row)
        state.orders_of.setdefault(order.agent, {})[order.id] = None
        reserved, order.reserved = order.reserved, 0
        reserve(state, order, reserved, order.cash)
        if order.state == "held":
            state.holds[order.id] = order.until
    for at, row in image.finished:
        state.finished[row.id] = _order(state, row)
        state.finished_at.append((at, row.id))
    state.strange = {row: at for at, row in image.strange}
    rows = (*image.orders, *(row for _, row in image.finished))
    state.fills = dict(sorted((fill for row in rows for fill in row.fills), key=lambda fill: (fill[1].at, fill[0])))
    state.children = dict(image.plain["children"])  # reserving has counted them once more


def _load_behaviour(state: State, image: Image) -> None:
    for at, agent, intent, seen in image.seen:
        state.seen[(agent, intent)] = seen
        state.seen_at.append((at, (agent, intent)))
    for at, agent, instrument, side, quantity, price in image.same:
        state.same[(agent, instrument, side, quantity, price)] = at
        state.same_at.append((at, (agent, instrument, side, quantity, price)))
    spend.restore(state, image.model_calls)
    state.model_calls_at.extend((at, (agent, name)) for at, agent, name in image.model_calls_at)
    state.pauses = {row.subject: row for row in image.pauses}
    state.tolerances = dict(image.tolerances)
    state.gathered = {row.connection: row for row in image.gathered}
    state.drifts = dict(image.drifts)
    state.kept = {(connection, kind, item): kept for connection, kind, item, kept in image.kept}
    state.settled.extend(image.settled)
    for connection, order, since in image.unknown:
        state.unknown.setdefault(connection, {})[order] = since
    state.cancel_alls = {row.connection: row for row in image.cancel_alls}
    state.armed = {row.connection: row for row in image.armed}
    for halt in image.halts:
        state.halts[halt.id] = halt
        state.halted[halt.subject] = (*state.halted.get(halt.subject, ()), halt.id)
    for of, rule, dimension, name, stands in image.levels:
        set_level(state, (of, rule, dimension, name), stands)


def _leaves_a_trace(cell: Any) -> bool:
    """Whether a cell holds a primary fact; what its orders reserve is written with the orders."""
    return bool(cell.quantity or cell.cost or cell.entry or cell.flow or cell.fees)


def _values(of: Any, fields: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(int(getattr(of, field)) for field in fields)


def _set(of: Any, fields: tuple[str, ...], values: tuple[int, ...]) -> None:
    for field, value in zip(fields, values, strict=True):
        setattr(of, field, value)


def _canonical(row: Row) -> Row:
    """Return an equal record with one spelling: the encoder leaves out a default only where it is the same object."""
    kind = type(row)
    spelled = _DEFAULTS.get(kind)
    if spelled is None:
        spelled = _DEFAULTS[kind] = tuple(
            (field.name, field.default) for field in msgspec.structs.fields(kind) if field.default is not NODEFAULT
        )
    for name, default in spelled:
        value = getattr(row, name)
        if value is not default and value == default:
            row = msgspec.structs.replace(row, **{name: default})
    return row


def _exit(row: Exit) -> Exit:
    legs = tuple(_canonical(leg) for leg in row.terms.legs)
    return msgspec.structs.replace(row, terms=_canonical(msgspec.structs.replace(row.terms, legs=legs)))


def _stated(row: Stated) -> Stated:
    return _canonical(msgspec.structs.replace(row, mandate=_canonical(row.mandate)))


def _unfit(row: Unfit) -> Unfit:
    return row if row.mark is None else msgspec.structs.replace(row, mark=_canonical(row.mark))


def _image(state: State, order: Order) -> OrderImage:
    values = {field: getattr(order, field) for field in OrderImage.__struct_fields__}
    values["intent"] = _canonical(order.intent)
    values["fills"] = tuple((key, state.fills[key]) for key in order.fills)
    return OrderImage(**values)


def _order(state: State, image: OrderImage) -> Order:
    order, intent = Order(), image.intent
    for field in OrderImage.__struct_fields__:
        setattr(order, field, getattr(image, field))
    order.fills = [key for key, _ in image.fills]
    order.agent, order.account = intent.agent, state.agents[intent.agent].account
    order.connection, order.venue = intent.connection, state.connections[intent.connection].venue
    order.instrument, order.cash_currency = intent.instrument, state.instruments[intent.instrument].currency
    order.side, order.type, order.time_in_force = intent.side, intent.type, intent.time_in_force
    order.parent = intent.parent
    return order
