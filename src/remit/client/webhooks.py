"""Signed messages, for pages that one hosts: reading what a channel sends, and answering for a person.

Standard Webhooks, as docs/notifications.md says; any of its libraries does the same.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from remit.guard.wire import GuardError
from remit.guard.wire.webhook import key_of, sign

TOLERANCE_S = 300


class Forged(GuardError):
    """A message was not signed by whom it should come from, or is not of now."""

    code = "forged"


def heard(secret: str, headers: Mapping[str, str], body: bytes, now_s: float | None = None) -> dict[str, Any]:
    """Return a message that was signed with a channel's secret: `type`, `timestamp`, `data`. Forged.

    `headers` are looked up in small letters. Take each `webhook-id` once: after a crash one may come again.
    """
    said = {name.lower(): value for name, value in headers.items()}
    id, at = said.get("webhook-id", ""), said.get("webhook-timestamp", "")
    now = time.time() if now_s is None else now_s
    if not (at.isascii() and at.isdecimal() and len(at) < 13) or abs(now - int(at)) > TOLERANCE_S:
        raise Forged("its time is not of now", "Check this machine's clock")
    right = sign(key_of(secret), id, at, body.decode(errors="replace"))
    given = said.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(right.encode(), one.encode(errors="replace")) for one in given):
        raise Forged("its signature is not of this secret", "Check the channel's secret, and that the body is whole")
    message: dict[str, Any] = msgspec.json.decode(body)
    return message


def answer(
    callback: str, secret: str, order: str, digest: str, *, approve: bool, why: str = ""
) -> tuple[dict[str, str], bytes]:
    """Return headers and body of the answer for a held order, to be posted to the `callback` that its message names.

    `callback` is the id of the key, `secret` its secret; `digest` is the one that the person was shown.
    """
    data = {"callback": callback, "order": order, "digest": digest, **({"why": why} if why else {})}
    body = msgspec.json.encode({"type": "order.approve" if approve else "order.decline", "data": data})
    id, at = f"msg_{secrets.token_hex(12)}", str(int(time.time()))
    headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": at,
        "webhook-signature": sign(key_of(secret), id, at, body.decode()),
    }
    return headers, body
