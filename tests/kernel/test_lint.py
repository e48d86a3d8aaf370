"""What lint finds, as a table: mandates on a path, and the notes (code, subject, fields) they must give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.kernel.codec import build
from remit.kernel.lint import Known, Level, Note, lint
from remit.kernel.lint.lint import CHECKS
from remit.kernel.mandate import Mandate
from remit.kernel.names import MANDATE_SCOPES, Scope
from remit.kernel.numbers import Money, parse
from remit.kernel.presets import PRESETS, compose

NAMES: dict[str, str] = {"firm": "firm", "account": "account:desk", "agent": "agent:momentum", "client": "client:chat"}


def path(currencies: dict[str, str] | None = None, **mandates: dict[str, Any]) -> list[Level]:
    """Levels in the order of scopes; every scope not spoken of has the empty mandate."""
    return [
        Level(NAMES[scope], build(Mandate, mandates.get(scope, {})), (currencies or {}).get(scope, "USD"))
        for scope in MANDATE_SCOPES
    ]


def brief(notes: list[Note]) -> set[tuple[str, str, tuple[str, ...]]]:
    return {(note.code, note.subject, note.fields) for note in notes}


def rate(count: int, per_s: int) -> dict[str, int]:
    return {"count": count, "per_s": per_s}


DESK, AGENT = "account:desk", "agent:momentum"

# (what is set, what must be found, and nothing else)
TABLE: list[tuple[str, dict[str, dict[str, Any]], set[tuple[str, str, tuple[str, ...]]]]] = [
    ("nothing set", {}, set()),
    ("an order cap under every cap", {"account": {"order_notional_max": "10", "market_exposure_max": "10"}}, set()),
    ("an order cap above its market cap", {"account": {"order_notional_max": "11", "market_exposure_max": "10"}},
     {("never_binds", DESK, ("order_notional_max", "market_exposure_max"))}),
    ("an order cap above an agent's capital", {"account": {"order_notional_max": "11"}, "agent": {"capital_max": "10"}},
     {("never_binds", DESK, ("order_notional_max", "capital_max"))}),
    ("a market cap above the category's", {"account": {"market_exposure_max": "11", "category_exposure_max": "10"}},
     {("never_binds", DESK, ("market_exposure_max", "category_exposure_max"))}),
    ("an agent's category cap says nothing about the account's market cap",
     {"account": {"market_exposure_max": "11"}, "agent": {"category_exposure_max": "10"}}, set()),
    ("a firm's category cap above the account's market cap",
     {"firm": {"category_exposure_max": "10"}, "account": {"market_exposure_max": "11"}},
     {("never_binds", DESK, ("market_exposure_max", "category_exposure_max"))}),
    ("net above gross", {"account": {"net_exposure_max": "11", "gross_exposure_max": "10"}},
     {("never_binds", DESK, ("net_exposure_max", "gross_exposure_max"))}),
    ("more orders in one market a day than in all a day",
     {"account": {"market_orders_per_day_max": 6, "orders_per_day_max": 5}},
     {("never_binds", DESK, ("market_orders_per_day_max", "orders_per_day_max"))}),
    ("an agent looser than its account", {"account": {"order_quantity_max": "5"}, "agent": {"order_quantity_max": "6"}},
     {("never_binds", AGENT, ("order_quantity_max", "order_quantity_max"))}),
    ("an agent as strict as its account", {"account": {"positions_max": 5}, "agent": {"positions_max": 5}}, set()),
    ("an agent's cooldown shorter than its account's",
     {"account": {"market_cooldown": 60}, "agent": {"market_cooldown": 30}},
     {("never_binds", AGENT, ("market_cooldown", "market_cooldown"))}),
    ("an agent's loss above its account's", {"account": {"daily_loss_max": "500"}, "agent": {"daily_loss_max": "501"}},
     {("never_binds", AGENT, ("daily_loss_max", "daily_loss_max"))}),
    ("positions times market is the whole net cap",
     {"agent": {"positions_max": 20}, "account": {"market_exposure_max": "500", "net_exposure_max": "10000"}},
     {("never_binds", DESK, ("net_exposure_max", "positions_max", "market_exposure_max"))}),
    ("positions times market is less than the gross cap",
     {"account": {"positions_max": 3, "market_exposure_max": "500", "gross_exposure_max": "10000"}},
     {("never_binds", DESK, ("gross_exposure_max", "positions_max", "market_exposure_max"))}),
    ("positions times market is more than the net cap",
     {"account": {"positions_max": 21, "market_exposure_max": "500", "net_exposure_max": "10000"}}, set()),
    ("concentration at the leverage", {"account": {"leverage_max": "0.2", "concentration_max_pct": 20}},
     {("never_binds", DESK, ("concentration_max_pct", "leverage_max"))}),
    ("concentration under the leverage", {"account": {"leverage_max": "0.2", "concentration_max_pct": 19}}, set()),
    ("too few positions to reach the leverage",
     {"account": {"leverage_max": "2", "concentration_max_pct": 20, "positions_max": 10}},
     {("never_binds", DESK, ("leverage_max", "concentration_max_pct", "positions_max"))}),
    ("no orders a day", {"agent": {"orders_per_day_max": 0}}, {("allows_nothing", AGENT, ("orders_per_day_max",))}),
    ("refused before the first refusal", {"agent": {"refusals_in_row_max": 0}},
     {("allows_nothing", AGENT, ("refusals_in_row_max",))}),
    ("a mark may have no age", {"account": {"mark_age_max": 0}}, {("allows_nothing", DESK, ("mark_age_max",))}),
    ("no loss at all", {"agent": {"daily_loss_max": "0"}}, {("allows_nothing", AGENT, ("daily_loss_max",))}),
    ("no AI at all", {"agent": {"ai_spend_daily_max": "0"}}, {("allows_nothing", AGENT, ("ai_spend_daily_max",))}),
    ("a client's budget above its agent's",
     {"agent": {"ai_spend_daily_max": "5"}, "client": {"client_spend_daily_max": "6"}},
     {("never_binds", "client:chat", ("client_spend_daily_max", "ai_spend_daily_max"))}),
    ("an agent's budget above its account's",
     {"account": {"ai_spend_daily_max": "5"}, "agent": {"ai_spend_daily_max": "6"}},
     {("never_binds", AGENT, ("ai_spend_daily_max", "ai_spend_daily_max"))}),
    ("a cooldown of nothing", {"account": {"market_cooldown": 0}}, {("never_binds", DESK, ("market_cooldown",))}),
    ("approval above the order cap",
     {"account": {"approval_notional_min": "101"}, "agent": {"order_notional_max": "100"}},
     {("never_asks", DESK, ("approval_notional_min", "order_notional_max"))}),
    ("approval at the order cap asks for the largest order",
     {"account": {"approval_notional_min": "100", "order_notional_max": "100"}}, set()),
    ("approval of everything", {"client": {"approval_notional_min": "0"}},
     {("always_asks", "client:chat", ("approval_notional_min",))}),
    ("quorum below approval",
     {"account": {"approval_notional_min": "100", "quorum_notional_min": "50", "approval_quorum": 1}},
     {("never_binds", DESK, ("approval_notional_min", "quorum_notional_min"))}),
    ("quorum above approval",
     {"account": {"approval_notional_min": "50", "quorum_notional_min": "100", "approval_quorum": 1}}, set()),
    ("quorum above the order cap",
     {"account": {"order_notional_max": "99", "quorum_notional_min": "100", "approval_quorum": 1}},
     {("never_asks", DESK, ("quorum_notional_min", "order_notional_max"))}),
    ("a collar looser than slippage", {"account": {"price_collar_bps": 500}, "agent": {"slippage_max_bps": 50}},
     {("know_this", DESK, ("price_collar_bps", "slippage_max_bps"))}),
    ("a collar tighter than slippage", {"account": {"price_collar_bps": 50, "slippage_max_bps": 500}},
     {("never_binds", DESK, ("slippage_max_bps", "price_collar_bps"))}),
    ("an empty allow-list", {"agent": {"venues_allowed": []}}, {("allows_nothing", AGENT, ("venues_allowed",))}),
    ("allow-lists with nothing in common",
     {"firm": {"categories_allowed": ["politics"]}, "agent": {"categories_allowed": ["sports"]}},
     {("allows_nothing", AGENT, ("categories_allowed",))}),
    ("allow-lists with something in common",
     {"firm": {"categories_allowed": ["politics", "sports"]}, "agent": {"categories_allowed": ["sports"]}}, set()),
    ("an allow-list wholly blocked from above",
     {"firm": {"instruments_blocked": ["A", "B", "C"]}, "agent": {"instruments_allowed": ["A", "B"]}},
     {("allows_nothing", AGENT, ("instruments_allowed", "instruments_blocked"))}),
    ("an allow-list partly blocked",
     {"firm": {"instruments_blocked": ["A"]}, "agent": {"instruments_allowed": ["A", "B"]}}, set()),
    ("a calendar nobody gave", {"account": {"hours_active": ["XLON", "XNYS"]}},
     {("unknown_name", DESK, ("hours_active",))}),
    ("a calendar that was given", {"account": {"hours_active": ["XNYS"]}}, set()),
    ("hours without a calendar", {"account": {"hours_active": []}}, {("never_binds", DESK, ("hours_active",))}),
    ("an asset class that does not exist", {"account": {"asset_classes_allowed": ["prediction", "stocks"]}},
     {("unknown_name", DESK, ("asset_classes_allowed",))}),
    ("a payout cap where no prediction is allowed",
     {"account": {"asset_classes_allowed": ["equity"]}, "agent": {"payout_max": "5"}},
     {("never_binds", AGENT, ("payout_max", "asset_classes_allowed"))}),
    ("a locate for shorts that are blocked", {"account": {"short_allowed": "blocked", "locate_required": "required"}},
     {("never_binds", DESK, ("locate_required", "short_allowed"))}),
    ("a locate waived for shorts that are blocked",
     {"account": {"short_allowed": "blocked", "locate_required": "waived"}}, set()),
    ("slippage where only limits are allowed", {"account": {"order_types_allowed": ["limit"], "slippage_max_bps": 5}},
     {("never_binds", DESK, ("slippage_max_bps", "order_types_allowed"))}),
    ("a confidence for an account with persons", {"account": {"confidence_min": "0.6"}},
     {("know_this", DESK, ("confidence_min",))}),
    ("a confidence of an agent", {"agent": {"confidence_min": "0.6"}}, set()),
    ("a confidence nobody has", {"agent": {"confidence_min": "60"}}, {("allows_nothing", AGENT, ("confidence_min",))}),
    ("more orders than messages", {"agent": {"order_rate_max": rate(61, 60), "message_rate_max": rate(1, 1)}},
     {("never_binds", AGENT, ("order_rate_max", "message_rate_max"))}),
    ("fewer orders than messages in the long run, more in a burst",
     {"agent": {"order_rate_max": rate(50, 60), "message_rate_max": rate(1, 1)}}, set()),
    ("an agent faster than its account",
     {"account": {"order_rate_max": rate(1, 1)}, "agent": {"order_rate_max": rate(2, 1)}},
     {("never_binds", AGENT, ("order_rate_max", "order_rate_max"))}),
    ("more orders a day than the rate lets out",
     {"account": {"order_rate_max": rate(1, 3600), "orders_per_day_max": 25}},
     {("never_binds", DESK, ("orders_per_day_max", "order_rate_max"))}),
    ("an agent's rate says nothing about its account's day",
     {"account": {"orders_per_day_max": 25}, "agent": {"order_rate_max": rate(1, 3600)}}, set()),
    ("a cooldown after losses nobody limits",
     {"account": {"loss_cooldown": "review"}, "agent": {"daily_loss_max": "5"}},
     {("never_binds", DESK, ("loss_cooldown",))}),
]


@pytest.mark.parametrize(("mandates", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_table(mandates: dict[str, dict[str, Any]], expected: set[tuple[str, str, tuple[str, ...]]]) -> None:
    assert brief(lint(path(**mandates), known=Known(calendars=("XNYS",)))) == expected


def test_every_check_is_in_the_table() -> None:
    """Each check finds something in at least one row above."""
    for check in CHECKS:
        found = [note for _, mandates, _ in TABLE for note in check(path(**mandates), Known(calendars=("XNYS",)))]
        assert found, check.__name__


def test_amounts_of_different_currencies_are_not_compared() -> None:
    mandates = {"account": {"order_notional_max": "11"}, "agent": {"capital_max": "10", "order_notional_max": "12"}}
    assert not lint(path({"account": "JPY"}, account=mandates["account"], agent={"capital_max": "10"}))
    assert len(lint(path(**mandates))) == 3


def test_the_smallest_order_decides_whether_an_approval_always_asks() -> None:
    levels = path(account={"approval_notional_min": "5"})
    assert not lint(levels, known=Known(smallest_order=parse(Money, "4.99")))
    assert brief(lint(levels, known=Known(smallest_order=parse(Money, "5")))) == {
        ("always_asks", DESK, ("approval_notional_min",))
    }


def test_a_note_says_numbers_and_what_to_do() -> None:
    (found,) = lint(path(account={"order_notional_max": "1000", "market_exposure_max": "500"}))
    assert found == Note(
        weight="warning", code="never_binds", subject=DESK,
        fields=("order_notional_max", "market_exposure_max"), numbers=("1000", "500"),
        sentence="order_notional_max of account:desk (1000) can never bind from a flat book: "
                 "market_exposure_max of account:desk (500) stops an opening order first.",
        fix="Lower order_notional_max to 500 or less, or raise market_exposure_max.",
    )


def preset_path(preset: str, environment: Any) -> list[Level]:
    given: dict[str, Any] = {"calendar": "XNYS", "blocked": ()}
    scopes: tuple[Scope, ...] = MANDATE_SCOPES
    return [Level(NAMES[scope], compose(preset, scope, environment, **given), "USD") for scope in scopes]


PRESET_NOTES = {
    "starter": {
        ("know_this", DESK, ("confidence_min",)),
        ("never_binds", DESK, ("market_cooldown",)),
    },
    "prediction-desk": {
        ("never_binds", DESK, ("order_notional_max", "market_exposure_max")),
        ("never_binds", DESK, ("net_exposure_max", "positions_max", "market_exposure_max")),
        ("always_asks", "client:chat", ("approval_notional_min",)),
    },
    "institutional": set(),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_known_of_the_presets(preset: str) -> None:
    notes = lint(preset_path(preset, "live"), preset=True)
    assert brief(notes) == PRESET_NOTES[preset]
    assert {note.weight for note in notes} <= {"note"}


AMOUNTS = st.sampled_from(["0", "1", "50", "99.5", "1000"])
COUNTS = st.integers(0, 60)
FIELDS = st.fixed_dictionaries({}, optional={
    **dict.fromkeys(("order_notional_max", "market_exposure_max", "net_exposure_max", "gross_exposure_max",
                     "capital_max", "daily_loss_max", "approval_notional_min", "leverage_max",
                     "confidence_min"), AMOUNTS),
    **dict.fromkeys(("positions_max", "orders_per_day_max", "market_cooldown", "price_collar_bps", "slippage_max_bps",
                     "concentration_max_pct"), COUNTS),
    "order_rate_max": st.builds(rate, st.integers(1, 9), st.integers(1, 9)),
    "message_rate_max": st.builds(rate, st.integers(1, 9), st.integers(1, 9)),
})


@given(FIELDS, FIELDS, FIELDS)
def test_every_note_can_be_read_and_names_limits_that_are_set(firm: Any, account: Any, agent: Any) -> None:
    levels = path(firm=firm, account=account, agent=agent)
    notes = lint(levels)
    assert len(set(notes)) == len(notes)
    mandates = {level.subject: level.mandate for level in levels}
    for found in notes:
        assert getattr(mandates[found.subject], found.fields[0]) is not None
        assert len(found.fields) == len(found.numbers)
        assert all(any(getattr(mandate, field) is not None for mandate in mandates.values()) for field in found.fields)
        assert found.sentence.endswith(".") and found.fix.endswith(".") and "None" not in found.sentence


@given(FIELDS, FIELDS)
def test_a_preset_gives_the_same_notes_and_no_warning(account: Any, agent: Any) -> None:
    levels = path(account=account, agent=agent)
    own, preset = lint(levels), lint(levels, preset=True)
    assert [note.sentence for note in own] == [note.sentence for note in preset]
    assert all(note.weight == "note" for note in preset)
