"""Serving: the application on a socket, what it says when it is ready, and a clean stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from remit.doors.http.app import DOOR, Options, create_app
from remit.doors.http.links import Link, Server
from remit.doors.http.parts import PARTS
from remit.doors.http.process import ADDRESS, url_of
from remit.doors.http.trace import provider_of
from remit.guard.config import Settings
from remit.guard.wire import AsyncClient

STOP_S = 3
MESSAGE_BYTES_MAX = 65_536
GARBAGE_EVERY = 50_000


def serve(settings: Settings, token: str, listening: socket.socket, exporter: str) -> None:
    """Serve on a socket until SIGTERM or Ctrl-C, with the door's own token; OSError, SSLError."""
    reach = settings.reach
    options = Options(provider=provider_of(exporter), parts=PARTS)

    async def run() -> None:
        async with AsyncClient(settings.socket, token, DOOR, guard_uids=settings.guard_uids) as client:
            app = create_app(client, settings, options=options)
            config = config_of(
                app,
                ssl_certfile=settings.tls_cert if reach.tls else None,
                ssl_keyfile=settings.tls_key if reach.tls else None,
            )
            server = _Server(config, app.state.stopping, settings.home / ADDRESS, url_of(settings))
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, server.leave)
            await server.serve(sockets=[listening])
            if options.provider is not None:
                options.provider.shutdown()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run())


def config_of(app: ASGIApp, **more: Any) -> uvicorn.Config:
    """Return how an application is served."""
    config = uvicorn.Config(
        app, http=Link, lifespan="on", log_level="warning", access_log=False, server_header=False, proxy_headers=False,
        ws_max_size=MESSAGE_BYTES_MAX, timeout_keep_alive=75, timeout_graceful_shutdown=STOP_S, **more,
    )  # fmt: skip
    logging.getLogger("uvicorn.error").addFilter(_is_fault)
    return config


def _is_fault(record: logging.LogRecord) -> bool:
    """Whether a line of the server's is for the log. It calls each WebSocket that was refused with a problem an error:
    the refusal is told by whoever refused it."""
    return record.msg != "ASGI callable returned without completing handshake."


def keep() -> None:
    """Leave what is known at the start out of every later look for garbage, for that is most of what there is, and look
    in 50,000 new objects at once."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_EVERY)


def _loop_factory() -> None | type[asyncio.AbstractEventLoop]:
    """Return the quicker loop where it is installed, else the usual one."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return None
    return uvloop.Loop


class _Server(Server):
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
        keep()
        self._address.write_text(self._url + "\n", encoding="utf-8")
        print(f"remit doors: ready on {self._url}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._address.unlink(missing_ok=True)
        await super().shutdown(sockets)
