"""Run anything with one mutant in place: an import hook hands Python the changed source of one module.

    python -m tests.sim.mutate NAME                          its seeds until one catches it, first the one known to
    python -m tests.sim.mutate NAME --seeds 7-40             these seeds
    python -m tests.sim.mutate NAME --seeds 7-40 --steps 60  these seeds, of so many steps each
    python -m tests.sim.mutate NAME -m pytest tests/kernel   any module of Python, with the mutant in place

`python -m tests.sim.measure` finds the seeds that are known to.

It ends with 0 where the mutant was caught by an invariant it is to be caught by, with 1 where it was not.

Nothing on the disk is changed: neither the source nor its cached bytecode.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, NamedTuple

from tests.sim.mutants import Mutant, by_name

if TYPE_CHECKING:
    from remit.testing.sim.schedule import Schedule

CAUGHT = Path(__file__).with_name("caught.txt")
NOT_DETERMINISTIC = "not_deterministic"
"""What the simulator says where two processes observe two things of one seed; only mutants that name it run twice."""


class StaleMutant(Exception):
    """What a mutant replaces is not there, or not there once: the code has moved on, and the table must follow."""


def mutated(mutant: Mutant, source: str) -> str:
    """Return the source of the mutant's module with the break in it; StaleMutant."""
    count = source.count(mutant.old)
    if count != 1:
        raise StaleMutant(f"{mutant.name}: the text to replace stands {count} times in {mutant.module}, wanted: once")
    return source.replace(mutant.old, mutant.new)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads the changed source, and never from or into cached bytecode."""

    def __init__(self, mutant: Mutant, path: str) -> None:
        super().__init__(mutant.module, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        source = mutated(self._mutant, Path(self.path).read_text())
        # Rules are read from their source text, which is looked for here before it is looked for on the disk.
        linecache.cache[self.path] = (len(source), None, source.splitlines(keepends=True), self.path)
        return compile(source, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        assert found is not None and found.origin is not None, f"there is no module {fullname}"
        loader = _Loader(self._mutant, found.origin)
        return importlib.util.spec_from_file_location(fullname, found.origin, loader=loader)


def put_in_place(mutant: Mutant) -> None:
    """Let its module be the changed one from here on; it must not be imported yet. StaleMutant where it is stale."""
    assert mutant.module not in sys.modules, f"{mutant.module} was imported before the mutant was in place"
    sys.meta_path.insert(0, _Finder(mutant))
    importlib.import_module(mutant.module)


class Known(NamedTuple):
    """A seed that caught a mutant when that was measured last, in a schedule of so many steps; 0 is as many as the
    simulator's own have."""

    seed: int
    steps: int = 0

    def __str__(self) -> str:
        return f"{self.seed}/{self.steps}" if self.steps else f"{self.seed}"


def known_to_catch() -> dict[str, Known]:
    """Return by mutant what caught it: a line each, `NAME SEED` or `NAME SEED/STEPS`."""
    lines = (line.split() for line in CAUGHT.read_text().splitlines() if line and not line.startswith("#"))
    return {name: Known(*(int(part) for part in known.split("/"))) for name, known in lines}


def catch(mutant: Mutant, tries: Sequence[Known]) -> bool:
    """Simulate seeds in order until one fails by an invariant of the mutant's; say what each of them found."""
    from remit.testing.sim.outcome import Failure
    from remit.testing.sim.simulation import simulate

    wanted = (mutant.invariant, *mutant.also)
    for known in tries:
        outcome = simulate(_schedule(mutant, known), to_rest="L1" in wanted)
        failure = outcome.failure
        if failure is None and NOT_DETERMINISTIC in wanted and (other := _elsewhere(mutant, known)) != outcome.hash:
            what = f"one process observed {outcome.hash[:16]} and another {other[:16]}"
            failure = Failure(NOT_DETERMINISTIC, 0, 0, what)
        if failure is not None:
            said = f"{failure.invariant} at step {failure.step}: {failure.what}"
            print(f"{mutant.name}: seed {known}: {said}", flush=True)
            if failure.invariant in wanted:
                return True
    print(f"{mutant.name}: none of {len(tries)} seeds failed by {' or '.join(wanted)}", flush=True)
    return False


def _schedule(mutant: Mutant, known: Known) -> Schedule:
    from remit.testing.sim.schedule import STEPS, draw

    return draw(known.seed, known.steps or STEPS, towards=mutant.towards)


def _elsewhere(mutant: Mutant, known: Known) -> str:
    """Return the trace hash of a seed in another process, whose sets lie otherwise."""
    command = [sys.executable, "-m", "tests.sim.mutate", mutant.name, "--hash", f"{known.seed}", f"{known.steps}"]
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def _print_hash(mutant: Mutant, known: Known) -> None:
    from remit.testing.sim.simulation import simulate

    print(simulate(_schedule(mutant, known), to_rest=False).hash)


def main(arguments: list[str]) -> int:
    """Run the seeds of a mutant, or a module, with the mutant in place."""
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    mutant, rest = by_name(arguments[0]), arguments[1:]
    put_in_place(mutant)
    if rest[:1] == ["-m"]:
        sys.argv = rest[1:]
        runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
        return 0
    if rest[:1] == ["--hash"]:
        _print_hash(mutant, Known(int(rest[1]), int(rest[2])))
        return 0
    from tests.sim.smoke import smoke

    smoke()
    tries = [known_to_catch().get(mutant.name, Known(1)), *(Known(seed) for seed in range(1, mutant.seeds + 1))]
    if rest[:1] == ["--seeds"]:
        first, last = rest[1].split("-")
        steps = int(rest[3]) if rest[2:3] == ["--steps"] else 0
        tries = [Known(seed, steps) for seed in range(int(first), int(last) + 1)]
    return 0 if catch(mutant, tries) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
