"""Attempts: how often somebody may try to sign in. Pauses grow and end: nobody is ever locked out for good."""

from __future__ import annotations

from remit.guard.errors import TooManyAttempts
from remit.kernel.numbers import DAY_NS, NANOSECONDS

FREE = 5
"""Attempts for one name that are looked at without a pause."""
PAUSE_S_MAX = 900
NAMES_MAX = 4096
"""Names whose attempts are remembered; it takes over an hour of trying to push one out."""
TOTAL = 60
"""Attempts of everybody together that are looked at in a row; beyond them one a second."""


class Bucket:
    """So many at once, then one a second."""

    def __init__(self, size: int = TOTAL) -> None:
        self._size_ns = size * NANOSECONDS
        self._full_at = 0

    def take(self, at: int) -> None:
        """Count one at `at` (journal time, ns); TooManyAttempts where there is none left."""
        full_at = max(self._full_at, at) + NANOSECONDS
        if full_at - at > self._size_ns:
            raise too_many(full_at - at - self._size_ns)
        self._full_at = full_at


class Attempts:
    """Counts attempts by the name that was typed, whether there is such a person or not, and in all."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[int, int]] = {}
        """Name to the attempts without success, and when the last of them was made."""
        self._all = Bucket()

    def begin(self, name: str, at: int) -> None:
        """Count an attempt before it is looked at, so that many at a time are no way round; TooManyAttempts."""
        count, last = self._of.get(name, (0, 0))
        if at - last > DAY_NS:
            count = 0
        left = last + pause_s(count) * NANOSECONDS - at
        if count and left > 0:
            raise too_many(left)
        self._all.take(at)
        self._of.pop(name, None)
        self._of[name] = (count + 1, at)
        if len(self._of) > NAMES_MAX:
            del self._of[next(iter(self._of))]

    def passed(self, name: str) -> None:
        """Forget the attempts for a name: it was that person."""
        self._of.pop(name, None)


def pause_s(count: int) -> int:
    """Return the seconds from one attempt to the next after so many without success."""
    return 0 if count < FREE else min(PAUSE_S_MAX, 1 << min(count - FREE, 20))


def too_many(left_ns: int) -> TooManyAttempts:
    """Return the error that says how long to wait."""
    retry_after_s = -(-left_ns // NANOSECONDS)
    return TooManyAttempts(
        "too many attempts to sign in", f"Try again in {retry_after_s} s", {"retry_after_s": retry_after_s}
    )
