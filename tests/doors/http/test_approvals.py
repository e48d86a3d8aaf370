"""Approvals over HTTP: the inbox, one held order, answers, several at once, and what was confirmed ahead of time."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from tests.doors.http.conftest import LIMITS, Door

from remit.kernel import command as c
from remit.kernel.mandate import EMPTY
from remit.kernel.numbers import NANOSECONDS, Money, parse


def held(door: Door, quantity: str = "10") -> dict[str, Any]:
    """A held order as ada's inbox shows it."""
    said = door.http("momentum").post("/v1/orders", json=door.order(quantity)).json()
    assert said["verdict"] == "hold", said
    rows = door.http("ada").get("/v1/approvals").json()["items"]
    return next(row for row in rows if row["order"] == said["order"])


def test_the_inbox_has_the_worst_numbers_first(door: Door) -> None:
    small, large = held(door, "10"), held(door, "12")
    rows = door.http("ada").get("/v1/approvals").json()["items"]
    assert [row["order"] for row in rows][:2] == [large["order"], small["order"]]
    assert list(rows[0])[:5] == ["worth", "currency", "worst_price", "headroom", "drift"]
    assert (rows[0]["worth"], rows[0]["drift"]["bps"], rows[0]["bulk"]) == ("1200", "0", False)
    shown = door.http("ada").get(f"/v1/approvals/{large['order']}").json()
    assert [finding["rule"] for finding in shown["findings"]] == ["approval_notional_min"]
    assert shown["order"].endswith(f"-{shown['seq']}"), "the entry that proposed it"
    assert "1000" in shown["findings"][0]["sentence"]
    for row in (small, large):
        answer = door.http("ada").post(f"/v1/approvals/{row['order']}/decline", json={"why": "only looking"})
        assert answer.status_code == 200
        told = door.http("momentum").get(f"/v1/orders/{row['order']}/approval").json()
        assert (told["answer"], told["state"], told["why"]) == ("declined", "declined", "only looking")
    assert door.http("ada").get(f"/v1/approvals/{large['order']}").status_code == 404


def test_an_approval_names_what_was_shown_and_counts_once(door: Door) -> None:
    row = held(door)
    path = f"/v1/approvals/{row['order']}/approve"
    wrong = door.http("ada").post(path, json={"digest": "0" * 64})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "digest_mismatch")
    for who, status in (("momentum", 403), ("claude", 403), ("otto", 403), ("nobody", 401)):
        assert door.http(who).post(path, json={"digest": row["digest"]}).status_code == status
    done = door.http("ada").post(path, json={"digest": row["digest"]}).json()
    assert (done["answer"], done["decision"]["verdict"]) == ("released", "allow")
    again = door.http("ada").post(path, json={"digest": row["digest"]})
    assert (again.status_code, again.json()["code"]) == (409, "not_held")
    assert door.http("momentum").get(f"/v1/orders/{row['order']}/approval").json()["answer"] == "released"


def test_several_at_once_are_bounded_one_by_one(door: Door) -> None:
    first, second = held(door), held(door, "11")
    sent = {"orders": [{"order": row["order"], "digest": row["digest"]} for row in (first, second)]}
    items = door.http("ada").post("/v1/approvals/approve", json=sent).json()["items"]
    assert [(item["answer"], item["code"]) for item in items] == [("refused", "bulk_not_allowed")] * 2
    limits = msgspec.structs.replace(LIMITS, bulk_approval_max=parse(Money, "1000"))
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=limits, why="the small ones together"))
    first, second, third = held(door), held(door, "11"), held(door)
    rows = [first, second, {"order": "none-1", "digest": "0" * 64}, third]
    sent = {"orders": [{"order": row["order"], "digest": row["digest"]} for row in rows]}
    items = door.http("ada").post("/v1/approvals/approve", json=sent).json()["items"]
    assert [(item["answer"], item["code"]) for item in items] == [
        ("released", ""), ("refused", "bulk_too_large"), ("refused", "not_held"), ("released", ""),
    ]  # fmt: skip
    for who, status in (("momentum", 403), ("nobody", 401)):
        assert door.http(who).post("/v1/approvals/approve", json=sent).status_code == status
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=LIMITS, why="as before"))


def test_a_preapproval_lets_an_agent_and_its_client_go(door: Door) -> None:
    sent = {
        "agent": "momentum", "instruments": ["AAPL"], "notional_max": "1100", "total_max": "2200", "why": "today",
        "ends_at": time.time_ns() + 3600 * NANOSECONDS,
    }  # fmt: skip
    door.processes.say(c.SetMandate(subject="client:claude", mandate=EMPTY, why="as its agent"))
    key = {"Idempotency-Key": "pre-1"}
    for who in ("momentum", "claude", "otto"):
        assert door.http(who).post("/v1/preapprovals", json=sent).status_code == 403
    given = door.http("ada").post("/v1/preapprovals", json=sent, headers=key).json()
    assert given["preapproval"] == "pre-1"
    preview = door.http("claude").post("/v1/orders?preview", json=door.order("11")).json()
    assert preview["verdict"] == "allow"
    verdicts = [
        door.http(who).post("/v1/orders", json=door.order(quantity)).json()["verdict"]
        for who, quantity in (("momentum", "12"), ("momentum", "11"), ("claude", "11"), ("claude", "10"))
    ]
    assert verdicts == ["hold", "allow", "allow", "hold"]
    row = door.http("momentum").get("/v1/preapprovals").json()["items"][0]
    assert (row["used"], row["left"], row["uses"], row["state"], row["by"]) == ("2200", "0", 2, "used_up", "ada")
    path = "/v1/preapprovals/pre-1/revoke"
    assert door.http("momentum").post(path, json={"why": "x"}).status_code == 403
    assert door.http("ada").post(path, json={"why": "enough"}).status_code == 200
    assert door.http("ada").get("/v1/preapprovals").json()["items"] == []
    over = door.http("ada").get("/v1/preapprovals?all=true&agent=momentum").json()["items"][0]
    assert (over["state"], over["ended_by"], over["ended_why"]) == ("ended", "ada", "enough")


def test_what_cannot_be_preapproved_says_why(door: Door) -> None:
    sent = {"agent": "momentum", "notional_max": "10", "ends_at": time.time_ns() + NANOSECONDS, "why": "x"}
    answer = door.http("ada").post("/v1/preapprovals", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_possible")
    assert "name the instruments or categories" in answer.json()["detail"]


def test_an_approval_brings_the_latest_price_with_it(door: Door) -> None:
    """A price that came after the order was held, and that no entry has yet, decides about its release."""
    limits = msgspec.structs.replace(LIMITS, approval_drift_max_bps=10)
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=limits, why="no further than that"))
    row = held(door)
    door.processes.say(c.Marked(marks=(door.processes.quote("100.60"),)), "bars")
    answer = door.http("ada").post(f"/v1/approvals/{row['order']}/approve", json={"digest": row["digest"]}).json()
    assert answer["answer"] == "denied"
    denied = [finding for finding in answer["decision"]["findings"] if finding["rule"] == "approval_drift_max_bps"]
    assert [(finding["limit"], finding["unit"]) for finding in denied] == [("10", "bps")]
    (mark,) = answer["decision"]["marks"]
    assert mark[2] == "100.61"
    door.processes.say(c.Marked(marks=(door.processes.quote("100"),)), "bars")
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=LIMITS, why="as before"))
