"""Supervision: programs are started in order, watched, started again where that is sensible, and stopped in reverse.

What a program says goes to its own log file. Programs run in a session of their own, so that Ctrl-C reaches the
supervisor alone, which then stops them one after the other; should the supervisor itself be killed, the kernel of the
machine tells each of them to stop (Linux).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

from remit.kernel.printable import printable

READY_S = 30
STOP_S = 10
PAUSES_S = (0.5, 1, 2, 5, 10, 30)
"""How long to wait before a program is started again; the last for ever after."""
CALM_S = 60
"""A program that ran so long is counted as well again."""
LINE_BYTES_MAX = 65_536
_PR_SET_PDEATHSIG = 1
_SECRET = re.compile(r"remit_[A-Za-z0-9_-]{20,}")


class NotStarted(Exception):
    """A program did not become ready: which, why, and what it said last."""


class Program(NamedTuple):
    """What to run and how to know that it is ready; `is_final` says after which exit codes it is not started again, and
    `changed` why it is not started again by itself whatever the code was, or nothing.

    `passphrase` is handed over through a pipe, whose number the program finds behind `--passphrase-fd`.
    """

    name: str
    command: tuple[str, ...]
    ready: str
    is_final: Callable[[int], bool]
    environ: dict[str, str]
    passphrase: str | None = None
    changed: Callable[[], str] = lambda: ""


Said = Callable[[str, str], None]
"""Called with a program's name and each line that it says."""


class Supervisor:
    """Runs programs until `stop`; `over` is done, with the reason, once a program has ended for good."""

    def __init__(self, logs: Path, said: Said = lambda name, line: None) -> None:
        self.logs = logs
        self.over: dict[str, asyncio.Future[str]] = {}
        self.restarts: dict[str, int] = {}
        self._said = said
        self._running: dict[str, _Run] = {}
        self._keeping: dict[str, asyncio.Task[None]] = {}
        logs.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # the mode is the last folder's alone
        logs.mkdir(mode=0o700, exist_ok=True)

    async def start(self, program: Program) -> str:
        """Start a program and return the line that said it is ready; NotStarted."""
        run = await self._spawn(program)
        line = await self._until_ready(program, run)
        self.over[program.name] = asyncio.get_running_loop().create_future()
        self._keeping[program.name] = asyncio.ensure_future(self._keep(program, run))
        return line

    async def stop(self) -> None:
        """Stop every program, the last started first; one that does not stop within STOP_S is killed."""
        for name in reversed(list(self._running)):
            await self.stop_one(name)

    async def stop_one(self, name: str) -> int | None:
        """Stop one program and return its exit code."""
        keeping = self._keeping.pop(name, None)
        if keeping is not None:
            keeping.cancel()
            await asyncio.wait([keeping])
        run = self._running.pop(name, None)
        return None if run is None else await run.stop()

    async def _spawn(self, program: Program) -> _Run:
        handed = _handed(program.passphrase)
        process = await asyncio.create_subprocess_exec(
            *program.command,
            *(word for descriptor in handed for word in ("--passphrase-fd", str(descriptor))),
            pass_fds=handed,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            env=program.environ,
            preexec_fn=_stop_with(os.getpid()),
        )
        for descriptor in handed:
            os.close(descriptor)
        run = _Run(process, self.logs / f"{program.name}.log", lambda line: self._said(program.name, line))
        self._running[program.name] = run
        return run

    async def _until_ready(self, program: Program, run: _Run) -> str:
        try:
            async with asyncio.timeout(READY_S):
                line = await run.wait_for(program.ready)
        except TimeoutError:
            line = None
        if line is None:
            await self.stop_one(program.name)
            said = " / ".join(run.last) or "nothing"
            raise NotStarted(f"{program.name} did not start. It said: {said}. Its log: {run.log}")
        return line

    async def _keep(self, program: Program, run: _Run) -> None:
        tries = 0
        while True:
            began = time.monotonic()
            code = await run.wait()
            tries = 0 if time.monotonic() - began > CALM_S else tries
            ended = f"{program.name} ended ({_told(code)})"
            if program.is_final(code):
                reason = f"{ended}: {' / '.join(run.last)}"
                self._said(program.name, reason)
                self.over[program.name].set_result(reason)
                return
            changed = program.changed()
            if changed:
                reason = f"{ended} and is not started again: {changed}"
                self._said(program.name, reason)
                self.over[program.name].set_result(reason)
                return
            self._said(program.name, f"{ended} and is started again")
            self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
            await asyncio.sleep(PAUSES_S[min(tries, len(PAUSES_S) - 1)])
            tries += 1
            run = await self._spawn(program)


class _Run:
    """One run of a program: its process, and what it says on its way to the log."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, said: Callable[[str], None]) -> None:
        self.process = process
        self.log = log
        self.last: deque[str] = deque(maxlen=4)
        self._said = said
        self._wanted: dict[str, asyncio.Future[str | None]] = {}
        self._seen: list[str] = []
        self._pump = asyncio.ensure_future(self._write_log())

    async def wait_for(self, words: str) -> str | None:
        """Return the first line that has these words; None where the program ended without one."""
        for line in self._seen:
            if words in line:
                return line
        waiting: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._wanted[words] = waiting
        return await waiting

    async def wait(self) -> int:
        """Return the exit code, after everything it said was written."""
        code = await self.process.wait()
        await asyncio.wait([self._pump], timeout=1)
        return code

    async def stop(self) -> int:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_S):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
        return await self.wait()

    async def _write_log(self) -> None:
        """Write what the program says, without any token and with nothing that steers who looks at it: somebody may be
        in that program. A log file is private."""
        assert self.process.stdout is not None
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            async for raw in _lines(self.process.stdout):
                line = printable(raw.decode("utf-8", "replace"))
                self._said(line)
                line = _SECRET.sub("remit_***", line)
                self.last.append(line)
                file.write(line + "\n")
                file.flush()
                self._note(line)
        for waiting in self._wanted.values():
            if not waiting.done():
                waiting.set_result(None)

    def _note(self, line: str) -> None:
        if len(self._seen) < 50:
            self._seen.append(line)
        for words, waiting in self._wanted.items():
            if words in line and not waiting.done():
                waiting.set_result(line)


async def _lines(said: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield each line, and of one without end its beginning: nobody who says it fills this process."""
    kept = b""
    while data := await said.read(LINE_BYTES_MAX):
        *whole, kept = (kept + data).split(b"\n")
        for line in whole:
            yield line[:LINE_BYTES_MAX]
        if len(kept) > LINE_BYTES_MAX:
            yield kept[:LINE_BYTES_MAX]
            kept = b""
    if kept:
        yield kept


def _told(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def _handed(passphrase: str | None) -> tuple[int, ...]:
    """Return the end of a pipe that the passphrase can be read from, or nothing where there is none."""
    if passphrase is None:
        return ()
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        pipe.write(passphrase + "\n")
    return (reading,)


def _stop_with(parent: int) -> Callable[[], None] | None:
    """Return what a child does before it becomes the program: ask to be told to stop when its parent dies."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died between the fork and the question
            os._exit(1)

    return ask
