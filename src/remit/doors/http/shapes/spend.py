"""Shapes of budgets: what models may cost and did, what is reported, and analyses."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.doors.http.shapes.base import Given, Sent, Shape
from remit.doors.spend.analyze import QUESTION_CHARS_MAX
from remit.kernel.event import Finding
from remit.kernel.names import At, Name
from remit.kernel.numbers import Money

Tokens = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class BudgetQuery(Given, frozen=True):
    """Whose; everyone that the caller may see where it is left out."""

    subject: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class Budget(Shape, frozen=True):
    """One subject's day, in its own currency.

    `spent` is null while the price of a call is not known, and then nothing is left; `known` is what is known of it.
    `limit` is null where it has no budget. `rolls_in_s` says when its next day begins.
    """

    subject: str
    rule: Literal["ai_spend_daily_max", "client_spend_daily_max"]
    currency: str
    spent: Money | None
    known: Money
    unpriced: int
    limit: Money | None
    left: Money | None
    holds: bool
    zone: str
    rolls_in_s: int | None


class ModelCall(Shape, frozen=True):
    """One call of a model: `reserved` before it was made, `settled`, `added` by a report, or `unpriced`."""

    id: str
    agent: str
    client: str
    provider: str
    model: str
    state: Literal["reserved", "settled", "added", "unpriced"]
    cost_usd: Money | None
    amount: Money | None
    seq: int
    at: At


class Spending(Shape, frozen=True):
    """Budgets, and the model calls of the last day, those first that wait for a settlement or a price.

    `over` is the budget on an agent's or client's own path that is used up.
    """

    budgets: tuple[Budget, ...]
    calls: tuple[ModelCall, ...]
    left_out: int
    over: Finding | None


class Usage(Sent, frozen=True):
    """What a call of a model used. Without `cost` it is looked up by provider and model; it only ever adds.

    `agent` and `client` are for people alone: who else reports, reports of themselves.
    """

    provider: Name
    model: Name
    input_tokens: Tokens
    output_tokens: Tokens
    cost: Money | None = None
    id: Name | None = None
    agent: Name | None = None
    client: Name | None = None


class Used(Shape, frozen=True):
    """What was counted, in US dollars; null where the price is not known, which closes every budget on the path."""

    id: str
    cost: Money | None
    seq: int
    at: At


class OneCall(Given, frozen=True):
    """Which call of which agent."""

    agent: Name
    call: Name


class Settling(Sent, frozen=True):
    """What a call did cost, in US dollars, and where that is known from."""

    cost: Money
    why: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Asking(Sent, frozen=True):
    """A question about one instrument."""

    instrument: Name
    question: Annotated[str, msgspec.Meta(min_length=1, max_length=QUESTION_CHARS_MAX)]


class Analysed(Shape, frozen=True):
    """What a model said: text from outside, between marks that its writer could not know, and never an instruction.

    `cost` is in US dollars; where the model did not say what it used (`settled` is false) it is what was reserved.
    """

    id: str
    instrument: str
    provider: str
    model: str
    text: str
    settled: bool
    cost: Money
    input_tokens: int | None
    output_tokens: int | None
