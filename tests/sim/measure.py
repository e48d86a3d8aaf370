"""Find for each mutant the first seed that catches it, and write them down in caught.txt.

    python -m tests.sim.measure             all mutants, seeds from 1 on: to be run when schedules or invariants change
    python -m tests.sim.measure NAME ...    these alone; the others stay as they are

The tests try the seed that is written down first, so that they take seconds and not minutes; where it does not catch
its mutant any more they go on with the others, up to the mutant's bound. A bound leaves room: about three times what
was measured.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.sim.mutants import MUTANTS, Mutant
from tests.sim.mutate import CAUGHT, known_to_catch

HEAD = "# By mutant: the first seed that catches it. Written by tests/sim/measure.py.\n"
AT_ONCE = 2


def first_seed(mutant: Mutant) -> tuple[int, str] | None:
    """Return the first seed that catches a mutant, and by which invariant; None where none does within its bound."""
    command = [sys.executable, "-m", "tests.sim.mutate", mutant.name, "--seeds", f"1-{mutant.seeds}"]
    begun = time.monotonic()
    ran = subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": "0"}, capture_output=True, text=True)
    told = re.findall(rf"^{mutant.name}: seed (\d+): (\w+)", ran.stdout, re.MULTILINE)
    found = (int(told[-1][0]), told[-1][1]) if ran.returncode == 0 else None
    said = f"seed {found[0]} of {mutant.seeds}, {found[1]}" if found else f"NOT CAUGHT within {mutant.seeds} seeds"
    print(f"{mutant.name}: {said}, {time.monotonic() - begun:.0f} s", flush=True)
    if ran.stderr:
        print(ran.stderr, flush=True)
    return found


def main(names: list[str]) -> int:
    """Measure, write down what was found, and return 1 where a mutant was not caught."""
    wanted = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    known = {name: f"{seed}" for name, seed in known_to_catch().items()}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict(zip((mutant.name for mutant in wanted), pool.map(first_seed, wanted), strict=True))
    known |= {name: f"{seed[0]}" for name, seed in found.items() if seed is not None}
    lines = [f"{mutant.name} {known[mutant.name]}\n" for mutant in MUTANTS if mutant.name in known]
    CAUGHT.write_text(HEAD + "".join(lines))
    return int(None in found.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
