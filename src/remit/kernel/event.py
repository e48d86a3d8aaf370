"""Events and records: what happened, and one entry of the journal. What was decided stands in kernel/decision.py."""

from __future__ import annotations

from typing import Literal

import msgspec

from remit.kernel.codec import learn
from remit.kernel.command import Command
from remit.kernel.decision import ALLOW as ALLOW
from remit.kernel.decision import DENY as DENY
from remit.kernel.decision import HOLD as HOLD
from remit.kernel.decision import VERDICTS as VERDICTS
from remit.kernel.decision import Decision as Decision
from remit.kernel.decision import Finding as Finding
from remit.kernel.decision import VerdictName as VerdictName
from remit.kernel.drift import Drift, Kind
from remit.kernel.model_call import SpendState
from remit.kernel.names import At, Digest
from remit.kernel.numbers import Money, Price, Quantity

Dimension = Literal["total", "market", "category", "venue"]
"""What a limit is counted in: a subject in all, or one of its markets, categories or venues."""


class _Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event"):
    """One thing that happened."""


class Took(_Event, frozen=True, tag="took"):
    """The command took effect exactly as it says."""


class Refused(_Event, frozen=True, tag="refused"):
    """The command changed nothing: a named code, what to do, and how long to wait where time alone helps."""

    code: str
    why: str
    retry_after_s: int | None = None
    findings: tuple[Finding, ...] = ()


class Repeated(_Event, frozen=True, tag="repeated"):
    """The intent's id was decided before, at `seq`: that answer stands and nothing acts twice."""

    seq: int


class Denied(_Event, frozen=True, tag="denied"):
    """An order was denied; `fingerprint` tells identical intents apart from others."""

    agent: str
    fingerprint: str


class Reserved(_Event, frozen=True, tag="reserved"):
    """An order entered the book and reserves in full: `allowed` to go out, or `held` for people until `until`."""

    order: str
    state: Literal["allowed", "held"]
    digest: str
    until: At = 0
    quorum: int = 0
    confirm: bool = False


class Approved(_Event, frozen=True, tag="approved"):
    """A person approved a held order."""

    order: str
    person: str


class PreapprovalUsed(_Event, frozen=True, tag="preapproval_used"):
    """A preapproval stood for the confirmation of an order: so much of its total is used, for good."""

    preapproval: str
    order: str
    worth: Money


class CallbackUsed(_Event, frozen=True, tag="callback_used"):
    """A signed message of a page was heard: its id is used, whatever becomes of what it asks."""

    callback: str
    message: str


class Proposed(_Event, frozen=True, tag="proposed"):
    """A mandate that loosens waits for a second person until `until`; nothing of it is in force."""

    proposal: str
    digest: Digest
    until: At


class Released(_Event, frozen=True, tag="released"):
    """A held order was judged again and allowed: its own reservation was swapped for a fresh one."""

    order: str


class Moved(_Event, frozen=True, tag="moved"):
    """An order changed state; where the new state is terminal its reservation ends."""

    order: str
    state: str
    why: str = ""


class CancelAsked(_Event, frozen=True, tag="cancel_asked"):
    """A cancel goes to the venue; the reservation stays until the venue says the order is over."""

    order: str
    why: str = ""


class Asked(_Event, frozen=True, tag="asked"):
    """A question goes to the venue: what became of an order, or, without one, what the connection holds."""

    connection: str
    order: str = ""


class CancelAllAsked(_Event, frozen=True, tag="cancel_all_asked"):
    """A venue is told to cancel everything of a connection, also what this guard never placed."""

    connection: str


class Armed(_Event, frozen=True, tag="armed"):
    """A venue is told to cancel everything of a connection unless it is told again within `after_s`; 0 disarms."""

    connection: str
    after_s: int


class ReplaceAsked(_Event, frozen=True, tag="replace_asked"):
    """New terms go to the venue; until it confirms the order reserves the larger of old and new."""

    order: str
    quantity: Quantity
    limit_price: Price


class ReplaceSettled(_Event, frozen=True, tag="replace_settled"):
    """The venue answered a replace: on new terms or on the old ones."""

    order: str
    taken: bool


class Booked(_Event, frozen=True, tag="booked"):
    """A fill moved the book."""

    order: str
    fill: str
    quantity: Quantity
    price: Price
    fee: Money = Money(0)
    complete: bool = False
    late: bool = False


class ExitSet(_Event, frozen=True, tag="exit_set"):
    """An exit entered the book, with its entry `order` or on a position, or has new terms: those of the command."""

    exit: str
    order: str = ""


class ExitArmed(_Event, frozen=True, tag="exit_armed"):
    """A bracket's entry filled: its exit protects so much and watches from this price."""

    exit: str
    quantity: Quantity
    price: Price


class ExitTriggered(_Event, frozen=True, tag="exit_triggered"):
    """A mark touched a leg at the level where it stood: the guard closes what the exit protects."""

    exit: str
    leg: str
    price: Price
    quantity: Quantity


