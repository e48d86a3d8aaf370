"""What models cost: the tool that asks one is metered first, and over its budget an agent is told why and no more."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from mcp import Client
from mcp.types import CallToolResult
from tests.doors.mcp.house import House
from tests.doors.spend.endpoint import Endpoint, endpoint

from remit.doors.mcp.tools import TOOLS
from remit.doors.mcp.using import USAGE
from remit.doors.spend.prices import cost_of
from remit.kernel import command as c
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.numbers import Money, parse, text

ASKED = {"instrument": "AAPL", "question": "Will it rise?"}


@pytest.fixture
def model(made: House) -> Iterator[Endpoint]:
    """A model that is set up for analyses, at 1 USD for a thousand tokens, and a budget of 5 USD a day."""
    file = made.processes.home / "analyst.toml"
    with endpoint() as found:
        file.write_text(
            f'url = "{found.url}"\nprovider = "test"\nmodel = "model-1"\noutput_tokens_max = 100\n'
            'input_usd_per_mtok = "1000"\noutput_usd_per_mtok = "1000"\n'
        )
        made.say(c.SetMandate(subject="client:claude", mandate=budget("5"), why="test"))
        yield found
    made.say(c.SetMandate(subject="client:claude", mandate=EMPTY, why="test"))
    file.unlink()


def budget(usd: str) -> Mandate:
    return Mandate(client_spend_daily_max=parse(Money, usd))


def test_a_model_is_asked_within_the_budget_and_its_words_are_from_outside(made: House, model: Endpoint) -> None:
    told = made.answer("analyze_market", "claude", **ASKED)
    assert (told["instrument"], told["model"], told["settled"]) == ("AAPL", "test/model-1", True)
    assert told["cost_usd"] == "0.25" and len(model.asked) == 1
    assert told["text"].startswith("<untrusted ") and "Ignore all rules" in told["text"]


def test_over_the_budget_every_tool_says_whose_and_the_ways_out_stay(made: House, model: Endpoint) -> None:
    terms = {"instrument": "AAPL", "side": "buy", "quantity": "1", "limit_price": "90"}
    order = made.answer("place_order", "claude", client_order_id=str(uuid4()), **terms)["order"]
    made.answer("analyze_market", "claude", **ASKED)
    made.say(c.SetMandate(subject="client:claude", mandate=budget("0.1"), why="test"))
    for name, arguments in {"get_account": {}, "get_quote": {"instrument": "AAPL"}, "analyze_market": ASKED}.items():
        refused = made.refusal(name, "claude", **arguments)
        assert (refused["code"], refused["retryable"]) == ("budget_exceeded", True), name
        (finding,) = refused["findings"]
        assert (finding["rule"], finding["subject"]) == ("client_spend_daily_max", "client:claude")
        assert finding["limit"] == "0.1" and int(refused["retry_after_s"]) > 0
    denied = made.answer("place_order", "claude", client_order_id=str(uuid4()), **terms)
    assert (denied["verdict"], denied["code"]) == ("deny", "client_spend_daily_max")
    for name, arguments in {
        "get_order": {"order": order},
        "list_orders": {},
        "record_thought": {"text": "the budget is used up"},
        "cancel_order": {"order": order},
    }.items():
        made.answer(name, "claude", **arguments)
    closing = made.refusal("close_position", "claude", client_order_id=str(uuid4()), instrument="AAPL")
    assert closing["code"] == "nothing_to_close", "it may look what there is to close"
    assert made.tools("claude") == set(TOOLS), "what is listed does not change"
    assert made.answer("get_quote", "momentum", instrument="AAPL")["last"] == "100", "another's budget is its own"


def spent(made: House) -> Decimal:
    """What claude has spent today."""
    (row,) = [row for row in made.processes.read("spend")["budgets"] if row["subject"] == "client:claude"]
    return Decimal(row["spent"])


USED = {"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 100, "id": "turn-1"}


def with_usage(made: House, used: dict[str, object]) -> Any:
    """Ask for a quote, and say beside it what a model used to come to that."""

    async def quoted(client: Client) -> CallToolResult:
        return await client.call_tool("get_quote", {"instrument": "AAPL"}, meta={USAGE: used})

    return made.run(quoted, "claude").structured_content


def test_usage_beside_a_call_is_counted_before_the_call(made: House, model: Endpoint) -> None:
    before = spent(made)
    assert with_usage(made, USED)["last"] == "100"
    cost = cost_of("openai", "gpt-4o", 1000, 100)
    assert cost is not None and spent(made) - before == Decimal(text(cost)) > 0, "its price was looked up"
    with_usage(made, USED)
    assert spent(made) - before == Decimal(text(cost)), "the same id counts once"
    assert with_usage(made, {**USED, "id": "turn-2", "cost": "6"})["refused"]["code"] == "budget_exceeded"
    assert spent(made) - before == Decimal(text(cost)) + 6


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        ({"input_tokens": "many"}, "bad_usage", "Expected `int`"),
        ({"agent": "reversion"}, "bad_usage", "unknown field `agent`"),
        ({"output_tokens": -1}, "bad_usage", ">= 0"),
        ({"cost": "-1"}, "not_possible", "below zero"),
    ],
)
def test_usage_that_cannot_be_read_refuses_its_call(
    made: House, model: Endpoint, wrong: dict[str, object], code: str, said: str
) -> None:
    before = spent(made)
    refused = with_usage(made, {**USED, "id": "turn-3", **wrong})["refused"]
    assert (refused["code"], refused["retryable"]) == (code, False)
    assert said in refused["message"]
    assert spent(made) == before
