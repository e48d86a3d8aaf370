"""The machine's clock jumps while orders work: guard and venue run under libfaketime, which changes the wall clock of
both and leaves the steady one alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from scripts.system import NEEDS, advice, faketime
from tests.faults.desk import FaultDesk, set_up
from tests.faults.truth import assert_settled, assert_truth
from tests.guard.processes import intent, wait_for

from remit.kernel import command as c
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import NANOSECONDS, Price, parse

HOUR_S = 3600


class ClockDesk(FaultDesk):
    """A desk on a machine whose wall clock is `ahead_s` seconds ahead of the true time; below zero it is behind."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        library = faketime()
        if library is None:
            pytest.skip(f"no libfaketime ({advice(NEEDS[-1])})")
        self._file = home / "faketime"  # where a confined guard may still read it
        self.environ |= {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.set_clock(0)

    def set_clock(self, ahead_s: float) -> None:
        """Set the wall clock of the machine, at once for every process on it."""
        self.ahead_s = ahead_s
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{ahead_s:+f}\n")
        os.replace(fresh, self._file)

    def set_clock_to(self, at: datetime) -> None:
        self.set_clock(at.timestamp() - time.time())

    def now(self) -> int:
        return time.time_ns() + int(self.ahead_s * NANOSECONDS)

    def halts(self) -> list[tuple[str, str]]:
        return [(row["subject"], row["cause"]) for row in self.read("halts")]

    def rules(self, quantity: str, side: str = "buy", **more: Any) -> list[str]:
        """Propose an order, and return the rules it breaks."""
        self.sent += 1
        decision = self.order(f"c{self.sent}-{time.time_ns()}", quantity, side, **more)["decision"]
        return [finding["rule"] for finding in decision.get("findings", ())]

    def believe(self, price: str) -> None:
        """Mark until an order would be judged on it: after hours without a price the first is not believed alone."""

        def fresh() -> bool:
            self.mark(price)
            body = c.Submit(intent=msgspec.structs.replace(intent("preview", "1"), created_at=self.now()))
            with self.client("momentum") as client:
                found = client.ask("preview", body)["decision"].get("findings", ())
            return "mark_fresh" not in [finding["rule"] for finding in found]

        wait_for(fresh, "the price is believed")

    def held(self) -> int:
        rows = [row["quantity"] for row in self.read("positions")["positions"] if row["subject"] == "account:main"]
        return int(rows[0]) if rows else 0

    def resume(self) -> None:
        for row in self.read("halts"):
            self.say(c.Review(halt=row["id"], limit=row["rule"], why="the clock was set right"))
            answer = self.say(c.Resume(halt=row["id"], why="the clock was set right"))
            assert answer["events"][0]["event"] != "refused", answer


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ClockDesk]:
    desk = ClockDesk(tmp_path / "home")
    yield desk
    desk.stop()


@pytest.mark.parametrize(("by_s", "end_s"), [(HOUR_S, HOUR_S), (-HOUR_S, 0)], ids=["ahead", "back"])
def test_an_hour_s_jump_closes_openings_and_only_those(desk: ClockDesk, by_s: int, end_s: int) -> None:
    """While orders work, and again across kill -9 and a new start; until a person has looked and the clock is true."""
    set_up(desk)
    stop = ExitTerms(legs=(Leg(kind="stop_loss", trigger=parse(Price, "90")),))
    assert desk.rules("10", exit=stop) == []
    low = desk.order("works", type="limit", limit_price=parse(Price, "50"))["decision"]["order"]
    wait_for(lambda: desk.held() == 10, "the position is there")
    before = desk.records()[-1].command.at

    desk.set_clock(by_s)
    wait_for(lambda: desk.halts() == [("firm", "clock")], "the jump halts the firm")
    assert "clock_fault" in desk.alerts()
    desk.mark("100")
    assert "agent_active" in desk.rules("1")
    assert desk.rules("3", "sell") == [], "what reduces passes"
    wait_for(lambda: desk.held() == 7, "and is filled")
    desk.say(c.Cancel(order=low))
    wait_for(lambda: low not in desk.folded().state.orders, "a cancel passes")
    at = desk.records()[-1].command.at
    assert before < at < before + 60 * NANOSECONDS, "journal time goes on as if nothing had happened"

    desk.kill_guard()
    desk.start_guard()
    desk.until_ready()
    desk.mark("100")
    assert desk.halts() == [("firm", "clock")], "no start ends it"
    assert "agent_active" in desk.rules("1")
    assert desk.rules("2", "sell") == []
    wait_for(lambda: desk.held() == 5, "what reduces passes after a start as well")

    wait_for(lambda: (desk.mark("89"), desk.held() == 0)[1], "a stop that is touched closes, whatever the clock says")

    assert desk.end_guard() == 0
    desk.set_clock(end_s)
    desk.start_guard()
    desk.until_ready()
    desk.mark("100")
    desk.resume()
    assert desk.rules("1") == []
    faults = [r.command.body.jump_ns for r in desk.records() if isinstance(r.command.body, c.ClockFault)]
    assert abs(faults[0] - by_s * NANOSECONDS) < 5 * NANOSECONDS
    assert_settled(desk)


