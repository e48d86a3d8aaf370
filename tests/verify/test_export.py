"""An export verifies as its journal does, and whatever is changed in any of its files is found and named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.verify.both import verify
from tests.verify.desk import SIGNER, forged, ledger, numbered, write, written
from tests.verify.test_tampering import _decision, name_of, segments

from remit.journal.cosign import CosignatureSigner
from remit.journal.tiles import CHECKPOINT, Tiles
from remit.testing.disk import MemoryStore
from remit.verify import CannotVerify, journals, key_of, standalone

WITNESS = CosignatureSigner("witness.test", b"w" * 32)
KEY = SIGNER.verifier


def exported(folder: Path, entries: Sequence[bytes], head: str | None = None) -> Path:
    """Write entries as tlog-tiles, under the head of their journal."""
    tiles = Tiles()
    files = {path: data for entry in entries for path, data in tiles.add(entry)} | dict(tiles.partial())
    files[CHECKPOINT] = (head or write(MemoryStore(), entries, segment_bytes=1 << 20)).encode()
    files["verifier.txt"] = f"{KEY}\n".encode()
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export with whole tiles, of entries that are no records."""
    return exported(tmp_path_factory.mktemp("wide") / "export", [b"entry %d" % number for number in range(600)])


def test_an_export_is_decided_again(tmp_path: Path) -> None:
    export = exported(tmp_path / "export", ledger())
    assert journals(export) == [export]
    found = verify(export, key_of(export, None))
    assert found.well and found.clean and found.count == len(ledger()) and found.counts.decisions == 5
    assert found.counts.starts == 2 and found.counts.requests == 5


def test_an_edited_record_in_an_export_that_was_signed_anew(tmp_path: Path) -> None:
    seq = numbered("submit", '"verdict":"deny"')
    edited = forged(ledger(), seq, _decision(verdict="allow", findings=()))
    found = verify(exported(tmp_path / "export", edited), KEY)
    assert found.difference is not None and (found.difference.seq, found.difference.code) == (seq, "not_as_decided")


def test_any_file_of_an_export_that_is_changed_cut_or_missing_is_named(wide: Path, tmp_path: Path) -> None:
    assert verify(wide, KEY, decide=False).well
    names = sorted(path.relative_to(wide).as_posix() for path in wide.rglob("*") if path.is_file())
    assert {"tile/entries/000", "tile/entries/002.p/88", "tile/1/000.p/2", "tile/0/001"} <= set(names)
    copy = Path(shutil.copytree(wide, tmp_path / "copy"))
    for name in set(names) - {"verifier.txt"}:
        whole = (copy / name).read_bytes()
        for at in (0, 1, 2, len(whole) // 2, len(whole) - 1):
            (copy / name).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            assert name_of(verify(copy, KEY, decide=False)) == "journal_damaged", (name, at)
        (copy / name).write_bytes(whole[:-1])
        assert name_of(verify(copy, KEY, decide=False)) == "journal_damaged", name
        (copy / name).unlink()
        if name == CHECKPOINT:
            with pytest.raises(CannotVerify):
                journals(copy)
        else:
            found = verify(copy, KEY, decide=False)
            assert name_of(found) == "journal_damaged" and name in found.fault
        (copy / name).write_bytes(whole)


def test_an_export_that_grew_while_it_was_read_holds(wide: Path, tmp_path: Path) -> None:
    """Its partial tiles became whole, and were dropped."""
    entries = [b"entry %d" % number for number in range(300)]
    grown = Path(shutil.copytree(wide, tmp_path / "grown"))
    head = write(MemoryStore(), entries, segment_bytes=1 << 20)
    (grown / CHECKPOINT).write_text(head)
    tiles = Tiles()
    for entry in entries:
        list(tiles.add(entry))
    for path, data in tiles.partial():
        if path.startswith("tile/1"):  # this one is not whole yet
            (grown / path).write_bytes(data)
    found = verify(grown, KEY, decide=False)
    assert found.well and found.count == 300
    assert list(standalone.from_export(grown, standalone.Key(str(KEY)), standalone.Tree())) == entries


def test_what_is_no_plain_file_is_named_and_not_opened(tmp_path: Path) -> None:
    export = exported(tmp_path / "export", ledger())
    bundle = next((export / "tile" / "entries").rglob("*[0-9]"))
    while bundle.is_dir():
        bundle = next(bundle.iterdir())
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir):
        bundle.unlink()
        make(bundle)
        assert "is no plain file" in verify(export, KEY).fault
        with pytest.raises(standalone.Wrong, match="no plain file"):
            standalone.check(export, standalone.Key(str(KEY)), [])
        if bundle.is_dir():
            bundle.rmdir()
            bundle.touch()
    folder = written(tmp_path / "journal", ledger())
    last = segments(folder)[-1]
    last.unlink()
    os.mkfifo(last)
    assert verify(folder, KEY).count < len(ledger())
    standalone.check(folder, standalone.Key(str(KEY)), [])


def test_a_folder_that_holds_a_journal_and_an_export_is_no_hiding_place(tmp_path: Path) -> None:
    export = exported(tmp_path / "export", ledger())
    journal = written(export / "journal", ledger())
    assert journals(export) == [export, journal]
    assert "; " in standalone.check(export, standalone.Key(str(KEY)), [])
    path = segments(journal)[1]
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(standalone.Wrong):
        standalone.check(export, standalone.Key(str(KEY)), [])
    path.rename(export / path.name)
    with pytest.raises(CannotVerify, match="an export and a journal"):
        journals(export)
    with pytest.raises(standalone.Wrong):
        standalone.check(export, standalone.Key(str(KEY)), [])


def test_an_old_export_and_a_fork_show_beside_a_head(wide: Path, tmp_path: Path) -> None:
    entries = [b"entry %d" % number for number in range(600)]
    newest = (wide / CHECKPOINT).read_text()
    old = exported(tmp_path / "old", entries[:300])
    assert name_of(verify(old, KEY, decide=False, heads=[newest])) == "journal_rolled_back"
    assert verify(wide, KEY, decide=False, heads=[(old / CHECKPOINT).read_text()]).heads == 1
    fork = exported(tmp_path / "fork", [*entries[:299], b"another"])
    found = verify(wide, KEY, decide=False, heads=[(fork / CHECKPOINT).read_text()])
    assert name_of(found) == "journal_rolled_back" and "Two journals" in found.fault


def test_who_witnessed_a_head_and_when_is_said(tmp_path: Path) -> None:
    head = write(MemoryStore(), ledger())
    cosigned = head + WITNESS.cosign(head, 1_800_000_000)
    export = exported(tmp_path / "export", ledger(), cosigned)
    found = verify(export, KEY, witnesses=[str(WITNESS.cosigner)])
    assert found.well and [(one.witness, one.size, one.at_s) for one in found.witnessed] == [
        ("witness.test", len(ledger()), 1_800_000_000)
    ]
    assert any("2027-01-15 08:00:00 UTC, says the witness witness.test" in said for said in found.proved)
    other = CosignatureSigner("witness.test", b"x" * 32)
    assert verify(export, KEY, witnesses=[str(other.cosigner)]).witnessed == ()
    of_less = head.replace(f"\n{len(ledger())}\n", "\n3\n")
    (export / CHECKPOINT).write_text(head + WITNESS.cosign(of_less, 1_800_000_000))
    assert name_of(verify(export, KEY, witnesses=[str(WITNESS.cosigner)])) == "note_invalid"
    with pytest.raises(CannotVerify):
        verify(export, KEY, witnesses=["nobody"])
