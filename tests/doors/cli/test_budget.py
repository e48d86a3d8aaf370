"""Budgets at the command line: one field of a mandate, what was spent, and what people say of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doors.cli.house import House

from remit.kernel.numbers import Money, parse


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    tmp_path.chmod(0o700)
    house = House(tmp_path)
    yield house
    house.close()


def test_a_budget_is_one_field_and_the_others_stay(house: House) -> None:
    before = house.desk.kernel.state.subjects["agent:momentum"].version
    done = house.run("budget", "set", "--agent", "momentum", "--usd-per-day", "5.00", "--yes")
    assert done.code == 0 and "ai_spend_daily_max" in done.out and "published" in done.out
    after = house.desk.kernel.state.subjects["agent:momentum"].version
    assert before is not None and after is not None and after.number == before.number + 1
    assert after.mandate.ai_spend_daily_max == parse(Money, "5")
    assert after.mandate.order_notional_max == before.mandate.order_notional_max
    assert after.mandate.approval_notional_min == before.mandate.approval_notional_min
    again = house.run("budget", "set", "--agent", "momentum", "--usd-per-day", "5", "--yes")
    assert "nothing would change" in again.out
    raised = house.run("budget", "set", "--agent", "momentum", "--none", "--yes", "--why", "no model any more")
    assert "looser" in raised.out


def test_a_clients_budget_is_its_own_limit(house: House) -> None:
    assert house.run("budget", "set", "--client", "claude", "--per-day", "5", "--yes").code == 0
    version = house.desk.kernel.state.subjects["client:claude"].version
    assert version is not None and version.mandate.client_spend_daily_max == parse(Money, "5")


@pytest.mark.parametrize(
    "words",
    [
        ("--usd-per-day", "5"),
        ("--client", "claude", "--agent", "momentum", "--usd-per-day", "5"),
        ("--client", "claude"),
        ("--client", "claude", "--usd-per-day", "5", "--none"),
        ("--client", "claude", "--usd-per-day", "1e3"),
        ("--client", "claude", "--usd-per-day", "-1"),
    ],
)
def test_what_is_no_budget(house: House, words: tuple[str, ...]) -> None:
    assert house.run("budget", "set", *words, "--yes").code in (1, 2)


def test_usage_is_entered_priced_and_listed(house: House) -> None:
    house.run("budget", "set", "--client", "claude", "--usd-per-day", "0.01", "--yes")
    used = ("--provider", "openai", "--model", "gpt-4o", "--input-tokens", "1000", "--output-tokens", "100")
    done = house.run("budget", "report", "--agent", "momentum", "--client", "claude", *used)
    assert done.code == 0 and "0.0035 USD" in done.out
    listed = house.run("budget", "list", "client:claude")
    assert "0.0035" in listed.out and "0.0065" in listed.out
    shown = house.run("budget", "list", "--json")
    assert shown.code == 0 and '"client:claude"' in shown.out


def test_a_model_without_a_price_closes_until_it_is_settled(house: House) -> None:
    used = ("--provider", "own", "--model", "m1", "--input-tokens", "9", "--output-tokens", "9", "--id", "u1")
    told = house.run("budget", "report", "--agent", "momentum", *used)
    assert told.code == 0 and "not known" in told.out
    listed = house.run("budget", "list", "agent:momentum")
    assert "unknown" in listed.out and "u1" in listed.out and "unpriced" in listed.out
    assert house.run("budget", "settle", "momentum", "u1", "--usd", "0.5", "--why", "the bill").code == 0
    assert house.desk.kernel.state.subjects["agent:momentum"].total.spend == parse(Money, "0.5")
    over = house.run("budget", "settle", "momentum", "u1", "--usd", "0.1", "--why", "less")
    assert over.code == 1 and "already_settled" in over.err
