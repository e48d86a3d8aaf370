"""What happens in a simulation: one module for each kind of actor, and one table of everything that they do."""

from remit.testing.sim.actors import (
    approving,
    entitling,
    exiting,
    exporting,
    feeding,
    hostile,
    hosting,
    paging,
    people,
    preapproving,
    rotating,
    signing,
    spending,
    stopping,
    storms,
    trading,
    venues,
    witnessing,
)
from remit.testing.sim.actors.deed import DEEDS, Deed, Doing

__all__ = [
    "DEEDS", "Deed", "Doing", "approving", "entitling", "exiting", "exporting", "feeding", "hostile", "hosting",
    "paging", "people", "preapproving", "rotating", "signing", "spending", "stopping", "storms", "trading", "venues",
    "witnessing",
]  # fmt: skip
