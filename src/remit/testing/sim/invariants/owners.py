"""A: an owner's entries are of their own accounts, told from the names in them; who is shut out enters nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.access import Person
from remit.kernel.codec import plain
from remit.kernel.event import Record
from remit.testing.sim.invariants.check import Check, Known
from remit.testing.sim.observer import Seen


class WithinTheirs(Check):
    """A4. Every text in what an owner entered and was not refused is looked up among the names of everything that
    exists: none may be of an account that is not theirs. Whose a thing is comes from the entries that made it."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._owner: dict[str, str] = {}
        """By account, connection, agent, client, order, exit, halt and proposal: whose it is; of the firm and venues
        nobody's."""
        self._stopped: dict[str, str] = {}
        """By halt and paused subject: who stopped it, where it was somebody."""
        self._people: dict[str, Person] = {}
        self._changed: dict[str, int] = {}
        """By person: the entry that changed them last."""
        self._issued: dict[str, int] = {}
        """By token: the entry of its issue."""

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        command, took = record.command, not any(isinstance(event, e.Refused) for event in record.events)
        by, body, seq = command.by, command.body, command.seq
        person = self._people.get(by.name)
        if took and by.role in ("operator", "approver", "owner") and person is not None:
            if person.disabled or person.role != by.role:
                yield f"entry {seq}: {by.name} acts as {by.role}, and is {person.role}, shut out: {person.disabled}"
        if took and self._issued.get(by.token, seq) < self._changed.get(by.name, 0):
            yield f"entry {seq}: {by.name} acts with {by.token}, which is older than entry {self._changed[by.name]}"
        if took and by.role == "owner":
            for said in sorted(self._names(body)):
                if self._owner[said] != by.owner:
                    whose = self._owner[said] or "nobody"
                    yield f"entry {seq}: {by.name} of {by.owner} enters {type(body).__name__} of {said}, {whose}'s"
            stopper = self._starts(body)
            if stopper and stopper != by.owner:
                yield f"entry {seq}: {by.name} of {by.owner} starts again what {stopper} stopped"
        self._follow(record)

    def _names(self, body: Any) -> set[str]:
        """Return the names in a command of what exists; a subject by the name in it."""
        found: set[str] = set()
        for said in texts(plain(body)):
            scope, _, name = said.partition(":")
            found |= {said, name} if scope in ("account", "agent", "client", "connection") else {said}
        return found & self._owner.keys()

    def _starts(self, body: Any) -> str:
        if isinstance(body, c.Review | c.Resume):
            return self._stopped.get(body.halt, "")
        return self._stopped.get(body.subject, "") if isinstance(body, c.SetPause) and not body.paused else ""

    def _follow(self, record: Record) -> None:
        """Remember whose each new thing is, and who stopped what."""
        body, by = record.command.body, record.command.by
        owner = self._owner
        took = any(isinstance(event, e.Took) for event in record.events)
        for event in record.events:
            self._follow_event(record, event)
        if not took:
            return
        match body:
            case c.SetFirm():
                owner["firm"] = ""
            case c.AddAccount(account=account):
                owner[account.name] = account.owner
            case c.AddConnection(connection=connection):
                owner[connection.name] = owner[connection.account]
                owner[f"venue:{connection.venue}"] = ""
            case c.AddAgent(agent=agent):
                owner[agent.name] = owner[agent.account]
            case c.AddClient(client=client):
                owner[client.name] = owner[client.agent]
            case c.AddPerson(person=person):
                self._people[person.name] = person
            case c.IssueToken(grant=grant):
                self._issued[grant.token] = record.command.seq
            case c.SetPerson():
                self._changed[body.name] = record.command.seq
                self._people[body.name] = Person(name=body.name, role=body.role, disabled=body.disabled)
            case c.SetPause(paused=True):
                self._stopped[body.subject] = by.owner or by.name
            case c.SetPause():
                self._stopped.pop(body.subject, None)

    def _follow_event(self, record: Record, event: e.Event) -> None:
        body, by = record.command.body, record.command.by
        owner = self._owner
        if isinstance(event, e.Reserved) and isinstance(body, c.Submit):
            owner[event.order] = owner[body.intent.agent]
        elif isinstance(event, e.ExitSet) and isinstance(body, c.SetExit | c.Submit):
            agent = body.agent if isinstance(body, c.SetExit) else body.intent.agent
            owner[event.exit] = owner[agent]
        elif isinstance(event, e.Proposed) and isinstance(body, c.SetMandate):
            owner[event.proposal] = self._of_subject(body.subject)
        elif isinstance(event, e.HaltRaised):
            owner[event.halt] = self._of_subject(event.subject)
            if event.cause in ("kill", "person"):
                # What an owner did not raise by themselves is not theirs to end, whoever else shares their name.
                self._stopped[event.halt] = (by.owner or by.name) if by.role == "owner" else f"the {by.role} {by.name}"

    def _of_subject(self, written: str) -> str:
        return self._owner.get(written.partition(":")[2], "") if not written.startswith("venue:") else ""

    def went_back(self, left: int) -> None:
        self.__init__(self.known)  # type: ignore[misc]
        for record in self.known.records:
            self._follow(record)


def texts(value: Any) -> Iterator[str]:
    """Yield every text in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)
