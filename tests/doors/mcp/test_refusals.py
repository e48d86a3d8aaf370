"""What is refused: callers without a token that trades, tools that are switched off or do not exist, bad arguments."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from mcp import MCPError
from prometheus_client import generate_latest
from tests.doors.mcp.house import LATEST, PREVIOUS, House, served

from remit.doors.mcp.tools import TOOLS
from remit.kernel import command as c
from remit.kernel.access import FIRST, TO_GIVE, WAYS_OUT

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


def post(made: House, secret: str | None, **headers: str) -> httpx2.Response:
    given = HEADERS | headers | ({} if secret is None else {"authorization": f"Bearer {secret}"})
    said = {name: value.encode("latin-1") for name, value in given.items()}
    return httpx2.post(made.url, json=INITIALIZE, headers=said)


# Who calls


def test_nobody_gets_in_without_a_token_that_is_worth_something(made: House) -> None:
    assert post(made, made.secret("momentum")).status_code == 200
    for secret in (None, "remit_agent_nonsense", "x" * 5_000, "\xe9", made.secret("momentum")[:-1] + "x"):
        answer = post(made, secret)
        assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer"), secret
        assert "momentum" not in answer.text


@pytest.mark.parametrize("who", ["operator", "bob", "eve", "bars"])
def test_people_and_feeds_get_no_tools(made: House, who: str) -> None:
    answer = post(made, made.secret(who))
    assert answer.status_code == 403 and "trade" in answer.text


def test_a_revoked_token_calls_nothing_however_lately_it_was_good(made: House) -> None:
    told = made.processes.say({"kind": "new_token", "role": "agent", "name": "momentum", "owner": "ann"})
    made.processes.secrets["brief"] = told["secret"]
    assert made.answer("get_account", "brief")["agent"] == "momentum"
    made.processes.say(c.RevokeToken(token=told["command"]["body"]["grant"]["token"], why="test"))
    with pytest.raises(MCPError, match="revoked"):
        made.tools("brief")
    assert post(made, told["secret"]).status_code == 401, "and by then the door knows"


def test_another_site_may_not_use_a_browser_to_call(made: House) -> None:
    assert post(made, made.secret("momentum"), origin="https://evil.example").status_code == 403
    for origin in ("http://[", "", "null"):
        assert post(made, made.secret("momentum"), origin=origin).status_code == 403, "no address at all"
    assert post(made, made.secret("momentum"), origin=made.url.removesuffix("/mcp")).status_code == 200, "its own page"
    assert post(made, None, authorization=f"Basic {made.secret('momentum')}").status_code == 401
    assert post(made, made.secret("momentum"), host="evil.example").status_code == 421


def test_a_body_beyond_the_limit_is_not_read(made: House) -> None:
    headers = HEADERS | {"authorization": f"Bearer {made.secret('momentum')}"}
    assert httpx2.post(made.url, content=b"x" * 200_000, headers=headers).status_code == 413


def test_the_door_of_the_doors_counts_and_traces_what_comes_in(made: House) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4737"
    answer = post(made, made.secret("momentum"), traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    assert answer.headers["x-trace-id"] == trace and answer.headers["cache-control"].startswith("no-")
    assert b'route="/mcp"' in generate_latest(made.app.state.metrics.registry)


def test_while_the_guard_is_away_the_door_says_so(tmp_path: Any) -> None:
    from remit.doors.http.app import Options, create_app
    from remit.doors.mcp.asgi import mount
    from remit.guard.config import load
    from remit.guard.wire import AsyncClient

    settings = load({"REMIT_HOME": str(tmp_path)})
    with served(
        create_app(AsyncClient(settings.socket, "", "http"), settings, options=Options(parts=(mount,)))
    ) as port:
        answer = httpx2.post(
            f"http://127.0.0.1:{port}/mcp", json=INITIALIZE, headers=HEADERS | {"authorization": "Bearer remit_x"}
        )
    assert answer.status_code == 503 and answer.headers["retry-after"] == "2"
    assert answer.json()["error"] == "guard_not_running"


# Which tools there are


@pytest.mark.parametrize("mode", [LATEST, PREVIOUS])
def test_a_tool_is_listed_only_while_its_capability_is_on_for_that_agent(made: House, mode: str) -> None:
    try:
        made.switch("get_positions", False)
        made.switch("place_order", False)
        assert TOOLS.keys() - made.tools("momentum", mode) == {"get_positions", "place_order"}
        assert TOOLS.keys() - made.tools("claude", mode) == {"get_positions", "place_order"}
        assert made.tools("other", mode) == (set(FIRST) | set(WAYS_OUT)) & TOOLS.keys()
    finally:
        made.switch("get_positions", True)
        made.switch("place_order", True)
    assert made.tools("momentum", mode) == set(TOOLS)


def test_with_everything_off_the_ways_out_are_left(made: House) -> None:
    try:
        for name in (*FIRST, *TO_GIVE):
            made.switch(name, False, "other")
        assert made.tools("other") == set(WAYS_OUT)
        assert made.refusal("cancel_order", "other", order="none-1")["code"] == "unknown_order"
        nothing = made.refusal("close_position", "other", client_order_id="x", instrument="AAPL")
        assert nothing["code"] == "nothing_to_close"
    finally:
        for name in FIRST:
            made.switch(name, True, "other")


@pytest.mark.parametrize("name", sorted(set(FIRST) & TOOLS.keys()))
def test_the_guard_refuses_what_the_door_hides(made: House, name: str) -> None:
    given: dict[str, dict[str, Any]] = {
        "get_quote": {"instrument": "AAPL"},
        "preview_order": {"instrument": "AAPL", "side": "buy", "quantity": "1", "connection": "paper1"},
        "record_thought": {"text": "hidden"},
    }
    order = {"order": "none-1"} if "order" in TOOLS[name].takes.__struct_fields__ and name != "record_thought" else {}
    also = "search_markets" if name == "get_quote" else ""
    try:
        for one in filter(None, (name, also)):
            made.switch(one, False, "other")
        if name == "search_markets":
            made.switch("get_quote", False, "other")
        refused = made.refusal(name, "other", **given.get(name, order))
    finally:
        for one in filter(None, (name, also, "get_quote")):
            made.switch(one, True, "other")
    assert (refused["code"], refused["retryable"], refused["retry_after_s"]) == ("capability_off", False, None)
    assert "operator" in refused["fix"]


def test_placing_without_the_capability_is_denied_by_the_kernel(made: House) -> None:
    told = made.answer(
        "place_order", "other", client_order_id=str(uuid4()), instrument="AAPL", side="buy", quantity="1",
        connection="paper1",
    )  # fmt: skip
    assert told["verdict"] == "deny"
    assert {"capability_enabled", "connection_granted"} <= {row["rule"] for row in told["findings"]}
    refused = made.refusal("place_order", "other", client_order_id="y", instrument="AAPL", side="buy", quantity="1")
    assert refused["code"] == "no_connection"


def test_what_does_not_exist_is_an_error_of_the_protocol_and_is_noted(made: House) -> None:
    async def unknown(client: Any) -> MCPError:
        with pytest.raises(MCPError) as failed:
            await client.call_tool("set_mandate", {"subject": "agent:momentum", "mandate": {}})
        return failed.value

    refused = made.run(unknown)
    assert refused.code == -32602 and refused.data["code"] == "unknown_tool"
    last = made.processes.read("log", kind="noted")["entries"][-1]["command"]
    assert (last["body"]["note"], last["body"]["code"]) == ("refused_call", "unknown_tool")
    assert (last["body"]["via"], last["by"]["name"], last["by"]["door"]) == ("tool:set_mandate", "momentum", "mcp")


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("get_quote", {}, "instrument"),
        ("get_quote", {"instrument": 7}, "instrument"),
        ("get_quote", {"instrument": "AAPL\n"}, "instrument"),
        ("get_account", {"agent": "other"}, "agent"),
        ("place_order", {"instrument": "AAPL", "side": "buy", "quantity": "1"}, "client_order_id"),
        *(
            ("preview_order", {"instrument": "AAPL", "side": "buy", "quantity": quantity}, "quantity")
            for quantity in (1, 1.5, True, None, [], "1e3", "-1", "+1", " 1", "1.", "NaN", "9" * 25, "٣", "1\n")
        ),
        ("preview_order", {"instrument": "AAPL", "side": "BUY", "quantity": "1"}, "side"),
        ("list_orders", {"limit": "0"}, "limit"),
        ("list_orders", {"state": "any"}, "state"),
        ("record_thought", {"text": "x" * 16_001}, "text"),
    ],
)
def test_bad_arguments_are_named_and_noted(made: House, name: str, arguments: dict[str, Any], says: str) -> None:
    refused = made.refusal(name, **arguments)
    assert (refused["code"], refused["retryable"]) == ("bad_arguments", False)
    assert says in refused["message"] and refused["fix"]
    last = made.processes.read("log", kind="noted")["entries"][-1]["command"]["body"]
    assert (last["code"], last["via"]) == ("bad_arguments", f"tool:{name}")


@pytest.mark.parametrize("quantity", ["0", "0.5"])
def test_a_number_that_is_no_order_is_refused_or_denied(made: House, quantity: str) -> None:
    result = made.call("preview_order", instrument="AAPL", side="buy", quantity=quantity)
    told = result.structured_content
    assert told["refused"]["code"] == "bad_arguments" if result.is_error else told["code"] == "increments"


def test_reads_are_journalled_under_the_name_of_the_tool(made: House) -> None:
    made.answer("get_positions", "claude")
    acted = [entry["command"]["body"] for entry in made.processes.read("log", kind="acted")["entries"][-3:]]
    (read,) = [body for body in acted if body["via"] == "tool:get_positions"]
    assert (read["agent"], read["client"], read["ok"]) == ("momentum", "claude", True)


def test_an_order_of_another_is_not_there(made: House) -> None:
    told = made.answer(
        "place_order", client_order_id=str(uuid4()), instrument="AAPL", side="buy", quantity="1", limit_price="90"
    )
    order = told["order"]
    asking = [(name, {}) for name in ("get_order", "explain_decision", "get_approval", "cancel_order")]
    terms = {"client_order_id": str(uuid4()), "quantity": "1", "limit_price": "91"}
    for name, more in (*asking, ("replace_order", terms), ("record_thought", {"text": "hm"})):
        for who in ("other", "claude"):
            missing, found = (made.refusal(name, who, order=one, **more) for one in ("none-1", order))
            assert missing["code"] in ("unknown", "unknown_order")
            assert found == {**missing, "message": missing["message"].replace("none-1", order)}, (name, who)


def test_the_trace_of_a_call_reaches_the_journal(made: House) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    async def traced(client: Any) -> Any:
        return await client.call_tool(
            "place_order",
            {
                "client_order_id": str(uuid4()),
                "instrument": "AAPL",
                "side": "buy",
                "quantity": "1",
                "limit_price": "90",
            },
            meta={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
        )

    order = made.run(traced).structured_content["order"]
    first = made.processes.read("log", order=order, kind="submit")["entries"][0]
    assert first["command"]["body"].get("trace") == trace, json.dumps(first)[:300]
