"""What the invariants count and what the kernel sums up agree, under everything that can happen to a kernel.

The machine of `tests.kernel.test_machine` draws it: splits, resolutions, busts, corrections, rates, replaces, holds.
Two counts that share no line of code are each other's test.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

from hypothesis import settings
from tests.kernel.stage import WatchedDesk
from tests.kernel.test_machine import KernelMachine

from remit.kernel.event import Record
from remit.kernel.names import GUARD
from remit.testing.sim.invariants import INVARIANTS
from remit.testing.sim.invariants.check import Known, View
from remit.testing.sim.observer import Seen

OF_RECORDS = ("E1", "E2", "E3", "E4", "E5", "D1", "D2", "D3", "H1", "H2", "A1", "A2", "A3", "R1")
"""Invariants that records and the state are enough for."""
OF_STATE = ("E2", "E3", "H2", "A2")


class CountedDesk(WatchedDesk):
    """A desk where every record is counted again, and every promise about it checked."""

    def __init__(self) -> None:
        super().__init__()
        self.known = Known(seed=1)
        self.checks = {of.id: of.check(self.known) for of in INVARIANTS if of.id in OF_RECORDS}
        self.market: Any = SimpleNamespace(exchanges={})

    def do(self, body: Any, by: Any = GUARD, after_ns: int = 1_000_000) -> Record:
        record = super().do(body, by, after_ns)
        seq = record.command.seq
        seen = Seen("heard", seq, self.at, seq, str(seq), (record, b""))
        self.known.follow(record, seq)
        assert not self.known.uncounted, self.known.uncounted
        view = View(None, self.known, None, self.state, self.market, seq)  # type: ignore[arg-type]
        wrong = [f"{name}: {what}" for name, check in self.checks.items() for what in check.entry(seen, record)]
        wrong += [f"{name}: {what}" for name in OF_STATE for what in self.checks[name].after_step(view)]
        assert not wrong, wrong[0]
        return record


class CountedMachine(KernelMachine):
    """The kernel's machine over a counted desk."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = CountedDesk()


TestCounted = CountedMachine.TestCase
TestCounted.settings = settings(
    max_examples=int(os.environ.get("REMIT_MACHINE_EXAMPLES", "3")),
    stateful_step_count=int(os.environ.get("REMIT_MACHINE_STEPS", "25")),
    deadline=None,
)
