"""Each invariant can fail: for each there is a break of the code, and the break is caught."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sim.forking import Forking
from tests.sim.mutants import MUTANTS, Mutant
from tests.sim.mutate import NOT_DETERMINISTIC, StaleMutant, known_to_catch, mutated

from remit.testing.sim.invariants import INVARIANTS

NAMES = [mutant.name for mutant in MUTANTS]
SLOWEST_S = 600
"""How long one mutant may take, where the seed that is known to catch it does not any more."""


@pytest.fixture(scope="module")
def forking() -> Iterator[Forking]:
    with Forking() as started:
        yield started


@pytest.mark.timeout(SLOWEST_S + 60)
@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_is_caught(mutant: Mutant, forking: Forking) -> None:
    """Within its number of seeds, by the invariant that it breaks or one that is said to tell first."""
    code, said = forking.run(mutant.name, SLOWEST_S)
    assert code == 0, said


def test_a_seed_is_known_for_each() -> None:
    """Without one every run of these tests would look for it anew: python -m tests.sim.measure NAME."""
    assert [*known_to_catch()] == NAMES


def test_every_invariant_has_a_mutant() -> None:
    known = {invariant.id for invariant in INVARIANTS}
    assert {mutant.invariant for mutant in MUTANTS} == known
    assert {name for mutant in MUTANTS for name in mutant.also} <= {*known, "guard_crash", NOT_DETERMINISTIC}


def _source(mutant: Mutant) -> str:
    found = importlib.util.find_spec(mutant.module)
    assert found is not None and found.origin is not None, f"{mutant.name}: there is no module {mutant.module}"
    return Path(found.origin).read_text()


def test_names_are_told_apart() -> None:
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_fits_the_code_as_it_stands(mutant: Mutant) -> None:
    """A stale mutant proves nothing, so it fails here first; one that cannot be compiled would be caught for that."""
    changed = mutated(mutant, _source(mutant))
    assert changed != _source(mutant)
    compile(changed, mutant.name, "exec", dont_inherit=True)


@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_says_why_another_invariant_may_tell_first(mutant: Mutant) -> None:
    assert bool(mutant.also) == bool(mutant.why)
    assert mutant.invariant not in mutant.also


def test_a_stale_mutant_is_refused() -> None:
    mutant = Mutant("gone", "nothing", "P1", "remit.guard.loop", "text that is not there", "", 1)
    with pytest.raises(StaleMutant, match="stands 0 times"):
        mutated(mutant, _source(mutant))
    with pytest.raises(StaleMutant, match="wanted: once"):
        mutated(mutant._replace(old="self"), _source(mutant))
