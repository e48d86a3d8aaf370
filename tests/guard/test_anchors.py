"""Anchors: nothing leaves before enough witnesses and the second folder hold a head over it, and nobody goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.guard.core import Core

from remit.guard.anchors import ANCHORED, HEAD, anchored_head
from remit.guard.errors import AnchorDamaged, AnchorGone, LinkDown, NotWitnessed
from remit.guard.recover import ORIGIN, recover, take_snapshot
from remit.guard.vault import Vault
from remit.guard.witness_settings import Witness
from remit.guard.world import JOURNAL
from remit.journal import checkpoint as checkpoints
from remit.journal.cosign import CosignatureSigner, cosignatures
from remit.journal.errors import JournalRolledBack
from remit.journal.note import Signer
from remit.kernel import command as c
from remit.kernel.names import GUARD
from remit.testing.disk import MemoryStore
from remit.testing.world import START, MemoryWorld
from remit.witness.ledger import Ledger

URLS = ("http://one.test", "http://two.test")
SIGNERS = [CosignatureSigner(f"w{number}.test/w", bytes(range(number, number + 32))) for number in (1, 2)]
NOW_S = START // 10**9
WITNESSES = [Witness(url, signer.cosigner) for url, signer in zip(URLS, SIGNERS, strict=True)]


class Desk:
    """A guard with two witnesses whose ledgers are real. `asked` is what was shown to whom; `away` who does not
    answer, `mute` who cosigns and is not heard."""

    def __init__(self, needed: int = 2, *, folder: bool = False, world: MemoryWorld | None = None) -> None:
        self.world = world or MemoryWorld()
        self.away: set[str] = set()
        self.mute: set[str] = set()
        self.asked: list[str] = []
        if folder and self.world.anchor_disk is None:
            self.world.anchor_disk = MemoryStore()
        self.core = Core(self.world, WITNESSES if needed else (), needed)
        journal = self.core.vault.checkpoint_signer(ORIGIN).verifier
        self.stores = [self.world.disks.setdefault(url, MemoryStore()) for url in URLS]
        self.ledgers = [
            Ledger(store, signer, [journal], lambda: self.world.now() // 10**9)
            for store, signer in zip(self.stores, SIGNERS, strict=True)
        ]
        for url, ledger in zip(URLS, self.ledgers, strict=True):
            self.world.witnesses[url] = self._script(url, ledger)

    def _script(self, url: str, ledger: Ledger) -> Callable[[bytes], tuple[int, bytes]]:
        def asked(body: bytes) -> tuple[int, bytes]:
            self.asked.append(url)
            if url in self.away:
                raise LinkDown("nobody answers", "Ask again")
            answer = ledger.add_checkpoint(body)
            if url in self.mute:
                raise LinkDown("the answer was lost", "Ask again")
            return answer.status, answer.body

        return asked

    def write(self, count: int = 1) -> None:
        """Let so many entries be durable."""
        for _ in range(count):
            self.core.journal.append(b'{"n":%d}' % self.core.journal.size)
            self.core.journal.sync()

    @property
    def codes(self) -> list[str]:
        return [alert.code for alert in self.world.alerts]


def run(work: Callable[[], object]) -> None:
    """Run a coroutine function."""

    async def whole() -> None:
        async with asyncio.timeout(20):
            await work()  # type: ignore[misc]

    asyncio.run(whole())


async def settle() -> None:
    """Let everything that can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_an_entry_is_covered_once_as_many_as_are_needed_have_cosigned() -> None:
    async def work() -> None:
        desk = Desk(2)
        anchors = desk.core.anchors
        desk.write(3)
        await anchors.meet()
        assert anchors.witnessed == 3
        tasks = [asyncio.ensure_future(task) for task in anchors.tasks()]
        for seq in (4, 5, 9):
            desk.write(seq - desk.core.journal.size)
            with pytest.raises(NotWitnessed):
                anchors.check(seq)
            await anchors.cover(seq, 10**10)
            anchors.check(seq)
        key = desk.core.vault.checkpoint_signer(ORIGIN).verifier
        heads = [ledger.head(key) for ledger in desk.ledgers]
        assert [head.size for head in heads if head is not None] == [9, 9]
        about = anchors.about()
        assert (about["needed"], about["witnessed"]) == (2, 9)
        assert [(row["name"], row["size"], row["at"], row["why"]) for row in about["witnesses"]] == [
            ("w1.test/w", 9, NOW_S, ""), ("w2.test/w", 9, NOW_S, "")
        ]  # fmt: skip
        assert cosignatures(anchors.witnesses[0].head, [SIGNERS[0].cosigner]) == {SIGNERS[0].cosigner: NOW_S}
        for task in tasks:
            task.cancel()

    run(work)


