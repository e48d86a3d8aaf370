"""Small real journals: entries of the guard's own loop and courier, sealed by the journal's own code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
from tests.guard.core import AGENT, OPERATOR, Core
from tests.guard.desk import Desk

import remit
from remit.digest import kernel_digest
from remit.guard.recover import in_doubt, take_snapshot
from remit.journal.log import Journal, read_entries
from remit.journal.note import Signer
from remit.journal.store import FileStore
from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.command import Body
from remit.kernel.event import Record
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import Money, Price, Quantity, parse
from remit.testing.disk import MemoryStore
from remit.testing.world import MemoryWorld
from remit.venues.paper import messages
from remit.verify.places import VERIFIER
from remit.verify.requests import planned

SIGNER = Signer("remit.test/journal", b"k" * 32)
SEGMENT_BYTES = 6_000
Change = Callable[[Record], Record]


class Planner(Desk):
    """A desk whose entries name the requests that follow from them, as a guard's do."""

    def do(self, by: Principal, body: Body) -> Record:
        record = super().do(by, _of_this_kernel(body))
        record = msgspec.structs.replace(record, requests=planned(self.kernel.state, record))
        self.journal[-1] = encode(record)
        return record


def written(folder: Path, entries: Sequence[bytes], *, batch: int = 5, signer: Signer = SIGNER) -> Path:
    """Write entries as a journal, opened anew at each start of a guard: what one who holds the key could write."""
    store = FileStore(folder)
    write(store, entries, batch=batch, signer=signer)
    store.close()
    (folder.parent / VERIFIER).write_text(f"{signer.verifier}\n")
    return folder


def write(
    store: MemoryStore | FileStore, entries: Sequence[bytes], *, batch: int = 5, signer: Signer = SIGNER,
    segment_bytes: int = SEGMENT_BYTES,
) -> str:  # fmt: skip
    """Seal entries, batch by batch, in small segments; return the head."""
    journal: Journal | None = None
    for index, entry in enumerate(entries):
        if b'"kind":"kernel_started"' in entry[:200] or journal is None:
            if journal is not None:
                journal._commit(journal._seal(("clean-stop",)))
            journal, _ = Journal.open(store, signer, segment_bytes=segment_bytes)
        journal.append(entry)
        if index % batch == batch - 1:
            journal.sync()
    assert journal is not None
    journal._commit(journal._seal(("clean-stop",)))
    return journal.head.note


def forged(entries: Sequence[bytes], seq: int, change: Change) -> list[bytes]:
    """Return the entries with one of them changed, as somebody who holds the signing key could write them."""
    found = list(entries)
    found[seq - 1] = encode(change(decode(Record, found[seq - 1])))
    return found


class _Life(Core):
    """A guard that names the kernel it is made of, as the real one does."""

    async def enter(self, by: Principal, body: c.Body) -> Record:
        return await super().enter(by, _of_this_kernel(body))


def _of_this_kernel(body: Body) -> Body:
    if isinstance(body, c.KernelStarted):
        return msgspec.structs.replace(body, version=remit.__version__, digest=kernel_digest())
    return body


def _live(world: MemoryWorld, main: Callable[[_Life], Awaitable[None]]) -> None:
    core = _Life(world)

    async def beside() -> None:
        writing = asyncio.ensure_future(core.loop.run())
        async with asyncio.timeout(10):
            await main(core)
            await core.courier.stop()
            await core.enter(GUARD, c.KernelStopped())
            core.loop.stop()
            await writing

    asyncio.run(beside())
    core.journal.close()


async def _first(core: _Life) -> None:
    await core.set_up()
    allowed = (await core.submit("10")).decision
    await core.submit("3")
    await core.rest()
    assert allowed is not None
    fill = c.Filled(order=allowed.order, fill="f1", quantity=parse(Quantity, "4"), price=parse(Price, "99.5"))
    await core.enter(GUARD, fill)
    limits = c.SetMandate(
        subject="agent:momentum", why="tighter",
        mandate=msgspec.structs.replace(core.kernel.state.subjects["agent:momentum"].version.mandate,  # type: ignore[union-attr]
                                        order_notional_max=parse(Money, "500")),
    )  # fmt: skip
    await core.enter(OPERATOR, limits)
    await core.submit("50")
    await core.enter(OPERATOR, c.Halt(subject="agent:momentum", why="look at it", kill=True))
    await core.rest()
    await core.submit("1")
    await core.enter(OPERATOR, c.Resume(halt=next(iter(core.kernel.state.halts)), why="too early"))
    for halt in list(core.kernel.state.halts.values()):
        await core.enter(OPERATOR, c.Review(halt=halt.id, limit=halt.rule, why="looked"))
        await core.enter(OPERATOR, c.Resume(halt=halt.id, why="well again"))


async def _second(core: _Life) -> None:
    core.world.venues["paper1"] = core.script
    clean = core.recovered.recovery.clean_stop
    await core.enter(GUARD, c.KernelStarted(version="", digest="0" * 64, clean=clean, prefix="efgh"))
    for body in list(in_doubt(core.kernel.state)):
        await core.enter(GUARD, body)
    await core.enter(GUARD, take_snapshot(core.world, core.journal, core.kernel))
    core.answers["place"] = lambda body: messages.Refused(order=getattr(body, "order", ""), code="closed")
    await core.submit("2")
    await core.rest()
    await core.enter(OPERATOR, c.Halt(subject="firm", why="for the night"))


@lru_cache(maxsize=1)
def ledger() -> tuple[bytes, ...]:
    """The entries of two lives of a guard: orders that pass, are denied, fill, are cancelled; halts, a resume; limits
    that change; a venue that refuses."""
    world = MemoryWorld()
    _live(world, _first)
    _live(world, _second)
    return tuple(entry for _, entry in read_entries(world.disks["journal"], 0))


def numbered(kind: str, *also: str) -> int:
    """Return the sequence number of the first entry of the ledger whose command is of a kind and that holds texts."""
    for seq, entry in enumerate(ledger(), 1):
        if f'"kind":"{kind}"' in entry.decode() and all(text in entry.decode() for text in also):
            return seq
    raise LookupError(f"no {kind} with {also} in the ledger")


__all__ = ["AGENT", "OPERATOR", "Planner", "forged", "ledger", "numbered", "written"]
