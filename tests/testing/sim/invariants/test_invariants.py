"""The table of invariants is the one of the promises, and each of them was seen broken."""

from __future__ import annotations

import re
from pathlib import Path

from remit.testing.sim.invariants import INVARIANTS
from remit.testing.sim.invariants.check import Check

IDS = (
    "P1 P2 P3 P4 E1 E2 E3 E4 E5 D1 D2 D3 H1 H2 H3 A1 A2 A3 A4 A5 C1 C2 S1 S2 B1 B2 J1 J2 J3 J4 J5 J6 W1 W2 "
    "X1 X2 K1 R1 L1"
).split()
HERE = Path(__file__).parent


def test_every_invariant_is_there_once_with_a_promise_and_a_check_of_its_own() -> None:
    assert [invariant.id for invariant in INVARIANTS] == IDS
    assert len({invariant.check for invariant in INVARIANTS}) == len(IDS)
    for invariant in INVARIANTS:
        assert invariant.promise.endswith(".") and issubclass(invariant.check, Check)
        assert (invariant.check.__doc__ or "").startswith(f"{invariant.id}. "), invariant.id


def test_every_invariant_has_a_test_that_breaks_it() -> None:
    sources = "".join(path.read_text() for path in HERE.glob("test_*.py"))
    broken = set(re.findall(r'finds\(\s*"(\w\d)"', sources))
    assert broken == set(IDS)


def test_every_check_looks_at_something() -> None:
    for invariant in INVARIANTS:
        looks = [name for name in ("entry", "saw", "after_step") if name in vars(invariant.check)]
        assert looks, invariant.id
        assert ("saw" in looks) <= bool(invariant.check.kinds), invariant.id
