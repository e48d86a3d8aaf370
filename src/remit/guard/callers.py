"""Callers: from a token to a principal. An identity is never taken from an argument."""

from __future__ import annotations

from remit.guard.errors import NotAuthenticated, TokenMalformed
from remit.guard.tokens import TokenStore
from remit.kernel.access import TokenGrant
from remit.kernel.names import Principal
from remit.kernel.state import State
from remit.kernel.tokens import worthless

_ASK = "Give a valid token in REMIT_TOKEN, or ask an operator for one: remit token issue"


def authenticate(tokens: TokenStore, state: State, secret: str, door: str, at: int) -> Principal:
    """Return whom a token stands for at journal time `at`; NotAuthenticated for any other text."""
    try:
        token = tokens.find(secret)
    except TokenMalformed as fault:
        raise NotAuthenticated(fault.message, _ASK) from None
    grant = check_stands(state, token, at)
    return Principal(name=grant.name, role=grant.role, token=grant.token, door=door, owner=grant.owner)


def check_stands(state: State, token: str | None, at: int) -> TokenGrant:
    """Return what a token's id stands for at journal time `at`; NotAuthenticated where it is worth nothing (any
    more)."""
    grant = state.tokens.get(token) if token is not None else None
    fault = None if grant is None else worthless(state, grant.token, at)
    if grant is None or (fault is not None and fault[0] == "token_revoked"):
        raise NotAuthenticated("the token is not known, or was revoked", _ASK)
    if fault is not None:
        raise NotAuthenticated("the token has expired", _ASK)
    return grant
