"""Names: what looks the same is the same, so that nobody is two people."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from remit.kernel.command import KernelStarted
from remit.kernel.names import Currency, Digest, Name, Zone, named

KINDS: tuple[tuple[Any, str], ...] = ((Name, "ann"), (Currency, "USD"), (Digest, "0" * 64), (Zone, "Europe/Berlin"))


@pytest.mark.parametrize(("kind", "good"), KINDS, ids=["name", "currency", "digest", "zone"])
@pytest.mark.parametrize("tail", ["\n", "\r\n", " ", "\u200b", "\u0000", "\u0430"], ids=ascii)
def test_nothing_unseen_follows_a_word(kind: Any, good: str, tail: str) -> None:
    assert msgspec.convert(good, kind) == good
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(good + tail, kind)


@pytest.mark.parametrize("name", ["\u0430nn", "an\u0430", "\uff41nn", "-ann", "", "a" * 129, "ann\nann"], ids=ascii)
def test_a_look_alike_is_no_name(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(name, Name)


def test_the_longest_name_is_a_name() -> None:
    assert msgspec.convert("a" * 128, Name)


def test_a_prefix_has_no_line_break() -> None:
    said = {"kind": "kernel_started", "version": "1", "digest": "0" * 64, "clean": True, "prefix": "test\n"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, KernelStarted)


def test_of_many_things_the_first_are_named_and_the_rest_are_counted() -> None:
    assert (named([]), named(["a", "b"]), named("abcde"), named("abcdefg")) == (
        "", "a; b", "a; b; c; d; e", "a; b; c; d; e; and 2 more",
    )  # fmt: skip
