"""Views of who may act: accounts, agents, clients, connections, grants, capabilities, tokens."""

from __future__ import annotations

from typing import Any, get_args

from remit.guard.views.looking import Looking, Unknown
from remit.kernel.access import Capability
from remit.kernel.codec import plain
from remit.kernel.fold_drift import hangs
from remit.kernel.names import subject
from remit.kernel.numbers import text
from remit.kernel.scope import owns_grant
from remit.kernel.state import State
from remit.kernel.venue_wide import dead_man_s

Rows = list[dict[str, Any]]


def self_(looking: Looking) -> dict[str, Any]:
    """Who the caller's token stands for, and for agents and clients what they act through."""
    by, state = looking.by, looking.state
    agent = looking.own_agent
    found = state.agents.get(agent)
    return {
        "name": by.name,
        "role": by.role,
        "owner": by.owner,
        "token": by.token,
        "agent": agent,
        "account": "" if found is None else found.account,
        "environment": "" if found is None else state.accounts[found.account].environment,
        "capabilities": sorted(name for who, name in state.capabilities if who == agent),
        "connections": sorted(connection for granted, connection in state.grants if granted == agent),
        "at": looking.at,
    }


def accounts(looking: Looking) -> Rows:
    """Every account with its equity and profit, in its own currency."""
    rows = []
    for name in sorted(looking.state.accounts):
        if not looking.sees_account(name):
            continue
        total = looking.state.subjects[subject("account", name)].total
        rows.append(
            {**plain(looking.state.accounts[name]), "equity": text(total.equity), "pnl": text(total.pnl)},
        )
    return rows


def agents(looking: Looking) -> Rows:
    """Every agent the caller may see: what stops it, what it may do, what it has under way."""
    asked = looking.word("agent")
    names = [name for name in sorted(looking.state.agents) if looking.sees_agent(name) and asked in (None, name)]
    if asked is not None and not names:
        raise Unknown(f"agent {asked} is not known", "See `remit agent list`")
    return [_agent(looking, name) for name in names]


def _agent(looking: Looking, name: str) -> dict[str, Any]:
    state = looking.state
    agent = state.agents[name]
    of = state.subjects[subject("agent", name)]
    granted = sorted(connection for who, connection in state.grants if who == name)
    path = ["firm", subject("account", agent.account), of.written]
    path += [subject("connection", connection) for connection in granted]
    path += sorted({subject("venue", state.connections[connection].venue) for connection in granted})
    return {
        "name": name,
        "account": agent.account,
        "owner": agent.owner,
        "paused": [written for written in path if written in state.pauses],
        "halted": [halt for written in path for halt in state.halted.get(written, ())],
        "capabilities": sorted(what for who, what in state.capabilities if who == name),
        "connections": granted,
        "mandate": None if of.version is None else of.version.number,
        "clients": sorted(
            client.name
            for client in state.clients.values()
            if client.agent == name and looking.sees_order(name, client.name)
        ),
        "orders_live": len(state.orders_of.get(name, ())),
        "orders_today": of.total.orders_today,
        "positions": of.total.positions,
        "currency": of.currency,
        "pnl": text(of.total.pnl),
        "pnl_today": text(of.total.pnl - of.total.day_base),
    }


def clients(looking: Looking) -> Rows:
    """Every outside client, and the agent it acts through."""
    agent = looking.word("agent")
    return [
        plain(client)
        for _, client in sorted(looking.state.clients.items())
        if agent in (None, client.agent) and looking.sees_order(client.agent, client.name)
    ]


def capabilities(looking: Looking) -> Rows:
    """Each capability of each agent: switched on or off."""
    asked = looking.word("agent")
    return [
        {"agent": agent, "capability": name, "enabled": (agent, name) in looking.state.capabilities}
        for agent in sorted(looking.state.agents)
        if asked in (None, agent) and looking.sees_agent(agent)
        for name in get_args(Capability)
    ]


def connections(looking: Looking) -> Rows:
    """Every connection the caller may use or see, and whether it is ready."""
    state, account = looking.state, looking.word("account")
    rows = []
    for name, connection in sorted(state.connections.items()):
        if account not in (None, connection.account):
            continue
        if not looking.sees_connection(name):
            continue
        rows.append({"fee_bps": 0, **plain(connection), **ready_of(looking, name), "dead_man": _dead_man(state, name)})
    return rows


def ready_of(looking: Looking, name: str) -> dict[str, Any]:
    """Return whether a connection is ready, and what is missing where it is not."""
    state = looking.state
    known = state.venue_states[name]
    why = "" if known.reconciled else "not reconciled"
    if not known.link_up:
        why = "the link is down"
    elif why and any(drift.bucket == "large" for drift in state.drifts.get(name, ())):
        why = f"book and venue differ: remit reconcile show {name}"
    elif why and any(hangs(state, name, drift) for drift in state.drifts.get(name, ())):
        why = f"something was in transit in every round for long: remit reconcile show {name}"
    elif why and state.silent.get(name):
        why = f"{state.silent[name]} rounds without an account of it"
    elif why and name in state.reconciled_at:
        why = "not reconciled since: the venue is asked"
    return {"ready": not why, "why": why, "clock_skew_ms": known.clock_skew_ms}


def _dead_man(state: State, name: str) -> str:
    """Return how it stands with what the venue does when it hears nothing more from the guard."""
    fact, after_s = state.armed.get(name), dead_man_s(state, name)
    if fact is not None and fact.code == "unencodable":
        return "the venue has none"
    if fact is None or not fact.after_s:
        return f"{after_s} s, armed with the first order" if after_s else "off"
    if fact.code:
        return f"failed: {fact.code}; it is tried again"
    return f"armed for {fact.after_s} s" if fact.code == "" else "being armed"


def grants(looking: Looking) -> Rows:
    """Which agent may use which connection."""
    agent, connection = looking.word("agent"), looking.word("connection")
    return [
        {"agent": who, "connection": what}
        for who, what in sorted(looking.state.grants)
        if agent in (None, who) and connection in (None, what) and looking.sees_agent(who)
    ]


def tokens(looking: Looking) -> Rows:
    """Every token's id, role and term; the secrets are known to their holders alone."""
    rows = []
    for name, grant in sorted(looking.state.tokens.items()):
        if looking.owner and not owns_grant(looking.state, looking.by, grant):
            continue
        expired = grant.expires_at is not None and looking.at >= grant.expires_at
        state = "revoked" if name in looking.state.revoked else "expired" if expired else "valid"
        rows.append(
            {"expires_at": None, "session": False, "replaces": "", "parent": "", **plain(grant), "state": state}
        )
    return rows


def keys(looking: Looking) -> Rows:
    """Which key speaks for each agent on each connection, and for the connection itself; never a key. Generation 0 is
    derived from the vault's own."""
    state = looking.state
    of = {(name, "") for name in state.connections} | {(connection, agent) for agent, connection in state.grants}
    rows = []
    for connection, agent in sorted(of | state.keys.keys()):
        if not looking.sees_account(state.connections[connection].account):
            continue
        known = state.keys.get((connection, agent))
        first = {"connection": connection, "agent": agent, "generation": 0, "keeper": "", "fingerprint": ""}
        rows.append(first if known is None else {**first, **plain(known)})
    return rows
