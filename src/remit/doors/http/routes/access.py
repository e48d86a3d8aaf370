"""Rows of who may act: the firm, accounts, agents, clients, capabilities, connections, grants."""

from __future__ import annotations

from typing import Any

from remit.doors.http.call import Call
from remit.doors.http.shapes import access as s
from remit.doors.http.shapes.base import Items, Paged
from remit.doors.http.table import OPERATORS, READERS, TOLD, Do, Enter, Look, Route
from remit.kernel import access
from remit.kernel import command as c

OWNERS = (*OPERATORS, "owner")


async def show_agent(call: Call) -> dict[str, Any]:
    """Return one agent."""
    found: dict[str, Any] = (await call.read("agents", agent=call.params.agent))[0]
    return found


async def capabilities(call: Call) -> dict[str, Any]:
    """Return the capabilities of the agents that the caller may see, agent by agent."""
    return {"items": await call.read("capabilities", agent=call.params.agent), "next": None}


def _capability(params: s.OneCapability, body: s.Switch) -> object:
    return c.SetCapability(agent=params.agent, capability=params.capability, enabled=body.enabled)


def _tolerance(params: s.OneConnection, body: s.NewTolerance) -> object:
    return c.SetTolerance(connection=params.connection, tolerance=body.tolerance, why=body.why)


def _grant(granted: bool) -> Enter:
    return Enter(lambda p, b: c.SetGrant(agent=p.agent, connection=p.connection, granted=granted))


_PAPER = {"name": "paper1", "account": "main", "venue": "paper", "environment": "training"}

ROUTES = (
    Route(
        "POST", "/v1/firm", "set_firm", "Name the firm's currency; once, before anything else.",
        "access", OPERATORS, Enter(lambda p, b: c.SetFirm(currency=b.currency)), body=s.FirmCurrency,
    ),
    Route(
        "GET", "/v1/accounts", "list_accounts", "Accounts with equity and profit.",
        "access", READERS, Look("accounts", page=("name",)), Paged, answer=Items[s.AccountRow],
    ),
    Route(
        "POST", "/v1/accounts", "add_account", "Add an account.", "access", OPERATORS,
        Enter(lambda p, b: c.AddAccount(account=b)), body=access.Account,
        example={"name": "main", "owner": "ann", "environment": "training", "currency": "USD"},
    ),
    Route(
        "GET", "/v1/agents", "list_agents", "Agents: what stops each, what it may do, what it has under way.",
        "access", TOLD, Look("agents", page=("name",)), s.AgentQuery, answer=Items[s.AgentRow],
    ),
    Route(
        "POST", "/v1/agents", "add_agent", "Add an agent; it can do nothing until it has a grant and mandates.",
        "access", OWNERS, Enter(lambda p, b: c.AddAgent(agent=b)), body=access.Agent,
        example={"name": "momentum", "account": "main", "owner": "ann"},
    ),
    Route(
        "GET", "/v1/agents/{agent}", "show_agent", "Show one agent.", "access", TOLD, Do(show_agent), s.OneAgent,
        answer=s.AgentRow,
    ),
    Route(
        "GET", "/v1/clients", "list_clients", "Outside clients, and the agent that each acts through.",
        "access", TOLD, Look("clients", page=("name",)), s.AgentQuery, answer=Items[s.ClientRow],
    ),
    Route(
        "POST", "/v1/clients", "add_client", "Add an outside client of one agent.",
        "access", OWNERS, Enter(lambda p, b: c.AddClient(client=b)), body=access.Client,
        example={"name": "claude", "agent": "momentum"},
    ),
    Route(
        "GET", "/v1/capabilities", "list_capabilities", "Each capability of each agent: on or off.",
        "access", TOLD, Do(capabilities), s.AgentChoice, answer=Items[s.CapabilityRow],
    ),
    Route(
        "PUT", "/v1/agents/{agent}/capabilities/{capability}", "set_capability", "Switch a capability on or off.",
        "access", OWNERS, Enter(_capability), s.OneCapability, s.Switch,
    ),
    Route(
        "GET", "/v1/connections", "list_connections", "Connections, and whether each is ready to open.",
        "access", TOLD, Look("connections", page=("name",)), s.ConnectionQuery, answer=Items[s.ConnectionRow],
    ),
    Route(
        "POST", "/v1/connections", "add_connection", "Add a connection of an account to a venue.",
        "access", OPERATORS, Enter(lambda p, b: c.AddConnection(connection=b)), body=access.Connection, example=_PAPER,
    ),
    Route(
        "PUT", "/v1/connections/{connection}/tolerance", "set_tolerance",
        "Say how far a connection's book and venue may differ, and for how long, before it halts.",
        "access", OPERATORS, Enter(_tolerance), s.OneConnection, s.NewTolerance,
    ),
    Route(
        "GET", "/v1/grants", "list_grants", "Which agent may use which connection.",
        "access", TOLD, Look("grants", page=("agent", "connection")), s.GrantQuery, answer=Items[s.GrantRow],
    ),
    Route(
        "PUT", "/v1/grants/{agent}/{connection}", "grant", "Let an agent use a connection.",
        "access", OWNERS, _grant(True), s.OneGrant,
    ),
    Route(
        "DELETE", "/v1/grants/{agent}/{connection}", "end_grant", "Let an agent use a connection no more.",
        "access", OWNERS, _grant(False), s.OneGrant,
    ),
)  # fmt: skip
