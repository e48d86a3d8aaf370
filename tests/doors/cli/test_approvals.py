"""Approvals and preapprovals at the command line: what is shown, what is asked, and what is not decided by itself."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.doors.cli.house import House
from tests.guard.desk import ANN, BOB, CLAUDE, MANDATE, MOMENTUM, REVERSION

from remit.doors.cli import answering
from remit.kernel import command as c
from remit.kernel.instrument import Instrument
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import NANOSECONDS, Money, Price, Quantity, parse
from remit.kernel.presets import PREDICTION_DESK


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    tmp_path.chmod(0o700)
    house = House(tmp_path)
    yield house
    house.close()


def money(text: str) -> Money:
    return parse(Money, text)


# list, show


def test_the_worst_number_comes_first(house: House) -> None:
    order = house.desk.submit(MOMENTUM, "15")
    listed = house.run("approvals", "list", who="bob").out
    assert listed.split()[:4] == ["worth", "currency", "worst", "price"]
    shown = house.run("approvals", "show", order, who="bob").out.splitlines()
    assert shown[0] == "worth up to 1500 USD, at worst 100 each"
    assert shown[1] == "  with it 1500 USD are left of market_exposure_max 3000 of AAPL (agent:momentum, 50 % used)"
    assert shown[2] == "  the market moved 0 bps against it, 100 to 100, no limit"
    asks = "  A person must approve each order that opens 1,500 USD or more (agent momentum); this one opens 1,500 USD."
    assert shown[-2] == asks
    assert shown[-1].startswith("    approval_notional_min of agent:momentum: For an order that increases risk")


def test_a_client_and_an_old_mark_are_told(house: House) -> None:
    house.desk.do(ANN, c.SetMandate(subject="firm", mandate=Mandate(approval_drift_max_bps=25), why="x"))
    order = house.desk.submit(CLAUDE, "15")
    house.desk.at += 20 * NANOSECONDS
    out = house.run("approvals", "show", order, who="bob").out
    assert "asked for by its client claude" in out
    assert "the market moved 0 bps against it, 100 to 100, limit 25; that mark is old" in out


def test_what_is_not_held_is_not_shown(house: House) -> None:
    found = house.run("approvals", "show", "abcd-1", who="bob")
    assert found.code == 1 and "not_held" in found.err


# several at once


def test_several_are_approved_in_bulk_where_a_mandate_allows_it(house: House) -> None:
    orders = [house.desk.submit(by, "15") for by in (MOMENTUM, CLAUDE)]
    refused = house.run("approvals", "approve", *orders, "--yes", who="bob")
    assert refused.code == 1 and "bulk_not_allowed" in refused.err
    limits = msgspec.structs.replace(MANDATE, bulk_approval_max=money("1500"))
    house.desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=limits, why="together"))
    for order in orders:
        house.desk.do(MOMENTUM, c.Cancel(order=order))
    orders = [house.desk.submit(by, "15") for by in (MOMENTUM, CLAUDE)]
    done = house.run("approvals", "approve", *orders, "--yes", who="bob")
    assert done.code == 0 and done.out.count("allowed and on its way") == 2


@pytest.mark.parametrize("words", [("a-1", "a-1"), ("a-1", "a-2", "--digest", "0" * 12)])
def test_what_is_no_way_to_approve_several(house: House, words: tuple[str, ...]) -> None:
    assert house.run("approvals", "approve", *words, who="bob").code == 2


# watch


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits there; a real one is in test_approvals_terminal.py."""
    monkeypatch.setattr(answering, "is_terminal", lambda: True)


@pytest.mark.usefixtures("terminal")
def test_each_held_order_is_asked_about_once_the_largest_first(house: House) -> None:
    house.desk.do(ANN, c.SetMandate(subject="agent:reversion", mandate=MANDATE, why="ask"))
    small, large = house.desk.submit(MOMENTUM, "15"), house.desk.submit(REVERSION, "16")
    found = house.run("approvals", "watch", "--once", who="bob", given="perhaps\nskip\na\n")
    assert found.code == 0
    assert found.out.index("worth up to 1600 USD") < found.out.index("worth up to 1500 USD")
    assert "and 1 order after it" in found.out
    assert f"{small}: allowed and on its way" in found.out
    assert found.out.endswith("stopped; 1 order still held\n")
    assert [row["order"] for row in house.desk.see(BOB, "approvals")] == [large]


