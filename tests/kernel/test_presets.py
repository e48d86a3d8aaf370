"""The presets, value by value, against the table that people read."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from remit.kernel.codec import decode, encode, plain
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.names import MANDATE_SCOPES, Environment, Scope
from remit.kernel.presets import PRESETS, PresetRefused, compose

MINUTE, SECOND = 60, 1

EXPECTED: dict[str, dict[str, dict[str, Any]]] = {
    "starter": {
        "agent": {
            "order_notional_max": "100",
            "capital_max": "2000",
            "daily_loss_max": "500",
            "loss_cooldown": "review",
            "positions_max": 10,
            "position_duplicate": "blocked",
            "order_rate_max": {"count": 10, "per_s": MINUTE},
        },
        "account": {
            "daily_loss_max": "500",
            "loss_cooldown": "review",
            "confidence_min": "0.6",
            "orders_per_day_max": 50,
            "position_opposing": "blocked",
            "market_cooldown": 0,
            "price_collar_bps": 500,
            "mark_age_max": 10,
            "ai_spend_daily_max": "50",
        },
    },
    "prediction-desk": {
        "agent": {
            "daily_loss_max": "300",
            "loss_cooldown": 86_400,
            "positions_max": 20,
            "order_rate_max": {"count": 60, "per_s": MINUTE},
        },
        "account": {
            "order_notional_max": "1000",
            "market_exposure_max": "500",
            "category_exposure_max": "2000",
            "venue_exposure_max": "5000",
            "net_exposure_max": "10000",
            "daily_loss_max": "1000",
            "loss_cooldown": 86_400,
            "position_opposing": "blocked",
            "price_collar_bps": 500,
            "mark_age_max": 10,
        },
        "client": {"client_spend_daily_max": "5"},
    },
    "institutional": {
        "firm": {"instruments_blocked": ["BAD", "WORSE"]},
        "agent": {
            "daily_loss_max": "100000",
            "loss_cooldown": "review",
            "order_rate_max": {"count": 100, "per_s": SECOND},
        },
        "account": {
            "order_notional_max": "1000000",
            "quorum_notional_min": "500000.01",
            "approval_quorum": 1,
            "approval_expiry_s": 300,
            "market_exposure_max": "10000000",
            "capital_max": "50000000",
            "concentration_max_pct": 20,
            "daily_loss_max": "500000",
            "loss_cooldown": "review",
            "hours_active": ["XNYS"],
            "price_collar_bps": 300,
            "mark_age_max": 1,
        },
    },
}
LIVE_ONLY: dict[tuple[str, str], dict[str, Any]] = {
    ("starter", "account"): {"approval_notional_min": "50"},
    ("prediction-desk", "client"): {"approval_notional_min": "0"},
}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("scope", MANDATE_SCOPES)
@pytest.mark.parametrize("environment", get_args(Environment))
def test_every_value_is_exactly_the_table_s(preset: str, scope: Scope, environment: Environment) -> None:
    mandate = compose(preset, scope, environment, calendar="XNYS", blocked=("WORSE", "BAD"))
    expected = dict(EXPECTED[preset].get(scope, {}))
    if environment == "live":
        expected |= LIVE_ONLY.get((preset, scope), {})
    assert mandate == decode(Mandate, encode(expected))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("scope", MANDATE_SCOPES)
def test_a_composed_mandate_survives_its_own_text(preset: str, scope: Scope) -> None:
    mandate = compose(preset, scope, "live", calendar="XNYS", blocked=())
    again = decode(Mandate, encode(mandate))
    assert again == mandate
    assert all(type(getattr(again, field)) is type(getattr(mandate, field)) for field in mandate.__struct_fields__)


def test_a_scope_that_is_not_spoken_of_gets_an_explicit_empty_mandate() -> None:
    assert compose("starter", "firm", "live") is EMPTY
    assert compose("starter", "client", "live") is EMPTY


@pytest.mark.parametrize("scope", MANDATE_SCOPES)
@pytest.mark.parametrize(
    ("given", "missing"), [({}, "blocked"), ({"blocked": ()}, "calendar"), ({"calendar": "XNYS"}, "blocked")]
)
def test_institutional_never_becomes_always_or_nothing_blocked_in_silence(
    scope: Scope, given: Any, missing: str
) -> None:
    with pytest.raises(PresetRefused, match=f"needs {missing}") as refused:
        compose("institutional", scope, "live", **given)
    assert refused.value.code == "preset_incomplete"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("starting", "agent", "live"), "unknown_preset"),
        (("starter", "venue", "live"), "unknown_scope"),
        (("starter", "agent", "paper"), "unknown_environment"),
        (("starter", "agent", "LIVE"), "unknown_environment"),
    ],
)
def test_unknown_words_are_refused(arguments: Any, code: str) -> None:
    with pytest.raises(PresetRefused) as refused:
        compose(*arguments)
    assert refused.value.code == code
    assert refused.value.fix


def test_live_is_never_looser_than_training() -> None:
    for preset in PRESETS:
        for scope in MANDATE_SCOPES:
            training = plain(compose(preset, scope, "training", calendar="XNYS", blocked=()))
            live = plain(compose(preset, scope, "live", calendar="XNYS", blocked=()))
            assert training.items() <= live.items()
