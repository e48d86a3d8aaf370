"""Reach: from where the doors can be reached, and what must hold before that is further than this machine."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from remit.guard.errors import SettingInvalid

BIND = "127.0.0.1:8420"
SecondFactor = Literal["required", "optional"]
_BIND = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+):([0-9]{1,5})", re.ASCII)
_HOST = re.compile(r"[0-9A-Za-z.-]{1,253}|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_SAFE = "Bind loopback and reach it through a VPN, a tunnel or a proxy, as docs/people.md shows"


class Reach(NamedTuple):
    """Where the doors listen and what a browser calls them. `second_factor` says whether a password is enough.

    `rp_id` is the name that passkeys are bound to, `origins` the exact origins that a browser may sign in from.
    """

    host: str
    port: int
    tls: bool
    public_url: str
    second_factor: SecondFactor

    @property
    def rp_id(self) -> str:
        """The host of the public URL; a passkey made for it is worth nothing elsewhere."""
        return str(urlsplit(self.public_url).hostname)

    @property
    def origins(self) -> tuple[str, ...]:
        """The public URL's origin, and the machine's own where the doors listen on loopback under that name."""
        found = {origin_of(self.public_url)}
        if is_loopback(self.host) and self.rp_id == "localhost":
            found.add(f"{'https' if self.tls else 'http'}://localhost:{self.port}")
        return tuple(sorted(found))


def reach(
    bind: str, tls_cert: Path | None, tls_key: Path | None, public_url: str | None, second_factor: str | None
) -> Reach:
    """Return from where the doors can be reached by these settings.

    SettingInvalid for a value that says nothing exact; for any address but a loopback one without TLS; for a password
    alone as proof where others than this machine's user can come as far as the question.
    """
    host, port = address(bind)
    if (tls_cert is None) != (tls_key is None):
        raise SettingInvalid("tls_cert and tls_key belong together", "Name both, or neither")
    tls = tls_cert is not None
    if not is_loopback(host) and not tls:
        raise SettingInvalid(
            f"bind {bind} is no loopback address and there is no TLS", f"Name tls_cert and tls_key. {_SAFE}"
        )
    url = _public(public_url, host, port, tls)
    outside = not is_loopback(host) or not is_loopback(str(urlsplit(url).hostname))
    return Reach(host, port, tls, url, _factor(second_factor, outside))


def address(bind: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`, an IPv6 host in brackets; SettingInvalid."""
    found = _BIND.fullmatch(bind)
    port = 0 if found is None else int(found[2])
    if found is None or not 1 <= port <= 65_535:
        raise SettingInvalid(f"bind {bind!r} is no HOST:PORT", f"Write for example {BIND} or [::1]:8420")
    host = found[1].strip("[]")
    if host != "localhost":
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise SettingInvalid(f"bind {bind!r} names no address", f"Write an address, for example {BIND}") from None
    return host, port


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone, and by its own name or address: nothing is asked of any name service."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """Return the origin of a URL as a browser writes it: scheme, host, and the port where it is not the scheme's."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
    host = str(parts.hostname)
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _public(stated: str | None, host: str, port: int, tls: bool) -> str:
    scheme = "https" if tls else "http"
    if stated is None:
        # Browsers let passkeys be used under a name only, and take this one for safe without TLS.
        name = "localhost" if is_loopback(host) else f"[{host}]" if ":" in host else host
        return f"{scheme}://{name}:{port}"
    parts = _split(stated)
    if parts is None or parts.scheme not in ("http", "https"):
        raise SettingInvalid(f"public_url {stated!r} is no URL", "Write for example https://remit.example.org")
    if parts.scheme == "http" and not is_loopback(str(parts.hostname)):
        raise SettingInvalid(f"public_url {stated} is not https", f"Put TLS before it. {_SAFE}")
    return origin_of(stated)


def _split(stated: str) -> SplitResult | None:
    try:
        parts = urlsplit(stated)
        port = parts.port
    except ValueError:
        return None
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username)
    named = parts.netloc if port is None else parts.netloc.removesuffix(f":{port}")
    return parts if not any(rest) and _HOST.fullmatch(named) else None


def _factor(stated: str | None, outside: bool) -> SecondFactor:
    if stated is None:
        return "required" if outside else "optional"
    if stated == "required":
        return "required"
    if stated != "optional":
        raise SettingInvalid(f"second_factor {stated!r} is unknown", "Write exactly required or optional")
    if outside:
        raise SettingInvalid(
            "second_factor is optional, and the doors can be reached from elsewhere",
            "Leave it out: it is required wherever bind or public_url is no loopback",
        )
    return "optional"
