"""Visible: whose rows a reader may see. Everything, or what belongs to named accounts, agents or clients."""

from __future__ import annotations

from typing import NamedTuple


class Visible(NamedTuple):
    """Whose rows come out. A row is seen where its account, its agent or its client is one of those named; what
    belongs to nobody in particular is seen by those who see everything."""

    everything: bool = False
    accounts: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    clients: frozenset[str] = frozenset()

    def where(self) -> tuple[str, list[str]]:
        """Return an SQL condition and its parameters; every table of the read model has the three columns."""
        if self.everything:
            return "1", []
        parts: list[str] = []
        values: list[str] = []
        for column, names in (("account", self.accounts), ("agent", self.agents), ("client", self.clients)):
            if names:
                parts.append(f"{column} IN ({', '.join('?' * len(names))})")
                values += sorted(names)
        return (f"({' OR '.join(parts)})", values) if parts else ("0", [])

    def sees(self, account: str, agent: str, client: str) -> bool:
        """Whether one row is seen: the same condition, for rows in hand."""
        return self.everything or account in self.accounts or agent in self.agents or client in self.clients


EVERYTHING = Visible(everything=True)
