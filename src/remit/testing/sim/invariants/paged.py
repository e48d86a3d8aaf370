"""A: what an approval page says counts once, as its person's word, while its key stands and the message is fresh."""

from __future__ import annotations

from collections.abc import Iterator

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.access import CallbackKey
from remit.kernel.event import Record
from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.invariants.check import Check, Known
from remit.testing.sim.observer import Seen

FRESH_NS = 300 * NANOSECONDS
PEOPLE = ("operator", "approver", "owner")


class Paged(Check):
    """A5. Counted from the entries alone: which keys were made, removed or outlived, who was shut out, and which
    messages had an effect before."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._keys: dict[str, CallbackKey] = {}
        self._out: dict[str, str] = {}
        """Who is known by name, and as what; empty while they are shut out."""
        self._heard: dict[tuple[str, str], int] = {}

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        self._follow(record)
        body, seq = record.command.body, record.command.seq
        if not isinstance(body, c.Approve | c.Decline):
            return
        moved = [event for event in record.events if isinstance(event, e.Approved | e.Released | e.Moved)]
        of_order = [event for event in moved if event.order == body.order]
        if body.callback is None:
            if of_order and record.command.by.door == "callback" and not record.command.by.token:
                yield f"entry {seq} answers for {body.order} in the name of {record.command.by.name}, who sent nothing"
            return
        used = any(isinstance(event, e.CallbackUsed) for event in record.events)
        if of_order and not used:
            yield f"entry {seq} answers for {body.order} by a message, and uses up none"
        if used:
            yield from self._used(record, body.callback.callback, body.callback.message, body.callback.sent_at)

    def _used(self, record: Record, callback: str, message: str, sent_at: int) -> Iterator[str]:
        seq, at, by = record.command.seq, record.command.at, record.command.by
        before = self._heard.setdefault((callback, message), seq)
        if before != seq:
            yield f"entry {seq} hears the message {message} of {callback}, which entry {before} heard"
        if abs(at - sent_at) > FRESH_NS:
            yield f"entry {seq} hears the message {message}, signed {(at - sent_at) // NANOSECONDS} s before"
        key = self._keys.get(callback)
        if key is None:
            yield f"entry {seq} hears {callback}, which nobody made, or somebody removed, or ended with its person"
            return
        if (by.name, by.role, by.owner, by.token) != (key.person, key.role, key.owner, ""):
            yield f"entry {seq} takes {callback} of {key.person} for the word of the {by.role} {by.name}"
        if key.role not in PEOPLE:
            yield f"entry {seq} takes the word of {key.person}, a {key.role}, for a person's"
        if key.expires_at is not None and at >= key.expires_at:
            yield f"entry {seq} hears {callback} {at - key.expires_at} ns after its end"
        if self._out.get(key.person, key.role) != key.role:
            yield f"entry {seq} takes the word of {key.person}, who may not act as {key.role} any more"

    def _follow(self, record: Record) -> None:
        if not any(isinstance(event, e.Took) for event in record.events):
            return
        match record.command.body:
            case c.AddCallback(key=key):
                self._keys[key.id] = key
            case c.RemoveCallback(callback=callback):
                self._keys.pop(callback, None)
            case c.AddPerson(person=person):
                self._out[person.name] = "" if person.disabled else person.role
            case c.SetPerson(name=name, role=role, disabled=disabled):
                self._out[name] = "" if disabled else role
                self._keys = {key.id: key for key in self._keys.values() if key.person != name}

    def went_back(self, left: int) -> None:
        self.__init__(self.known)  # type: ignore[misc]
        for record in self.known.records:
            self._follow(record)
            body = record.command.body
            if isinstance(body, c.Approve | c.Decline) and body.callback is not None:
                if any(isinstance(event, e.CallbackUsed) for event in record.events):
                    self._heard.setdefault((body.callback.callback, body.callback.message), record.command.seq)
