"""The view of rules: every field of a mandate once, in words, with what it takes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.guard.desk import ANN, CLAUDE, EVE, FEED, MOMENTUM, Desk

from remit.kernel.codec import build
from remit.kernel.mandate import Mandate
from remit.kernel.rules.plainly import PLAINLY
from remit.kernel.rules.table import BY_NAME, RULES

EXAMPLES = {
    "money": "100", "quantity": "100", "ratio": "0.6", "rate": {"count": 10, "per_s": 60}, "zone": "America/New_York",
}  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return list(Desk().see(ANN, "rules"))


def test_each_field_of_a_mandate_and_each_fact_is_told_once(rows: list[dict[str, Any]]) -> None:
    told = [row["rule"] for row in rows if row["kind"] != "fact"]
    assert sorted(told) == sorted(Mandate.__struct_fields__)
    assert [row["rule"] for row in rows if row["kind"] == "fact"] == [rule.name for rule in RULES if rule.standing]
    assert {row["rule"] for row in rows if row["kind"] == "limit"} == {rule.name for rule in RULES if not rule.standing}


def test_what_is_not_set_counts_or_says_what_holds(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        said = row["unset"]
        assert bool(said) == (row["kind"] != "fact" and row["default"] is None), row["rule"]
        assert "{" not in said and (not said or said.endswith("."))
    by_name = {row["rule"]: row for row in rows}
    assert by_name["approval_expiry_s"]["default"] == 300
    assert "older than 1 h" in by_name["mark_age_max"]["unset"]
    assert "100 bps (1 %)" in by_name["slippage_max_bps"]["unset"]


def test_each_plain_sentence_has_one_place_for_the_limit() -> None:
    for says in (says for group in PLAINLY.values() for says in group.values()):
        assert says.count("{limit}") == 1 and re.fullmatch(r"[A-Z][^{}]*\{limit\}[^{}]*\.", says), says
        assert len(says) <= 110, says


def test_what_a_field_says_it_takes_it_takes(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["kind"] == "fact":
            continue
        value: Any = EXAMPLES.get(row["input"])
        if row["input"] in ("whole", "wait"):
            value = row["high"]
        elif row["input"] == "names":
            value = row["choices"][:1] or ["A"]
        given = {row["rule"]: value or row["choices"][0]}
        if row["together"]:
            given[row["together"]] = 1 if row["rule"] == "quorum_notional_min" else "100"
        assert build(Mandate, given), row
        for word in row["choices"]:
            assert build(Mandate, {row["rule"]: [word] if row["input"] == "names" else word})


def test_a_whole_number_beyond_its_bounds_is_refused(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["input"] in ("whole", "wait") and not row["together"]:
            for beyond in (row["low"] - 1, row["high"] + 1):
                with pytest.raises(ValueError, match="int"):
                    build(Mandate, {row["rule"]: beyond})


def test_where_a_rule_binds_is_what_the_rule_says(rows: list[dict[str, Any]]) -> None:
    scopes = {row["rule"]: row["scopes"] for row in rows}
    assert scopes["client_spend_daily_max"] == ["client"]
    assert all(scopes[rule.name] == list(rule.scopes) for rule in BY_NAME.values() if not rule.standing)


def test_everybody_may_read_them(rows: list[dict[str, Any]]) -> None:
    for by in (MOMENTUM, CLAUDE, EVE, FEED):
        assert Desk().see(by, "rules") == rows
