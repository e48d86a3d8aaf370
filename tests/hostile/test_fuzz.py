"""Every target under a fuzzer: with coverage as the guide where atheris can be had, and from mutated seeds everywhere.

Both are the same on every machine and at every run; `make fuzz SECONDS=600` looks further.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from tests.hostile.fuzz import WITHOUT
from tests.hostile.target import Target, bounded
from tests.hostile.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
RUNS = 1_000
EXAMPLES = 40


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_keeps_the_promise(name: str) -> None:
    seeds = TARGETS[name].seeds()
    assert seeds and len(set(seeds)) == len(seeds)
    for message in seeds:
        bounded(TARGETS[name], message)


def test_the_page_names_every_target() -> None:
    page = (ROOT / "docs" / "hostile.md").read_text(encoding="utf-8")
    assert [name for name in TARGETS if f"`{name}`" not in page] == []


# Mutated seeds


@st.composite
def mutated(draw: st.DrawFn, target: Target) -> bytes:
    """Return a seed that was cut, joined, overwritten and turned about a few times."""
    seeds = _seeds(target.name)
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(
            st.one_of(
                st.binary(max_size=6),
                st.sampled_from((*target.words, "\u0661", "-0", "1e5", "null", "[]", "\\u0000")).map(str.encode),
                st.sampled_from(seeds).map(lambda seed, start=start: seed[start : start + 60]),
                st.just(data[start:end] * 2),
            )
        )
        data = data[:start] + piece + data[end:]
    return data


@cache
def _seeds(name: str) -> tuple[bytes, ...]:
    return tuple(TARGETS[name].seeds())


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_made_of_seeds_keeps_the_promise(name: str) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(data=mutated(TARGETS[name]))
    def keeps(data: bytes) -> None:
        bounded(TARGETS[name], data)

    keeps()


# With coverage as the guide


def test_what_coverage_leads_to_keeps_the_promise(tmp_path: Path) -> None:
    """One run of the fuzzer over all targets: for each it says how many inputs it saw, and its finds."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip(WITHOUT)
    words = [sys.executable, "-m", "tests.hostile.fuzz", "--runs", str(RUNS), "--json", "--found", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode in (0, 1), done.stderr
    ran: dict[str, tuple[int, list[str]]] = json.loads(done.stdout)
    assert [name for name in TARGETS if ran[name][0] < RUNS // TARGETS[name].cost] == []
    for name, (_, finds) in ran.items():
        for path in finds:
            trace = Path(path).with_name(f"trace-{Path(path).name}.txt")
            how = trace.read_text() if trace.exists() else "it hung, or ate memory"
            pytest.fail(f"{name}: {Path(path).read_bytes()!r}\n{how}")
