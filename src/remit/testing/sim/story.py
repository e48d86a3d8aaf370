"""Stories: what happened in a simulation, step by step, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.words import words_of

Kind = Literal["step", "asked", "answered", "heard", "arrived", "replied", "fault", "guard", "alert", "wrong"]
"""What was seen: a step begins; a caller asks and is answered; the guard makes an entry durable; a request reaches a
venue and is replied to; a fault befalls; the guard starts, dies or refuses to; people are alerted; a promise is broken.
"""

SETUP = -1
LINES_MAX = 120
WIDTH_MAX = 600
ROUTINE: frozenset[Kind] = frozenset({"asked", "answered", "heard", "arrived", "replied"})
"""What is the same in every set-up; halts and alerts are told all the same."""
MARKS: Mapping[str, str] = {"fault": "! ", "wrong": "# ", "alert": "! "}
INDENT = "    "


class Told(NamedTuple):
    """One thing that happened, raw: it is put into words only where a story is printed.

    `at_ns` is virtual time since the start; `step` the step in progress, -1 before the first. `what` is plain words,
    verb first, or the thing itself: a step, a body, an answer or error, a record, a frame, a reply, an alert.
    """

    at_ns: int
    step: int
    kind: Kind
    who: str
    what: object


def relative(at_ns: int) -> str:
    """Return an instant as seconds since the start, to the millisecond: `+12.400 s`."""
    sign = "-" if at_ns < 0 else "+"
    seconds, rest = divmod(abs(at_ns), NANOSECONDS)
    return f"{sign}{seconds:,}.{rest // 1_000_000:03d} s"


def story(told: Iterable[Told], steps: int, words: Callable[[Told], str] = words_of) -> list[str]:
    """Return the story as lines: one for each step, below it what followed from it, equal neighbours counted.

    `steps` is how many there were: what comes after the last is the time with the faults off. Nothing is printed that
    could steer a terminal.
    """
    lines: list[str] = []
    for step, things in _by_step(told):
        opening, below = _heading(step, steps), []
        for one in things:
            if step == SETUP and one.kind in ROUTINE:
                continue
            said = words(one)
            if one.kind == "step":
                opening = f"{opening} ({relative(one.at_ns)}): {said}"
            elif said:
                below.append((one.at_ns, _line(one, said)))
        if below or step not in (SETUP, steps):
            lines += [opening, *(INDENT + line for line in _counted(below))]
    return [_printable(line) for line in lines]


def shortened(lines: Sequence[str], most: int = LINES_MAX) -> list[str]:
    """Return at most so many lines and one that says how many are left out; the end matters most."""
    if len(lines) <= most:
        return list(lines)
    head = most // 4
    left = len(lines) - most
    return [*lines[:head], f"... {left:,} lines left out (all of them: --story) ...", *lines[-(most - head) :]]


def _line(told: Told, said: str) -> str:
    mark = MARKS.get(told.kind, "")
    if not told.who:
        return mark + said
    return f"{mark}{told.who}{':' if told.kind == 'fault' else ''} {said}"


def _by_step(told: Iterable[Told]) -> Iterator[tuple[int, list[Told]]]:
    """Yield what happened in each step. A step begins anew where its number changes."""
    number, things = SETUP, list[Told]()
    for one in told:
        if one.step != number and things:
            yield number, things
            things = []
        number = one.step
        things.append(one)
    if things:
        yield number, things


def _heading(step: int, steps: int) -> str:
    if step == SETUP:
        return "before the first step"
    return "with the faults off" if step >= steps else f"step {step}"


def _counted(below: Sequence[tuple[int, str]]) -> Iterator[str]:
    """Yield each line with its time; the same words again and again are one line with a count."""
    at = 0
    while at < len(below):
        first, words = below[at]
        after = at + 1
        while after < len(below) and below[after][1] == words:
            after += 1
        times = "" if after == at + 1 else f" ({after - at} times until {relative(below[after - 1][0])})"
        yield f"{relative(first)} {words}{times}"
        at = after


def _printable(line: str) -> str:
    shown = "".join(char if char.isprintable() else "?" for char in line)
    return shown if len(shown) <= WIDTH_MAX else shown[: WIDTH_MAX - 3] + "..."
