"""Views of what is watched while orders live: who sees drifts, levels and prices that are not to be trusted."""

from __future__ import annotations

import pytest
from tests.guard.desk import ANN, BOB, CLAUDE, FEED, MOMENTUM, REVERSION, Desk

from remit.guard.views import NotAllowed, Unknown
from remit.kernel import command as c
from remit.kernel.names import GUARD
from remit.kernel.numbers import Money, Quantity, parse


@pytest.fixture
def desk() -> Desk:
    return Desk()


def shows(desk: Desk, quantity: str, cash: str) -> None:
    """Let a round bring so much AAPL and USD, long after anything was in transit."""
    desk.at += 300 * 10**9
    held = (c.Holding(instrument="AAPL", quantity=parse(Quantity, quantity)),) if quantity != "0" else ()
    usd = (("USD", parse(Money, cash)),)
    desk.do(GUARD, c.Reconciled(connection="paper1", positions=held, cash=usd, orders=()))


def test_a_connection_tells_its_last_round_and_its_whole_tolerance(desk: Desk) -> None:
    (row,) = desk.see(BOB, "drifts")
    assert (row["connection"], row["drifts"], row["kept"], row["unknown"], row["silent"]) == ("paper1", [], [], [], 0)
    assert row["age_s"] == 1 and row["tolerance"]["rounds"] == 3
    with pytest.raises(Unknown):
        desk.see(BOB, "drifts", connection="nowhere")
    with pytest.raises(NotAllowed):
        desk.see(MOMENTUM, "drifts")


def test_small_differences_are_watched_and_large_ones_say_so_where_readiness_is_asked(desk: Desk) -> None:
    shows(desk, "0", "99999.5")
    (drift,) = desk.see(ANN, "drifts")[0]["drifts"]
    assert (drift["kind"], drift["item"], drift["difference"], drift["bucket"]) == ("cash", "USD", "-0.5", "small")
    assert desk.see(ANN, "connections")[0]["ready"]
    shows(desk, "0", "90000")
    row = desk.see(ANN, "connections")[0]
    assert (row["ready"], row["why"]) == (False, "book and venue differ: remit reconcile show paper1")
    checks = {check["check"]: check["well"] for check in desk.see(ANN, "health")["checks"]}
    assert not checks["reconciled"] and not checks["halts"] and checks["prices"] and checks["exits"]


def test_rounds_without_an_answer_are_counted(desk: Desk) -> None:
    for _ in range(3):
        desk.do(GUARD, c.NoData(connection="paper1", why="the page was empty"))
    row = desk.see(ANN, "drifts")[0]
    assert (row["silent"], row["ready"], row["why"]) == (3, False, "3 rounds without an account of it")


def test_an_order_nobody_knows_of_is_named(desk: Desk) -> None:
    order = desk.submit(MOMENTUM, "5")
    desk.do(GUARD, c.Sent(order=order))
    desk.do(GUARD, c.Lost(order=order, why="no reply"))
    (unknown,) = desk.see(ANN, "drifts")[0]["unknown"]
    assert (unknown["order"], unknown["age_s"]) == (order, 0)


def test_levels_are_shown_to_whom_they_concern(desk: Desk) -> None:
    desk.fill(desk.submit(MOMENTUM, "14"), "14", "100")
    desk.mark("94")
    near = {"subject": "agent:momentum", "rule": "daily_loss_max", "per": "total", "of": "", "level": "near"}
    assert near in desk.see(ANN, "levels") and near in desk.see(MOMENTUM, "levels")
    assert desk.see(REVERSION, "levels") == [] and desk.see(CLAUDE, "levels") == []


def test_a_price_that_is_held_back_is_known_to_everybody(desk: Desk) -> None:
    desk.mark("150")
    for by in (ANN, MOMENTUM, FEED):
        (row,) = desk.see(by, "unfit")
        assert (row["instrument"], row["reason"]) == ("AAPL", "jump")


def test_an_agent_learns_of_no_drift_of_a_connection_that_others_share(desk: Desk) -> None:
    shows(desk, "0", "90000")
    assert desk.see(ANN, "status")["drifts"] != [] and desk.see(MOMENTUM, "status")["drifts"] == []
