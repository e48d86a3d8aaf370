"""Verifies in one process and in two halves: whatever the first says, the second must say, byte for byte.

The second half runs in this process here, and what it says goes through its text; a place to join is another one at
each call, so that the many calls of the tampering tables try them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remit import verify as verifying
from remit.journal.note import Verifier
from remit.kernel.codec import encode
from remit.verify import CannotVerify, Verdict, halves
from remit.verify.halves import Ask, Said
from remit.verify.second import Second
from remit.verify.snapshots import look_over

_CALLS = count()
STRIDE = 11
"""Prime to the sizes of our journals: consecutive calls join far apart."""


class Inside:
    """The second half, done before the first begins; `joined` counts how often it began to decide."""

    joined = 0

    def __init__(self, ask: Ask, split: int) -> None:
        self._said: list[bytes] = []
        Second(msgspec.structs.replace(ask, size=2 * split), self._say, lambda: 0).run()

    def _say(self, said: Said) -> None:
        Inside.joined += isinstance(said, halves.Joint)
        self._said.append(msgspec.json.encode(said))

    def tell(self, seq: int) -> None:
        assert seq >= 1

    def hear(self, wait: bool) -> Said | None:
        assert self._said or not wait, "the first half waits for what is never said"
        return msgspec.json.decode(self._said.pop(0), type=Said) if self._said else None  # type: ignore[arg-type]

    def close(self) -> None:
        self._said.clear()


@contextmanager
def joined_at(split: int) -> Iterator[None]:
    """Let every verification take two halves that join after this entry."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(halves, "WORTH_IT", 0)
        patch.setattr(halves, "EVERY", 1)
        patch.setattr(halves, "begin", lambda ask: Inside(ask, split))
        yield


def said(folder: Path, key: Verifier, **terms: Any) -> Verdict | str:
    try:
        return verifying.verify(folder, key, **terms)
    except CannotVerify as fault:
        return str(fault)


def verify(folder: Path, key: Verifier, **terms: Any) -> Verdict:
    """As `remit.verify.verify`, in one process, and asserted to be the same in two."""
    alone = said(folder, key, cores=1, **terms)
    if terms.get("decide", True):
        size = 2 if isinstance(alone, str) else max(look_over(folder, key)[1], 2)
        with joined_at(1 + next(_CALLS) * STRIDE % size):
            assert encode(said(folder, key, cores=2, **terms)) == encode(alone)
    if isinstance(alone, str):
        return verifying.verify(folder, key, cores=1, **terms)  # to raise what it says
    return alone
