"""`remit timeline`, `remit report`, `remit verify --receipt`: read from the data folder, with no guard running."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.doors.cli.house import Outcome, invoke
from tests.guard.desk import ANN, MOMENTUM, Desk
from tests.verify.desk import SIGNER, written

from remit.journal.checkpoint import sign
from remit.journal.cosign import CosignatureSigner
from remit.journal.receipt import Blocks, Receipt
from remit.journal.tree import Tree
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.names import GUARD

DAYS = ("--from", "2024-10-04", "--to", "2024-10-04")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose journal holds a fill and a denial."""
    folder = tmp_path_factory.mktemp("data") / "home"
    folder.mkdir(mode=0o700)
    written(folder / "journal", entries())
    return folder


def entries() -> list[bytes]:
    desk = Desk()
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "99.50")
    desk.submit(MOMENTUM, "50")
    desk.do(GUARD, c.Acted(what="read positions", ok=True, agent="momentum", via="tool:get_positions"))
    desk.do(GUARD, c.Acted(what="read agents", ok=False, code="not_authorised", agent="momentum"))
    return desk.journal


def remit(home: Path, *words: str) -> Outcome:
    found = invoke(*words, REMIT_HOME=str(home), REMIT_TOKEN="", REMIT_SOCKET=None, COLUMNS="200")
    return Outcome(found.exit_code, found.stdout, found.stderr)


def test_the_timeline_of_an_agent_and_of_an_order(home: Path) -> None:
    told = remit(home, "timeline", "momentum")
    assert told.code == 0 and "bought 10 AAPL at 99.5 USD each" in told.out
    assert "denied. One order may open at most 2,000 USD" in told.out
    rows = [json.loads(line) for line in remit(home, "timeline", "momentum", "--json").out.splitlines()]
    fill = next(row for row in rows if row["kind"] == "fill")
    assert "bought" in remit(home, "timeline", fill["order"]).out
    assert remit(home, "timeline", "momentum", "--kind", "violation", "--json").out.count("\n") == 1
    assert [
        json.loads(line) for line in remit(home, "timeline", "momentum", "--limit", "2", "--json").out.splitlines()
    ] == rows[-2:]
    no_kind = remit(home, "timeline", "momentum", "--kind", "gossip")
    assert no_kind.code == 2 and "violation" in no_kind.err
    nobody = remit(home, "timeline", "nobody")
    assert nobody.code == 1 and nobody.err.startswith("unknown: ")


def test_a_timeline_leaves_out_what_was_only_read(home: Path) -> None:
    told = remit(home, "timeline", "momentum").out
    assert "read positions" not in told and "read agents: refused" in told
    for more in (["--all"], ["--kind", "action"]):
        assert "read positions" in remit(home, "timeline", "momentum", *more).out
    (last,) = remit(home, "timeline", "momentum", "--limit", "1", "--json").out.splitlines()
    assert json.loads(last)["code"] == "not_authorised"


def test_a_timeline_of_reading_alone_says_how_to_see_it(tmp_path: Path) -> None:
    desk = Desk()
    read = c.Acted(what="read positions", ok=True, agent="idle", via="tool:get_positions")
    desk.do(ANN, c.AddAgent(agent=access.Agent(name="idle", account="desk", owner="ann")))
    desk.do(GUARD, read)
    tmp_path.chmod(0o700)
    written(tmp_path / "journal", desk.journal)
    assert "read positions" in remit(tmp_path, "timeline", "idle", "--all").out
    assert "read positions" not in remit(tmp_path, "timeline", "idle").out


def test_reports_go_to_standard_output_or_to_a_file(home: Path, tmp_path: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(remit(home, "report", "blotter", *DAYS).out))
    assert (row["quantity"], row["price"], row["notional"]) == ("10", "99.5", "995")
    out = tmp_path / "violations.csv"
    assert remit(home, "report", "violations", *DAYS, "--out", str(out), "--json").json["rows"] >= 1
    assert "order_notional_max" in out.read_text()
    again = remit(home, "report", "violations", *DAYS, "--out", str(out))
    assert again.code == 1 and again.err.startswith("export_failed: ")
    assert remit(home, "report", "rejected", *DAYS, "--zone", "Asia/Tokyo").out.count("\n") == 2
    assert remit(home, "report", "approvals", *DAYS).out.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("report", "blotter", "--from", "x", "--to", "2024-10-04"), 1, "range_invalid"),
        (("report", "blotter", *DAYS, "--zone", "Nowhere"), 1, "range_invalid"),
        (("report", "blotter", *DAYS, "--format", "pdf"), 2, "csv or parquet"),
    ],
)
def test_what_cannot_be_reported_is_named(home: Path, words: tuple[str, ...], code: int, said: str) -> None:
    found = remit(home, *words)
    assert found.code == code and said in found.err


def test_a_folder_without_a_journal_is_named(tmp_path: Path) -> None:
    found = remit(tmp_path, "timeline", "momentum")
    assert found.code == 1 and found.err.startswith(("journal_unreadable: ", "unknown: "))


def receipt(change: dict[str, Any]) -> str:
    """The receipt of entry 7, with some of its fields changed."""
    blocks, tree = Blocks(), Tree()
    for entry in entries():
        blocks.add(entry)
        tree.add(entry)
    head = sign(SIGNER, SIGNER.name, tree.size, tree.root())
    return replace(Receipt(7, entries()[6], blocks.proof(6, entries()), head.note), **change).write()


def test_a_receipt_says_who_cosigned_its_head(home: Path, tmp_path: Path) -> None:
    path, text = tmp_path / "7.tlog-proof", receipt({})
    one, two = (CosignatureSigner(f"w{number}.test/w", bytes([number] * 32)) for number in (1, 2))
    line = one.cosign(text.partition("\n\n")[2], 7)
    path.write_text(text + line)
    words = ("verify", str(path), "--key", str(SIGNER.verifier), "--witness", str(one.cosigner), "--witness")
    said = remit(home, *words, str(two.cosigner)).out
    assert "cosigned by w1.test/w at 1970-01-01 00:00:07 UTC" in said and "w2.test/w did not cosign its head" in said
    path.write_text(text + line.replace("w1.test/w ", "w1.test/w ", 1).replace(line[-9:-3], "AAAAAA"))
    assert remit(home, *words, str(two.cosigner)).err.startswith("cannot_verify: ")


def test_a_receipt_needs_no_journal(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "7.tlog-proof"
    path.write_text(receipt({}))
    checked = remit(tmp_path, "verify", "--receipt", str(path), "--key", str(SIGNER.verifier), "--json")
    assert checked.code == 0 and checked.json["seq"] == 7 and checked.json["well"]
    beside = remit(home, "verify", "--receipt", str(path)).out
    assert "entry 7 stands in the journal" in beside and "the public key lay beside" in beside
    stated = remit(home, "verify", "--receipt", str(path), "--key", str(SIGNER.verifier)).out
    assert "entry 7 stands in the journal" in stated and "lay beside" not in stated
    for change in ({"seq": 8}, {"entry": b"{}"}, {"entry": entries()[7]}, {"proof": ()}):
        path.write_text(receipt(change))
        found = remit(home, "verify", "--receipt", str(path))
        assert found.code == 1 and found.err.startswith("cannot_verify: "), change
