"""The one file that an auditor reads: run where nothing but Python and `cryptography` can be imported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.verify.desk import SIGNER, forged, ledger, numbered, write, written
from tests.verify.test_export import exported
from tests.verify.test_tampering import _by, _command, _record, mended, segments

from remit.journal.frame import ENTRY, frame
from remit.journal.note import Signer
from remit.journal.receipt import Blocks, Receipt
from remit.testing.disk import MemoryStore
from remit.verify import standalone, verify

KEY = str(SIGNER.verifier)
FILE = Path(standalone.__file__)
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs the file with an import path of the standard library and `cryptography` alone."""
    packages = tmp_path_factory.mktemp("packages")
    for name in ("cryptography", "_cffi_backend", "cffi"):
        found = find_spec(name)
        if found is not None and found.origin is not None:
            origin = Path(found.origin)
            place = origin.parent if origin.name == "__init__.py" else origin
            (packages / place.name).symlink_to(place)
    copy = tmp_path_factory.mktemp("auditor") / "verify.py"
    copy.write_bytes(FILE.read_bytes())
    start = (
        f"import sys, runpy; sys.path.append({str(packages)!r}); sys.argv = sys.argv[1:]; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )

    def run(*arguments: object) -> tuple[int, str]:
        line = [sys.executable, "-I", "-S", "-c", start, str(copy), *map(str, arguments)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
        assert not done.stderr, done.stderr
        return done.returncode, done.stdout

    return run


def test_it_imports_nothing_of_the_project_and_can_be_read_in_one_sitting(alone: Run) -> None:
    source = FILE.read_text()
    assert "import remit" not in source and "from remit" not in source and len(source.splitlines()) < 400


def test_a_journal_holds_and_one_flipped_byte_does_not(alone: Run, tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", ledger())
    head = tmp_path / "head.txt"
    head.write_text(write(MemoryStore(), ledger()))
    code, out = alone(folder, "--key", KEY, "--head", head)
    assert code == 0 and f"HOLDS: {len(ledger())} entries hold" in out and "halts in force" in out
    path = next(path for path in segments(folder) if b'"quantity":"' in path.read_bytes())
    path.write_bytes(path.read_bytes().replace(b'"quantity":"10"', b'"quantity":"11"', 1))
    code, out = alone(folder, "--key", KEY)
    assert code == 1 and "DOES NOT HOLD" in out and "checksum" in out


def test_an_export_a_receipt_and_a_stranger_s_key(alone: Run, tmp_path: Path) -> None:
    export = exported(tmp_path / "export", ledger())
    assert alone(export, "--key", KEY)[0] == 0
    blocks = Blocks()
    for entry in ledger():
        blocks.add(entry)
    note = (export / "checkpoint").read_text()
    receipt = tmp_path / "one.tlog-proof"
    receipt.write_text(Receipt(17, ledger()[16], blocks.proof(16, ledger()), note).write())
    code, out = alone(receipt, "--key", KEY)
    assert code == 0 and ledger()[16].decode() in out
    stranger = Signer(SIGNER.name, b"s" * 32).verifier
    for path in (export, receipt):
        code, out = alone(path, "--key", stranger)
        assert code == 1 and "not signed by the key" in out
    receipt.write_text(Receipt(18, ledger()[16], blocks.proof(16, ledger()), note).write())
    assert "is not in the journal" in alone(receipt, "--key", KEY)[1]


def checked(folder: Path, *heads: str) -> str:
    """In this process, which is quicker: what holds, or what does not."""
    try:
        return standalone.check(folder, standalone.Key(KEY), list(heads))
    except standalone.Wrong as wrong:
        return f"Wrong: {wrong}"


def test_what_a_key_holder_could_sign_is_found_where_entries_contradict_each_other(tmp_path: Path) -> None:
    allowed = numbered("submit", '"verdict":"allow"')
    review = numbered("review")
    head = write(MemoryStore(), ledger())
    cases = {
        "calls itself 99": forged(ledger(), allowed, _command(seq=99)),
        "time goes back": forged(ledger(), allowed, _command(at=5)),
        "no earlier entry permits": forged(ledger(), allowed, _record(requests=())),
        "is by a guard, who may not": forged(ledger(), review, _by("guard")),
        "that is no whole number": [*ledger()[:4], ledger()[4].replace(b'"seq":5,', b'"seq":5.0,', 1), *ledger()[5:]],
        "nobody reviewed it": forged(ledger(), review, _record(events=())),
        "an old copy": ledger()[:20],
        "another history": forged(ledger(), allowed, _record(decision=None)),
        "is no record": [*ledger(), b'{"no":"record"}'],
    }
    for number, (said, entries) in enumerate(cases.items()):
        folder = written(tmp_path / str(number) / "journal", entries)
        assert said in checked(folder, *[head] if said in ("an old copy", "another history") else []), said


def test_it_finds_what_a_segment_lacks(tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", ledger())
    first, second, *_, last = segments(folder)
    whole = second.read_bytes()
    second.unlink()
    assert "is missing before" in checked(folder)
    second.write_bytes(first.read_bytes())
    assert "does not fit" in checked(folder)
    second.write_bytes(whole)
    torn = last.read_bytes()
    last.write_bytes(torn[:-4])
    assert "entries hold" in checked(folder)
    second.write_bytes(whole[:-4])
    assert "does not match its checksum" in checked(folder)


def test_nothing_is_said_of_entries_that_no_signed_head_covers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path / "journal", ledger())
    first, *_, last = segments(folder)
    whole = last.read_bytes()
    last.write_bytes(whole + frame(ENTRY, ledger()[-1]))
    assert "an entry follows a clean stop" in checked(folder)
    lines = whole.splitlines(keepends=True)
    last.write_bytes(b"".join(lines[:-1]))
    signed = len(ledger()) - sum(line.startswith(b"e") for line in lines[-6:-1])
    assert f"{signed} entries hold" in checked(folder) and verify(folder, SIGNER.verifier).count == signed
    assert f"nobody signed the {len(ledger()) - signed} entries" in capsys.readouterr().out
    start = first.read_bytes().splitlines(keepends=True)[0]
    for path in segments(folder):
        path.unlink()
    first.write_bytes(start + b"".join(frame(ENTRY, entry) for entry in ledger()))
    assert checked(folder).startswith("0 entries hold")


@pytest.mark.parametrize("tail", [b"e 0123", b"e 00000000 " + bytes(1 << 18), b"", b"torn\n", b"c" * (1 << 18) + b"\n"])
@pytest.mark.parametrize("behind", [True, False])
def test_a_torn_line_is_as_torn_as_for_the_other_verifier(tmp_path: Path, tail: bytes, behind: bool) -> None:
    """And alone, behind no signed head at all, it is no journal."""
    folder = written(tmp_path / "journal", ledger())
    first, *more = segments(folder)
    last = more[-1] if behind else first
    if not behind:
        for path in more:
            path.unlink()
    last.write_bytes((last.read_bytes() if behind else b"") + tail)
    holds = not checked(folder).startswith("Wrong")
    assert holds is verify(folder, SIGNER.verifier, decide=False).well is (behind and not tail.endswith(b"\n"))
    last.write_bytes(last.read_bytes()[:-1] + b"x" if behind and not tail else last.read_bytes())
    assert (not checked(folder).startswith("Wrong")) is verify(folder, SIGNER.verifier, decide=False).well


def test_a_head_that_is_no_text_and_a_segment_of_another_spelling_are_no_crash(alone: Run, tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", ledger())
    *_, last = segments(folder)
    whole = last.read_bytes()
    last.write_bytes(whole + mended(b"c 00000000 5\n"))
    code, out = alone(folder, "--key", KEY)
    assert code == 1 and "DOES NOT HOLD" in out
    last.write_bytes(whole)
    (folder / "+9.journal").write_bytes(whole)
    assert "entries hold" in checked(folder)  # as `remit verify` does: such a name is no segment's
