"""Long work beside a door: who waits for it, who leaves, and whom nobody can keep out."""

from __future__ import annotations

import asyncio
import os
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remit.doors.http import aside
from remit.doors.http.aside import Aside, Far
from remit.doors.http.call import Who
from remit.doors.http.problem import Problem

ANN, BOB, OTTO = Who("ann", "operator"), Who("bob", "auditor"), Who("otto", "auditor")
SLOW = """
    import os, sys, time
    asked = sys.stdin.read()
    print(os.getpid(), file=open("pid-" + asked.strip('"'), "w"))
    sys.stdout.write("5 10\\n"); sys.stdout.flush()
    until = time.monotonic() + 30
    while not os.path.exists("go") and time.monotonic() < until:
        time.sleep(0.01)
    sys.stdout.write("\\nanswer"); sys.exit(0)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which each question is worked on until the file `go` is there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slow.py").write_text(textwrap.dedent(SLOW))
    began = asyncio.create_subprocess_exec

    async def exec_(program: str, *_: str, **options: Any) -> asyncio.subprocess.Process:
        return await began(program, "slow.py", **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", exec_)
    yield tmp_path


class Caller:
    """Somebody who waits, until they leave."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}


def run(test: Callable[[Aside], Awaitable[None]]) -> None:
    async def within() -> None:
        await asyncio.wait_for(test(Aside(Path("home"), asyncio.Event())), 20)

    asyncio.run(within())


async def begun(of: str) -> int:
    """The process that works on a question, as soon as it says so."""
    while not (said := Path(f"pid-{of}")).exists() or not said.read_text().strip():
        await asyncio.sleep(0.01)
    return int(said.read_text())


async def ended(pid: int) -> None:
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.01)


def asks(work: Aside, who: Who, of: str, caller: Caller) -> asyncio.Task[bytes]:
    return asyncio.create_task(work.what_if(who, of.encode(), caller.receive))


def test_whoever_leaves_ends_their_work_and_it_runs_behind_everything_else(here: Path) -> None:
    async def test(work: Aside) -> None:
        caller = Caller()
        asked = asks(work, ANN, "a", caller)
        pid = await begun("a")
        assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0) + aside.NICE
        caller.gone.set()
        with pytest.raises(Problem, match="the caller left"):
            await asked
        await ended(pid)
        again = asks(work, ANN, "b", Caller())  # the place is free
        await begun("b")
        again.cancel()  # and so where the handler itself is ended
        await ended(int(Path("pid-b").read_text()))

    run(test)


def test_nobody_who_reads_keeps_an_operator_waiting(here: Path) -> None:
    async def test(work: Aside) -> None:
        reading = [asks(work, who, who.name, Caller()) for who in (BOB, OTTO)]
        await begun("bob")
        with pytest.raises(Problem, match="another question of yours"):
            await work.what_if(BOB, b"more", Caller().receive)
        asked = asks(work, ANN, "ann", Caller())
        await begun("ann")
        assert not Path("pid-otto").exists(), "it waits in line"
        (here / "go").touch()
        assert await asyncio.gather(asked, *reading) == [b"answer"] * 3

    run(test)


def test_the_line_has_an_end(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "LINE_MAX", 2)

    async def test(work: Aside) -> None:
        waiting = [asks(work, Who(name, "auditor"), name, Caller()) for name in ("a", "b")]
        await begun("a")
        with pytest.raises(Problem, match="busy"):
            await work.what_if(OTTO, b"c", Caller().receive)
        (here / "go").touch()
        await asyncio.gather(*waiting)
        assert await work.what_if(OTTO, b"c", Caller().receive) == b"answer"

    run(test)


def test_evidence_is_come_back_for_or_ended(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(work: Aside) -> None:
        async def ask(of: str) -> bytes | Far:
            return await work.evidence(OTTO, of, (), Caller().receive, 0.05)

        while await ask("day") != Far(5, 10):
            pass
        (pid,) = [int(path.read_text()) for path in here.glob("pid-*")]
        os.kill(pid, 0)
        await ask("other")
        await ended(pid)  # who asks for something else has left the first
        monkeypatch.setattr(aside, "LEFT_S", 0.05)
        while await ask("other") != Far(5, 10):
            pass
        for path in here.glob("pid-*"):
            await ended(int(path.read_text()))
        monkeypatch.setattr(aside, "LEFT_S", 5)
        (here / "go").touch()
        while (told := await ask("day")) != b"answer":
            assert isinstance(told, Far)

    run(test)


def test_work_that_takes_too_long_and_work_of_a_door_that_stops_is_ended(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = asyncio.Event()

    async def stopped() -> None:
        work = Aside(Path("home"), stopping)
        asked = asks(work, ANN, "a", Caller())
        pid = await begun("a")
        stopping.set()
        with pytest.raises(Problem, match="the door stops"):
            await asked
        await ended(pid)

    asyncio.run(asyncio.wait_for(stopped(), 20))
    monkeypatch.setattr(aside, "TIMEOUT_S", 0.3)

    async def late(work: Aside) -> None:
        with pytest.raises(Problem, match="too_long"):
            await work.what_if(ANN, b"b", Caller().receive)

    run(late)


def test_a_refusal_is_told_and_a_process_that_broke_too(here: Path) -> None:
    async def test(work: Aside) -> None:
        refusing = 'print("\\n" + \'{"code": "no_day", "what": "it is none", "do": "write it"}\'); raise SystemExit(1)'
        for source, code in ((refusing, "no_day"), ("raise SystemExit(3)", "internal")):
            (here / "slow.py").write_text(source)
            with pytest.raises(Problem) as told:
                await work.what_if(ANN, b"x" * 100_000, Caller().receive)
            assert told.value.code == code

    run(test)