CHANGES = {  # when clocks in Berlin are put forward, or back, and the end of that day
    "summer begins": (datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 3, 28, 22, tzinfo=UTC), 23),
    "summer ends": (datetime(2027, 10, 31, 1, tzinfo=UTC), datetime(2027, 10, 31, 23, tzinfo=UTC), 25),
}


@pytest.mark.parametrize(("change", "roll", "hours"), CHANGES.values(), ids=CHANGES)
def test_summer_time_and_the_roll_of_its_day(desk: ClockDesk, change: datetime, roll: datetime, hours: int) -> None:
    """At the change itself nothing happens: no jump, no halt. The day that has it is an hour shorter or longer, and a
    limit by the day counts from its true end on; a clock that is set past that end rolls no day."""
    desk.set_clock_to(change)
    desk.set_clock(desk.ahead_s - 20)
    set_up(desk, Mandate(zone="Europe/Berlin", orders_per_day_max=3))
    begin_before(desk, change)
    assert desk.rules("1") == []
    wait_for(lambda: desk.now() > change.timestamp() * NANOSECONDS + NANOSECONDS // 4, "the change is over")
    desk.mark("100")
    assert desk.rules("1") == []
    assert desk.halts() == []

    begin_before(desk, roll)
    assert (desk.rules("1"), desk.rules("1")) == ([], ["orders_per_day_max"]), "still the same day"
    wait_for(lambda: desk.now() > roll.timestamp() * NANOSECONDS + NANOSECONDS // 4, "the day is over")
    desk.mark("100")
    assert desk.rules("1") == []
    assert desk.halts() == []
    days = [r.command.body for r in desk.records() if isinstance(r.command.body, c.SetSessions)]
    starts = sorted({at // NANOSECONDS for day in days if day.zone == "Europe/Berlin" for at in day.starts})
    assert roll.timestamp() in starts
    assert hours * HOUR_S == roll.timestamp() - starts[starts.index(int(roll.timestamp())) - 1]

    assert (desk.rules("1"), desk.rules("1"), desk.rules("1")) == ([], [], ["orders_per_day_max"])
    desk.set_clock(desk.ahead_s + 30 * HOUR_S)
    wait_for(lambda: desk.halts() == [("firm", "clock")], "the jump halts the firm")
    assert "orders_per_day_max" in desk.rules("1"), "a jump past midnight gives no new day"
    assert_truth(desk, decide=True)


def begin_before(desk: ClockDesk, at: datetime) -> None:
    """Start the guard again so long before an instant as this machine needs to be ready before it."""
    assert desk.end_guard() == 0
    desk.set_clock_to(at)
    desk.set_clock(desk.ahead_s - 1.5 - 2 * desk.start_s)
    desk.start_guard()
    desk.until_ready()
    desk.believe("100")
    assert desk.now() < at.timestamp() * NANOSECONDS, "this machine is too slow for this test"
