"""What a verification says it proved, and what it says it cannot: no more than what was looked at."""

from __future__ import annotations

from pathlib import Path

import msgspec
from tests.verify.both import verify
from tests.verify.desk import SIGNER, forged, ledger, numbered, write, written
from tests.verify.test_export import exported
from tests.verify.test_tampering import _decision, segments

from remit.kernel.codec import decode, encode
from remit.kernel.event import Record
from remit.testing.disk import MemoryStore

KEY = SIGNER.verifier
NEWEST = "that this is the newest copy and the only one"


def of_another_kernel(entries: list[bytes], start: int) -> list[bytes]:
    """The start names another version's kernel."""
    record = decode(Record, entries[start - 1])
    body = msgspec.structs.replace(record.command.body, version="9.9.9", digest="f" * 64)
    command = msgspec.structs.replace(record.command, body=body)
    return [*entries[: start - 1], encode(msgspec.structs.replace(record, command=command)), *entries[start:]]


def test_nothing_is_claimed_of_what_does_not_hold(tmp_path: Path) -> None:
    edited = forged(ledger(), numbered("submit", '"verdict":"deny"'), _decision(verdict="allow", findings=()))
    assert verify(written(tmp_path / "a" / "journal", edited), KEY).proved == ()
    folder = written(tmp_path / "b" / "journal", ledger())
    path = segments(folder)[2]
    path.write_bytes(path.read_bytes().replace(b"e", b"f", 40))
    found = verify(folder, KEY)
    assert found.fault and found.proved == () and found.not_proved


def test_a_head_kept_elsewhere_takes_the_first_doubt_away(tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", ledger())
    alone, beside = verify(folder, KEY), verify(folder, KEY, heads=[write(MemoryStore(), ledger())])
    assert any(said.startswith(NEWEST) for said in alone.not_proved)
    assert not any(said.startswith(NEWEST) for said in beside.not_proved) and beside.not_proved
    assert alone.head and verify(folder, KEY, heads=[alone.head]).heads == 1


def test_an_export_says_nothing_of_how_its_journal_was_opened(tmp_path: Path) -> None:
    of_journal = verify(written(tmp_path / "a" / "journal", ledger()), KEY).proved
    of_export = verify(exported(tmp_path / "export", ledger()), KEY).proved
    assert any("each said in its first entry and signed" in said for said in of_journal)
    assert any("each said in its first entry;" in said for said in of_export)


def test_an_export_says_that_it_has_one_head(tmp_path: Path) -> None:
    of_journal = verify(written(tmp_path / "a" / "journal", ledger()), KEY)
    of_export = verify(exported(tmp_path / "export", ledger()), KEY)
    said = "an export holds the newest signed head alone"
    assert of_export.is_export and any(said in one for one in of_export.not_proved)
    assert not of_journal.is_export and not any(said in one for one in of_journal.not_proved)


def test_of_entries_that_no_head_covers_nothing_is_claimed(tmp_path: Path) -> None:
    *_, path, last = segments(written(tmp_path / "journal", ledger()))
    last.unlink()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    found = verify(path.parent, KEY)
    assert found.well and 0 < found.unsealed < 9 and found.count < len(ledger())
    assert found.proved[0].startswith(f"entries 1 to {found.count} stand as they were signed")
    assert any(said.startswith(f"{found.unsealed} entries and 0 bytes after the last") for said in found.not_proved)


def test_snapshots_are_claimed_where_they_were_derived(tmp_path: Path) -> None:
    found = verify(written(tmp_path / "a" / "journal", ledger()), KEY)
    assert found.counts.snapshots == 1 and any(said.startswith("1 snapshot named by entries") for said in found.proved)
    of_others = verify(written(tmp_path / "b" / "journal", of_another_kernel(list(ledger()), 1)), KEY)
    assert (of_others.counts.snapshots, of_others.counts.snapshots_not_derived) == (0, 1)
    assert any(said.startswith("what 1 snapshot named by entries holds") for said in of_others.not_proved)


def test_a_stretch_of_another_kernel_that_decides_the_same_is_proved_and_named(tmp_path: Path) -> None:
    start = numbered("kernel_started", '"prefix":"efgh"')
    found = verify(written(tmp_path / "journal", of_another_kernel(list(ledger()), start)), KEY)
    assert found.well and [(one.first, one.is_same, one.is_derived) for one in found.stretches] == [
        (1, True, True), (start, False, True),
    ]  # fmt: skip
    assert any("version 9.9.9, and this kernel decides the same" in said for said in found.proved)


def test_a_stretch_that_this_kernel_decides_otherwise_names_the_version(
    tmp_path: Path,
) -> None:
    """It is not well: the version named there must verify it; what comes after it is derived all the same."""
    edited = forged(ledger(), numbered("submit", '"verdict":"deny"'), _decision(currency="EUR"))
    found = verify(written(tmp_path / "journal", of_another_kernel(edited, 1)), KEY)
    assert not found.well and found.difference is not None and found.difference.code == "other_kernel"
    assert found.count == len(ledger())
    assert [(one.version, one.is_derived) for one in found.stretches] == [
        ("9.9.9", False), (found.stretches[1].version, True),
    ]  # fmt: skip
    assert any("pip install remit==9.9.9" in said for said in found.not_proved)
    assert not any("entries 1 to 31: every decision" in said for said in found.proved)
    unreadable = of_another_kernel([*ledger()[:5], b'{"of":"tomorrow"}'], 1)
    found = verify(written(tmp_path / "b" / "journal", unreadable), KEY)
    assert found.difference is not None and (found.difference.seq, found.difference.code) == (6, "other_kernel")
    assert found.proved == ()
