"""Find for each mutant a seed that catches it soon, and write it down in caught.txt.

    python -m tests.sim.measure             all mutants: to be run when schedules or invariants change
    python -m tests.sim.measure NAME ...    these alone; the others stay as they are

The tests try the seed that is written down first, so that they take seconds and not minutes; where it does not catch
its mutant any more they go on with the others, up to the mutant's bound. A bound leaves room: about three times what
was measured. Short schedules are tried first: what is caught in one is caught in a second or less.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.sim.mutants import MUTANTS, Mutant
from tests.sim.mutate import CAUGHT, Known, known_to_catch

HEAD = "# By mutant: a seed that catches it, and of how many steps. Written by tests/sim/measure.py.\n"
AT_ONCE = 2
SHORT_STEPS, SHORT_SEEDS = 60, 14


def found(mutant: Mutant) -> Known | None:
    """Return what catches a mutant: the first seed of short schedules, else of whole ones; None where none does within
    its bound."""
    begun = time.monotonic()
    short = _first(mutant, SHORT_SEEDS, SHORT_STEPS)
    known = _first(mutant, mutant.seeds, 0) if short is None else short
    said = f"NOT CAUGHT within {mutant.seeds} seeds" if known is None else f"seed {known}"
    print(f"{mutant.name}: {said}, {time.monotonic() - begun:.0f} s", flush=True)
    return known


def _first(mutant: Mutant, seeds: int, steps: int) -> Known | None:
    options = ["--seeds", f"1-{seeds}", "--steps", f"{steps}"]
    command = [sys.executable, "-m", "tests.sim.mutate", mutant.name, *options]
    ran = subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": "0"}, capture_output=True, text=True)
    if ran.stderr:
        print(ran.stderr, flush=True)
    told = re.findall(rf"^{mutant.name}: seed (\d+)", ran.stdout, re.MULTILINE)
    return Known(int(told[-1]), steps) if ran.returncode == 0 else None


def main(names: list[str]) -> int:
    """Measure, write down what was found, and return 1 where a mutant was not caught."""
    wanted = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    known = known_to_catch()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        anew = dict(zip((mutant.name for mutant in wanted), pool.map(found, wanted), strict=True))
    known |= {name: seed for name, seed in anew.items() if seed is not None}
    lines = [f"{mutant.name} {known[mutant.name]}\n" for mutant in MUTANTS if mutant.name in known]
    CAUGHT.write_text(HEAD + "".join(lines))
    return int(None in anew.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
