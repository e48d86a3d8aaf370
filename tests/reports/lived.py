"""A journal with a life in it: a short simulation with faults, agents, people and venues; made once for all tests."""

from __future__ import annotations

from functools import cache

from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.reports.model import Model
from remit.testing.sim.schedule import draw
from remit.testing.sim.simulation import Simulation

SEED, STEPS = 3, 90
TABLES = ("lines", "orders", "fills", "violations", "approvals", "agents", "clients", "connections", "things")


@cache
def entries() -> tuple[bytes, ...]:
    """The durable entries of the simulation's journal."""
    simulation = Simulation(draw(SEED, STEPS))
    outcome = simulation.run()
    assert outcome.failure is None, outcome.failure
    return tuple(simulation.observer.durable.entries)


@cache
def records() -> tuple[Record, ...]:
    return tuple(decode(Record, entry) for entry in entries())


def numbered(start: int = 0) -> list[tuple[int, bytes]]:
    return list(enumerate(entries(), 1))[start:]


@cache
def model() -> Model:
    """The read model of that journal, in memory; for reading only."""
    made = Model(":memory:")
    made.take_all(numbered())
    return made


def everything(of: Model) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    return {name: sorted(of._database.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in TABLES}
