"""What must hold of a data folder and of what its venue saw, whatever broke; asked from outside the guard."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.faults.desk import FaultDesk
from tests.guard.processes import wait_for

from remit.journal.frame import CHECKPOINT, read_lines, sealed_size, segments, unframe
from remit.journal.log import read_entries
from remit.journal.store import FolderReader
from remit.kernel import command as c
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.kernel.fold_drift import book_of
from remit.kernel.numbers import Money
from remit.kernel.snapshot import state_hash
from remit.venues.paper.state import PaperOrder, Position
from remit.verify import key_of, verify


class Kept(NamedTuple):
    """What a dead guard left: its entries, and of each segment the bytes that no start may ever change."""

    entries: list[bytes]
    sealed: dict[str, bytes]


def kept(desk: FaultDesk) -> Kept:
    """Look at the journal of a guard that is not running."""
    store = FolderReader(desk.home / "journal")
    if not store.folder.is_dir():
        return Kept([], {})
    names = segments(store)
    sealed = {name: store.read(name, 0, store.size(name)) for name in names}
    if names:
        sealed[names[-1]] = sealed[names[-1]][: _sealed_bytes(store, names[-1])]
    return Kept([entry for _, entry in read_entries(store, 0, sealed_size(store))], sealed)


def assert_kept(desk: FaultDesk, before: Kept) -> None:
    """Only what stands after the last checkpoint of the last segment may have been cut."""
    after = kept(desk)
    assert after.entries[: len(before.entries)] == before.entries, "an entry was lost or changed"
    for name, data in before.sealed.items():
        assert after.sealed[name][: len(data)] == data, f"{name} was changed before its last checkpoint"


def assert_truth(desk: FaultDesk, decide: bool = False) -> list[Record]:
    """Nothing acknowledged is lost, nothing was sent without its entry or sent twice, and the journal verifies, with
    `decide` every verdict of it decided again; return its records."""
    records = [decode(Record, entry) for _, entry in read_entries(FolderReader(desk.home / "journal"), 0)]
    by_seq = {record.command.seq: record for record in records}
    assert list(by_seq) == list(range(1, len(records) + 1))
    for seq, said in desk.acknowledged.items():
        decision = by_seq[seq].decision if seq in by_seq else None
        assert decision is not None, f"entry {seq} was acknowledged and is gone"
        assert (decision.verdict, decision.order) == said, f"entry {seq} was acknowledged as {said}"
    times = [record.command.at for record in records]
    assert times == sorted(times), "journal time went back"
    planned = [plan.order for record in records for plan in record.requests if plan.do == "place"]
    assert len(planned) == len(set(planned)), "an order is planned to be placed twice"
    sent = desk.tap.placed()
    assert desk.tap.wrong() == [], "a request arrived that no earlier entry plans"
    assert len(sent) == len(set(sent)), "an order was sent twice"
    assert set(sent) <= set(planned), "an order was sent that the journal does not know"
    permits = [permit.id for permit, _ in desk.tap.arrived]
    assert len(permits) == len(set(permits)), "a permit was used twice"
    verdict = verify(desk.home / "journal", key_of(desk.home / "journal", None), decide=decide)
    assert verdict.well, verdict
    submits = [record.command.body for record in records if isinstance(record.command.body, c.Submit)]
    thoughts = {submit.intent.thought for submit in submits if submit.intent.thought is not None}
    assert thoughts <= _texts(desk), "an entry names a text that is not there"
    return records


def assert_live_state(desk: FaultDesk) -> None:
    """The running guard's state is the fold of its journal."""
    live = desk.read("state_hash")
    assert state_hash(desk.folded(live["seq"]).state) == live["hash"]


def assert_settled(desk: FaultDesk) -> None:
    """With nothing broken any more a running guard comes to know everything, and its book is the venue's own.

    Stops guard and venue. Nothing stays unknown or reserved beyond what works, and nothing halted on the way.
    """
    desk.until_ready()
    wait_for(lambda: not _unsettled(desk), "every order under way is settled")
    assert desk.read("halts") == []
    assert_live_state(desk)
    assert desk.end_guard() == 0, desk.said()
    desk.stop_venue()
    state = desk.folded().state
    positions = {name: decode(Position, row).quantity for name, row in desk.at_venue("position").items()}
    assert book_of(state, "paper1") == {name: quantity for name, quantity in positions.items() if quantity}
    cash = {currency: int(decode(Money, row)) for currency, row in desk.at_venue("cash").items()}
    assert {currency: cash.amount for (_, currency), cash in state.cash.items()} == cash
    orders = {name: decode(PaperOrder, row) for name, row in desk.at_venue("order").items()}
    assert set(orders) <= set(desk.tap.placed()), "the venue has an order that nobody sent"
    assert set(state.orders) == {name for name, order in orders.items() if order.is_open}, "what works"
    assert_truth(desk, decide=True)


def _unsettled(desk: FaultDesk) -> list[str]:
    """The orders that are still to end: all but limit orders that work."""
    orders = desk.folded().state.orders.values()
    return [order.id for order in orders if order.state not in ("acked", "partial") or order.type == "market"]


def _texts(desk: FaultDesk) -> set[str]:
    """The digests of all texts in the side store: of a copy, so that it is the next guard that mends what is torn."""
    with tempfile.TemporaryDirectory() as folder:
        for file in desk.home.glob("side.db*"):
            shutil.copy(file, folder)
        database = sqlite3.connect(Path(folder) / "side.db")
        found = {row[0] for row in database.execute("SELECT digest FROM side WHERE text IS NOT NULL")}
        database.close()
    return found


def _sealed_bytes(store: FolderReader, name: str) -> int:
    """How many bytes of a segment stand before the end of its last whole checkpoint."""
    end = 0
    for offset, line in read_lines(store, name):
        try:
            kind, _ = unframe(line)
        except ValueError:
            break
        if kind == CHECKPOINT:
            end = offset + len(line)
    return end
