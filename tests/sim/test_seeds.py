"""A few fixed seeds in the ordinary tests; `make sim` and the end of `make test` run fresh ones, and all past ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from remit.testing.sim.__main__ import past_seeds
from remit.testing.sim.schedule import draw
from remit.testing.sim.simulation import simulate

ROOT = Path(__file__).parents[2]
SEEDS = (1, 2, 3)
STEPS = 30


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_holds_every_promise_and_is_the_same_twice(seed: int) -> None:
    one = simulate(draw(seed, STEPS))
    assert one.failure is None, one.failure
    other = simulate(draw(seed, STEPS), keep_trace=True)
    assert (one.hash, one.counts, one.virtual_ns) == (other.hash, other.counts, other.virtual_ns)
    assert one.counts["orders"] > 0 and one.counts["entries"] > len(SEEDS)
    assert other.trace and one.trace == []


def test_a_seed_with_witnesses_and_a_second_folder_holds_every_promise() -> None:
    towards = ("witness_away", "witness_loses", "witness_restarts", "anchor_refuses", "anchored_old_copy", "power_loss")
    one = simulate(draw(3, STEPS, towards=towards))
    assert one.failure is None, one.failure
    assert one.counts["fills"] > 0 and one.counts["rollback_refused"] > 0, one.counts


def test_a_seed_with_an_export_and_new_keys_holds_every_promise() -> None:
    towards = ("export_away", "export_refuses", "exporter_dies", "exported_old_copy", "rotate_key", "power_loss")
    one = simulate(draw(3, STEPS, towards=towards))
    assert one.failure is None, one.failure
    assert one.counts["fills"] > 0 and one.counts["export_away"] > 0 and one.counts["took:rotate_key"] > 0, one.counts


def test_another_seed_is_another_simulation() -> None:
    assert simulate(draw(5, 3)).hash != simulate(draw(6, 3)).hash


def test_the_past_is_readable_and_each_seed_is_there_once() -> None:
    seeds = [(past.seed, past.steps) for past in past_seeds(ROOT / "tests" / "sim" / "seeds.txt")]
    assert len(seeds) == len(set(seeds))


def test_the_command_runs_a_seed_in_two_processes() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "remit.testing.sim", "--seed", "1", "--steps", "12", "--json", "--story"],
        capture_output=True, text=True, cwd=ROOT, timeout=100,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert (report["seeds"], report["failures"]) == (1, [])
    assert "step 11 (+" in ran.stderr and "every promise held" in ran.stderr
