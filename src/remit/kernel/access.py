"""Who may act, for whom and through what: accounts, connections, agents, clients, capabilities, grants and tokens."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec

from remit.kernel.names import At, Currency, Digest, Environment, Name, OptionalName, PersonRole, Role, Text
from remit.kernel.numbers import SCALE, Money
from remit.kernel.permit import Keeper, Scheme

Capability = Literal[
    "place_order",
    "replace_order",
    "preview_order",
    "get_account",
    "get_positions",
    "get_exposure",
    "get_limits",
    "get_quote",
    "search_markets",
    "list_orders",
    "get_order",
    "explain_decision",
    "get_approval",
    "record_thought",
    "analyze_market",
]
"""What an agent can be given, each under the name of the tool that uses it."""

TO_GIVE: frozenset[Capability] = frozenset({"place_order", "replace_order", "analyze_market"})
"""What trades or costs money: switched off until somebody switches it on. All else is on from an agent's first day."""
FIRST: tuple[Capability, ...] = tuple(name for name in get_args(Capability) if name not in TO_GIVE)
WAYS_OUT = ("cancel_order", "close_position")
"""Tools that are no capability: a way out is never switched off. What closes is judged as an order like any other."""
TOOLS: tuple[str, ...] = (*get_args(Capability), *WAYS_OUT)

VIEW_NEEDS: dict[str, tuple[Capability, ...]] = {
    **dict.fromkeys(
        ("self", "me", "closing", "capabilities", "presets", "rules", "people", "proposals", "text", "receipt"), ()
    ),
    **dict.fromkeys(("status", "health", "agents", "clients", "connections", "grants"), ("get_account",)),
    **dict.fromkeys(("halts", "pauses", "sessions"), ("get_account",)),
    **dict.fromkeys(("positions", "exits"), ("get_positions",)),
    **dict.fromkeys(("exposure", "levels"), ("get_exposure",)),
    **dict.fromkeys(("mandates", "history", "effective", "spend"), ("get_limits",)),
    **dict.fromkeys(("marks", "unfit"), ("get_quote",)),
    "instruments": ("search_markets", "get_quote"),
    "orders": ("list_orders",),
    "order": ("get_order",),
    **dict.fromkeys(("explanation", "log"), ("explain_decision",)),
    **dict.fromkeys(("approval", "preapprovals"), ("get_approval",)),
}
"""Which capability, one of them, an agent or its client needs for a view; a view that is not here they never see."""


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


class VenueKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which key speaks for one agent on one connection, never the key itself; `agent` is empty for the connection's.

    `generation` counts the rotations from 1. `fingerprint` is the SHA-256 of the public key; of a secret without one
    it is a hash under the vault's own key, so that nobody can try secrets against it.
    """

    connection: Name
    agent: OptionalName = ""
    generation: Annotated[int, msgspec.Meta(ge=1)]
    scheme: Scheme
    keeper: Keeper
    fingerprint: Digest


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


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Somebody who is known by name, with one role. Who is no person of the book stands by their tokens alone."""

    name: Name
    role: PersonRole
    owner: OptionalName = ""
    """The owner they act as, a desk for example; themselves where it is empty. All who share it count as one."""
    disabled: bool = False

    @property
    def lineage(self) -> str:
        """Whom their tokens name as the person behind them, and whose accounts an owner sees."""
        return self.owner or self.name


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
    session: bool = False
    """A browser session: it began by signing in."""
    replaces: OptionalName = ""
    """The token that this one takes over from; both stand until the overlap ends."""
    parent: OptionalName = ""
    """The token whose holder opened this session with a one-time code; it dies with it."""
    through: OptionalName = ""
    """The token that set the credential this session began with; it dies when that one is revoked."""


MessageId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z")]
"""The id of one signed message, as its sender chose it; it says the same over all retries."""


class CallbackKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Lets an approval page that one hosts speak for exactly one person. The key itself stays outside the journal."""

    id: Name
    person: Name
    role: Role
    owner: Name
    """The person behind it: the lineage that maker-checker excludes."""
    issued_at: At
    expires_at: At | None = None


class CalledBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """By which callback key, under which message id and when a page signed what it sent; the guard has verified it."""

    callback: Name
    message: MessageId
    sent_at: At


PREAPPROVAL_NAMES_MAX = 50
"""Instruments, or categories, that one preapproval names."""


class Preapproval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A person's confirmation ahead of time: of one agent's orders, its clients' included, in named instruments or
    categories, each worth at most `notional_max`, all together at most `total_max`, before `ends_at`.

    It stands for one confirmation and never for a quorum. Amounts are in the agent's account's currency.
    """

    id: Name
    agent: Name
    by: Name
    """The name of who gave it."""
    owner: Name
    """The person behind it."""
    instruments: tuple[Name, ...] = ()
    categories: tuple[Name, ...] = ()
    notional_max: Money
    total_max: Money | None = None
    ends_at: At
    """From this instant on it is over."""
    why: Text
    at: At
    used: Money = Money(0)
    """What the orders that went out by it were worth; an order that ends without a fill gives nothing back."""
    uses: Annotated[int, msgspec.Meta(ge=0)] = 0
    ended_at: At = 0
    """When it was revoked, or ended with its person; 0 while neither is so."""
    ended_by: str = ""
    ended_why: Text = ""
