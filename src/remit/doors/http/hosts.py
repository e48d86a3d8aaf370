"""Hosts: under which names the door answers. A page elsewhere can point a name of its own at this machine (DNS
rebinding); a browser then still says that name, and is refused."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


class Hosts:
    """The names that a Host header may say: those of the bind address and of the public URL.

    On a loopback bind these are loopback names alone. Elsewhere any literal address will do, since no name service has
    a say in it.
    """

    def __init__(self, host: str, public_url: str) -> None:
        self._loopback = is_loopback(host)
        self._names = {"localhost", urlsplit(public_url).hostname or host} if self._loopback else {
            urlsplit(public_url).hostname or host
        }  # fmt: skip
        self._known: dict[bytes, bool] = {}

    def takes(self, header: bytes) -> bool:
        """Whether a Host header names this door."""
        known = self._known.get(header)
        if known is None:
            known = self._judge(header)
            if len(self._known) < 64:  # whoever invents names fills no memory
                self._known[header] = known
        return known

    def _judge(self, header: bytes) -> bool:
        try:
            host = urlsplit("//" + header.decode("ascii")).hostname or ""
            address = ipaddress.ip_address(host)
        except UnicodeDecodeError:
            return False
        except ValueError:
            return _name_of(header) in self._names
        return address.is_loopback if self._loopback else True


def _name_of(header: bytes) -> str:
    return header.decode("ascii", "replace").rpartition(":")[0].lower() or header.decode("ascii", "replace").lower()


def is_local(host: str, public_url: str) -> bool:
    """Whether a door is reached from this machine alone, also by its public name."""
    return is_loopback(host) and is_loopback(urlsplit(public_url).hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's own name or address; no name service is asked."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
