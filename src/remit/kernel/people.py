"""People: who is known by name, which role they have, and what ends when that changes."""

from __future__ import annotations

from remit.kernel import command as c
from remit.kernel.access import Person, TokenGrant
from remit.kernel.fold_people import is_of
from remit.kernel.names import HUMAN, Principal
from remit.kernel.preapproval import in_force
from remit.kernel.state import State

FIRST = "owner"
"""The first operator's name: the guard itself gives it a token, so that nobody is ever locked out."""


def fault_of_adding(state: State, body: c.AddPerson) -> str:
    """Return why a person cannot be added and what to do; empty where they can."""
    person = body.person
    if person.name in state.people:
        return f"{person.name} is known already; change them: remit person set"
    fault = _of_first(person)
    if fault:
        return fault
    for token, grant in sorted(state.tokens.items()):
        if is_of(grant, person.name) and token not in state.revoked and not fits(grant, person):
            said = f"token {token} of {person.name} is one of {grant.owner} for the role {grant.role}"
            return f"{said}; revoke it first: remit token revoke"
    if person.disabled or not Principal(name=person.name, role=person.role).is_person:
        for name, given in sorted(state.preapprovals.items()):
            if given.by == person.name and in_force(given, state.at):
                return f"preapproval {name} is {person.name}'s; revoke it first: remit preapproval revoke"
    return ""


def fault_of_setting(state: State, by: Principal, body: c.SetPerson) -> str:
    """Return why a person cannot be changed and what to do; empty where they can."""
    known = state.people.get(body.name)
    if known is None:
        return f"there is no person {body.name}; `remit person list` shows them"
    if by.name == body.name:
        return "nobody changes their own role; ask another operator"
    if not body.why.strip():
        return "say why, so that the history can be read"
    if (body.role, body.disabled) == (known.role, known.disabled):
        return f"{body.name} is {body.role}{' and shut out' if known.disabled else ''} already"
    return _of_first(Person(name=known.name, role=body.role, owner=known.owner, disabled=body.disabled))


def _of_first(person: Person) -> str:
    if person.name == FIRST and (person.role != "operator" or person.disabled or person.lineage != FIRST):
        return f"{FIRST} is the first operator and stays one; revoke its tokens instead, or give the person a name"
    return ""


def fits(grant: TokenGrant, person: Person) -> bool:
    """Whether a token may stand for a person: with their role, naming whom they act as, while they are not shut out."""
    return grant.role == person.role and grant.owner == person.lineage and not person.disabled


def fault_of_grant(state: State, grant: TokenGrant) -> str:
    """Return why a token cannot stand for whom it names, where that is a person; empty where it can.

    All tokens of one name are one person's: they name the same person behind them, so that two never count as two.
    """
    if grant.role not in HUMAN:
        return ""
    person = state.people.get(grant.name)
    if person is not None and person.disabled:
        return f"{grant.name} is shut out; let them in first: remit person set"
    if person is not None and not fits(grant, person):
        return f"{grant.name} is {person.role} and acts as {person.lineage}; a token cannot say otherwise"
    others = [name for name, other in state.tokens.items() if is_of(other, grant.name) and other.owner != grant.owner]
    if others:
        other = state.tokens[min(others)]  # a snapshot keeps no order of tokens
        return f"{grant.name} acts as {other.owner}, says token {other.token}; one person is never two"
    return ""
