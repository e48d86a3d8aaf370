"""Tokens and sessions: whether one still stands, what a new one may be, and what becomes of the one it replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from remit.kernel import command as c
from remit.kernel.access import TokenGrant
from remit.kernel.command import Command
from remit.kernel.names import Role
from remit.kernel.numbers import DAY_NS, NANOSECONDS
from remit.kernel.people import fault_of_grant
from remit.kernel.state import State

if TYPE_CHECKING:
    from remit.kernel.step import Step

SESSION_NS_MAX = 12 * 3600 * NANOSECONDS
"""How long a browser session lasts at most: a working day. The guard ends one that nobody uses earlier."""
MACHINES: frozenset[Role] = frozenset({"agent", "client", "feed", "guard"})


def worthless(state: State, token: str, at: int) -> tuple[str, str] | None:
    """Return why a token stands for nobody (any more) at journal time `at`, as (code, what to do); None where it
    stands. This is the one place that says so."""
    grant = state.tokens.get(token)
    if grant is None or token in state.revoked:
        return "token_revoked", "this token is not valid any more; ask an operator for a new one"
    if grant.expires_at is not None and at >= grant.expires_at:
        return "token_expired", "this token has expired; ask an operator for a new one"
    if grant.parent and worthless(state, grant.parent, at) is not None:
        return "token_revoked", "the token that opened this session is not valid any more; sign in again"
    if grant.through and not may_vouch(state, grant.through):
        return "token_revoked", "the token that set what this session began with was revoked; ask an operator"
    return None


def may_vouch(state: State, token: str) -> bool:
    """Whether what was set through a token still counts: it may have expired, but was not revoked."""
    return token in state.tokens and token not in state.revoked


def is_own(state: State, command: Command) -> bool:
    """Whether somebody revokes a token of their own: whoever holds one may always give it up."""
    body, by = command.body, command.by
    if not isinstance(body, c.RevokeToken) or not by.token:
        return False
    grant = state.tokens.get(body.token)
    return grant is not None and (grant.role, grant.name, grant.owner) == (by.role, by.name, by.owner)


def issue(step: Step, body: c.IssueToken) -> str:
    """Return why a token cannot be issued, or an empty text where it can."""
    grant, state = body.grant, step.state
    if grant.role == "guard":
        return "the guard itself has no token"
    if grant.token in state.tokens:
        return f"token {grant.token} exists"
    if grant.role == "agent" and grant.name not in state.agents:
        return f"there is no agent {grant.name}"
    if grant.role == "client" and grant.name not in state.clients:
        return f"there is no client {grant.name}"
    fault = fault_of_grant(state, grant)
    if fault:
        return fault
    if grant.session:
        return _session(step, grant)
    if grant.parent:
        return "only a session is opened by another token"
    if grant.through:
        return "only a session begins with a credential"
    return _replacement(step, body)


def _session(step: Step, grant: TokenGrant) -> str:
    at = step.command.at
    if step.command.by.role != "guard":
        return "a session begins by signing in"
    if grant.role in MACHINES:
        return f"a {grant.role} has no browser session"
    if grant.expires_at is None or grant.expires_at > at + SESSION_NS_MAX:
        return f"a session ends after {SESSION_NS_MAX // NANOSECONDS} s at the latest"
    if grant.parent and worthless(step.state, grant.parent, at) is not None:
        return f"token {grant.parent} is not valid any more"
    if grant.through and not may_vouch(step.state, grant.through):
        return f"token {grant.through}, which set what it began with, was revoked"
    return ""


def _replacement(step: Step, body: c.IssueToken) -> str:
    """A replacement stands for the same as the token before it, which is still good."""
    grant, state = body.grant, step.state
    if not grant.replaces:
        return "" if not body.overlap_s else "only a token that replaces another overlaps with it"
    old = state.tokens.get(grant.replaces)
    if old is None or worthless(state, grant.replaces, step.command.at) is not None:
        return f"token {grant.replaces} is not valid any more; issue a new one instead"
    if old.session:
        return "a session is not replaced: sign in again"
    if (old.role, old.name, old.owner) != (grant.role, grant.name, grant.owner):
        return f"token {grant.replaces} stands for somebody else"
    return ""


def revoke(step: Step, body: c.RevokeToken) -> str:
    """Return why a token cannot be revoked, or an empty text where it can."""
    if body.token not in step.state.tokens:
        return f"there is no token {body.token}"
    return f"token {body.token} is revoked already" if body.token in step.state.revoked else ""


def fold_issued(state: State, command: Command, body: c.IssueToken) -> None:
    """A token exists from here on; the one it replaces lives on for the overlap and no longer. Sessions that ended are
    forgotten when another begins, so that they do not pile up."""
    grant = body.grant
    if grant.session:
        _forget_ended(state, command.at)
    state.tokens[grant.token] = grant
    old = state.tokens.get(grant.replaces)
    if old is not None:
        ends_at = command.at + body.overlap_s * NANOSECONDS
        if old.expires_at is None or old.expires_at > ends_at:
            state.tokens[old.token] = msgspec.structs.replace(old, expires_at=ends_at)


def fold_revoked(state: State, command: Command, body: c.RevokeToken) -> None:
    """A token is worth nothing from here on."""
    state.revoked.add(body.token)


def _forget_ended(state: State, at: int) -> None:
    for name, grant in list(state.tokens.items()):
        if grant.session and grant.expires_at is not None and grant.expires_at + DAY_NS <= at:
            del state.tokens[name]
            state.revoked.discard(name)


def signed_in(step: Step, body: c.SignedIn) -> str:
    """Return why a sign-in cannot be noted: it names the session that began with it."""
    grant = step.state.tokens.get(body.token)
    if grant is None or not grant.session or grant.name != body.person:
        return f"{body.token} is no session of {body.person}"
    return ""
