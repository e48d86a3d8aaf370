"""The very first start dies or fails at one call, on a folder that was empty: the next start makes the rest.

Five points of the forty-odd calls; REMIT_FAULT_POINTS=all goes through every call with every fault.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults.desk import FaultDesk
from tests.faults.shim import Fault, library
from tests.faults.truth import assert_truth

FOLDER = "home"
POINTS = [  # what happens, and at which call to which file
    ("torn", "pwrite", "vault.json.tmp"),
    ("power", "rename", "00000000000000000000.journal"),
    ("power", "fdatasync", "00000000000000000000.journal"),
    ("EIO", "rename", "permit.pub"),
    ("EIO", "write", "operator.token.new"),
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[[], FaultDesk]]:
    """Makes desks on empty folders."""
    library()
    numbers, made = itertools.count(), []

    def make() -> FaultDesk:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        made.append(FaultDesk(folder / FOLDER))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_a_first_start_that_broke_is_made_good_by_the_next(desk: Callable[[], FaultDesk]) -> None:
    counted = desk()
    assert counted.launch(counted=True) and counted.end_guard() == 0
    calls = counted.calls()
    points = [(how, next(c.number for c in calls if (c.name, c.path.name) == (name, of))) for how, name, of in POINTS]
    if os.environ.get("REMIT_FAULT_POINTS") == "all":
        points = [(how, call.number) for how in ("EIO", "before", "torn", "power") for call in calls]
    for how, at in points:
        print(f"{how} at call {at} of {len(calls)}")
        broken = desk()
        broken.launch(fault=Fault(how, at))
        assert broken.end_guard() == (1 if how in ("EIO", "ENOSPC") else -9), broken.said()
        assert "Traceback" not in broken.said()
        assert broken.launch(*(("--resume", "ann", "disk replaced") if broken.poisoned() else ())), broken.said()
        assert broken.read("self")["role"] == "operator", "the operator's token works"
        assert broken.end_guard() == 0
        assert_truth(broken, decide=True)
        broken.stop()
