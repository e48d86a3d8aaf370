"""The invariants: what must never happen, each with its promise in words and the check that watches it.

There is no switch to leave one out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from remit.testing.sim.invariants import (
    anchored,
    approvals,
    calls,
    decisions,
    exported,
    exposure,
    halts,
    identity,
    journal,
    keyed,
    owners,
    paged,
    permits,
    preapproved,
    replay,
    spent,
    venues,
)
from remit.testing.sim.invariants.check import Check, Host, Known, Venues, View
from remit.testing.sim.observer import Observer, Seen

__all__ = ["INVARIANTS", "Broken", "Check", "Inspector", "Invariant", "View"]


class Invariant(NamedTuple):
    """One thing that must always hold: its id, its promise in a sentence, and the check that watches it."""

    id: str
    promise: str
    check: type[Check]


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "P1",
        "Every order id a venue ever saw has exactly one journalled, synced permit with a smaller sequence number.",
        permits.Permitted,
    ),
    Invariant("P2", "The bytes that are sent are the bytes whose digest the permit names.", permits.Digested),
    Invariant(
        "P3",
        "A permit is used at most once and nothing is resent: an unclear outcome is queried by its client order id.",
        permits.Once,
    ),
    Invariant("P4", "Nothing is signed after its permit's expiry, or to open for a halted scope.", permits.InTime),
    Invariant(
        "E1",
        "For each scope what is filled, working, held and unknown, on the worst side, stays within the cap.",
        exposure.Capped,
    ),
    Invariant("E2", "An order of unknown outcome keeps its reservation.", exposure.UnknownCounts),
    Invariant(
        "E3",
        "A reservation ends only by a venue's terminal state, not by a cancel request or its acknowledgement alone; it "
        "is never below zero, and the sums match.",
        exposure.Reserved,
    ),
    Invariant(
        "E4",
        "What is filled only grows and stays within what was permitted; duplicates and reordering change nothing.",
        exposure.FilledOnce,
    ),
    Invariant(
        "E5", "A proven reduction is never blocked by exposure, loss or notional rules.", exposure.ReductionPasses
    ),
    Invariant(
        "D1",
        "Every denial and hold names rule, subject, limit and actual; recomputing from the journal gives the same.",
        decisions.Explained,
    ),
    Invariant("D2", "Adding a scope or tightening a limit never loosens a verdict.", decisions.NeverLooser),
    Invariant("D3", "The order of the rules never changes the verdict.", decisions.AnyOrder),
    Invariant("H1", "Nothing opening is signed while agent, account, venue or firm is halted.", halts.NothingOpens),
    Invariant(
        "H2",
        "A halt ends only by an authorised, journalled resume whose author is not the halted agent; restart, mandate "
        "edit, pause and unpause never clear it.",
        halts.Latched,
    ),
    Invariant("H3", "Each halt raises an alert.", halts.Told),
    Invariant(
        "A1",
        "An approver is an authorised person, never an agent or client; under maker-checker also outside the "
        "requester's lineage; an approval binds digest, mandate digest and expiry, is used once, and is judged again "
        "at release.",
        approvals.Approved,
    ),
    Invariant(
        "A2",
        "Loosening is journalled with who and why, and confirmed by another where a second person is required; "
        "tightening is immediate.",
        approvals.LoosenedOpenly,
    ),
    Invariant(
        "A3",
        "What goes out with no person's answer, and asks for one, is covered by exactly one journalled use of a "
        "preapproval in force: of its agent and what it names, within its most and its total; never where a quorum is "
        "asked.",
        preapproved.Preapproved,
    ),
    Invariant(
        "A4",
        "An owner touches nothing but their own accounts and what hangs below, and starts nothing again that somebody "
        "else stopped; who is shut out does nothing more.",
        owners.WithinTheirs,
    ),
    Invariant(
        "A5",
        "What an approval page signs counts once, fresh, and as the word of its key's person: while the key stands and "
        "that person may act.",
        paged.Paged,
    ),
    Invariant(
        "C1",
        "Every call that an agent or its client made and got an answer to has its entry, durable before the answer.",
        calls.Journalled,
    ),
    Invariant("C2", "No call is answered that its agent's capabilities did not open when it began.", calls.Open),
    Invariant(
        "S1",
        "Nothing is answered with a token that was revoked or expired, or whose person was shut out, once that is "
        "durable.",
        identity.Ended,
    ),
    Invariant("S2", "Nobody is let in who did not prove who they are, and no code lets in twice.", identity.Proven),
    Invariant(
        "B1",
        "Metered calls of models never take a budget beyond its limit; what is reported only adds, and what is settled "
        "is settled by whoever holds its key, or by a person.",
        spent.WithinBudget,
    ),
    Invariant("B2", "Whoever is over a budget opens nothing, and is told nothing but the ways out.", spent.OverIsTold),
    Invariant("J1", "After the first I/O error nothing is appended, signed or sent.", journal.NothingAfterFault),
    Invariant(
        "J2",
        "The sequence is gapless, the tree consistent, and each sequence number has one epoch owner.",
        journal.OneSequence,
    ),
    Invariant(
        "J3", "Replaying the journal gives the live state's hash, from genesis and from any snapshot.", replay.Follows
    ),
    Invariant("J4", "Recovery is idempotent.", replay.RecoversTwice),
    Invariant("J5", "The head never falls behind the last one that anybody was told of.", journal.HeadStands),
    Invariant("J6", "Journal time never goes back, and rules see only journal time.", journal.TimeGoesOn),
    Invariant(
        "W1",
        "No permit leaves before as many witnesses as are needed have cosigned a head that covers its entry, and the "
        "second folder holds one.",
        anchored.CoveredFirst,
    ),
    Invariant(
        "W2",
        "A journal that lacks a head which somebody is known to remember is not started, and lets nothing out.",
        anchored.NeverBack,
    ),
    Invariant(
        "X1",
        "What stands in an export is whole at every moment: its head is signed, its files have that head's root, and "
        "no loss of power takes an entry of it from the journal.",
        exported.Whole,
    ),
    Invariant("X2", "People are told of an export that stays behind, and of no other.", exported.Alarmed),
    Invariant(
        "K1",
        "Every permit is signed by the key that the journal names for its agent on its connection; the one before it "
        "never signs again.",
        keyed.InForce,
    ),
    Invariant("R1", "No venue order or position is unknown to the book without a halt.", venues.NothingUnknown),
    Invariant("L1", "With the faults off, every reservation resolves and the queues drain.", venues.AllEnds),
)
"""In the order in which they are told."""


class Broken(NamedTuple):
    """A broken promise: which invariant, and what is wrong, in words with numbers and names."""

    invariant: str
    what: str


class Inspector:
    """Follows an observer with every invariant. `seed` draws what is only sampled."""

    def __init__(self, observer: Observer, machine: Host, market: Venues, *, seed: int = 0) -> None:
        self.known = Known(seed)
        self._observer = observer
        self._machine = machine
        self._market = market
        self._next = 0
        self._checks = [(invariant.id, invariant.check(self.known)) for invariant in INVARIANTS]
        self._watching: dict[str, list[tuple[str, Check]]] = defaultdict(list)
        for name, check in self._checks:
            for kind in check.kinds:
                self._watching[kind].append((name, check))
        self._following = [(name, check) for name, check in self._checks if type(check).entry is not Check.entry]

    def after_step(self, *, calm: bool = False) -> list[Broken]:
        """Return what is wrong with everything that was seen since the last call, in the order of INVARIANTS within one
        observation. `calm`: at the end of the phase in which nothing goes wrong any more."""
        found: list[Broken] = []
        self._observer.look()
        while self._next < len(self._observer.seen):
            seen = self._observer.seen[self._next]
            self._next += 1
            found += self._look(seen)
        guard = self._observer.guard
        state = None if guard is None or guard.loop.failed is not None else guard.kernel.state
        at_ns = self._observer.seen[-1].at_ns if self._observer.seen else 0
        view = View(self._observer, self.known, self._machine, state, self._market, at_ns, calm)
        for name, check in self._checks:
            found += _named(name, check.after_step(view))
        return found

    def _look(self, seen: Seen) -> Iterator[Broken]:
        if seen.kind == "booting" and seen.what < len(self.known.records):
            self._go_back(seen.what)
        for name, check in self._watching[seen.kind]:
            yield from _named(name, check.saw(seen))
        if seen.kind not in ("heard", "joined"):
            return
        record = seen.what[0]
        if record.command.seq != len(self.known.records) + 1:
            return  # told by J2; nothing can follow from it
        self.known.follow(record, seen.at_ns)
        for name, check in self._following:
            yield from _named(name, check.entry(seen, record))

    def _go_back(self, left: int) -> None:
        """Know and let the checks know only what an old copy of the journal holds."""
        self.known.go_back(left)
        for _, check in self._checks:
            check.went_back(left)


def _named(name: str, said: Iterable[str]) -> Iterator[Broken]:
    for what in said:
        yield Broken(name, what)
