"""Mandates as entries published them: what loosens, who must confirm it, and whether another did.

Nothing of it is the kernel's own: which way a field goes is told from its name and its kind of value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate, Rate
from remit.kernel.names import Principal, subject
from remit.testing.sim.invariants.counted import Firm

MORE_IS_TIGHTER = ("haircut_bps", "confidence_min", "market_cooldown", "duplicate_window", "resolution_distance_min")
"""Numbers of which more asks for more; of every other number less does."""
WORDS = {"blocked": 2, "required": 2, "allowed": 1, "waived": 1}


class Published:
    """What was in force of each subject: the mandate and its end, as the entries say."""

    def __init__(self) -> None:
        self._standing: dict[str, tuple[Mandate, int | None]] = {}
        self._entries: dict[str, int] = {}
        """By subject: the entry that published."""

    def entry(self, firm: Firm, record: Record) -> Iterator[str]:
        """Say what is wrong with how an entry published, then remember it."""
        body, by, seq = record.command.body, record.command.by, record.command.seq
        change = change_of(firm, record)
        waits = any(isinstance(event, e.Proposed) for event in record.events)
        if isinstance(body, c.SetMandate) and waits and not self._must_wait(firm, body):
            yield f"entry {seq} lets {body.subject} wait for a second person, and it only tightens, or nobody asks"
        if isinstance(body, c.SetMandate) and change is not None and self._must_wait(firm, body):
            yield f"entry {seq} loosens {body.subject} by {by.name} alone, and a second person is required"
        if isinstance(body, c.ConfirmChange) and change is not None:
            yield from self._confirmed(firm, record, body)
        self.follow(firm, record)

    def follow(self, firm: Firm, record: Record) -> None:
        """Remember what an entry published."""
        change = change_of(firm, record)
        if change is not None:
            self._standing[change.subject] = (change.mandate, change.expires_at)
            self._entries[change.subject] = record.command.seq

    def _confirmed(self, firm: Firm, record: Record, body: c.ConfirmChange) -> Iterator[str]:
        seq, by, waited = record.command.seq, record.command.by, firm.proposals[body.proposal]
        if same(by, waited.by):
            yield f"entry {seq} confirms {body.proposal} by {by.name} of {by.owner}, who is behind it"
        if by.role not in ("operator", "approver", "owner"):
            yield f"entry {seq} confirms {body.proposal} by the {by.role} {by.name}"
        if record.command.at >= waited.until:
            yield f"entry {seq} confirms {body.proposal} after its end"
        if waited.number != self._entries.get(waited.body.subject, 0):
            yield f"entry {seq} confirms {body.proposal}, and another version came between"

    def _must_wait(self, firm: Firm, body: c.SetMandate) -> bool:
        return self._loosens(body) and any(
            known[0].second_person == "required"
            for name in upward(firm, body.subject)
            if (known := self._standing.get(name)) is not None
        )

    def _loosens(self, body: c.SetMandate) -> bool:
        known = self._standing.get(body.subject)
        if known is None:
            return True
        old, ended = known
        longer = ended is not None and (body.expires_at is None or body.expires_at > ended)
        fields = Mandate.__struct_fields__
        return longer or any(looser(name, getattr(old, name), getattr(body.mandate, name)) for name in fields)


def change_of(firm: Firm, record: Record) -> c.SetMandate | None:
    """Return the mandate that an entry brought into force; None where it brought none."""
    body = record.command.body
    if not any(isinstance(event, e.Took) for event in record.events):
        return None
    if isinstance(body, c.ConfirmChange):
        return firm.proposals[body.proposal].body
    return body if isinstance(body, c.SetMandate) else None


def upward(firm: Firm, of: str) -> tuple[str, ...]:
    """Return the subjects that bind a subject, itself among them."""
    scope, _, name = of.partition(":")
    if scope == "client":
        return firm.path(firm.state.clients[name].agent, name)
    if scope == "agent":
        return firm.path(name, "")
    return ("firm", subject("account", name)) if scope == "account" else ("firm",)


def same(one: Principal, other: Principal) -> bool:
    """Whether two are one person, by name or by who is behind them."""
    return one.name == other.name or (one.owner or one.name) == (other.owner or other.name)


def looser(name: str, old: Any, new: Any) -> bool:
    """Whether a field may let through what it did not before."""
    if old == new:
        return False
    if isinstance(old, str) or isinstance(new, str):
        words = (old or "allowed", new or "allowed")
        return not set(words) <= WORDS.keys() or WORDS[words[1]] < WORDS[words[0]]
    if isinstance(old, tuple) or isinstance(new, tuple):
        return _sets(name, old, new)
    if new is None:
        return name != "bulk_approval_max"
    if old is None:
        return name == "bulk_approval_max"
    if isinstance(old, Rate):
        return bool(new.count > old.count or new.per_s * old.count < old.per_s * new.count)
    if name in MORE_IS_TIGHTER or name in ("loss_cooldown", "approval_quorum"):
        return bool(new < old)
    return bool(new > old)


def _sets(name: str, old: tuple[str, ...] | None, new: tuple[str, ...] | None) -> bool:
    if name in ("instruments_blocked", "hours_active"):
        return not set(old or ()) <= set(new or ())
    return new is None or (old is not None and not set(new) <= set(old))
