"""Offline verification: a sound journal holds, and every kind of forgery is found at its entry and field."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.guard.desk import MOMENTUM, Desk
from tests.verify.both import verify
from tests.verify.desk import SIGNER, Planner, forged, written

import remit
from remit.digest import kernel_digest
from remit.journal.log import Journal
from remit.journal.note import Signer, Verifier
from remit.journal.store import FileStore
from remit.kernel.event import Record
from remit.verify import VERIFIER, CannotVerify, journals, key_of


@pytest.fixture
def desk() -> Desk:
    desk = Planner()
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    desk.submit(MOMENTUM, "25")
    desk.submit(MOMENTUM, "15")
    desk.mark("101")
    return desk


def denied_at(desk: Desk) -> int:
    return next(
        i for i, entry in enumerate(desk.journal, 1) if b'"verdict":"deny"' in entry and b'"event":"denied"' in entry
    )


def test_a_sound_journal_holds(desk: Desk, tmp_path: Path) -> None:
    heard: list[int] = []
    found = verify(written(tmp_path / "journal", desk.journal), SIGNER.verifier, progress=heard.append)
    assert found.well and found.clean and found.count == len(desk.journal)
    assert found.decisions == 3 and found.kernels == ((1, f"{remit.__version__} {kernel_digest()[:16]}"),)


def test_a_changed_verdict_is_found_though_its_signature_is_right(desk: Desk, tmp_path: Path) -> None:
    seq = denied_at(desk)

    def change(record: Record) -> Record:
        assert record.decision is not None
        decision = msgspec.structs.replace(record.decision, verdict="allow", findings=())
        return msgspec.structs.replace(record, decision=decision)

    folder = written(tmp_path / "journal", forged(desk.journal, seq, change))
    found = verify(folder, SIGNER.verifier)
    assert not found.well and found.count == seq - 1 and found.difference is not None
    assert (found.difference.seq, found.difference.field) == (seq, "decision.findings")
    assert verify(folder, SIGNER.verifier, decide=False).well


def test_a_changed_number_of_a_finding_is_named_to_the_field(desk: Desk, tmp_path: Path) -> None:
    seq = denied_at(desk)

    def change(record: Record) -> Record:
        assert record.decision is not None
        first, *rest = record.decision.findings
        decision = msgspec.structs.replace(
            record.decision, findings=(msgspec.structs.replace(first, actual="1999"), *rest)
        )
        return msgspec.structs.replace(record, decision=decision)

    found = verify(written(tmp_path / "journal", forged(desk.journal, seq, change)), SIGNER.verifier)
    assert found.difference is not None
    assert (found.difference.field, found.difference.written, found.difference.derived) == (
        "decision.findings[0].actual", '"1999"', '"2500"',
    )  # fmt: skip


def test_an_event_left_out_is_found(desk: Desk, tmp_path: Path) -> None:
    seq = denied_at(desk)
    entries = forged(desk.journal, seq, lambda record: msgspec.structs.replace(record, events=()))
    found = verify(written(tmp_path / "journal", entries), SIGNER.verifier)
    assert found.difference is not None and (found.difference.seq, found.difference.field) == (seq, "events")


def test_an_entry_left_out_is_found(desk: Desk, tmp_path: Path) -> None:
    entries = [*desk.journal[:6], *desk.journal[7:]]
    found = verify(written(tmp_path / "journal", entries), SIGNER.verifier)
    assert found.difference is not None and (found.difference.seq, found.difference.field) == (7, "command.seq")


def test_an_entry_that_is_no_record_or_not_canonical_is_found(desk: Desk, tmp_path: Path) -> None:
    found = verify(written(tmp_path / "one", [*desk.journal, b'{"no":"record"}']), SIGNER.verifier)
    assert found.difference is not None and found.difference.seq == len(desk.journal) + 1
    spaced = desk.journal[3].replace(b'":', b'": ', 1)
    found = verify(written(tmp_path / "two", [*desk.journal[:3], spaced]), SIGNER.verifier)
    assert found.difference is not None and found.difference.written == "not canonical"


def test_a_turned_bit_is_a_fault_of_the_journal(desk: Desk, tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", desk.journal)
    (segment,) = (path for path in folder.glob("*.journal") if b'"quantity":"25"' in path.read_bytes())
    segment.write_bytes(segment.read_bytes().replace(b'"quantity":"25"', b'"quantity":"24"', 1))
    found = verify(folder, SIGNER.verifier)
    assert not found.well and "journal_damaged" in found.fault


def test_a_rolled_back_journal_lacks_the_head_that_was_kept(desk: Desk, tmp_path: Path) -> None:
    journal, _ = Journal.open(FileStore(tmp_path / "whole"), SIGNER)
    for entry in desk.journal:
        journal.append(entry)
    kept = journal.sync().note
    journal.close()
    assert verify(tmp_path / "whole", SIGNER.verifier, heads=[kept]).well
    short = verify(written(tmp_path / "short", desk.journal[:8]), SIGNER.verifier, heads=[kept])
    assert not short.well and "rolled_back" in short.fault
    with pytest.raises(CannotVerify):
        verify(tmp_path / "whole", SIGNER.verifier, heads=["no checkpoint"])


def test_another_key_does_not_verify(desk: Desk, tmp_path: Path) -> None:
    other = Verifier(SIGNER.name, Signer(SIGNER.name, b"x" * 32).verifier.public_key)
    found = verify(written(tmp_path / "journal", desk.journal), other)
    assert not found.well and found.fault


def test_journals_and_their_keys_are_found_where_they_lie(desk: Desk, tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", desk.journal)
    assert journals(tmp_path) == [folder] and journals(folder) == [folder]
    assert key_of(folder, None) == SIGNER.verifier == key_of(folder, str(SIGNER.verifier))
    for stated in ("nonsense", str(SIGNER.verifier)[:-3]):
        with pytest.raises(CannotVerify):
            key_of(folder, stated)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CannotVerify):
        journals(tmp_path / "empty")
    (tmp_path / VERIFIER).unlink()
    with pytest.raises(CannotVerify):
        key_of(folder, None)
    replayed = tmp_path / "replay"
    replayed.mkdir()
    for currency in ("EUR", "USD"):
        written(replayed / currency, desk.journal)
    assert journals(replayed) == [replayed / "EUR", replayed / "USD"]
