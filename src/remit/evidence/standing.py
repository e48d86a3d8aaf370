"""Who belongs to whom, as the state of the kernel knows it: what words about an entry need."""

from __future__ import annotations

from typing import cast

from remit.kernel.names import Side
from remit.kernel.state import State
from remit.reports.told import NOBODY, Placed, Whose


class Standing:
    """A `Book` over the state that the last entry left."""

    def __init__(self) -> None:
        self.state = State()

    def order(self, order: str) -> Placed | None:
        """An order that is in the book; one that was denied never was."""
        found = self.state.order(order)
        if found is None:
            return None
        whose = Whose(found.account, found.agent, found.client, found.connection, found.instrument, found.id)
        return Placed(whose, cast(Side, found.side), self.state.instruments[found.instrument].currency)

    def account_of(self, agent: str) -> str:
        """The account of an agent; empty where it is not known."""
        found = self.state.agents.get(agent)
        return "" if found is None else found.account

    def agent_of(self, client: str) -> str:
        """The agent that a client acts through."""
        found = self.state.clients.get(client)
        return "" if found is None else found.agent

    def holder(self, connection: str) -> str:
        """The account of a connection."""
        found = self.state.connections.get(connection)
        return "" if found is None else found.account

    def thing(self, kind: str, name: str) -> Whose:
        """Nobody: whom an exit, a halt or a token concerns is told by the entries that made it."""
        return NOBODY
