"""Every way to tamper with a journal, at every class of position: it is detected, and named.

Who has no key damages lines; who knows the format also mends their checksums; who has the key signs anew what they
edited. What no journal can tell alone (an old copy, a second history of the same key) a head kept elsewhere tells.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from zlib import crc32

import msgspec
import pytest
from tests.verify.both import verify
from tests.verify.desk import SIGNER, forged, ledger, numbered, write, written

from remit.journal.log import Journal
from remit.journal.note import Signer
from remit.journal.store import FileStore
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import decode, encode
from remit.kernel.event import Record
from remit.kernel.numbers import Money, parse
from remit.testing.disk import MemoryStore
from remit.verify import Verdict

KEY = SIGNER.verifier
Change = Callable[[Record], Record]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("sound") / "journal", ledger())


@pytest.fixture(scope="module")
def head() -> str:
    """The newest head, as somebody else keeps it."""
    return write(MemoryStore(), ledger())


@pytest.fixture
def journal(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "journal"))


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


def name_of(found: Verdict) -> str:
    """What a verdict calls the first thing that is wrong; empty where nothing is."""
    if found.difference is not None:
        return found.difference.code
    return found.fault.partition(":")[0]


def mended(line: bytes) -> bytes:
    """The line with a checksum that fits it again."""
    return b"%b %08x %b" % (line[:1], crc32(line[11:-1], crc32(line[:1])), line[11:])


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_the_journal_itself_holds(sound: Path, head: str) -> None:
    found = verify(sound, KEY, heads=[head])
    assert found.well and found.count == len(ledger()) and found.heads == 1 and len(segments(sound)) > 2
    assert found.counts.starts == 2 and found.counts.sends == 2 and found.counts.resumes == 1
    assert len(found.standing) == 1 and all(stretch.is_same and stretch.is_derived for stretch in found.stretches)


# Flip any byte

ENTRY_PLACES = {
    "letter": rb"^(e)", "blank": rb"^e( )", "checksum": rb"^e ([0-9a-f])", "brace": rb"^e .{8} (\{)",
    "number": rb'"seq":(\d)', "time": rb'"at":(\d)', "person": rb'"name":"(\w)', "role": rb'"role":"(\w)',
    "kind": rb'"kind":"(\w)', "event": rb'"event":"(\w)', "verdict": rb'"verdict":"(\w)', "finding": rb'"actual":"(\d)',
    "limit": rb'"limit":"(\d)', "mark": rb'"marks":\[\["\w+","(\d)', "mandate": rb'"mandates":\["([^"])',
    "quantity": rb'"quantity":"(\d)', "price": rb'"limit_price":"(\d)', "digest": rb'"digest":"(\w)', "end": rb"(\n)\Z",
}  # fmt: skip
CHECKPOINT_PLACES = {
    "letter": rb"^(c)", "checksum": rb"^c ([0-9a-f])", "quote": rb'^c .{8} (")', "origin": rb"(remit\.test)",
    "size": rb"journal\\n(\d)", "root": rb"\\n([A-Za-z0-9+/])[A-Za-z0-9+/]{42}=", "extension": rb"\\n(clean|opened)",
    "dash": "(\u2014)".encode(), "signature": rb"journal (\w)", "signature's middle": rb"journal \w{40}(\w)",
    "end": rb"(\n)\Z",
}  # fmt: skip


def places() -> list[tuple[str, str, bytes]]:
    found = [("entry", name, place) for name, place in ENTRY_PLACES.items()]
    return found + [("checkpoint", name, place) for name, place in CHECKPOINT_PLACES.items()]


@pytest.mark.parametrize(("kind", "name", "place"), places(), ids=lambda value: str(value)[:24])
@pytest.mark.parametrize("mend", [False, True], ids=["", "mended"])
def test_a_flipped_byte(journal: Path, kind: str, name: str, place: bytes, mend: bool) -> None:
    """In the first, a middle and the last line that has such a place; also where the checksum is mended."""
    spots = [
        (path, number, found.start(1))
        for path in segments(journal)
        for number, line in enumerate(lines_of(path))
        if line[:1] == kind[:1].encode() and (found := re.search(place, line))
    ]
    assert spots
    for path, number, at in {spots[0], spots[len(spots) // 2], spots[-1]}:
        whole = path.read_bytes()
        lines = lines_of(path)
        line = bytearray(lines[number])
        line[at] ^= 1
        lines[number] = mended(bytes(line)) if mend and 10 < at < len(line) - 1 else bytes(line)
        path.write_bytes(b"".join(lines))
        found = verify(journal, KEY)
        last = path == segments(journal)[-1] and number == len(lines) - 1 and name == "end"
        if last:  # a torn end: nothing signed is lost, and the verdict says that no clean stop is there
            assert not found.clean and found.torn_bytes and any("clean stop" in said for said in found.not_proved)
        else:
            assert not found.well and name_of(found), (path.name, number, at)
        path.write_bytes(whole)


def test_every_byte_of_a_small_journal(tmp_path: Path) -> None:
    """One by one: no byte of a journal is free to change."""
    folder = written(tmp_path / "journal", ledger()[:1])
    (path,) = segments(folder)
    whole = path.read_bytes()
    for at in range(len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 2]) + whole[at + 1 :])
        assert name_of(verify(folder, KEY, decide=False)) == "journal_damaged", at


# Drop the tail


def test_a_dropped_tail(journal: Path, head: str) -> None:
    """At every line of the last segment, and in its midst: what is left is never the journal whose head is known."""
    last = segments(journal)[-1]
    whole, lines = last.read_bytes(), lines_of(last)
    for kept in range(len(lines)):
        for more in (0, 7):
            if not kept and not more:
                last.unlink()
            else:
                last.write_bytes(b"".join(lines[:kept]) + lines[kept][:more])
            found = verify(journal, KEY, heads=[head])
            if b"".join(lines[kept:]).count(b"\ne ") + (lines[kept][:1] == b"e"):
                assert name_of(found) in ("journal_rolled_back", "journal_damaged"), (kept, more)
            alone = verify(journal, KEY)
            assert not alone.well or any("newest" in said for said in alone.not_proved)
    last.write_bytes(whole)
    assert verify(journal, KEY, heads=[head]).well


def test_a_snapshot_without_its_entries_tells_of_a_dropped_tail(journal: Path) -> None:
    (journal / f"{len(ledger()) + 5:020d}.snapshot").write_bytes(b"what an old guard left")
    assert name_of(verify(journal, KEY)) == "journal_rolled_back"


# Swap, leave out, splice: without the key


def test_two_swapped_segments(journal: Path) -> None:
    first, second, *_ = segments(journal)[1:]
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    found = verify(journal, KEY)
    assert name_of(found) in ("journal_damaged", "out_of_sequence") and not found.well


@pytest.mark.parametrize("which", [0, 1, -2])
def test_a_segment_left_out_or_twice(journal: Path, which: int) -> None:
    paths = segments(journal)
    whole = paths[which].read_bytes()
    paths[which].unlink()
    assert name_of(verify(journal, KEY)) == "journal_damaged"
    paths[which].write_bytes(whole + whole)
    assert not verify(journal, KEY).well


UNSIGNED = (
    "journal_damaged",
    "out_of_sequence",
    "start_not_said",
    "start_not_signed",
    "stop_not_clean",
    "stop_not_last",
)
"""What two lines in another order are called; the last where they are two checkpoints of one size."""


def test_two_swapped_lines_with_no_key(journal: Path) -> None:
    for path in segments(journal):
        whole, lines = path.read_bytes(), lines_of(path)
        for number in range(len(lines) - 1):
            swapped = [*lines[:number], lines[number + 1], lines[number], *lines[number + 2 :]]
            path.write_bytes(b"".join(swapped))
            if swapped != lines:
                assert name_of(verify(journal, KEY)) in UNSIGNED
        path.write_bytes(whole)


def test_yesterdays_copy_put_back(sound: Path, head: str, tmp_path: Path) -> None:
    for kept in (5, 20, len(ledger()) - 1):
        old = written(tmp_path / str(kept) / "journal", ledger()[:kept])
        alone = verify(old, KEY)
        assert alone.well and any("newest" in said for said in alone.not_proved)
        found = verify(old, KEY, heads=[head])
        assert name_of(found) == "journal_rolled_back" and str(len(ledger())) in found.fault


def test_another_keys_journal_spliced_on(journal: Path) -> None:
    other = Signer(SIGNER.name, b"o" * 32)
    store = MemoryStore()
    write(store, ledger(), signer=other)
    for name, data in store.live.items():
        if name.endswith(".journal") and name >= segments(journal)[-1].name:
            (journal / name).write_bytes(bytes(data))
    found = verify(journal, KEY)
    assert name_of(found) == "journal_damaged" and "not signed by a known key" in found.fault


# With the key: a fork, a splice, another order, an edited record


def test_a_fork_of_the_same_key(tmp_path: Path, head: str) -> None:
    """Two histories that agree up to a point: each head tells of the other."""
    at = numbered("set_mandate", '"why":"tighter"')
    mine = forged(ledger()[:at], at, _with(why="wider"))
    fork = written(tmp_path / "journal", mine)
    other = write(MemoryStore(), mine)
    assert verify(fork, KEY).well
    for folder, kept in ((fork, write(MemoryStore(), ledger()[:at])), (written(tmp_path / "b" / "j", ledger()), other)):
        found = verify(folder, KEY, heads=[kept])
        assert name_of(found) == "journal_rolled_back" and "Two journals were signed with this key" in found.fault


def test_two_journals_spliced_and_signed(tmp_path: Path) -> None:
    """The head of one and the tail of another, signed anew: the second's orders do not follow from the first's."""
    mine = list(ledger())
    other = forged(mine, numbered("set_mandate", '"why":"tighter"'), _with(subject="account:desk"))
    denied = numbered("submit", '"verdict":"deny"')
    found = verify(written(tmp_path / "journal", [*other[: denied - 1], *mine[denied - 1 :]]), KEY)
    assert found.difference is not None and found.difference.seq == denied and name_of(found) == "not_as_decided"
    doubled = written(tmp_path / "twice" / "journal", [*mine[:20], *mine[10:]])
    assert name_of(verify(doubled, KEY)) == "out_of_sequence"


REDECIDED = ("time_went_back", "not_as_decided")


@pytest.mark.parametrize("first", [2, 9, 17, 21, 24, 30])
def test_two_entries_in_another_order_and_signed(tmp_path: Path, head: str, first: int) -> None:
    entries = list(ledger())
    entries[first - 1], entries[first] = entries[first], entries[first - 1]
    found = verify(written(tmp_path / "journal", entries), KEY)
    assert found.difference is not None and (found.difference.seq, found.difference.code) == (first, "out_of_sequence")
    renumbered = [
        encode(msgspec.structs.replace(record, command=msgspec.structs.replace(record.command, seq=number)))
        for number, record in enumerate((decode(Record, entry) for entry in entries), 1)
    ]
    folder = written(tmp_path / "again" / "journal", renumbered)
    assert name_of(verify(folder, KEY)) in (*REDECIDED, "request_not_as_planned", "snapshot_not_as_derived", "")
    assert not verify(folder, KEY, heads=[head]).well  # where the order of two changed nothing, a head still tells


def _with(**terms: object) -> Callable[[Record], Record]:
    """The record whose command's body says something else."""

    def change(record: Record) -> Record:
        body = msgspec.structs.replace(record.command.body, **terms)
        return msgspec.structs.replace(record, command=msgspec.structs.replace(record.command, body=body))

    return change


