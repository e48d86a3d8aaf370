"""Journal time: monotonic, slewed to the wall clock, and honest about its jumps."""

from __future__ import annotations

from dataclasses import dataclass

JUMP_NS = 10**9
"""A wall clock that is further off than this jumped: a fault, not a drift."""
SLEW_PARTS = 10
"""Journal time runs at most one part in so many faster or slower than the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The journal's time, and by how far the wall clock jumped since the reading before: 0 where it did not.

    Both in nanoseconds; a `jump_ns` above zero is a jump ahead. Each jump is told once.
    """

    at: int
    jump_ns: int


class Clock:
    """Journal time that never goes back: the last time plus monotonic time, drawn evenly towards the wall clock.

    It starts at the wall clock, or at the journal's `last` time where that is later; a wall clock that is then more
    than a second behind the journal is told as a jump by the first reading. A jump is never followed at once: after one
    of an hour journal time takes ten hours to draw level, or a restart where the wall clock is ahead.
    """

    __slots__ = ("_at", "_monotonic", "_skew", "_wall")

    def __init__(self, last: int, wall: int, monotonic: int) -> None:
        self._at = max(last, wall)
        self._wall = wall
        self._monotonic = monotonic
        self._skew = 0

    def read(self, wall: int, monotonic: int) -> Reading:
        """Return journal time at the instant of these two clock readings, in nanoseconds.

        ValueError where the monotonic clock went back: no such machine can be trusted with an order.
        """
        passed = monotonic - self._monotonic
        if passed < 0:
            raise ValueError(f"the monotonic clock went back by {-passed} ns")
        step = wall - self._wall - passed
        skew = wall - self._at - passed
        jump = 0
        if abs(step) > JUMP_NS:
            jump = step
        elif abs(skew) > JUMP_NS >= abs(self._skew):
            jump = skew  # crept away in steps that are each too small to see
        bound = passed // SLEW_PARTS
        correction = max(-bound, min(bound, skew))
        self._at += passed + correction
        self._wall, self._monotonic, self._skew = wall, monotonic, skew - correction
        return Reading(self._at, jump)
