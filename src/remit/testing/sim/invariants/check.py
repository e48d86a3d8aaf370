"""Checks: what every invariant is made of. A check follows what the observer saw and says what is wrong, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from remit.kernel.event import Record
from remit.kernel.state import State
from remit.testing.sim.invariants.again import Again
from remit.testing.sim.invariants.counted import Firm
from remit.testing.sim.invariants.exposed import LIMITS, Exposed
from remit.testing.sim.observer import Kind, Observer, Seen
from remit.venues.paper.exchange import PaperExchange


class Host(Protocol):
    """The guard's host: its disks and its wall clock."""

    @property
    def disks(self) -> Mapping[str, Any]:
        """The disks by folder."""

    def now(self) -> int:
        """The wall clock, in nanoseconds since the epoch."""


class Venues(Protocol):
    """The venues' own truth."""

    @property
    def exchanges(self) -> Mapping[str, PaperExchange]:
        """The exchanges by name."""


class Known:
    """What the journal says, counted anew: shared by all checks, and one record behind nobody.

    `again` decides every record a second time, `firm` counts it from its events, `exposed` measures it. `records` are
    those followed so far, `heard_at` when each was seen first by the steady clock, and `histories` how often the world
    put an old copy of the journal back.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self.histories = 0
        self.gone: set[str] = set()
        """Orders of which entries were taken away by the world: venues know more of them than the journal ever will."""
        self.begin()

    def begin(self) -> None:
        """Know no record."""
        self.records: list[Record] = []
        self.heard_at: list[int] = []
        self.again = Again(self._seed)
        self.firm = Firm(self.again.state)
        self.exposed = Exposed(self.firm)
        self.admissions: list[Admission] = []
        self.firm.admitting = self._admitting
        self.uncounted = ""
        """Why the last record's events could not be counted; empty where they could."""

    def follow(self, record: Record, at_ns: int) -> None:
        """Take the next record over."""
        self.admissions.clear()
        self.again.follow(record)
        self.uncounted = ""
        try:
            self.firm.follow(record)
        except Exception as fault:  # noqa: BLE001  events that no honest guard writes
            self.uncounted = f"{type(fault).__name__}: {fault}"
        for stake in self.firm.touched:
            self.exposed.forget(stake)
            for of, held in self.firm.positions.items():
                if stake in held:
                    self.exposed.note_position(of, stake)
        self.records.append(record)
        self.heard_at.append(at_ns)

    def go_back(self, left: int) -> None:
        """Know only the first so many records, as an old copy of the journal does."""
        kept, times = self.records[:left], self.heard_at[:left]
        self.histories += 1
        for lost in self.records[left:]:
            self.gone |= {event.order for event in lost.events if hasattr(event, "order")}
        self.begin()
        for record, at_ns in zip(kept, times, strict=True):
            self.follow(record, at_ns)

    def _admitting(self, event: Any, order: Any, is_after: bool) -> None:
        """Measure every limit in force on an order that opens, just before and just after it counts."""
        stake = (order.connection, order.instrument)
        self.exposed.forget(stake)
        self.exposed.note(order)
        if order.decision.reducing >= order.decision.quantity:
            return
        if is_after:
            admitted = self.admissions[-1]
            measured = {key: self.exposed.measure(*key, order.instrument) for key in admitted.before}
            self.admissions[-1] = admitted._replace(after=measured)
            return
        limits = {
            (of, rule): limit
            for of in order.subjects
            for rule in LIMITS
            if (limit := getattr(self.firm.mandate(of), rule)) is not None
        }
        resting = {key: self.exposed.measure(*key, order.instrument) for key in limits}
        self.admissions.append(Admission(order.id, order.instrument, limits, resting, {}))


class Admission(NamedTuple):
    """An opening order that was let out or held, and by (subject, limit) what was measured before and after."""

    order: str
    instrument: str
    limits: Mapping[tuple[str, str], Any]
    before: Mapping[tuple[str, str], int]
    after: Mapping[tuple[str, str], int]


class View(NamedTuple):
    """What a check may look at after a step. `state` is the live guard's, None while it is dead or has failed;
    `is_calm` at the end of the phase in which nothing goes wrong any more."""

    observer: Observer
    known: Known
    machine: Host
    state: State | None
    market: Venues
    at_ns: int
    is_calm: bool = False


class Check:
    """One invariant being watched. Each method yields what is wrong; `saw` is told of the observations in `kinds`."""

    kinds: tuple[Kind, ...] = ()

    def __init__(self, known: Known) -> None:
        self.known = known

    def entry(self, seen: Seen, record: Record) -> Iterable[str]:
        """A record became known; `known` has followed it."""
        return ()

    def saw(self, seen: Seen) -> Iterable[str]:
        """Something of `kinds` was seen; `known` is as it was then."""
        return ()

    def after_step(self, view: View) -> Iterable[str]:
        """A step is over."""
        return ()

    def went_back(self, left: int) -> None:
        """The world put an old copy of the journal back, with so many entries."""
