"""What lies on the disk: journals, snapshots, signed notes. Bytes that were damaged, or that somebody forged."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

from tests.hostile.target import Target, check_canonical, chosen, only, seeded
from tests.journal.cases import KEYS, ORIGIN, SIGNER
from tests.kernel.test_fuzz import busy
from tests.verify.desk import SIGNER as LEDGER_SIGNER
from tests.verify.desk import ledger, written

from remit.evidence import gather
from remit.evidence import write as write_evidence
from remit.journal import checkpoint as checkpoints
from remit.journal import note, snapshot
from remit.journal import receipt as receipts
from remit.journal.errors import JournalError, JournalPoisoned, NoteInvalid, ReceiptInvalid, SnapshotDamaged
from remit.journal.frame import CHECKPOINT, ENTRY, frame, read_lines
from remit.journal.log import Journal
from remit.journal.receipt import Blocks, Receipt
from remit.journal.tree import Tree
from remit.journal.verify import verify
from remit.kernel import snapshot as state_snapshot
from remit.kernel.codec import encode
from remit.kernel.event import Record
from remit.testing.disk import MemoryStore
from remit.verify import CannotVerify, verify_evidence, verify_receipt
from remit.verify.again import Again
from remit.verify.verdict import Differs

# Journal files

LEDGER_KEY = LEDGER_SIGNER.verifier
SEGMENT_BYTES = 700
"""So few that a small journal has several segments."""


@lru_cache(maxsize=1)
def _journal() -> tuple[dict[str, bytes], tuple[bytes, ...]]:
    """The files of a real journal of real records, some of them in a batch of their own, and its sealed entries."""
    store = MemoryStore()
    journal, _ = Journal.open(store, SIGNER, segment_bytes=SEGMENT_BYTES)
    for number, record in enumerate(busy().records[:12]):
        journal.append(encode(record))
        if number % 3 == 0:
            journal.sync()
    journal.close()
    files = {name: bytes(data) for name, data in store.live.items()}
    return files, tuple(entry for _, entry in _entries(store))


def _entries(store: MemoryStore) -> list[tuple[int, bytes]]:
    from remit.journal.log import read_entries

    return list(read_entries(store, 0))


def _framed(lines: bytes) -> bytes:
    """Return lines `e...` and `c...` as a segment whose checksums are right, whatever stands in them."""
    kinds = {ENTRY: ENTRY, CHECKPOINT: CHECKPOINT}
    return b"".join(frame(kinds.get(line[:1], ENTRY), line[1:]) for line in lines.split(b"\n"))


def _unframed(segment: bytes) -> bytes:
    store = MemoryStore()
    store.replace("one", segment)
    return b"\n".join(line[:1] + line[11:-1] for _, line in read_lines(store, "one"))


def check_journal(data: bytes) -> None:
    """A damaged journal is refused by name and left as it lies, or opens with every sealed entry as it was.

    The ways: any bytes as one of its segments, or as a file beside them; any lines with the right checksums.
    """
    files, sealed = _journal()
    names = sorted(files)
    way, said = chosen(data, 2 * len(names) + 1)
    store = MemoryStore()
    for name in names:
        store.replace(name, files[name])
    if way == 2 * len(names):
        store.replace("poisoned", said)
    else:
        store.replace(names[way // 2], said if way % 2 else _framed(said))
    before = {name: bytes(found) for name, found in store.live.items()}
    checked = verify(store, ORIGIN, KEYS)
    journal = None
    with only(JournalError) as refused:
        journal, _ = Journal.open(store, SIGNER, segment_bytes=SEGMENT_BYTES)
    if journal is None:
        if not isinstance(refused[0], JournalPoisoned):
            assert checked.fault is not None, "what cannot be opened does not verify"
        assert {name: bytes(found) for name, found in store.live.items()} == before, "a refusal changes no byte"
        return
    _check_sound(store, journal, sealed, names[way // 2] == names[-1] if way < 2 * len(names) else False)


def _check_sound(store: MemoryStore, journal: Journal, sealed: tuple[bytes, ...], last: bool) -> None:
    entries = [entry for _, entry in journal.entries()]
    tree = Tree()
    for entry in entries:
        tree.add(entry)
    assert (len(entries), tree.root()) == (journal.size, journal.root)
    known = sealed if not last else sealed[: len(entries)]
    assert tuple(entries[: len(known)]) == known, "an acknowledged entry changed"
    assert verify(store, ORIGIN, KEYS).fault is None or not _all_signed(store)
    head = journal.head.size, journal.head.root
    journal.close()
    again, recovery = Journal.open(store, SIGNER, segment_bytes=SEGMENT_BYTES)
    assert (again.size, again.root) == head and recovery.clean_stop and not recovery.torn_bytes


def _all_signed(store: MemoryStore) -> bool:
    """Whether no checkpoint in the middle of the last segment is unsigned: an opening looks at the last one only."""
    for name in store.names():
        for _, line in read_lines(store, name):
            if line[:1] == CHECKPOINT:
                with only(NoteInvalid, ValueError) as wrong:
                    from remit.journal.frame import note_in, unframe

                    checkpoints.verify(note_in(unframe(line)[1]), ORIGIN, KEYS)
                if wrong:
                    return False
    return True


def journal_seeds() -> list[bytes]:
    files, _ = _journal()
    found = []
    for place, name in enumerate(sorted(files)):
        found += [seeded(2 * place + 1, files[name]), seeded(2 * place, _unframed(files[name]))]
    return [*found, seeded(2 * len(files), b"writing failed")]


# Records, decided again


@lru_cache(maxsize=1)
def _before() -> bytes:
    return state_snapshot.dump(busy().state)


def check_records(data: bytes) -> None:
    """An entry is what follows from its command, or verification names the difference; nothing else ever happens."""
    again = Again(state=state_snapshot.load(_before()))
    index = again.kernel.state.seq
    with only(Differs) as differs:
        again.take(index, data)
    if not differs:
        check_canonical(Record, _record(data))
        assert encode(_record(data)) == data, "another spelling of a record is no record"


def _record(data: bytes) -> Record:
    from remit.kernel.codec import decode

    return decode(Record, data)


def record_seeds() -> list[bytes]:
    """What could follow on the busy desk: one record of each kind of command that people and agents enter there."""
    from tests.hostile.target_orders import bodies_of_every_kind

    found = []
    for body, by in bodies_of_every_kind():
        there = busy()
        found.append(encode(there.do(body, by)))
    return found


# Snapshots


@lru_cache(maxsize=1)
def _snapshot() -> tuple[str, bytes]:
    store, tree = MemoryStore(), Tree()
    for number in range(21):
        tree.add(b"%d" % number)
    snapshot.write(store, tree.size, 0, tree.frontier(), _before())
    (name,) = snapshot.snapshots(store)
    return name, bytes(store.live[name])


def check_snapshots(data: bytes) -> None:
    """A snapshot is refused by name, or is what was written. A state that comes with the right hash is refused as a
    ValueError (of another version), or is written again as the same bytes.

    The ways: any bytes as the file; any header and state under the right hash; any state.
    """
    way, said = chosen(data, 3)
    name, whole = _snapshot()
    if way == 2:
        with only(ValueError):
            state = state_snapshot.load(said)
            spelled = state_snapshot.dump(state)
            assert state_snapshot.dump(state_snapshot.load(spelled)) == spelled
        return
    from hashlib import sha256

    store = MemoryStore()
    store.replace(name, said if way == 0 else sha256(said).hexdigest().encode() + b"\n" + said)
    with only(SnapshotDamaged):
        found = snapshot.read(store, name)
        assert type(found.seq) is int and type(found.epoch) is int and found.seq == int(name.split(".")[0])
        assert way == 1 or bytes(store.live[name]) == whole, "a changed file was taken"
        Tree.from_frontier(found.seq, found.frontier).root()


def snapshot_seeds() -> list[bytes]:
    _, whole = _snapshot()
    return [seeded(0, whole), seeded(1, whole.partition(b"\n")[2]), seeded(2, _before())]


# Signed notes


@lru_cache(maxsize=1)
def _notes() -> tuple[str, ...]:
    """Notes that were signed, in an order of their own."""
    signed = [
        checkpoints.sign(SIGNER, ORIGIN, size, bytes(32), more).note for size, more in ((0, ()), (9, ("opened",)))
    ]
    return (*signed, SIGNER.sign("any text\n\nof two parts\n"))


def check_notes(data: bytes) -> None:
    """A note that the key did not sign is refused by name; a key is read only in its one spelling."""
    text: Any = data.decode("utf-8", "surrogateescape")
    with only(NoteInvalid):
        assert str(note.parse_verifier(text)) == text, "a key has one spelling"
    with only(NoteInvalid):
        said = note.verify(text, KEYS)
        assert said in {note.text_of(signed) for signed in _notes()}, "it was never signed"
        assert text.startswith(said)
    with only(NoteInvalid):
        found = checkpoints.verify(text, ORIGIN, KEYS)
        assert (found.size, found.root) in ((0, bytes(32)), (9, bytes(32)))
    with only(NoteInvalid):
        read = checkpoints.parse(text)
        made = checkpoints.sign(SIGNER, read.origin, read.size, read.root, read.extensions)
        assert note.text_of(made.note) == note.text_of(text), "a checkpoint has one spelling"


def note_seeds() -> list[bytes]:
    return [*(signed.encode() for signed in _notes()), str(KEYS[0]).encode()]


# Receipts


@lru_cache(maxsize=1)
def _receipts() -> tuple[bytes, ...]:
    """The receipts of a few entries of the journal above, in one signed tree."""
    blocks, tree, (_, entries) = Blocks(), Tree(), _journal()
    for entry in entries:
        blocks.add(entry)
        tree.add(entry)
    head = checkpoints.sign(SIGNER, ORIGIN, tree.size, tree.root())
    made = [Receipt(seq, entries[seq - 1], blocks.proof(seq - 1, entries), head.note) for seq in (1, 7, tree.size)]
    return tuple(one.write().encode() for one in made)


def check_receipts(data: bytes) -> None:
    """Bytes are a receipt of an entry that stands in the signed journal at that very place, or refused by name."""
    with only(ReceiptInvalid):
        found = receipts.parse(data)
        head = receipts.verify(found, ORIGIN, KEYS)
        assert found.entry == _journal()[1][found.seq - 1], "it was never journalled there"
        assert head.size == len(_journal()[1])
    with only(CannotVerify):
        assert verify_receipt(data, KEYS[0]).entry.encode() == found.entry


@lru_cache(maxsize=1)
def _evidence() -> bytes:
    with TemporaryDirectory() as folder:
        return write_evidence(gather(written(Path(folder) / "journal", ledger()), LEDGER_KEY, "momentum"))


def check_evidence(data: bytes) -> None:
    """Bytes are evidence whose every record is the journal's own, or refused by name."""
    with only(CannotVerify) as refused:
        verify_evidence(data, LEDGER_KEY)
    if not refused:
        with ZipFile(BytesIO(data)) as archive:
            records = [archive.read(name)[:-1] for name in archive.namelist() if name.startswith("records/")]
        assert records and set(records) <= set(ledger()), "it was never journalled"


TARGETS = (
    Target("evidence", check_evidence, lambda: [_evidence()], ("PK", "manifest.json", "records/", "receipts/"), cost=8),
    Target("receipts", check_receipts, lambda: list(_receipts()), ("extra ", "index ", "\n\n", "\u2014 ")),
    Target("journal", check_journal, journal_seeds, ("e ", "c ", "opened", "clean-stop"), cost=20),
    Target(
        "records",
        check_records,
        record_seeds,
        ("events", "decision", "command", "requests", "took", "refused"),
        cost=12,
    ),
    Target("snapshots", check_snapshots, snapshot_seeds, ('"seq":', '"epoch":', '"frontier":'), cost=3),
    Target("notes", check_notes, note_seeds, ("\u2014 ", "\n\n", ORIGIN, "opened\n")),
)
