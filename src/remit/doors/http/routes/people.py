"""Rows of people, and of changes that wait for a second one."""

from __future__ import annotations

from remit.doors.http.shapes import people as s
from remit.doors.http.shapes.base import Items, Paged
from remit.doors.http.table import OPERATORS, PERSONS, READERS, Enter, Look, Route
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.names import Role

DECIDING: tuple[Role, ...] = tuple(dict.fromkeys((*PERSONS, "owner")))


def _set(params: s.OnePerson, body: s.NewRole) -> object:
    return c.SetPerson(name=params.person, role=body.role, disabled=body.disabled, why=body.why)


ROUTES = (
    Route(
        "GET", "/v1/people", "list_people", "People: their roles, the owners they act as, how many tokens are good.",
        "people", READERS, Look("people", page=("name",)), Paged, answer=Items[s.PersonRow],
    ),
    Route(
        "POST", "/v1/people", "add_person", "Add a person; tokens and sessions of that name have this role, or none.",
        "people", OPERATORS, Enter(lambda p, b: c.AddPerson(person=b)), body=access.Person,
        example={"name": "kim", "role": "owner", "owner": "desk"},
    ),
    Route(
        "PUT", "/v1/people/{person}", "set_person",
        "Give a person another role, or shut them out: their tokens, preapprovals and proposals so far end with it.",
        "people", OPERATORS, Enter(_set), s.OnePerson, s.NewRole,
        example={"role": "auditor", "why": "moved to audit"},
    ),
    Route(
        "GET", "/v1/proposals", "list_proposals", "Changes that loosen and wait for a second person, oldest first.",
        "people", READERS, Look("proposals", page=("at", "proposal")), s.ProposalQuery, answer=Items[s.ProposalRow],
    ),
    Route(
        "POST", "/v1/proposals/{proposal}/confirm", "confirm_change",
        "Let a change take effect that somebody else proposed; the digest says that it is the one that was shown.",
        "people", DECIDING, Enter(lambda p, b: c.ConfirmChange(proposal=p.proposal, digest=b.digest)),
        s.OneProposal, s.Confirming, example={"digest": "0" * 64},
    ),
    Route(
        "POST", "/v1/proposals/{proposal}/drop", "drop_change", "Take a change away; it never takes effect.",
        "people", DECIDING, Enter(lambda p, b: c.DropChange(proposal=p.proposal, why=b.why)),
        s.OneProposal, s.Dropping, example={"why": "not now"},
    ),
)  # fmt: skip
