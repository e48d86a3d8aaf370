"""One guard behind every door at once: the same intent is decided alike whichever way it came, and a cap holds exactly
however many come through all of them together."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.doors.http.conftest import Door, people
from tests.guard.processes import trading, wait_for

from remit.client import AsyncRemit, Remit
from remit.doors.http.app import Options
from remit.doors.mcp.asgi import mount
from remit.kernel import command as c
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.numbers import Money, parse

ORDERS, BY_HAND = 64, 8
"""Orders through each of three doors, and those through the command line: a process each."""
FIT = 50
PRICE = "95"
"""Below the market, so that orders rest and are there to be counted."""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    for processes in trading(Path(tmp_path_factory.mktemp("mixed"))):
        people(processes)
        door = Door(processes, options=Options(parts=(mount,)))
        door.start()
        try:
            yield door
        finally:
            door.stop()


def limit(door: Door, mandate: Mandate) -> None:
    record = door.processes.say(c.SetMandate(subject="agent:momentum", mandate=mandate, why="test"))
    assert record["events"][0]["event"] == "took", record


# The same intent by each door


def by_cli(door: Door, id: str, quantity: str, side: str, price: str | None = PRICE) -> None:
    environ = {**os.environ, "REMIT_TOKEN": door.processes.secrets["momentum"]}
    words = ["--home", str(door.processes.home), "order", "submit", "AAPL", side, quantity]
    words += [] if price is None else ["--limit", price]
    done = subprocess.run([sys.executable, "-m", "remit", *words, "--id", id, "--json"], env=environ, timeout=60)
    assert done.returncode in (0, 3, 4)


def by_http(door: Door, id: str, quantity: str, side: str, price: str | None = PRICE) -> None:
    answer = door.http("momentum").post("/v1/orders", json=proposal(id, quantity, side, price))
    assert answer.status_code == 200, answer.text


def by_mcp(door: Door, id: str, quantity: str, side: str, price: str | None = PRICE) -> None:
    async def call() -> None:
        async with mcp_client(door) as client:
            result = await client.call_tool("place_order", tool_call(id, quantity, side, price))
            assert result.structured_content is not None and "verdict" in result.structured_content

    asyncio.run(call())


def by_client(door: Door, id: str, quantity: str, side: str, price: str | None = PRICE) -> None:
    with Remit(door.processes.secrets["momentum"], home=door.processes.home) as remit:
        remit.place_order("AAPL", side, quantity, limit_price=price, id=id)  # type: ignore[arg-type]


def mcp_client(door: Door) -> Any:
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {door.processes.secrets['momentum']}"}, timeout=60)
    return Client(streamable_http_client(f"{door.url}/mcp", http_client=http))


def proposal(id: str, quantity: str, side: str = "buy", price: str | None = PRICE) -> dict[str, str]:
    said = {"id": id, "instrument": "AAPL", "side": side, "quantity": quantity}
    return said if price is None else {**said, "limit_price": price}


def tool_call(id: str, quantity: str, side: str = "buy", price: str | None = PRICE) -> dict[str, str]:
    said = proposal(id, quantity, side, price)
    return {"client_order_id": said.pop("id"), **said}


DOORS = {"cli": by_cli, "http": by_http, "mcp": by_mcp, "client": by_client}
CASES = {
    "allowed": ("3", "buy", "allow"),
    "held": ("15", "buy", "hold"),
    "too large": ("30", "buy", "deny"),
    "a short that is not allowed": ("1", "sell", "deny"),
    "no whole lot": ("1.5", "buy", "deny"),
}


@pytest.mark.parametrize(("quantity", "side", "verdict"), CASES.values(), ids=CASES)
def test_the_same_intent_is_decided_alike_by_every_door(door: Door, quantity: str, side: str, verdict: str) -> None:
    limits = {"order_notional_max": "2000", "approval_notional_min": "1000", "market_exposure_max": "2500"}
    limit(door, Mandate(short_allowed="blocked", **{name: parse(Money, most) for name, most in limits.items()}))
    decided = {}
    for name, propose in DOORS.items():
        intent = f"{name}-{quantity}-{side}"
        propose(door, intent, quantity, side)
        (entry,) = submitted(door, intent)
        assert entry["command"]["by"]["door"] == name
        decided[name] = told_of(entry)
        settle(door, entry["decision"]["order"])
    for name, said in decided.items():
        assert said == decided["cli"], name
    assert decided["cli"]["decision"]["verdict"] == verdict


def test_what_is_left_out_means_the_same_at_every_door(door: Door) -> None:
    """No price, no type, no time in force: a market order for the day, everywhere."""
    limit(door, Mandate(order_notional_max=parse(Money, "2000")))
    meant = {}
    for name, propose in DOORS.items():
        propose(door, f"{name}-bare", "30", "buy", None)
        (entry,) = submitted(door, f"{name}-bare")
        meant[name] = told_of(entry)
    assert all(said == meant["cli"] for said in meant.values()), meant
    assert meant["http"]["intent"]["type"] == "market" and "limit_price" not in meant["http"]["intent"]
    forgotten = door.http("momentum").post("/v1/orders", json={**proposal("forgot", "30", price=None), "type": "limit"})
    assert (forgotten.status_code, forgotten.json()["code"]) == (422, "not_valid")


def told_of(entry: dict[str, Any]) -> dict[str, Any]:
    """What was decided, apart from the door, the order's own name and the instant. A model's order says also which
    environment the model was told of."""
    decision = {name: value for name, value in entry["decision"].items() if name not in ("order", "marks")}
    intent = dict(entry["command"]["body"]["intent"])
    for own in ("id", "created_at", "environment"):
        intent.pop(own, None)
    by = {name: entry["command"]["by"].get(name) for name in ("name", "role", "owner", "token")}
    marks = [mark[:4] for mark in entry["decision"].get("marks", ())]
    return {"decision": decision, "intent": intent, "by": by, "marks": marks}


def submitted(door: Door, begins: str) -> list[dict[str, Any]]:
    """The entries of the journal that proposed an intent whose id begins so."""
    found, start = [], 1
    while start is not None:
        page = door.processes.read("log", kind="submit", limit=500, **{"from": start})
        found += [row for row in page["entries"] if row["command"]["body"]["intent"]["id"].startswith(begins)]
        start = page["next"]
    return found


def settle(door: Door, order: str) -> None:
    """Leave nothing of an order in the book, so that the next one finds the same."""
    if any(row["order"] == order for row in door.processes.read("orders", live=True)):
        door.processes.say(c.Cancel(order=order))
        wait_for(lambda: not door.processes.read("orders", live=True), "nothing is live")


# One cap, all doors together


def test_a_cap_holds_exactly_under_200_orders_by_every_door_at_once(door: Door) -> None:
    limit(door, Mandate(market_exposure_max=parse(Money, str(FIT * int(PRICE)))))
    verdicts = asyncio.run(all_together(door))
    assert len(verdicts) == 3 * ORDERS + BY_HAND == 200
    assert Counter(verdicts) == {"allow": FIT, "deny": 200 - FIT}
    live = door.processes.read("orders", live=True, limit=1000)
    assert len({row["intent"] for row in live}) == len(live) == FIT
    (gauge,) = [
        row
        for row in door.processes.read("exposure", subject="agent:momentum")["gauges"]
        if row["rule"] == "market_exposure_max"
    ]
    assert (gauge["used"], gauge["reserved"], gauge["headroom"]) == ("0", str(FIT * int(PRICE)), "0")
    proposed = Counter(entry["command"]["body"]["intent"]["id"] for entry in submitted(door, "storm-"))
    assert len(proposed) == 200 and set(proposed.values()) == {1}
    wait_for(lambda: all(row["state"] == "acked" for row in door.processes.read("orders", live=True)), "all work")
    limit(door, EMPTY)


async def all_together(door: Door) -> list[str]:
    secret, home = door.processes.secrets["momentum"], door.processes.home
    headers = {"Authorization": f"Bearer {secret}"}
    async with (
        httpx2.AsyncClient(base_url=door.url, headers=headers, timeout=60) as http,
        mcp_client(door) as model,
        AsyncRemit(secret, home=home) as remit,
    ):

        async def over_http(number: int) -> str:
            answer = await http.post("/v1/orders", json=proposal(f"storm-http-{number}", "1"))
            assert answer.status_code == 200, answer.text
            return str(answer.json()["verdict"])

        async def over_mcp(number: int) -> str:
            result = await model.call_tool("place_order", tool_call(f"storm-mcp-{number}", "1"))
            assert isinstance(result.structured_content, dict)
            return str(result.structured_content["verdict"])

        async def in_process(number: int) -> str:
            id = f"storm-client-{number}"
            return (await remit.place_order("AAPL", "buy", 1, limit_price=PRICE, id=id)).verdict

        async def by_hand(number: int) -> str:
            words = ["--home", str(home), "order", "submit", "AAPL", "buy", "1", "--limit", PRICE, "--json"]
            run = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "remit", *words, "--id", f"storm-cli-{number}",
                stdout=subprocess.PIPE, env={**os.environ, "REMIT_TOKEN": secret},
            )  # fmt: skip
            said, _ = await run.communicate()
            return str(json.loads(said)["decision"]["verdict"])

        doors = (over_http, over_mcp, in_process)
        asked = [way(number) for number in range(ORDERS) for way in doors]
        return list(await asyncio.gather(*(by_hand(number) for number in range(BY_HAND)), *asked))
