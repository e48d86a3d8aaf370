"""Exports beside a guard: the heads that stand in buckets, before it starts, and the exporter, once it runs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from remit.guard.config import BUCKET
from remit.up.supervise import Program, Supervisor

NAME = "exporter"
VERIFIER = "verifier.txt"
HEAD_S = 30


async def bucket_heads(home: Path, places: tuple[str, ...], environ: dict[str, str]) -> tuple[list[Path], list[str]]:
    """Return files with the heads that stand in the buckets, which the journal must hold, and why one could not be had.

    The guard opens no connection to a bucket, so that whoever starts it brings these along. Folders it looks at itself.
    """
    heads, faults = [], []
    if not (home / VERIFIER).exists():
        return [], []  # there is no journal yet
    for number, place in enumerate(place for place in places if place.startswith(BUCKET)):
        path = home / f"bucket-{number}.head"
        path.unlink(missing_ok=True)
        words = ("--home", str(home), "journal", "head", place, "--out", str(path))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "remit", *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env=environ,
        )  # fmt: skip
        try:
            said, _ = await asyncio.wait_for(process.communicate(), HEAD_S)
        except TimeoutError:
            process.kill()
            said, _ = await process.communicate()
        if process.returncode == 0 and path.exists():
            heads.append(path)
        elif process.returncode != 0:
            faults.append(f"{place}: {said.decode(errors='replace').strip() or 'no answer'}")
    return heads, faults


async def follow(supervisor: Supervisor, home: Path, environ: dict[str, str]) -> None:
    """Start the exporter to everywhere that the settings name; NotStarted."""
    command = (sys.executable, "-P", "-m", "remit", "--home", str(home), "journal", "export", "--follow")
    await supervisor.start(Program(NAME, command, "following", lambda code: code in (0, 2), environ))
