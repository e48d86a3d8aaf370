"""The first of many deadlines, beside the smallest of them all."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from remit.kernel.deadline import Deadlines


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.one_of(st.none(), st.integers(0, 9)))))
def test_the_first_is_the_smallest(steps: list[tuple[str, int | None]]) -> None:
    found, plain = Deadlines(), dict[str, int]()
    for name, at in steps:
        if at is None:
            assert found.pop(name, None) == plain.pop(name, None)
        else:
            found[name] = plain[name] = at
        assert found == plain
        assert found.first(99) == min(plain.values(), default=99)
