"""Serving: settings, the door's own token, the listening socket, and a clean stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import os
import signal
import socket
import ssl
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import uvicorn

from remit.doors.http.app import DOOR, Options, create_app
from remit.doors.http.parts import PARTS
from remit.doors.http.trace import NoExporter, provider_of
from remit.guard.config import Settings, load
from remit.guard.wire import AsyncClient, GuardError
from remit.kernel.printable import printable

TOKEN = "doors.token"
ADDRESS = "doors.address"
"""Where the door listens, for whoever looks: its URL, as long as it runs."""
DONE, FAULT, USAGE = 0, 1, 2
STOP_S = 3
MESSAGE_BYTES_MAX = 65_536


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
        options = Options(provider=provider_of(environ), parts=PARTS)
    except (GuardError, NotServed, NoExporter) as fault:
        print(printable(f"remit doors: {fault}"), file=sys.stderr)
        return USAGE
    with contextlib.closing(listening):
        try:
            _run(settings, token, listening, options)
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


def listen(settings: Settings, *, any_port: bool = False) -> tuple[socket.socket, Settings]:
    """Return a listening socket at `bind`, and the settings with the address that it has; NotServed."""
    reach = settings.reach
    family = socket.AF_INET6 if ":" in reach.host else socket.AF_INET
    try:
        found = socket.create_server((reach.host, reach.port), family=family, backlog=1024)
    except OSError as fault:
        if fault.errno != errno.EADDRINUSE or not any_port:
            raise NotServed(f"{settings.bind} cannot be listened on: {fault.strerror}. Stop what listens there, or set "
                            f"REMIT_BIND to another") from None  # fmt: skip
        found = socket.create_server((reach.host, 0), family=family, backlog=1024)
    # Connections take it over. The loop's own way of asking for it passes over a socket that was made elsewhere, and
    # every answer in two parts would then wait for the caller's acknowledgement of the first.
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = found.getsockname()[1]
    host = f"[{reach.host}]" if ":" in reach.host else reach.host
    return found, msgspec.structs.replace(settings, bind=f"{host}:{port}")


def url_of(settings: Settings) -> str:
    """Return the URL of the address that the door listens on."""
    return f"{'https' if settings.reach.tls else 'http'}://{settings.bind}"


def _run(settings: Settings, token: str, listening: socket.socket, options: Options) -> None:
    reach = settings.reach

    async def serve() -> None:
        async with AsyncClient(settings.socket, token, DOOR) as client:
            app = create_app(client, settings, options=options)
            config = uvicorn.Config(
                app, lifespan="on", log_level="warning", access_log=False, server_header=False, proxy_headers=False,
                ws_max_size=MESSAGE_BYTES_MAX, timeout_keep_alive=75, timeout_graceful_shutdown=STOP_S,
                ssl_certfile=settings.tls_cert if reach.tls else None,
                ssl_keyfile=settings.tls_key if reach.tls else None,
            )  # fmt: skip
            server = _Server(config, app.state.stopping, settings.home / ADDRESS, url_of(settings))
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, server.leave)
            await server.serve(sockets=[listening])
            if options.provider is not None:
                options.provider.shutdown()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve())


def _loop_factory() -> None | type[asyncio.AbstractEventLoop]:
    """Return the quicker loop where it is installed, else the usual one."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return None
    return uvloop.Loop


class _Server(uvicorn.Server):
    """Says when it is ready, ends streams as soon as it is to stop, and leaves signals to this process."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event, address: Path, url: str) -> None:
        super().__init__(config)
        self._stopping, self._address, self._url = stopping, address, url

    def leave(self) -> None:
        """Stop: streams end, what is under way is answered, then the process ends."""
        self._stopping.set()
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._address.write_text(self._url + "\n", encoding="utf-8")
        print(f"remit doors: ready on {self._url}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._address.unlink(missing_ok=True)
        await super().shutdown(sockets)
