"""Tokens in the kernel: sessions begin by signing in alone; a replacement stands for the same as what it replaces."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, Desk, small

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS, NANOSECONDS
from remit.kernel.snapshot import dump, load
from remit.kernel.tokens import SESSION_NS_MAX, worthless


def grant(desk: Desk, token: str = "T-2", **terms: Any) -> access.TokenGrant:
    said: dict[str, Any] = {"role": "approver", "name": "bob", "owner": "bob", "issued_at": desk.at, **terms}
    return access.TokenGrant(token=token, **said)


def desk_with_tokens() -> Desk:
    """Bob has T-1; the agent momentum has T-A."""
    desk = small()
    desk.took(c.IssueToken(grant=grant(desk, "T-1")))
    desk.took(c.IssueToken(grant=grant(desk, "T-A", role="agent", name="momentum", owner="ann")))
    return desk


def session(desk: Desk, token: str = "S-1", **terms: Any) -> access.TokenGrant:
    return grant(desk, token, **{"session": True, "expires_at": desk.at + NANOSECONDS, **terms})


@pytest.mark.parametrize(
    ("terms", "by", "why"),
    [
        ({}, GUARD, ""),
        ({"parent": "T-1"}, GUARD, ""),
        ({}, ANN, "begins by signing in"),
        ({"expires_at": None}, GUARD, "ends after"),
        ({"expires_at": 10**19}, GUARD, "ends after"),
        ({"role": "agent", "name": "momentum", "owner": "ann"}, GUARD, "no browser session"),
        ({"parent": "T-9"}, GUARD, "T-9 is not valid"),
        ({"session": False, "parent": "T-1"}, GUARD, "only a session"),
        ({"through": "T-1"}, GUARD, ""),
        ({"through": "T-9"}, GUARD, "T-9, which set"),
        ({"session": False, "through": "T-1"}, GUARD, "only a session"),
    ],
)
def test_a_session_begins_by_signing_in(terms: dict[str, Any], by: Principal, why: str) -> None:
    desk = desk_with_tokens()
    record = desk.do(c.IssueToken(grant=session(desk, **terms)), by)
    refused = [event for event in record.events if isinstance(event, e.Refused)]
    assert bool(refused) is bool(why) and all(why in event.why for event in refused)


@pytest.mark.parametrize(
    ("terms", "overlap_s", "why"),
    [
        ({"replaces": "T-1"}, 60, ""),
        ({"replaces": "T-9"}, 60, "T-9 is not valid"),
        ({"replaces": "T-A"}, 60, "somebody else"),
        ({"replaces": "T-1", "owner": "ann"}, 60, "acts as bob"),
        ({}, 60, "only a token that replaces"),
    ],
)
def test_a_replacement_stands_for_the_same(terms: dict[str, Any], overlap_s: int, why: str) -> None:
    desk = desk_with_tokens()
    record = desk.do(c.IssueToken(grant=grant(desk, **terms), overlap_s=overlap_s), ANN)
    refused = [event for event in record.events if isinstance(event, e.Refused)]
    assert bool(refused) is bool(why) and all(why in event.why for event in refused)


def test_what_is_replaced_lives_on_for_the_overlap_and_no_longer() -> None:
    desk = desk_with_tokens()
    desk.took(c.IssueToken(grant=grant(desk, replaces="T-1"), overlap_s=60))
    ends = desk.at + 60 * NANOSECONDS
    assert worthless(desk.state, "T-1", ends - 1) is None
    assert worthless(desk.state, "T-1", ends) == (
        "token_expired", "this token has expired; ask an operator for a new one"
    )  # fmt: skip
    desk.took(c.IssueToken(grant=grant(desk, "T-3", replaces="T-1"), overlap_s=3600))
    assert desk.state.tokens["T-1"].expires_at == ends, "an overlap only ever shortens"


def test_a_session_dies_with_the_token_behind_it() -> None:
    desk = desk_with_tokens()
    desk.took(c.IssueToken(grant=session(desk, parent="T-1")), GUARD)
    assert worthless(desk.state, "S-1", desk.at) is None
    desk.took(c.RevokeToken(token="T-1", why="lost"))
    assert worthless(desk.state, "S-1", desk.at) is not None
    record = desk.do(c.SetPause(subject="firm", paused=True, why="x"), Principal("bob", "approver", "S-1", "", "bob"))
    assert [event.code for event in record.events if isinstance(event, e.Refused)] == ["token_revoked"]


def test_a_session_dies_with_the_revocation_of_what_set_its_credential_and_not_with_its_end() -> None:
    desk = desk_with_tokens()
    desk.took(c.IssueToken(grant=grant(desk, replaces="T-1")))
    desk.took(c.IssueToken(grant=session(desk, through="T-1")), GUARD)
    assert worthless(desk.state, "T-1", desk.at + NANOSECONDS) is not None
    assert worthless(desk.state, "S-1", desk.at) is None
    desk.took(c.RevokeToken(token="T-1", why="lost"))
    for at in (desk.at, 0):
        assert worthless(desk.state, "S-1", at) is not None
    assert "which set what it began with" in str(
        desk.do(c.IssueToken(grant=session(desk, "S-2", through="T-1")), GUARD)
    )
    assert worthless(load(dump(desk.state)), "S-1", desk.at) is not None


def test_a_sign_in_names_its_own_session() -> None:
    desk = desk_with_tokens()
    desk.took(c.IssueToken(grant=session(desk)), GUARD)
    desk.took(c.SignedIn(person="bob", factor="password", token="S-1"), GUARD)
    for person, token in (("ann", "S-1"), ("bob", "T-1"), ("bob", "S-9")):
        assert desk.refused(c.SignedIn(person=person, factor="code", token=token), GUARD) == "not_possible"
    for body in (c.SignInFailed(why="password", person="bob"), c.SignedIn(person="bob", factor="code", token="S-1")):
        assert desk.refused(body) == "not_authorised"


def test_sessions_that_ended_are_forgotten_and_a_snapshot_knows_the_rest() -> None:
    desk = desk_with_tokens()
    for number in range(5):
        desk.took(c.IssueToken(grant=session(desk, f"S-{number}")), GUARD)
    desk.took(c.RevokeToken(token="S-0", why="signed out"))
    desk.took(c.SetPause(subject="firm", paused=True, why="x"), after_ns=DAY_NS + 2 * NANOSECONDS)
    desk.took(c.IssueToken(grant=session(desk, "S-9", expires_at=desk.at + SESSION_NS_MAX)), GUARD)
    assert set(desk.state.tokens) == {"T-1", "T-A", "S-9"} and not desk.state.revoked
    assert dump(load(dump(desk.state))) == dump(desk.state)
