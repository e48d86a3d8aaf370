"""Limits before anything is read: how often one token and one address may ask, and how much may be sent at once."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from remit.doors.http.auth import cookie_of
from remit.doors.http.problem import Problem

KEYS_MAX = 4096
"""Tokens, and addresses, that are remembered; the one that asked longest ago is forgotten first."""
TARGET_BYTES_MAX = 8192


class Rate(NamedTuple):
    """So many requests a second, and so many at once after a rest."""

    per_s: float
    burst: int


class Limits(NamedTuple):
    """What one door takes. They keep one caller from starving the others; what an agent may do is its mandate's.

    `nobody` is for requests without a token, by address.
    """

    token: Rate = Rate(2000, 4000)
    address: Rate = Rate(4000, 8000)
    nobody: Rate = Rate(50, 200)
    body_bytes: int = 262_144
    body_s: float = 10.0
    """How long a caller has for its body: whoever sends none holds a place under way for so long and no longer."""
    under_way: int = 1024
    streams: int = 64
    streams_each: int = 8
    """Of one caller, by name: a person's tabs, or an agent's processes."""
    streams_kept: int = 16
    """So many of all are kept for operators and approvers."""


class Buckets:
    """Token buckets of one rate, by key, in bounded memory."""

    __slots__ = ("_rate", "_filled")

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._filled: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def wait(self, key: object, now: float) -> float:
        """Take one from the key's bucket and return 0; where it is empty, take none and return the seconds to wait."""
        per_s, burst = self._rate
        level, at = self._filled.get(key, (float(burst), now))
        level = min(level + (now - at) * per_s, burst)
        wait = 0.0 if level >= 1 else (1 - level) / per_s
        self._filled[key] = (level if wait else level - 1, now)
        self._filled.move_to_end(key)
        if len(self._filled) > KEYS_MAX:
            self._filled.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._filled)


class Gate:
    """Lets requests in, or refuses them before their bodies are read. Problem."""

    def __init__(self, limits: Limits, *, tls: bool) -> None:
        self.limits, self._tls = limits, tls
        self._tokens, self._addresses = Buckets(limits.token), Buckets(limits.address)
        self._nobodies = Buckets(limits.nobody)

    def check_rate(self, address: str, authorization: bytes, cookie: bytes, now: float) -> None:
        """Return where the caller has not asked too often; `too_many_requests`."""
        secret = authorization or cookie_of(cookie, tls=self._tls).encode("latin-1")
        wait = self._addresses.wait(address, now)
        if not wait:
            # The hash is this process's own: what is kept tells nothing of the token.
            wait = self._tokens.wait(hash(secret), now) if secret else self._nobodies.wait(address, now)
        if wait:
            raise Problem("too_many_requests", "too many requests", "Ask less often", retry_after_s=max(int(wait), 1))

    def check_size(self, length: bytes, target: int) -> None:
        """Return where the body that is announced, and the target, are not too large; `too_large`."""
        if target > TARGET_BYTES_MAX:
            raise Problem("too_large", f"a path and query have at most {TARGET_BYTES_MAX} bytes", "Send less")
        if length and (not length.isdigit() or int(length[:19]) > self.limits.body_bytes):
            raise self.too_large()

    def too_large(self) -> Problem:
        return Problem("too_large", f"a body has at most {self.limits.body_bytes} bytes", "Send less")

    def too_slow(self) -> Problem:
        said = f"the body was not all there within {self.limits.body_s:g} s"
        return Problem("too_slow", said, "Send it at once", headers=((b"connection", b"close"),))
