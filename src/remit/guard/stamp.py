"""The times that others stamp, read in the journal's time: after a jump of the wall clock the two differ for hours."""

from __future__ import annotations

from remit.guard.clock import JUMP_NS


def journal_time(stamped: int, wall: int, at: int) -> int:
    """Return the instant that a stamp means, in journal time `at`, which stands beside this machine's `wall` clock.

    A stamp is either of that clock, or of a true one elsewhere. While the two times differ by more than a drift, the
    reading nearer to now is meant: what is marked on this machine stays fresh after its clock jumped. A mark that is
    exactly as old as the two are apart is then taken for a fresh one. Nanoseconds.
    """
    apart = wall - at
    if abs(apart) <= JUMP_NS:
        return stamped
    return min(stamped, stamped - apart, key=lambda read: abs(read - at))
