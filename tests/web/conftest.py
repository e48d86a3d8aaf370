"""The demo, started once for a module, and somebody at its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts.demo import Demo
from tests.doors.http.approver import Approver
from tests.doors.http.conftest import Door, chromium, door

__all__ = ["chromium", "demo", "door", "operator", "person"]
SLOW_DAY_MS = 20_000
"""So slow that agents which trade by days do nothing of their own while somebody tries something."""
PATIENT_MS = 30_000


class Person(Approver):
    """Somebody who has the time that a busy machine takes."""

    def __init__(self, chromium: Any, url: str) -> None:
        super().__init__(chromium, url)
        self.context.set_default_timeout(PATIENT_MS)

    def sign_in(self, code: str, path: str) -> None:
        self.open(f"{path}#code={code}")
        self.page.locator("#who").wait_for()
        self.settled()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    pytest.importorskip("bokeh_sampledata", reason="the sample prices are not installed")
    demo = Demo(Path(tmp_path_factory.mktemp("demo")) / "home", day_ms=SLOW_DAY_MS)
    try:
        demo.change("account:main", "time enough to answer", approval_expiry_s=600)
        yield demo
    finally:
        demo.stop()


@pytest.fixture(scope="module")
def _at_demo(demo: Demo, chromium: Any) -> Iterator[Person]:
    person = Person(chromium, demo.url)
    try:
        yield person
    finally:
        person.close()


@pytest.fixture
def operator(demo: Demo, _at_demo: Person) -> Iterator[Person]:
    """The operator at the demo's page, in a new tab; it fails where the page did what none may."""
    _at_demo.begin()
    _at_demo.sign_in(demo.code(), "/decisions")
    yield _at_demo
    _at_demo.end()


@pytest.fixture
def person(door: Door, chromium: Any) -> Iterator[Person]:
    """Somebody at the page of a house where nothing happens by itself."""
    person = Person(chromium, f"http://localhost:{door.port}")
    try:
        yield person
    finally:
        person.close()
