"""`python -m remit.testing.sim`, which `make sim` calls: run seeds, say what they found.

Exit codes: 0 every promise held, 1 one did not, 2 wrong usage. Ctrl-C ends it with a summary.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from remit.testing.sim.processes import WORKER
from remit.testing.sim.report import Report, summary
from remit.testing.sim.runner import Seed, Settings, fresh_seed, run
from remit.testing.sim.schedule import Schedule

HELD, FAILED, USAGE = 0, 1, 2
PAST = Path("tests/sim/seeds.txt")
SECONDS, SHRINK_S = 60, 60


class PastMalformed(ValueError):
    """A line of the file of past seeds says no seed."""


def main(
    arguments: Sequence[str] | None = None, command: Sequence[str] = WORKER, promises: Mapping[str, str] | None = None
) -> int:
    """Run as the command line says and return its exit code. `command` starts a worker; for tests of this."""
    asked = _parser().parse_args(arguments)
    say = functools.partial(print, file=sys.stderr if asked.json else sys.stdout, flush=True)
    try:
        settings = _settings(asked, _promises() if promises is None else promises, command)
    except (OSError, PastMalformed, msgspec.DecodeError) as fault:
        print(f"remit.testing.sim: {fault}", file=sys.stderr)
        return USAGE
    _say_beginning(settings, say)
    report = run(settings, say)
    say("\n".join(summary(report)))
    kept = next((found.schedule for found in report.failures if found.schedule is not None), None)
    if asked.keep is not None and kept is not None:
        asked.keep.write_bytes(msgspec.json.format(msgspec.json.encode(kept)) + b"\n")
        say(f'kept as {asked.keep}; again: make sim ARGS="--schedule {asked.keep}"')
    if asked.json:
        sys.stdout.buffer.write(msgspec.json.format(_written(report)) + b"\n")
        sys.stdout.flush()
    return FAILED if report.failures else HELD


def past_seeds(path: Path) -> list[Seed]:
    """Return the seeds of a file: a line each, `SEED what it found` or `SEED/STEPS what it found`; # begins a comment.

    Raises OSError where there is none, PastMalformed where a line says no seed.
    """
    seeds = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        first, _, found = line.partition(" ")
        seed, _, steps = first.partition("/")
        if not seed.isdecimal() or not (steps.isdecimal() or first == seed) or not found.strip():
            raise PastMalformed(f"{path}, line {number}: say `SEED what it found` or `SEED/STEPS what it found`")
        seeds.append(Seed(int(seed), int(steps or 0), found.strip()))
    return seeds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make sim", description=__doc__)
    parser.add_argument("--seed", type=_whole, help="run this seed alone")
    parser.add_argument("--schedule", type=Path, help="run a schedule that was kept in this file alone")
    parser.add_argument("--keep", type=Path, help="write the shrunk schedule of the first failure into this file")
    parser.add_argument(
        "--seconds", type=_whole, default=SECONDS, help=f"begin fresh seeds for so long ({SECONDS}; 0: until Ctrl-C)"
    )
    parser.add_argument("--steps", type=_whole, default=0, help="steps of a seed; without it, as many as a seed has")
    parser.add_argument("--story", action="store_true", help="tell the story of seeds that break nothing too")
    parser.add_argument("--past", type=Path, default=PAST, help=f"the file of past failing seeds ({PAST})")
    parser.add_argument("--only-past", action="store_true", help="run no fresh seeds")
    parser.add_argument(
        "--shrink", type=_whole, default=SHRINK_S, help=f"shrink a failure for at most so many seconds ({SHRINK_S})"
    )
    parser.add_argument("--jobs", type=_whole, default=os.cpu_count() or 1, help="processes, in pairs (one per core)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON, what is told goes to stderr")
    return parser


def _whole(words: str) -> int:
    if not words.isdecimal():
        raise argparse.ArgumentTypeError(f"a whole number is wanted, not {words!r}")
    return int(words)


def _settings(asked: Any, promises: Mapping[str, str], command: Sequence[str]) -> Settings:
    given, fresh_s = _given(asked)
    return Settings(
        given=given, fresh_s=fresh_s, fresh_from=fresh_seed(), promises=promises, steps=asked.steps,
        pairs=max(1, asked.jobs // 2), shrink_s=asked.shrink, with_story=asked.story, command=command,
    )  # fmt: skip


def _given(asked: Any) -> tuple[list[Seed], float | None]:
    """Return the seeds to run first, and for how long fresh ones follow: one seed alone, past ones, or both sorts."""
    if asked.schedule is not None:
        schedule = msgspec.json.decode(asked.schedule.read_bytes(), type=Schedule)
        again = f'make sim ARGS="--schedule {asked.schedule}"'
        return [Seed(schedule.seed, schedule=schedule, again=again)], 0
    if asked.seed is not None:
        return [Seed(asked.seed, asked.steps)], 0
    if asked.only_past:
        return past_seeds(asked.past), 0
    past = past_seeds(asked.past) if asked.past != PAST or PAST.exists() else []
    return past, asked.seconds or None


def _promises() -> Mapping[str, str]:
    from remit.testing.sim.invariants import INVARIANTS

    return {invariant.id: invariant.promise for invariant in INVARIANTS}


def _say_beginning(settings: Settings, say: Any) -> None:
    past = sum(bool(seed.found) for seed in settings.given)
    if past:
        say(f"{past} past seeds first: {', '.join(str(seed.seed) for seed in settings.given)}")
    if settings.fresh_s != 0:
        how_long = "until Ctrl-C" if settings.fresh_s is None else f"for {settings.fresh_s:g} s"
        say(f"fresh seeds from {settings.fresh_from} on, {how_long}; each in two processes of different hash seeds")


def _written(report: Report) -> bytes:
    plain = msgspec.to_builtins(report)
    plain["orders_per_s"] = report.orders_per_s
    return msgspec.json.encode(plain)


if __name__ == "__main__":
    raise SystemExit(main())
