"""Deadlines: when each of many things falls due, and which is the first, however many there are."""

from __future__ import annotations

import heapq


class Deadlines(dict[str, int]):
    """A table from names to times that knows its earliest: asked before every command, so it looks through nothing."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[tuple[int, str]] = []
        """A heap of all that was ever set; what is no longer so is passed over when it comes up."""

    def __setitem__(self, name: str, at: int) -> None:
        super().__setitem__(name, at)
        heapq.heappush(self._waiting, (at, name))

    def first(self, never: int) -> int:
        """Return the earliest time in the table; `never` where it is empty."""
        waiting = self._waiting
        while waiting and self.get(waiting[0][1]) != waiting[0][0]:
            heapq.heappop(waiting)
        return waiting[0][0] if waiting else never
