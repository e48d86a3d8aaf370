"""`remit witness` as real processes: a key is made once, and what was cosigned outlives kill -9."""

from __future__ import annotations

import asyncio
import http.client
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.witness.test_ledger import FORK, HISTORY, JOURNAL, WITNESS, head
from tests.witness.test_server import submission

from remit.journal.cosign import cosigned, parse_cosigner
from remit.journal.store import FileStore
from remit.witness.errors import WitnessDamaged, WitnessKeyExists, WitnessKeyMissing, WitnessSetting
from remit.witness.key import FILE, make_key, read_key
from remit.witness.serve import journal_of, place_of, serve

REMIT = [sys.executable, "-m", "remit", "witness"]


def post(port: int, body: bytes) -> tuple[int, bytes]:
    """Ask the witness on this port."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.request("POST", "/add-checkpoint", body)
    answer = link.getresponse()
    return answer.status, answer.read()


def serving(folder: Path, log: str) -> tuple[subprocess.Popen[str], int]:
    """A witness that serves on a free port."""
    words = [*REMIT, "serve", "--folder", str(folder), "--log", log, "--bind", "127.0.0.1:0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.readline()
    assert "ready on http://127.0.0.1:" in said, said
    return process, int(said.split("ready on http://127.0.0.1:")[1].split(",")[0])


def test_a_witness_remembers_over_kill_9(tmp_path: Path) -> None:
    folder, log = tmp_path / "w", tmp_path / "verifier.txt"
    log.write_text(f"{JOURNAL.verifier}\n")
    words = [*REMIT, "key", "witness.test/w9", "--folder", str(folder)]
    key = parse_cosigner(subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip())
    again = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    assert parse_cosigner(again) == key
    assert (folder / "witness.key").stat().st_mode & 0o777 == 0o600

    process, port = serving(folder, str(log))
    try:
        status, body = post(port, submission(0, 7))
        assert status == 200 and cosigned(head(HISTORY, 7), body.decode(), key)
    finally:
        process.kill()
        process.communicate()
    process, port = serving(folder, str(JOURNAL.verifier))
    try:
        assert post(port, submission(0, 7)) == (409, b"7\n")
        assert post(port, submission(7, 9, FORK))[0] == 422
        assert post(port, submission(7, 9))[0] == 200
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert '"answered":422' in said.replace(" ", "")


def test_what_it_cannot_serve_with_is_named(tmp_path: Path) -> None:
    for said in ("no key", str(tmp_path), str(parse_cosigner(str(WITNESS.cosigner)))):
        with pytest.raises(WitnessSetting):
            journal_of(said)
    for bind in ("8421", "here:8421", "127.0.0.1:port", "127.0.0.1:65536", ":1"):
        with pytest.raises(WitnessSetting):
            place_of(bind)
    assert (place_of("127.0.0.1:0"), place_of("[::1]:8421")) == (("127.0.0.1", 0), ("::1", 8421))
    nothing = serve(tmp_path / "w", [JOURNAL.verifier], "127.0.0.1", 0, print, print)
    with pytest.raises(WitnessKeyMissing):
        asyncio.run(nothing)


def test_a_key_is_its_folders_for_good(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "w")
    made = make_key(store, "witness.test/w9", bytes(range(32)))
    assert read_key(store).cosigner == make_key(store, "witness.test/w9", bytes(32)).cosigner == made.cosigner
    with pytest.raises(WitnessKeyExists):
        make_key(store, "witness.test/other", bytes(32))
    for spoilt in (b"", b"{}", b"\xff", b'{"format":"remit-witness-key-1","name":"a","seed":"00"}'):
        store.replace(FILE, spoilt)
        with pytest.raises(WitnessDamaged):
            read_key(store)
    store.close()
