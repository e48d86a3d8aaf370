"""Exports that the settings name: `remit up` runs their exporter, and starts no journal that is behind them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from remit.journal import checkpoint as checkpoints
from remit.journal.log import read_entries
from remit.journal.note import parse_verifier
from remit.journal.store import FolderReader
from remit.up.exporter import bucket_heads


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    (folder / "remit.toml").write_text(f'exports = ["{tmp_path}/out"]\n')
    return folder


def up(home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "remit", "up", "--home", str(home), "--plain", "--for", "1s"]
    environ = {**os.environ, "REMIT_HOME": str(home)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_up_exports_to_the_last_entry_and_refuses_a_journal_that_was_put_back(home: Path, tmp_path: Path) -> None:
    first = up(home)
    assert first.returncode == 0, first.stderr
    key = parse_verifier((home / "verifier.txt").read_text().strip())
    head = checkpoints.verify((tmp_path / "out" / "checkpoint").read_text(), key.name, (key,))
    last = list(read_entries(FolderReader(home / "journal"), 0))[-1]
    assert head.size == last[0] + 1 and b"kernel_stopped" in last[1], "what the guard said last is out"
    (segment,) = (home / "journal").glob("*.journal")
    lines = segment.read_bytes().splitlines(keepends=True)
    sealed = [number for number, line in enumerate(lines, 1) if line.startswith(b"c ")]
    segment.write_bytes(b"".join(lines[: sealed[1]]))  # as it stood after its first batch
    refused = up(home)
    assert refused.returncode == 1 and "journal_rolled_back" in refused.stderr, refused.stderr
    assert f"size {head.size}" in refused.stderr


def test_a_bucket_out_of_reach_is_named(home: Path, tmp_path: Path) -> None:
    places = (str(tmp_path / "out"), "s3://worm/desk")
    assert asyncio.run(bucket_heads(home, places, dict(os.environ))) == ([], []), "before there is a journal"
    (home / "verifier.txt").write_text("remit.test/journal+00000000+AQ==\n")
    heads, faults = asyncio.run(bucket_heads(home, places, {**os.environ, "REMIT_HOME": str(home)}))
    assert heads == [] and len(faults) == 1 and faults[0].startswith("s3://worm/desk: ")
