"""The ledger: only consistent growth is cosigned, whatever is asked, in whatever order, and whenever it crashes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.journal import checkpoint as checkpoints
from remit.journal.cosign import CosignatureSigner, cosigned
from remit.journal.note import Signer
from remit.journal.submission import SIZE_TYPE, Submission
from remit.journal.tree import consistency_proof, leaf_hash, root_of
from remit.testing.disk import MemoryStore
from remit.witness.errors import WitnessDamaged, WitnessSetting
from remit.witness.ledger import Answer, Ledger

JOURNAL = Signer("remit.test/journal", bytes(range(32)))
THIEF = Signer("remit.test/journal", bytes(range(3, 35)))
ELSE = Signer("remit.test/else", bytes(range(4, 36)))
WITNESS = CosignatureSigner("witness.test/w1", bytes(range(1, 33)))
HISTORY = [leaf_hash(b"%d" % number) for number in range(40)]
FORK = [*HISTORY[:5], *(leaf_hash(b"other %d" % number) for number in range(35))]


def ledger(store: MemoryStore, *journals: Signer) -> Ledger:
    """A witness of these journals, at ten past the epoch."""
    known = [one.verifier for one in journals or (JOURNAL,)]
    return Ledger(store, WITNESS, known, lambda: 10)


def head(leaves: list[bytes], size: int, signer: Signer = JOURNAL) -> str:
    """The signed head of the first `size` of these leaves."""
    return checkpoints.sign(signer, signer.name, size, root_of(leaves[:size])).note


def ask(of: Ledger, old: int, new: int, leaves: list[bytes] = HISTORY, signer: Signer = JOURNAL) -> Answer:
    """Ask for a cosignature of growth from one size to another."""
    proof = tuple(consistency_proof(leaves[:new], old)) if old <= new else ()
    return of.add_checkpoint(Submission(old, proof, head(leaves, new, signer)).write())


def is_cosigned(answer: Answer, size: int, leaves: list[bytes] = HISTORY) -> bool:
    """Whether an answer is this witness's word on a head."""
    if answer.status != 200:
        return False
    return bool(cosigned(head(leaves, size), answer.body.decode(), WITNESS.cosigner))


def test_growth_is_cosigned_step_by_step() -> None:
    of = ledger(MemoryStore())
    old = 0
    for new in (0, 1, 1, 2, 7, 8, 8, 39):
        assert is_cosigned(ask(of, old, new), new)
        old = new
    known = of.head(JOURNAL.verifier)
    assert known is not None and known.size == 39


@pytest.mark.parametrize(("old", "new"), [(0, 9), (3, 9), (6, 9), (8, 9), (0, 3)])
def test_a_wrong_old_size_is_told_the_right_one(old: int, new: int) -> None:
    of = ledger(MemoryStore())
    ask(of, 0, 7)
    assert ask(of, old, new) == Answer(409, b"7\n", SIZE_TYPE)


def test_what_was_cut_or_rewritten_is_never_cosigned() -> None:
    of = ledger(MemoryStore())
    ask(of, 0, 7)
    assert ask(of, 7, 9, FORK).status == 422
    assert ask(of, 7, 7, FORK) == Answer(409, b"7\n", SIZE_TYPE)
    assert ask(of, 7, 3).status == 400
    assert ask(of, 3, 6) == Answer(409, b"7\n", SIZE_TYPE)
    assert is_cosigned(ask(of, 7, 9), 9)


def test_a_head_that_contradicts_one_of_its_size_is_kept() -> None:
    store = MemoryStore()
    of = ledger(store)
    ask(of, 0, 7)
    ask(of, 7, 7, FORK)
    ask(of, 7, 7, [*FORK[:6], *HISTORY[6:]])
    (name,) = [name for name in store.names() if name.endswith(".contradicts")]
    assert store.read(name, 0, 4096).decode() == head(FORK, 7)


def test_a_request_said_again_changes_nothing() -> None:
    of = ledger(MemoryStore())
    first = Submission(0, (), head(HISTORY, 7)).write()
    assert of.add_checkpoint(first).status == 200
    assert of.add_checkpoint(first) == Answer(409, b"7\n", SIZE_TYPE)
    assert is_cosigned(ask(of, 7, 9), 9)
    assert of.add_checkpoint(first) == Answer(409, b"9\n", SIZE_TYPE)


