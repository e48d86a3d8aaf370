"""The whole way of an approval page: a held order goes out signed, and what the page signs lets it go."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
from tests.doors.http.conftest import LIMITS, Door, people
from tests.doors.notify.receiver import receiving
from tests.guard.processes import trading

from remit.doors.http.app import Options
from remit.doors.notify.part import CALLBACK_PATH, notifications


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """The door with notifications beside it, which may go to this machine itself."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "remit.toml").write_text('notify_allow = ["127.0.0.1"]\n')
    for processes in trading(home, LIMITS):
        people(processes)
        door = Door(processes, options=Options(parts=(notifications,)))
        door.start()
        try:
            yield door
        finally:
            door.stop()


def test_a_held_order_is_approved_by_a_page(door: Door) -> None:
    async def main() -> None:
        async with receiving() as receiver:
            url = f"http://127.0.0.1:{receiver.port}/held"
            body = {"name": "page", "url": url, "kinds": ["approvals"]}
            channel = (await asyncio.to_thread(door.http().post, "/v1/channels", json=body)).json()
            key = (await asyncio.to_thread(door.http().post, "/v1/callbacks", json={"person": "ada"})).json()
            order = door.order("12", limit_price="100.01")
            await asyncio.to_thread(door.http("momentum").post, "/v1/orders", json=order)
            ends = time.monotonic() + 30
            while not receiver.got:
                assert time.monotonic() < ends, "no webhook came"
                await asyncio.sleep(0.05)
            got = receiver.got[0]
            held: Any = standardwebhooks.Webhook(channel["secret"]).verify(got.body, got.headers)
            assert held["type"] == "order.held" and held["data"]["callback"].endswith(CALLBACK_PATH)
            data = {"callback": key["callback"], "order": held["data"]["order"], "digest": held["data"]["digest"]}
            answer = json.dumps({"type": "order.approve", "data": data})
            now = datetime.now(UTC).replace(microsecond=0)
            headers = {
                "webhook-id": "answer_1",
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": standardwebhooks.Webhook(key["secret"]).sign("answer_1", now, answer),
                "content-type": "application/json",
            }
            page = door.http("nobody")
            done = await asyncio.to_thread(page.post, CALLBACK_PATH, headers=headers, content=answer)
            assert done.status_code == 200, done.text
            assert [event["event"] for event in done.json()["events"]][:2] == ["callback_used", "approved"]

    asyncio.run(main())
