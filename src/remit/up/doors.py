"""The doors: the process that people, agents and clients reach over HTTP. The guard needs none of it, and goes on
without."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from remit.guard.wire import AsyncClient, GuardRefused
from remit.up.desk import DOOR, write_private
from remit.up.supervise import Program, Supervisor

TOKEN = "doors.token"
READY = "ready on "
NAME = "doors"


async def open_doors(
    supervisor: Supervisor, home: Path, socket: Path, environ: dict[str, str], *, any_port: bool
) -> str:
    """Start the doors with a token of their own, which can read and change nothing, and return their address.

    NotStarted where they do not come up; GuardError; OSError where there is no operator token to make theirs with.
    """
    await _keep_token(home, socket)
    words = ["--home", str(home), *(["--any-port"] if any_port else [])]
    command = (sys.executable, "-P", "-m", "remit.doors.http", *words)
    ready = await supervisor.start(Program(NAME, command, READY, lambda code: code in (0, 2), environ))
    return ready.partition(READY)[2].strip()


async def _keep_token(home: Path, socket: Path) -> None:
    """Leave a token of the doors' own in the data folder: the one that is there, or a new one where it is worth
    nothing."""
    path = home / TOKEN
    if path.exists() and await _is_worth_something(socket, path.read_text().strip()):
        return
    asked: dict[str, Any] = {"kind": "new_token", "role": "auditor", "name": NAME, "owner": NAME}
    async with AsyncClient(socket, (home / "operator.token").read_text().strip(), DOOR) as client:
        answer = await client.ask("command", asked)
    write_private(path, answer["secret"] + "\n")


async def _is_worth_something(socket: Path, token: str) -> bool:
    async with AsyncClient(socket, token, DOOR) as client:
        try:
            await client.ask("read", {"view": "self"})
        except GuardRefused:
            return False
        return True
