"""The read model as a part of the doors' process: it follows the journal as long as the application runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from remit.doors.beside import beside
from remit.guard.wire import AsyncClient, GuardError
from remit.kernel.event import Record
from remit.reports.errors import AnotherJournal, ReportError
from remit.reports.model import Model, path_in
from remit.reports.sources import from_folder, from_stream

JOURNAL = "journal"
AGAIN_S = 1.0
log = logging.getLogger("remit.reading")


@contextlib.asynccontextmanager
async def reading(app: Any) -> AsyncIterator[None]:
    """Keep `app.state.model` up to the journal. It stands beside the doors: where it fails they stay open, and what
    needs it says so."""
    home: Path = app.state.settings.home
    app.state.model = None
    try:
        async with beside(lambda stop: _keep(app, home, stop), lambda fault: _failed(app, fault)):
            yield
    finally:
        _put_down(app)


def _failed(app: Any, fault: BaseException) -> None:
    """Let nothing be answered from what is no longer kept up."""
    log.critical("the read model ended: %s", fault, exc_info=fault)
    _put_down(app)


def _put_down(app: Any) -> None:
    if app.state.model is not None:
        app.state.model.close()
        app.state.model = None


async def _keep(app: Any, home: Path, stop: asyncio.Event) -> None:
    said = ""
    while not stop.is_set():
        try:
            if app.state.model is None:
                await asyncio.to_thread(_catch_up, home)
                app.state.model = Model(path_in(home))
            await _follow(app.state.model, app.state.client, stop)
        except AnotherJournal:
            app.state.model.begin_anew()
        except (GuardError, ReportError, OSError) as fault:
            if str(fault) != said:
                said = str(fault)
                log.warning("the read model waits: %s", said)
            if not isinstance(fault, GuardError):
                _put_down(app)  # its file may be another by now: nothing is answered from it until it is read again
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), AGAIN_S)


def _catch_up(home: Path) -> None:
    """Read what is on this machine's disk, which is faster; where the journal is another user's, the guard tells it."""
    with Model(path_in(home)) as model, contextlib.suppress(OSError):
        from_folder(model, home / JOURNAL)


async def _follow(model: Model, client: AsyncClient, stop: asyncio.Event) -> None:
    """Take what the guard tells, beginning with the last entry that was taken; AnotherJournal, GuardError."""
    status = await client.ask("read", {"view": "status"})
    if status["seq"] < model.position:
        raise AnotherJournal(f"the guard is at entry {status['seq']}", "Begin anew")
    await from_stream(model, client.follow({"from": max(model.position, 1)}, Record), stop)
