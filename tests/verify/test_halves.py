"""Two processes over one journal: the verdict is that of one, wherever they join; one that dies is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.verify.both import Inside, joined_at, said
from tests.verify.desk import SIGNER, Planner, forged, ledger, numbered, write, written
from tests.verify.test_claims import of_another_kernel
from tests.verify.test_export import exported
from tests.verify.test_tampering import _decision, mended, segments

from remit.kernel.codec import encode
from remit.testing.disk import MemoryStore
from remit.verify import CannotVerify, Verdict, halves, second, verify
from remit.verify.halves import Ask, Joint, Said
from remit.verify.second import Second
from remit.verify.snapshots import look_over

KEY = SIGNER.verifier


def sound(folder: Path) -> Path:
    return written(folder / "journal", ledger())


def edited(folder: Path) -> Path:
    denied = numbered("submit", '"verdict":"deny"')
    return written(folder / "journal", forged(ledger(), denied, _decision(verdict="allow", findings=())))


def of_two_kernels(folder: Path) -> Path:
    unlike = forged(ledger(), numbered("submit", '"verdict":"allow"'), _decision(currency="EUR"))
    return written(folder / "journal", of_another_kernel(unlike, 1))


def flipped(folder: Path) -> Path:
    """A word of an entry, its checksum mended: the next head does not fit."""
    paths = segments(written(folder / "journal", ledger()))
    path = next(path for path in paths if b'"why":"tighter' in path.read_bytes())
    lines = path.read_bytes().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if b'"why":"tighter' in line)
    lines[number] = mended(lines[number].replace(b'"why":"tighter', b'"why":"looser!', 1))
    path.write_bytes(b"".join(lines))
    return path.parent


def unsigned(folder: Path) -> Path:
    """A head in the midst of a segment that nobody signed."""
    path = segments(written(folder / "journal", ledger()))[1]
    lines = path.read_bytes().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if line[:1] == b"c" and n)
    place = lines[number].rindex(b"\\n") - 8
    lines[number] = mended(lines[number][:place] + (b"AAAA" if lines[number][place:place + 4] != b"AAAA" else b"BBBB")
                           + lines[number][place + 4:])  # fmt: skip
    path.write_bytes(b"".join(lines))
    return path.parent


def export(folder: Path) -> Path:
    return exported(folder / "export", ledger())


def torn(folder: Path) -> Path:
    *_, path, last = segments(written(folder / "journal", ledger()))
    last.unlink()
    path.write_bytes(path.read_bytes()[:-900])
    return path.parent


@pytest.mark.parametrize("make", [sound, edited, of_two_kernels, flipped, unsigned, export, torn])
def test_wherever_the_halves_join_the_verdict_is_that_of_one(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    folder = make(tmp_path)
    heads = [] if make is torn else [write(MemoryStore(), ledger())] if make is not of_two_kernels else []
    alone = said(folder, KEY, cores=1, heads=heads)
    Inside.joined = 0
    for split in range(1, len(ledger()) + 1, 1 if make is sound else 3):
        with joined_at(split):
            assert encode(said(folder, KEY, cores=2, heads=heads)) == encode(alone), split
    assert Inside.joined > 4


def test_where_folding_and_deciding_leave_different_states_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_halts(state: Any) -> dict[str, str]:
        return {**halves.fields_of(state), "halts": "0" * 64}

    monkeypatch.setattr(second, "fields_of", other_halts)
    with joined_at(9):
        found = verify(sound(tmp_path), KEY, cores=2)
    assert found.difference is not None and not found.well and found.proved == ()
    assert (found.difference.seq, found.difference.field) == (9, "state.halts")
    assert found.difference.code == "not_as_folded"


def test_a_journal_that_changes_while_it_is_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Changed(Inside):
        def _say(self, said: Said) -> None:
            super()._say(msgspec.structs.replace(said, root="0" * 64) if isinstance(said, Joint) else said)

    with joined_at(9):
        monkeypatch.setattr(halves, "begin", lambda ask: Changed(ask, 9))
        with pytest.raises(CannotVerify, match="was changed while it was read"):
            verify(sound(tmp_path), KEY, cores=2)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of some thousand entries."""
    desk = Planner()
    for number in range(1_200):
        desk.mark(f"{100 + number % 7}")
    return written(tmp_path_factory.mktemp("long") / "journal", desk.journal, batch=64)


