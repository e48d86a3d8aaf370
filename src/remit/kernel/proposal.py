"""Mandates that are set: at once where they tighten, and by a second person where they loosen and one is required."""

from __future__ import annotations

import hashlib

from remit.kernel import admin, monitor
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.fold_people import change_of
from remit.kernel.loosening import loosened_by
from remit.kernel.mandate import Proposal, digest
from remit.kernel.names import FIRM, Principal, split_subject, subject
from remit.kernel.numbers import DAY_NS
from remit.kernel.state import State
from remit.kernel.step import Step

PROPOSAL_LIFE_NS = DAY_NS
PROPOSALS_MAX = 100
"""Proposals that wait at one time."""


def upward(state: State, written: str) -> tuple[str, ...]:
    """Return the subjects whose mandates bind a subject: itself first, the firm last."""
    scope, name = split_subject(written)
    found = [written]
    if scope == "client":
        scope, name = "agent", state.clients[name].agent
        found.append(subject(scope, name))
    if scope == "agent":
        found.append(subject("account", state.agents[name].account))
    return tuple(found) if written == FIRM else (*found, FIRM)


def asks_second(state: State, written: str) -> str:
    """Return whose mandate asks for a second person where that of a subject is loosened; empty where none does.

    A mandate that has expired asks all the same: what may no longer trade may not be loosened by one person either.
    """
    for name in upward(state, written):
        version = state.subjects[name].version
        if version is not None and version.mandate.second_person == "required":
            return name
    return ""


def digest_of(body: c.SetMandate, number: int) -> str:
    """Return what a second person confirms: the SHA-256 of the change and of the version that it replaces."""
    said = (body.subject, digest(body.mandate), body.why, body.expires_at, body.preset, number)
    return hashlib.sha256(encode(said)).hexdigest()


def set_mandate(step: Step, body: c.SetMandate) -> None:
    """Publish a mandate, or propose it where it loosens and a second person is required."""
    fault = admin.CHECKS[c.SetMandate](step, body)
    if fault:
        step.refuse("not_possible", fault)
        return
    of = step.state.subjects[body.subject]
    if body.after is not None and body.after != of.number:
        step.refuse("mandate_changed", _changed(body.subject, body.after, of.number))
    elif not loosened_by(of.version, body.mandate, body.expires_at) or not asks_second(step.state, body.subject):
        step.judge.forget()
        step.emit(e.Took())
    elif len(step.state.proposals) >= PROPOSALS_MAX:
        step.refuse("too_many_proposals", f"{PROPOSALS_MAX} changes wait already; see `remit mandate proposals`")
    else:
        until = step.command.at + PROPOSAL_LIFE_NS
        step.emit(
            e.Proposed(proposal=f"C-{step.command.seq}", digest=digest_of(body, of.number), until=until),
        )


def confirm(step: Step, body: c.ConfirmChange) -> None:
    """A second person lets a change take effect: the one that was shown, on the version that it was made for."""
    state, by = step.state, step.command.by
    proposal = _waiting(step, body.proposal)
    if proposal is None:
        return
    of = state.subjects[proposal.subject]
    fault = admin.CHECKS[c.SetMandate](step, change_of(proposal))
    if body.digest != proposal.digest:
        step.refuse("digest_mismatch", "what you were shown is not this change; look at it again")
    elif is_same_person(by, proposal.by):
        step.refuse("own_proposal", f"{by.name} is behind this change; somebody else must confirm it")
    elif of.number != proposal.number:
        step.refuse("mandate_changed", _changed(proposal.subject, proposal.number, of.number))
    elif fault:
        step.refuse("not_possible", fault)
    else:
        step.judge.forget()
        step.emit(e.Took())
        monitor.look(step, of)


def drop(step: Step, body: c.DropChange) -> None:
    """A proposed change is not to take effect."""
    if not body.why.strip():
        step.refuse("no_reason", "say why, so that the history can be read")
    elif _waiting(step, body.proposal) is not None:
        step.emit(e.Took())


def is_same_person(one: Principal, other: Principal) -> bool:
    """Whether two principals are one person: by their name, or by the person behind both."""
    return bool({one.name, one.lineage} & {other.name, other.lineage})


def _waiting(step: Step, name: str) -> Proposal | None:
    proposal = step.state.proposals.get(name)
    if proposal is None:
        step.refuse("unknown_proposal", f"no change {name} waits; see `remit mandate proposals`")
    return proposal


def _changed(written: str, number: int, now: int) -> str:
    return f"this was written against version {number} of {written}, and {now} is in force; look at that one first"
