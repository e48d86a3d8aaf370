"""Backoff: a second, then twice as long each time, and never beyond the longest wait."""

from __future__ import annotations

import pytest

from remit.guard.backoff import wait_ns
from remit.kernel.numbers import NANOSECONDS


@pytest.mark.parametrize(
    ("longest_s", "waits"),
    [(60, [1, 2, 4, 8, 16, 32, 60, 60]), (16, [1, 2, 4, 8, 16, 16, 16, 16]), (8, [1, 2, 4, 8, 8, 8, 8, 8])],
)
def test_the_waits_double_up_to_the_longest(longest_s: int, waits: list[int]) -> None:
    assert [wait_ns(tries, longest_s) // NANOSECONDS for tries in range(8)] == waits
    assert wait_ns(10**6, longest_s) == longest_s * NANOSECONDS
