"""Evidence is what its records say: what a stranger changes, renames, adds or leaves out is found without a journal."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import msgspec
import pytest
from tests.evidence.test_evidence import listed, repacked, unpacked
from tests.guard.core import OPERATOR
from tests.verify.desk import SIGNER, _Life, _live, ledger, written

from remit.evidence import Evidence, check_evidence, gather, write
from remit.journal.checkpoint import sign
from remit.journal.log import read_entries
from remit.journal.receipt import Blocks, Receipt
from remit.journal.tree import Tree
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import decode, encode
from remit.kernel.event import Record
from remit.kernel.mandate import EMPTY
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS, NANOSECONDS, Money, Price, Quantity, parse
from remit.testing.world import MemoryWorld
from remit.verify import CannotVerify, standalone, verify_receipt

KEY = SIGNER.verifier
ALONE = standalone.Key(str(KEY))
BOB = Principal(name="bob", role="operator", owner="bob")
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = written(tmp_path_factory.mktemp("sound") / "journal", ledger())
    return write(gather(folder, KEY, "momentum"), attestation=b'{"statement":1}')


def head_of(entries: tuple[bytes, ...] | list[bytes]) -> str:
    tree = Tree()
    for entry in entries:
        tree.add(entry)
    return sign(SIGNER, SIGNER.name, tree.size, tree.root()).note


def test_every_file_follows_from_the_records(packed: bytes) -> None:
    found = check_evidence(packed, KEY, [head_of(ledger()), head_of(ledger()[:20])])
    assert found.of == "momentum" and found.under.size == len(ledger())
    (apart,) = found.under.not_compared
    assert "kept head of size 20" in apart and any("attestation.json" in claim for claim in found.not_proved)


CHANGES: dict[str, Callable[[Files], Files]] = {
    "page.html": lambda files: {"page.html": files["page.html"].replace(b"Denied", b"Allowed")},
    "mandates/000000000022.json": lambda files: {
        "mandates/000000000022.json": files["mandates/000000000022.json"].replace(b'"500"', b'"900"')
    },
    "README.txt": lambda files: {"README.txt": files["README.txt"] + b"Or take any key.\n"},
    "verify.py": lambda files: {"verify.py": b"print('HOLDS')\n"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_takes_no_key_to_change_is_found(packed: bytes, name: str) -> None:
    files = unpacked(packed)
    changed = CHANGES[name](files)
    assert changed[name] != files[name]
    with pytest.raises(CannotVerify) as refused:
        check_evidence(listed({**files, **changed}), KEY)
    assert refused.value.what.endswith(f": {name}") and "packed it" in refused.value.do


def test_what_it_is_of_is_what_the_records_say(packed: bytes) -> None:
    files = unpacked(packed)
    about = json.loads(files["manifest.json"])
    for of in ("reversal", "abcd-99", "1999-01-01", "2026-02-31", "took"):
        with pytest.raises(CannotVerify):
            check_evidence(listed({**files, "manifest.json": json.dumps({**about, "of": of}).encode()}), KEY)


def test_the_head_of_another_history_is_found(packed: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    record = decode(Record, ledger()[4])
    later = msgspec.structs.replace(record.command, at=record.command.at + 1)
    fork = [*ledger()[:4], encode(msgspec.structs.replace(record, command=later)), *ledger()[5:]]
    blocks = Blocks()
    for entry in fork:
        blocks.add(entry)
    receipt = Receipt(5, fork[4], blocks.proof(4, fork), head_of(fork))
    source, true = receipt.write().encode(), head_of(ledger())
    assert verify_receipt(source, KEY, heads=[head_of(fork)]).not_compared == ()
    with pytest.raises(CannotVerify, match="another history"):
        verify_receipt(source, KEY, heads=[head_of(fork), true])
    with pytest.raises(standalone.Wrong, match="another history"):
        standalone.meet(receipt.checkpoint, [true], ALONE)
    standalone.meet(receipt.checkpoint, [head_of(fork), head_of(ledger()[:20])], ALONE)
    assert "not compared: the kept head of size 20" in capsys.readouterr().out
    files = unpacked(packed)
    kept = {name: content for name, content in files.items() if not name.startswith("rec")}
    forked = {f"records/{5:012d}.json": fork[4] + b"\n", f"receipts/{5:012d}.tlog-proof": source}
    with pytest.raises(CannotVerify, match="not under the head in head.txt"):
        check_evidence(listed({**kept, **forked, "head.txt": true.encode()}), KEY)
    with pytest.raises(CannotVerify, match="another history"):
        check_evidence(packed, KEY, [head_of(fork)])


def zipped(files: Files, change: Callable[[zipfile.ZipInfo], None] = lambda info: None, comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)
            info.external_attr, info.create_system = 0o644 << 16, 3
            change(info)
            archive.writestr(info, files[name])
        archive.comment = comment
    return out.getvalue()


def link(info: zipfile.ZipInfo) -> None:
    if info.filename == "page.html":
        info.external_attr = 0o120777 << 16


def deflated(info: zipfile.ZipInfo) -> None:
    info.compress_type = zipfile.ZIP_DEFLATED


def test_nothing_hides_in_the_zip(packed: bytes) -> None:
    files = unpacked(packed)
    assert zipped(files) == repacked(files) == packed
    odd = [zipped(files, link), zipped(files, deflated), zipped(files, comment=b"x"), packed + b"x", b"PK\0\0" + packed]
    odd.append(zipped({"page.html": b"<h1>for one who reads from the front</h1>"}) + packed)
    for name in ("../../x", "/etc/cron.d/x", "PAGE.HTML", "page.html\u202e", "records/1.json", "records/", "a\\b", "x"):
        odd.append(listed({**files, name: b"x"}))
    for without in ("README.txt", "manifest.json", "head.txt", "verifier.txt", "page.html"):
        odd.append(repacked({name: content for name, content in files.items() if name != without}))
    for place in range(packed.rindex(b"PK\x01\x02"), len(packed)):  # the last file's line in the directory, and its end
        odd += [packed[:place] + bytes([packed[place] ^ 1 << bit]) + packed[place + 1 :] for bit in (0, 6)]
    for source in odd:
        with pytest.raises(CannotVerify):
            check_evidence(source, KEY)


def test_nothing_of_a_record_reaches_the_terminal_raw(capsys: pytest.CaptureFixture[str]) -> None:
    standalone.say("\x1b[2K\rHOLDS\u202e\x9b\u0085\nHOLDS: \udc80é")
    assert capsys.readouterr().out == "\\x1b[2K\\rHOLDS\\u202e\\x9b\\x85\\nHOLDS: \\udc80\\xe9\n"


def test_a_head_with_a_line_of_junk_is_none(packed: bytes) -> None:
    head = unpacked(packed)["head.txt"].decode()
    for junk in ("junk", "junk\n", "\u2014 x\n", "\u2014 x AAAA\n", "\n", " "):
        with pytest.raises(standalone.Wrong):
            ALONE.head(head + junk)
    with pytest.raises(standalone.Wrong):
        ALONE.head(head[:-1])


async def _people(core: _Life) -> None:
    """One order is approved, one declined; a second person confirms wider limits; the firm is halted and goes on."""
    await core.set_up()
    limits = msgspec.structs.replace(EMPTY, approval_notional_min=parse(Money, "500"), second_person="required")
    await core.enter(OPERATOR, c.SetMandate(subject="agent:momentum", mandate=limits, why="ask people"))
    for answer in (lambda held: c.Approve(order=held.id, digest=held.digest),
                   lambda held: c.Decline(order=held.id, why="not today")):  # fmt: skip
        decision = (await core.submit("10")).decision
        assert decision is not None and decision.verdict == "hold"
        held = core.kernel.state.order(decision.order)
        await core.enter(BOB, answer(held))
    await core.rest()
    wider = msgspec.structs.replace(limits, approval_notional_min=parse(Money, "600"))
    asked = await core.enter(OPERATOR, c.SetMandate(subject="agent:momentum", mandate=wider, why="wider"))
    (proposed,) = (event for event in asked.events if isinstance(event, e.Proposed))
    await core.enter(BOB, c.ConfirmChange(proposal=proposed.proposal, digest=proposed.digest))
    await core.enter(OPERATOR, c.Halt(subject="firm", why="for everybody"))
    for halt in list(core.kernel.state.halts.values()):
        await core.enter(OPERATOR, c.Review(halt=halt.id, limit=halt.rule, why="looked"))
        await core.enter(OPERATOR, c.Resume(halt=halt.id, why="well again"))
    await core.submit("1")
    await core.rest()


@lru_cache(maxsize=1)
def answered() -> tuple[bytes, ...]:
    world = MemoryWorld()
    _live(world, _people)
    return tuple(entry for _, entry in read_entries(world.disks["journal"], 0))


def _read(entry: bytes) -> Record:
    return decode(Record, entry)


@pytest.fixture(scope="module")
def of_people(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return gather(written(tmp_path_factory.mktemp("people") / "journal", answered()), KEY, "momentum")


def test_an_agent_s_evidence_holds_who_answered_and_what_stopped_it(of_people: Evidence) -> None:
    kept = {one.record.command.body.__struct_config__.tag for one in of_people.kept}
    assert {"approve", "decline", "acked", "confirm_change", "halt", "review", "resume"} <= kept
    page = unpacked(packed := write(of_people))["page.html"].decode()
    approved = page[page.index("Who approved") : page.index("What happened")]
    assert approved.count("bob (operator)") == 2 and "Nobody" not in approved and "not today" in approved
    assert "not among these records" not in page and check_evidence(packed, KEY).of == "momentum"


def test_a_mandate_that_two_people_made_names_both(of_people: Evidence) -> None:
    *_, last = of_people.mandates
    assert (last.by.name, last.confirmed_by and last.confirmed_by.name, last.why) == ("ann", "bob", "wider")
    decided = [one.record.decision for one in of_people.kept if one.record.decision is not None]
    assert last.digest in decided[-1].mandates and last.digest not in decided[0].mandates


def test_an_order_s_evidence_tells_who_let_it_out(tmp_path: Path) -> None:
    held = next(record.decision for record in map(_read, answered()) if record.decision)
    found = gather(written(tmp_path / "journal", answered()), KEY, held.order)
    assert "bob (operator)" in unpacked(write(found))["page.html"].decode()


async def _over_night(core: _Life) -> None:
    await core.set_up()
    decision = (await core.submit("10")).decision
    await core.rest()
    assert decision is not None
    core.world.pass_time(DAY_NS)
    fill = c.Filled(order=decision.order, fill="f1", quantity=parse(Quantity, "4"), price=parse(Price, "99.5"))
    await core.enter(GUARD, fill)


def test_a_day_s_evidence_says_what_was_asked_for_the_day_before(tmp_path: Path) -> None:
    world = MemoryWorld()
    _live(world, _over_night)
    entries = tuple(entry for _, entry in read_entries(world.disks["journal"], 0))
    filled = next(record for record in map(_read, entries) if isinstance(record.command.body, c.Filled))
    day = datetime.fromtimestamp(filled.command.at // NANOSECONDS, UTC).strftime("%Y-%m-%d")
    found = gather(written(tmp_path / "journal", entries), KEY, day)
    page = unpacked(packed := write(found))["page.html"].decode()
    assert "bought 4 AAPL at 99.5" in page and "of another day" in page
    assert check_evidence(packed, KEY).records == len(found.kept)
