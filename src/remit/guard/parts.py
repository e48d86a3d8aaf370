"""Parts: a venue's own account of a connection, cut into pieces that each fit into one entry of the journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from remit.kernel import command as c
from remit.kernel.codec import encode

PART_BYTES_MAX = 12_288
"""Bytes of the rows of one part: an entry also holds the differences found and the questions they lead to."""


def parts_of(whole: c.Reconciled) -> tuple[c.Reconciled, ...]:
    """Return an account as parts, in their order; one that fits is its own only part, and a part stays as it is."""
    if whole.parts > 1:
        return (whole,)
    pieces: list[dict[str, list[Any]]] = [{}]
    room = PART_BYTES_MAX
    for field, row in _rows(whole):
        size = len(encode(row)) + 1
        if size > room and pieces[-1]:
            pieces.append({})
            room = PART_BYTES_MAX
        pieces[-1].setdefault(field, []).append(row)
        room -= size
    return tuple(
        c.Reconciled(
            connection=whole.connection,
            positions=tuple(piece.get("positions", ())),
            cash=tuple(piece.get("cash", ())),
            orders=tuple(piece.get("orders", ())),
            part=number,
            parts=len(pieces),
            asked=whole.asked,
        )
        for number, piece in enumerate(pieces, 1)
    )


def _rows(whole: c.Reconciled) -> Iterator[tuple[str, Any]]:
    for field in ("positions", "cash", "orders"):
        for row in getattr(whole, field):
            yield field, row
