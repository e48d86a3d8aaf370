"""Deeds: what a step of a simulation can do, one row each, with the plain words a story tells it in."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from remit.testing.sim.stage import Stage

Kind = Literal["trade", "storm", "care", "people", "hostile", "feed", "venue", "host", "anchor", "export", "key"]
"""Whose deed it is: agents and their clients, many of them at once, people who put things right, people who take
things away, attackers, the feed, the venues, the guard's own host, who remembers its journal, who carries copies of it
elsewhere, and who changes keys."""
ALWAYS: tuple[Kind, ...] = ("trade", "storm", "care")
"""Kinds that every seed has; of all others each deed is in some seeds only."""
ANCHORS: Kind = "anchor"
EXPORTS: Kind = "export"
APART: dict[Kind, float] = {ANCHORS: 0.15, EXPORTS: 0.15, "key": 0.2}
"""Kinds that a share of all seeds has, drawn apart from everything else of a seed: of those a seed has every deed, and
its machine has what they need."""


class Doing(NamedTuple):
    """One deed about to be done: by whom, how many times at once, and all the chance that it may use."""

    who: str
    times: int
    chance: random.Random


Act = Callable[["Stage", Doing], Awaitable[str]]
"""Does it, and returns in plain words what was done; empty where there was nothing to do it with."""


class Deed(NamedTuple):
    """One thing that a step can do: how often it is drawn beside the others of its seed, and who may do it."""

    name: str
    words: str
    kind: Kind
    weight: int
    who: tuple[str, ...]
    act: Act


DEEDS: dict[str, Deed] = {}
"""Every deed by name; each module of actors adds its own."""


def deed(kind: Kind, weight: int, who: tuple[str, ...], words: str) -> Callable[[Act], Act]:
    """Put an act into DEEDS, under its own name. ValueError where one of that name is there."""

    def add(act: Act) -> Act:
        name = str(getattr(act, "__name__"))  # noqa: B009  an Act is any callable to mypy; a deed is a function
        if name in DEEDS:
            raise ValueError(f"there is a deed {name} already")
        DEEDS[name] = Deed(name, words, kind, weight, who, act)
        return act

    return add
