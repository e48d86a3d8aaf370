"""A trader: one agent's only way to the guard, with the agent's own token and nothing else."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from remit.agents.idea import Idea
from remit.guard.wire import AsyncClient
from remit.kernel import command as c
from remit.kernel.numbers import Price, Quantity, Ratio, parse
from remit.kernel.order import OrderIntent

DOOR = "agents"
ONE = parse(Quantity, "1")
SURE = parse(Ratio, "1")


class Trader:
    """Asks and proposes in one agent's name. Every method may raise the guard's named errors (GuardError)."""

    def __init__(self, socket: Path, token: str) -> None:
        self.client = AsyncClient(socket, token, DOOR)
        self.name = ""
        self.connection = ""
        self._proposed = 0

    async def introduce(self) -> None:
        """Ask the guard who this token stands for and which connection is granted to it."""
        known = await self.read("self")
        self.name, self.connection = known["agent"], known["connections"][0]

    async def read(self, view: str, **arguments: Any) -> Any:
        """Return a view of the guard: plain JSON, numbers as text."""
        return await self.client.ask("read", {"view": view, **arguments})

    async def quote(self, instrument: str) -> Price | None:
        """Return the last price that the guard would judge an order on, or None where it knows none.

        It is part of what a preview answers: what would be decided of buying one share. A preview changes nothing.
        """
        asked = c.Submit(intent=self.intent(instrument, "buy", ONE, confidence=SURE))
        answer = await self.client.ask("preview", asked)
        for _, _, _, last, _ in answer["decision"].get("marks", ()):
            return parse(Price, last)
        return None

    async def holdings(self) -> tuple[dict[str, Quantity], set[str]]:
        """Return what this agent owns, by instrument, and the instruments in which an order of its is under way."""
        rows = (await self.read("positions"))["positions"]
        owned = {row["instrument"]: parse(Quantity, row["quantity"]) for row in rows}
        return owned, {row["instrument"] for row in rows if (row["buying"], row["selling"]) != ("0", "0")}

    async def propose(self, idea: Idea) -> Mapping[str, Any]:
        """Propose an idea as a market order and return the guard's record: decision and what followed."""
        more = {"confidence": idea.confidence, "exit": idea.exit}
        intent = self.intent(idea.instrument, idea.side, idea.quantity, **more)
        return await self.submit(intent, thought=idea.why)

    async def submit(self, intent: OrderIntent, thought: str = "") -> Mapping[str, Any]:
        """Send an intent as it is; `thought` is free text that is kept beside the journal, not in it."""
        submit = c.Submit(intent=intent)
        body = {"command": submit, "text": thought} if thought else submit
        answer: Mapping[str, Any] = await self.client.ask("command", body)
        return answer

    def intent(self, instrument: str, side: Any, quantity: Quantity, **more: Any) -> OrderIntent:
        """Return a market order in this agent's name with a fresh id; `more` are other fields of an intent."""
        self._proposed += 1
        now = time.time_ns()
        return OrderIntent(
            **{
                "id": f"{self.name}-{now}-{self._proposed}",
                "agent": self.name,
                "connection": self.connection,
                "instrument": instrument,
                "side": side,
                "quantity": quantity,
                "created_at": now,
                "type": "market",
                **more,
            }
        )
