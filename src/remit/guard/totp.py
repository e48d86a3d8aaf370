"""Codes: time-based one-time passwords (RFC 6238), six digits that change every 30 seconds."""

from __future__ import annotations

import base64
import hmac
import re
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SECRET_BYTES = 20
STEP_S = 30
DIGITS = 6
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)


def code_at(secret: bytes, step: int) -> str:
    """Return the code of one step: so many times 30 seconds since 1970."""
    return TOTP(secret, DIGITS, SHA1(), STEP_S).generate(step * STEP_S).decode()  # noqa: S303  what every app computes


def step_of(secret: bytes, code: str, now: int) -> int | None:
    """Return the step whose code this is, of the one at `now` (wall clock, ns) and its two neighbours; else None.

    All three are always compared, so that the time it takes tells nothing.
    """
    given = code.replace(" ", "")
    if not _CODE.fullmatch(given):
        return None
    step, found = now // 10**9 // STEP_S, None
    for candidate in (step - 1, step, step + 1):
        if candidate >= 0 and hmac.compare_digest(code_at(secret, candidate), given):
            found = candidate
    return found


def uri_of(secret: bytes, person: str, issuer: str) -> str:
    """Return the text that authenticator apps read, as a QR code or pasted."""
    label = quote(f"{issuer}:{person}", safe="")
    return f"otpauth://totp/{label}?secret={text_of(secret)}&issuer={quote(issuer, safe='')}"


def text_of(secret: bytes) -> str:
    """Return a secret as people type it: base32."""
    return base64.b32encode(secret).decode().rstrip("=")
