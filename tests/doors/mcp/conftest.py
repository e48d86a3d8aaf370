"""One house for all tests of the MCP door that need a real one; what a test switches it switches back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.doors.mcp.house import House, house


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("mcp") / "home") as found:
        yield found
