"""The parts that run beside the application in the process of the doors, as long as it does."""

from __future__ import annotations

from remit.doors.http.app import Part
from remit.doors.mcp.asgi import mount as mcp

PARTS: tuple[Part, ...] = (mcp,)
"""Each is called with the application and gives an async context manager; add one line for each."""
