"""Where the read model gets its entries: a journal's folder, or whoever yields its records as they come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from itertools import islice
from pathlib import Path

from remit.journal.errors import JournalError
from remit.journal.frame import sealed_size
from remit.journal.log import read_entries
from remit.journal.store import FolderReader, Reader
from remit.kernel.codec import encode
from remit.kernel.event import Record
from remit.reports.errors import AnotherJournal, JournalUnread
from remit.reports.model import BATCH, Model


def from_journal(model: Model, store: Reader, progress: Callable[[int], None] = lambda seq: None) -> int:
    """Bring a model up to the end of the journal in a folder and return how many entries that took.

    Where it holds rows of another journal it begins anew. JournalUnread, ModelUnusable, OSError.
    """
    try:
        return _take_up(model, store, progress)
    except JournalError as fault:
        raise JournalUnread(fault.what, fault.do) from None


def _take_up(model: Model, store: Reader, progress: Callable[[int], None]) -> int:
    try:
        _meet(model, store)
    except AnotherJournal:
        model.begin_anew()
    taken, sealed = 0, max(sealed_size(store), model.position)
    written = read_entries(store, model.position, sealed)
    entries: Iterator[tuple[int, bytes]] = ((at + 1, entry) for at, entry in written)
    while batch := list(islice(entries, BATCH)):
        taken += model.take_all(batch)
        progress(model.position)
    return taken


def from_folder(model: Model, folder: Path, progress: Callable[[int], None] = lambda seq: None) -> int:
    """Bring a model up to the end of the journal in a folder on this machine; errors as `from_journal`."""
    return from_journal(model, FolderReader(folder), progress)


def entries_of(folder: Path, start: int) -> Iterator[bytes]:
    """Yield the entries of a journal's folder from the sequence number `start` on, as far as a signed head covers them.

    It ends before the first that cannot be read: the guard is asked for what is missing, and says why. OSError.
    """
    store = FolderReader(folder)
    with contextlib.suppress(JournalError):
        for _, entry in read_entries(store, start - 1, max(sealed_size(store), start - 1)):
            yield entry


def _meet(model: Model, store: Reader) -> None:
    """Return where the journal holds the last entry that the model took; AnotherJournal otherwise."""
    position = model.position
    if not position:
        return
    try:
        for index, entry in read_entries(store, position - 1, position):
            model.check(index + 1, entry)
    except JournalError:  # it ends before
        raise AnotherJournal(f"the journal has no entry {position}", "Begin anew") from None


async def from_stream(model: Model, records: AsyncIterator[Record], stop: asyncio.Event | None = None) -> None:
    """Take records as they come, until their stream ends or `stop` is set. It begins with the last entry that the model
    took, where it took one: AnotherJournal where that is not the same."""
    waiting: list[tuple[int, bytes]] = []
    stopping = asyncio.ensure_future((stop or asyncio.Event()).wait())
    coming = asyncio.ensure_future(anext(records))
    try:
        while True:
            await asyncio.sleep(0)
            if waiting and (not coming.done() or len(waiting) >= BATCH):  # what came together is taken together
                model.take_all(waiting)
                waiting = []
            await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                return
            try:
                record = coming.result()
            except StopAsyncIteration:
                return
            coming = asyncio.ensure_future(anext(records))
            seq, entry = record.command.seq, encode(record)
            if seq <= model.position:
                model.check(seq, entry)
            else:
                waiting.append((seq, entry))
    finally:
        if waiting:
            model.take_all(waiting)
        for task in (coming, stopping):
            task.cancel()
        await asyncio.gather(coming, stopping, return_exceptions=True)
        if isinstance(records, AsyncGenerator):
            await records.aclose()
