"""Replays small enough to work out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.replay.cases import DAYS, free, order, replayed, under

from remit.kernel.codec import encode
from remit.kernel.numbers import Money, parse, text
from remit.replay.desk import Conduct
from remit.replay.errors import ReplayRefused
from remit.replay.listing import Purse
from remit.replay.mandates import from_preset
from remit.replay.outcome import ALLOWED, Counts, Outcome, Result
from remit.replay.run import Settings

BUY_AND_SELL = [order(7, "buy", "10"), order(8, "sell", "4")]


def result(outcome: Outcome) -> tuple[str, str, str, str]:
    """P&L as ordered and under the mandate, worst drawdown of both, of the only currency."""
    (total,) = outcome.totals
    found = total.result
    return text(found.pnl_ordered), text(found.pnl_mandate), text(found.drawdown_ordered), text(found.drawdown_mandate)


def verdicts(outcome: Outcome) -> list[str]:
    return [verdict.verdict for verdict in outcome.verdicts]


def findings(outcome: Outcome, index: int) -> list[tuple[str, str, str, str, str]]:
    found = outcome.verdicts[index].findings
    return [(one.rule, one.subject, one.limit, one.actual, one.unit) for one in found]


def test_a_purchase_and_a_sale(tmp_path: Path) -> None:
    # Buys 10 at 100, sells 4 at 120, holds 6 at 95: -1000 + 480 + 570 = 50.
    # On the way 110 (+100), 80 (-200: a fall of 300), 105, 120 (+200), 90 (+20: a fall of 180), 95.
    outcome = replayed(tmp_path, BUY_AND_SELL, free())
    assert verdicts(outcome) == ["allow", "allow"]
    assert result(outcome) == ("50", "50", "300", "300")
    (account,) = outcome.accounts
    assert (account.name, account.agents, account.currency) == ("run-1", ("bot",), "USD")
    assert (text(account.cash), text(account.cash_needed)) == ("10000", "1000")
    assert [verdict.state for verdict in outcome.verdicts] == ["filled", "filled"]


def test_half_the_spread_is_paid_each_time(tmp_path: Path) -> None:
    # 200 bps: buys 10 at 101, sells 4 at 118.8, the other 6 are valued at the price itself: -1010 + 475.2 + 570.
    outcome = replayed(tmp_path, BUY_AND_SELL, free(spread_bps=200))
    assert result(outcome)[:2] == ("35.2", "35.2")


def test_a_denial_says_by_which_numbers(tmp_path: Path) -> None:
    # At the worst price, 1 % above 100, ten are worth 1010. What was never bought cannot be sold.
    outcome = replayed(tmp_path, BUY_AND_SELL, Settings(under({"order_notional_max": "500"})))
    assert verdicts(outcome) == ["deny", "deny"]
    assert findings(outcome, 0) == [("order_notional_max", "account:run-1", "500", "1010", "USD")]
    assert [finding[0] for finding in findings(outcome, 1)] == ["reduce_proof"]
    assert result(outcome) == ("50", "0", "300", "0")


def test_a_sale_is_cut_down_to_what_the_mandate_let_in(tmp_path: Path) -> None:
    # Ordered: 10 bought at 100, 8 sold at 120, 2 held at 95. Mandate: 4 bought, and those 4 sold at 120.
    rows = [order(7, "buy", "4"), order(7, "buy", "6"), order(8, "sell", "8")]
    outcome = replayed(tmp_path, rows, Settings(under({"order_quantity_max": "5"})))
    assert verdicts(outcome) == ["allow", "deny", "allow"]
    assert result(outcome)[:2] == ("150", "80")


def test_a_sale_of_what_was_never_held_is_a_short(tmp_path: Path) -> None:
    # Sold at 100, then 110 (-100), 80 (+200), 105, 120 (-200: a fall of 400), 90, 95 (+50).
    outcome = replayed(tmp_path, [order(7, "sell", "10")], free())
    assert (verdicts(outcome), result(outcome)) == (["allow"], ("50", "50", "400", "400"))


def test_a_loss_halts_and_only_a_person_resumes(tmp_path: Path) -> None:
    # Ten bought at 100 fall to 80 within the day: a loss of 200 against 150.
    rows = [order(7, "buy", "10"), order(8, "buy", "1"), order(9, "sell", "10")]
    limits = {"daily_loss_max": "150"}
    stays = replayed(tmp_path, rows, Settings(under(limits)))
    assert verdicts(stays) == ["allow", "deny", "allow"]
    assert [finding[0] for finding in findings(stays, 1)] == ["agent_active"]
    assert stays.totals[0].counts == Counts(orders=3, allowed=2, held=0, denied=1, invalid=0, halts=1)
    assert [(line.rule, line.counts.halts) for line in stays.rules if line.counts.halts] == [("daily_loss_max", 1)]
    ends = replayed(tmp_path, rows, Settings(under(limits), conduct=Conduct(resume="next-session")))
    assert verdicts(ends) == ["allow", "allow", "allow"]
    assert (ends.header.resumed, ends.header.resumes_refused) == (2, 0)
    # Eleven fall from 120 to 90 on the second day, 180 below where it began: a second halt, resumed on the third.
    assert ends.totals[0].counts.halts == 2


@pytest.mark.parametrize(("holds", "state", "pnl"), [("expire", "lapsed", "0"), ("approve", "filled", "-50")])
def test_a_hold_lapses_or_is_approved(tmp_path: Path, holds: Any, state: str, pnl: str) -> None:
    limits = {"approval_notional_min": "500", "quorum_notional_min": "900", "approval_quorum": 2}
    settings = Settings(under(limits), conduct=Conduct(holds=holds))
    outcome = replayed(tmp_path, [order(7, "buy", "10")], settings)
    (verdict,) = outcome.verdicts
    assert (verdict.verdict, verdict.state, result(outcome)[1]) == ("hold", state, pnl)
    assert {finding.rule for finding in verdict.findings} == {"approval_notional_min", "quorum_notional_min"}
    assert outcome.totals[0].counts.held == 1


def test_bad_rows_are_verdicts_and_stop_nothing(tmp_path: Path) -> None:
    rows = [
        "no json", order(7, "buy", "0"), order(7, "buy", None), order(7, "hold", "1"),
        order(7, "buy", "1", instrument="XYZ"), order(7, "buy", "1", category="junk"), order(7, "buy", "10"),
        order(7, "buy", "1", category="cn_equity"), {"quantity": float("nan")},
    ]  # fmt: skip
    outcome = replayed(tmp_path, rows, free())
    assert [verdict.index for verdict in outcome.verdicts] == list(range(9))
    assert verdicts(outcome) == ["invalid"] * 4 + ["deny", "invalid", "allow", "invalid", "invalid"]
    assert findings(outcome, 1) == [("input", "quantity", "a decimal number above zero", "0", "field")]
    assert findings(outcome, 4)[0][0] == "instrument_tradable" and "XYZ" in findings(outcome, 4)[0][3]
    assert findings(outcome, 5)[0][1] == findings(outcome, 7)[0][1] == "category"
    assert outcome.header.unlisted == ("XYZ",) and outcome.header.refused == (("unknown_instrument", 1),)
    assert text(outcome.totals[-1].result.pnl_ordered) == "-50"
    assert sum(line.counts.invalid for line in outcome.accounts) == 7


def test_a_limit_without_its_field_is_told_once_and_can_be_lifted(tmp_path: Path) -> None:
    rows = [*BUY_AND_SELL, order(8, "buy", "1", confidence="0.9")]
    limits = {"confidence_min": "0.6"}
    outcome = replayed(tmp_path, rows, Settings(under(limits)))
    assert verdicts(outcome) == ["deny", "deny", "allow"]
    (unmet,) = outcome.unmet
    assert (unmet.rule, unmet.orders, unmet.lift) == ("confidence_min", 2, "confidence_min")
    assert dict(outcome.header.lacking) == {"confidence": 2, "price_seen": 3}
    lifted = replayed(tmp_path, rows, Settings(under(limits, lift=["confidence_min"])))
    assert (verdicts(lifted), lifted.unmet) == (["allow"] * 3, ())


def test_a_preset_judges(tmp_path: Path) -> None:
    outcome = replayed(tmp_path, BUY_AND_SELL, Settings(from_preset("starter", ["confidence_min"])))
    assert findings(outcome, 0) == [("order_notional_max", "agent:bot@run-1", "100", "1010", "USD")]


def test_hours_come_from_the_bars_where_a_preset_needs_them(tmp_path: Path) -> None:
    opens = [f"2025-01-0{day}T{hour}:00:00Z" for day in (6, 7) for hour in (14, 15, 16)]
    hourly = "".join(f"{at},ABC,100,100,100,100,9\n" for at in opens)
    rows = [order(7, "buy", "1", ts=f"2025-01-07T{at}:00Z") for at in ("13:59", "14:00", "16:59", "17:00")]
    outcome = replayed(tmp_path, rows, Settings(from_preset("institutional", [])), hourly)
    assert outcome.header.calendars == ("bars-USD",)
    hours = ["hours_active" in {finding.rule for finding in verdict.findings} for verdict in outcome.verdicts]
    assert hours == [True, False, False, True]


def test_nothing_of_a_bar_is_known_before_it_happened(tmp_path: Path) -> None:
    rows = [order(7, "buy", "1", ts="2025-01-07T23:59:59Z"), order(7, "buy", "1", ts="2025-01-05T00:00:00Z")]
    outcome = replayed(tmp_path, rows, free())
    assert verdicts(outcome) == ["allow", "deny"]
    assert "mark_fresh" in {finding[0] for finding in findings(outcome, 1)}
    assert result(outcome)[0] == "-5"  # bought at the open, 100, and worth 95
    assert (outcome.header.prices.between, outcome.header.prices.unpriced) == (1, 1)
    assert outcome.header.refused == (("no_price", 1),)


def test_orders_go_in_time_order_and_verdicts_in_the_files(tmp_path: Path) -> None:
    outcome = replayed(tmp_path, [BUY_AND_SELL[1], BUY_AND_SELL[0]], free())
    assert [verdict.index for verdict in outcome.verdicts] == [0, 1]
    assert (verdicts(outcome), result(outcome)[0]) == (["allow", "allow"], "50")
    assert outcome.verdicts[0].order_id > outcome.verdicts[1].order_id  # type: ignore[operator]


def test_a_limit_order_waits_for_its_price_until_the_day_ends(tmp_path: Path) -> None:
    rows = [order(7, "buy", "1", limit_price="90"), order(7, "buy", "1", limit_price="70")]
    outcome = replayed(tmp_path, rows, free())
    assert [verdict.state for verdict in outcome.verdicts] == ["filled", "expired"]
    assert result(outcome)[:2] == ("5", "5")  # bought at 90 on the way to 80, worth 95


@pytest.mark.parametrize(("by", "accounts"), [("run", ["one", "two"]), ("agent", ["bot"])])
def test_an_account_is_a_run_or_an_agent(tmp_path: Path, by: Any, accounts: list[str]) -> None:
    rows = [order(7, "buy", "1", run="one"), order(7, "buy", "1", run="two")]
    outcome = replayed(tmp_path, rows, free(by=by))
    assert [account.name for account in outcome.accounts] == accounts
    assert result(outcome)[:2] == ("-10", "-10")


def test_currencies_never_mix(tmp_path: Path) -> None:
    text_of_bars = DAYS.replace("ABC", "600.SH") + DAYS.replace("ABC", "BTC-USDT")
    ordered_bars = "".join(sorted(text_of_bars.splitlines(keepends=True)))
    rows = [
        order(7, "buy", "100", instrument="600.SH", category="cn_equity"),
        order(7, "buy", "0.125", instrument="BTC-USDT", category="crypto"),
        order(7, "buy", "0", instrument="BTC-USDT", category="crypto"),
    ]
    outcome = replayed(tmp_path, rows, free(by="agent"), ordered_bars)
    assert [(line.name, line.currency, text(line.cash)) for line in outcome.accounts] == [
        ("bot/CNY", "CNY", "100000"), ("bot/USDT", "USDT", "50000")]  # fmt: skip
    assert [line.counts.invalid for line in outcome.accounts] == [0, 1]
    assert [text(total.result.pnl_mandate) for total in outcome.totals] == ["-500", "-0.625"]


def test_cash_limits_the_mandates_lane_alone(tmp_path: Path) -> None:
    outcome = replayed(tmp_path, BUY_AND_SELL, free(purse=Purse(parse(Money, "900"), "USD")))
    assert verdicts(outcome) == ["deny", "deny"]
    assert "buying_power" in {finding[0] for finding in findings(outcome, 0)}
    assert result(outcome)[:2] == ("50", "0")
    with pytest.raises(ReplayRefused, match="currency_unused"):
        replayed(tmp_path, BUY_AND_SELL, free(purse=Purse(parse(Money, "900"), "EUR")))


def test_another_category_needs_cash_and_currency(tmp_path: Path) -> None:
    rows = [order(7, "buy", "1", category=None)]
    assert verdicts(replayed(tmp_path, rows, free())) == ["invalid"]
    assert verdicts(replayed(tmp_path, rows, free(purse=Purse(parse(Money, "900"), "EUR")))) == ["allow"]


def test_a_subject_without_a_mandate_is_denied(tmp_path: Path) -> None:
    outcome = replayed(tmp_path, BUY_AND_SELL, Settings(under()._replace(find=lambda of: None)))
    assert findings(outcome, 0)[0][0] == "mandate_present"


def test_a_mandate_that_cannot_bind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReplayRefused, match="position_duplicate"):
        replayed(tmp_path, BUY_AND_SELL, Settings(under({"position_duplicate": "blocked"}, scope="firm")))


def test_what_is_counted_adds_up(tmp_path: Path) -> None:
    rows = [*BUY_AND_SELL, order(7, "buy", "0"), order(8, "buy", "2"), order(9, "sell", "8")]
    outcome = replayed(tmp_path, rows, Settings(under({"order_quantity_max": "5"})))
    assert_adds_up(outcome)
    assert {line.rule for line in outcome.rules} == {"order_quantity_max", "input", "reduce_proof", ALLOWED}


def assert_adds_up(outcome: Outcome) -> None:
    """Verdicts, accounts, rules and totals tell the same orders and the same money."""
    for total in outcome.totals:
        for kind in ("accounts", "rules"):
            lines = [line for line in getattr(outcome, kind) if line.currency == total.currency]
            for name in Counts.__struct_fields__:
                if name != "halts" or kind == "rules":
                    summed = sum(getattr(line.counts, name) for line in lines)
                    assert summed == getattr(total.counts, name), (kind, name)
            for name in ("pnl_ordered", "pnl_mandate"):
                apart = sum(getattr(line.result, name) for line in lines) - getattr(total.result, name)
                assert abs(apart) <= len(lines), (kind, name)  # each is rounded once, at 10^-18
    assert sum(total.counts.orders for total in outcome.totals) == len(outcome.verdicts) == outcome.header.replayed
    assert all(isinstance(total.result, Result) for total in outcome.totals)


def test_two_replays_are_equal_to_the_byte(tmp_path: Path) -> None:
    limits = {"daily_loss_max": "150", "approval_notional_min": "50"}
    settings = Settings(under(limits), conduct=Conduct("approve", "next-session"))
    rows = [*BUY_AND_SELL, order(9, "buy", "1"), "junk"]
    assert encode(replayed(tmp_path, rows, settings)) == encode(replayed(tmp_path, rows, settings))


def test_a_replay_that_is_stopped_tells_what_it_reached(tmp_path: Path) -> None:
    rows = [*BUY_AND_SELL, order(9, "buy", "1")]
    seen: list[int] = []
    outcome = replayed(
        tmp_path, rows, free(), progress=lambda done, all: seen.append(done), stopping=lambda: bool(seen and seen[-1])
    )
    assert (outcome.header.orders, outcome.header.replayed) == (3, 1)
    assert verdicts(outcome) == ["allow"]