@pytest.mark.usefixtures("terminal")
def test_declining_asks_why(house: House) -> None:
    order = house.desk.submit(MOMENTUM, "15")
    found = house.run("approvals", "watch", "--once", who="bob", given="d\ntoo late\n")
    assert f"{order}: declined" in found.out and found.out.endswith("stopped; nothing waits\n")
    assert house.desk.see(ANN, "order", order=order)["life"][-1]["details"]["why"] == "too late"


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("given", ["q\n", "", "d\n", "nonsense\n"])
def test_nothing_is_decided_but_by_an_answer(house: House, given: str) -> None:
    """Quitting, an end of the input, an answer that is none, a reason that is not given."""
    order = house.desk.submit(MOMENTUM, "15")
    found = house.run("approvals", "watch", "--once", who="bob", given=given)
    assert found.code == 0 and "1 order still held" in found.out
    assert [row["order"] for row in house.desk.see(BOB, "approvals")] == [order]


@pytest.mark.usefixtures("terminal")
def test_a_refusal_is_told_and_the_next_order_is_asked_about(house: House) -> None:
    quorum = Mandate(quorum_notional_min=money("1"), approval_quorum=1)
    house.desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=quorum, why="others"))
    house.desk.submit(MOMENTUM, "15")
    house.desk.submit(CLAUDE, "14")
    found = house.run("approvals", "watch", "--once", who="ann", given="a\ns\n")
    assert "own_lineage" in found.out and "yours does not count" in found.out
    assert "worth up to 1400 USD" in found.out and found.code == 0


def test_without_a_terminal_nobody_is_asked(house: House) -> None:
    house.desk.submit(MOMENTUM, "15")
    found = house.run("approvals", "watch", "--once", who="bob", given="a\n")
    assert found.code == 2 and "not_confirmed" in found.err
    assert len(house.desk.see(BOB, "approvals")) == 1


def test_in_json_each_is_told_and_nothing_is_asked(house: House) -> None:
    order = house.desk.submit(MOMENTUM, "15")
    found = house.run("approvals", "watch", "--once", "--json", who="bob")
    assert (found.code, found.json["order"]) == (0, order)
    assert len(house.desk.see(BOB, "approvals")) == 1


# ahead of time


def test_a_preapproval_is_given_used_listed_and_revoked(house: House) -> None:
    given = house.run(
        "preapproval", "add", "--agent", "momentum", "--instrument", "AAPL", "--max", "1600", "--total", "3000",
        "--for", "8h", "--why", "today", "--id", "p1", "--yes", who="bob",
    )  # fmt: skip
    assert given.code == 0
    assert given.out.startswith("momentum may open AAPL, each order worth at most 1600, without asking\n")
    order = house.run("order", "submit", "AAPL", "buy", "15", "--limit", "100", who="momentum")
    assert order.code == 0 and "by preapproval p1, 1500 of it used" in order.out
    listed = house.run("preapproval", "list", who="bob").out
    assert "1500" in listed and "in_force" in listed
    assert house.run("preapproval", "revoke", "p1", "--why", "enough", who="bob").code == 0
    assert "nothing is preapproved" in house.run("preapproval", "list").out
    assert house.run("preapproval", "list", "--all", "--json").json[0]["ended_why"] == "enough"
    assert house.run("order", "submit", "AAPL", "buy", "15", "--limit", "100", who="momentum").code == 4


def test_a_preapproval_takes_a_yes_and_a_person(house: House) -> None:
    words = ("preapproval", "add", "--agent", "momentum", "--instrument", "AAPL", "--max", "9", "--for", "1h",
             "--why", "x")  # fmt: skip
    unasked = house.run(*words, who="bob")
    assert unasked.code == 2 and "not_confirmed" in unasked.err
    for who in ("momentum", "claude", "eve"):
        assert house.run(*words, "--yes", who=who).code == 1
    assert house.desk.see(ANN, "preapprovals", all=True) == []
    assert house.run(*words[:-4], "--for", "forever", "--why", "x", "--yes").code == 2


def test_a_preapproval_for_nobody_is_refused_before_it_is_summed_up(house: House) -> None:
    found = house.run("preapproval", "add", "--agent", "momentun", "--instrument", "AAPL", "--max", "9", "--for", "1h",
                      "--why", "x")  # fmt: skip
    assert found.code == 1 and found.err.startswith("unknown: agent momentun is not known")
    assert "remit agent list" in found.err and "without asking" not in found.out + found.err


def test_the_example_of_the_preset_can_be_given_as_it_stands(house: House) -> None:
    rain = Instrument(
        name="RAIN-YES", kind="prediction", venue="paper", currency="USD", category="politics", market="RAIN",
        outcome="yes", tick=parse(Price, "0.01"), lot=parse(Quantity, "1"),
    )  # fmt: skip
    house.desk.do(ANN, c.AddInstrument(instrument=rain))
    words = shlex.split(PREDICTION_DESK.example.replace("AGENT", "momentum"))
    assert words[0] == "remit"
    assert house.run(*words[1:], "--yes").code == 0
    (row,) = house.desk.see(ANN, "preapprovals")
    assert (row["agent"], row["categories"], row["notional_max"]) == ("momentum", ["politics"], "100")
    assert 29 * 86_400 < row["expires_in_s"] < 31 * 86_400
