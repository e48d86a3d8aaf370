"""K: which key signs a permit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from remit.kernel.access import VenueKey
from remit.kernel.codec import decode
from remit.kernel.command import SetKey
from remit.kernel.event import Record, Took
from remit.kernel.permit import Endorsement, split_seal
from remit.testing.sim.invariants.check import Check, Known
from remit.testing.sim.invariants.permits import read
from remit.testing.sim.observer import Kind, Seen


class InForce(Check):
    """K1. Looked at is the endorsement that every request travels with: whose key it is, its generation, and the key
    itself, beside the last fact of that agent's key on that connection that was told of when the bytes left. Before the
    first such fact it is the key of generation 0."""

    kinds: tuple[Kind, ...] = ("sent",)

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._facts: list[tuple[int, VenueKey]] = []
        """With the entry of each, in order."""
        self._first: dict[tuple[str, str], bytes] = {}
        """The first key of each, as it was seen first."""

    def entry(self, seen: Seen, record: Record) -> Iterable[str]:
        body = record.command.body
        if isinstance(body, SetKey) and any(isinstance(event, Took) for event in record.events):
            self._facts.append((record.command.seq, body.key))
        return ()

    def saw(self, seen: Seen) -> Iterator[str]:
        found = read(seen.what)
        if isinstance(found, str):
            return
        sealed, permit = found
        endorsement = split_seal(sealed.signature)[2]
        if not endorsement:
            yield f"{permit.id} is signed by no key of an agent or a connection"
            return
        by = decode(Endorsement, endorsement)
        order = self.known.again.state.order(permit.order)
        of = (permit.connection, by.agent if order is None else order.agent)
        if (by.connection, by.agent) != of:
            yield f"{permit.id} is of {_said(of)}, and signed by the key of {_said((by.connection, by.agent))}"
            return
        fact = next((key for _, key in reversed(self._facts) if (key.connection, key.agent) == of), None)
        generation = 0 if fact is None else fact.generation
        if by.generation != generation:
            yield f"{permit.id} is signed by key {by.generation} of {_said(of)}, and key {generation} is in force"
        elif fact is None and self._first.setdefault(of, by.key) != by.key:
            yield f"{permit.id} is signed by another first key of {_said(of)} than before"
        elif fact is not None and fact.fingerprint != hashlib.sha256(by.key).hexdigest():
            yield f"{permit.id} is signed by another key of {_said(of)} than the journal names"

    def went_back(self, left: int) -> None:
        self._facts = [(seq, key) for seq, key in self._facts if seq <= left]


def _said(of: tuple[str, str]) -> str:
    return f"{of[1] or 'nobody alone'} on {of[0]}"
