"""Run anything with one mutant in place: an import hook hands Python the changed source of one module.

    python -m tests.sim.mutate NAME -m pytest tests/kernel   any module of Python, with the mutant in place

Nothing on the disk is changed: neither the source nor its cached bytecode.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType

from tests.sim.mutants import Mutant, by_name


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


def main(arguments: list[str]) -> int:
    """Run a module with a mutant in place."""
    if len(arguments) < 3 or arguments[1] != "-m":
        print(__doc__, file=sys.stderr)
        return 2
    put_in_place(by_name(arguments[0]))
    sys.argv = [arguments[2], *arguments[3:]]
    runpy.run_module(arguments[2], run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
