"""The journal of a replay: signed, complete, and every verdict follows from its commands again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.replay.cases import SEED, order, replayed, under

from remit.journal.note import parse_verifier
from remit.journal.store import FolderReader
from remit.journal.verify import verify
from remit.kernel.codec import decode
from remit.kernel.command import Submit
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.replay.desk import Conduct
from remit.replay.errors import ReplayRefused
from remit.replay.journals import ORIGIN, VERIFIER, JournalFolder
from remit.replay.run import Settings

ROWS = [order(7, "buy", "10"), order(7, "buy", "1"), order(8, "buy", "1"), order(9, "sell", "10")]
LIMITS = {"daily_loss_max": "150", "approval_notional_min": "500"}


def journalled(folder: Path) -> list[Record]:
    """Replay into a journal and return its records, after the checks of signature and tree."""
    journal = JournalFolder(folder / "proof", SEED)
    settings = Settings(under(LIMITS), conduct=Conduct("approve", "next-session"))
    replayed(folder, ROWS, settings, journal=journal)
    key = parse_verifier((folder / "proof" / VERIFIER).read_text().strip())
    records: list[Record] = []
    found = verify(
        FolderReader(folder / "proof" / "USD"), ORIGIN, [key],
        on_entry=lambda index, entry: records.append(decode(Record, entry)),
    )
    assert (found.fault, found.count, found.torn_bytes) == (None, len(records), 0)
    assert found.checkpoint is not None and "clean-stop" in found.checkpoint.extensions
    return records


def test_every_record_follows_again_from_its_command(tmp_path: Path) -> None:
    records = journalled(tmp_path)
    kernel = Kernel()
    for record in records:
        again = kernel.step(record.command)
        assert (again.decision, again.events) == (record.decision, record.events)
    assert sum(isinstance(record.command.body, Submit) for record in records) == len(ROWS)


def test_nothing_reaches_the_venue_without_its_digest_in_an_earlier_entry(tmp_path: Path) -> None:
    planned: set[str] = set()
    for record in journalled(tmp_path):
        order_id = getattr(record.command.body, "order", None)
        if type(record.command.body).__name__ in ("Acked", "Filled", "Rejected"):
            assert order_id in planned
        planned.update(request.order for request in record.requests if request.do == "place")
    assert len(planned) == 4


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ReplayRefused, match="journal_exists"):
        JournalFolder(tmp_path, SEED)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
