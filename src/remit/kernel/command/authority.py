"""What enters about who may act: the firm, accounts, connections, agents, clients, tokens and mandates."""

from __future__ import annotations

from typing import Annotated

import msgspec

from remit.kernel import access
from remit.kernel.command.content import Content
from remit.kernel.mandate import Mandate
from remit.kernel.names import At, Currency, Name, Text
from remit.kernel.numbers import Money


class SetFirm(Content, frozen=True, tag="set_firm"):
    """Name the firm's currency; once, before anything else."""

    currency: Currency


class AddAccount(Content, frozen=True, tag="add_account"):
    """A new account."""

    account: access.Account


class AddConnection(Content, frozen=True, tag="add_connection"):
    """A new connection of an account to a venue."""

    connection: access.Connection


class SetTolerance(Content, frozen=True, tag="set_tolerance"):
    """How far a connection's book and venue may differ, and for how long, before it halts."""

    connection: Name
    tolerance: access.Tolerance
    why: Text


class SetKey(Content, frozen=True, tag="set_key"):
    """From here on this key, and none before it, speaks for an agent on a connection."""

    key: access.VenueKey
    why: Text


class AddAgent(Content, frozen=True, tag="add_agent"):
    """A new agent; it can do nothing until it has capabilities, a grant and mandates."""

    agent: access.Agent


class AddClient(Content, frozen=True, tag="add_client"):
    """A new outside client of one agent."""

    client: access.Client


class SetGrant(Content, frozen=True, tag="set_grant"):
    """Allow or forbid an agent the use of a connection."""

    agent: Name
    connection: Name
    granted: bool


class SetCapability(Content, frozen=True, tag="set_capability"):
    """Switch a capability of an agent on or off."""

    agent: Name
    capability: access.Capability
    enabled: bool


class IssueToken(Content, frozen=True, tag="issue_token"):
    """A token exists from here on; its secret is known to its holder alone.

    Where it replaces another, that one stands for `overlap_s` seconds more.
    """

    grant: access.TokenGrant
    overlap_s: Annotated[int, msgspec.Meta(ge=0, le=2_592_000)] = 0


class RevokeToken(Content, frozen=True, tag="revoke_token"):
    """A token is worth nothing from here on."""

    token: Name
    why: Text


class Preapprove(Content, frozen=True, tag="preapprove"):
    """Confirm ahead of time what an agent may do until `ends_at`; the same id never stands for two.

    Instruments and categories name what is covered: an order in any of either.
    """

    id: Name
    agent: Name
    notional_max: Money
    ends_at: At
    why: Text
    instruments: Annotated[tuple[Name, ...], msgspec.Meta(max_length=access.PREAPPROVAL_NAMES_MAX)] = ()
    categories: Annotated[tuple[Name, ...], msgspec.Meta(max_length=access.PREAPPROVAL_NAMES_MAX)] = ()
    total_max: Money | None = None


class RevokePreapproval(Content, frozen=True, tag="revoke_preapproval"):
    """A preapproval covers nothing from here on; what went out by it stays out."""

    id: Name
    why: Text


class SetMandate(Content, frozen=True, tag="set_mandate"):
    """Publish a mandate for a subject; the version before it stays in the history.

    `after` is the number of the version that it was written against, 0 for none: refused where another is in force.
    """

    subject: str
    mandate: Mandate
    why: Text
    expires_at: At | None = None
    preset: str = ""
    after: Annotated[int, msgspec.Meta(ge=0)] | None = None
