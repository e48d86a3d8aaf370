"""The past over HTTP: who sees what of it, how long the answers are, and that a fault is said in them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.doors.http.conftest import LIMITS, Door, people
from tests.guard.processes import trading, wait_for

from remit.doors.history import run
from remit.doors.history.file import FILE
from remit.doors.history.part import history
from remit.doors.http.app import Options
from remit.kernel import command as c
from remit.kernel.numbers import DAY_NS, Price, parse


@pytest.fixture(scope="module", name="kept")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door that keeps the history, where momentum holds 5 AAPL under a stop and the price has moved to 104."""
    patched = pytest.MonkeyPatch()
    for name in ("KEEP_NS", "SOON_NS", "AGAIN_NS"):
        patched.setattr(run, name, 50_000_000)
    for processes in trading(Path(tmp_path_factory.mktemp("history")), LIMITS):
        people(processes)
        for name in ("ann", "zoe"):
            token = {"kind": "new_token", "role": "owner", "name": name, "owner": name}
            processes.secrets[f"owner {name}"] = processes.say(token)["secret"]
        door = Door(processes, options=Options(parts=(history,)))
        door.start()
        try:
            trade(door)
            yield door
        finally:
            door.stop()
            patched.undo()


def trade(door: Door) -> None:
    """Buy, set a stop, and let the price move, until all of it is kept."""
    order = {"instrument": "AAPL", "side": "buy", "quantity": "5", "agent": "momentum"}
    assert door.http().post("/v1/orders", json=order).json()["verdict"] == "allow"
    wait_for(lambda: held(door) == "5", "it is held")
    terms = {"legs": [{"kind": "stop_loss", "trigger": "91"}]}
    asks = {"agent": "momentum", "connection": "paper1", "instrument": "AAPL", "terms": terms}
    assert door.http().post("/v1/exits", json=asks).status_code == 200
    for price in ("99", "104"):
        door.processes.mark(price)
        wait_for(lambda: any(bar["close"] == price for bar in bars(door)), "the price is kept")  # noqa: B023  at once
    wait_for(lambda: asked(door, "exits", instrument="AAPL")["legs"] != [], "exits are sampled")


def held(door: Door) -> str:
    rows = door.http().get("/v1/positions", params={"by": "agent"}).json()["positions"]
    return rows[0]["quantity"] if rows else ""


def asked(door: Door, what: str, who: str = "operator", **params: Any) -> Any:
    found = door.http(who).get(f"/v1/history/{what}", params=params)
    assert found.status_code == 200, found.text
    return found.json()


def bars(door: Door) -> Any:
    return asked(door, "prices", instrument="AAPL")["bars"]


def test_prices_are_bars_of_what_counted(kept: Door) -> None:
    found = asked(kept, "prices", instrument="AAPL")
    assert (found["instrument"], found["step_s"], found["fault"]) == ("AAPL", 60, "")
    assert found["known_from"] <= found["bars"][0]["at"] + 60 * 10**9
    assert {parse(Price, bar["high"]) >= parse(Price, bar["low"]) for bar in found["bars"]} == {True}
    assert max(parse(Price, bar["high"]) for bar in found["bars"]) == parse(Price, "104")
    assert min(parse(Price, bar["low"]) for bar in found["bars"]) == parse(Price, "99")
    hours = asked(kept, "prices", instrument="AAPL", since=0, step_s=3_600)
    assert hours["step_s"] == 3_600
    assert len(hours["bars"]) <= 2
    assert asked(kept, "prices", instrument="AAPL", since=time.time_ns() + DAY_NS)["bars"] == []
    assert asked(kept, "prices", instrument="NONE")["bars"] == []


@pytest.mark.parametrize(
    "wrong", [{"step_s": "0"}, {"step_s": "90000"}, {"since": "x"}, {"instrument": ""}, {"until": "-1"}]
)
def test_what_is_no_span_is_refused(kept: Door, wrong: dict[str, str]) -> None:
    refused = kept.http().get("/v1/history/prices", params={"instrument": "AAPL", **wrong})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_valid"), refused.text


def test_who_sees_a_price_now_sees_what_it_was(kept: Door) -> None:
    for who in ("operator", "ada", "otto", "bars", "owner zoe"):
        assert asked(kept, "prices", who, instrument="AAPL")["bars"], who
    assert kept.http("nobody").get("/v1/history/prices", params={"instrument": "AAPL"}).status_code == 401
    assert asked(kept, "prices", "momentum", instrument="AAPL")["bars"]
    kept.processes.say(c.SetCapability(agent="momentum", capability="get_quote", enabled=False))
    refused = kept.http("momentum").get("/v1/history/prices", params={"instrument": "AAPL"})
    assert (refused.status_code, refused.json()["code"]) == (403, "capability_off"), refused.text


def test_equity_is_for_whom_the_account_is(kept: Door) -> None:
    for who in ("operator", "ada", "otto", "owner ann"):
        found = asked(kept, "equity", who, account="main")
        assert (found["account"], found["currency"], found["fault"]) == ("main", "USD", "")
        point = found["points"][-1]
        assert parse(Price, point["low"]) <= parse(Price, point["equity"]) <= parse(Price, point["high"])
        assert parse(Price, point["cash"]) < parse(Price, point["equity"])
    hidden = kept.http("owner zoe").get("/v1/history/equity", params={"account": "main"})
    absent = kept.http("owner zoe").get("/v1/history/equity", params={"account": "nine"})
    assert (hidden.status_code, hidden.json()["code"]) == (404, "unknown_account")
    assert {**hidden.json(), "detail": ""} == {**absent.json(), "detail": ""}
    for who in ("momentum", "claude", "bars"):
        refused = kept.http(who).get("/v1/history/equity", params={"account": "main"})
        assert (refused.status_code, refused.json()["code"]) in ((403, "not_authorised"), (403, "capability_off")), who


def test_levels_are_for_whom_the_exit_is(kept: Door) -> None:
    for who in ("operator", "otto", "owner ann", "momentum"):
        [leg] = asked(kept, "exits", who, instrument="AAPL")["legs"]
        assert (leg["kind"], leg["agent"], leg["points"][0]["level"]) == ("stop_loss", "momentum", "91"), who
    for who in ("owner zoe", "claude"):
        assert asked(kept, "exits", who, instrument="AAPL")["legs"] == [], who
    refused = kept.http("bars").get("/v1/history/exits", params={"instrument": "AAPL"})
    assert refused.status_code == 403


def test_a_fault_is_said_in_the_answer_and_everything_else_goes_on(kept: Door) -> None:
    path = kept.processes.home / FILE
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        kept.processes.mark("103")
        wait_for(lambda: "locked" in asked(kept, "prices", instrument="AAPL")["fault"], "the fault is said")
        assert asked(kept, "prices", instrument="AAPL")["bars"]
        assert kept.http().get("/v1/positions").status_code == 200
        other.execute("ROLLBACK")
    other.close()
    wait_for(lambda: asked(kept, "prices", instrument="AAPL")["fault"] == "", "it goes on")
    wait_for(lambda: bars(kept)[-1]["close"] == "103", "nothing was lost")


def test_a_door_that_keeps_none_says_so(door: Door) -> None:
    found = asked(door, "prices", instrument="AAPL")
    assert (found["bars"], found["known_from"], found["fault"]) == ([], None, "nothing is kept yet")
