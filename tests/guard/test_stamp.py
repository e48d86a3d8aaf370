"""Stamps of a clock that jumped are read as what they mean; all others stand as they are."""

from __future__ import annotations

import pytest

from remit.guard.stamp import journal_time

S = 10**9
HOUR = 3600
AT = 1_800_000_000


@pytest.mark.parametrize(
    ("stamped", "wall", "meant"),
    [
        (AT - 2, AT, AT - 2),
        (AT - HOUR, AT, AT - HOUR),
        (AT - HOUR, AT + 1, AT - HOUR),  # a drift is no jump
        (AT + HOUR - 2, AT + HOUR, AT - 2),  # this machine's clock went ahead, and the feed's is the same
        (AT - HOUR - 2, AT - HOUR, AT - 2),  # it went back
        (AT - 3, AT + HOUR, AT - 3),  # a venue's own stamp, and its clock is true
        (AT - 3, AT - HOUR, AT - 3),
        (AT - 50, AT + HOUR, AT - 50),  # old is old, by whichever clock
        (AT + HOUR - 50, AT + HOUR, AT - 50),
        (AT + 3 * HOUR, AT + HOUR, AT + 2 * HOUR),  # the future of both
    ],
)
def test_a_stamp_means_the_reading_nearer_to_now(stamped: int, wall: int, meant: int) -> None:
    assert journal_time(stamped * S, wall * S, AT * S) == meant * S
