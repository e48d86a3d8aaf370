"""What witnesses say is held against the journal's own times, and against what they said before."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.verify.both import verify
from tests.verify.desk import SIGNER, ledger, write, written
from tests.verify.test_export import exported

from remit.journal.cosign import CosignatureSigner
from remit.journal.cosigned import FILE
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.kernel.numbers import NANOSECONDS
from remit.testing.disk import MemoryStore
from remit.verify import CannotVerify, Verdict
from remit.verify.witnesses import APART_S

ONE = CosignatureSigner("one.test", b"1" * 32)
OTHER = CosignatureSigner("other.test", b"2" * 32)
KEYS = [str(ONE.cosigner), str(OTHER.cosigner)]
KEY = SIGNER.verifier


def at_s(size: int) -> int:
    """When the last of so many entries was."""
    return decode(Record, ledger()[size - 1]).command.at // NANOSECONDS


def head(size: int, *said: tuple[CosignatureSigner, int]) -> str:
    """The head of so many entries, cosigned; each time is beside that of its last entry."""
    note = write(MemoryStore(), ledger()[:size])
    return note + "".join(witness.cosign(note, at_s(size) + beside) for witness, beside in said)


def found(folder: Path, *heads: str, decide: bool = True) -> Verdict:
    return verify(written(folder / "journal", ledger()), KEY, heads=heads, witnesses=KEYS, decide=decide)


@pytest.mark.parametrize("decide", [True, False])
@pytest.mark.parametrize(("beside", "holds"), [(-APART_S - 2, False), (-APART_S + 1, True), (0, True), (9**9, True)])
def test_no_head_is_cosigned_before_its_last_entry_was(
    tmp_path: Path, beside: int, holds: bool, decide: bool
) -> None:
    verdict = found(tmp_path, head(20, (ONE, beside)), decide=decide)
    assert verdict.well is holds
    if not holds:
        difference = verdict.difference
        assert difference is not None and (difference.seq, difference.field) == (20, "witness one.test")
        assert difference.code == "witness_before_entry" and verdict.proved == () and verdict.witnessed == ()
        assert str(APART_S) in difference.derived and verdict.count == len(ledger()) and verdict.root


def test_a_witness_says_no_earlier_time_of_more_entries(tmp_path: Path) -> None:
    later = at_s(30) - at_s(10)
    verdict = found(tmp_path / "a", head(10, (ONE, later + 50)), head(30, (ONE, 0), (OTHER, 0)))
    assert verdict.difference is not None and verdict.difference.code == "witness_went_back"
    assert (verdict.difference.seq, verdict.difference.field) == (30, "witness one.test")
    for before in (later, later - 60):
        verdict = found(tmp_path / f"{before}", head(10, (ONE, before), (OTHER, 0)), head(30, (ONE, 0)))
        assert verdict.well and [(one.witness, one.size) for one in verdict.witnessed] == [
            ("one.test", 30), ("other.test", 10),
        ]  # fmt: skip


def test_two_words_on_one_head_may_come_in_any_order(tmp_path: Path) -> None:
    assert found(tmp_path, head(20, (ONE, 50)), head(20, (ONE, 7))).well


def test_of_many_lines_of_one_witness_the_earliest_is_told_and_who_signed_nothing(tmp_path: Path) -> None:
    verdict = found(tmp_path, head(20, (ONE, 50), (ONE, 7), (ONE, 90)))
    assert [(one.at_s - at_s(20)) for one in verdict.witnessed] == [7] and verdict.silent == ("other.test",)
    assert any(said.startswith("that other.test saw any of it") for said in verdict.not_proved)
    late = found(tmp_path / "late", head(20, (ONE, 9000), (ONE, 0)), head(30, (ONE, 5000)))
    assert late.difference is not None and late.difference.code == "witness_went_back"


def test_two_witnesses_of_one_name_are_two(tmp_path: Path) -> None:
    twin = CosignatureSigner("one.test", b"3" * 32)
    keys = [str(ONE.cosigner), str(twin.cosigner), str(ONE.cosigner)]
    folder = written(tmp_path / "journal", ledger())
    verdict = verify(folder, KEY, heads=[head(20, (ONE, 3), (twin, 5))], witnesses=keys)
    names = [one.witness for one in verdict.witnessed]
    assert names == ["one.test+" + signer.cosigner.key_hash.hex() for signer in (ONE, twin)]


def test_the_head_of_an_export_is_held_against_its_last_entry(tmp_path: Path) -> None:
    for name, beside in (("early", -APART_S - 2), ("well", 3)):
        folder = exported(tmp_path / name, ledger(), head(len(ledger()), (ONE, beside)))
        assert verify(folder, KEY, witnesses=KEYS).well is (name == "well")


def test_entries_that_are_no_records_have_no_time(tmp_path: Path) -> None:
    entries = [b"entry %d" % number for number in range(9)]
    note = write(MemoryStore(), entries)
    kept = note + ONE.cosign(note, 5)
    assert verify(written(tmp_path / "journal", entries), KEY, heads=[kept], witnesses=KEYS, decide=False).well


def test_the_head_that_a_guard_keeps_cosigned_is_found_beside_its_journal(tmp_path: Path) -> None:
    """In a data folder or a backup: its witnesses are heard, and a journal that lacks it is an old copy."""
    folder = written(tmp_path / "journal", ledger())
    (tmp_path / FILE).write_text(head(30, (ONE, 4)))
    verdict = verify(folder, KEY, witnesses=KEYS)
    assert verdict.well and verdict.heads == 0
    assert [(one.witness, one.size) for one in verdict.witnessed] == [("one.test", 30)]
    old = written(tmp_path / "old" / "journal", ledger()[:20])
    (tmp_path / "old" / FILE).write_text(head(30, (ONE, 4)))
    assert f"a head of size 30 lies in {FILE}" in verify(old, KEY).fault
    fork = written(tmp_path / "fork" / "journal", [*ledger()[:28], *ledger()[29:]])
    (tmp_path / "fork" / FILE).write_text(head(30, (ONE, 4)))
    assert "not those of the head that witnesses cosigned" in verify(fork, KEY, decide=False).fault
    (tmp_path / FILE).write_text("nothing")
    with pytest.raises(CannotVerify, match=FILE):
        verify(folder, KEY)
