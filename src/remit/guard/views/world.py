"""Views of the guard and of what it knows of the world: status, health, instruments, marks, days, outside facts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from remit.guard.protection import unprotected
from remit.guard.views.access import connections
from remit.guard.views.drift import drift_row, levels, unfit
from remit.guard.views.looking import Looking
from remit.guard.views.stops import halts, pauses
from remit.kernel.codec import plain
from remit.kernel.health import fault_of
from remit.kernel.names import named
from remit.kernel.numbers import NANOSECONDS, text

Rows = list[dict[str, Any]]


def status(looking: Looking) -> dict[str, Any]:
    """What a person looks at first: whether the guard trades, what stops it, what waits."""
    state = looking.state
    live = [order for order in state.orders.values() if looking.sees_order(order.agent, order.client)]
    return {
        **_about(looking),
        "seq": state.seq,
        "at": looking.at,
        "currency": state.firm_currency,
        "connections": connections(looking),
        "halts": halts(looking),
        "pauses": pauses(looking),
        "orders": dict(sorted(Counter(order.state for order in live).items())),
        "approvals": sum(1 for order in live if order.state == "held"),
        "agents": sum(1 for agent in state.agents if looking.sees_agent(agent)),
        "instruments": len(state.instruments),
        "unprotected": [
            {**row._asdict(), "quantity": text(row.quantity)}
            for row in unprotected(state)
            if looking.sees_agent(row.agent)
        ],
        "drifts": [
            {"connection": name, **drift_row(drift)}
            for name, drifts in sorted(state.drifts.items())
            for drift in (drifts if looking.sees_all or looking.owner and looking.sees_connection(name) else ())
        ],
        "unfit": unfit(looking),
        "levels": levels(looking),
    }


def health(looking: Looking) -> dict[str, Any]:
    """What `remit doctor` judges: each check with whether it is well, and what to do where it is not."""
    state = looking.state
    accounts = state.accounts if not looking.owner else [name for name in state.accounts if looking.sees_account(name)]
    checks = [
        _check("firm", bool(state.firm_currency), f"currency {state.firm_currency or 'not said'}", "Add an account"),
        _check(
            "start",
            not state.crashed,
            "after a crash, not all reconciled" if state.crashed else "after a clean stop",
            "Wait until every connection is reconciled",
        ),
        _check("accounts", bool(accounts), f"{len(accounts)}", "Add one: remit account add"),
        _check("instruments", bool(state.instruments), f"{len(state.instruments)}", "Add some: remit instrument add"),
    ]
    seen = looking.subjects(None)
    missing = [of.written for of in seen if of.version is None]
    said = f"missing for {', '.join(missing[:5])}" if missing else f"in force for all {len(seen)} subjects"
    checks.append(_check("mandates", not missing, said, "Set one: remit mandate set"))
    for row in connections(looking):
        checks.append(
            _check(f"connection {row['name']}", row["ready"], row["why"] or "ready", "See that its venue runs")
        )
    checks += _watched(looking) + _exported(looking) + _confined(looking)
    stopped = [row["id"] for row in halts(looking)]
    checks.append(_check("halts", not stopped, ", ".join(stopped) or "none", "Look: remit halt --list"))
    return {"about": _about(looking), "seq": state.seq, "at": looking.at, "checks": checks}


def _watched(looking: Looking) -> Rows:
    """What is judged while orders live: whether exits are watched, book and venues agree, and prices are to be
    trusted."""
    state = looking.state
    bare = [f"{row.agent} {row.instrument}: {row.why}" for row in unprotected(state) if looking.sees_agent(row.agent)]
    drifts = sorted((name, drifts) for name, drifts in state.drifts.items() if looking.sees_connection(name))
    apart = [f"{name} {drift.item}" for name, drifts in drifts for drift in drifts]
    watched = sum(looking.sees_agent(exit.agent) for exit in state.exits.values())
    bad = [f"{row['instrument']} ({row['reason']})" for row in unfit(looking)]
    return [
        _check("exits", not bare, named(bare) or f"{watched}, all watched", "Look: remit exit list"),
        _check("reconciled", not apart, named(apart) or "book and venues agree", "Look: remit reconcile show"),
        _check("prices", not bad, named(bad) or "to be trusted", "See that the feeds run: remit status"),
    ]


def _about(looking: Looking) -> dict[str, Any]:
    """What is told of the guard itself; how it is confined and anchored only to those who see everything."""
    about = looking.about()
    return (
        about
        if looking.sees_all
        else {name: said for name, said in about.items() if name not in ("sandbox", "anchors", "exports")}
    )


def _confined(looking: Looking) -> Rows:
    """Every layer of the sandbox: amiss where the settings ask for one that is not active."""
    return [
        _check(
            f"sandbox {layer['layer']}",
            layer["active"] or not layer["needed"],
            layer["says"] if layer["active"] else f"not active: {layer['says']}",
            layer["fix"],
        )
        for layer in _about(looking).get("sandbox", ())
    ]


def _exported(looking: Looking) -> Rows:
    """Every copy of the journal that the settings ask for: amiss where it is late or cannot go on."""
    return [
        _check(
            f"export {row['to']}",
            not row["late"] and not row["fault"],
            row["fault"] or f"{row['lag_entries']} entries, {row['lag_s']} s behind",
            "See that its exporter runs: remit journal export --follow",
        )
        for row in _about(looking).get("exports", ())
    ]


def _check(name: str, well: bool, said: str, fix: str) -> dict[str, Any]:
    return {"check": name, "well": well, "says": said, "fix": "" if well else fix}


def instruments(looking: Looking) -> Rows:
    """Every instrument with its terms and what is known of it now; `unfit` says why its price is not to be trusted."""
    venue, state = looking.word("venue"), looking.state
    rows = []
    for name, instrument in sorted(state.instruments.items()):
        if venue not in (None, instrument.venue):
            continue
        mark = state.marks.get(name)
        rows.append(
            {
                **plain(instrument),
                "market": instrument.market_name,
                "trading": state.trading.get(name, "trading"),
                "last": None if mark is None else text(mark.last),
                "unfit": fault_of(state, name),
            }
        )
    return rows


def marks(looking: Looking) -> Rows:
    """The last journalled mark of each instrument, its age in whole seconds, and why it is not to be trusted."""
    instrument = looking.word("instrument")
    return [
        {
            **plain(mark),
            "age_s": max(looking.at - mark.at, 0) // NANOSECONDS,
            "unfit": fault_of(looking.state, mark.instrument),
        }
        for name, mark in sorted(looking.state.marks.items())
        if instrument in (None, name)
    ]


def sessions(looking: Looking) -> Rows:
    """The days known per time zone: when this one began, when the next begins, and how far they are known."""
    rows = []
    for zone, starts in sorted(looking.state.zones.items()):
        rows.append(
            {
                "zone": zone,
                "current": looking.state.sessions.get(zone),
                "next": next((start for start in starts if start > looking.at), None),
                "known_until": starts[-1] if starts else None,
            }
        )
    return rows


def facts(looking: Looking) -> dict[str, Rows]:
    """The outside facts that rules read, each under the verb that sets it."""
    state = looking.state
    return {
        "volume": [{"instrument": name, "average_daily": text(v)} for name, v in sorted(state.volumes.items())],
        "locate": [
            {"connection": connection, "instrument": name, "quantity": text(quantity), "expires_at": until}
            for (connection, name), (quantity, until) in sorted(state.locates.items())
            if looking.sees_connection(connection)
        ],
        "restriction": [{"instrument": name, "restricted": on} for name, on in sorted(state.restricted.items())],
        "trading": [{"instrument": name, "state": word} for name, word in sorted(state.trading.items())],
        "calendar": [
            {
                "calendar": name,
                "begins_at": known.begins_at,
                "ends_at": known.ends_at,
                "windows": len(known.windows),
                "open": known.is_open(looking.at),
            }
            for name, known in sorted(state.calendars.items())
        ],
        "margin": [{"instrument": name, "initial": text(rate)} for name, rate in sorted(state.margins.items())],
        "balance": [
            {"connection": connection, "currency": currency, "amount": text(cash.amount)}
            for (connection, currency), cash in sorted(state.cash.items())
            if looking.sees_connection(connection)
        ],
        "fx": [plain(mark) for _, mark in sorted(state.fx.items())],
    }
