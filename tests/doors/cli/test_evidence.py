"""`remit evidence` and `remit verify` of whatever lies there: with no guard running."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.doors.cli.house import Outcome, invoke
from tests.verify.desk import SIGNER, forged, ledger, numbered, write, written
from tests.verify.test_export import exported
from tests.verify.test_tampering import _decision

from remit.testing.disk import MemoryStore

KEY = str(SIGNER.verifier)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "home"
    folder.mkdir(mode=0o700)
    written(folder / "journal", ledger())
    (folder / "verifier.txt").write_text(f"{KEY}\n")
    return folder


def remit(home: Path, *words: object) -> Outcome:
    found = invoke(*map(str, words), REMIT_HOME=str(home), REMIT_TOKEN="", REMIT_SOCKET=None, COLUMNS="200")
    return Outcome(found.exit_code, found.stdout, found.stderr)


def test_evidence_is_written_once_and_checked_by_verify(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "momentum.zip"
    said = remit(home, "evidence", "momentum", "--out", path)
    assert said.code == 0 and "each with its receipt" in said.out and "SHA-256" in said.out
    again = remit(home, "evidence", "momentum", "--out", path)
    assert again.code == 1 and again.err.startswith("not_written: ")
    assert "are entries of the journal signed with" in remit(home, "verify", path).out
    stranger = remit(tmp_path, "verify", path, "--key", KEY, "--json")
    found = json.loads(stranger.out)
    assert found["well"] is True and found["key_was_stated"] is True and found["of"] == "momentum"
    beside = remit(home, "verify", path)
    assert "the public key lay beside" in beside.out and "not proved: that nothing else" in beside.out
    assert json.loads(remit(home, "verify", path, "--json").out)["key_was_stated"] is False
    (tmp_path / "kept.txt").write_text(write(MemoryStore(), ledger()[:20]))
    kept = remit(home, "verify", path, "--head", tmp_path / "kept.txt")
    assert kept.code == 0 and "not proved: that the kept head of size 20" in kept.out
    (tmp_path / "kept.txt").write_bytes(b"\xff")
    assert remit(home, "verify", path, "--head", tmp_path / "kept.txt").err.startswith("cannot_verify: ")
    path.write_bytes(path.read_bytes()[:-30])
    cut = remit(home, "verify", path)
    assert cut.code == 1 and cut.err.startswith("cannot_verify: ")


def test_evidence_of_an_export_with_an_attestation_and_a_head(home: Path, tmp_path: Path) -> None:
    export = exported(tmp_path / "export", ledger())
    (tmp_path / "head.txt").write_text(write(MemoryStore(), ledger()))
    (tmp_path / "statement.json").write_text('{"statement":1}')
    given = ("--journal", export, "--attestation", tmp_path / "statement.json", "--head", tmp_path / "head.txt")
    said = remit(home, "evidence", "momentum", "--out", tmp_path / "a.zip", *given, "--json")
    assert said.code == 0 and json.loads(said.out)["records"] > 10
    assert remit(home, "verify", tmp_path / "a.zip").code == 0
    nobody = remit(home, "evidence", "nobody", "--out", tmp_path / "b.zip")
    assert nobody.code == 1 and nobody.err.startswith("unknown: ") and not (tmp_path / "b.zip").exists()
    gone = remit(home, "evidence", "momentum", "--journal", tmp_path / "gone", "--out", tmp_path / "b.zip")
    assert gone.code == 1 and gone.err.startswith("cannot_verify: ")


def test_verify_says_what_it_proved_what_not_and_what_differs(home: Path, tmp_path: Path) -> None:
    (tmp_path / "head.txt").write_text(write(MemoryStore(), ledger()))
    sound = remit(home, "verify", home, "--head", tmp_path / "head.txt", "--key", KEY)
    assert sound.code == 0 and f"  proved: entries 1 to {len(ledger())}" in sound.out
    assert "  not proved: that" in sound.out
    assert "newest copy" not in sound.out and "heads of this journal: 1" in sound.out
    (found,) = json.loads(remit(home, "verify", home, "--json").out)
    assert found["well"] and found["counts"]["decisions"] == 5 and found["head"].startswith(SIGNER.name)
    seq = numbered("submit", '"verdict":"deny"')
    edited = forged(ledger(), seq, _decision(verdict="allow", findings=()))
    wrong = remit(home, "verify", written(tmp_path / "forged" / "journal", edited))
    assert wrong.code == 1 and f"NOT AS DECIDED at entry {seq}, decision.findings" in wrong.out
    assert "  proved:" not in wrong.out
    export = remit(home, "verify", exported(tmp_path / "export", ledger()))
    assert export.code == 0 and f"{len(ledger())} entries hold, 1 checkpoints" in export.out
