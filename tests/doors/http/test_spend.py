"""Budgets over HTTP: usage that only adds, who is over is told why, and an analysis metered before it is asked."""

from __future__ import annotations

from tests.doors.http.conftest import Door
from tests.doors.spend.endpoint import endpoint

from remit.kernel import command as c
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import Money, parse

USAGE = {"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 100}


def budget(door: Door, amount: str) -> None:
    limits = Mandate(client_spend_daily_max=parse(Money, amount))
    door.processes.say(c.SetMandate(subject="client:claude", mandate=limits, why="a day's worth"))


def spent(door: Door) -> str | None:
    found: str | None = door.http("claude").get("/v1/budgets").json()["budgets"][0]["spent"]
    return found


def test_usage_is_priced_counts_once_and_only_adds(door: Door) -> None:
    budget(door, "1")
    first = door.http("claude").post("/v1/usage", json={**USAGE, "id": "u-1"})
    assert (first.status_code, first.json()["cost"]) == (200, "0.0035"), first.text
    assert door.http("claude").post("/v1/usage", json={**USAGE, "id": "u-1"}).status_code == 200
    assert spent(door) == "0.0035"
    less = door.http("claude").post("/v1/usage", json={**USAGE, "id": "u-1", "cost": "0"})
    assert (less.status_code, less.json()["code"]) == (409, "spend_id_used")
    forged = door.http("claude").post("/v1/usage", json={**USAGE, "agent": "other"})
    assert (forged.status_code, forged.json()["code"]) == (403, "not_yours")
    assert door.http("otto").post("/v1/usage", json=USAGE).status_code == 403


def test_whoever_is_over_is_told_why_and_gets_out(door: Door) -> None:
    budget(door, "1")
    own = {"provider": "own", "model": "m1", "input_tokens": 1, "output_tokens": 1, "id": "u-2"}
    told = door.http("claude").post("/v1/usage", json=own).json()
    assert told["cost"] is None
    refused = door.http("claude").get("/v1/positions")
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["more"]["subject"]) == (
        403, "budget_exceeded", "client:claude",
    )  # fmt: skip
    seen = door.http("claude").get("/v1/budgets").json()
    assert seen["budgets"][0]["spent"] is None and seen["over"]["actual"] == "unknown price"
    assert door.http("claude").get("/v1/orders").status_code == 200
    path = "/v1/budgets/momentum/calls/u-2/settle"
    settle = {"cost": "0.01", "why": "the bill"}
    assert door.http("claude").post(path, json=settle).status_code == 403
    assert door.http("operator").post(path, json=settle).status_code == 200
    assert door.http("claude").get("/v1/positions").status_code == 200


def test_an_analysis_is_metered_and_needs_its_capability(door: Door) -> None:
    budget(door, "1")
    asked = {"instrument": "AAPL", "question": "What speaks against a rise?"}
    with endpoint() as model:
        path = door.processes.home / "analyst.toml"
        path.write_text(f'url = "{model.url}"\nprovider = "openai"\nmodel = "gpt-4o"\n')
        off = door.http("claude").post("/v1/analyses", json=asked)
        assert (off.status_code, off.json()["code"]) == (403, "capability_off")
        door.processes.say(c.SetCapability(agent="momentum", capability="analyze_market", enabled=True))
        kept = path.read_text()
        path.unlink()
        none = door.http("claude").post("/v1/analyses", json=asked)
        assert (none.status_code, none.json()["code"]) == (409, "analyst_invalid")
        assert str(door.processes.home) not in none.text
        path.write_text(kept)
        before = parse(Money, spent(door))
        found = door.http("claude").post("/v1/analyses", json=asked).json()
        assert found["settled"] and found["cost"] == "0.001" and found["text"].startswith("<untrusted ")
        assert parse(Money, spent(door)) - before == parse(Money, "0.001")
        budget(door, "0.0001")
        over = door.http("claude").post("/v1/analyses", json=asked)
        assert (over.status_code, over.json()["code"]) == (403, "budget_exceeded")
        assert len(model.asked) == 1
        path.unlink()


def test_who_may_not_ask_a_model_learns_nothing_of_what_is_set_up(door: Door) -> None:
    asked = {"instrument": "AAPL", "question": "Is there a model?"}
    made_up = door.http("nobody").post("/v1/analyses", json=asked, headers={"Authorization": "Bearer remit_made_up"})
    assert (made_up.status_code, made_up.json()["code"]) == (401, "not_authenticated"), made_up.text
    for who in ("operator", "ada", "otto", "bars"):
        refused = door.http(who).post("/v1/analyses", json=asked)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_authorised"), (who, refused.text)