def test_a_proof_must_be_the_proof() -> None:
    of = ledger(MemoryStore())
    ask(of, 0, 7)
    proof = consistency_proof(HISTORY[:9], 7)
    for spoilt in ((), (*proof, proof[0]), (bytes(32), *proof[1:]), tuple(reversed(proof))):
        assert of.add_checkpoint(Submission(7, tuple(spoilt), head(HISTORY, 9)).write()).status == 422
    assert of.add_checkpoint(Submission(7, (bytes(32),), head(HISTORY, 7)).write()).status == 422


def test_only_the_journals_own_key_is_heard() -> None:
    of = ledger(MemoryStore(), JOURNAL, ELSE)
    assert ask(of, 0, 3, signer=THIEF).status == 403
    assert ask(of, 0, 3, signer=Signer("remit.test/unknown", bytes(32))).status == 404
    assert ask(of, 0, 3, signer=ELSE).status == 200
    assert of.head(JOURNAL.verifier) is None
    assert of.add_checkpoint(b"old 0\n\n").status == 400
    assert of.add_checkpoint(Submission(0, (), ELSE.sign("remit.test/else\nno size\n")).write()).status == 400


def test_two_journals_of_one_name_are_told_apart_by_their_keys() -> None:
    of = ledger(MemoryStore(), JOURNAL, THIEF)
    assert ask(of, 0, 7).status == 200
    assert ask(of, 0, 3, FORK, THIEF).status == 200
    assert is_cosigned(ask(of, 7, 9), 9)


def test_a_crash_between_the_write_and_the_answer_leaves_a_witness_that_knows() -> None:
    store = MemoryStore()
    of = ledger(store)
    ask(of, 0, 7)
    ask(of, 7, 9)  # and the answer never arrived
    again = ledger(store.reboot(0))
    assert ask(again, 7, 9) == Answer(409, b"9\n", SIZE_TYPE)
    assert ask(again, 7, 12, FORK) == Answer(409, b"9\n", SIZE_TYPE)
    assert is_cosigned(ask(again, 9, 9), 9)
    assert is_cosigned(ask(again, 9, 12), 12)


def test_a_disk_that_failed_once_ends_it() -> None:
    store = MemoryStore()
    of = ledger(store)
    ask(of, 0, 7)
    store.fail_write()
    assert ask(of, 7, 9).status == 500
    assert of.failed
    assert ask(of, 7, 9).status == 500
    assert is_cosigned(ask(ledger(store.reboot(0)), 7, 9), 9)


def test_what_it_remembers_is_checked_at_the_start() -> None:
    store = MemoryStore()
    ask(ledger(store), 0, 7)
    (name,) = store.names()
    for spoilt in (head(HISTORY, 3, THIEF), "", head(HISTORY, 7).replace("\n7\n", "\n3\n")):
        store.replace(name, spoilt.encode())
        with pytest.raises(WitnessDamaged):
            ledger(store)


def test_a_witness_of_nothing_or_of_one_journal_twice_is_refused() -> None:
    with pytest.raises(WitnessSetting):
        Ledger(MemoryStore(), WITNESS, [], lambda: 0)
    with pytest.raises(WitnessSetting):
        ledger(MemoryStore(), JOURNAL, JOURNAL)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.booleans(), st.booleans()), max_size=30))
def test_all_that_was_ever_cosigned_is_of_one_history(asked: list[tuple[int, int, bool, bool]]) -> None:
    """Also with a power loss in between: whatever was answered with 200 is one history, and never got smaller."""
    store = MemoryStore()
    of = ledger(store)
    signed: list[tuple[int, bytes]] = []
    for old, new, forked, crashes in asked:
        leaves = FORK if forked else HISTORY
        if ask(of, old, new, leaves).status == 200:
            signed.append((new, root_of(leaves[:new])))
        if crashes:
            store = store.reboot(0)
            of = ledger(store)
    assert [size for size, _ in signed] == sorted(size for size, _ in signed)
    assert any(all(root == root_of(leaves[:size]) for size, root in signed) for leaves in (HISTORY, FORK))
