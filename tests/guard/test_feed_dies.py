"""A feed that dies, with real processes: openings close within the limit, it is told once, and prices mend it.

The guard here has a minute of two seconds; everything else of it is as it ships.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.guard.processes import Processes, _start, wait_for

from remit.journal.log import read_entries
from remit.journal.store import FolderReader
from remit.kernel import command as c
from remit.kernel.codec import decode
from remit.kernel.event import Alarm, Record
from remit.kernel.numbers import NANOSECONDS

MINUTE_S = 2
GUARD = f"""
import sys
import remit.kernel.health
remit.kernel.health.GAP_NS = {MINUTE_S * NANOSECONDS}
from remit.guard.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
FEED = """
import asyncio, sys
from pathlib import Path
from remit.feeds import live
from remit.up import feed_live, prices

class Exchange:
    symbols = ["AAPL/USD"]
    async def load_markets(self): pass
    async def fetch_ticker(self, symbol):
        return {"bid": "99.9", "ask": "100.1", "last": "100", "previousClose": "100"}
    async def close(self): pass

prices.connect = lambda exchange: Exchange()
live.ccxt_errors = lambda: live.Errors(ValueError, TimeoutError)
home = Path(sys.argv[1])
print("feed: begins", flush=True)
feed_live(home, home / "guard.sock", sys.argv[2], "stand-in", {"AAPL": "AAPL/USD"}, poll_s=1, told=lambda count: None)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path / "home")
    try:
        processes.guard = _start([sys.executable, "-c", GUARD, "--home", str(processes.home)], "ready on")
        processes.secrets["operator"] = (processes.home / "operator.token").read_text().strip()
        processes.start_venue()
        (processes.home / "paper.feed.key").write_text((processes.home / "feed.key").read_text())
        processes.set_up()
        processes.until_ready()
        yield processes
    finally:
        processes.stop()


def feed(desk: Processes) -> subprocess.Popen[str]:
    return _start([sys.executable, "-c", FEED, str(desk.home), desk.secrets["bars"]], "feed: begins")


def alarms(desk: Processes) -> list[str]:
    records = [decode(Record, entry) for _, entry in read_entries(FolderReader(desk.home / "journal"), 0)]
    return [event.code for record in records for event in record.events if isinstance(event, Alarm)]


def verdict(desk: Processes) -> tuple[str, list[Any]]:
    decision = desk.submit("1")["decision"]
    return decision["verdict"], [finding["rule"] for finding in decision.get("findings", ())]


def test_a_feed_that_dies_closes_openings_and_is_told_once(desk: Processes) -> None:
    first = feed(desk)
    wait_for(lambda: verdict(desk)[0] == "allow", "prices come and an order is allowed")
    wait_for(lambda: bool(desk.read("positions")), "it fills")
    (mark,) = desk.read("marks")
    assert (mark["source"], mark["unfit"]) == ("live:stand-in", "")

    first.kill()
    first.wait(10)
    died = time.monotonic()
    wait_for(lambda: desk.read("marks")[0]["unfit"].startswith("quiet: "), "its silence is noticed")
    assert time.monotonic() - died < MINUTE_S + 3
    assert verdict(desk) == ("deny", ["mark_fresh"])
    reducing = desk.submit("1", "sell", reduce="only")["decision"]
    assert "mark_fresh" not in [finding["rule"] for finding in reducing.get("findings", ())]
    time.sleep(MINUTE_S)
    assert alarms(desk).count("feed_quiet") == 1

    second = feed(desk)
    try:
        wait_for(lambda: desk.read("marks")[0]["unfit"] == "", "the second mark makes it fit again")
        wait_for(lambda: verdict(desk)[0] == "allow", "orders are allowed again")
    finally:
        second.kill()
        second.wait(10)
    assert alarms(desk).count("feed_quiet") == 1
    quiet = [
        record.command.body
        for record in (decode(Record, entry) for _, entry in read_entries(FolderReader(desk.home / "journal"), 0))
        if isinstance(record.command.body, c.Quiet)
    ]
    assert quiet == [c.Quiet(instruments=("AAPL",))]
