"""What enters to trade: proposals, replaces, cancels, parents and approvals."""

from __future__ import annotations

from remit.kernel.access import CalledBack
from remit.kernel.command.content import Content
from remit.kernel.exit import ExitTerms
from remit.kernel.instrument import Mark
from remit.kernel.names import Digest, Name, Side, Text, TraceId
from remit.kernel.numbers import Price, Quantity
from remit.kernel.order import OrderIntent


class Submit(Content, frozen=True, tag="submit"):
    """Propose an order. `marks` are the fresh quotes that it is judged on; `trace` is the call's, and no part of what
    makes two intents the same."""

    intent: OrderIntent
    client: str = ""
    marks: tuple[Mark, ...] = ()
    trace: TraceId = ""


class Replace(Content, frozen=True, tag="replace"):
    """Propose new terms for a working order; judged anew at the larger of old and new until the venue confirms."""

    id: Name
    order: Name
    quantity: Quantity
    limit_price: Price
    marks: tuple[Mark, ...] = ()
    trace: TraceId = ""


class Cancel(Content, frozen=True, tag="cancel"):
    """Ask for a working order to be cancelled, or a held one withdrawn; always passes for who may touch the order."""

    order: Name
    trace: TraceId = ""


class DeclareParent(Content, frozen=True, tag="declare_parent"):
    """Announce a parent order; the sum of its children never exceeds its quantity."""

    parent: Name
    agent: Name
    instrument: Name
    side: Side
    quantity: Quantity


class Approve(Content, frozen=True, tag="approve"):
    """Approve a held order; `digest` is the one that was shown. `bulk` says that it was one of several at once.

    `marks` are the fresh quotes that it is judged on again.
    """

    order: Name
    digest: Digest
    callback: CalledBack | None = None
    """Said by the guard alone: the signed message that asked for it."""
    bulk: bool = False
    marks: tuple[Mark, ...] = ()


class Decline(Content, frozen=True, tag="decline"):
    """Decline a held order."""

    order: Name
    why: Text
    callback: CalledBack | None = None
    """Said by the guard alone: the signed message that asked for it."""


class SetExit(Content, frozen=True, tag="set_exit"):
    """Set an exit on an agent's position; or, where `id` is that of an exit of the book, give it new terms.

    `id` is otherwise the proposer's own: the same id never acts twice.
    """

    id: Name
    agent: Name
    connection: Name
    instrument: Name
    terms: ExitTerms
    client: str = ""


class DropExit(Content, frozen=True, tag="drop_exit"):
    """Take an exit away; one that bounds a loss, only by a person."""

    exit: Name
