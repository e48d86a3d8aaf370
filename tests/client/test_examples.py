"""The examples with a model in them, run against a served kernel; the model is a function, and no socket is opened."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from tests.doors.cli.house import House

from remit.client import AsyncRemit

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def example(name: str) -> ModuleType:
    """An example as a module, run by nobody yet."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    served = House(tmp_path)
    yield served
    served.close()


def answers_of(house: House, calls: list[ToolCallPart]) -> list[Any]:
    """Let a model make these calls, one at a time, and return what each tool told it."""
    told: list[Any] = []

    def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        for part in messages[-1].parts:
            if part.part_kind == "tool-return":
                told.append(part.content)
        assert {tool.name for tool in info.function_tools} >= {call.tool_name for call in calls}
        return ModelResponse([calls[len(told)] if len(told) < len(calls) else TextPart("done")])

    async def run() -> None:
        async with AsyncRemit("momentum", home=house.folder, patience_s=0) as remit:
            tools = example("model").tools_of(remit)
            answer = await Agent(FunctionModel(model), toolsets=[tools]).run("trade")
            assert answer.output == "done"

    asyncio.run(run())
    return told


def test_a_model_is_told_what_was_decided_and_why(house: House) -> None:
    def buy(id: str, quantity: str) -> ToolCallPart:
        said = {"id": id, "instrument": "AAPL", "side": "buy", "quantity": quantity, "limit_price": "100", "why": "up"}
        return ToolCallPart("place_order", said)

    calls = [
        ToolCallPart("get_quote", {"instrument": "AAPL"}),
        buy("first", "5"),
        buy("first", "5"),
        buy("second", "25"),
        buy("third", "a lot"),
        ToolCallPart("cancel_order", {"order": "abcd-999"}),
        ToolCallPart("get_positions", {}),
    ]
    quote, first, again, denied, wrong, unknown, positions = answers_of(house, calls)
    assert quote["last"] == "100"
    assert first["verdict"] == "allow" and again["order"] == first["order"] and again["repeated"]
    assert denied["verdict"] == "deny" and "order_notional_max" in {row["rule"] for row in denied["findings"]}
    assert wrong["code"] == "unclear" and unknown["code"] == "unknown_order" and not unknown["retryable"]
    assert positions[0]["buying"] == "5"
    assert json.dumps([quote, first, positions])
