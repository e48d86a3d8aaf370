"""Every venue that must pass: a later one adds its harness here and nothing else."""

from __future__ import annotations

import pytest
from tests.conformance.harness import Harness
from tests.conformance.paper import PaperHarness

HARNESSES: dict[str, type[Harness]] = {"paper": PaperHarness}


@pytest.fixture(scope="session", params=HARNESSES.values(), ids=HARNESSES)
def venue(request: pytest.FixtureRequest) -> type[Harness]:
    return request.param
