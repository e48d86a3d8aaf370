"""Tools that look: account, positions, limits, prices, orders and decisions. Nothing changes."""

from __future__ import annotations

from typing import Any

from remit.doors.mcp import shapes_in as i
from remit.doors.mcp import shapes_out as o
from remit.doors.mcp.caller import Call
from remit.doors.mcp.refusing import CallRefused, findings_of
from remit.doors.mcp.words import optional_text, time_text

GAUGES_MAX = 60
POLL_S = "15"
"""How often to ask after an approval."""


def shared(call: Call) -> dict[str, Any]:
    """Return what every answer says."""
    return {"mode": call.trader.environment, "agent": call.trader.agent}


async def get_account(call: Call, given: i.Nothing) -> o.Account:
    """Show how the agent stands: what stops it, through which connections it trades, its profit, its tools."""
    (row,) = await call.read("agents", agent=call.trader.agent)
    connections = await call.read("connections")
    stops = [_pause(call, fact) for fact in await call.read("pauses")]
    stops += [_halt(call, fact) for fact in await call.read("halts")]
    return o.Account(
        **shared(call),
        account=row["account"],
        client=call.trader.client,
        currency=row["currency"],
        stops=tuple(stops),
        connections=tuple(
            o.Connection(connection=one["name"], venue=one["venue"], ready=one["ready"], why=call.wrap(one["why"]))
            for one in connections
        ),
        tools=tuple(row["capabilities"]),
        orders_live=str(row["orders_live"]),
        orders_today=str(row["orders_today"]),
        positions=str(row["positions"]),
        pnl=row["pnl"],
        pnl_today=row["pnl_today"],
    )


def _pause(call: Call, fact: dict[str, Any]) -> o.Stop:
    return o.Stop(
        kind="pause",
        subject=fact["subject"],
        id="",
        rule="",
        at=time_text(fact["at"]),
        why=call.wrap(fact["why"]),
    )


def _halt(call: Call, fact: dict[str, Any]) -> o.Stop:
    return o.Stop(
        kind="halt",
        subject=fact["subject"],
        id=fact["id"],
        rule=fact.get("rule", ""),
        at=time_text(fact["at"]),
        why=call.wrap(fact.get("why", "")),
    )


async def get_positions(call: Call, given: i.OfInstrument) -> o.Positions:
    """Show positions with their cost, value and profit, and what is being bought and sold."""
    found = await call.read("positions")
    rows = [row for row in found["positions"] if given.instrument in (None, row["instrument"])]
    names = o.Position.__struct_fields__
    return o.Positions(
        **shared(call), positions=tuple(o.Position(**{name: row[name] for name in names}) for row in rows)
    )


async def get_exposure(call: Call, given: i.Nothing) -> o.Exposure:
    """Show how much of each limit is used, reserved and left, the fullest first."""
    found = await call.read("exposure")
    gauges = [
        o.Gauge(
            subject=row["subject"],
            rule=row["rule"],
            per=row["per"],
            of=row["of"],
            limit=row["limit"],
            used=optional_text(row["used"]),
            reserved=optional_text(row["reserved"]),
            headroom=optional_text(row["headroom"]),
            percent=optional_text(row["percent"]),
            unit=row["unit"],
            holds=row["holds"],
            missing=row["missing"] or "",
        )
        for row in found["gauges"][:GAUGES_MAX]
    ]
    per_order = [
        o.PerOrder(subject=row["subject"], rule=row["rule"], limit=row["limit"], unit=row["unit"], says=row["sentence"])
        for row in found["per_order"]
    ]
    left_out = found["left_out"] + max(len(found["gauges"]) - GAUGES_MAX, 0)
    return o.Exposure(**shared(call), gauges=tuple(gauges), per_order=tuple(per_order), left_out=str(left_out))


async def get_limits(call: Call, given: i.Nothing) -> o.Limits:
    """Show every limit that binds the agent's orders, and whose mandate decides it."""
    found = await call.read("effective", client=call.trader.client or None)
    return o.Limits(
        **shared(call),
        path=tuple(found["path"]),
        missing=tuple(found["missing"]),
        limits=tuple(
            o.Limit(
                limit=row["limit"],
                effective=_written(row["effective"]),
                unit=row["unit"],
                per=row["per"],
                decided_by=tuple(row["decides"]),
            )
            for row in found["limits"]
        ),
    )


