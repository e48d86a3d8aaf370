"""The history as a part of the doors' process: it is kept as long as the application runs."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from remit.doors.beside import beside
from remit.doors.history.run import Historian

log = logging.getLogger("remit.history")


@contextlib.asynccontextmanager
async def history(app: Any) -> AsyncIterator[None]:
    """Keep the history while the application runs; it is `app.state.history`. A fault of its own is logged, and the
    doors stay open."""
    historian = app.state.history = Historian(app.state.client, app.state.settings.home)
    async with beside(historian.run, lambda fault: _failed(historian, fault)):
        yield


def _failed(historian: Historian, fault: BaseException) -> None:
    historian.fault = "it ended by a fault of its own; see the log of the doors"
    log.critical("the history ended: %s", fault, exc_info=fault)
