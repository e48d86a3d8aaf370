"""What a verification says it proved, and what it says it cannot: no more than what was looked at."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from tests.verify.both import verify
from tests.verify.desk import SIGNER, forged, ledger, numbered, write, written
from tests.verify.test_export import exported
from tests.verify.test_tampering import _command, _decision, segments

from remit.journal import frame as reading
from remit.journal import walk as walking
from remit.journal.checkpoint import sign
from remit.journal.cosign import CosignatureSigner
from remit.journal.frame import ENTRY, frame
from remit.journal.snapshot import digest_of
from remit.journal.tree import Tree
from remit.kernel.codec import decode, encode
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel, OutOfOrder
from remit.kernel.snapshot import dump
from remit.testing.disk import MemoryStore
from remit.verify import snapshots
from remit.verify.snapshots import look_over

KEY = SIGNER.verifier
NEWEST = "that this is the newest copy and the only one"


def of_another_kernel(entries: list[bytes], start: int) -> list[bytes]:
    """The start names another version's kernel; the snapshot that is named later is the one that follows."""
    record = decode(Record, entries[start - 1])
    body = msgspec.structs.replace(record.command.body, version="9.9.9", digest="f" * 64)
    command = msgspec.structs.replace(record.command, body=body)
    entries = [*entries[: start - 1], encode(msgspec.structs.replace(record, command=command)), *entries[start:]]
    return with_snapshot(entries)


def with_snapshot(entries: list[bytes], digest: str = "") -> list[bytes]:
    """The snapshot that the ledger names has this hash, else the one that follows from the entries."""
    seq = numbered("snapshot_taken")
    if len(entries) < seq:
        return entries
    body = decode(Record, entries[seq - 1]).command.body
    kernel, tree = Kernel(), Tree()
    try:
        for entry in entries[: body.through]:  # type: ignore[union-attr]
            kernel.fold(decode(Record, entry))
            tree.add(entry)
    except OutOfOrder:
        return entries  # something is wrong before it
    body = msgspec.structs.replace(body, hash=digest or digest_of(tree.size, 0, tree.frontier(), dump(kernel.state)))
    return forged(entries, seq, _command(body=body))


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
    assert not any(said.startswith(NEWEST) for said in beside.not_proved) and beside.known == len(ledger())
    assert any(said.startswith(f"that none was signed after entry {len(ledger())}") for said in beside.not_proved)
    assert alone.head and verify(folder, KEY, heads=[alone.head]).heads == 1


def test_a_hole_behind_the_last_line_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (reading, walking):
        monkeypatch.setattr(module, "TORN_BYTES", 1 << 20)
    folder = written(tmp_path / "journal", ledger())
    os.truncate(segments(folder)[-1], 1 << 40)
    found = verify(folder, KEY)
    assert not found.well and "that no crash leaves" in found.fault and found.count == len(ledger())


def test_what_is_newer_than_the_largest_head_that_others_have_is_said(tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", ledger())
    witness = CosignatureSigner("witness.test", b"w" * 32)
    note = write(MemoryStore(), ledger()[:12])
    cosigned = note + witness.cosign(note, 4_000_000_000)
    for heads, size in ((note,), 12), ((write(MemoryStore(), ledger()[:9]), cosigned), 12):
        found = verify(folder, KEY, heads=heads, witnesses=[str(witness.cosigner)])
        said = f"that entries {size + 1} to {len(ledger())} are the only ones signed after entry {size}"
        assert found.known == size and any(one.startswith(said) for one in found.not_proved)
    for root, holds in ((sha256().digest(), True), (bytes(32), False)):
        nothing = sign(SIGNER, SIGNER.name, 0, root).note
        assert verify(folder, KEY, heads=[nothing]).well is holds
    beside_nothing = verify(folder, KEY, heads=[sign(SIGNER, SIGNER.name, 0, sha256().digest()).note])
    assert any(one.startswith(NEWEST) for one in beside_nothing.not_proved)


def test_torn_bytes_behind_a_clean_stop_are_not_clean(tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", ledger())
    last = segments(folder)[-1]
    last.write_bytes(last.read_bytes() + b"e 0000")
    found = verify(folder, KEY)
    assert found.well and not found.clean and found.torn_bytes == 6
    assert any(said.startswith("how it ends") for said in found.not_proved)


def test_an_export_says_nothing_of_how_its_journal_was_opened(tmp_path: Path) -> None:
    of_journal = verify(written(tmp_path / "a" / "journal", ledger()), KEY).proved
    of_export = verify(exported(tmp_path / "export", ledger()), KEY).proved
    assert any("each said in its first entry and signed" in said for said in of_journal)
    assert any(said.startswith("2 starts that entries name;") for said in of_export)


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
    assert of_others.well and (of_others.counts.snapshots, of_others.counts.snapshots_not_derived) == (1, 0)


def test_a_snapshot_that_only_another_kernel_could_have_spelled_is_not_well(tmp_path: Path) -> None:
    entries = with_snapshot(of_another_kernel(list(ledger()), 1), "f" * 64)
    found = verify(written(tmp_path / "journal", entries), KEY)
    assert not found.well and found.difference is not None and found.count == len(ledger())
    seq = numbered("snapshot_taken")
    assert (found.difference.seq, found.difference.code, found.difference.written) == (seq, "other_kernel", "f" * 64)
    assert (found.counts.snapshots, found.counts.snapshots_not_derived) == (0, 1)
    assert any(said.startswith("what 1 snapshot named by entries holds") for said in found.not_proved)
    ours = verify(written(tmp_path / "ours" / "journal", with_snapshot(list(ledger()), "f" * 64)), KEY)
    assert ours.difference is not None and ours.difference.code == "snapshot_not_as_derived"


def test_only_entries_under_a_head_name_snapshots_and_not_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path / "journal", ledger())
    through = decode(Record, ledger()[numbered("snapshot_taken") - 1]).command.body.through  # type: ignore[union-attr]
    for place in (folder, exported(tmp_path / "export", ledger())):
        assert look_over(place, KEY) == ({through}, len(ledger()))
    junk = tmp_path / "export" / "tile" / "entries" / "zzz"
    junk.write_bytes(b'"kind":"snapshot_taken","through":3,')
    assert look_over(tmp_path / "export", KEY)[0] == {through}
    last = segments(folder)[-1]
    whole = last.read_bytes()
    lines = whole.splitlines(keepends=True)
    name_all = b"".join(b'"kind":"snapshot_taken","through":%d,' % place for place in range(30))
    last.write_bytes(b"".join(lines[:-1]) + frame(ENTRY, name_all))
    assert look_over(folder, KEY)[0] <= {through}
    monkeypatch.setattr(snapshots, "PLACES_MAX", 0)
    last.write_bytes(whole)
    found = verify(folder, KEY)
    assert found.well and found.counts.snapshots_not_derived == 1 and "too many" in "".join(found.not_proved)


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
