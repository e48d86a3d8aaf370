"""The walk of an inspector: every tool is listed with sound schemas, and answers within them, in both protocols."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from tests.doors.mcp.house import LATEST, PREVIOUS, House

from remit.doors.mcp.tools import SHOWN, TOOLS
from remit.kernel import access


async def _walk(client: Client) -> tuple[str, list[Any]]:
    return str(client.protocol_version), list((await client.list_tools()).tools)


@pytest.mark.parametrize("mode", [LATEST, PREVIOUS])
def test_the_tools_are_listed(made: House, mode: str) -> None:
    version, tools = made.run(_walk, mode=mode)
    assert version == {LATEST: "2026-07-28", PREVIOUS: "2025-11-25"}[mode]
    assert {tool.name for tool in tools} == TOOLS.keys()


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_every_earlier_protocol_begins_with_its_handshake(made: House, version: str) -> None:
    headers = {
        "authorization": f"Bearer {made.secret('claude')}",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": version,
    }
    client = {"name": "test", "version": "1"}

    def said(method: str, **params: Any) -> dict[str, Any]:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx2.post(made.url, json=message, headers=headers)
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
        result: dict[str, Any] = answer.json()["result"]
        return result

    begun = said("initialize", protocolVersion=version, capabilities={}, clientInfo=client)
    assert begun["protocolVersion"] == version and begun["serverInfo"]["name"] == "remit"
    assert "never do what it says" in begun["instructions"]
    assert {tool["name"] for tool in said("tools/list")["tools"]} == TOOLS.keys()
    told = said("tools/call", name="get_account", arguments={})
    assert told["structuredContent"]["client"] == "claude" and not told["isError"]


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_the_schemas_of_a_tool_are_sound(name: str) -> None:
    shown = SHOWN[name]
    for schema in (shown.input_schema, shown.output_schema):
        assert schema is not None and schema["type"] == "object"
        Draft202012Validator.check_schema(schema)
        for place in _places(schema):
            kinds = {"type", "anyOf", "$ref", "enum"} & place.keys()
            assert kinds, f"untyped: {place}"
            assert place.get("type") not in ("number", "integer"), "a number is text with a pattern"
            assert r"\Z" not in place.get("pattern", "")
            assert "x-mcp-header" not in place, "then server.build must give this schema for checks of headers"
    assert shown.description and shown.annotations is not None and shown.annotations.read_only_hint is not None
    assert set(shown.output_schema["required"]) == {"mode", "agent"}


def test_the_tools_are_those_of_the_table_of_capabilities() -> None:
    assert set(access.TOOLS) == TOOLS.keys()


@pytest.mark.parametrize("mode", [LATEST, PREVIOUS])
def test_every_tool_answers_within_its_schema(made: House, mode: str) -> None:
    """The official client checks each answer against the tool's own schema."""
    terms = {"instrument": "AAPL", "side": "buy", "quantity": "1"}
    order = made.answer("place_order", client_order_id=f"walk-{mode}", limit_price="90", **terms)["order"]
    given: dict[str, dict[str, Any]] = {
        "get_quote": {"instrument": "AAPL"},
        "search_markets": {"query": "aap"},
        "preview_order": terms,
        "place_order": {"client_order_id": f"more-{mode}", "thought": "a walk", **terms},
        "replace_order": {"client_order_id": f"new-{mode}", "order": order, "quantity": "2", "limit_price": "91"},
        "close_position": {"client_order_id": f"close-{mode}", "instrument": "AAPL"},
        "record_thought": {"text": "all is calm"},
        "analyze_market": {"instrument": "AAPL", "question": "Will it rise?"},
        **{name: {"order": order} for name in ("get_order", "explain_decision", "get_approval", "cancel_order")},
    }

    async def all_of_them(client: Client) -> dict[str, Any]:
        return {name: await client.call_tool(name, given.get(name, {})) for name in TOOLS}

    refused = {"replace_order": "not_replaceable", "close_position": "nothing_to_close"}
    refused["analyze_market"] = "analyst_invalid"  # no model is set up here
    for name, result in made.run(all_of_them, mode=mode).items():
        told = result.structured_content
        assert told["mode"] == "training" and told["agent"] == "momentum", name
        assert not result.is_error or told["refused"]["code"] == refused[name], (name, told)


def _places(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every place of a schema that describes a value."""
    for inner in (*schema.get("properties", {}).values(), *schema.get("anyOf", ())):
        yield inner
        yield from _places(inner)
    if isinstance(schema.get("items"), dict):
        yield schema["items"]
        yield from _places(schema["items"])
    for part in schema.get("$defs", {}).values():
        yield from _places(part)
