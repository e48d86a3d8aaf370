"""What the guard still has to reach once it is confined: by its settings, and because it is a Python program."""

from __future__ import annotations

import os
import site
import ssl
import sys
import sysconfig
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import remit
from remit.guard.config import Settings
from remit.guard.landlock import Room

_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
_RESOLVER = (
    "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services",
    "/run/systemd/resolve",
)  # fmt: skip
_AUTHORITIES = ("/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/ca-certificates", "/usr/share/ca-certificates")
RESOLVER_PORT = 53


def room(settings: Settings) -> Room:
    """Return what the sandbox leaves to a guard of these settings.

    It reads its own code, which Python may load late, libraries and time zones; where it calls ports, also the files
    of the resolver and the certificate authorities.
    """
    ports = frozenset(settings.sandbox_ports) | {witness.port for witness in settings.witnesses}
    anchor = () if settings.anchor_folder is None else (settings.anchor_folder,)
    read = [*code(), *map(Path, _LIBRARIES), *map(Path, zoneinfo.TZPATH), *settings.sandbox_read]
    if ports:
        read += [*map(Path, (*_RESOLVER, *_AUTHORITIES)), *_certificates()]
    return Room(
        write=(settings.home, *anchor, *settings.sandbox_write),
        read=tuple(dict.fromkeys(read)),
        ports=tuple(sorted(ports | {RESOLVER_PORT})) if ports else (),
        code=tuple(dict.fromkeys(Path(os.path.realpath(path)) for path in _taken())),
    )


def code() -> Iterator[Path]:
    """Yield where the interpreter and the packages lie."""
    yield Path(remit.__path__[0])
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield Path(sysconfig.get_path(name))
    yield from map(Path, site.getsitepackages())
    library = sysconfig.get_config_var("LIBDIR")
    if library:
        yield Path(library)


def _taken() -> Iterator[Path]:
    """Yield from where Python takes code, now and at the next start: also folders that are not there yet."""
    yield from code()
    yield from map(Path, sys.path)
    if site.ENABLE_USER_SITE:
        yield Path(site.getusersitepackages())


def _certificates() -> Iterator[Path]:
    found = ssl.get_default_verify_paths()
    for path in (found.cafile, found.capath, found.openssl_cafile, found.openssl_capath):
        if path:
            yield Path(path)
