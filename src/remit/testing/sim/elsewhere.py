"""What is out of a virtual machine's reach and remembers its journal: anchors, exports, both or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from remit.guard.exports import Wanted
from remit.journal.note import Verifier
from remit.testing.sim.anchoring import Anchoring
from remit.testing.sim.exporting import LAG_S_MAX, PLACE, Exporting

if TYPE_CHECKING:
    from remit.testing.sim.machine import Machine


class Elsewhere:
    """`anchoring` are a machine's witnesses and its second folder, `exporting` its exporter and the bucket; each is
    None where it has none."""

    def __init__(self, machine: Machine, seed: int, key: Verifier, *, is_anchored: bool, is_exported: bool) -> None:
        self.anchoring = Anchoring(machine, seed, key) if is_anchored else None
        self.exporting = Exporting(machine, seed, key) if is_exported else None

    @property
    def remembers(self) -> bool:
        """Whether anybody elsewhere remembers the journal."""
        return self.anchoring is not None or self.exporting is not None

    def options(self) -> dict[str, Any]:
        """What a guard that starts now is made with."""
        found: dict[str, Any] = {}
        if self.anchoring is not None:
            needed = len(self.anchoring.settings)
            found |= {"witnesses": self.anchoring.settings, "witnesses_needed": needed}
        if self.exporting is not None:
            found |= {"heads": self.exporting.shown(), "exports": Wanted((PLACE,), LAG_S_MAX)}
        return found

    def start(self) -> None:
        """Start what runs beside the guard, where it does not run."""
        if self.exporting is not None:
            self.exporting.start()

    def lose(self, keep: int | None) -> None:
        """The guard's process ended; unless `keep` is None the power failed, and took what runs beside it along."""
        if keep is not None and self.exporting is not None:
            self.exporting.end()

    def calm(self) -> None:
        """Let everybody answer, and every disk and bucket take everything."""
        if self.anchoring is not None:
            self.anchoring.calm()
        if self.exporting is not None:
            self.exporting.calm()
