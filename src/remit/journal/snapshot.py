"""Snapshots: the state at one head of the journal, so that a start need not read what is behind it.

A file holds three lines' worth: the SHA-256 of all that follows, a JSON line with seq, epoch and tree frontier, and the
state as it was given. The file proves itself only against accidents. Against edits, the frontier is proven by the next
signed checkpoint and the whole by its hash, which the caller journals after `write` and compares when it reads on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from remit.journal.errors import SnapshotDamaged
from remit.journal.store import Reader, Store
from remit.journal.tree import Tree

KEPT = 3
_SUFFIX = ".snapshot"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after the first `seq` entries: its fencing `epoch`, the tree's frontier, and the file's hash (hex)."""

    seq: int
    epoch: int
    frontier: tuple[bytes, ...]
    state: bytes
    digest: str


def write(store: Store, seq: int, epoch: int, frontier: Sequence[bytes], state: bytes) -> str:
    """Write a snapshot atomically and durably, keep the last three, and return its SHA-256 (hex) to be journalled.

    `seq` and `frontier` must be of a durable head: take both from `Journal.frontier` straight after a sync. OSError
    where the disk fails; the journal itself is then unharmed.
    """
    Tree.from_frontier(seq, frontier)
    body = _body(seq, epoch, frontier, state)
    digest = sha256(body).hexdigest()
    store.replace(_name(seq), digest.encode() + b"\n" + body)
    for name in snapshots(store)[:-KEPT]:
        store.remove(name)
    return digest


def digest_of(seq: int, epoch: int, frontier: Sequence[bytes], state: bytes) -> str:
    """The SHA-256 (hex) that a snapshot of this has: with it, whoever knows the state can check what was journalled."""
    return sha256(_body(seq, epoch, frontier, state)).hexdigest()


def _body(seq: int, epoch: int, frontier: Sequence[bytes], state: bytes) -> bytes:
    header = {"epoch": epoch, "frontier": [peak.hex() for peak in frontier], "seq": seq}
    return json.dumps(header, separators=(",", ":"), sort_keys=True).encode() + b"\n" + state


def read(store: Reader, name: str) -> Snapshot:
    """The snapshot in a file. SnapshotDamaged where any byte of it is not as it was written."""
    raw = store.read(name, 0, store.size(name))
    digest, _, body = raw.partition(b"\n")
    if sha256(body).hexdigest().encode() != digest:
        raise SnapshotDamaged(f"{name} does not match its hash", "An older one is used; remove this file")
    header_line, _, state = body.partition(b"\n")
    try:
        header = json.loads(header_line)
        seq, epoch = header["seq"], header["epoch"]
        frontier = tuple(bytes.fromhex(peak) for peak in header["frontier"])
        Tree.from_frontier(seq, frontier)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SnapshotDamaged(f"{name} has no readable header", "An older one is used; remove this file") from None
    if _name(seq) != name:
        raise SnapshotDamaged(f"{name} holds the snapshot of entry {seq}", "Remove this file")
    return Snapshot(seq, epoch, frontier, state, digest.decode())


def latest_valid(store: Reader) -> tuple[Snapshot | None, tuple[SnapshotDamaged, ...]]:
    """The newest undamaged snapshot, or None (start from the first entry), and a warning for each one skipped."""
    warnings: list[SnapshotDamaged] = []
    for name in reversed(snapshots(store)):
        try:
            return read(store, name), tuple(warnings)
        except SnapshotDamaged as damaged:
            warnings.append(damaged)
    return None, tuple(warnings)


def snapshots(store: Reader) -> list[str]:
    """The names of all snapshot files, oldest first."""
    return sorted(name for name in store.names() if name.endswith(_SUFFIX))


def _name(seq: int) -> str:
    return f"{seq:020d}{_SUFFIX}"
