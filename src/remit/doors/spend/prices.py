"""Prices of models, offline: what is not known has no price, and nothing is ever rounded down."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal, localcontext

from remit.doors.spend.errors import PriceUnknown
from remit.kernel.numbers import SCALE, Money

try:
    import genai_prices
except ImportError:  # the extra `doors`; without it no model has a price
    genai_prices = None  # type: ignore[assignment]

_EXACT = Context(prec=120, rounding=ROUND_CEILING)
TOKENS_MAX = 10**12
MTOK = 10**6


def cost_of(provider: str, model: str, input_tokens: int, output_tokens: int) -> Money | None:
    """Return what a call costs in US dollars, rounded up to 10^-18; None where its price is not known.

    Discounts for what a provider has cached are not taken: the answer is what it costs at most.
    """
    if genai_prices is None or not 0 <= input_tokens <= TOKENS_MAX or not 0 <= output_tokens <= TOKENS_MAX:
        return None
    usage = genai_prices.Usage(input_tokens=input_tokens, output_tokens=output_tokens)
    with localcontext(_EXACT):
        try:
            found = genai_prices.calc_price(usage, model, provider_id=provider)
        except (LookupError, ValueError, TypeError, ArithmeticError):
            return None
        priced = {"input_mtok": input_tokens, "output_mtok": output_tokens}
        if any(tokens and getattr(found.model_price, name, None) is None for name, tokens in priced.items()):
            return None
        return _money(found.total_price)


def cost_at(input_usd: Money, output_usd: Money, input_tokens: int, output_tokens: int) -> Money:
    """Return what a call costs at stated prices, in US dollars for a million tokens each, rounded up to 10^-18."""
    return Money(-(-(input_usd * input_tokens + output_usd * output_tokens) // MTOK))


def needed(cost: Money | None, provider: str, model: str) -> Money:
    """Return a cost that is known; PriceUnknown."""
    if cost is None:
        raise PriceUnknown(
            f"the price of {provider} {model} is not known",
            "Take a model that has one, or state its prices: input_usd_per_mtok and output_usd_per_mtok",
        )
    return cost


def _money(amount: Decimal) -> Money | None:
    if not amount.is_finite() or amount < 0:
        return None
    return Money(int((amount * SCALE).to_integral_value(rounding=ROUND_CEILING)))
