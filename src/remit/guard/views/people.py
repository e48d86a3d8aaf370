"""Views of people, and of changes of mandates that wait for a second one."""

from __future__ import annotations

from typing import Any

from remit.guard.views.looking import Looking
from remit.kernel.authority import AUTHORITY
from remit.kernel.codec import plain
from remit.kernel.command import ConfirmChange
from remit.kernel.fold_people import is_of
from remit.kernel.loosening import EXPIRY, loosened_by, way, way_of_end
from remit.kernel.mandate import EMPTY, Mandate, MandateVersion, Proposal
from remit.kernel.names import HUMAN
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.proposal import asks_second, is_same_person
from remit.kernel.tokens import worthless

Rows = list[dict[str, Any]]


def people(looking: Looking) -> Rows:
    """Everybody by name: their role, the owner they act as, and how many of their tokens are good.

    `known` is false for who has a token and was never added. An owner sees those who act as the same owner.
    """
    state = looking.state
    said: dict[str, tuple[str, str, bool, bool]] = {
        name: (person.role, person.lineage, person.disabled, True) for name, person in state.people.items()
    }
    for grant in state.tokens.values():
        if grant.role in HUMAN and worthless(state, grant.token, looking.at) is None:
            said.setdefault(grant.name, (grant.role, grant.owner, False, False))
    return [
        {
            "name": name,
            "role": role,
            "owner": owner,
            "disabled": disabled,
            "known": known,
            "tokens": sum(
                is_of(grant, name) and worthless(state, token, looking.at) is None
                for token, grant in state.tokens.items()
            ),
        }
        for name, (role, owner, disabled, known) in sorted(said.items())
        if not looking.owner or owner == looking.owner
    ]


def callbacks(looking: Looking) -> Rows:
    """The keys of approval pages: whom each speaks for and until when, never a key. An owner sees those who act as the
    same owner."""
    return [
        {**plain(key), "over": key.expires_at is not None and looking.at >= key.expires_at}
        for _, key in sorted(looking.state.callbacks.items())
        if not looking.owner or key.owner == looking.owner
    ]


def proposals(looking: Looking) -> Rows:
    """Every change that waits for a second person, oldest first: what it changes and loosens, the digest that a
    confirmation names, and whether the caller's word counts. `stale`: another version came between."""
    asked = looking.word("subject")
    return [
        _proposal(looking, proposal)
        for proposal in looking.state.proposals.values()
        if looking.sees_subject(proposal.subject) and asked in (None, proposal.subject)
    ]


def _proposal(looking: Looking, proposal: Proposal) -> dict[str, Any]:
    state, by = looking.state, looking.by
    of = state.subjects[proposal.subject]
    may = by.role in AUTHORITY[ConfirmChange] and not is_same_person(by, proposal.by)
    return {
        "proposal": proposal.id,
        "subject": proposal.subject,
        "number": proposal.number,
        "stale": of.number != proposal.number,
        "changes": changes_of(of.version, proposal.mandate, proposal.expires_at),
        "loosens": list(loosened_by(of.version, proposal.mandate, proposal.expires_at)),
        "mandate": plain(proposal.mandate),
        "expires_at": proposal.expires_at,
        "preset": proposal.preset,
        "why": proposal.why,
        "by": plain(proposal.by),
        "asked_for_by": asks_second(state, proposal.subject),
        "digest": proposal.digest,
        "yours_counts": may and of.number == proposal.number,
        "at": proposal.at,
        "until": proposal.until,
        "expires_in_s": max(proposal.until - looking.at, 0) // NANOSECONDS,
    }


def changes_of(version: MandateVersion | None, after: Mandate, expires_at: int | None) -> Rows:
    """Return each field that a mandate changes of a version, its end too: before, after, and what that means."""
    before, ended = (EMPTY, None) if version is None else (version.mandate, version.expires_at)
    changes = []
    for field in Mandate.__struct_fields__:
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            changes.append({"field": field, "before": plain(old), "after": plain(new), "way": way(field, old, new)})
    if ended != expires_at:
        changes.append({"field": EXPIRY, "before": ended, "after": expires_at, "way": way_of_end(ended, expires_at)})
    return changes