def test_one_of_two_that_goes_away_stops_what_needs_two_and_is_told_of_once() -> None:
    async def work() -> None:
        desk = Desk(2)
        anchors = desk.core.anchors
        desk.write(3)
        await anchors.meet()
        tasks = [asyncio.ensure_future(task) for task in anchors.tasks()]
        desk.away = {URLS[1]}
        desk.write()
        for _ in range(2):
            with pytest.raises(NotWitnessed, match="1 of 2 cosignatures .*w2.test/w: nobody answers"):
                await anchors.cover(4, 10**8)
        assert desk.codes == ["witness_silent", "not_witnessed"]
        desk.away = set()
        for _ in range(5):
            desk.world.pass_time(10**9)
            await settle()
        await anchors.cover(4, 10**10)
        assert anchors.about()["witnesses"][1]["why"] == ""
        for task in tasks:
            task.cancel()

    run(work)


def test_one_of_two_is_enough_where_one_is_needed() -> None:
    async def work() -> None:
        desk = Desk(1)
        desk.away = {URLS[0]}
        desk.write(3)
        await desk.core.anchors.meet()
        assert desk.core.anchors.witnessed == 3
        desk.core.anchors.check(3)
        assert desk.codes == ["witness_silent"]

    run(work)


def test_a_lost_answer_is_asked_for_again_and_costs_no_trust() -> None:
    async def work() -> None:
        desk = Desk(2)
        anchors = desk.core.anchors
        desk.write(3)
        desk.mute = {URLS[0]}
        await anchors.meet()
        assert anchors.witnessed == 0
        desk.mute = set()
        desk.write(2)
        await anchors.meet()
        assert anchors.witnessed == 5
        desk.mute = {URLS[0]}
        desk.write()
        await anchors.witnesses[0].submit()
        desk.mute = set()
        desk.write()
        await anchors.witnesses[0].submit()  # it knows 6, and was thought to know 5
        assert anchors.witnesses[0].cosigned == 7

    run(work)


def test_a_witness_that_was_away_for_long_is_caught_up_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remit.guard.witnessed.LEAVES_MAX", 4)

    async def work() -> None:
        desk = Desk(1)
        anchors = desk.core.anchors
        desk.write(3)
        await anchors.meet()
        desk.away = {URLS[0]}
        for _ in range(5):
            desk.write(3)
            for one in anchors.witnesses:
                await one.submit()
        desk.away = set()
        await anchors.witnesses[0].submit()
        assert [one.cosigned for one in anchors.witnesses] == [18, 18]

    run(work)


def copy_of(desk: Desk) -> MemoryStore:
    """The journal as a power loss would leave it."""
    return desk.world.disks[JOURNAL].reboot(0)


def older(desk: Desk, journal: MemoryStore) -> MemoryWorld:
    """The same machine with an old copy of its journal; its witnesses and its second folder are as they are."""
    world = MemoryWorld(disks={**desk.world.disks, JOURNAL: journal})
    world.files, world.anchor_disk = dict(desk.world.files), desk.world.anchor_disk
    return world


def entries(count: int) -> Callable[[Desk], None]:
    """Commands that a kernel can fold."""

    def write(desk: Desk) -> None:
        for _ in range(count):
            desk.core.loop.enter(GUARD, c.Tick())
        desk.core.loop._turn()

    return write


async def met() -> tuple[Desk, MemoryStore]:
    """A desk whose witnesses know a head of 7 entries, and the copy of its journal when it had 3."""
    desk = Desk(2)
    entries(3)(desk)
    old = copy_of(desk)
    entries(4)(desk)
    await desk.core.anchors.meet()
    return desk, old


def test_a_witness_refuses_the_start_of_an_old_copy_with_both_sizes() -> None:
    async def work() -> None:
        desk, old = await met()
        again = Desk(2, world=older(desk, old))
        with pytest.raises(JournalRolledBack, match=r"ends at entry 3, but w\d.test/w cosigned a head of size 7"):
            await again.core.anchors.meet()
        assert again.core.anchors.witnessed == 0

    run(work)


def test_a_witness_refuses_a_journal_that_grew_another_way() -> None:
    async def work() -> None:
        desk, old = await met()
        for more in (4, 6):
            again = Desk(2, world=older(desk, old.reboot(0)))
            again.world.pass_time(10**9)
            entries(more)(again)
            with pytest.raises(JournalRolledBack, match="cosigned"):
                await again.core.anchors.meet()

    run(work)


