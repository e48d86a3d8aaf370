"""Looking: who asks for a view, with which arguments, and how far they may see."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from remit.guard.errors import GuardError, RequestMalformed
from remit.guard.views.owned import of_owner
from remit.kernel import scope
from remit.kernel.command import Acted, Noted
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.names import Principal, Role, split_subject, subject
from remit.kernel.state import State, Subject

ALL_SEEING: frozenset[Role] = frozenset({"operator", "approver", "compliance", "auditor", "guard"})
PEOPLE: frozenset[Role] = ALL_SEEING | {"owner"}
"""An owner sees only their own accounts and what hangs below them."""
TRADERS: frozenset[Role] = PEOPLE | {"agent", "client"}
ANYONE: frozenset[Role] = TRADERS | {"feed"}


class Unknown(GuardError):
    """What was asked for does not exist, or is not the caller's to see: the two are told alike."""

    code = "unknown"


class NotAllowed(GuardError):
    """The caller's role may not see this."""

    code = "not_authorised"


class Looking(NamedTuple):
    """One question: who asks, with which arguments, at which journal time, and where the answer is."""

    kernel: Kernel
    by: Principal
    arguments: dict[str, Any]
    at: int
    entries: Callable[[int], AsyncIterator[tuple[int, bytes]]]
    about: Callable[[], dict[str, Any]]

    @property
    def state(self) -> State:
        return self.kernel.state

    @property
    def sees_all(self) -> bool:
        return self.by.role in ALL_SEEING

    @property
    def owner(self) -> str:
        """Whose accounts an owner sees; empty for everybody else."""
        return self.by.lineage if self.by.role == "owner" else ""

    @property
    def own_agent(self) -> str:
        """The agent that a trader is or acts through; empty for everybody else."""
        if self.by.role == "agent":
            return self.by.name
        client = self.state.clients.get(self.by.name) if self.by.role == "client" else None
        return "" if client is None else client.agent

    def sees_account(self, account: str) -> bool:
        """Whether an account may be seen as a whole, with its cash and everyone in it."""
        return self.sees_all or bool(self.owner) and scope.owns_account(self.state, self.owner, account)

    def sees_agent(self, agent: str) -> bool:
        if self.owner:
            return scope.owns_agent(self.state, self.owner, agent)
        return self.sees_all or agent == self.own_agent

    def sees_connection(self, connection: str) -> bool:
        """Whether a connection may be seen: all of an account's, or those that the caller's agent may use."""
        if self.owner:
            return scope.owns_connection(self.state, self.owner, connection)
        return self.sees_all or (self.own_agent, connection) in self.state.grants

    def sees_subject(self, written: str) -> bool:
        """Whether a subject's own numbers may be seen: an agent's would tell its client of other orders."""
        if self.owner:
            return scope.owns_subject(self.state, self.owner, written)
        return self.sees_all or written == subject(self.by.role, self.by.name)

    def binds(self, written: str) -> bool:
        """Whether what is said of a subject concerns the caller's orders: it is of their path, or where they trade."""
        if self.sees_all:
            return True
        if self.owner:
            return scope.concerns(self.state, self.owner, written)
        agent = self.own_agent
        if agent not in self.state.agents:
            return False
        names = {of.written for of in self.path()}
        for who, connection in self.state.grants:
            if who == agent:
                venue = self.state.connections[connection].venue
                names |= {subject("connection", connection), subject("venue", venue)}
        return written in names

    def sees_order(self, agent: str, client: str) -> bool:
        if self.owner:
            return scope.owns_agent(self.state, self.owner, agent)
        return self.sees_all or (agent == self.own_agent and (self.by.role == "agent" or client == self.by.name))

    def shown(self, record: Record) -> Record | None:
        """Return a record as the caller may see it, None where it does not concern them.

        An owner is shown of an entry what happened to their own.
        """
        if self.owner:
            return of_owner(self.state, self.by, record)
        return record if self.sees_record(record) else None

    def sees_record(self, record: Record) -> bool:
        """Whether a record concerns the caller: it asked, or the order is its own."""
        asked = record.command
        if self.owner:
            return self.shown(record) is not None
        if self.sees_all or (asked.by.role, asked.by.name) == (self.by.role, self.by.name):
            return True
        if isinstance(asked.body, Acted | Noted):  # an agent's own, and what its clients asked through it
            return self.sees_order(asked.body.agent, asked.body.client)
        order = self.state.order(str(getattr(asked.body, "order", "")))
        return order is not None and self.sees_order(order.agent, order.client)

    def path(self, agent: str = "", client: str = "") -> tuple[Subject, ...]:
        """Return the subjects that orders of an agent (through a client) are judged for; Unknown."""
        name = agent or self.own_agent
        through = client or (self.by.name if self.by.role == "client" else "")
        if name not in self.state.agents or not self.sees_agent(name):
            raise Unknown(f"agent {name or '?'} is not known", "See `remit agent list`")
        if through and (through not in self.state.clients or self.state.clients[through].agent != name):
            raise Unknown(f"client {through} does not act for agent {name}", "See `remit client list`")
        return self.state.path(name, through)

    def subjects(self, written: str | None) -> list[Subject]:
        """Return the subject that was asked for, or all whose numbers the caller may see, widest first; Unknown."""
        if written is not None:
            try:
                split_subject(written)
            except ValueError as fault:
                raise RequestMalformed(str(fault), "Name one subject") from None
            found = self.state.subjects.get(written)
            if found is None or not self.sees_subject(written):
                raise Unknown(f"{written} is not known", "See `remit agent list` and `remit account list`")
            return [found]
        order = ("firm", "account", "agent", "client")
        seen = [of for of in self.state.subjects.values() if self.sees_subject(of.written)]
        return sorted(seen, key=lambda of: (order.index(of.scope), of.name))

    # -- arguments

    def check(self, known: tuple[str, ...]) -> None:
        """Return where only known arguments were given; RequestMalformed."""
        for name in self.arguments:
            if name not in known:
                takes = ", ".join(known) or "no argument"
                raise RequestMalformed(f"this view does not take {name!r}", f"It takes {takes}")

    def word(self, name: str) -> str | None:
        """Return an argument that is text, or None where it was not given; RequestMalformed."""
        value = self.arguments.get(name)
        if value is not None and not isinstance(value, str):
            raise RequestMalformed(f"{name} must be text", "Correct the argument")
        return value

    def needed(self, name: str) -> str:
        """Return an argument that must be given; RequestMalformed."""
        value = self.word(name)
        if not value:
            raise RequestMalformed(f"{name} is missing", "Give it")
        return value

    def whole(self, name: str, low: int, high: int, otherwise: int) -> int:
        """Return an argument that is a whole number between two bounds; RequestMalformed."""
        value = self.arguments.get(name, otherwise)
        if type(value) is not int or not low <= value <= high:
            raise RequestMalformed(f"{name} must be a whole number from {low} to {high}", "Correct the argument")
        return value

    def flag(self, name: str) -> bool:
        """Return an argument that is true or false, false where it was not given; RequestMalformed."""
        value = self.arguments.get(name, False)
        if not isinstance(value, bool):
            raise RequestMalformed(f"{name} must be true or false", "Correct the argument")
        return value


class View(NamedTuple):
    """One view: the function that answers, the arguments it takes, and the roles that may ask."""

    show: Callable[[Looking], Any]
    arguments: tuple[str, ...]
    roles: frozenset[Role]
