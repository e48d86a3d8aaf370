"""The table: one row per measurement, each with what stood beside it in the same run."""

from __future__ import annotations

from typing import Literal

import msgspec

Unit = Literal["x", "us over", "us", "s", "/s", "s/million"]
"""What a figure counts: times what stands beside; microseconds more than it; and where a goal is written so, plain
microseconds, seconds, units a second, or seconds for a million units."""


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measurement: nanoseconds per unit of what is measured, and of what it stands `beside`, medians of one run.

    `reach` and `aim` are goals for the figure, in its unit. `noise` is half the middle fifty percent of the rounds as a
    share of the median, of whichever of the two was noisier.
    """

    group: str
    name: str
    ns: float
    beside: str
    beside_ns: float
    unit: Unit = "x"
    reach: float | None = None
    aim: float | None = None
    noise: float = 0.0
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times as long as what stands beside."""
        return self.ns / self.beside_ns

    @property
    def figure(self) -> float:
        """What the goals are about, in `unit`."""
        match self.unit:
            case "x":
                return self.ratio
            case "us over":
                return (self.ns - self.beside_ns) / 1e3
            case "us":
                return self.ns / 1e3
            case "s":
                return self.ns / 1e9
            case "/s":
                return 1e9 / self.ns
            case "s/million":
                return self.ns / 1e3

    @property
    def stands(self) -> str:
        """The best goal that the figure meets: `aim`, `reach`, else `short`; empty where there is no goal."""
        for name, goal in (("aim", self.aim), ("reach", self.reach)):
            if goal is not None and (self.figure >= goal if self.unit == "/s" else self.figure <= goal):
                return name
        return "" if self.reach is None and self.aim is None else "short"


class Skipped(msgspec.Struct, frozen=True):
    """A measurement that this run could not make, and why."""

    group: str
    why: str


class Machine(msgspec.Struct, frozen=True):
    """What the run was made on, as far as it matters to a ratio.

    `load` is how many processes wanted a core in the minute before: above zero, others shared the machine.
    """

    cores: int
    python: str
    system: str
    load: float


class Result(msgspec.Struct, frozen=True):
    """Everything one run found."""

    machine: Machine
    quick: bool
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]


def goal(figure: float | None, unit: Unit) -> str:
    """Return a goal as it stands beside a figure that names the unit; empty where there is none."""
    return "" if figure is None else said(figure, unit).split(" ")[0].removesuffix("/s")


def said(figure: float, unit: Unit) -> str:
    """Return a figure as people read it."""
    if unit == "x":
        return f"{figure:.2f}x"
    number = f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"
    return f"+{number} us" if unit == "us over" else f"{number}{'' if unit == '/s' else ' '}{unit}"


def written(result: Result) -> bytes:
    """Return a result as JSON for programs: every row with its figure, its ratio and how it stands to its goals."""
    plain = msgspec.to_builtins(result)
    for told, row in zip(plain["rows"], result.rows, strict=True):
        told.update(unit=row.unit, figure=row.figure, ratio=row.ratio, stands=row.stands)
    return msgspec.json.format(msgspec.json.encode(plain)) + b"\n"
