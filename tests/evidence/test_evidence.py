"""Evidence of one order, one agent and one day: complete, proven, the same bytes each time, and readable by people."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.verify.desk import SIGNER, forged, ledger, numbered, written
from tests.verify.test_export import exported
from tests.verify.test_tampering import _decision

from remit.evidence import EvidenceRefused, check_evidence, gather, write
from remit.evidence.limits import limits_of
from remit.journal.checkpoint import parse, sign
from remit.journal.cosign import CosignatureSigner, cosignatures
from remit.journal.cosigned import FILE as COSIGNED
from remit.journal.tree import Tree
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate, Rate
from remit.kernel.numbers import Money
from remit.kernel.numbers import parse as amount
from remit.verify import CannotVerify, pack, verify_evidence

KEY = SIGNER.verifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("sound") / "journal", ledger())


def order() -> str:
    """An order that passed, filled in part and was cancelled."""
    decision = decode(Record, ledger()[numbered("submit", '"verdict":"allow"') - 1]).decision
    assert decision is not None
    return decision.order


def unpacked(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(files: dict[str, bytes]) -> bytes:
    return pack(files)


def listed(files: dict[str, bytes]) -> bytes:
    """The zip of these files with a list of them that fits: what takes no key."""
    about = json.loads(files["manifest.json"])
    rest = {name: content for name, content in files.items() if name != "manifest.json"}
    about["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in rest.items()}
    return pack({**rest, "manifest.json": json.dumps(about, indent=1).encode() + b"\n"})


def test_evidence_of_an_order_holds_its_story_and_what_it_was_judged_by(folder: Path) -> None:
    packed = write(gather(folder, KEY, order()))
    files = unpacked(packed)
    seqs = {int(name[8:20]) for name in files if name.startswith("records/")}
    told = {seq for seq, entry in enumerate(ledger(), 1) if f'"{order()}"' in entry.decode()}
    allowed = numbered("submit", '"verdict":"allow"')
    assert told < seqs and 1 in seqs and len(seqs) == len(told) + 1 + 3
    assert {name for name in files if name.startswith("mandates/")} == {
        f"mandates/{seq:012d}.json" for seq in (11, 12, 13)
    }  # fmt: skip
    assert files[f"records/{allowed:012d}.json"] == ledger()[allowed - 1] + b"\n"
    assert verify_evidence(packed, KEY).startswith(f"{len(seqs)} records are entries of the journal")
    page = files["page.html"].decode()
    for said in (
        "buy 10 AAPL at 100",
        "Allowed",
        "Every rule held",
        "4 AAPL",
        "What it cannot prove",
        "agent momentum",
    ):
        assert said in page, said
    assert (
        f"{len(seqs)} records, {len(told)} of them of what was asked for and 4 that it rests on, of a journal" in page
    )
    assert "the guard started for the first time" in page
    assert "<script" not in page and str(KEY) in files["README.txt"].decode()


def test_the_same_question_gives_the_same_bytes_from_a_journal_and_its_export(folder: Path, tmp_path: Path) -> None:
    first = write(gather(folder, KEY, order()))
    assert first == write(gather(folder, KEY, order()))
    files, others = unpacked(first), unpacked(write(gather(exported(tmp_path / "export", ledger()), KEY, order())))
    assert {name for name in files if files[name] != others[name]} <= {
        "page.html", "README.txt", "manifest.json", "head.txt", *(name for name in files if name[:8] == "receipts")
    }  # fmt: skip


def test_receipts_stand_under_the_head_that_witnesses_cosigned(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "journal"))
    last = gather(folder, KEY, order()).kept[-1].seq
    witness = CosignatureSigner("w.test/w", bytes(32))
    tree = Tree()
    for size, entry in enumerate(ledger(), 1):
        tree.add(entry)
        if size in (last - 1, last, len(ledger())):
            note = sign(SIGNER, SIGNER.name, size, tree.root()).note
            junk = CosignatureSigner("junk.test/w", bytes([1] * 32)).cosign(note, 7)
            (tmp_path / COSIGNED).write_text(note + junk + witness.cosign(note, 7))
            files = unpacked(packed := write(gather(copy, KEY, order(), witnesses=[witness.cosigner])))
            covers = size >= last
            under = parse(files["head.txt"].decode())
            assert under.size == (size if covers else len(ledger())) and verify_evidence(packed, KEY)
            assert cosignatures(under.note, [witness.cosigner]) == ({witness.cosigner: 7} if covers else {})
            by = check_evidence(packed, KEY, witnesses=[str(witness.cosigner)]).under.witnessed
            assert [(one.witness, one.size, one.at_s) for one in by] == ([("w.test/w", size, 7)] if covers else [])
            said = "with lines of w.test/w\n" if covers else "with no line of a witness"
            assert f"{under.size} entries, {said}" in files["README.txt"].decode()
    (tmp_path / COSIGNED).write_text(sign(SIGNER, SIGNER.name, len(ledger()), bytes(32)).note)
    with pytest.raises(EvidenceRefused, match="journal_not_verified"):
        gather(copy, KEY, order())


def test_evidence_of_an_agent_and_of_a_day(folder: Path) -> None:
    of_agent = gather(folder, KEY, "momentum")
    denied = numbered("submit", '"verdict":"deny"')
    assert {numbered("submit", '"verdict":"allow"'), denied, numbered("halt")} <= {one.seq for one in of_agent.kept}
    page = unpacked(write(of_agent))["page.html"].decode()
    for said in (
        "Denied",
        "order_notional_max",
        "5000",
        "500",
        f"entry {numbered('set_mandate', 'tighter')}",
        "tighter",
    ):
        assert said in page, said

    its, halts = set[str](), set[str]()
    for entry in ledger():
        record = decode(Record, entry)
        if isinstance(record.command.body, c.Submit) and record.command.body.intent.agent == "momentum":
            its |= {record.decision.order} if record.decision is not None else set()
        halts |= {
            event.halt for event in record.events if isinstance(event, e.HaltRaised) and "momentum" in event.subject
        }
    kept = {one.seq for one in of_agent.kept}
    for seq, entry in enumerate(ledger(), 1):
        if any(f'"{name}"' in entry.decode() for name in its | halts):
            assert seq in kept, entry
    assert any(isinstance(one.record.command.body, c.Filled) for one in of_agent.kept)
    at = decode(Record, ledger()[0]).command.at
    day = datetime.fromtimestamp(at // 10**9, UTC).strftime("%Y-%m-%d")
    assert len(gather(folder, KEY, day).kept) == len(ledger())


def test_what_is_not_there_or_does_not_hold_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    for of, code in (
        ("nobody", "unknown"),
        ("took", "unknown"),
        ("USD", "unknown"),
        ("", "unknown"),
        ("1999-01-01", "unknown"),
        ("2026-02-31", "no_day"),
    ):
        with pytest.raises(EvidenceRefused) as refused:
            gather(folder, KEY, of)
        assert refused.value.code == code
    edited = forged(ledger(), numbered("submit", '"verdict":"deny"'), _decision(verdict="allow", findings=()))
    with pytest.raises(EvidenceRefused) as refused:
        gather(written(tmp_path / "journal", edited), KEY, order())
    assert refused.value.code == "journal_not_verified" and "not_as_decided" in refused.value.what


def test_whatever_is_changed_in_it_is_found(folder: Path) -> None:
    packed = write(gather(folder, KEY, order()), attestation=b'{"statement":1}')
    files = unpacked(packed)
    assert files["attestation.json"] == b'{"statement":1}'
    for name in files:
        changed = {**files, name: files[name].replace(b"1", b"2", 1) + b" "}
        with pytest.raises(CannotVerify):
            verify_evidence(repacked(changed), KEY)
        with pytest.raises(CannotVerify):
            verify_evidence(repacked({key: content for key, content in files.items() if key != name}), KEY)
    listed = json.loads(files["manifest.json"])
    record = next(name for name in files if name.startswith("records/"))
    for gone in (record, record.replace("records", "receipts").replace(".json", ".tlog-proof")):
        less = {key: content for key, content in files.items() if key != gone}
        less["manifest.json"] = json.dumps(
            {**listed, "files": {key: value for key, value in listed["files"].items() if key != gone}}
        ).encode()
        with pytest.raises(CannotVerify, match="not those that the receipts prove|that of another"):
            verify_evidence(repacked(less), KEY)
    for cut in (0, 2, 40, len(packed) // 2, len(packed) - 1):
        with pytest.raises(CannotVerify):
            verify_evidence(packed[:cut], KEY)


def test_the_page_is_written_for_people(folder: Path) -> None:
    page = unpacked(write(gather(folder, KEY, "momentum")))["page.html"].decode()
    assert "<td>One order may open at most 500 USD (agent momentum); this one opens 5,000 USD.</td>" in page
    assert "<td>largest order <code>order_notional_max</code></td><td>agent momentum</td><td>500</td>" in page
    heads = "".join(f"<th>{head}</th>" for head in ("Price used, of", "Bid", "Ask", "Last", "Seen at"))
    assert f"{heads}</tr>\n<tr><td>AAPL</td><td>100</td>" in page and " UTC</td></tr>" in page
    assert "<td>One order may open at most 500.</td>" in page, "of the mandate"
    assert "<code>remit verify</code> derives them" in page and "`" not in page


def test_every_limit_of_a_mandate_is_a_sentence() -> None:
    mandate = Mandate(
        instruments_allowed=("GOOG",), message_rate_max=Rate(5, 60), mark_age_max=30, price_collar_bps=100,
        bulk_approval_max=amount(Money, "1000"), approval_expiry_s=90, zone="Europe/Berlin", loss_cooldown="review",
        position_duplicate="blocked",
    )  # fmt: skip
    said = {name: (says, limit) for name, says, limit in limits_of(mandate)}
    assert said == {
        "zone": ("A day begins at midnight in Europe/Berlin", "Europe/Berlin"),
        "approval_expiry_s": ("An order waits at most 1 min 30 s for people", "90"),
        "bulk_approval_max": ("Orders of at most 1,000 may be approved together with others", "1000"),
        "loss_cooldown": ("After a stop for losses nobody can start again before a review", "review"),
        "price_collar_bps": (
            "The worst price of an order may lie at most 100 bps (1 %) on the wrong side of the market", "100",
        ),
        "instruments_allowed": ("Only these may be traded: GOOG", "GOOG"),
        "mark_age_max": ("Nothing is opened on a price older than 30 s", "30"),
        "position_duplicate": ("A second stake in a market that one is already in is blocked", "blocked"),
        "message_rate_max": ("Orders, changes and cancels together come no faster than 5 a minute", "5 per 60 s"),
    }  # fmt: skip
