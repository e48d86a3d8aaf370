"""Exports and receipts before Go's own packages for checksum databases: code by others, in another language."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.export.test_exporter import exporter_of, journal_in
from tests.journal.cases import KEYS, SIGNER, entry, filled

from remit.export.sink import Folder
from remit.journal.receipt import BLOCK, Blocks, Receipt
from remit.journal.tree import consistency_proof, leaf_hash, root_of

SOURCE = Path(__file__).parent / "go" / "check.go"
VENDORED, PACKAGED = "src/cmd/vendor/golang.org/x/mod", "/usr/share/gocode/src/golang.org/x/mod"
"""Where a Go installation, or Debian's package of the module, has it: nothing is downloaded."""
VERIFIER = str(SIGNER.verifier)
COUNT, BEFORE = 70_000, 40_000


def go_root() -> Path | None:
    """Where Go is installed; None where it is not."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        return None
    found = subprocess.run([go, "env", "GOROOT"], capture_output=True, text=True, timeout=30, check=False)
    return Path(found.stdout.strip()) if found.returncode == 0 and found.stdout.strip() else None


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checker, built."""
    root = go_root()
    if root is None:
        pytest.skip("no Go on this machine: Debian, Ubuntu: apt-get install golang-go golang-golang-x-mod-dev")
    module = next((at for at in (root / VENDORED, Path(PACKAGED)) if (at / "sumdb" / "tlog").is_dir()), None)
    if module is None:
        pytest.skip("this Go brings no golang.org/x/mod: apt-get install golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go")
    for part in ("note", "tlog"):
        into = folder / "mod" / "sumdb" / part
        into.mkdir(parents=True)
        for file in (module / "sumdb" / part).glob("*.go"):
            if not file.name.endswith("_test.go"):
                shutil.copy(file, into)
    version = (root / "VERSION").read_text().split()[0].removeprefix("go")
    language = f"go {'.'.join(version.split('.')[:2])}\n"
    (folder / "mod" / "go.mod").write_text(f"module golang.org/x/mod\n\n{language}")
    (folder / "go.mod").write_text(
        f"module check\n\n{language}\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ./mod\n"
    )
    shutil.copy(SOURCE, folder)
    environ = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    environ.setdefault("HOME", str(folder))
    built = subprocess.run(
        [str(root / "bin" / "go"), "build", "-o", "check", "."],
        cwd=folder, env=environ, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder / "check"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """An export of as many entries as need three levels of tiles, made in two parts, and its leaves."""
    folder = tmp_path_factory.mktemp("export")
    journal = journal_in(folder / "journal")
    sink = Folder(folder / "out")
    for count in (BEFORE, COUNT):
        filled(journal, 1, count - journal.size)
        exporter_of(folder / "journal", KEYS[0], sink).advance()
    journal.close()
    return folder / "out", [leaf_hash(entry(number)) for number in range(COUNT)]


@pytest.fixture(scope="module")
def blocks() -> Blocks:
    """What receipts of that journal are made from."""
    made = Blocks()
    for number in range(COUNT):
        made.add(entry(number))
    return made


OF_THE_TEXT = (
    "the index begins with a zero",
    "the index has a sign",
    "the size begins with a zero",
    "the size has a sign",
    "the version is another",
)
"""What is wrong with how a receipt is spelled, and not with its tree: Go's package takes other spellings too."""


def test_go_takes_the_vectors_that_hold_alone(check: Path, tmp_path: Path) -> None:
    said = json.loads((Path(__file__).parents[1] / "vectors" / "journal.json").read_text(encoding="utf-8"))
    path = tmp_path / "one.tlog-proof"
    for text in said["receipts"]:
        path.write_text(text)
        assert run(check, str(path), said["key"]["verifier"]).returncode == 0, text
    for one in said["refused"]:
        if one["why"] not in OF_THE_TEXT:
            path.write_text(one["receipt"])
            assert run(check, str(path), said["key"]["verifier"]).returncode != 0, one["why"]


def run(check: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(check), *words], capture_output=True, text=True, timeout=60, check=False)


def test_go_finds_the_same_tree_and_proves_from_the_tiles(check: Path, out: tuple[Path, list[bytes]]) -> None:
    folder, leaves = out
    old = base64.b64encode(root_of(leaves[:BEFORE])).decode()
    found = run(check, str(folder), VERIFIER, str(BEFORE), old)
    assert found.returncode == 0, found.stderr
    count, root, *grown = found.stdout.split()
    assert int(count) == COUNT and base64.b64decode(root) == root_of(leaves)
    assert [base64.b64decode(sibling) for sibling in grown] == consistency_proof(leaves, BEFORE)


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/1/000", "tile/2/000.p/1", "tile/entries/273.p/112"])
def test_go_refuses_what_was_changed(check: Path, out: tuple[Path, list[bytes]], tmp_path: Path, path: str) -> None:
    shutil.copytree(out[0], tmp_path / "out")
    changed = bytearray((tmp_path / "out" / path).read_bytes())
    changed[len(changed) // 2] ^= 1
    (tmp_path / "out" / path).write_bytes(changed)
    assert run(check, str(tmp_path / "out"), VERIFIER).returncode == 1


@pytest.mark.parametrize("index", [0, 1, 255, 256, 40_000, COUNT - 1])
def test_go_takes_a_receipt(
    check: Path, out: tuple[Path, list[bytes]], blocks: Blocks, tmp_path: Path, index: int
) -> None:
    first = index // BLOCK * BLOCK
    block = [entry(number) for number in range(first, min(first + BLOCK, COUNT))]
    note = (out[0] / "checkpoint").read_text()
    made = Receipt(index + 1, entry(index), blocks.proof(index, block), note).write()
    path = tmp_path / "one.tlog-proof"
    path.write_text(made)
    found = run(check, str(path), VERIFIER)
    assert (found.returncode, found.stdout) == (0, f"{index}\n"), found.stderr
    path.write_text(made.replace(f"index {index}\n", f"index {index ^ 1}\n"))
    assert run(check, str(path), VERIFIER).returncode == 1
