"""Which order is whose, as the records at hand say: what words about an entry need."""

from __future__ import annotations

from remit.kernel import command as c
from remit.kernel.event import Record
from remit.reports.told import NOBODY, Placed, Whose


class Standing:
    """A `Book` of what these records say and of nothing else: whoever holds them alone finds the same words again."""

    def __init__(self) -> None:
        self._orders: dict[str, Placed] = {}
        self._currencies: dict[str, str] = {}

    def hear(self, record: Record) -> None:
        """Take note of an order that was asked for, or of an instrument."""
        body, decision = record.command.body, record.decision
        if isinstance(body, c.AddInstrument):
            self._currencies[body.instrument.name] = body.instrument.currency
        if isinstance(body, c.Submit) and decision is not None:
            intent = body.intent
            whose = Whose("", intent.agent, body.client, intent.connection, intent.instrument, decision.order)
            self._orders[decision.order] = Placed(whose, intent.side, self._currencies.get(intent.instrument, ""))

    def order(self, order: str) -> Placed | None:
        """An order whose asking is among the records, a denied one too."""
        return self._orders.get(order)

    def account_of(self, agent: str) -> str:
        """Nobody's: a line of evidence names no account beside what its record names."""
        return ""

    def agent_of(self, client: str) -> str:
        """Nobody: the same."""
        return ""

    def currency_of(self, subject: str) -> str:
        """Unknown: whose currency it is, an account says, and no record of it has to be here."""
        return ""

    def holder(self, connection: str) -> str:
        """Nobody: the same."""
        return ""

    def thing(self, kind: str, name: str) -> Whose:
        """Nobody: the same."""
        return NOBODY
