"""C: what agents and their clients ask is in the journal, whatever became of it, before they are answered."""

from __future__ import annotations

from collections.abc import Iterable

from remit.kernel import command as c
from remit.kernel.event import Record
from remit.testing.sim.firm import TRADERS
from remit.testing.sim.invariants.check import Check, Known
from remit.testing.sim.observer import Seen

NOT_ANSWERED = frozenset(
    {
        "guard_gone", "guard_not_running", "guard_stopped", "peer_refused", "not_authenticated", "frame_too_large",
        "busy", "too_many_calls",
    }
)  # fmt: skip
"""Codes of a call that reached nobody who knows the caller; or, the last one, that shares its entry with others."""


class Journalled(Check):
    """C1. Each call carries a name of its own, which its entry repeats: an answer whose call no durable entry names is
    one that the journal never heard of."""

    kinds = ("called",)

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._named: set[str] = set()

    def entry(self, seen: Seen, record: Record) -> Iterable[str]:
        if isinstance(record.command.body, c.Acted):
            self._named.add(record.command.body.via)
        return ()

    def saw(self, seen: Seen) -> Iterable[str]:
        name, what, code = seen.what
        if seen.who in TRADERS and code not in NOT_ANSWERED and name not in self._named:
            yield f"{seen.who} was answered {code or 'ok'} to {what}, {name}, and no durable entry says that it asked"
