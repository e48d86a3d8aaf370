"""Long work for a caller, in a process of its own: the door answers others meanwhile, and the guard goes first.

One question of each kind is worked on for operators and one for everybody else, first come, first served, and a caller
has one of a kind at work: nobody who only reads keeps an operator waiting. What nobody waits for any more is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from starlette.types import Receive

from remit.doors.http.call import Who, left
from remit.doors.http.problem import Problem
from remit.doors.http.reading import JOURNAL

TIMEOUT_S = 3600
"""What takes longer is ended: it reads a journal of some ten million entries and more."""
LINE_MAX = 16
"""So many are at work or wait for a place, in all."""
LEFT_S = 30.0
"""Work whose caller was told to come back is ended where they do not within so long."""
NICE = 10
_PROGRESS = 2


class Far(NamedTuple):
    """How far work is: entries read, and all there are; 0 of 0 before it began."""

    read: int
    of: int


class _Work:
    """One question at work, or waiting for a place."""

    def __init__(self, run: list[str], asked: bytes, place: asyncio.Lock) -> None:
        self.asked, self.far, self.waiting = asked, Far(0, 0), 0
        self.ending: asyncio.TimerHandle | None = None
        self.task = asyncio.create_task(self._placed(run, place))

    async def _placed(self, run: list[str], place: asyncio.Lock) -> bytes:
        async with place:
            process = await asyncio.create_subprocess_exec(
                *run, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
            try:
                with contextlib.suppress(OSError):  # it may be over already
                    os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
                async with asyncio.timeout(TIMEOUT_S):
                    return await self._told(process)
            except TimeoutError:
                do = "Ask by the command line, which has no bound: remit evidence, remit mandate what-if"
                raise Problem("too_long", f"it took longer than {TIMEOUT_S} s", do) from None
            finally:
                if process.returncode is None:  # also where nobody waits for it any more
                    process.kill()
                    await process.wait()

    async def _told(self, process: asyncio.subprocess.Process) -> bytes:
        """Return what a process answers: before it come lines of how far it is, and an empty one."""
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(ConnectionError):  # what it says, or how it ended, tells why
            process.stdin.write(self.asked)
            await process.stdin.drain()
        process.stdin.close()
        while line := (await process.stdout.readline()).split():
            if len(line) == _PROGRESS and all(part.isdigit() for part in line):
                self.far = Far(*map(int, line))
        said = await process.stdout.read()
        if not await process.wait():
            return said
        refused = msgspec.json.decode(said) if said else {}
        what = refused.get("what", f"the work ended with {process.returncode}")
        raise Problem(refused.get("code", "internal"), what, refused.get("do", "Look at the door's log"))


class Aside:
    """The work beside one door. `stopping` is set when the door stops: then all of it ends."""

    def __init__(self, home: Path, stopping: asyncio.Event) -> None:
        self._journal, self._stopping = str(home / JOURNAL), stopping
        self._places: dict[tuple[str, bool], asyncio.Lock] = defaultdict(asyncio.Lock)
        """One for each kind of question, of operators and of others; whoever waits is served in turn."""
        self._works: dict[tuple[str, Who], _Work] = {}

    async def what_if(self, who: Who, asked: bytes, receive: Receive) -> bytes:
        """Answer one question of `remit.whatif` about the journal; Problem."""
        told = await self._answer("remit.whatif", who, asked, receive, None)
        assert isinstance(told, bytes)
        return told

    async def evidence(
        self, who: Who, of: str, witnesses: Sequence[str], receive: Receive, wait_s: float | None
    ) -> bytes | Far:
        """Return the zip of `remit.evidence`, under a head with the lines of these witnesses; Problem. After `wait_s`
        seconds, where that is given, how far it is: whoever asks the same again within LEFT_S waits for the same."""
        asked = msgspec.json.encode({"of": of, "witnesses": witnesses})
        return await self._answer("remit.evidence", who, asked, receive, wait_s)

    async def _answer(self, module: str, who: Who, asked: bytes, receive: Receive, wait_s: float | None) -> bytes | Far:
        work = self._work(module, who, asked)
        work.waiting += 1
        ends = {asyncio.ensure_future(left(receive)), asyncio.ensure_future(self._stopping.wait())}
        comes_back = False
        try:
            done, _ = await asyncio.wait({work.task, *ends}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if work.task in done:
                return work.task.result()
            if done:
                raise Problem("too_slow", "the caller left, or the door stops", "Ask again")
            comes_back = True
            return work.far
        finally:
            for end in ends:
                end.cancel()
            work.waiting -= 1
            if not work.waiting:
                if comes_back:
                    work.ending = asyncio.get_running_loop().call_later(LEFT_S, self._end, (module, who), work)
                else:
                    self._end((module, who), work)

    def _work(self, module: str, who: Who, asked: bytes) -> _Work:
        """Return the work on a question, begun where it is not under way. Problem `busy` where the caller has another
        one of its kind, or too many wait."""
        work = self._works.get((module, who))
        if work is not None and work.asked == asked:
            if work.ending is not None:
                work.ending.cancel()
                work.ending = None
            return work
        if work is not None and work.ending is not None and not work.waiting:
            self._end((module, who), work)  # what they came from, and ask no more
        elif work is not None:
            said = "another question of yours is being worked on"
            raise Problem("busy", said, "Wait for its answer, or leave it", retry_after_s=2)
        if len(self._works) >= LINE_MAX:
            raise Problem("busy", f"{LINE_MAX} questions are being worked on", "Try again later", retry_after_s=5)
        place = self._places[module, who.role == "operator"]
        work = _Work([sys.executable, "-P", "-m", module, self._journal], asked, place)
        self._works[module, who] = work
        return work

    def _end(self, key: tuple[str, Who], work: _Work) -> None:
        """Forget work, and end it where it is not done."""
        if work.ending is not None:
            work.ending.cancel()
        if self._works.get(key) is work:
            del self._works[key]
        if not work.task.done():
            work.task.cancel()
        elif not work.task.cancelled():
            work.task.exception()  # it was told, or nobody asks
