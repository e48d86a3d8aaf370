"""Who asks: the token of a request, from its Authorization header or from a browser's session cookie.

The door believes nothing: it carries the secret to the guard, which says whose it is. What the door adds is that a
cookie, which a browser sends by itself, changes nothing unless the page that asks could also read it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from remit.doors.http.problem import Problem

COOKIE = "remit_session"
HOST_COOKIE = f"__Host-{COOKIE}"
"""Its name over TLS, which a browser takes of this very host alone, and for all its paths: of no sister of it."""
SESSION = "remit_session_"
"""How the secret of a session begins."""
CSRF_HEADER = "X-Remit-CSRF"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SECRET_LENGTH_MAX = 200
Headers = Mapping[bytes, bytes]
"""By their small names, the last of a name: none of those may come twice, and the guard judges what is read."""


class Caller(NamedTuple):
    """The secret that a request brings, and whether a browser sent it by itself."""

    secret: str
    by_cookie: bool


def caller_of(method: str, headers: Headers, *, tls: bool) -> Caller:
    """Return who asks; Problem `token_missing` where nobody does, `csrf_refused` where a cookie is not enough.

    A bearer token comes first. A cookie holds a session and no other token, and is taken only of a page of this very
    host, or of none; to change anything the request also needs `X-Remit-CSRF`.
    """
    given = headers.get(b"authorization")
    if given is not None:
        scheme, _, secret = given.decode("latin-1").partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise _missing("the Authorization header is no bearer token")
        return Caller(_bounded(secret), False)
    secret = cookie_of(headers.get(b"cookie", b""), tls=tls)
    if not secret:
        raise _missing("the request brings no token")
    if not secret.startswith(SESSION):  # whatever listens on another port of this host can set a cookie, too
        raise _missing("the cookie holds no session")
    check_origin(headers)
    given = headers.get(CSRF_HEADER.lower().encode(), b"")
    if method not in SAFE and not hmac.compare_digest(given, csrf_of(secret).encode()):
        raise Problem(
            "csrf_refused",
            f"a session changes nothing without its {CSRF_HEADER} header",
            "Ask GET /v1/session for its value; programs send a bearer token instead",
        )
    return Caller(_bounded(secret), True)


def check_origin(headers: Headers) -> None:
    """Return where a request comes from a page of this host, or from no page; Problem `csrf_refused`."""
    origin, host = headers.get(b"origin"), headers.get(b"host", b"")
    site = headers.get(b"sec-fetch-site", b"same-origin")
    own = origin is None or place_of(origin.decode("latin-1")) == host.decode("latin-1")
    if not own or site not in (b"same-origin", b"none"):
        raise Problem("csrf_refused", "the request comes from another site", "Open the page of this door itself")


def place_of(origin: str) -> str | None:
    """Return the host and port that an Origin header names; None where it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:  # brackets that are no address
        return None


def csrf_of(secret: str) -> str:
    """Return the value that a session's page sends with each change; it tells nothing of the secret."""
    return hmac.digest(hashlib.sha256(secret.encode()).digest(), b"remit csrf", "sha256").hex()


def cookie_of(header: bytes, *, tls: bool) -> str:
    """Return the session's secret from a Cookie header; empty where there is none, and where there are two: nobody
    knows which of them this door set."""
    wanted, found = HOST_COOKIE if tls else COOKIE, set()
    for part in header.decode("latin-1").split(";"):
        name, _, value = part.strip().partition("=")
        if name == wanted:
            found.add(value)
    return found.pop() if len(found) == 1 else ""


def set_cookie(secret: str, *, tls: bool, max_age_s: int) -> tuple[bytes, bytes]:
    """Return the header that gives a browser its session: unreadable for scripts, and sent to this site alone."""
    name, secure = (HOST_COOKIE, "; Secure") if tls else (COOKIE, "")
    value = f"{name}={secret}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}"
    return b"set-cookie", value.encode("latin-1")


def drop_cookie(*, tls: bool) -> tuple[bytes, bytes]:
    """Return the header that takes a browser's session away."""
    return set_cookie("", tls=tls, max_age_s=0)


def _bounded(secret: str) -> str:
    if len(secret) > SECRET_LENGTH_MAX:
        raise Problem("token_malformed", "this is not a whole token", "Copy it again, from `remit_` on")
    return secret


def _missing(message: str) -> Problem:
    return Problem("token_missing", message, "Send Authorization: Bearer remit_...")
