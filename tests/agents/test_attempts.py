"""The rogue's table of attempts: each has a name of its own and something that stops it."""

from __future__ import annotations

import re

import pytest

from remit.agents.attempts import AFTER, ATTEMPTS
from remit.agents.rogue import MARK, outcome_of
from remit.kernel.names import NAME_PATTERN
from remit.kernel.rules.table import BY_NAME

CODES = {
    "no_position", "not_authorised", "not_authenticated", "not_yours", "request_malformed", "unknown", "widens_stop",
}  # fmt: skip
MISBEHAVIOUR = {
    "agent_active", "approval_notional_min", "buying_power", "capability_enabled", "child_quantity_max",
    "confidence_min", "connection_granted", "duplicate_window", "environment_match", "exit_terms", "increments",
    "instrument_tradable", "instruments_blocked", "intent_id_unique", "order_notional_max", "order_quantity_max",
    "order_rate_max", "orders_open_max", "position_duplicate", "price_collar_bps", "reduce_proof",
    "refusals_in_row_max", "self_match", "short_allowed", "slippage_max_bps",
}  # fmt: skip


def test_every_attempt_has_a_name_of_its_own() -> None:
    labels = [attempt.label for attempt in ATTEMPTS]
    assert len(set(labels)) == len(labels)
    assert set(AFTER) <= set(ATTEMPTS)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.label)
def test_an_attempt_can_be_an_order_id_and_names_what_stops_it(attempt: object) -> None:
    label, stopped_by = attempt.label, attempt.stopped_by  # type: ignore[attr-defined]
    assert re.fullmatch(NAME_PATTERN, f"{MARK}{label.replace(' ', '-')}:1795235184757599666")
    assert stopped_by in ("", *BY_NAME, *CODES)


def test_the_rogue_runs_into_every_rule_that_it_should() -> None:
    assert {attempt.stopped_by for attempt in ATTEMPTS} == MISBEHAVIOUR | CODES | {""}


@pytest.mark.parametrize(
    ("answer", "verdict", "why"),
    [
        ({"events": [{"event": "took"}]}, "taken", ()),
        ({"events": [{"event": "refused", "code": "not_yours", "why": "x"}]}, "refused", ("not_yours",)),
        ({"events": [{"event": "repeated", "seq": 4}], "decision": None}, "repeated", ("intent_id_unique",)),
        ({"events": [], "decision": {"verdict": "deny", "findings": [{"rule": "a"}]}}, "deny", ("a",)),
        ({"events": [], "decision": {"verdict": "allow"}}, "allow", ()),
    ],
)
def test_outcome(answer: dict[str, object], verdict: str, why: tuple[str, ...]) -> None:
    assert outcome_of(answer) == (verdict, why)
