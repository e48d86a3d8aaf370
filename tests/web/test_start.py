"""The first steps in an empty house: `remit up` in a new folder, `remit open`, the guided start by the keyboard."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.web.conftest import Person

STARTS_S = 60
READY = "remit up: HTTP at "


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What names the house to every program, as somebody's shell would: a folder that is not there yet."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    others = {name: value for name, value in os.environ.items() if not name.startswith("REMIT_")}
    return {**others, "REMIT_HOME": str(tmp_path / "home"), "REMIT_BIND": bind}


@pytest.fixture
def house(environ: dict[str, str]) -> Iterator[str]:
    """A plain `remit up`, and where its page is."""
    up = subprocess.Popen(
        [sys.executable, "-m", "remit", "up"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert up.stdout is not None
        told = ""
        for line in up.stdout:
            told += line
            if line.startswith(READY):
                break
        else:
            raise AssertionError(f"it did not start:\n{told}")
        yield line.removeprefix(READY).strip().replace("127.0.0.1", "localhost")
    finally:
        up.send_signal(signal.SIGTERM)
        up.communicate(timeout=STARTS_S)


def test_from_an_empty_house_to_the_first_denial_explained(house: str, environ: dict[str, str], chromium: Any) -> None:
    opened = subprocess.run(
        [sys.executable, "-m", "remit", "open", "--print"], env=environ, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert opened.startswith(f"{house}/#code=")
    person = Person(chromium, house)
    person.sign_in(opened.partition("code=")[2], "/")
    person.page.get_by_text("No agent is set up yet.").wait_for()
    person.key("Begin with the first steps")

    person.key("Use starter")
    person.key("Connect paper")
    person.told("paper1 is connected to paper.")
    person.tab_to("Name of the agent")
    person.page.keyboard.type("momentum")
    person.page.keyboard.press("Enter")
    secret = person.page.get_by_label("The token of momentum").input_value()
    person.key("Open step 4: See a denial")
    person.key("Send an order that is far too large")
    told = person.page.locator(".start-why")
    told.wait_for()
    assert "Denied" in told.inner_text() and "in its way:" in told.inner_text()
    first = told.locator("li").first.inner_text()
    assert first.startswith("One order may open at most 100 USD") and "agent momentum" in first, first
    assert person.main.count("Done") == 4

    person.key("See its whole story")
    person.page.get_by_role("heading", name="What was decided").wait_for()
    assert "Nothing was sent." in person.main
    with httpx2.Client(base_url=house, headers={"Authorization": f"Bearer {secret}"}) as agent:
        row = agent.get("/v1/self").json()
        assert (row["name"], row["environment"], row["connections"]) == ("momentum", "training", ["paper1"])
        [order] = agent.get("/v1/orders", params={"state": "denied"}).json()["items"]
    assert person.page.url == f"{house}/orders/{order['order']}" and order["state"] == "denied"
    person.close()
