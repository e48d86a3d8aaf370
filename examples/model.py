"""A model with tools: each tool is a verb of the client, and what is refused comes back as an answer it can read.

    REMIT_TOKEN=remit_agent_... python examples/model.py openai:gpt-5 "Buy 5 NVDA if my limits leave room"

It needs pydantic-ai and a key of the model's provider; any other framework takes the same few functions.
"""

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any, Literal

import msgspec
from pydantic_ai import Agent, FunctionToolset

from remit.client import AsyncRemit, GuardError

RULES = (
    "You trade through a guard that judges every order. A denial is final: do not ask again for the same, say why. "
    "A hold waits for a person: tell its order id and stop. Numbers are plain decimal text."
)


def tools_of(remit: AsyncRemit) -> FunctionToolset:
    """Return what a model may do: the guard decides, whatever the model says."""

    async def get_positions() -> Any:
        """What is held now."""
        return await told(remit.get_positions())

    async def get_limits() -> Any:
        """Every limit that binds your orders."""
        return await told(remit.get_limits())

    async def get_quote(instrument: str) -> Any:
        """The last price of an instrument."""
        return await told(remit.get_quote(instrument))

    async def place_order(
        id: str, instrument: str, side: Literal["buy", "sell"], quantity: str, limit_price: str, why: str
    ) -> Any:
        """Propose a limit order. `id` is yours: the same id never acts twice. `why` is kept in your log."""
        return await told(remit.place_order(instrument, side, quantity, limit_price=limit_price, id=id, thought=why))

    async def cancel_order(order: str) -> Any:
        """Cancel an order of yours."""
        return await told(remit.cancel_order(order))

    return FunctionToolset([get_positions, get_limits, get_quote, place_order, cancel_order])


async def told(asked: Awaitable[Any]) -> Any:
    """Return an answer as plain JSON; a fault with its code and what to do, so that the model does not loop."""
    try:
        return msgspec.to_builtins(await asked)
    except GuardError as fault:
        return {"code": fault.code, "message": fault.message, "fix": fault.fix, "retryable": False}


async def main(model: str, asked: str) -> None:
    async with AsyncRemit() as remit:
        answer = await Agent(model, instructions=RULES, toolsets=[tools_of(remit)]).run(asked)
        print(answer.output)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: model.py MODEL QUESTION")
    asyncio.run(main(*sys.argv[1:]))
