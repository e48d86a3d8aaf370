"""Ten thousand decisions on the page, before a real guard and the door with its read model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.doors.http.approver import code_of
from tests.doors.http.conftest import LIMITS, Door, people
from tests.guard.processes import Processes, intent, wait_for
from tests.web.conftest import Person

from remit.doors.http.app import Options
from remit.doors.http.reading import reading
from remit.guard.wire import AsyncClient
from remit.kernel import command as c

MANY, AT_ONCE, READ_S = 10_000, 250, 60
STEP = 499
"""As many as come at once."""
SCROLLED_TO = """(least) => {
    scrollTo(0, document.documentElement.scrollHeight);
    return [...document.querySelectorAll(".decisions-lines li")].some((row) => row.dataset.index >= least);
}"""
FEW_NODES = 60
"""Rows of a window and what is kept ready around it."""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door that was started when all of it was in the journal, and has read it."""
    processes = Processes(Path(tmp_path_factory.mktemp("many")))
    try:
        processes.start_guard()
        processes.set_up(LIMITS)
        people(processes)
        processes.mark("100")
        asyncio.run(many(processes))
        door = Door(processes, options=Options(parts=(reading,)))
        door.start()
        try:
            wait_for(lambda: is_read(door), "a journal that is read to its end", READ_S)
            yield door
        finally:
            door.stop()
    finally:
        processes.stop()


async def many(processes: Processes) -> None:
    """Let an agent be denied thousands of times."""
    async with AsyncClient(processes.home / "guard.sock", processes.secrets["momentum"], "test") as client:
        for first in range(0, MANY, AT_ONCE):
            wanted = (c.Submit(intent=intent(f"many-{n}", "100000")) for n in range(first, first + AT_ONCE))
            await asyncio.gather(*(client.ask("command", command) for command in wanted))


def is_read(door: Door) -> bool:
    answer = door.http().get("/v1/journal", params={"latest": True, "limit": 1})
    seq = door.http().get("/v1/status").json()["seq"]
    return answer.status_code == 200 and bool(answer.json()["items"]) and answer.json()["items"][0]["seq"] >= seq


def test_they_scroll_with_few_rows_in_the_page(door: Door, chromium: Any) -> None:
    person = Person(chromium, f"http://localhost:{door.port}")
    person.sign_in(code_of(door), "/decisions?verdict=deny&agent=momentum")
    rows = person.page.locator(".decisions-lines li")
    rows.first.wait_for()
    most, held = 0, 0
    while held < MANY:
        person.page.wait_for_function(SCROLLED_TO, arg=min(held + STEP, MANY - 1))
        held = int(rows.last.get_attribute("data-index")) + 1
        most = max(most, rows.count())
    assert most < FEW_NODES, f"{most} rows for {held} lines"
    person.page.evaluate("scrollTo(0, 0)")
    person.page.locator(".decisions-lines li[data-index='0']").wait_for()
    assert rows.count() < FEW_NODES
    person.close()
