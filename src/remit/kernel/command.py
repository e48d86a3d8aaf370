"""Commands: everything that enters the kernel. A Command is stamped by the guard with sequence, time and principal."""

from __future__ import annotations

from typing import Annotated, Literal, Union

import msgspec

from remit.kernel import access
from remit.kernel.instrument import FxMark, Instrument, Mark, TradingState
from remit.kernel.mandate import Mandate
from remit.kernel.names import At, Currency, Digest, Name, Principal, Side, Text, Zone
from remit.kernel.numbers import Money, Price, Quantity, Ratio
from remit.kernel.order import OrderIntent


class _Body(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"
):
    """One thing that can enter."""


# The guard's own life


class KernelStarted(_Body, frozen=True, tag="kernel_started"):
    """A guard began to write: which kernel decides from here on, and whether the tail before it was closed cleanly."""

    version: str
    digest: str
    clean: bool
    prefix: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]{4,16}$")]
    """Begins every order id of this journal, so that two journals never collide at a venue."""


class KernelStopped(_Body, frozen=True, tag="kernel_stopped"):
    """The guard ends cleanly: everything before it was sealed and nothing is in flight inside the guard."""


class Tick(_Body, frozen=True, tag="tick"):
    """Time passed; the kernel does what has fallen due."""


class ClockFault(_Body, frozen=True, tag="clock_fault"):
    """The wall clock jumped by `jump_ns`: openings stay closed until a person resumes."""

    jump_ns: int


class SnapshotTaken(_Body, frozen=True, tag="snapshot_taken"):
    """A snapshot of the state after the entry `through`, and its hash."""

    through: int
    hash: Digest


# Who may act


class SetFirm(_Body, frozen=True, tag="set_firm"):
    """Name the firm's currency; once, before anything else."""

    currency: Currency


class AddAccount(_Body, frozen=True, tag="add_account"):
    """A new account."""

    account: access.Account


class AddConnection(_Body, frozen=True, tag="add_connection"):
    """A new connection of an account to a venue."""

    connection: access.Connection


class AddAgent(_Body, frozen=True, tag="add_agent"):
    """A new agent; it can do nothing until it has capabilities, a grant and mandates."""

    agent: access.Agent


class AddClient(_Body, frozen=True, tag="add_client"):
    """A new outside client of one agent."""

    client: access.Client


class SetGrant(_Body, frozen=True, tag="set_grant"):
    """Allow or forbid an agent the use of a connection."""

    agent: Name
    connection: Name
    granted: bool


class SetCapability(_Body, frozen=True, tag="set_capability"):
    """Switch a capability of an agent on or off."""

    agent: Name
    capability: access.Capability
    enabled: bool


class IssueToken(_Body, frozen=True, tag="issue_token"):
    """A token exists from here on; its secret is known to its holder alone."""

    grant: access.TokenGrant


class RevokeToken(_Body, frozen=True, tag="revoke_token"):
    """A token is worth nothing from here on."""

    token: Name
    why: Text


class SetMandate(_Body, frozen=True, tag="set_mandate"):
    """Publish a mandate for a subject; the version before it stays in the history."""

    subject: str
    mandate: Mandate
    why: Text
    expires_at: At | None = None
    preset: str = ""


# What is known of the world


class AddInstrument(_Body, frozen=True, tag="add_instrument"):
    """A new instrument, or new terms (tick, lot, sizes, calendar) of a known one."""

    instrument: Instrument


class SetSessions(_Body, frozen=True, tag="set_sessions"):
    """The UTC instants at which days begin in a time zone; the kernel has no time-zone database."""

    zone: Zone
    starts: tuple[At, ...]


class SetCalendar(_Body, frozen=True, tag="set_calendar"):
    """The UTC windows in which a calendar is open; outside the span `begins_at`..`ends_at` it is unknown."""

    calendar: Name
    begins_at: At
    ends_at: At
    windows: tuple[tuple[At, At], ...]


class SetVolume(_Body, frozen=True, tag="set_volume"):
    """The average daily volume of an instrument."""

    instrument: Name
    average_daily: Quantity


