"""What becomes of people and of mandates: who is known, what waits for a second person, what is in force."""

from __future__ import annotations

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import preapproval
from remit.kernel.access import Person, TokenGrant
from remit.kernel.command import Command
from remit.kernel.mandate import MandateVersion, Proposal, digest
from remit.kernel.names import HUMAN, Principal
from remit.kernel.state import State


def is_of(grant: TokenGrant, name: str) -> bool:
    """Whether a token is a person's, by their name."""
    return grant.name == name and grant.role in HUMAN


def fold_added(state: State, command: Command, body: c.AddPerson) -> None:
    """A person is known."""
    state.people[body.person.name] = body.person


def fold_person(state: State, command: Command, body: c.SetPerson) -> None:
    """A person has another role, or is shut out: what they held, proposed and said of orders that still wait is worth
    nothing, for good."""
    state.people[body.name] = msgspec.structs.replace(state.people[body.name], role=body.role, disabled=body.disabled)
    state.revoked.update(token for token, grant in state.tokens.items() if is_of(grant, body.name))
    preapproval.fold_person_out(state, command, body.name, body.why)
    for name in [name for name, proposal in state.proposals.items() if proposal.by.name == body.name]:
        del state.proposals[name]
    _silence(state, command.at, state.people[body.name])


def _silence(state: State, at: int, person: Person) -> None:
    """End the callbacks of a person, and take their word back where an order still waits for others'."""
    for key in [key for key in state.callbacks.values() if key.person == person.name]:
        if key.expires_at is None or key.expires_at > at:
            state.callbacks[key.id] = msgspec.structs.replace(key, expires_at=at)
    for name, _ in state.holds.items():
        order = state.orders[name]
        order.approvals = tuple(who for who in order.approvals if who not in (person.name, person.lineage))


def change_of(proposal: Proposal) -> c.SetMandate:
    """Return the command that a proposal stands for."""
    return c.SetMandate(
        subject=proposal.subject,
        mandate=proposal.mandate,
        why=proposal.why,
        expires_at=proposal.expires_at,
        preset=proposal.preset,
    )


def fold_proposed(state: State, command: Command, decision: e.Decision | None, event: e.Proposed) -> None:
    """A change waits for a second person."""
    body = command.body
    assert isinstance(body, c.SetMandate)
    state.proposals[event.proposal] = Proposal(
        id=event.proposal,
        subject=body.subject,
        mandate=body.mandate,
        why=body.why,
        expires_at=body.expires_at,
        preset=body.preset,
        number=state.subjects[body.subject].number,
        digest=event.digest,
        by=command.by,
        at=command.at,
        until=event.until,
    )


def fold_mandate(state: State, command: Command, body: c.SetMandate) -> None:
    """A mandate is in force."""
    _publish(state, body, command.at, command.by, None)


def fold_confirmed(state: State, command: Command, body: c.ConfirmChange) -> None:
    """A proposed mandate is in force: its proposer's, confirmed by another."""
    proposal = state.proposals.pop(body.proposal)
    _publish(state, change_of(proposal), command.at, proposal.by, command.by)


def fold_dropped(state: State, command: Command, body: c.DropChange) -> None:
    """A proposed mandate is gone."""
    del state.proposals[body.proposal]


def _publish(state: State, body: c.SetMandate, at: int, by: Principal, confirmed_by: Principal | None) -> None:
    of = state.subjects[body.subject]
    of.number += 1
    of.version = MandateVersion(
        subject=body.subject,
        number=of.number,
        mandate=body.mandate,
        digest=digest(body.mandate),
        at=at,
        by=by,
        why=body.why,
        expires_at=body.expires_at,
        preset=body.preset,
        currency=of.currency,
        confirmed_by=confirmed_by,
    )
    state.history.setdefault(body.subject, []).append(of.version)


def owner_behind(command: Command, cause: e.HaltCause) -> str:
    """Return which owner raises a halt by this command; empty where a limit does, or somebody else."""
    return command.by.lineage if cause in e.BY_PEOPLE and command.by.role == "owner" else ""
