"""What one simulation found."""

from __future__ import annotations

import msgspec

from remit.testing.sim.story import Told


class Failure(msgspec.Struct, frozen=True):
    """A broken promise: the invariant's id, the step it was found after (the number of steps: with the faults off),
    when, and what is wrong, in words with numbers and names.

    `guard_crash` and `simulator_fault` stand for an exception that nobody handled, in the guard and in the simulator.
    """

    invariant: str
    step: int
    at_ns: int
    what: str


class Outcome(msgspec.Struct):
    """One simulation from its first step to its end or its first failure.

    `hash` is over everything observed with its times, `trace` the same as one line each, empty unless asked for.
    `counts` has at least `orders`, `entries` and every fault that befell; `story` is everything that happened.
    """

    seed: int
    hash: str
    failure: Failure | None = None
    counts: dict[str, int] = {}
    story: list[Told] = []
    trace: list[str] = []
    virtual_ns: int = 0
