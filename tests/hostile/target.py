"""A target: one way for foreign bytes to get in, and what must hold whatever they are.

A target is a function of bytes that returns where the promise holds and raises where it does not. What it may meet is
named: an error with a code, or bytes that are taken and mean one thing only. It says nothing of speed but that one
input is done within SECONDS_MAX.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from remit.kernel.codec import decode, encode
from remit.kernel.command import Body

SECONDS_MAX = 2.0
"""No input that fits the fuzzers' bound may take longer, on a busy machine too."""
BYTES_MAX = 16_384
"""The longest input that a fuzzer makes."""


class Target(NamedTuple):
    """One way in: its name, the check, the seeds (made from real messages), and words that belong to its language.

    `cost` is how many times dearer than the cheapest one input is: where runs are counted it gets so many fewer.
    """

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: tuple[str, ...] = ()
    cost: int = 1


def bounded(target: Target, data: bytes) -> None:
    """Check one input, and that it took no longer than SECONDS_MAX of this process's own time."""
    before = time.process_time()
    target.check(data)
    took = time.process_time() - before
    assert took < SECONDS_MAX, f"{target.name}: {took:.1f} s for {len(data)} bytes"


def chosen(data: bytes, count: int) -> tuple[int, bytes]:
    """Return which of `count` ways the first byte chooses, and the rest of the bytes."""
    return (data[0] % count if data else 0), data[1:]


def seeded(way: int, message: bytes) -> bytes:
    """Return a seed that `chosen` reads as this way and message."""
    return bytes([way]) + message


def check_body(body: Any) -> None:
    """What is entered can be journalled, and is read back as itself: else the next start would stop at it."""
    spelled = encode(body)
    assert decode(Body, spelled) == body, spelled  # type: ignore[arg-type]
    assert encode(decode(Body, spelled)) == spelled  # type: ignore[arg-type]


def check_canonical(kind: Any, value: Any) -> None:
    """What was read has one canonical text, which is read as the same thing."""
    spelled = encode(value)
    again = decode(kind, spelled)
    assert again == value and encode(again) == spelled, spelled


@contextmanager
def only(*named: type[BaseException]) -> Iterator[list[BaseException]]:
    """Let nothing out of the block but the named errors, which are caught and kept in the list."""
    caught: list[BaseException] = []
    try:
        yield caught
    except named as fault:
        caught.append(fault)


@lru_cache(maxsize=1)
def folder() -> Path:
    """Return a folder of this process's own for files to be read from; in memory where the machine has that."""
    memory = Path("/dev/shm")
    made = tempfile.TemporaryDirectory(prefix="remit-hostile-", dir=memory if memory.is_dir() else None)
    _KEPT.append(made)
    return Path(made.name)


def file(name: str, data: bytes) -> Path:
    """Write a file of the folder, and return its path."""
    path = folder() / name
    path.write_bytes(data)
    return path


_KEPT: list[Any] = []
