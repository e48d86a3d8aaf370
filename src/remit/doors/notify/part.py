"""Notifications as a part of the doors' process: they run as long as it does."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from remit.doors.beside import beside
from remit.doors.notify.run import Notifier
from remit.doors.notify.safe import Sender, networks
from remit.guard.config import Settings

CALLBACK_PATH = "/v1/callbacks/approvals"
log = logging.getLogger("remit.notify")


def callback_of(settings: Settings) -> str:
    """Return the address that approval pages send their signed answers to, as others reach it."""
    return settings.reach.public_url.rstrip("/") + CALLBACK_PATH


@contextlib.asynccontextmanager
async def notifications(app: Any) -> AsyncIterator[None]:
    """Carry notices while the application runs; it is `app.state.notify`. A fault of its own is logged, and the doors
    stay open."""
    settings: Settings = app.state.settings
    notifier = app.state.notify = Notifier(
        app.state.client,
        settings.home,
        callback=callback_of(settings),
        sender=Sender(networks(settings.notify_allow)),
    )
    async with beside(notifier.run, _failed):
        yield


def _failed(fault: BaseException) -> None:
    log.critical("notifications ended: %s", fault, exc_info=fault)
