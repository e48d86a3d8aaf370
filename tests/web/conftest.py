"""The demo, started once for a module, and somebody at its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts.demo import Demo
from tests.doors.http.approver import Approver
from tests.doors.http.conftest import chromium

from remit.guard.wire import Client

__all__ = ["chromium", "demo", "operator"]
SLOW_DAY_MS = 20_000
"""So slow that agents which trade by days do nothing of their own while somebody tries something."""
PATIENT_MS = 30_000
TABS = 80
"""More than any screen has to be reached."""


class Person(Approver):
    """Somebody who has the time that a busy machine takes."""

    def __init__(self, chromium: Any, url: str) -> None:
        super().__init__(chromium, url)
        self.context.set_default_timeout(PATIENT_MS)

    def sign_in(self, code: str, path: str) -> None:
        self.open(f"{path}#code={code}")
        self.page.locator("#who").wait_for()
        self.settled()

    def tab_to(self, name: str) -> None:
        """Press Tab until what has this name, or is labelled so, has the focus."""
        for _ in range(TABS):
            self.page.keyboard.press("Tab")
            focus = self.page.locator(":focus")
            if focus.count() and focus.evaluate(NAMED) == name:
                return
        raise AssertionError(f"no Tab leads to {name}")

    def key(self, name: str) -> None:
        """Press what has this name by the keyboard, and wait until what it does is done."""
        self.tab_to(name)
        self.page.keyboard.press("Enter")
        self.done()


NAMED = "(one) => one.getAttribute('aria-label') ?? one.labels?.[0]?.innerText ?? one.innerText"


def hired(demo: Demo, name: str, *, expires_at: int | None = None) -> str:
    """The secret of a token of an operator beside the first one, who is made where there is none of that name."""
    if name not in {row["name"] for row in demo.rows("/v1/people")}:
        demo.http().post("/v1/people", json={"name": name, "role": "operator"}).raise_for_status()
    asked = {"role": "operator", "name": name, "owner": name, "expires_at": expires_at}
    answer = demo.http().post("/v1/tokens", json=asked)
    answer.raise_for_status()
    return str(answer.json()["secret"])


def code_of(demo: Demo, secret: str) -> str:
    """A code that signs whoever has the token in, once, as `remit open` makes it."""
    with Client(demo.socket, secret, door="page") as client:
        return str(client.ask("command", {"kind": "new_code"})["code"])


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
