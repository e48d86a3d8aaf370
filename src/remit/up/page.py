"""The page: where a person of this machine finds it, and opening it there, signed in."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

OPEN_S = 20
"""How long opening a browser may take; some only return when it is closed."""


def local(address: str) -> str:
    """Return the doors' address as a browser of this machine should ask for it: passkeys and sessions hang on the name,
    and an address of digits is no name to them."""
    parts = urlsplit(address)
    return f"{parts.scheme}://localhost:{parts.port}" if parts.hostname in ("127.0.0.1", "::1") else address


def has_screen(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a browser could show itself: elsewhere one might take the terminal over."""
    return platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


async def open_page(home: Path, environ: Mapping[str, str]) -> bool:
    """Open the page of a data folder in this machine's browser, signed in; False where that did not work."""
    command = (sys.executable, "-P", "-m", "remit", "--home", str(home), "open")
    with contextlib.suppress(OSError, TimeoutError):
        process = await asyncio.create_subprocess_exec(
            *command, env=environ, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        return await asyncio.wait_for(process.wait(), OPEN_S) == 0
    return False
