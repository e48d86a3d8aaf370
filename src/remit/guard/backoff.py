"""Backoff: how long to wait before something is tried again."""

from __future__ import annotations

from remit.kernel.numbers import NANOSECONDS

DOUBLINGS_MAX = 6


def wait_ns(tries: int, longest_s: int = 60) -> int:
    """Return the wait after so many tries in vain, in nanoseconds: a second, then twice as long each time, and
    `longest_s` for ever after."""
    return min(1 << min(tries, DOUBLINGS_MAX), longest_s) * NANOSECONDS
