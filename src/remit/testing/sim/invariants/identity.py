"""S: who signs in is who they are, and nothing is answered for who has no leave any more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.access import TokenGrant
from remit.kernel.event import Record
from remit.kernel.names import HUMAN
from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.invariants.check import Check, Known
from remit.testing.sim.observer import Seen


class _Token(NamedTuple):
    """A token as the entries tell of it: when it ends by itself, and which entry ended it."""

    grant: TokenGrant
    expires_at: int | None
    ended: int | None


class Ended(Check):
    """S1. Each use of a token says how many entries were durable when it began: one whose end was among them is worth
    no answer. When a token ends comes from the entries alone."""

    kinds = ("used",)

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._tokens: dict[str, _Token] = {}

    def entry(self, seen: Seen, record: Record) -> Iterable[str]:
        self._follow(record)
        return ()

    def went_back(self, left: int) -> None:
        self._tokens.clear()
        for record in self.known.records:
            self._follow(record)

    def saw(self, seen: Seen) -> Iterable[str]:
        token, after, code = seen.what
        why = "" if code else self._over(token, after)
        if why:
            yield f"{seen.who} was answered with {token} after entry {after}, and {why}"

    def _over(self, token: str, after: int) -> str:
        found = self._tokens.get(token)
        if found is None or not 0 < after <= len(self.known.records):
            return ""
        if found.ended is not None and found.ended <= after:
            return f"{token} ended with entry {found.ended}"
        at = self.known.records[after - 1].command.at
        if found.expires_at is not None and found.expires_at <= at:
            return f"{token} expired at {found.expires_at}, before {at}"
        return self._over(found.grant.parent, after) if found.grant.parent else ""

    def _follow(self, record: Record) -> None:
        command = record.command
        if not any(isinstance(event, e.Took) for event in record.events):
            return
        match command.body:
            case c.IssueToken(grant=grant, overlap_s=overlap_s):
                self._tokens[grant.token] = _Token(grant, grant.expires_at, None)
                old = self._tokens.get(grant.replaces)
                if old is not None:
                    ends = command.at + overlap_s * NANOSECONDS
                    ends = ends if old.expires_at is None else min(ends, old.expires_at)
                    self._tokens[grant.replaces] = old._replace(expires_at=ends)
            case c.RevokeToken(token=token):
                self._end(token, command.seq)
            case c.SetPerson(name=name):
                for token, known in tuple(self._tokens.items()):
                    if known.grant.name == name and known.grant.role in HUMAN:
                        self._end(token, command.seq)

    def _end(self, token: str, seq: int) -> None:
        known = self._tokens.get(token)
        if known is not None and known.ended is None:
            self._tokens[token] = known._replace(ended=seq)


class Proven(Check):
    """S2. Whoever tried to sign in says whether they were the person: nobody else is let in."""

    kinds = ("proved",)

    def saw(self, seen: Seen) -> Iterable[str]:
        how, right, code = seen.what
        if not right and not code:
            yield f"{seen.who} was let in by {how}, and proved nothing"
