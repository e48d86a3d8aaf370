"""P: nothing reaches a venue without its permit, and nothing twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

from remit.guard.courier import PERMIT_LIFE_NS
from remit.kernel.codec import decode
from remit.kernel.command import KernelStarted
from remit.kernel.event import Planned, Record
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.permit import Permit
from remit.testing.sim.invariants.check import Check, Known, View
from remit.testing.sim.observer import LOSSES, Kind, Seen
from remit.venues.paper.messages import Sealed, Subscribe, read_frame

OPENS = ("place", "replace")
"""What an order or its new terms travel as."""
SLEW_PARTS = 10
"""Journal time runs at most one part in so many slower or faster than the steady clock."""


@lru_cache(maxsize=256)
def read(message: bytes) -> tuple[Sealed, Permit] | str:
    """Return the sealed request in a message with its permit; empty for a question to be told things, else what is
    wrong with it."""
    try:
        frame = read_frame(message)
        if isinstance(frame, Subscribe):
            return ""
        if not isinstance(frame, Sealed):
            return f"a {type(frame).__name__} left the guard, which is no request under a permit"
        return frame, decode(Permit, frame.permit)
    except ValueError as fault:
        return f"{message[:60]!r} left the guard, which no venue can read: {fault}"


def digest_of(sealed: Sealed) -> str:
    """Return the digest of what was really sent: SHA-256 over method, path and body, each after its length."""
    whole = b""
    for part in (sealed.method.encode(), sealed.path.encode(), sealed.body):
        whole += len(part).to_bytes(4, "big") + part
    return hashlib.sha256(whole).hexdigest()


class Plans:
    """What entries planned: by sequence number, and for each order the entries that planned to place it."""

    def __init__(self) -> None:
        self.of: dict[int, tuple[Planned, ...]] = {}
        self.placing: dict[str, list[int]] = {}

    def add(self, record: Record) -> None:
        """Note what a record planned."""
        if record.requests:
            self.of[record.command.seq] = record.requests
            for planned in record.requests:
                if planned.do == "place":
                    self.placing.setdefault(planned.order, []).append(record.command.seq)

    def go_back(self, left: int) -> None:
        """Forget what entries after the first so many planned."""
        self.of = {seq: planned for seq, planned in self.of.items() if seq <= left}
        self.placing = {order: [seq for seq in seqs if seq <= left] for order, seqs in self.placing.items()}


class _OfPlans(Check):
    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self.plans = Plans()

    def entry(self, seen: Seen, record: Record) -> Iterable[str]:
        self.plans.add(record)
        return ()

    def went_back(self, left: int) -> None:
        self.plans.go_back(left)


class Permitted(_OfPlans):
    """P1. What is looked at is the bytes that leave, the bytes that arrive, and every order that a venue knows.

    An entry counts as synced where it is among the durable bytes of the disk at that very moment. What left under a
    good permit and arrives after the world put an old copy of the journal back is no fault of the guard.
    """

    kinds: tuple[Kind, ...] = ("sent", "arrived", "befell")

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._prefixes: set[str] = set()
        self._is_lossy = False
        """Whether the world ever took durable entries away."""
        self._good: set[bytes] = set()
        self._ordered: set[tuple[str, str]] = set()

    def entry(self, seen: Seen, record: Record) -> Iterable[str]:
        if isinstance(record.command.body, KernelStarted):
            self._prefixes.add(record.command.body.prefix)
        return super().entry(seen, record)

    def saw(self, seen: Seen) -> Iterator[str]:
        if seen.kind == "befell":
            self._is_lossy = self._is_lossy or seen.what in LOSSES
            return
        found = read(seen.what)
        if isinstance(found, str):
            if found:
                yield found
            return
        fingerprint = hashlib.sha256(seen.what).digest()
        if seen.kind == "arrived" and fingerprint in self._good and self._is_lossy:
            return
        wrong = list(self._wrong(seen, found[1]))
        yield from wrong
        if not wrong:
            self._good.add(fingerprint)
            if found[1].action == "place":
                self._ordered.add((found[1].connection, found[1].order))

    def _wrong(self, seen: Seen, permit: Permit) -> Iterator[str]:
        what = f"{permit.action} of {permit.order or permit.connection}"
        verb = "left for" if seen.kind == "sent" else "reached"
        if permit.seq > seen.durable:
            yield (
                f"{what} {verb} the venue under a permit of entry {permit.seq}, "
                f"while {seen.durable} entries were durable"
            )
        elif not any((p.do, p.order) == (permit.action, permit.order) for p in self.plans.of.get(permit.seq, ())):
            yield f"{what} {verb} the venue, and entry {permit.seq} of its permit plans no such thing"
        placing = self.plans.placing.get(permit.order, [])
        if permit.action == "place" and len(placing) > 1:
            yield f"order {permit.order} {verb} the venue, and {len(placing)} entries permit to place it: {placing}"

    def after_step(self, view: View) -> Iterator[str]:
        for name, exchange in view.market.exchanges.items():
            for (connection, order), kept in exchange.floor.orders.items():
                if (connection, order) in self._ordered or order.partition("-")[0] not in self._prefixes:
                    continue
                if order in self.known.gone or order in self.plans.placing:
                    self._ordered.add((connection, order))  # its own order, or one that took its id at the venue
                    continue
                yield f"{name} knows the {kept.side} order {order} of {connection}, which no entry ever let out"


class Digested(_OfPlans):
    """P2. The digest is worked out here, from the bytes that left."""

    kinds: tuple[Kind, ...] = ("sent",)

    def saw(self, seen: Seen) -> Iterator[str]:
        found = read(seen.what)
        if isinstance(found, str):
            return
        sealed, permit = found
        digest = digest_of(sealed)
        planned = [
            p.digest for p in self.plans.of.get(permit.seq, ()) if (p.do, p.order) == (permit.action, permit.order)
        ]
        if permit.digest != digest:
            yield f"the bytes of {permit.id} have the digest {digest[:16]}, and its permit names {permit.digest[:16]}"
        if digest not in planned:
            said = ", ".join(each[:16] for each in planned) or "none"
            yield f"the bytes of {permit.id} have the digest {digest[:16]}, and entry {permit.seq} planned {said}"


class Once(Check):
    """P3. Counted where bytes leave the guard: what a network does with them later is not the guard's doing.

    A guard that was given an old copy of its journal cannot know which ids it used since, so each history counts anew.
    """

    kinds: tuple[Kind, ...] = ("sent",)

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._used: dict[tuple[int, str], int] = {}
        self._placed: dict[tuple[int, str], str] = {}
        self._bodies: dict[bytes, str] = {}

    def saw(self, seen: Seen) -> Iterator[str]:
        found = read(seen.what)
        if isinstance(found, str):
            return
        sealed, permit = found
        key = (self.known.histories, permit.id)
        self._used[key] = self._used.get(key, 0) + 1
        if self._used[key] > 1:
            yield f"the permit {permit.id} was sent {self._used[key]} times"
        if permit.action not in OPENS:
            return
        if sealed.body in self._bodies:
            yield f"the bytes of {self._bodies[sealed.body]} left again, under the permit {permit.id}"
        self._bodies[sealed.body] = permit.id
        if permit.action == "place":
            order = (self.known.histories, permit.order)
            if order in self._placed:
                yield f"order {permit.order} was placed twice, under {self._placed[order]} and {permit.id}"
            self._placed[order] = permit.id


class InTime(Check):
    """P4. What halts stand is counted from the events of entries that were durable when the bytes left.

    A permit lives five seconds of journal time from its entry on, which runs at most a tenth slower than the steady
    clock; a venue reads the wall clock, so where that is ahead of the journal the permit says so much later an end.
    """

    kinds: tuple[Kind, ...] = ("sent",)

    def saw(self, seen: Seen) -> Iterator[str]:
        found = read(seen.what)
        if isinstance(found, str):
            return
        permit, firm = found[1], self.known.firm
        if permit.expires_at <= seen.wall_ns:
            yield f"{permit.id} was signed {_s(seen.wall_ns - permit.expires_at)} s after its permit had expired"
        if 0 < permit.seq <= len(self.known.records):
            at = self.known.records[permit.seq - 1].command.at
            latest = at + PERMIT_LIFE_NS + max(seen.wall_ns - at, 0)
            if permit.expires_at > latest:
                late = _s(permit.expires_at - latest)
                yield f"{permit.id} expires {late} s later than entry {permit.seq} allows, which was for {LIFE_S} s"
            waited = seen.at_ns - self.known.heard_at[permit.seq - 1]
            if waited * (SLEW_PARTS - 1) >= PERMIT_LIFE_NS * SLEW_PARTS:
                yield f"{permit.id} left {_s(waited)} s after entry {permit.seq}, which allowed it for {LIFE_S} s"
        order = firm.orders.get(permit.order)
        if permit.action in OPENS and order is not None and order.opening and order.id not in self.known.gone:
            for halt in firm.halts_on(order.scopes):
                yield f"{permit.id} opens and was signed while {halt.subject} was halted: {halt.halt}, {halt.rule}"


LIFE_S = PERMIT_LIFE_NS // NANOSECONDS


def _s(duration_ns: int) -> str:
    return f"{duration_ns // NANOSECONDS}.{duration_ns % NANOSECONDS // 10**6:03d}"
