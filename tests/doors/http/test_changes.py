"""Changes over HTTP: mandates against a version, who may act, stops; and a key that never lets one act twice."""

from __future__ import annotations

import sqlite3
from typing import Any

import httpx2
from tests.doors.http.conftest import Door


def seq(door: Door) -> int:
    found: int = door.processes.read("status")["seq"]
    return found


def test_a_mandate_is_published_against_the_version_it_was_written_for(door: Door) -> None:
    http, path = door.http(), "/v1/mandates/agent:momentum"
    shown = http.get(path)
    tag, mandate = shown.headers["etag"], shown.json()["mandate"]
    assert http.get(path, headers={"If-None-Match": tag}).status_code == 304
    tighter = {"mandate": {**mandate, "order_notional_max": "4000"}, "why": "less"}
    assert http.put(path, json=tighter).json()["code"] == "precondition_required"
    assert http.put(path, json=tighter, headers={"If-Match": "seven"}).status_code == 422
    done = http.put(path, json=tighter, headers={"If-Match": tag})
    assert done.status_code == 200, done.text
    late = http.put(path, json=tighter, headers={"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "mandate_changed")
    now = http.get(path)
    assert now.headers["etag"] != tag
    assert now.json()["mandate"]["order_notional_max"] == "4000"
    history = http.get(f"{path}/history").json()["items"]
    assert history[-1]["changed"] == {"order_notional_max": ["5000", "4000"]}
    wider = {"mandate": mandate, "why": "as before"}
    assert http.put(path, json=wider, headers={"If-Match": "*"}).status_code == 200


def test_a_draft_is_tried_on_the_orders_that_came(door: Door) -> None:
    http, before = door.http(), door.http("momentum").post("/v1/orders", json=door.order("3")).json()
    assert before["verdict"] == "allow"
    draft = {"mandates": {"agent:momentum": {"order_notional_max": "100"}}, "days": 1}
    stands = http.get("/v1/mandates/agent:momentum").headers["etag"]
    found = http.post("/v1/mandates/what-if", json=draft).json()
    flip = found["flips"][-1]
    assert (flip["order"], flip["was"], flip["would"]) == (before["order"], "allow", "deny")
    assert [(one["rule"], one["limit"], one["actual"]) for one in flip["findings"]] == [
        ("order_notional_max", "100", "300")
    ]
    assert found["tighter"] >= 1 and found["judged"] == sum(found["was"].values()) == sum(found["would"].values())
    assert http.get("/v1/mandates/agent:momentum").headers["etag"] == stands
    assert http.post("/v1/mandates/what-if", json={**draft, "days": 0}).status_code == 422
    assert door.http("momentum").post("/v1/mandates/what-if", json=draft).status_code == 403
    unknown = http.post("/v1/mandates/what-if", json={"mandates": {"agent:nobody": {}}, "days": 1})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown")


def test_drafts_and_differences_change_nothing(door: Door) -> None:
    http, before = door.http(), seq(door)
    drafted = http.post("/v1/mandates/draft", json={"preset": "starter", "subjects": ["agent:momentum"]}).json()
    assert drafted["agent:momentum"]["order_notional_max"] == "100"
    compared = http.post("/v1/mandates/diff", json={"mandates": drafted}).json()["items"][0]
    ways = {change["field"]: change["way"] for change in compared["changes"]}
    assert ways["order_notional_max"] == "tighter"
    assert http.post("/v1/mandates/lint", json={"mandates": drafted}).status_code == 200
    assert door.http("momentum").post("/v1/mandates/draft", json={"preset": "starter"}).status_code == 403
    assert seq(door) == before + 1  # the agent's refused call is in the journal


def test_a_pause_and_a_halt_stop_and_are_ended(door: Door) -> None:
    http, agent = door.http("operator"), door.http("momentum")
    subject = {"subject": "agent:momentum", "why": "lunch"}
    assert http.post("/v1/pauses", json=subject).status_code == 200
    denied = agent.post("/v1/orders", json=door.order()).json()
    assert [finding["rule"] for finding in denied["decision"]["findings"]] == ["agent_active"]
    assert http.get("/v1/pauses").json()["items"][0]["why"] == "lunch"
    assert http.post("/v1/pauses/agent%3Amomentum/end", json={"why": "back"}).status_code == 200
    assert http.post("/v1/halts", json=subject).status_code == 200
    halt = http.get("/v1/halts").json()["items"][0]
    assert http.post(f"/v1/halts/{halt['id']}/resume", json={"why": "x"}).json()["code"] == "not_reviewed"
    reviewed = http.post(f"/v1/halts/{halt['id']}/review", json={"limit": halt["rule"], "why": "seen"})
    assert reviewed.status_code == 200, reviewed.text
    assert http.post(f"/v1/halts/{halt['id']}/resume", json={"why": "fine"}).status_code == 200
    assert agent.post("/v1/orders", json=door.order()).json()["verdict"] == "allow"


def test_grants_and_capabilities(door: Door) -> None:
    http, agent = door.http(), door.http("momentum")
    assert http.delete("/v1/grants/momentum/paper1").status_code == 200
    assert agent.post("/v1/orders", json=door.order(connection="paper1")).json()["verdict"] == "deny"
    problem = agent.post("/v1/orders", json=door.order()).json()
    assert problem["code"] == "not_valid" and problem["more"] == {"connections": []}
    assert http.put("/v1/grants/momentum/paper1").status_code == 200
    for enabled, verdict in ((False, "deny"), (True, "allow")):
        answer = http.put("/v1/agents/momentum/capabilities/place_order", json={"enabled": enabled})
        assert answer.status_code == 200
        assert agent.post("/v1/orders", json=door.order()).json()["verdict"] == verdict


def test_cancel_all_cancels_what_the_caller_may_see(door: Door) -> None:
    made = [door.http("momentum").post("/v1/orders", json=door.order("11")).json() for _ in range(2)]
    limits = {"mandate": {}, "why": "its agent's are enough"}
    assert door.http().put("/v1/mandates/client:claude", json=limits, headers={"If-Match": "*"}).status_code == 200
    foreign = door.http("claude").post("/v1/orders", json=door.order("11", id="claude-1")).json()
    assert {row["verdict"] for row in (*made, foreign)} == {"hold"}
    done = door.http("claude").post("/v1/orders/cancel", json={}).json()
    assert (done["asked"], done["refused"]) == ([foreign["order"]], [])
    done = door.http("momentum").post("/v1/orders/cancel", json={"instrument": "AAPL"}).json()
    assert {row["order"] for row in made} <= set(done["asked"])


def test_a_key_gives_the_first_answer_again_and_acts_once(door: Door) -> None:
    http, key = door.http(), {"Idempotency-Key": "pause-1"}
    sent = {"subject": "client:claude", "why": "a look"}
    first = http.post("/v1/pauses", json=sent, headers=key)
    before = seq(door)
    again = http.post("/v1/pauses", json=sent, headers=key)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert seq(door) == before
    other = http.post("/v1/pauses", json={**sent, "why": "another"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert door.http("ada").post("/v1/pauses", json=sent, headers=key).status_code in (200, 409)  # hers is another key
    http.post("/v1/pauses/client:claude/end", json={"why": "seen"})


def test_a_key_stands_for_the_version_too_that_was_written_against(door: Door) -> None:
    """Else who publishes again against a newer version is told that it is in force, and another is."""
    http, path = door.http(), "/v1/mandates/client:claude"
    sent = {"mandate": {"order_notional_max": "900"}, "why": "less"}
    seen = http.get(path).headers["etag"]
    key = {"Idempotency-Key": "publish-1"}
    assert http.put(path, json=sent, headers={**key, "If-Match": seen}).status_code == 200
    again = http.put(path, json=sent, headers={**key, "If-Match": seen})
    assert again.headers["idempotency-replayed"] == "true"
    for match in ('"99"', "*", http.get(path).headers["etag"]):
        other = http.put(path, json=sent, headers={**key, "If-Match": match})
        assert (other.status_code, other.json()["code"]) == (409, "key_reused"), match
    assert http.put(path, json=sent, headers=key).json()["code"] == "key_reused"


def test_a_token_that_is_revoked_is_told_nothing_again(door: Door) -> None:
    made = door.http().post("/v1/tokens", json={"role": "operator", "name": "olga", "owner": "olga"}).json()
    with httpx2.Client(base_url=door.url, headers={"Authorization": f"Bearer {made['secret']}"}) as hers:
        sent, key = {"subject": "client:claude", "why": "a look"}, {"Idempotency-Key": "hers"}
        assert hers.post("/v1/pauses", json=sent, headers=key).status_code == 200
        assert hers.post("/v1/pauses", json=sent, headers=key).headers["idempotency-replayed"] == "true"
        assert door.http().post(f"/v1/tokens/{made['token']}/revoke", json={"why": "lost"}).status_code == 200
        assert hers.post("/v1/pauses", json=sent, headers=key).status_code == 401
    door.http().post("/v1/pauses/client:claude/end", json={"why": "seen"})


def test_nothing_is_written_for_a_token_that_is_none(door: Door) -> None:
    sent = {"subject": "client:claude", "why": "a look"}
    door.http().post("/v1/pauses/client:claude/end", json={"why": "seen"}, headers={"Idempotency-Key": "opens-it"})
    kept = [door.processes.home / name for name in ("http.sqlite", "http.sqlite-wal")]
    before = [path.stat().st_mtime_ns for path in kept]
    for number in range(3):
        headers = {"Authorization": f"Bearer remit_made_up_{number}", "Idempotency-Key": "theirs"}
        assert door.http("nobody").post("/v1/pauses", json=sent, headers=headers).status_code == 401
    assert [path.stat().st_mtime_ns for path in kept] == before


def test_a_refusal_is_not_kept_and_the_key_may_try_again(door: Door) -> None:
    http, key = door.http(), {"Idempotency-Key": "client-1"}
    missing = {"name": "codex", "agent": "nobody"}
    assert http.post("/v1/clients", json=missing, headers=key).status_code in (404, 409)
    assert http.post("/v1/clients", json={"name": "codex", "agent": "momentum"}, headers=key).status_code == 200


def test_an_unknown_outcome_is_said_under_its_key(door: Door) -> None:
    http, key = door.http(), {"Idempotency-Key": "lost-1"}
    sent = {"subject": "client:claude", "why": "lost"}
    first = http.post("/v1/pauses", json=sent, headers=key)
    assert first.status_code == 200
    with sqlite3.connect(door.processes.home / "http.sqlite") as database:  # as a door leaves it that dies meanwhile
        database.execute("UPDATE answers SET status = NULL, body = NULL WHERE key = 'lost-1'")
    again: dict[str, Any] = http.post("/v1/pauses", json=sent, headers=key).json()
    assert again["code"] == "outcome_unknown" and again["fix"]
    http.post("/v1/pauses/client:claude/end", json={"why": "seen"})


def test_keys_are_kept_by_token_and_tell_nothing_of_it(door: Door) -> None:
    whole = (door.processes.home / "http.sqlite").read_bytes()
    assert (door.processes.home / "http.sqlite").stat().st_mode & 0o077 == 0
    for secret in door.processes.secrets.values():
        assert secret.encode() not in whole
