"""What deeds tell of themselves and what was observed meanwhile, woven into one story."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from remit.testing.sim.observer import Seen
from remit.testing.sim.story import Kind, Told


class Placed(NamedTuple):
    """Something told, and how many observations there were before it."""

    before: int
    told: Told


def woven(placed: Iterable[Placed], seen: Sequence[Seen]) -> list[Told]:
    """Return everything in order, raw; an observation belongs to the step that was told of last."""
    story: list[Told] = []
    at, step = 0, -1
    for before, told in placed:
        story += _observed(seen[at:before], step)
        story.append(told)
        at, step = before, told.step
    return [*story, *_observed(seen[at:], step)]


def _observed(seen: Iterable[Seen], step: int) -> Iterator[Told]:
    for one in seen:
        kind, who, what = _thing(one)
        if what != "":
            yield Told(one.at_ns, step, kind, who, what)


def _thing(seen: Seen) -> tuple[Kind, str, object]:
    """Return what an observation is in a story; with "" where something else tells it already."""
    match seen.kind:
        case "heard":
            return "heard", "guard", seen.what[0]
        case "joined":
            return "guard", "guard", f"finds entry {seen.who}, which it had told nobody of"
        case "arrived":
            return "arrived", "", seen.what
        case "asked":
            return "asked", seen.who, seen.what
        case "answered":
            return "answered", seen.who, seen.what[1]
        case "alerted":
            return "alert", "guard", seen.what
        case "booted":
            return "guard", "guard", f"starts with {seen.durable:,} entries in its journal"
        case "refused_start":
            return "guard", "guard", f"refuses to start: {seen.what}"
        case "died":
            return "guard", "guard", f"dies: {seen.what}"
        case "stopped":
            return "guard", "guard", "stops cleanly"
        case "disk_failed":
            return "fault", seen.who, f"fails: {seen.what[1]} of {seen.what[0]}"
        case "befell":
            return "fault", seen.who or "the world", seen.what
        case "anchored":
            size, _, is_held = seen.what
            return "guard", seen.who, f"{'holds' if is_held else 'knows of'} {size:,} entries" if size else ""
        case "exported":
            size, _, fault = seen.what
            return "guard", seen.who, f"holds {size:,} entries" + (f", and {fault}" if fault else "")
        case "followed":
            return "guard", seen.who, f"was not reached: {seen.what[0]}" if seen.what[0] else ""
        case "shown":
            return "guard", seen.who, f"holds {seen.what[0]:,} entries, which a start is shown"
        case "sent" | "booting" | "called" | "used" | "proved":  # the entry of a call tells of it
            return "guard", "", ""
