"""What is found is said in plain words: every rule has a sentence, every number its unit, a breach stays visible."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.kernel.event import Finding, HaltCause
from remit.kernel.halt_words import CAUSES, RULES, stopped_because
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import text
from remit.kernel.rules import table
from remit.kernel.rules.plainly import FOUND, HERE, PLAINLY, UNSET
from remit.kernel.rules.said import (
    finding_says,
    grouped,
    limit_says,
    plainly,
    span,
    subject_words,
    title,
    told_apart,
    with_unit,
)  # fmt: skip
from remit.kernel.rules.titles import TITLES

FIELDS = {field for group in PLAINLY.values() for field in group}


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ("4000", "USD", "4,000 USD"),
        ("6044.0412345", "USD", "6,044.05 USD"),
        ("-1553.26", "USD", "-1,553.26 USD"),
        ("0.000000000000000001", "quantity", "0.000000000000000001 units"),
        ("0.0000004", "quantity", "0.0000004 units"),
        ("0.001", "USD", "0.001 USD"),
        ("1", "quantity", "1 unit"),
        ("250", "bps", "250 bps (2.5 %)"),
        ("20", "pct", "20 %"),
        ("300", "seconds", "5 min"),
        ("90061.5", "seconds", "1 d 1 h"),
        ("0.25", "seconds", "0.25 s"),
        ("10 per 60 s", "rate", "10 a minute"),
        ("7 per 90 s", "rate", "7 in 1 min 30 s"),
        ("0.6", "ratio", "0.6"),
        ("10000", "count", "10,000"),
        ("missing", "bps", "not known"),
        ("AAPL, MSFT", "names", "AAPL, MSFT"),
        ("UTC@daily@00:00-24:00", "names", "UTC daily 00:00-24:00"),
    ],
)
def test_a_number_has_its_unit(value: str, unit: str, words: str) -> None:
    assert with_unit(value, unit) == words


def test_what_is_rounded_is_rounded_away_from_zero() -> None:
    assert (grouped("4000.001", 2), grouped("-4000.001", 2), grouped("1234567.5")) == (
        "4,000.01",
        "-4,000.01",
        "1,234,567.5",
    )
    assert (span(0), span(3600), span(86_399)) == ("0 s", "1 h", "23 h 59 min")


@pytest.mark.parametrize(
    ("limit", "actual", "unit", "words"),
    [
        ("500", "500.004", "USD", ("500 USD", "500.01 USD")),
        ("500", "499.999", "USD", ("500 USD", "499.999 USD")),
        ("0.6", "0.599999999", "ratio", ("0.6", "0.599999999")),
        ("0.000000001", "0.000000004", "quantity", ("0.000000001 units", "0.000000004 units")),
        ("5", "4.999999999999999999", "quantity", ("5 units", "4.999999999999999999 units")),
        ("30", "30.4", "seconds", ("30 s", "30.4 s")),
        ("100", "100.004", "bps", ("100 bps (1 %)", "100.01 bps (1.01 %)")),
        ("500", "500", "USD", ("500 USD", "500 USD")),
        ("AAPL", "MSFT", "names", ("AAPL", "MSFT")),
    ],
)
def test_two_numbers_that_differ_never_look_the_same(
    limit: str, actual: str, unit: str, words: tuple[str, str]
) -> None:
    assert told_apart(limit, actual, unit) == words


@given(st.integers(1, 10**24), st.integers(1, 10**24), st.sampled_from(["USD", "quantity", "bps", "pct", "seconds"]))
def test_whatever_they_are(one: int, other: int, unit: str) -> None:
    limit, actual = told_apart(text(one), text(other), unit)
    assert (limit == actual) == (one == other) and not actual.startswith("0 ")


def test_names_become_words() -> None:
    assert (title("daily_loss_max"), title("ai_spend_daily_max"), title("slippage_max_bps")) == (
        "daily loss", "AI spend a day", "largest slippage",
    )  # fmt: skip
    assert (subject_words("firm"), subject_words("agent:a:b")) == ("the firm", "agent a:b")
    halted = plainly("halt H-3 of agent:rogue (loss: daily_loss_max), halt H-4 of firm (kill), pause of account:main")
    assert halted == (
        "agent rogue is halted because it lost more today than it may (H-3), "
        "the firm is halted because a person killed it (H-4), a person paused account main"
    )
    assert plainly("cancel of order r1-2: kill of agent:rogue") == "cancel of order r1-2: kill of agent rogue"


@pytest.mark.parametrize("rule", [rule.name for rule in table.RULES])
def test_every_rule_has_a_sentence_of_its_own(rule: str) -> None:
    found = Finding(rule=rule, subject="agent:rogue", limit="4000", actual="6044.04", unit="USD")
    said = finding_says(found)
    assert said[0].isupper() and "{" not in said and not said.endswith(".") and rule not in said
    assert "(agent rogue)" in said and (rule in FOUND or rule in HERE)


def test_the_tables_name_only_what_there_is() -> None:
    rules = {rule.name for rule in table.RULES}
    assert FOUND.keys() | HERE.keys() <= rules and not FOUND.keys() & HERE.keys()
    assert UNSET.keys() <= FIELDS == set(Mandate.__struct_fields__)


def test_a_finding_says_what_is_asked_whose_it_is_and_what_it_is_here() -> None:
    worth = Finding(rule="order_notional_max", subject="agent:rogue", limit="4000", actual="6044.04", unit="USD")
    assert finding_says(worth) == "One order may open at most 4,000 USD (agent rogue); this one opens 6,044.04 USD"
    price = Finding(rule="price_collar_bps", subject="firm", limit="500", actual="missing", unit="bps")
    assert finding_says(price).endswith("(the firm); what it is here is not known")
    fact = Finding(rule="agent_active", subject="order", limit="none", actual="pause of agent:rogue", unit="names")
    assert finding_says(fact) == "It is stopped: a person paused agent rogue"
    own = Finding("agent_active", "agent:rogue", "none", "halt H-3 of agent:rogue (loss: daily_loss_max)", "names")
    assert finding_says(own) == "It is stopped: agent rogue is halted because it lost more today than it may (H-3)"
    assert limit_says("order_rate_max", "5 per 60 s", "rate") == "Orders come no faster than 5 a minute"


def test_every_cause_of_a_halt_has_words() -> None:
    assert set(HaltCause.__args__) == CAUSES.keys()  # type: ignore[attr-defined]  # a Literal
    assert stopped_because("loss", "daily_loss_max") == RULES["daily_loss_max"]
    assert (stopped_because("loss", "capital_max"), stopped_because("new_cause", "")) == (CAUSES["loss"], "new cause")


def test_every_rule_and_every_field_of_a_mandate_has_a_title_of_its_own() -> None:
    named = {rule.name for rule in table.RULES} | {*Mandate.__struct_fields__, "expires_at"}
    assert TITLES.keys() == named
    assert len({*TITLES.values()}) == len(TITLES), "two that are called alike cannot be told apart in a list"
    assert all(title == title.strip(" .") and "_" not in title for title in TITLES.values())
    assert title("mark_age_max") == "oldest price" and title("sent_at") == "sent at"
