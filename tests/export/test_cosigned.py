"""Exports of a journal that witnesses sign: which head stands there, what waits for it, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.export.test_exporter import KEY, Memory, check, journal_in
from tests.journal.cases import SIGNER, filled

from remit.export import exporter as exporters
from remit.export.exporter import Exporter
from remit.export.follow import Following
from remit.export.source import Durable, SharedFolder
from remit.journal import checkpoint as checkpoints
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosign import CosignatureSigner, cosignatures
from remit.journal.errors import JournalRolledBack
from remit.journal.standing import Standing

WITNESSES = [CosignatureSigner(f"w{number}.test/w", bytes([number] * 32)) for number in (1, 2)]
COSIGNERS = [witness.cosigner for witness in WITNESSES]
SECOND = 10**9


class Desk:
    """A journal, what is kept of its cosigned head, and a place in memory."""

    def __init__(self, folder: Path) -> None:
        self.journal = journal_in(folder)
        self.kept: bytes | None = None
        self.sink = Memory()
        self._durable = partial(Durable, SharedFolder(folder))

    def exporter(self) -> Exporter:
        return Exporter(self._durable, KEY, self.sink, lambda: self.kept)

    def write(self, count: int = 1) -> None:
        filled(self.journal, count)

    def cosign(self, *numbers: int, head: Checkpoint | None = None) -> None:
        """Let these witnesses have signed the journal's head."""
        note = (head or self.journal.head).note
        self.kept = (note + "".join(WITNESSES[number].cosign(note, 7) for number in numbers)).encode()

    @property
    def out(self) -> tuple[int, int]:
        """How many entries stand there, checked as by a stranger, and how many witnesses signed their head."""
        size = check(self.sink.read, self.journal.size)
        return size, 0 if not size else len(cosignatures(self.sink.files["checkpoint"].decode(), COSIGNERS))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "journal")


def test_a_patient_one_brings_out_what_the_cosigned_head_covers(desk: Desk) -> None:
    exporter = desk.exporter()
    desk.write(100)
    exporter.advance(patient=True)
    first = desk.journal.size
    assert desk.out == (first, 0), "where nobody ever cosigned nothing waits"
    desk.cosign(0)
    exporter.advance(patient=True)
    assert desk.out == (first, 1), "the same head, with a signature more"
    desk.write(100)
    then = desk.journal.size
    desk.cosign(0, 1)
    desk.write(100)
    exporter.advance(patient=True)
    assert desk.out == (then, 2)
    exporter.advance(patient=True)
    assert desk.out == (then, 2)
    exporter.advance()
    assert desk.out == (desk.journal.size, 0)
    exporter.advance(patient=True)
    assert desk.out == (desk.journal.size, 0), "never back to a smaller head"
    desk.cosign(1)
    assert desk.exporter().advance() is not None and desk.out == (desk.journal.size, 1)


@pytest.mark.parametrize("kept", [b"", b"nonsense", b"\xff", "other"])
def test_what_is_no_head_of_this_journal_counts_for_nothing(desk: Desk, kept: bytes | str) -> None:
    desk.write(5)
    desk.kept = kept if isinstance(kept, bytes) else checkpoints.sign(SIGNER, "another", 3, bytes(32)).note.encode()
    exporter = desk.exporter()
    exporter.advance(patient=True)
    assert desk.out == (desk.journal.size, 0)


def test_a_cosigned_head_of_another_history_is_named(desk: Desk) -> None:
    desk.write(5)
    desk.cosign(0, head=checkpoints.sign(SIGNER, SIGNER.name, desk.journal.size, bytes(32)))
    with pytest.raises(JournalRolledBack, match="not those of the head that witnesses cosigned"):
        desk.exporter().advance(patient=True)
    assert desk.out == (0, 0)


def test_no_more_waits_in_memory_than_it_may(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write(1)
    desk.cosign(0)
    desk.write(100)
    monkeypatch.setattr(exporters, "WAITING_BYTES", 500)
    exporter = desk.exporter()
    exporter.advance(patient=True)
    assert desk.out == (desk.journal.size, 0)


class Clock:
    """What following needs of a machine: `waits` is what happens during each wait."""

    def __init__(self) -> None:
        self.at = 0
        self.told: list[Standing] = []
        self.waits: list[Callable[[], None]] = []

    def now(self) -> int:
        return self.at

    def wait(self, duration_s: float) -> bool:
        self.at += int(duration_s * SECOND)
        if self.waits:
            self.waits.pop(0)()
        return bool(self.waits)

    def tell(self, standing: Standing) -> None:
        self.told.append(standing)


@pytest.mark.parametrize("every_s", [2, 60])
def test_following_waits_for_the_witnesses_and_not_for_long(desk: Desk, every_s: int) -> None:
    around = Clock()
    seen: list[tuple[int, int]] = []

    def trade() -> None:
        """Entries that the witnesses sign a little later than they come."""
        seen.append(desk.out)
        desk.write(2)
        desk.cosign(0, 1)
        desk.write(1)

    def silence() -> None:
        """Entries that nobody signs."""
        seen.append(desk.out)
        desk.write(1)

    around.waits = [trade, trade, trade, silence, silence, silence, silence]
    desk.write(1)
    Following("place", desk.exporter, around, every_s).run()
    assert [signed for _, signed in seen[1:4]] == [2, 2, 2], "each head is cosigned while they answer"
    assert seen[-1][1] == 0 and seen[-1][0] > seen[3][0], "and what they do not sign goes out without"
    assert [size for size, _ in seen] == sorted(size for size, _ in seen)
    assert desk.out == (desk.journal.size, 0), "the last time nothing waits"
    assert not any(standing.fault for standing in around.told)
    late = max(standing.tried_at - standing.at for standing in around.told)
    assert late <= max(every_s, 6) * SECOND