class SetLocate(_Body, frozen=True, tag="set_locate"):
    """Shares located for short sales through a connection, until they expire."""

    connection: Name
    instrument: Name
    quantity: Quantity
    expires_at: At


class SetShortRestriction(_Body, frozen=True, tag="set_short_restriction"):
    """Whether an instrument is under a short-sale price restriction."""

    instrument: Name
    restricted: bool


class SetTradingState(_Body, frozen=True, tag="set_trading_state"):
    """Whether an instrument trades, is halted or closed."""

    instrument: Name
    state: Literal["trading", "halted", "closed"]


class SetMargin(_Body, frozen=True, tag="set_margin"):
    """The initial margin of an instrument as a share of its worth."""

    instrument: Name
    initial: Ratio


class SetBalance(_Body, frozen=True, tag="set_balance"):
    """The cash of a connection in one currency, as its venue or a person states it; the difference counts as a deposit."""

    connection: Name
    currency: Currency
    amount: Money


class SetVenueState(_Body, frozen=True, tag="set_venue_state"):
    """Whether a connection is ready: reconciled since start, link up, clock skew under the limit."""

    connection: Name
    reconciled: bool
    link_up: bool
    clock_skew_ms: Annotated[int, msgspec.Meta(ge=0)] = 0


class Marked(_Body, frozen=True, tag="marked"):
    """A batch of marks; they revalue positions and may halt."""

    marks: tuple[Mark, ...] = ()
    fx: tuple[FxMark, ...] = ()


class Resolve(_Body, frozen=True, tag="resolve"):
    """A prediction market resolved: YES pays 1 (or 0), a void market pays `void_price` for each contract; `disputed` keeps exposure."""

    market: Name
    outcome: Literal["yes", "no", "void", "disputed"]
    void_price: Price | None = None


class Split(_Body, frozen=True, tag="split"):
    """A share split: each `old` shares became `new`."""

    instrument: Name
    new: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    old: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class Dividend(_Body, frozen=True, tag="dividend"):
    """A cash dividend per share: longs receive it, shorts owe it."""

    instrument: Name
    amount: Money


class Funding(_Body, frozen=True, tag="funding"):
    """Funding of a perpetual: longs pay `amount` per unit of the base, shorts receive it; negative the other way round."""

    instrument: Name
    amount: Money


# Orders


class Submit(_Body, frozen=True, tag="submit"):
    """Propose an order. `marks` are the fresh quotes that it is judged on."""

    intent: OrderIntent
    client: str = ""
    marks: tuple[Mark, ...] = ()


class Replace(_Body, frozen=True, tag="replace"):
    """Propose new terms for a working order; judged anew at the larger of old and new until the venue confirms."""

    id: Name
    order: Name
    quantity: Quantity
    limit_price: Price
    marks: tuple[Mark, ...] = ()


class Cancel(_Body, frozen=True, tag="cancel"):
    """Ask for a working order to be cancelled, or a held one withdrawn; always passes for who may touch the order."""

    order: Name


class DeclareParent(_Body, frozen=True, tag="declare_parent"):
    """Announce a parent order; the sum of its children never exceeds its quantity."""

    parent: Name
    agent: Name
    instrument: Name
    side: Side
    quantity: Quantity


class Approve(_Body, frozen=True, tag="approve"):
    """Approve a held order; `digest` is the one that was shown."""

    order: Name
    digest: Digest


class Decline(_Body, frozen=True, tag="decline"):
    """Decline a held order."""

    order: Name
    why: Text


# What venues report


class Ask(_Body, frozen=True, tag="ask"):
    """Ask a venue: what became of an order, or, without one, everything that a connection holds."""

    connection: Name
    order: str = ""


class Sent(_Body, frozen=True, tag="sent"):
    """The request of an order left the guard."""

    order: Name


class Unencodable(_Body, frozen=True, tag="unencodable"):
    """The venue's codec could not express the order: a definitive refusal before anything was sent."""

    order: Name
    why: Text


