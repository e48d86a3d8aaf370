"""Waits that end: all of them on one timer."""

from __future__ import annotations

import asyncio
import time

import pytest

from remit.doors.http.late import Late


async def slow(seconds: float, gives: str) -> str:
    await asyncio.sleep(seconds)
    return gives


async def waited(late: Late, seconds: float, gives: str = "done") -> str:
    try:
        return await late.until(late.ends_at(), lambda: slow(seconds, gives))
    except TimeoutError:
        return "late"


def test_each_wait_gives_what_came_or_ends() -> None:
    async def run() -> tuple[list[str], float]:
        late = Late(0.1)
        began = time.monotonic()
        found = await asyncio.gather(*(waited(late, seconds) for seconds in (0, 0.01, 30, 60, 0.02)))
        return found, time.monotonic() - began

    found, took = asyncio.run(run())
    assert found == ["done", "done", "late", "late", "done"]
    assert took < 5


def test_one_that_is_cancelled_from_outside_is_not_late() -> None:
    async def run() -> None:
        late = Late(0.05)
        task = asyncio.ensure_future(waited(late, 30))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await waited(late, 0.2) == "late"  # and the others are looked at as before

    asyncio.run(run())


def test_it_serves_one_loop_after_another() -> None:
    late = Late(0.05)
    for _ in range(3):
        assert asyncio.run(waited(late, 30)) == "late"
        assert asyncio.run(waited(late, 0)) == "done"


def test_a_fault_is_passed_on() -> None:
    async def failing() -> str:
        raise OSError("broken")

    async def run() -> str:
        late = Late(1)
        return await late.until(late.ends_at(), failing)

    with pytest.raises(OSError, match="broken"):
        asyncio.run(run())
