"""Evidence that is packed quickly, with decisions as written: the same records under the same head, and it says so."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.evidence.test_evidence import KEY, folder, order, unpacked
from tests.verify.desk import forged, ledger, numbered, written
from tests.verify.test_export import exported
from tests.verify.test_tampering import _decision

from remit.evidence import EvidenceRefused, check_evidence, gather, gathering, write
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.verify import verify_evidence

__all__ = ["folder"]


DAY = datetime.fromtimestamp(decode(Record, ledger()[0]).command.at // 10**9, UTC).strftime("%Y-%m-%d")


@pytest.mark.parametrize("of", [order(), "momentum", DAY])
def test_it_holds_the_same_and_says_that_nothing_was_decided_again(
    of: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "PROGRESS_EVERY", 2)
    heard: list[int] = []
    for place in (folder, exported(tmp_path / "export", ledger())):
        whole = unpacked(write(gather(place, KEY, of)))
        packed = write(gather(place, KEY, of, decide=False, progress=heard.append))
        quick = unpacked(packed)
        assert {name for name in whole if whole[name] != quick.get(name)} == {"README.txt", "manifest.json"}
        assert whole.keys() == quick.keys()
        assert "took the decisions as written: do (4)" in quick["README.txt"].decode()
        assert "verified the whole journal first, and decided all of it again" in whole["README.txt"].decode()
        assert verify_evidence(packed, KEY) and check_evidence(packed, KEY).of == of
        assert heard and heard == sorted(heard) and heard[-1] <= len(ledger())
        heard.clear()


def test_what_the_tree_does_not_hold_is_packed_by_nobody(folder: Path, tmp_path: Path) -> None:
    entries = ledger()
    copy = written(tmp_path / "journal", entries)
    segment = next(copy.glob("*.journal"))
    held = segment.read_bytes()
    segment.write_bytes(held.replace(b"AAPL", b"AAPM", 1))
    for decide in (True, False):
        with pytest.raises(EvidenceRefused, match="journal_not_verified"):
            gather(copy, KEY, order(), decide=decide)
    edited = forged(entries, numbered("submit", '"verdict":"deny"'), _decision(findings=()))
    signed = written(tmp_path / "signed", edited)
    with pytest.raises(EvidenceRefused, match="not_as_decided"):
        gather(signed, KEY, order())
    assert "do (4)" in unpacked(write(gather(signed, KEY, order(), decide=False)))["README.txt"].decode()


def test_beside_a_door_it_says_how_far_it_is(folder: Path) -> None:
    (folder.parent / "verifier.txt").write_text(f"{KEY}\n")
    run = [sys.executable, "-P", "-m", "remit.evidence", str(folder)]
    made = subprocess.run(run, input=b'{"of":"momentum"}', capture_output=True, check=True).stdout
    told, empty, packed = (b"\n" + made).partition(b"\n\n")
    assert empty and not told.strip(b"0123456789 \n") and verify_evidence(packed, KEY)
