"""`remit journal export`, once and followed: beside a journal that grows, with no guard asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.doors.cli.house import Outcome, invoke
from tests.export.test_exporter import check, journal_in
from tests.journal.cases import SIGNER, filled

from remit.journal.log import Journal
from remit.journal.standing import Standing, file_name


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    (folder / "verifier.txt").write_text(f"{SIGNER.verifier}\n")
    return folder


def remit(home: Path, *words: str) -> Outcome:
    found = invoke("--home", str(home), "journal", "export", *words, COLUMNS="200", REMIT_SOCKET=None)
    return Outcome(found.exit_code, found.stdout, found.stderr)


def read(folder: Path) -> Callable[[str], bytes | None]:
    return lambda path: (folder / path).read_bytes() if (folder / path).exists() else None


def standing(home: Path, to: Path) -> Standing:
    return Standing(**json.loads((home / file_name(str(to))).read_bytes()))


def said_to_stand(home: Path, to: Path, size: int) -> bool:
    """Whether the exporter has written down that `size` entries stand there: it does so after their head."""
    return (home / file_name(str(to))).exists() and standing(home, to).size == size


def test_once_and_again(home: Path, tmp_path: Path) -> None:
    journal, out = journal_in(home / "journal"), tmp_path / "out"
    filled(journal, 100)
    first = remit(home, str(out), "--json")
    assert first.code == 0 and (first.json["size"], first.json["new"]) == (300, 300)
    assert first.json["head"] == (out / "checkpoint").read_text()
    filled(journal, 1)
    assert "303 entries, 3 of them new" in remit(home, str(out)).out
    assert check(read(out), 303) == 303
    assert standing(home, out).size == 303 and standing(home, out).fault == ""


def test_what_cannot_be_exported_is_named(home: Path, tmp_path: Path) -> None:
    found = remit(home, str(tmp_path / "out"))
    assert found.code == 1 and found.err.startswith(("nothing_to_export: ", "disk: "))
    journal_in(home / "journal").close()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    assert remit(home, str(tmp_path / "letters")).err.startswith("export_refused: ")
    assert remit(home, "s3://A").err.startswith("export_refused: ")
    (home / "verifier.txt").unlink()
    assert "there is no journal" in remit(home, str(tmp_path / "out")).err


def wait_for(met: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not met():
        assert time.monotonic() < until
        time.sleep(0.05)


def size_at(out: Path, journal: Journal) -> int:
    return check(read(out), journal.size) if (out / "checkpoint").exists() else 0


def test_following_tells_people_too(home: Path, tmp_path: Path) -> None:
    filled(journal_in(home / "journal"), 3)
    command = [sys.executable, "-m", "remit", "--home", str(home), "journal", "export", str(tmp_path / "out"), "-f"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and "9 entries" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0 and "Traceback" not in process.communicate()[1]


def test_it_follows_until_it_is_stopped(home: Path, tmp_path: Path) -> None:
    journal, out, other = journal_in(home / "journal"), tmp_path / "out", tmp_path / "other"
    other.write_text("no folder")
    filled(journal, 3)
    command = [sys.executable, "-m", "remit", "--home", str(home), "journal", "export", str(out), str(other)]
    process = subprocess.Popen(
        [*command, "--follow", "--every", "0.1", "--json"], env={**os.environ, "REMIT_HOME": str(home)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_for(lambda: size_at(out, journal) == 9 and said_to_stand(home, out, 9))
        before = standing(home, out)
        filled(journal, 2)
        wait_for(lambda: size_at(out, journal) == 15)
        wait_for(lambda: standing(home, out).at > before.at)
        journal.append(b"last words")
        journal.sync()
    finally:
        process.send_signal(signal.SIGTERM)
        told, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert standing(home, out).size == 16, "what was durable when it was stopped is out"
    lines = [Standing(**json.loads(line)) for line in told.splitlines()]
    assert any("export_refused" in line.fault and line.to == str(other) for line in lines), "one place hinders no other"
    assert standing(home, other).fault.startswith("export_refused")
