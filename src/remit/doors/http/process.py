"""Before serving: settings, the door's own token and the listening socket, each of them named where it is wrong."""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib.util
import os
import socket
import ssl
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from remit.guard.config import Settings, load
from remit.guard.wire import GuardError
from remit.kernel.printable import printable

TOKEN = "doors.token"
ADDRESS = "doors.address"
"""Where the door listens, for whoever looks: its URL, as long as it runs. One that fell over leaves it."""
OTLP = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
DONE, FAULT, USAGE = 0, 1, 2


class NotServed(Exception):
    """The door cannot be opened: why, and what to do."""


def main(given: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 0 after a clean stop, 2 where settings stand against it, 1 for any other fault."""
    words = _arguments().parse_args(given)
    environ = dict(os.environ)
    if words.home is not None:
        environ["REMIT_HOME"] = str(words.home)
    try:
        settings = load(environ)
        token = token_of(settings.home)
        listening, settings = listen(settings, any_port=words.any_port)
        exporter = exporter_of(environ)
    except (GuardError, NotServed) as fault:
        print(printable(f"remit doors: {fault}"), file=sys.stderr)
        return USAGE
    from remit.doors.http.serving import serve  # after what costs nothing to find out: all else is loaded with it

    with contextlib.closing(listening):
        try:
            serve(settings, token, listening, exporter)
        except (OSError, ssl.SSLError) as fault:
            print(printable(f"remit doors: {fault}. Check the data folder, tls_cert and tls_key"), file=sys.stderr)
            return FAULT
    return DONE


def _arguments() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m remit.doors.http", description=__doc__)
    words.add_argument("--home", type=Path, help="the data folder (default: REMIT_HOME, else ~/.local/share/remit)")
    words.add_argument("--any-port", action="store_true", help="take any free port where the one of `bind` is taken")
    return words


def token_of(home: Path) -> str:
    """Return the door's own token, which `remit up` makes; NotServed where it is missing or others can read it."""
    path = home / TOKEN
    try:
        known = path.lstat()
        if not stat.S_ISREG(known.st_mode) or known.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise NotServed(f"{path} can be read by others. Run: chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip()
    except OSError as fault:
        raise NotServed(
            f"{path} cannot be read: {fault.strerror}. `remit up` makes it; by hand: "
            f"remit token issue doors --role auditor, and keep it there with mode 600"
        ) from None


def exporter_of(environ: Mapping[str, str]) -> str:
    """Return where spans go, by OTEL_TRACES_EXPORTER: `none` (also where nothing is said), `console` or `otlp`;
    NotServed for any other word, and for an exporter that is not installed."""
    wanted = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() or "none"
    if wanted not in ("none", "console", "otlp"):
        raise NotServed(f"OTEL_TRACES_EXPORTER={wanted} is unknown. Set none, console or otlp")
    if wanted == "otlp" and not _is_there(OTLP):
        name = "opentelemetry-exporter-otlp-proto-http"
        raise NotServed(f"OTEL_TRACES_EXPORTER=otlp: its exporter is not installed. Install {name}")
    return wanted


def _is_there(module: str) -> bool:
    """Whether a module is installed; one of its parents may be, without it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def listen(settings: Settings, *, any_port: bool = False) -> tuple[socket.socket, Settings]:
    """Return a listening socket at `bind`, and the settings with the address that it has; NotServed.

    With `any_port` that of a door which fell over comes first, so that whoever has its page open finds this one there,
    and any free one last.
    """
    reach = settings.reach
    family = socket.AF_INET6 if ":" in reach.host else socket.AF_INET
    ports = [*_left(settings), reach.port, 0] if any_port else [reach.port]
    while True:
        try:
            found = socket.create_server((reach.host, ports.pop(0)), family=family, backlog=1024)
            break
        except OSError as fault:
            if fault.errno != errno.EADDRINUSE or not ports:
                raise NotServed(f"{settings.bind} cannot be listened on: {fault.strerror}. Stop what listens there, or "
                                f"set REMIT_BIND to another") from None  # fmt: skip
    # Connections take it over. The loop's own way of asking for it passes over a socket that was made elsewhere, and
    # every answer in two parts would then wait for the caller's acknowledgement of the first.
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = found.getsockname()[1]
    host = f"[{reach.host}]" if ":" in reach.host else reach.host
    return found, msgspec.structs.replace(settings, bind=f"{host}:{port}")


def _left(settings: Settings) -> list[int]:
    """Return the port of a door of this data folder that fell over, where it listened on the same host."""
    try:
        parts = urlsplit((settings.home / ADDRESS).read_text(encoding="utf-8").strip())
        return [parts.port] if parts.port and parts.hostname == settings.reach.host else []
    except (OSError, ValueError):
        return []


def url_of(settings: Settings) -> str:
    """Return the URL of the address that the door listens on."""
    return f"{'https' if settings.reach.tls else 'http'}://{settings.bind}"
