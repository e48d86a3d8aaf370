"""Shapes of who may act: accounts, agents, clients, capabilities, connections, grants."""

from __future__ import annotations

from remit.doors.http.shapes.base import Given, Paged, Sent, Shape
from remit.doors.http.shapes.book import Subject
from remit.kernel import access
from remit.kernel.names import Currency, Environment, Name, Text
from remit.kernel.numbers import Money


class FirmCurrency(Sent, frozen=True):
    """The firm's currency: said once, before anything else."""

    currency: Currency


class AccountRow(Shape, frozen=True):
    """One account with its equity and profit, in its own currency."""

    name: str
    owner: str
    environment: Environment
    currency: str
    equity: Money
    pnl: Money


class AgentQuery(Paged, frozen=True):
    """Which agent."""

    agent: Name | None = None


class AgentChoice(Given, frozen=True):
    """Which agent; all that the caller may see where none is said."""

    agent: Name | None = None


class OneAgent(Given, frozen=True):
    """Which agent."""

    agent: Name


class AgentRow(Shape, frozen=True):
    """One agent: what stops it, what it may do, what it has under way."""

    name: str
    account: str
    owner: str
    paused: tuple[Subject, ...]
    halted: tuple[str, ...]
    capabilities: tuple[str, ...]
    connections: tuple[str, ...]
    mandate: int | None
    clients: tuple[str, ...]
    orders_live: int
    orders_today: int
    positions: int
    currency: str
    pnl: Money
    pnl_today: Money


class ClientRow(Shape, frozen=True):
    """One outside client, and the agent it acts through."""

    name: str
    agent: str


class CapabilityRow(Shape, frozen=True):
    """One capability of one agent."""

    agent: str
    capability: str
    enabled: bool


class OneCapability(Given, frozen=True):
    """Which capability of which agent."""

    agent: Name
    capability: access.Capability


class Switch(Sent, frozen=True):
    """On or off."""

    enabled: bool


class ConnectionQuery(Paged, frozen=True):
    """Whose connections."""

    account: Name | None = None


class OneConnection(Given, frozen=True):
    """Which connection."""

    connection: Name


class ConnectionRow(Shape, frozen=True):
    """One connection, and whether it is ready to open; `why` says what is missing."""

    name: str
    account: str
    venue: str
    environment: Environment
    fee_bps: int
    ready: bool
    why: str
    clock_skew_ms: int
    dead_man: str


class GrantQuery(Paged, frozen=True):
    """Which grants."""

    agent: Name | None = None
    connection: Name | None = None


class OneGrant(Given, frozen=True):
    """Which agent's use of which connection."""

    agent: Name
    connection: Name


class GrantRow(Shape, frozen=True):
    """An agent that may use a connection."""

    agent: str
    connection: str


class NewTolerance(Sent, frozen=True):
    """How far a connection may drift, whole, and why."""

    tolerance: access.Tolerance
    why: Text
