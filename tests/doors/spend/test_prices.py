"""Prices: exact, never rounded down, and none where nobody knows one."""

from __future__ import annotations

from fractions import Fraction

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.doors.spend.errors import PriceUnknown
from remit.doors.spend.prices import cost_at, cost_of, needed
from remit.kernel.numbers import SCALE, Money, parse


def test_a_known_model_has_an_exact_price() -> None:
    assert cost_of("openai", "gpt-4o", 1_000, 100) == parse(Money, "0.0035")
    assert cost_of("openai", "gpt-4o", 0, 0) == 0


@pytest.mark.parametrize(
    ("provider", "model", "tokens"),
    [
        ("openai", "gpt-none", (1, 1)),
        ("nobody", "gpt-4o", (1, 1)),
        ("openai", "text-embedding-3-small", (1, 1)),
        ("openai", "gpt-4o", (-1, 1)),
        ("openai", "gpt-4o", (1, 10**13)),
    ],
)
def test_what_is_not_known_has_no_price(provider: str, model: str, tokens: tuple[int, int]) -> None:
    found = cost_of(provider, model, *tokens)
    assert found is None
    with pytest.raises(PriceUnknown):
        needed(found, provider, model)


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_more_tokens_never_cost_less_and_nothing_is_rounded_down(one: int, other: int) -> None:
    usage = genai_prices.Usage(input_tokens=one, output_tokens=other)
    exact = Fraction(genai_prices.calc_price(usage, "gpt-4o-mini", provider_id="openai").total_price)
    cost = cost_of("openai", "gpt-4o-mini", one, other)
    assert cost is not None and 0 <= Fraction(cost, SCALE) - exact < Fraction(1, SCALE)
    more = cost_of("openai", "gpt-4o-mini", one + 1, other + 1)
    assert more is not None and more > cost


@given(st.integers(0, 10**24), st.integers(0, 10**24), st.integers(0, 10**9), st.integers(0, 10**9))
def test_stated_prices_are_for_a_million_tokens(input_usd: int, output_usd: int, one: int, other: int) -> None:
    exact = Fraction(input_usd * one + output_usd * other, 10**6)
    assert 0 <= cost_at(Money(input_usd), Money(output_usd), one, other) - exact < 1
