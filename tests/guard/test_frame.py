"""Frames: any pieces give the same messages, and too long a one is refused before it is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.guard.errors import FrameTooLarge
from remit.guard.frame import FRAME_BYTES_MAX, Frames, pack


@given(st.lists(st.binary(max_size=40), max_size=10), st.data())
def test_messages_come_whole_and_in_order_from_any_pieces(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(pack(message) for message in messages)
    frames, got = Frames(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        got += frames.feed(stream[:size])
        stream = stream[size:]
    assert got == messages
    assert not frames.partial


def test_the_largest_frame_passes_and_one_more_byte_does_not() -> None:
    assert Frames().feed(pack(bytes(FRAME_BYTES_MAX))) == [bytes(FRAME_BYTES_MAX)]
    with pytest.raises(FrameTooLarge):
        pack(bytes(FRAME_BYTES_MAX + 1))


def test_a_large_frame_is_refused_by_its_length_alone() -> None:
    with pytest.raises(FrameTooLarge):
        Frames().feed((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))
