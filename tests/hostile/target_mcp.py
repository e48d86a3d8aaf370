"""The MCP door: whatever a model puts into a tool's arguments becomes a sound request to the guard, or a refusal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import msgspec
from jsonschema import Draft202012Validator
from tests.hostile.target import Target, check_body, chosen, seeded

from remit.doors.mcp.caller import Call, Trader
from remit.doors.mcp.refusing import CallRefused
from remit.doors.mcp.server import run
from remit.doors.mcp.tools import SHOWN, TOOLS
from remit.doors.mcp.words import Wrapper
from remit.guard.wire import AsyncClient
from remit.guard.wire.message import write_request
from remit.kernel.codec import decode, encode
from remit.kernel.command import Body, Noted

NAMES = sorted(TOOLS)
TRADER = Trader(
    role="agent", name="momentum", agent="momentum", account="desk", environment="training", connections=("paper1",)
)
_VALIDATORS = {name: Draft202012Validator(SHOWN[name].output_schema or {}) for name in NAMES}


class Guard:
    """A guard that reads what it is sent, as the real one does, and refuses it."""

    def __init__(self) -> None:
        self.notes = 0

    async def ask(self, do: Any, body: Any, kind: Any = Any, token: str | None = None, **said: str) -> Any:
        frame = write_request(1, token or "", do, body, "mcp", said.get("act", ""), said.get("trace", ""))
        assert len(frame) < 400_000
        if do == "read":
            raise CallRefused("unknown", "nothing is here", "Look elsewhere", noted=True)
        sent = body["command"] if isinstance(body, dict) and "command" in body else body
        command = decode(Body, bytes(sent) if isinstance(sent, msgspec.Raw) else encode(sent))  # type: ignore[arg-type]
        check_body(command)
        if isinstance(command, Noted) and command.note == "refused_call":
            self.notes += 1
            return {"events": []}
        raise CallRefused("not_possible", "it is refused", "Leave it", noted=True)


def check_arguments(data: bytes) -> None:
    """JSON as the arguments of a tool: a request that the guard can read, or a refusal within the tool's schema."""
    way, rest = chosen(data, len(NAMES))
    try:
        arguments = json.loads(rest)
    except (ValueError, RecursionError):
        return
    if not isinstance(arguments, dict):
        return
    guard = Guard()
    call = Call(
        cast(AsyncClient, guard), "remit_x", TRADER, NAMES[way], "", "http://x/", Path("/nonexistent"), Wrapper()
    )
    result = asyncio.run(run(call, TOOLS[NAMES[way]], arguments))
    assert result.is_error and result.structured_content is not None
    _VALIDATORS[NAMES[way]].validate(result.structured_content)
    refused = result.structured_content["refused"]
    assert guard.notes == (refused["code"] not in ("unknown", "not_possible")), refused
    assert result.model_dump_json(by_alias=True)


def seeds() -> list[bytes]:
    terms = {"instrument": "AAPL", "side": "buy", "quantity": "1", "limit_price": "90.5", "stop_loss": "80"}
    given: dict[str, dict[str, Any]] = {
        "place_order": {"client_order_id": "a-1", "thought": "cheap", "confidence": "0.5", **terms},
        "preview_order": {**terms, "time_in_force": "ioc", "reduce_only": True, "connection": "paper1"},
        "replace_order": {"client_order_id": "a-2", "order": "abcd-1", "quantity": "2", "limit_price": "91"},
        "close_position": {"client_order_id": "a-3", "instrument": "AAPL", "quantity": "1", "slippage_bps": "5"},
        "cancel_order": {"order": "abcd-1"},
        "record_thought": {"text": "so it is", "order": "abcd-1"},
        "search_markets": {"query": "a", "venue": "paper", "limit": "5"},
        "list_orders": {"state": "held", "instrument": "AAPL", "live": True, "limit": "9"},
        "get_quote": {"instrument": "AAPL"},
    }
    return [seeded(place, json.dumps(given.get(name, {})).encode()) for place, name in enumerate(NAMES)] + [
        seeded(NAMES.index("place_order"), b'{"client_order_id": "\\ud800", "quantity": 1e400}')
    ]


WORDS = (
    '"instrument":', '"quantity":', '"client_order_id":', '"order":', '"limit_price":', '"side":', '"text":',
    '"\\ud800"', "1e400", "null", "true", '"9999999999999999999999999"',
)  # fmt: skip
TARGETS = (Target("tool_arguments", check_arguments, seeds, WORDS, cost=12),)
