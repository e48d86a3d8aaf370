"""Exports as the guard sees them: how far behind each is, one alarm for each that falls behind, what is unreadable."""

from __future__ import annotations

from typing import Any

import pytest

from remit.guard.exports import NOWHERE, Exports, Wanted
from remit.journal.standing import Standing, file_name, write
from remit.kernel.numbers import NANOSECONDS
from remit.testing.world import MemoryWorld

PLACE = "s3://worm/desk"


def exports(world: MemoryWorld, size: int = 100) -> Exports:
    return Exports(world, Wanted((PLACE,), 60), lambda: size)


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
    seen = exports(world)

    def alarms(size: int, ago_s: int, fault: str = "") -> list[Any]:
        tell(world, size, ago_s, fault)
        before = len(world.alerts)
        seen.look()
        return [alert.code for alert in world.alerts[before:]]

    assert alarms(100, 0) == []
    assert alarms(90, 61) == ["export_late"] and "10 entries and 61 s behind" in world.alerts[-1].why
    assert alarms(90, 62) == []
    assert alarms(90, 0, "journal_rolled_back: it ends at entry 90") == ["export_fault"]
    assert "it ends at entry 90" in world.alerts[-1].why
    assert alarms(90, 1, "journal_rolled_back: it ends at entry 90") == []
    assert alarms(100, 0) == []
    assert alarms(100, 90) == ["export_late"]
    assert alarms(100, 0, "export_unreachable: away") == [], "a passing fault shows as lag alone"


def test_where_nothing_is_exported_nothing_runs() -> None:
    world = MemoryWorld()
    seen = Exports(world, NOWHERE, lambda: 1)
    assert seen.tasks() == [] and seen.rows() == []
    seen.look()
    assert world.alerts == []
