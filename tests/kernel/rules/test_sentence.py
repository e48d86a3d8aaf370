"""Every rule of the table can be said, with a phrase for each fact that it reads."""

from __future__ import annotations

import re

import pytest
from tests.kernel.rules import sample

from remit.kernel.mandate import Mandate, Rate
from remit.kernel.numbers import SCALE, Money
from remit.kernel.rules.glossary import GLOSSARY
from remit.kernel.rules.rule import Rule
from remit.kernel.rules.sentence import phrase, sentence
from remit.kernel.rules.subset import check
from remit.kernel.rules.table import BY_NAME, RULES
from remit.kernel.rules.tree import paths


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_can_be_said(rule: Rule) -> None:
    limit = {"rate_within": Rate(count=10, per_s=60), "within": ("a",), "outside": ("a",), "covers": ("a",)}
    words = sentence(rule, None if rule.standing else limit.get(rule.relation.name, 7), "USD")
    assert re.fullmatch(r"For (an order|a reduction)[^{}]+\.", words), words


def test_the_glossary_speaks_of_nothing_that_no_rule_reads() -> None:
    assert set(GLOSSARY) == {str(path) for rule in RULES for path in paths(rule.tree)}


def test_sentences_read_like_this() -> None:
    limits = Mandate(market_exposure_max=Money(500 * SCALE), order_rate_max=Rate(count=10, per_s=60), mark_age_max=10)
    shown = [sentence(BY_NAME[name], getattr(limits, name), "USD") for name in (
        "market_exposure_max", "order_rate_max", "mark_age_max",
    )]
    assert shown == [
        "For an order that increases risk, counted per market: the larger of what the subject holds and has on order "
        "to buy plus what this order adds to that, and what the subject is short and has on order to sell plus what "
        "this order adds to that, must be at most 500 USD, unless the order does not raise it.",
        "For an order: the time at which its bucket of orders is empty less the time now must keep to 10 per 60 s.",
        "For an order that increases risk: the age of the mark or exchange rate must be at most 10 seconds.",
    ]


def test_a_fact_without_a_phrase_is_an_error() -> None:
    with pytest.raises(KeyError, match="order.worth"):
        phrase(check(sample.order_notional_max), {})
