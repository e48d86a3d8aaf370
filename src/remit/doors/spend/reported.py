"""What a call of a model used, as every door tells the guard of it."""

from __future__ import annotations

from typing import Protocol

from remit.doors.spend.prices import cost_of
from remit.kernel.command import ReportSpend
from remit.kernel.numbers import Money


class Usage(Protocol):
    """What somebody said that a call used; `cost` is None where it is to be looked up."""

    @property
    def provider(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def cost(self) -> Money | None: ...


def reported(used: Usage, id: str, *, agent: str = "", client: str = "") -> ReportSpend:
    """Return the command that counts it, priced here where its cost was not said; without a price, as one of unknown
    price."""
    cost = used.cost
    if cost is None:
        cost = cost_of(used.provider, used.model, used.input_tokens, used.output_tokens)
    return ReportSpend(
        id=id, provider=used.provider, model=used.model, input_tokens=used.input_tokens,
        output_tokens=used.output_tokens, cost=cost, agent=agent, client=client,
    )  # fmt: skip
