"""Enrolling: a new app for codes, which counts only once it has shown that it has the secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from remit.guard.totp import SECRET_BYTES, step_of, text_of, uri_of
from remit.kernel.numbers import NANOSECONDS

ENROLLING_NS = 600 * NANOSECONDS
TRIES_MAX = 10
PENDING_MAX = 256
ISSUER = "Remit"


class _Pending(NamedTuple):
    secret: bytes
    ends_at: int
    tries: int


class Enrolling:
    """Secrets that were shown and not confirmed yet: for ten minutes, in memory only."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._pending: dict[tuple[str, str], _Pending] = {}

    def begin(self, person: str, at: int, through: str = "") -> dict[str, str]:
        """Return the secret for an app, as text and as what a QR code holds; the same while it waits.

        What is shown to a token alone (`through`) is never what its person is shown: it may be in other hands.
        """
        asked = (person, through)
        pending = self._pending.get(asked)
        if pending is None or at >= pending.ends_at or pending.tries >= TRIES_MAX:
            pending = _Pending(self._random(SECRET_BYTES), at + ENROLLING_NS, 0)
            self._pending.pop(asked, None)
            self._pending[asked] = pending
            if len(self._pending) > PENDING_MAX:
                del self._pending[next(iter(self._pending))]
        return {"secret": text_of(pending.secret), "uri": uri_of(pending.secret, person, ISSUER)}

    def confirm(self, person: str, code: str, now: int, at: int, through: str = "") -> tuple[bytes, int] | None:
        """Return the secret and the step whose code this is, and forget it; None where it is not its code. `now` is
        the wall clock, `at` the journal's time."""
        asked = (person, through)
        pending = self._pending.get(asked)
        if pending is None or at >= pending.ends_at or pending.tries >= TRIES_MAX:
            return None
        self._pending[asked] = pending._replace(tries=pending.tries + 1)
        step = step_of(pending.secret, code, now)
        if step is None:
            return None
        del self._pending[asked]
        return pending.secret, step
