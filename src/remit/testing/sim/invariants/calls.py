"""C: what agents and their clients ask is in the journal, whatever became of it, before they are answered."""

from __future__ import annotations

from collections.abc import Iterable

from remit.kernel import command as c
from remit.kernel.access import VIEW_NEEDS
from remit.kernel.event import Record, Took
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


class Open(Check):
    """C2. A call's name says how many entries there were when it began: what they had switched off for its agent, and
    nothing switched on since, was not open to it."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._off: dict[tuple[str, str], int] = {}
        """By agent and capability: the entry that switched it off."""

    def entry(self, seen: Seen, record: Record) -> Iterable[str]:
        self._follow(record)
        body = record.command.body
        if not isinstance(body, c.Acted) or not body.ok:
            return
        began = int(body.via.rpartition(" ")[2]) if " after " in body.via else 0
        needs = ("preview_order",) if body.what.startswith("preview") else VIEW_NEEDS.get(body.what[len("read ") :], ())
        closed = [self._off.get((body.agent, name), began + 1) <= began for name in needs]
        if needs and all(closed) and began < record.command.seq:
            yield f"{body.agent} was answered to {body.what}, {body.via}, with {' and '.join(needs)} switched off"

    def went_back(self, left: int) -> None:
        self._off.clear()
        for record in self.known.records:
            self._follow(record)

    def _follow(self, record: Record) -> None:
        body = record.command.body
        if isinstance(body, c.SetCapability) and isinstance(record.events[-1], Took):
            key = (body.agent, body.capability)
            if body.enabled:
                self._off.pop(key, None)
            else:
                self._off.setdefault(key, record.command.seq)