def _written(value: Any) -> str | None:
    """Return a limit as text: a number as it is, a set with its names apart."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    return str(value)


async def get_quote(call: Call, given: i.Instrument) -> o.Quote:
    """Show the last price that the guard knows of an instrument, and whether it is to be trusted."""
    mark = next(iter(await call.read("marks", instrument=given.instrument)), None)
    if mark is None and given.instrument not in {row["name"] for row in await call.read("instruments")}:
        raise _no_instrument(given.instrument)
    mark = mark or {}
    unfit = mark.get("unfit") or ("" if mark else "no price was heard yet")
    return o.Quote(
        **shared(call),
        instrument=given.instrument,
        bid=mark.get("bid"),
        ask=mark.get("ask"),
        last=mark.get("last"),
        at=time_text(mark["at"]) if mark else None,
        age_s=optional_text(mark.get("age_s")),
        fit=not unfit,
        unfit=call.wrap(unfit),
    )


def _no_instrument(name: str) -> CallRefused:
    return CallRefused("unknown", f"instrument {name} is not known", "Find its name with search_markets", noted=True)


async def search_markets(call: Call, given: i.Search) -> o.Markets:
    """Find instruments by part of their name, market or category."""
    wanted = given.query.strip().casefold()
    rows = [
        row
        for row in await call.read("instruments", venue=given.venue)
        if any(wanted in row[field].casefold() for field in ("name", "market", "category", "kind", "venue"))
    ]
    chosen = rows[: min(int(given.limit), 100)]
    return o.Markets(
        **shared(call),
        markets=tuple(
            o.Market(
                instrument=row["name"],
                kind=row["kind"],
                venue=row["venue"],
                market=row["market"],
                category=row["category"],
                currency=row["currency"],
                tick=row["tick"],
                lot=row["lot"],
                trading=row["trading"],
                last=row["last"],
            )
            for row in chosen
        ),
        left_out=str(len(rows) - len(chosen)),
    )


async def list_orders(call: Call, given: i.Listing) -> o.Orders:
    """List orders, the latest first; `state` denied lists those that were refused."""
    rows = await call.read(
        "orders",
        state=given.state,
        instrument=given.instrument,
        live=given.live or None,
        limit=min(int(given.limit), 100),
    )
    return o.Orders(**shared(call), orders=tuple(_order(row) for row in rows))


async def get_order(call: Call, given: i.OfOrder) -> o.OneOrder:
    """Show one order as it is now: its terms, its state, what has filled."""
    return o.OneOrder(**shared(call), order=_order(await call.read("order", order=given.order)))


def _order(row: dict[str, Any]) -> o.Order:
    return o.Order(
        order=row["order"],
        client_order_id=row["intent"],
        connection=row["connection"],
        instrument=row["instrument"],
        side=row["side"],
        type=row["type"],
        quantity=row["quantity"],
        filled=row["filled"],
        limit_price=row["limit_price"],
        paid_average=row["paid_average"],
        time_in_force=row["time_in_force"],
        state=row["state"],
        exit=row["exit"],
        at=time_text(row["at"]),
        changed_at=time_text(row["changed_at"]),
    )


async def explain_decision(call: Call, given: i.OfOrder) -> o.Explained:
    """Explain why an order was allowed, held or denied, with the numbers, and what happened to it since."""
    row = await call.read("explanation", order=given.order)
    decision = row["decision"]
    return o.Explained(
        **shared(call),
        order=row["order"],
        state=row["state"],
        verdict=row["verdict"],
        findings=findings_of(row["findings"]),
        worth=decision["worth"],
        currency=decision["currency"],
        life=tuple(
            o.Step(
                at=time_text(step["at"]),
                by=step["by"],
                event=step["event"],
                state=step["state"],
                why=call.wrap(step.get("details", {}).get("why", "")),
            )
            for step in row["life"]
        ),
        complete=row["complete"],
    )


async def get_approval(call: Call, given: i.OfOrder) -> o.Approval:
    """Show how it stands with the approval of a held order. You cannot approve: only people can, at `approval_url`."""
    row = await call.read("approval", order=given.order)
    waiting = row["answer"] == "waiting"
    return o.Approval(
        **shared(call),
        order=row["order"],
        state=row["state"],
        answer=row["answer"],
        needed=str(row["needed"]),
        approved=str(row["approved"]),
        expires_in_s=optional_text(row["expires_in_s"]),
        ask_again_in_s=POLL_S if waiting else None,
        approval_url=f"{call.approvals}{row['order']}" if waiting else "",
        why=call.wrap(row["why"]),
    )