def _command(**terms: object) -> Callable[[Record], Record]:
    def change(record: Record) -> Record:
        return msgspec.structs.replace(record, command=msgspec.structs.replace(record.command, **terms))

    return change


def _record(**terms: object) -> Callable[[Record], Record]:
    return lambda record: msgspec.structs.replace(record, **terms)


def _decision(**terms: object) -> Callable[[Record], Record]:
    def change(record: Record) -> Record:
        assert record.decision is not None
        return msgspec.structs.replace(record, decision=msgspec.structs.replace(record.decision, **terms))

    return change


def _by(role: str) -> Callable[[Record], Record]:
    def change(record: Record) -> Record:
        return _command(by=msgspec.structs.replace(record.command.by, role=role))(record)

    return change


def _request(**terms: object) -> Callable[[Record], Record]:
    def change(record: Record) -> Record:
        return _record(requests=(msgspec.structs.replace(record.requests[0], **terms), *record.requests[1:]))(record)

    return change


ALLOWED: Sequence[str] = ("submit", '"verdict":"allow"')
DENIED: Sequence[str] = ("submit", '"verdict":"deny"')
EDITS: list[tuple[str, Sequence[str], Callable[[Record], Record], str, str]] = [
    ("the number", ALLOWED, _command(seq=99), "out_of_sequence", "command.seq"),
    ("an earlier time", ALLOWED, _command(at=5), "time_went_back", "command.at"),
    ("who asked", ALLOWED, _by("feed"), "not_as_decided", "decision"),
    ("a denial into leave", DENIED, _decision(verdict="allow", findings=()), "not_as_decided", "decision.findings"),
    ("leave into a denial", ALLOWED, _decision(verdict="deny"), "not_as_decided", "decision.verdict"),
    ("the mandates", ALLOWED, _decision(mandates=("0" * 64,)), "not_as_decided", "decision.mandates"),
    ("the marks", ALLOWED, _decision(marks=()), "not_as_decided", "decision.marks"),
    ("the worth", ALLOWED, _decision(worth=parse(Money, "1")), "not_as_decided", "decision.worth"),
    ("no events", DENIED, _record(events=()), "not_as_decided", "events"),
    ("one event more", DENIED, _record(events=(e.Took(),)), "not_as_decided", "events"),
    ("no request", ALLOWED, _record(requests=()), "request_not_as_planned", "requests"),
    ("other bytes", ALLOWED, _request(digest="0" * 64), "request_not_as_planned", "requests[0].digest"),
    ("another order's bytes", ALLOWED, _request(order="x-1"), "request_not_as_planned", "requests[0].order"),
    ("a request from nowhere", DENIED, _record(requests=(e.Planned("place", "abcd-1", "0" * 64),)),
     "request_not_as_planned", "requests"),
    ("who resumed", ("resume", '"took"'), _by("agent"), "not_as_decided", "events[0].code"),
    ("which halt was reviewed", ("review",), _with(halt="H-1-1"), "not_as_decided", "events[0].code"),
    ("the limit at its mandate", ("set_mandate", '"why":"tighter"'), _with(subject="agent:nobody"),
     "not_as_decided", "events[0].code"),
    ("the filled order", ("filled",), _with(order="abcd-99"), "not_as_decided", "events"),
    ("another snapshot", ("snapshot_taken",), _with(hash="0" * 64), "snapshot_not_as_derived", "command.body.hash"),
    ("an earlier snapshot", ("snapshot_taken",), _with(through=5), "snapshot_not_as_derived", "command.body.hash"),
    ("a snapshot to come", ("snapshot_taken",), _with(through=99), "snapshot_not_as_derived", "command.body.through"),
    ("what the halt is of", ("halt",), _with(subject="agent:nobody"), "not_as_decided", "events"),
    ("a start that was clean", ("kernel_started", '"prefix":"efgh"'), _with(clean=False), "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "where", "change", "code", "field"), EDITS, ids=[edit[0] for edit in EDITS])
def test_an_edited_record_that_was_signed_anew(
    tmp_path: Path,
    head: str,
    what: str,
    where: Sequence[str],
    change: Callable[[Record], Record],
    code: str,
    field: str,
) -> None:
    """By the holder of the key: what follows from the edited command is not what is written; a head tells the rest."""
    seq = numbered(*where)
    folder = written(tmp_path / "journal", forged(ledger(), seq, change))
    found = verify(folder, KEY)
    if code:
        assert found.difference is not None
        assert (found.difference.seq, found.difference.code) == (seq, code)
        assert found.difference.field.startswith(field)
    kept = verify(folder, KEY, heads=[head])
    assert not kept.well and name_of(kept)
    fault = verify(folder, KEY, heads=[head], decide=False)
    assert name_of(fault) == "journal_rolled_back"


def test_a_fact_that_was_edited_and_signed_shows_beside_a_head(tmp_path: Path, head: str) -> None:
    """Another price of a fill is another history that holds together: a head kept elsewhere tells the two apart."""
    seq = numbered("filled")

    def cheaper(record: Record) -> Record:
        changed = _with(price=parse(type(record.command.body.price), "1"))(record)  # type: ignore[union-attr]
        booked = tuple(msgspec.structs.replace(event, price=changed.command.body.price) for event in record.events)  # type: ignore
        return msgspec.structs.replace(changed, events=booked)

    folder = written(tmp_path / "journal", forged(ledger(), seq, cheaper)[:seq])
    assert verify(folder, KEY).well
    assert name_of(verify(folder, KEY, heads=[head])) == "journal_rolled_back"


def test_a_start_that_was_hidden(tmp_path: Path) -> None:
    """A start without its entry, or an entry of a start that was never signed."""
    entries = list(ledger())
    start = numbered("kernel_started", '"prefix":"efgh"')
    stopped = decode(Record, entries[start - 2])
    at = decode(Record, entries[start - 1]).command.at
    tick = msgspec.structs.replace(stopped.command, seq=start, body=c.Tick(), at=at)
    folder = tmp_path / "journal"
    store = FileStore(folder)
    write(store, entries[: start - 1])
    journal, _ = Journal.open(store, SIGNER)
    journal.append(encode(msgspec.structs.replace(stopped, command=tick, events=())))
    journal.close()
    found = verify(folder, KEY)
    assert name_of(found) in ("start_not_said", "not_as_decided") and found.difference.seq == start  # type: ignore
    one_life = tmp_path / "one" / "journal"
    store = FileStore(one_life)
    journal, _ = Journal.open(store, SIGNER)
    for entry in entries:
        journal.append(entry)
    journal.close()
    found = verify(one_life, KEY)
    assert name_of(found) == "start_not_signed" and found.difference.seq == start  # type: ignore[union-attr]
