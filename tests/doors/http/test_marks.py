"""Prices over HTTP: who may give them, and that a refusal is told as one."""

from __future__ import annotations

import time

import pytest
from tests.doors.http.conftest import Door


def marks(price: str = "100") -> dict[str, object]:
    return {
        "marks": [
            {"instrument": "AAPL", "at": time.time_ns(), "bid": price, "ask": price, "last": price, "source": "bars"}
        ]
    }


@pytest.mark.parametrize("who", ["momentum", "claude", "ada", "otto"])
def test_who_may_not_give_prices_is_told_so_by_the_status(door: Door, who: str) -> None:
    refused = door.http(who).post("/v1/marks", json=marks("1"))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_authorised"), refused.text


@pytest.mark.parametrize("who", ["bars", "operator"])
def test_who_may_gives_prices(door: Door, who: str) -> None:
    taken = door.http(who).post("/v1/marks", json=marks())
    assert (taken.status_code, taken.json()) == (200, {"taken": True}), taken.text
