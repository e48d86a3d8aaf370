"""Webhooks out: a notice as a signed message (Standard Webhooks)."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from remit.doors.notify.notice import Notice
from remit.guard.wire.webhook import key_of, sign


def body_of(notice: Notice, callback: str) -> bytes:
    """Return the message of a notice: its type, when it happened, and its numbers as decimal text.

    For a held order it also says where a page sends its answer. The same notice always gives the same bytes.
    """
    data = {"seq": notice.seq, "text": notice.text, **notice.data}
    if notice.type == "order.held":
        data["callback"] = callback
    at = datetime.fromtimestamp(notice.at // 10**9, UTC).isoformat().replace("+00:00", "Z")
    return msgspec.json.encode({"type": notice.type, "timestamp": at, "data": data})


def headers_of(secret: str, message: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message that is sent at `at` (wall clock, ns); its id is the same over all retries."""
    seconds = str(at // 10**9)
    return {
        "content-type": "application/json",
        "user-agent": "remit",
        "webhook-id": message,
        "webhook-timestamp": seconds,
        "webhook-signature": sign(key_of(secret), message, seconds, body.decode()),
    }