class Withdrawn(_Body, frozen=True, tag="withdrawn"):
    """The request of an order never left the guard: a stop came first."""

    order: Name
    why: Text


class Acked(_Body, frozen=True, tag="acked"):
    """The venue works the order."""

    order: Name
    venue_order: str = ""


class Rejected(_Body, frozen=True, tag="rejected"):
    """The venue refused definitively: the order never worked and never will."""

    order: Name
    code: Text


class Lost(_Body, frozen=True, tag="lost"):
    """The outcome of a request is not known: timeout, broken link, a reply that makes no sense."""

    order: Name
    why: Text


class Filled(_Body, frozen=True, tag="filled"):
    """The venue executed part of an order. `fill` is the venue's own id: the same one counts once."""

    order: Name
    fill: Name
    quantity: Quantity
    price: Price
    fee: Money = Money(0)


class Cancelled(_Body, frozen=True, tag="cancelled"):
    """The venue says the order is over with no further fill."""

    order: Name


class Expired(_Body, frozen=True, tag="expired"):
    """The venue says the order ran out."""

    order: Name


class CancelRefused(_Body, frozen=True, tag="cancel_refused"):
    """The venue did not cancel; the order goes on."""

    order: Name
    code: Text


class Replaced(_Body, frozen=True, tag="replaced"):
    """The venue works the order on its new terms."""

    order: Name


class ReplaceRefused(_Body, frozen=True, tag="replace_refused"):
    """The venue kept the old terms."""

    order: Name
    code: Text


class External(_Body, frozen=True, tag="external"):
    """A venue shows an order or a fill that this guard never made."""

    connection: Name
    what: Text


class Holding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One position as a venue shows it."""

    instrument: Name
    quantity: Quantity


class Reconciled(_Body, frozen=True, tag="reconciled"):
    """What a connection's venue holds: every position, cash by currency, and the ids of the orders it works."""

    connection: Name
    positions: tuple[Holding, ...]
    cash: tuple[tuple[Currency, Money], ...]
    orders: tuple[Name, ...]


# People stop and start


class SetPause(_Body, frozen=True, tag="set_pause"):
    """A person pauses or unpauses a subject."""

    subject: str
    paused: bool
    why: Text


class Halt(_Body, frozen=True, tag="halt"):
    """A person halts a subject: latched until a reviewed resume. `kill` also cancels what works; `flatten` closes positions."""

    subject: str
    why: Text
    kill: bool = False
    flatten: bool = False


class Review(_Body, frozen=True, tag="review"):
    """A person looked at a halt: why it came, and at which limit."""

    halt: Name
    limit: Name
    why: Text


class Resume(_Body, frozen=True, tag="resume"):
    """A person ends a reviewed halt."""

    halt: Name
    why: Text


Body = Union[
    KernelStarted,
    KernelStopped,
    Tick,
    ClockFault,
    SnapshotTaken,
    SetFirm,
    AddAccount,
    AddConnection,
    AddAgent,
    AddClient,
    SetGrant,
    SetCapability,
    IssueToken,
    RevokeToken,
    SetMandate,
    AddInstrument,
    SetSessions,
    SetCalendar,
    SetVolume,
    SetLocate,
    SetShortRestriction,
    SetTradingState,
    SetMargin,
    SetBalance,
    SetVenueState,
    Marked,
    Resolve,
    Split,
    Dividend,
    Funding,
    Submit,
    Replace,
    Cancel,
    DeclareParent,
    Approve,
    Decline,
    Ask,
    Sent,
    Unencodable,
    Withdrawn,
    Acked,
    Rejected,
    Lost,
    Filled,
    Cancelled,
    Expired,
    CancelRefused,
    Replaced,
    ReplaceRefused,
    External,
    Reconciled,
    SetPause,
    Halt,
    Review,
    Resume,
]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that entered, stamped by the guard: its place in the journal, the journal's time and who asked."""

    seq: int
    at: At
    by: Principal
    body: Body


__all__ = ["Body", "Command", "TradingState"]
