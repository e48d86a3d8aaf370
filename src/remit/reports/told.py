"""What is told of an entry: the line, its kind, and whom and what it concerns."""

from __future__ import annotations

from typing import Literal, Protocol, get_args

import msgspec

from remit.kernel.names import Side, split_subject

Kind = Literal[
    "order", "violation", "fill", "approval", "halt", "exit", "action", "thought", "error", "limit", "drift",
    "access", "mandate", "fact", "guard",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)


class Whose(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whom and what a line concerns; empty where it concerns none. Who may see it follows from the first three."""

    account: str = ""
    agent: str = ""
    client: str = ""
    connection: str = ""
    instrument: str = ""
    order: str = ""


NOBODY = Whose()


class Told(msgspec.Struct, frozen=True):
    """One line of an entry in plain words. `code` is the rule or refusal behind it, `text` the digest of a text beside
    the journal."""

    kind: Kind
    said: str
    whose: Whose = NOBODY
    code: str = ""
    text: str = ""


class Placed(msgspec.Struct, frozen=True):
    """What is remembered of a proposed order, whatever became of it."""

    whose: Whose
    side: Side
    currency: str


class Book(Protocol):
    """Who belongs to whom, as far as the entries before this one have said."""

    def order(self, order: str) -> Placed | None:
        """An order that was proposed, a denied one too."""
        ...

    def account_of(self, agent: str) -> str:
        """The account of an agent; empty where it is not known."""
        ...

    def agent_of(self, client: str) -> str:
        """The agent that a client acts through."""
        ...

    def currency_of(self, subject: str) -> str:
        """The currency of the firm or of an account, by its written subject; empty where it is not known."""
        ...

    def holder(self, connection: str) -> str:
        """The account of a connection."""
        ...

    def thing(self, kind: str, name: str) -> Whose:
        """Whom an exit, a halt, a preapproval, a proposal or a token concerns."""
        ...


def whose_agent(book: Book, agent: str, client: str = "", **more: str) -> Whose:
    """Return what concerns an agent, or one of its clients."""
    return Whose(account=book.account_of(agent), agent=agent, client=client, **more)


def whose_order(book: Book, order: str) -> Whose:
    """Return whom an order concerns; an order that nobody proposed here concerns nobody."""
    placed = book.order(order)
    return Whose(order=order) if placed is None else placed.whose


def whose_subject(book: Book, written: str) -> Whose:
    """Return whom a written subject concerns; the firm and what is no subject concern nobody in particular."""
    try:
        scope, name = split_subject(written)
    except ValueError:
        return NOBODY
    if scope == "account":
        return Whose(account=name)
    if scope == "agent":
        return whose_agent(book, name)
    if scope == "client":
        return whose_agent(book, book.agent_of(name), name)
    if scope == "connection":
        return Whose(account=book.holder(name), connection=name)
    return Whose(instrument=name) if scope == "instrument" else NOBODY
