"""A scene: a small firm whose kernel, journal, disk and venue are real, and whose guard is the test's own hand.

What is entered is decided, journalled and told of as a guard does it; a test changes one thing on the way, and the
inspector must find it. `forge` changes the next record between the kernel and the journal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgspec
from tests.kernel.desk import START, Desk

from remit.guard.recover import ORIGIN
from remit.guard.vault import Vault
from remit.guard.world import JOURNAL
from remit.journal.log import Journal
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.command import Body
from remit.kernel.effect import Act, Alert
from remit.kernel.event import Planned, Record
from remit.kernel.instrument import Instrument
from remit.kernel.kernel import effects
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import NANOSECONDS, Money
from remit.kernel.permit import Permit, Request
from remit.testing.sim.invariants import Inspector
from remit.testing.sim.observer import Observer
from remit.testing.world import MemoryWorld
from remit.venues.paper.codec import Paper
from remit.venues.paper.exchange import PaperExchange

Forge = Callable[[Record], Record]


class Scene(Desk):
    """The firm of `tests.kernel.desk.small`, watched. `wrong` returns what the inspector found since it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.world = MemoryWorld()
        self.vault = Vault.create(self.world)
        signer = self.vault.checkpoint_signer(ORIGIN)
        self.journal, _ = Journal.open(self.world.store(JOURNAL), signer, origin=ORIGIN)
        self.observer = Observer(lambda: self.at - START)
        self.host = SimpleNamespace(disks=self.world.disks, now=lambda: self.at)
        self.observer.attach(self.host)  # type: ignore[arg-type]
        self.exchange = PaperExchange([], self.vault.permit_key)
        self.market = SimpleNamespace(exchanges={"north": self.exchange})
        self.guard = SimpleNamespace(
            kernel=self.kernel,
            vault=self.vault,
            loop=SimpleNamespace(failed=None, _inbox=deque()),
            courier=SimpleNamespace(_tails={}, _resting=set()),
            recovered=SimpleNamespace(recovery=SimpleNamespace(resumed=None)),
        )
        self.inspector = Inspector(self.observer, self.host, self.market)  # type: ignore[arg-type]
        self.forge: Forge | None = None
        self.is_silent = False
        """Whether nobody is alerted."""
        self.requests: dict[tuple[int, str, str], Request] = {}
        self.observer.booting()
        self.observer.booted(self.guard)

    # -- the guard's part

    def do(self, body: Body, by: Principal = GUARD, after_ns: int = 1_000_000) -> Record:
        record = super().do(body, by, after_ns)
        planned = [self._plan(effect, record) for effect in effects(record) if isinstance(effect, Act)]
        record = msgspec.structs.replace(record, requests=tuple(planned))
        if self.forge is not None:
            record, self.forge = self.forge(record), None
        self.tell(record)
        return record

    def tell(self, record: Record, *, durable: bool = True) -> None:
        """Write a record to the disk, and say that it is there."""
        if durable:
            self.journal.append(encode(record))
            self.journal.sync()
        self.observer.heard(record)
        for effect in effects(record):
            if isinstance(effect, Alert) and not self.is_silent:
                self.observer.alerted(effect)

    def _plan(self, act: Act, record: Record) -> Planned:
        codec, at, seq = Paper(), record.command.at, record.command.seq
        if act.order:
            order = self.state.order(act.order)
            encoders = {"place": codec.place, "cancel": codec.cancel, "replace": codec.replace, "query": codec.query}
            request = encoders[act.do](order, self.state.instruments[order.instrument], at, seq)
        else:
            request = codec.snapshot(act.connection, at, seq)
        self.requests[seq, act.do, act.order] = request
        return Planned(act.do, act.order, request.digest)

    def permit(self, order: str, do: Any = "place", **terms: Any) -> tuple[Permit, Request]:
        """Return the permit of the last entry that planned this of an order, and its request."""
        seq = max(seq for seq, what, name in self.requests if (what, name) == (do, order))
        request = terms.pop("request", self.requests[seq, do, order])
        fields = {
            "id": f"test-{seq}-{do}-{order}",
            "seq": seq,
            "action": do,
            "order": order,
            "connection": request.connection,
            "digest": request.digest,
            "expires_at": self.records[seq - 1].command.at + 5 * NANOSECONDS,
        }
        return Permit(**(fields | terms)), request

    def send(self, order: str, do: Any = "place", agent: str | None = None, **terms: Any) -> bytes:
        """Let a request leave under a permit, and reach its venue; `terms` change the permit, `agent` whose key signs
        it."""
        permit, request = self.permit(order, do, **terms)
        written = encode(permit)
        known = self.state.order(order)
        by = known.agent if known is not None and agent is None else agent or ""
        seal = self.vault._sealed(permit, request, written, by)
        message = Paper().seal(request, written, seal)
        self.observer.sent("", message)
        self.observer.arrived("", message)
        self.exchange.handle(message, self.at)
        return message

    def restart(self, why: str = "killed") -> None:
        """The guard dies and starts again on the same disk."""
        self.observer.died(why)
        self.observer.booting()
        self.observer.booted(self.guard)
        self.took(c.KernelStarted(version="1", digest="0" * 64, clean=False, prefix="test"), GUARD)

    # -- the venue's part

    def instrument(self, name: str, mark: str = "", **more: Any) -> None:
        super().instrument(name, mark, **more)
        listed: Instrument = self.state.instruments[name]
        self.exchange.add_instrument(listed)
        if mark:
            self.exchange.mark(self.quote(name, mark), self.at)

    def connection(self, name: str, account: str, cash: str = "1000000", currency: str = "USD", **more: Any) -> None:
        self.exchange.open_connection(name, {currency: Money(int(cash) * 10**18)})
        super().connection(name, account, cash, currency, **more)

    # -- the inspector's part

    def wrong(self, *, calm: bool = False) -> list[str]:
        """Return what is broken since the last look, each as "ID: words"."""
        return [f"{broken.invariant}: {broken.what}" for broken in self.inspector.after_step(calm=calm)]

    def finds(self, invariant: str, *words: str, calm: bool = False) -> None:
        """Look, and assert that this invariant is found broken, in a sentence with these words."""
        found = self.wrong(calm=calm)
        mine = [said for said in found if said.startswith(f"{invariant}: ")]
        assert mine, found
        assert any(all(word in said for word in words) for said in mine), mine

    def is_well(self, *, calm: bool = False) -> None:
        """Look, and assert that nothing is broken."""
        assert self.wrong(calm=calm) == []


def scene() -> Scene:
    """One account, one connection, one agent with a client, one share at 100; nothing is wrong with it."""
    made = Scene()
    made.open()
    made.account("main")
    made.connection("paper1", "main")
    made.agent("momentum", "main", "paper1")
    made.client("claude", "momentum")
    made.instrument("AAPL", "100")
    made.is_well()
    return made


def changed(record: Record, **fields: Any) -> Record:
    """Return a record whose decision has other fields."""
    assert record.decision is not None
    return msgspec.structs.replace(record, decision=msgspec.structs.replace(record.decision, **fields))


def without(record: Record, kind: type) -> Record:
    """Return a record without its events of a kind."""
    return msgspec.structs.replace(record, events=tuple(e for e in record.events if not isinstance(e, kind)))
