"""The command of the simulator, over a small fake: what it finds, says and returns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.testing.sim.fake import PROMISES

from remit.testing.sim import processes
from remit.testing.sim.__main__ import PastMalformed, main, past_seeds
from remit.testing.sim.report import first_difference
from remit.testing.sim.runner import Seed

ROOT = Path(__file__).parents[3]
SOUND_SEED, BREAKING_SEED = 6, 7


def worker(mode: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.testing.sim.fake", mode)


def called(mode: str, *words: str) -> int:
    return main(words, worker(mode), PROMISES)


def test_a_sound_seed_holds_every_promise(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("sound", "--seed", str(BREAKING_SEED)) == 0
    said = capsys.readouterr().out
    assert "1 seeds twice each" in said
    assert "every promise held" in said
    assert "orders" in said


def test_a_broken_promise_is_found_shrunk_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("broken", "--seed", str(BREAKING_SEED)) == 1
    said = capsys.readouterr().out
    assert f"FAILED seed {BREAKING_SEED}: E1. What is added never exceeds the cap" in said
    assert "more than the cap of 30" in said
    assert f"again: make sim SEED={BREAKING_SEED}\n" in said
    assert "1 of 2 sorts of venue faults" in said
    assert "nothing more can be left out" in said
    assert "| step 0 (+" in said
    assert "# E1 is broken: " in said


def test_the_command_names_the_steps_that_were_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("broken", "--seed", str(BREAKING_SEED), "--steps", "150", "--shrink", "0") == 1
    assert f'again: make sim SEED={BREAKING_SEED} ARGS="--steps 150"' in capsys.readouterr().out


def test_what_hangs_on_the_hash_seed_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("hashing", "--seed", "3") == 1
    said = capsys.readouterr().out
    assert "not_deterministic" in said
    assert "observation 5 is `" in said


@pytest.mark.parametrize(("mode", "says"), [("dying", "ended with code 9"), ("hanging", "no end within 1 s")])
def test_a_process_that_dies_or_hangs_is_a_failure(
    mode: str, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "ANSWER_MAX_S", 1 if mode == "hanging" else 60)
    assert called(mode, "--seed", "3") == 1
    assert says in capsys.readouterr().out


def test_prints_on_the_way_are_no_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("printing", "--seed", "3") == 0
    assert "every promise held" in capsys.readouterr().out


def test_past_seeds_come_first_and_fresh_ones_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    past = tmp_path / "seeds.txt"
    past.write_text(f"# SEED what it found\n{BREAKING_SEED} E1: added twice\n{SOUND_SEED}/20 P1: sent twice\n")
    assert called("sound", "--past", str(past), "--seconds", "1", "--json") == 0
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert report["past"] == 2
    assert report["seeds"] > 2
    assert report["failures"] == []
    assert report["counts"]["orders"] > 0 and report["orders_per_s"] > 0
    assert f"fresh seeds from {report['fresh_from']} on, for 1 s" in told.err
    assert called("broken", "--past", str(past), "--only-past", "--json", "--shrink", "5") == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["seeds"], report["past"]) == (2, 2)
    (found,) = report["failures"]
    assert (found["seed"], found["invariant"]) == (BREAKING_SEED, "E1")
    assert found["command"] == f"make sim SEED={BREAKING_SEED}"
    assert found["shrunk"]["is_smallest"] and found["story"]


def test_the_story_of_a_sound_seed_is_told_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("sound", "--seed", str(BREAKING_SEED), "--steps", "30", "--story") == 0
    said = capsys.readouterr().out
    assert f"the story of seed {BREAKING_SEED}, which breaks nothing:" in said
    assert "guard allows" in said


def test_a_shrunk_schedule_is_kept_and_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept.json"
    assert called("broken", "--seed", str(BREAKING_SEED), "--keep", str(kept)) == 1
    assert f'again: make sim ARGS="--schedule {kept}"' in capsys.readouterr().out
    assert called("broken", "--schedule", str(kept), "--json") == 1
    found = json.loads(capsys.readouterr().out)["failures"][0]
    assert found["schedule"] == json.loads(kept.read_bytes())
    assert found["shrunk"]["steps"] == found["shrunk"]["of_steps"] == len(found["schedule"]["steps"])
    assert called("sound", "--schedule", str(kept)) == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--schedule", "Makefile"), "malformed"),
        (("--schedule", "no-such-file"), "no-such-file"),
        (("--seed", "seven"), "a whole number is wanted, not 'seven'"),
        (("--seconds", "-1"), "a whole number is wanted"),
        (("--nothing",), "unrecognized"),
        (("--only-past", "--past", "no-such-file"), "no-such-file"),
    ],
)
def test_wrong_usage_has_a_code_of_its_own(
    words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = called("sound", *words)
    except SystemExit as ended:  # argparse ends the program itself
        code = ended.code  # type: ignore[assignment]
    assert (code, says in capsys.readouterr().err) == (2, True)


def test_ctrl_c_ends_with_a_summary_and_leaves_no_process(tmp_path: Path) -> None:
    past = tmp_path / "seeds.txt"
    past.touch()
    program = (
        "from remit.testing.sim.__main__ import main; from tests.testing.sim.test_runner import *; "
        f"raise SystemExit(main(['--seconds', '0', '--past', {str(past)!r}], worker('sound'), PROMISES))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert "until Ctrl-C" in process.stdout.readline()
        while len(workers := children(process.pid)) < 2:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert "interrupted; until then:" in said and "every promise held" in said, said
    assert process.returncode == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


TASK = b'{"seed": 7, "steps": 3}\n'


def test_a_worker_ends_when_whoever_started_it_is_gone() -> None:
    program = (
        "import subprocess, sys, time; from tests.testing.sim.test_runner import TASK, worker; "
        "process = subprocess.Popen(worker('busy'), stdin=subprocess.PIPE, stdout=subprocess.PIPE); "
        "process.stdin.write(TASK); process.stdin.flush(); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, env=environment())
    assert parent.stderr is not None
    assert parent.stderr.readline() == b"busy\n"
    parent.kill()
    assert parent.communicate(timeout=20) == (None, b"")  # only its worker could still hold its error output


def test_a_worker_whose_answers_nobody_reads_ends_without_a_traceback() -> None:
    process = subprocess.Popen(
        worker("sound"), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment(),
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdout.close()
    process.stdin.write(TASK)
    process.stdin.flush()
    assert process.wait(20) == 0
    assert process.stderr.read() == b""
    process.stdin.close()
    process.stderr.close()


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}


def children(of: int) -> list[int]:
    if not Path("/proc").exists():
        pytest.skip("this system has no /proc to look for processes in")
    return [int(pid) for pid in Path(f"/proc/{of}/task/{of}/children").read_text().split()]


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("", []),
        ("# nothing yet\n\n", []),
        ("7 P1: sent twice\n12/50 E1 of agent:x\n", [Seed(7, 0, "P1: sent twice"), Seed(12, 50, "E1 of agent:x")]),
    ],
)
def test_past_seeds_are_read(text: str, seeds: list[Seed], tmp_path: Path) -> None:
    (tmp_path / "seeds.txt").write_text(text)
    assert past_seeds(tmp_path / "seeds.txt") == seeds


@pytest.mark.parametrize("line", ["seven E1", "7", "7/ E1", "7/x E1", "-7 E1"])
def test_a_line_that_says_no_seed_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "seeds.txt").write_text(f"# past\n{line}\n")
    with pytest.raises(PastMalformed, match="line 2"):
        past_seeds(tmp_path / "seeds.txt")


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (["a", "b"], ["a", "c"], "observation 1 is `b` in one process and `c` in the other"),
        (["a"], ["a", "b"], "one process saw 1 observations and no more, the other `b` after them"),
        (["a"], ["a"], "agreed in all 1 observations"),
    ],
)
def test_the_first_difference_is_named(one: list[str], other: list[str], says: str) -> None:
    assert says in first_difference(one, other)
