"""What fuzzing once found stays mended."""

from __future__ import annotations

import pytest
from tests.hostile.found import FOUND, Found
from tests.hostile.target import bounded
from tests.hostile.targets import TARGETS


@pytest.mark.parametrize("found", FOUND, ids=lambda found: f"{found.target}-{found.was[:60]}")
def test_what_was_found_stays_mended(found: Found) -> None:
    bounded(TARGETS[found.target], found.data)