class Patient:
    """The real second process; the first half does not go on before it has heard where they join."""

    def __init__(self, ask: Ask) -> None:
        self.process = halves._Process(ask)
        self._joined = False

    def tell(self, seq: int) -> None:
        self.process.tell(seq)

    def hear(self, wait: bool) -> Said | None:
        found = self.process.hear(wait or not self._joined)
        self._joined = self._joined or not isinstance(found, halves.Decided)
        return found

    def close(self) -> None:
        self.process.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> list[Patient]:
    begun: list[Patient] = []

    def begin(ask: Ask) -> Patient:
        begun.append(Patient(ask))
        return begun[-1]

    monkeypatch.setattr(halves, "WORTH_IT", 0)
    monkeypatch.setattr(halves, "begin", begin)
    return begun


def test_a_real_second_process_says_the_same(long: Path, patient: list[Patient]) -> None:
    heard: list[int] = []
    strange = long.parent / os.fsdecode(b"caf\xe9") / "journal"  # no UTF-8
    shutil.copytree(long, strange)
    found: Verdict = verify(strange, KEY, cores=2, progress=heard.append)
    assert found.well and msgspec.structs.replace(found, folder="") == msgspec.structs.replace(
        verify(long, KEY, cores=1), folder=""
    )
    (other,) = patient
    assert other._joined and heard == sorted(heard) and other.process._child.returncode is not None


def test_a_second_process_of_another_version_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, heard = sound(tmp_path), list[Said]()
    alone = verify(folder, KEY, cores=1)
    with joined_at(9):
        begin = halves.begin

        def replaced(ask: Ask) -> halves.Other:
            Second(msgspec.structs.replace(ask, kernel="f" * 64), heard.append, lambda: 0).run()
            return begin(msgspec.structs.replace(ask, kernel="f" * 64))

        monkeypatch.setattr(halves, "begin", replaced)
        assert encode(verify(folder, KEY, cores=2)) == encode(alone) and heard == [halves.Stuck()]


def test_an_interrupt_ends_both(long: Path, patient: list[Patient], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(half: object, seq: int) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(halves._Half, "watch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        verify(long, KEY, cores=2)
    assert patient[0].process._child.returncode is not None


def test_one_that_dies_is_named(long: Path, patient: list[Patient], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "_SECOND", "remit.verify.nowhere")
    with pytest.raises(CannotVerify, match=r"the second process ended before it was done .*--cores 1"):
        verify(long, KEY, cores=2)


def test_a_second_process_whose_first_is_gone_ends() -> None:
    line = [sys.executable, "-P", "-m", "remit.verify.second"]
    assert subprocess.run(line, input=b"", timeout=30, check=False).returncode == 0


def test_where_no_process_may_be_started_one_does_it(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(ask: Ask) -> Patient:
        raise PermissionError(1, "no process may be started here")

    monkeypatch.setattr(halves, "WORTH_IT", 0)
    monkeypatch.setattr(halves, "begin", refused)
    assert verify(long, KEY, cores=2).well


@pytest.mark.parametrize(
    ("size", "cores", "worth"),
    [(19_999, 2, False), (20_000, 2, True), (20_000, 1, False), (1_000_000, 8, True), (0, 2, False)],
)
def test_when_two_are_worth_it(size: int, cores: int, worth: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert halves.is_worth_two(size, cores) is worth
    monkeypatch.setattr(os, "sched_getaffinity", lambda of: set(range(cores)), raising=False)
    assert halves.is_worth_two(size, None) is worth


def test_how_long_a_journal_is_is_known_beforehand(tmp_path: Path, long: Path) -> None:
    assert look_over(export(tmp_path), KEY)[1] == look_over(sound(tmp_path), KEY)[1] == len(ledger())
    assert look_over(long, KEY)[1] > 1_000 and look_over(flipped(tmp_path / "flipped"), KEY)[0] == frozenset()
