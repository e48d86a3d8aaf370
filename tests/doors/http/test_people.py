"""People and changes that wait for a second one, over HTTP, on a real guard."""

from __future__ import annotations

from typing import Any

from tests.doors.http.conftest import LIMITS, Door

from remit.kernel import command as c
from remit.kernel.codec import plain
from remit.kernel.mandate import Mandate


def hired(door: Door, name: str, role: str, owner: str) -> None:
    """Add a person over HTTP and give the fixture a token of theirs."""
    added = door.http().post("/v1/people", json={"name": name, "role": role, "owner": owner})
    assert added.status_code == 200, added.text
    asked = {"kind": "new_token", "role": role, "name": name, "owner": owner}
    door.processes.secrets[name] = door.processes.say(asked)["secret"]


def people(door: Door, who: str = "operator") -> dict[str, Any]:
    return {row["name"]: row for row in door.http(who).get("/v1/people").json()["items"]}


def test_an_owner_sees_and_rules_their_own_accounts_alone(door: Door) -> None:
    owner = door.http().get("/v1/accounts").json()["items"][0]["owner"]
    hired(door, "kim", "owner", owner)
    # What the firm has in all is not theirs to measure, order by order.
    for path in ("diff", "what-if"):
        asked = {"mandates": {"firm": {"gross_exposure_max": "0"}}}
        assert door.http("kim").post(f"/v1/mandates/{path}", json=asked).status_code == 404, path
    hired(door, "lee", "owner", "lee")
    assert len(door.http("kim").get("/v1/accounts").json()["items"]) == 1
    assert door.http("lee").get("/v1/accounts").json()["items"] == []
    assert door.http("lee").get("/v1/agents/momentum").status_code == 404
    pause = {"subject": "agent:momentum", "why": "look"}
    refused = door.http("lee").post("/v1/pauses", json=pause)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    assert door.http("kim").post("/v1/pauses", json=pause).status_code == 200
    assert door.http().post("/v1/people", json={"name": "kim", "role": "operator"}).status_code == 409
    assert people(door, "lee").keys() == {"lee"}


def test_who_is_shut_out_is_nobody_at_once(door: Door) -> None:
    hired(door, "max", "approver", "max")
    assert door.http("max").get("/v1/approvals").status_code == 200
    out = {"role": "approver", "disabled": True, "why": "left"}
    assert door.http().put("/v1/people/max", json=out).status_code == 200
    assert door.http("max").get("/v1/approvals").status_code == 401
    assert (people(door)["max"]["disabled"], people(door)["max"]["tokens"]) == (True, 0)
    assert door.http("ada").put("/v1/people/max", json=out).status_code == 403


def test_loosening_waits_for_a_second_person(door: Door) -> None:
    two = Mandate(**{**{field: getattr(LIMITS, field) for field in LIMITS.__struct_fields__}, "positions_max": 3})
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=two, why="less"))
    firm = door.http().get("/v1/mandates/firm").json()["mandate"]
    door.processes.say(c.SetMandate(subject="firm", mandate={**firm, "second_person": "required"}, why="x"))  # type: ignore[arg-type]
    tag = door.http().get("/v1/mandates/agent:momentum").headers["etag"]
    sent = {"mandate": plain(LIMITS), "why": "room"}
    waits = door.http().put("/v1/mandates/agent:momentum", json=sent, headers={"If-Match": tag})
    assert [event["event"] for event in waits.json()["events"]] == ["proposed"]
    (row,) = door.http("ada").get("/v1/proposals").json()["items"]
    assert row["loosens"] == ["positions_max"] and row["yours_counts"] and not row["stale"]
    path = f"/v1/proposals/{row['proposal']}"
    own = door.http().post(f"{path}/confirm", json={"digest": row["digest"]})
    assert own.json()["code"] == "own_proposal"
    other = door.http("ada").post(f"{path}/confirm", json={"digest": "0" * 64})
    assert (other.status_code, other.json()["code"]) == (409, "digest_mismatch")
    assert door.http("otto").post(f"{path}/confirm", json={"digest": row["digest"]}).status_code == 403
    assert door.http("ada").post(f"{path}/confirm", json={"digest": row["digest"]}).status_code == 200
    assert door.http("ada").post(f"{path}/drop", json={"why": "late"}).status_code == 404
    version = door.http().get("/v1/mandates/agent:momentum/history").json()["items"][-1]
    assert version["confirmed_by"]["name"] == "ada"


def test_a_client_is_told_of_no_other_client_of_its_agent(door: Door) -> None:
    added = door.http().post("/v1/clients", json={"name": "rival", "agent": "momentum"})
    assert added.status_code == 200, added.text
    for path, of in (("/v1/agents/momentum", lambda told: told), ("/v1/agents", lambda told: told["items"][0])):
        assert of(door.http("claude").get(path).json())["clients"] == ["claude"]
        assert "rival" in of(door.http("momentum").get(path).json())["clients"]
