"""Standard Webhooks: how a message over HTTP is signed, so that whoever holds the key knows who sent it and when.

What is signed is `id.timestamp.body`: the id stays the same over all retries, the timestamp is whole seconds since the
epoch. A key travels as text, `whsec_` and base64.
"""

from __future__ import annotations

import base64
import binascii
import hmac

PREFIX = "whsec_"
KEY_BYTES = 32
KEY_BYTES_MIN, KEY_BYTES_MAX = 24, 64
"""What the standard lets a key be."""


def sign(key: bytes, message: str, timestamp: str, body: str) -> str:
    """Return the signature of a message: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64."""
    signed = f"{message}.{timestamp}.{body}".encode(errors="surrogatepass")
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def secret_of(key: bytes) -> str:
    """Return a key as the text that people hand over."""
    return PREFIX + base64.b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """Return the key that a secret spells. Raises ValueError for any other text."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"a secret begins with {PREFIX}")
    try:
        key = base64.b64decode(secret[len(PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a secret is base64 after its first letters") from None
    if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise ValueError(f"a key has {KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes")
    return key
