"""Long work for a caller, in a process of its own and one at a time: the door answers others meanwhile."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from remit.doors.http.problem import Problem
from remit.doors.http.reading import JOURNAL

TIMEOUT_S = 120

_busy = asyncio.Lock()


async def what_if(home: Path, asked: bytes) -> bytes:
    """Answer one question of `remit.whatif` about the journal in a data folder; Problem."""
    return await _worked_out("remit.whatif", home, asked)


async def evidence(home: Path, of: str, witnesses: Sequence[str]) -> bytes:
    """Return the zip of `remit.evidence` about the journal in a data folder, under a head with the lines of these
    witnesses; Problem."""
    return await _worked_out("remit.evidence", home, msgspec.json.encode({"of": of, "witnesses": witnesses}))


async def _worked_out(module: str, home: Path, asked: bytes) -> bytes:
    """Return what a module says of the journal in a data folder. Problem where it refuses, takes longer than two
    minutes, or another question is being worked on."""
    if _busy.locked():
        raise Problem("busy", "another question is being worked on", "Try again in a moment", retry_after_s=5)
    async with _busy:
        run = [sys.executable, "-P", "-m", module, str(home / JOURNAL)]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*run, stdin=pipe, stdout=pipe)
        try:
            said, _ = await asyncio.wait_for(process.communicate(asked), TIMEOUT_S)
        except TimeoutError:
            raise Problem("too_long", f"it took longer than {TIMEOUT_S} s", "Ask for less, or by CLI") from None
        finally:
            if process.returncode is None:  # also where the caller has gone
                process.kill()
                await process.wait()
    if process.returncode:
        refused = msgspec.json.decode(said) if said else {}
        what = refused.get("what", f"the work ended with {process.returncode}")
        raise Problem(refused.get("code", "internal"), what, refused.get("do", "Look at the door's log"))
    return said
