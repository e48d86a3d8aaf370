"""The parts that run beside the application in the process of the doors, as long as it does."""

from __future__ import annotations

from remit.doors.history.part import history
from remit.doors.http.app import Part
from remit.doors.http.reading import reading
from remit.doors.mcp.asgi import mount as mcp
from remit.doors.notify.part import notifications

PARTS: tuple[Part, ...] = (mcp, notifications, reading, history)
"""Each is called with the application and gives an async context manager; add one line for each."""
