"""The newest head that enough witnesses cosigned: which one it is, that it is kept, and what of it is not trusted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.guard.core import Core
from tests.guard.test_anchors import NOW_S, SIGNERS, WITNESSES, Desk, copy_of, entries_in_loop, older, run, settle

from remit.guard.gathered import HEADS_MAX, Gathered, kept_head
from remit.guard.recover import ORIGIN, recover
from remit.guard.vault import Vault
from remit.journal.checkpoint import Checkpoint, sign
from remit.journal.cosign import cosignatures
from remit.journal.cosigned import FILE, signers
from remit.journal.errors import JournalRolledBack
from remit.journal.note import Signer
from remit.testing.world import MemoryWorld

COSIGNERS = [witness.cosigner for witness in WITNESSES]


def signed_by(head: Checkpoint, *numbers: int) -> str:
    """The head with the lines of these witnesses."""
    return head.note + "".join(SIGNERS[number].cosign(head.note, 7) for number in numbers)


class Gathering:
    """What is gathered of a journal of five entries, each under a head of its own. `told` is what was alarmed."""

    def __init__(self, enough: int = 2, world: MemoryWorld | None = None) -> None:
        self.world = world or MemoryWorld()
        self.core = Core(self.world)
        self.heads: dict[int, Checkpoint] = {}
        while self.core.journal.size < 5:
            self.core.journal.append(b'{"n":%d}' % self.core.journal.size)
            head = self.core.journal.sync()
            self.heads[head.size] = head
        self.key = self.core.vault.checkpoint_signer(ORIGIN).verifier
        self.told: list[str] = []
        self.gathered = self.again(enough)

    def again(self, enough: int = 2) -> Gathered:
        """As a guard that starts anew on the same world."""

        def alarm(code: str, why: str) -> None:
            self.told.append(code)

        return Gathered(self.world, self.core.journal, COSIGNERS, enough, alarm)

    def hear(self, *signed: tuple[int, int]) -> None:
        for size, number in signed:
            self.gathered.heard(signed_by(self.heads[size], number))

    @property
    def kept(self) -> tuple[int, int]:
        """The size of the head and how many witnesses signed it."""
        head = self.gathered.head
        return (0, 0) if head is None else (head.size, len(cosignatures(head.note, COSIGNERS)))


@pytest.mark.parametrize(
    ("enough", "heard", "kept"),
    [
        (2, [], (0, 0)),
        (2, [(3, 0)], (0, 0)),
        (2, [(3, 0), (4, 1)], (0, 0)),
        (2, [(3, 0), (4, 1), (4, 0)], (4, 2)),
        (2, [(3, 0), (4, 1), (4, 0), (5, 0), (3, 1)], (4, 2)),
        (2, [(3, 0), (4, 1), (4, 0), (5, 0), (5, 1)], (5, 2)),
        (2, [(3, 0), (3, 0)], (0, 0)),
        (1, [(3, 0)], (3, 1)),
        (1, [(3, 0), (3, 1)], (3, 2)),
        (1, [(3, 0), (3, 1), (3, 0)], (3, 2)),
        (1, [(3, 0), (3, 1), (4, 0)], (4, 1)),
        (1, [(4, 0), (3, 1)], (4, 1)),
    ],
)
def test_it_is_the_newest_that_enough_have_signed(
    enough: int, heard: list[tuple[int, int]], kept: tuple[int, int]
) -> None:
    gathering = Gathering(enough)
    gathering.hear(*heard)
    assert gathering.kept == kept


def test_what_is_remembered_is_bounded() -> None:
    gathering = Gathering()
    signer = gathering.core.vault.checkpoint_signer(ORIGIN)
    for number in range(3 * HEADS_MAX):
        gathering.gathered.heard(signed_by(sign(signer, ORIGIN, 5, gathering.heads[5].root, (f"x{number}",)), 0))
    assert len(gathering.gathered._heads) == HEADS_MAX


def test_it_is_written_once_a_second_and_taken_up_again() -> None:
    async def work() -> None:
        gathering = Gathering()
        writing = asyncio.ensure_future(gathering.gathered.run())
        gathering.hear((3, 0), (3, 1), (4, 0), (4, 1))
        await settle()
        assert FILE not in gathering.world.files
        gathering.world.pass_time(10**9)
        await settle()
        assert signers(gathering.world.files[FILE]) == 3
        gathering.hear((5, 0), (5, 1))
        writing.cancel()
        for size in (4, 5):
            again = gathering.again()
            again.restore(gathering.key)
            assert again.head is not None and again.head.size == size
            gathering.gathered.close()
        few = gathering.again(enough=3)
        few.restore(gathering.key)
        assert few.head is None and not gathering.told

    run(work)


def spoilt(gathering: Gathering) -> dict[str, tuple[str, str]]:
    """What may lie there instead, and how it is called."""
    good, own = signed_by(gathering.heads[4], 0, 1), gathering.core.vault.checkpoint_signer(ORIGIN)
    stranger = sign(Signer(ORIGIN, bytes(32)), ORIGIN, 4, gathering.heads[4].root)
    return {
        "nothing": ("", "cosigned_damaged"),
        "half": (good[: len(good) // 2], "cosigned_damaged"),
        "a stranger's": (signed_by(stranger, 0, 1), "cosigned_damaged"),
        "a line that does not fit": (
            gathering.heads[4].note + SIGNERS[0].cosign(gathering.heads[3].note, 7),
            "cosigned_damaged",
        ),
        "beyond the end": (signed_by(sign(own, ORIGIN, 9, bytes(32)), 0, 1), "cosigned_damaged"),
        "another root": (signed_by(sign(own, ORIGIN, 4, bytes(32)), 0, 1), "cosigned_damaged"),
    }


@pytest.mark.parametrize("what", sorted(spoilt(Gathering())))
def test_what_cannot_be_trusted_is_named_kept_and_replaced_by_the_next(what: str) -> None:
    gathering = Gathering()
    note, code = spoilt(gathering)[what]
    gathering.world.files[FILE] = note
    gathering.gathered.restore(gathering.key)
    gathering.gathered.close()
    assert gathering.told == [code] and gathering.kept == (0, 0) and gathering.world.files[FILE] == note
    gathering.hear((5, 0), (5, 1))
    gathering.gathered.close()
    assert signers(gathering.world.files[FILE]) == 3


def test_a_head_that_is_kept_is_one_that_the_journal_must_have() -> None:
    gathering = Gathering()
    assert kept_head(gathering.world, gathering.key) == {}
    gathering.world.files[FILE] = "nonsense"
    assert kept_head(gathering.world, gathering.key) == {}
    desk = Desk(0)
    entries_in_loop(desk, 5)
    own = desk.core.vault.checkpoint_signer(ORIGIN)
    for size in (4, 9):
        world = older(desk, copy_of(desk))
        world.files[FILE] = signed_by(sign(own, ORIGIN, size, bytes(32)), 0)
        with pytest.raises(JournalRolledBack):
            recover(world, Vault.open(world), heads=kept_head(world, own.verifier))


def test_a_disk_that_refuses_it_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        gathering = Gathering()
        writing = asyncio.ensure_future(gathering.gathered.run())

        def refuse(name: str, text: str) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as planted:
            planted.setattr(gathering.world, "publish", refuse)
            gathering.hear((5, 0), (5, 1))
            for _ in range(3):
                await settle()
                gathering.world.pass_time(10**9)
            await settle()
        assert gathering.told == ["cosigned_not_kept"] and FILE not in gathering.world.files
        gathering.world.pass_time(10**9)
        await settle()
        assert signers(gathering.world.files[FILE]) == 3
        writing.cancel()

    run(work)


def test_two_witnesses_sign_the_same_heads_and_the_last_one_of_a_stop() -> None:
    async def work() -> None:
        desk = Desk(2)
        anchors = desk.core.anchors
        desk.write(3)
        await anchors.meet()
        tasks = [asyncio.ensure_future(task) for task in anchors.tasks()]
        for _ in range(3):
            desk.write()
            await anchors.cover(desk.core.journal.size, 10**10)
            await settle()
            assert anchors.cosigned is not None and anchors.cosigned.size == desk.core.journal.size
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        desk.write(2)
        await anchors.part()
        anchors.close()
        found: Any = anchors.cosigned
        assert found.size == 8 and cosignatures(desk.world.files[FILE], COSIGNERS) == dict.fromkeys(COSIGNERS, NOW_S)

    run(work)
