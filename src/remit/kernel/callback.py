"""Callbacks: the keys by which approval pages speak for one person each, and the message ids that were used."""

from __future__ import annotations

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.access import CallbackKey, CalledBack, TokenGrant
from remit.kernel.command import Command
from remit.kernel.fold_people import is_of
from remit.kernel.names import Principal, Role
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.people import fault_of_grant
from remit.kernel.state import State
from remit.kernel.tokens import worthless

LIFE_NS = 300 * NANOSECONDS
"""How far a message's own time may lie from the journal's, before or after."""
CALLBACKS_MAX = 1_000
"""Callback keys at once."""
SPEAKERS: frozenset[Role] = frozenset({"operator", "approver", "owner"})
"""The roles of people who approve and decline."""


def fault_of(state: State, at: int, body: c.AddCallback) -> str:
    """Return why a callback key cannot be added; empty where it can."""
    key = body.key
    if key.id in state.callbacks:
        return f"callback {key.id} exists"
    if key.role not in SPEAKERS:
        return f"the role {key.role} approves nothing; a callback is for {' or '.join(sorted(SPEAKERS))}"
    if key.expires_at is not None and key.expires_at <= at:
        return "the callback would have expired already"
    if not _is_somebody(state, at, key.person):
        return f"{key.person} is no person of the book, and no token is theirs; add them first: remit person add"
    fault = fault_of_grant(state, _as_grant(key))
    if fault:
        return fault
    if len(state.callbacks) >= CALLBACKS_MAX:
        return f"{CALLBACKS_MAX} callbacks are known; remove one first: remit callback list"
    return ""


def fault_of_removing(state: State, body: c.RemoveCallback) -> str:
    """Return why a callback key cannot be removed; empty where it can."""
    known = body.callback in state.callbacks
    return "" if known else f"there is no callback {body.callback}; `remit callback list` shows them"


def fold_added(state: State, command: Command, body: c.AddCallback) -> None:
    """A callback key is known."""
    state.callbacks[body.key.id] = body.key


def fold_removed(state: State, command: Command, body: c.RemoveCallback) -> None:
    """A callback key is known no more; the ids of its messages stay used."""
    del state.callbacks[body.callback]


def fold_used(state: State, command: Command, decision: e.Decision | None, event: e.CallbackUsed) -> None:
    """The id of a message is used."""
    state.called_back[(event.callback, event.message)] = command.at


def principal_of(key: CallbackKey) -> Principal:
    """Return whom a callback key speaks for."""
    return Principal(name=key.person, role=key.role, door="callback", owner=key.owner)


def refusal_of(state: State, at: int, by: Principal, called: CalledBack) -> tuple[str, str] | None:
    """Return why a signed message is not heard, as (code, what to do); None where it is."""
    key = state.callbacks.get(called.callback)
    if by.token or key is None or by != principal_of(key) or fault_of_grant(state, _as_grant(key)):
        return "callback_unknown", "this callback does not speak for this person; ask an operator: remit callback add"
    if key.expires_at is not None and at >= key.expires_at:
        return "callback_expired", "this callback has expired; ask an operator for a new one"
    if not at - LIFE_NS <= called.sent_at <= at + LIFE_NS:
        return "callback_late", f"a message is good for {LIFE_NS // NANOSECONDS} s; set the page's clock, and sign anew"
    if (called.callback, called.message) in state.called_back:
        return "callback_repeated", f"the message {called.message} was heard before; look at the order"
    return None


def _is_somebody(state: State, at: int, name: str) -> bool:
    """Whether a name is a person's: one of the book, or one who has a token that stands."""
    return name in state.people or any(
        is_of(grant, name) and worthless(state, token, at) is None for token, grant in state.tokens.items()
    )


def _as_grant(key: CallbackKey) -> TokenGrant:
    """Return a callback as a token of its person: what a token cannot say of a person, a callback cannot either."""
    return TokenGrant(token=key.id, role=key.role, name=key.person, owner=key.owner, issued_at=key.issued_at)