def test_a_witness_that_was_silent_at_the_start_and_knows_better_ends_the_guard() -> None:
    async def work() -> None:
        desk, old = await met()
        again = Desk(2, world=older(desk, old))
        again.away = set(URLS)
        await again.core.anchors.meet()
        with pytest.raises(NotWitnessed):
            again.core.anchors.check(1)
        again.away = set()
        with pytest.raises(JournalRolledBack):
            await again.core.anchors.witnesses[0].submit()

    run(work)


def test_nobody_is_shown_anything_newer_before_all_that_are_needed_have_signed_what_was_opened() -> None:
    """Else an old copy, started while the one that knows better is silent, would lead the others on; and then no
    journal would ever satisfy all again."""

    async def work() -> None:
        desk = Desk(2, folder=True)
        entries(3)(desk)
        await desk.core.anchors.meet()
        old = copy_of(desk)
        entries(4)(desk)
        await desk.core.anchors.witnesses[0].submit()  # and the guard dies before anybody else hears of it
        newest = copy_of(desk)

        again = Desk(2, folder=True, world=older(desk, old))
        again.away = {URLS[0]}
        await again.core.anchors.meet()
        tasks = [asyncio.ensure_future(task) for task in again.core.anchors.tasks()]
        again.world.pass_time(10**9)
        entries(20)(again)
        with pytest.raises(NotWitnessed):
            await again.core.anchors.cover(20, 10**8)
        for _ in range(3):
            again.world.pass_time(10**9)
            await settle()
        assert again.core.anchors.witnesses[1].cosigned == 3
        assert again.world.anchor_disk is not None and not again.world.anchor_disk.names()
        for task in tasks:
            task.cancel()
        again.away = set()
        with pytest.raises(JournalRolledBack):
            await again.core.anchors.witnesses[0].submit()

        right = Desk(2, folder=True, world=older(desk, newest))
        await right.core.anchors.meet()
        assert right.core.anchors.witnessed == 7
        tasks = [asyncio.ensure_future(task) for task in right.core.anchors.tasks()]
        entries(2)(right)
        await right.core.anchors.cover(9, 10**10)
        for task in tasks:
            task.cancel()

    run(work)


def test_a_witness_that_contradicts_later_is_told_of_and_does_not_count() -> None:
    async def work() -> None:
        desk = Desk(2)
        desk.write(3)
        await desk.core.anchors.meet()
        desk.world.witnesses[URLS[0]] = lambda body: (409, b"99\n")
        desk.write()
        for one in desk.core.anchors.witnesses:
            await one.submit()
        assert desk.codes == ["witness_contradicts"]
        assert desk.core.anchors.witnessed == 3

    run(work)


@pytest.mark.parametrize(
    "answer",
    [(200, b""), (200, b"\xff\n"), (500, b"no"), (409, b"1e3\n"), (409, b""), (409, b"0\n"), (301, b""), (200, b"x")],
)  # fmt: skip
def test_nonsense_is_no_cosignature(answer: tuple[int, bytes]) -> None:
    async def work() -> None:
        desk = Desk(2)
        desk.write(3)
        for url in URLS:
            desk.world.witnesses[url] = lambda body: answer
        await desk.core.anchors.meet()
        assert desk.core.anchors.witnessed == 0
        assert all(one.fault for one in desk.core.anchors.witnesses)
        assert set(desk.codes) == {"witness_silent"}

    run(work)


def test_the_second_folder_holds_a_head_over_whatever_is_let_go() -> None:
    async def work() -> None:
        desk = Desk(0, folder=True)
        anchors, disk = desk.core.anchors, desk.world.anchor_disk
        assert disk is not None
        entries(3)(desk)
        await anchors.cover(2, 10**9)
        anchors.check(3)
        note = disk.read(HEAD, 0, 4096).decode()
        key = desk.core.vault.checkpoint_signer(ORIGIN).verifier
        assert checkpoints.verify(note, ORIGIN, [key]).size == 3
        assert desk.world.has_file(ANCHORED)
        entries(1)(desk)
        disk.fail_write()
        with pytest.raises(LinkDown, match="refused a head over entry 4"):
            await anchors.cover(4, 10**9)
        with pytest.raises(LinkDown):
            anchors.check(4)
        assert desk.codes == ["not_anchored"]
        await anchors.cover(4, 10**9)
        assert anchors.about()["folder"] == {"size": 4, "why": ""}

    run(work)