class ExitEnded(_Event, frozen=True, tag="exit_ended"):
    """An exit is over: closed, flat, unfilled, dropped, resolved, expired, or with a remainder that no venue takes."""

    exit: str
    why: str


HaltCause = Literal["loss", "drift", "throttle", "unknown", "kill", "person", "clock", "overfill"]
REDUCING_PASSES: frozenset[str] = frozenset({"loss", "clock"})
"""Halts under which an agent's own order still passes when it provably reduces a position."""


BY_PEOPLE: frozenset[str] = frozenset({"kill", "person"})
"""Halts that somebody raised, not a limit."""


class HaltRaised(_Event, frozen=True, tag="halt_raised"):
    """A subject was halted; latched until a reviewed resume."""

    halt: str
    subject: str
    cause: HaltCause
    rule: str
    limit: str = ""
    actual: str = ""
    why: str = ""
    flatten: bool = False


class Sweep(_Event, frozen=True, tag="sweep"):
    """Cancelling the orders of a subject goes on with the next entry (`left`), or is done; `every` or only what
    opens."""

    subject: str
    every: bool
    left: bool


class Crossed(_Event, frozen=True, tag="crossed"):
    """A limit of a subject came `near` (80 % of it), was exceeded (`over`), or came `back` below 75 %; told once each.

    `group` is the market, category or venue that it is counted for; empty where the `dimension` is the total.
    """

    subject: str
    rule: str
    dimension: Dimension
    level: Literal["near", "over", "back"]
    limit: str
    actual: str
    unit: str
    group: str = ""


class LookCut(_Event, frozen=True, tag="look_cut"):
    """Looking at limits without an order goes on with the next entry, at the subject `begin` (`left`), or is done."""

    begin: str
    left: bool


class SessionRolled(_Event, frozen=True, tag="session_rolled"):
    """A day began in a time zone: day counters and the base of daily loss start anew."""

    zone: str
    start: At


class Quoted(_Event, frozen=True, tag="quoted"):
    """The marks that rode on the command took effect, before anything was judged."""


class Drifted(_Event, frozen=True, tag="drifted"):
    """A venue's own account of a connection differs from the book: from here on both bound what is proven to reduce.

    `more` differences are left out, none worse than those that are named.
    """

    connection: str
    drifts: tuple[Drift, ...]
    more: int = 0


class Silent(_Event, frozen=True, tag="silent"):
    """A round brought no account of a connection: nothing follows from it but that nothing is known."""

    connection: str
    why: str


class Corrected(_Event, frozen=True, tag="corrected"):
    """The book was corrected to what a venue shows: a quantity of an agent's position, or an amount of cash."""

    connection: str
    kind: Kind
    item: str
    change: Quantity
    agent: str = ""


class Kept(_Event, frozen=True, tag="kept"):
    """A person kept the book: the venue is expected to show so much more from here on."""

    connection: str
    kind: Kind
    item: str
    difference: Quantity


class Spent(_Event, frozen=True, tag="spent"):
    """A model call counts so much from here on, in all: in the account's currency, and `firm` in the firm's.

    None while its price is not known: it counts as more than every budget.
    """

    spend: str
    agent: str
    state: SpendState
    amount: Money | None
    firm: Money | None
    client: str = ""


class Reversed(_Event, frozen=True, tag="reversed"):
    """A fill that the venue took back left the book; one that was never booked never will be."""

    order: str
    fill: str


class Strange(_Event, frozen=True, tag="strange"):
    """A fill of an order that is not in the book, or its being taken back, was told of: the same is no news again."""

    order: str
    fill: str


class Alarm(_Event, frozen=True, tag="alarm"):
    """Something a person must see now."""

    code: str
    why: str


Event = (
    Took
    | Refused
    | Repeated
    | Denied
    | Reserved
    | Approved
    | PreapprovalUsed
    | CallbackUsed
    | Proposed
    | Released
    | Moved
    | CancelAsked
    | Asked
    | CancelAllAsked
    | Armed
    | ReplaceAsked
    | ReplaceSettled
    | Booked
    | ExitSet
    | ExitArmed
    | ExitTriggered
    | ExitEnded
    | HaltRaised
    | Sweep
    | Crossed
    | LookCut
    | SessionRolled
    | Quoted
    | Drifted
    | Silent
    | Corrected
    | Kept
    | Spent
    | Reversed
    | Strange
    | Alarm
)


class Planned(msgspec.Struct, frozen=True):
    """The digest of a request that a record leads to: only these exact bytes will ever be permitted for it."""

    do: str
    order: str
    digest: Digest


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of the journal: the command, the decision it led to (orders only), the events and requests that
    followed."""

    command: Command
    events: tuple[Event, ...]
    decision: Decision | None = None
    requests: tuple[Planned, ...] = ()


learn(Record)
