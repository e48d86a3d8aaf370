"""Exports, as the guard sees them: how far each copy of the journal is, and an alarm where one stays behind.

The exporters are processes of their own. They leave word in the data folder, and one that leaves none is behind, too.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple

from remit.guard.world import World
from remit.journal.standing import Standing, file_name, parse
from remit.kernel.numbers import NANOSECONDS

EVERY_NS = NANOSECONDS
FINAL = ("journal_rolled_back", "journal_damaged", "export_conflict", "export_refused")
"""Faults that trying again does not end: they are alarmed at once."""

WHY_MAX = 500
"""Characters that an alarm takes."""


class Wanted(NamedTuple):
    """Where the journal is to be exported to, and how many seconds behind an export may be."""

    places: Sequence[str] = ()
    lag_s_max: int = 60


NOWHERE = Wanted()


class Exports:
    """Looks at what the exporters left word of. `size` gives how many entries are durable; `alarm` takes the code of an
    alarm and why it is raised, and lets it enter the journal, from which people are told."""

    def __init__(
        self, world: World, wanted: Wanted, size: Callable[[], int], alarm: Callable[[str, str], object]
    ) -> None:
        self._world = world
        self._wanted = wanted
        self._size = size
        self._alarm = alarm
        self._began = world.now()
        self._alarmed: dict[str, str] = {}
        """By place, the code of the alarm that stands."""

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """What runs beside the loop: nothing where there is no export."""
        return [self._run()] if self._wanted.places else []

    async def _run(self) -> None:
        while True:
            await self._world.sleep(EVERY_NS)
            self.look()

    def look(self) -> None:
        """Alarm once for each export that fell behind, or that cannot go on, until it is well again."""
        for row in self.rows():
            code = "export_fault" if row["fault"].startswith(FINAL) else "export_late" if row["late"] else ""
            if code and self._alarmed.get(row["to"]) != code:
                behind = f"{row['to']} is {row['lag_entries']} entries and {row['lag_s']} s behind"
                self._alarm(code, f"{behind}: {row['fault'] or 'does its exporter run?'}"[:WHY_MAX])
            self._alarmed[row["to"]] = code

    def rows(self) -> list[dict[str, Any]]:
        """Return how far each export is: entries and seconds behind, whether that is late, and what failed."""
        return [self._row(place, self._size(), self._world.now()) for place in self._wanted.places]

    def _row(self, place: str, durable: int, now: int) -> dict[str, Any]:
        found, fault = self._standing(place)
        # Whatever was durable at `at` is out, so that nothing can be further behind than that is long ago.
        lag_s = max(0, now - (self._began if found is None else found.at)) // NANOSECONDS
        size = 0 if found is None else found.size
        return {
            "to": place,
            "size": size,
            "root": "" if found is None else found.root,
            "at": None if found is None else found.at,
            "lag_entries": max(0, durable - size),
            "lag_s": lag_s,
            "late": lag_s > self._wanted.lag_s_max,
            "fault": fault if found is None else found.fault,
        }

    def _standing(self, place: str) -> tuple[Standing | None, str]:
        try:
            source = self._world.read_file(file_name(place))
            return (None, "") if source is None else (parse(source), "")
        except (OSError, ValueError) as fault:
            return None, f"how far it is cannot be read: {fault}"
