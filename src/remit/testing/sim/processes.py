"""The processes that simulate, as the runner sees them: each with a hash seed of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence

import msgspec

from remit.testing.sim.report import ANSWER_MAX_S, DIED, HUNG
from remit.testing.sim.worker import Ran, Task

WORKER = (sys.executable, "-m", "remit.testing.sim.worker")
Pair = tuple["Worker", "Worker"]


class WorkerFailed(Exception):
    """A worker hung or died; `code` says which."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Worker:
    """One process that simulates, with a hash seed of its own; started when first asked, and anew after it failed."""

    def __init__(self, command: Sequence[str], hash_seed: int) -> None:
        self._command = command
        self._environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, task: Task) -> Ran:
        """Return what came of a task; raise WorkerFailed where the process hung or died, after ending it."""
        process = await self._running()
        assert process.stdin is not None and process.stdout is not None
        limit_s = ANSWER_MAX_S + task.shrink_s
        try:
            async with asyncio.timeout(limit_s):
                process.stdin.write(msgspec.json.encode(task) + b"\n")
                await process.stdin.drain()
                line = await process.stdout.readline()
        except TimeoutError:
            await self.end()
            raise WorkerFailed(HUNG, f"no end within {limit_s:,.0f} s of real time") from None
        except ConnectionError:
            line = b""
        if not line:
            code = await process.wait()
            self._process = None
            raise WorkerFailed(DIED, f"the process ended with code {code}; what it said is above")
        return msgspec.json.decode(line, type=Ran)

    async def end(self) -> None:
        """End the process, if there is one, at once: it holds nothing worth keeping."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            # A session of its own: Ctrl-C is for the runner, which ends its workers itself.
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=self._environment,
                start_new_session=True, limit=1 << 28,
            )  # fmt: skip
        return self._process


@contextlib.asynccontextmanager
async def pair_of(command: Sequence[str], number: int) -> AsyncIterator[Pair]:
    """Lend two workers of different hash seeds, never those of another pair, and end them in any case."""
    pair = Worker(command, 2 * number + 1), Worker(command, 2 * number + 2)
    try:
        yield pair
    finally:
        for worker in pair:
            await worker.end()
