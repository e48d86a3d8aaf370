"""Halts that nobody heard of, read from the outbox by whoever shows how things stand; it changes nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from remit.kernel.numbers import NANOSECONDS

FILE = "notify.sqlite"
OVERDUE_NS = 300 * NANOSECONDS
"""A halt that has not reached a channel for so long is itself told."""
SHOWN_MAX = 100


class _Text(msgspec.Struct, frozen=True):
    text: str


def late(home: Path, now: int) -> list[dict[str, Any]]:
    """Return the halts that have not reached a channel for too long, the oldest first: channel, at, text, attempts and
    why the last attempt failed. An outbox that cannot be read is one line of its own; none is no line."""
    path = home / FILE
    if not path.exists():
        return []
    try:
        base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=2)
        try:
            found = base.execute(
                "SELECT channel, at, notice, attempts, fault FROM deliveries"
                " WHERE urgent AND delivered_at IS NULL AND at <= ? ORDER BY at, id LIMIT ?",
                (now - OVERDUE_NS, SHOWN_MAX),
            ).fetchall()
        finally:
            base.close()
        return [
            {
                "channel": channel,
                "at": at,
                "text": msgspec.json.decode(notice, type=_Text).text,
                "attempts": attempts,
                "fault": fault,
            }
            for channel, at, notice, attempts, fault in found
        ]
    except (sqlite3.Error, msgspec.DecodeError, UnicodeDecodeError) as fault:
        return [{"channel": FILE, "at": now, "text": "it cannot be read", "attempts": 0, "fault": str(fault)}]
