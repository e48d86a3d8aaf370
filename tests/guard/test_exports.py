"""Exports as the guard sees them: how far behind each is, one alarm for each that falls behind, what is unreadable."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from remit.doors.notify.notice import Orders, notices_of
from remit.guard.exports import NOWHERE, WHY_MAX, Exports, Wanted
from remit.guard.guard import Guard
from remit.guard.handle import Handle
from remit.guard.wire import Server
from remit.journal.standing import Standing, file_name, write
from remit.kernel import command as c
from remit.kernel.event import Record
from remit.kernel.numbers import NANOSECONDS
from remit.reports.story import tell as told_of
from remit.testing.world import MemoryWorld

PLACE = "s3://worm/desk"


class Deaf(Server):
    """Listens to nobody."""

    def __init__(self, handle: Handle) -> None:
        super().__init__(Path("nowhere"), handle)

    async def start(self) -> None:
        """Nothing."""

    async def stop(self) -> None:
        """Nothing."""


def exports(world: MemoryWorld, size: int = 100) -> Exports:
    return Exports(world, Wanted((PLACE,), 60), lambda: size, lambda code, why: None)


def tell(world: MemoryWorld, size: int, ago_s: int, fault: str = "") -> None:
    at = world.now() - ago_s * NANOSECONDS
    told = Standing(to=PLACE, size=size, root="ab", at=at, tried_at=at, fault=fault)
    world.publish(file_name(PLACE), write(told).decode())


@pytest.mark.parametrize(
    ("size", "ago_s", "fault", "lag_entries", "late"),
    [
        (100, 0, "", 0, False),
        (90, 60, "", 10, False),
        (90, 61, "", 10, True),
        (100, 61, "", 0, True),
        (120, 0, "", 0, False),
        (90, 5, "export_unreachable: away", 10, False),
        (90, -50, "", 10, False),
    ],
)
def test_how_far_behind_an_export_is(size: int, ago_s: int, fault: str, lag_entries: int, late: bool) -> None:
    world = MemoryWorld()
    tell(world, size, ago_s, fault)
    (row,) = exports(world).rows()
    assert (row["to"], row["size"], row["lag_entries"], row["late"]) == (PLACE, size, lag_entries, late)
    assert row["lag_s"] == max(0, ago_s) and row["fault"] == fault


def test_one_that_leaves_no_word_is_late_from_the_start_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = MemoryWorld()
    seen = exports(world)
    (row,) = seen.rows()
    assert (row["lag_entries"], row["lag_s"], row["late"], row["at"]) == (100, 0, False, None)
    later = world.now() + 61 * NANOSECONDS
    monkeypatch.setattr(world, "now", lambda: later)
    assert seen.rows()[0]["late"]
    world.publish(file_name(PLACE), "{}")
    assert seen.rows()[0]["fault"].startswith("how far it is cannot be read")


def test_it_is_alarmed_once_until_it_is_well_again() -> None:
    world = MemoryWorld()
    raised: list[tuple[str, str]] = []
    seen = Exports(world, Wanted((PLACE,), 60), lambda: 100, lambda code, why: raised.append((code, why)))

    def alarms(size: int, ago_s: int, fault: str = "") -> list[str]:
        tell(world, size, ago_s, fault)
        before = len(raised)
        seen.look()
        return [code for code, _ in raised[before:]]

    assert alarms(100, 0) == []
    assert alarms(90, 61) == ["export_late"] and "10 entries and 61 s behind" in raised[-1][1]
    assert alarms(90, 62) == []
    assert alarms(90, 0, "journal_rolled_back: it ends at entry 90") == ["export_fault"]
    assert "it ends at entry 90" in raised[-1][1]
    assert alarms(90, 1, "journal_rolled_back: it ends at entry 90") == []
    assert alarms(100, 0) == []
    assert alarms(100, 90) == ["export_late"]
    assert alarms(100, 0, "export_unreachable: away") == [], "a passing fault shows as lag alone"
    assert alarms(100, 0, "export_conflict: " + 2_000 * "x") == ["export_fault"]
    assert len(raised[-1][1]) == WHY_MAX, "an entry takes so much of it"
    assert world.alerts == [], "people are told by the journal"


def test_its_alarm_is_an_entry_and_reaches_people_and_channels() -> None:
    """As every other alarm does: by the journal, from which the notices are made."""
    world = MemoryWorld()
    records: list[Record] = []
    tell(world, 0, 61)

    async def main() -> None:
        guard = Guard(world, {}, Deaf, heard=records.append, exports=Wanted((PLACE,), 60))
        stop = asyncio.Event()
        serving = asyncio.ensure_future(guard.run(stop))
        while not any(isinstance(record.command.body, c.Alarmed) for record in records):
            world.pass_time(NANOSECONDS // 4)
            await asyncio.sleep(0)
        stop.set()
        await serving

    asyncio.run(asyncio.wait_for(main(), 10))
    (alarmed,) = (record for record in records if isinstance(record.command.body, c.Alarmed))
    assert isinstance(alarmed.command.body, c.Alarmed)
    why = alarmed.command.body.why
    assert [alert.why for alert in world.alerts if alert.code == "export_late"] == [why] and " s behind" in why
    (notice,) = notices_of(alarmed, Orders(lambda order: None))
    assert (notice.kind, notice.data["code"], notice.urgent) == ("alarms", "export_late", True)
    assert [told.said for told in told_of(alarmed, Orders(lambda order: None))] == [f"ALARM export_late: {why}"]


def test_where_nothing_is_exported_nothing_runs() -> None:
    world = MemoryWorld()
    seen = Exports(world, NOWHERE, lambda: 1, lambda code, why: None)
    assert seen.tasks() == [] and seen.rows() == []
    seen.look()
    assert world.alerts == []
