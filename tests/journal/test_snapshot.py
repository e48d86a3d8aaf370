"""Snapshots: what was written is read, damage is skipped by name, the last three stay."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.journal import snapshot as snapshots
from remit.testing.disk import MemoryStore


def frontier_of(seq: int) -> list[bytes]:
    return [bytes([number]) * 32 for number in range(seq.bit_count())]


@given(st.integers(0, 10**12), st.integers(0, 10**6), st.binary(max_size=300))
def test_what_is_written_is_read(seq: int, epoch: int, state: bytes) -> None:
    store = MemoryStore()
    digest = snapshots.write(store, seq, epoch, frontier_of(seq), state)
    found, warnings = snapshots.latest_valid(store)
    assert found == snapshots.Snapshot(seq, epoch, tuple(frontier_of(seq)), state, digest) and not warnings
    _, _, body = bytes(store.live[snapshots.snapshots(store)[0]]).partition(b"\n")
    assert sha256(body).hexdigest() == digest


def test_the_last_three_are_kept() -> None:
    store = MemoryStore()
    for seq in (1, 2, 3, 10, 20):
        snapshots.write(store, seq, 0, frontier_of(seq), b"")
    assert [snapshots.read(store, name).seq for name in snapshots.snapshots(store)] == [3, 10, 20]


@given(st.data())
def test_any_turned_bit_makes_an_older_one_be_used(data: st.DataObject) -> None:
    store = MemoryStore()
    for seq in (4, 9):
        snapshots.write(store, seq, 0, frontier_of(seq), b"state")
    newest = snapshots.snapshots(store)[-1]
    store.flip(newest, data.draw(st.integers(0, store.size(newest) * 8 - 1)))
    found, warnings = snapshots.latest_valid(store)
    assert found is not None and found.seq == 4
    assert [warning.code for warning in warnings] == ["snapshot_damaged"] and newest in warnings[0].what


@pytest.mark.parametrize(
    "body",
    [b"", b"[]\n", b"{}\n", b'{"epoch":0,"frontier":["zz"],"seq":1}\n', b'{"epoch":0,"frontier":[],"seq":1}\n',
     b'{"epoch":0,"frontier":[],"seq":"1"}\n', b'{"epoch":0,"frontier":[],"seq":0}\n'],
)  # fmt: skip
def test_a_right_hash_over_a_wrong_header_is_damage_and_genesis_is_used(body: bytes) -> None:
    store = MemoryStore()
    store.replace(f"{1:020d}.snapshot", sha256(body).hexdigest().encode() + b"\n" + body)
    found, warnings = snapshots.latest_valid(store)
    assert found is None and len(warnings) == 1


def test_a_frontier_that_cannot_be_is_refused_before_anything_is_written() -> None:
    store = MemoryStore()
    with pytest.raises(ValueError, match="frontier"):
        snapshots.write(store, 3, 0, [bytes(32)], b"")
    assert store.names() == []


def test_a_failed_write_leaves_the_older_one() -> None:
    store = MemoryStore()
    snapshots.write(store, 1, 0, frontier_of(1), b"old")
    store.fail_write()
    with pytest.raises(OSError, match="planted"):
        snapshots.write(store, 2, 0, frontier_of(2), b"new")
    found, _ = snapshots.latest_valid(store)
    assert found is not None and found.state == b"old"
