"""Findings and orders in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from remit.kernel.event import Finding
from remit.kernel.numbers import Money, Price, Quantity, parse
from remit.kernel.order import OrderIntent
from remit.reports.words import money, order_words, reason, reasons
from remit.up.words import alert_words, approve_command

CASES = [
    # rule, subject, limit, actual, unit, verdict, in words
    ("order_notional_max", "agent:rogue", "4000", "6111.555", "USD", "deny",
     "order_notional_max: 6,111.56 USD, limit 4,000 (agent rogue)"),
    ("approval_notional_min", "account:main", "2500", "3000.5", "USD", "hold",
     "approval_notional_min: 3,000.5 USD, from 2,500 (account main)"),
    ("confidence_min", "account:main", "0.6", "0.2", "ratio", "deny",
     "confidence_min: 0.2, at least 0.6 (account main)"),
    ("instruments_blocked", "firm", "GOOG", "GOOG", "names", "deny", "instruments_blocked: GOOG; limit GOOG (firm)"),
    ("agent_active", "agent:rogue", "none", "halt H-1-1 of firm", "names", "deny", "agent_active: halt H-1-1 of firm"),
    ("increments", "order", "none", "price 1.001 is no multiple of the tick 0.01", "fact", "deny",
     "increments: price 1.001 is no multiple of the tick 0.01"),
    ("self_match", "order", "none", "r1-7", "fact", "deny", "self_match: would trade with our own order r1-7"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "subject", "limit", "actual", "unit", "verdict", "words"), CASES)
def test_reason(rule: str, subject: str, limit: str, actual: str, unit: str, verdict: str, words: str) -> None:
    assert reason(Finding(rule, subject, limit, actual, unit, verdict)) == words  # type: ignore[arg-type]


def test_reasons_name_every_other_rule_once() -> None:
    one = Finding("order_notional_max", "firm", "1", "2", "USD")
    two = Finding("order_notional_max", "account:a", "1", "2", "USD")
    three = Finding("increments", "order", "none", "odd", "fact")
    assert reasons(()) == ""
    assert reasons((one, two, three)) == "order_notional_max: 2 USD, limit 1 (firm); also increments"


@pytest.mark.parametrize(
    ("number", "shown"),
    [("0", "0"), ("1234567.891", "1,234,567.89"), ("-0.001", "0"), ("-1500", "-1,500"), ("0.5", "0.50")],
)
def test_money(number: str, shown: str) -> None:
    assert money(parse(Money, number)) == shown


def test_order_words() -> None:
    intent = OrderIntent(
        id="a", agent="m", connection="c", instrument="AAPL", side="buy", quantity=parse(Quantity, "1.50"),
        created_at=1, limit_price=parse(Price, "10.10"),
    )  # fmt: skip
    assert order_words(intent) == "buy 1.5 AAPL at 10.1"


def test_a_command_can_be_typed_as_it_stands() -> None:
    assert approve_command(Path("/a folder"), "r1-7").startswith("REMIT_HOME='/a folder' ")
    assert approve_command(Path("/a folder"), "r1-7").endswith("remit approvals approve r1-7")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"alert":{"code":"halt_kill","subject":"firm","why":"drill"}}', "ALERT halt_kill firm: drill"),
        ('{"alert":{"code":"feed_quiet","subject":"","why":"AAPL"}}', "ALERT feed_quiet: AAPL"),
        ('{"alert":{"code":"woke","subject":"","why":"\\u001b[2J"}}', "ALERT woke: ?[2J"),
        ("remit guard: ready", ""),
    ],
)
def test_an_alert_is_told_in_words_that_steer_no_terminal(line: str, words: str) -> None:
    assert alert_words(line) == words