def test_the_second_folder_refuses_the_start_of_an_old_copy_with_both_sizes() -> None:
    desk = Desk(0, folder=True)
    entries_in_loop(desk, 3)
    old = copy_of(desk)
    entries_in_loop(desk, 4)
    desk.core.anchors.close()
    world = older(desk, old)
    with pytest.raises(JournalRolledBack, match="ends at entry 3, but a head of size 7 is known"):
        recover(world, Vault.open(world))
    gone = older(desk, MemoryStore())
    with pytest.raises(JournalRolledBack, match="ends at entry 0"):
        recover(gone, Vault.open(gone))
    newest = older(desk, copy_of(desk))
    assert recover(newest, Vault.open(newest)).journal.size == 7


def entries_in_loop(desk: Desk, count: int) -> None:
    """As `entries`, where no event loop runs."""

    async def work() -> None:
        entries(count)(desk)

    asyncio.run(work())


def test_a_journal_that_forks_before_the_newest_snapshot_is_found_out_too() -> None:
    """A snapshot spares the entries before it, and with them the root that the second folder remembers."""
    desk = Desk(0, folder=True)
    entries_in_loop(desk, 3)
    old = copy_of(desk)
    entries_in_loop(desk, 2)
    desk.core.anchors.close()  # a head of size 5, and from here on the folder is out of reach
    disk, desk.world.anchor_disk = desk.world.anchor_disk, None
    other = Desk(0, world=older(desk, old))
    other.world.pass_time(10**9)

    async def work() -> None:
        entries(6)(other)
        other.core.loop.enter(GUARD, take_snapshot(other.world, other.core.journal, other.core.kernel))
        other.core.loop._turn()

    asyncio.run(work())
    world = older(other, copy_of(other))
    assert recover(world, Vault.open(world)).journal.size == 10
    world = older(other, copy_of(other))
    world.anchor_disk = disk
    with pytest.raises(JournalRolledBack, match="first 5 entries are not those"):
        recover(world, Vault.open(world))


@pytest.mark.parametrize(("ago_s", "agrees"), [(0, True), (500, True), (-500, True), (700, False), (-700, False)])
def test_the_first_signature_since_the_start_must_be_of_now(ago_s: int, agrees: bool) -> None:
    """Who plays back what a witness signed long ago, for that very head, shows nobody that it knows no better."""

    async def work() -> None:
        desk = Desk(2)
        desk.write(3)
        ledgers = [
            Ledger(MemoryStore(), signer, [desk.core.vault.checkpoint_signer(ORIGIN).verifier], lambda: NOW_S - ago_s)
            for signer in SIGNERS
        ]
        for url, ledger in zip(URLS, ledgers, strict=True):
            desk.world.witnesses[url] = desk._script(url, ledger)
        await desk.core.anchors.meet()
        assert desk.core.anchors.witnessed == (3 if agrees else 0)
        assert desk.codes == ([] if agrees else ["witness_silent"] * 2)

    run(work)


def test_a_witness_that_comes_and_goes_is_told_of_once_an_hour() -> None:
    async def work() -> None:
        desk = Desk(2)
        anchors = desk.core.anchors
        desk.write(3)
        await anchors.meet()
        one = anchors.witnesses[1]
        for hour in range(3):
            for _ in range(5):
                for away in ({URLS[1]}, set[str]()):
                    desk.away = away
                    desk.write()
                    await one.submit()
            assert desk.codes == ["witness_silent"] * (hour + 1)
            desk.world.pass_time(3600 * 10**9)

    run(work)


def test_a_second_folder_that_is_empty_again_or_not_this_journals_is_refused() -> None:
    desk = Desk(0, folder=True)
    entries_in_loop(desk, 3)
    disk = desk.world.anchor_disk
    assert disk is not None
    key = desk.core.vault.checkpoint_signer(ORIGIN).verifier
    assert anchored_head(desk.world, key) is None
    desk.core.anchors.close()
    thief = Signer(ORIGIN, bytes(32))
    for spoilt in (checkpoints.sign(thief, ORIGIN, 1, bytes(32)).note.encode(), b"", b"\xff"):
        disk.replace(HEAD, spoilt)
        with pytest.raises(AnchorDamaged):
            anchored_head(desk.world, key)
    disk.remove(HEAD)
    with pytest.raises(AnchorGone):
        anchored_head(desk.world, key)
    desk.world.remove_file(ANCHORED)
    assert anchored_head(desk.world, key) is None
