"""Uses: when each token was last used, to the minute. Outside the journal: it proves nothing and changes nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

import msgspec

from remit.guard.errors import NotAuthenticated
from remit.journal.store import Store
from remit.kernel.access import TokenGrant
from remit.kernel.numbers import NANOSECONDS

FILE = "uses.json"
IDLE_NS = 3600 * NANOSECONDS
"""How long a browser session lasts that asks for nothing."""
WRITE_NS = 300 * NANOSECONDS
_MINUTE_NS = 60 * NANOSECONDS


class Uses:
    """Remembers the minute of each token's last use, and writes it down every few minutes.

    What a crash loses is only who was last seen when; a file that cannot be read or written is done without.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = _read(store)
        self._written_at = 0
        self._changed = False

    def last(self, token: str) -> int | None:
        """Return the minute of a token's last use, in journal time (ns); None where none is known."""
        return self._last.get(token)

    def seen(self, token: str, at: int) -> None:
        """Note a use."""
        minute = at - at % _MINUTE_NS
        if self._last.get(token) != minute:
            self._last[token] = minute
            self._changed = True

    def check(self, grant: TokenGrant, at: int) -> None:
        """Return where a session is in use; NotAuthenticated for one that nobody used for an hour."""
        if grant.session and at - max(self._last.get(grant.token, 0) + _MINUTE_NS, grant.issued_at) > IDLE_NS:
            raise NotAuthenticated("the session was not used for an hour", "Sign in again")

    def write(self, at: int, known: Collection[str], *, now: bool = False) -> None:
        """Write down what changed, where it is time; tokens that are not `known` any more are forgotten."""
        if not self._changed or (at - self._written_at < WRITE_NS and not now):
            return
        self._written_at, self._changed = at, False
        self._last = {token: last for token, last in self._last.items() if token in known}
        with contextlib.suppress(OSError):  # the journal's own disk says it loudly; this is no record of anything
            self._store.replace(FILE, msgspec.json.encode(dict(sorted(self._last.items()))))


def _read(store: Store) -> dict[str, int]:
    try:
        if FILE not in store.names():
            return {}
        return msgspec.json.decode(store.read(FILE, 0, store.size(FILE)), type=dict[str, int])
    except (OSError, ValueError, RecursionError):
        return {}
