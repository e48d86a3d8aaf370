"""Who may act, for whom and through what: accounts, connections, agents, clients, capabilities, grants and tokens."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.kernel.names import At, Currency, Environment, Name, Role
from remit.kernel.numbers import SCALE, Money

Capability = Literal["place_order", "replace_order"]
"""What an agent can be given. Cancelling its own orders and reading need no capability: a way out is never switched
off."""


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An owner's umbrella in one environment; counters, books and totals of training and live never mix."""

    name: Name
    owner: Name
    environment: Environment
    currency: Currency


class Connection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One broker account or wallet; it belongs to one account. `fee_bps` is the worst fee that its orders reserve."""

    name: Name
    account: Name
    venue: Name
    environment: Environment
    fee_bps: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class Tolerance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How far a connection's book and its venue may differ before it halts, and how long its venue may be silent.

    `floor` is in the account's currency. Reports may be in transit for `window_s`. A difference is small below
    `share_bps` of the larger side and below `floor`; it halts where it lasts `rounds` rounds. `silent_rounds` rounds
    in a row without a venue's account close openings. `dead_man_s` of 0 switches the venue's dead man off.
    """

    window_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 120
    floor: Money = Money(SCALE)
    share_bps: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 10
    rounds: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 3
    unknown_age_max_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 300
    unknown_count_max: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 20
    dead_man_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 60
    silent_rounds: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 3


class Agent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One running agent; it belongs to one account and acts only on connections granted to it."""

    name: Name
    account: Name
    owner: Name


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An outside AI client that acts through exactly one agent and inherits exactly its checks."""

    name: Name
    agent: Name


class TokenGrant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a token stands for. The journal knows the token's id; its keyed hash stays outside the journal."""

    token: Name
    role: Role
    name: Name
    """The agent, client or person that acts with it."""
    owner: Name
    """The person behind it: the lineage that maker-checker excludes."""
    issued_at: At
    expires_at: At | None = None
