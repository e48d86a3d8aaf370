"""Orders over HTTP: every verdict is a normal answer, a preview changes nothing, an id never acts twice."""

from __future__ import annotations

from tests.doors.http.conftest import Door


def test_an_allowed_order(door: Door) -> None:
    answer = door.http("momentum").post("/v1/orders", json=door.order("2", id="allowed-1"))
    assert answer.status_code == 200
    said = answer.json()
    assert (said["verdict"], said["repeated"], said["preview"]) == ("allow", False, False)
    shown = door.http("momentum").get(f"/v1/orders/{said['order']}").json()
    assert (shown["agent"], shown["connection"], shown["intent"]) == ("momentum", "paper1", "allowed-1")


def test_a_denied_order_is_a_normal_answer_with_its_findings(door: Door) -> None:
    answer = door.http("momentum").post("/v1/orders", json=door.order("60"))
    assert answer.status_code == 200
    decision = answer.json()["decision"]
    assert decision["verdict"] == "deny"
    assert {"rule": "order_notional_max", "limit": "5000", "actual": "6000"}.items() <= decision["findings"][0].items()
    why = door.http("momentum").get(f"/v1/orders/{answer.json()['order']}/why").json()
    assert "5000" in why["findings"][0]["sentence"] or "5,000" in why["findings"][0]["sentence"]


def test_a_held_order_says_until_when(door: Door) -> None:
    said = door.http("momentum").post("/v1/orders", json=door.order("20")).json()
    assert said["verdict"] == "hold"
    assert said["until"] > said["at"]
    assert door.http("momentum").post(f"/v1/orders/{said['order']}/cancel").status_code == 200


def test_a_preview_changes_nothing(door: Door) -> None:
    before = door.processes.read("status")["orders"]
    for query in ("?preview", "?preview=true"):
        said = door.http("momentum").post(f"/v1/orders{query}", json=door.order("60")).json()
        assert (said["verdict"], said["preview"], said["seq"]) == ("deny", True, None)
    assert door.processes.read("status")["orders"] == before


def test_the_same_key_gives_the_first_answer(door: Door) -> None:
    sent = door.order("1")
    first = door.http("momentum").post("/v1/orders", json=sent, headers={"Idempotency-Key": "once-1"}).json()
    again = door.http("momentum").post("/v1/orders", json=sent, headers={"Idempotency-Key": "once-1"}).json()
    assert again == {**first, "repeated": True}


def test_errors_are_problems(door: Door) -> None:
    for answer, status, code in (
        (door.http("nobody").get("/v1/orders"), 401, "token_missing"),
        (door.http("momentum").get("/v1/orders/none-1"), 404, "unknown"),
        (door.http("bars").get("/v1/orders"), 403, "not_authorised"),
        (door.http("momentum").post("/v1/orders", json={"side": "buy"}), 422, "not_valid"),
        (door.http("momentum").post("/v1/orders", content="{", headers={"Content-Type": "application/json"}), 400,
         "not_json"),
        (door.http("momentum").delete("/v1/orders"), 405, "method_not_allowed"),
        (door.http("momentum").get("/v1/nothing"), 404, "not_found"),
    ):  # fmt: skip
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert answer.json()["code"] == code
        assert answer.json()["fix"]


def test_orders_are_listed_page_by_page(door: Door) -> None:
    for number in range(3):
        door.http("momentum").post("/v1/orders", json=door.order("1", id=f"page-{number}"))
    whole = door.http("momentum").get("/v1/orders").json()
    assert whole["next"] is None
    seen: list[str] = []
    cursor = ""
    while True:
        page = door.http("momentum").get(f"/v1/orders?limit=2{cursor}").json()
        seen += [row["order"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    for broken in ("x", "WyJhIl0", "WzEsMl0"):
        assert door.http("momentum").get(f"/v1/orders?cursor={broken}").json()["code"] == "not_valid"
    assert seen == [row["order"] for row in whole["items"]]


def test_the_first_answer_to_an_id_is_told_to_who_asked_and_to_nobody_else(door: Door) -> None:
    limits = {"mandate": {}, "why": "its agent's are enough"}
    assert door.http().put("/v1/mandates/client:claude", json=limits, headers={"If-Match": "*"}).status_code == 200
    sent = door.order("3", id="whose-1")
    first = door.http("momentum").post("/v1/orders", json=sent).json()
    guessed = door.http("claude").post("/v1/orders", json=sent)
    assert (guessed.status_code, guessed.json()["code"]) == (409, "intent_id_unique"), guessed.text
    assert first["order"] not in guessed.text
    assert door.http("momentum").post("/v1/orders", json=sent).json() == {**first, "repeated": True}
    assert (
        door.http("operator").post("/v1/orders", json={**sent, "agent": "momentum"}).json()["order"] == first["order"]
    )


def test_an_order_of_another_is_told_as_one_that_is_not_there(door: Door) -> None:
    order = door.http("momentum").post("/v1/orders", json=door.order("1", id="hidden-1")).json()["order"]
    asking = (
        ("GET", "/v1/orders/{}", None),
        ("GET", "/v1/orders/{}/why", None),
        ("GET", "/v1/orders/{}/approval", None),
        ("POST", "/v1/orders/{}/cancel", None),
        ("POST", "/v1/orders/{}/replace", {"quantity": "2", "limit_price": "99"}),
        ("POST", "/v1/notes", {"note": "thought", "order": "{}", "text": "whose is it"}),
    )
    for method, path, body in asking:
        missing, hidden = (
            door.http("claude").request(
                method,
                path.format(name),
                json=body and {key: value.format(name) for key, value in body.items()},
            )
            for name in ("none-1", order)
        )
        assert missing.status_code == 404, (path, missing.text)
        assert hidden.text.replace(order, "none-1") == missing.text, path
        assert hidden.status_code == 404
