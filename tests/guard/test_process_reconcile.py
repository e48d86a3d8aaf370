"""Real processes: what shifts at the venue halts its connection, and a person's decision brings it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.guard.processes import Processes, wait_for

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode
from remit.kernel.numbers import SCALE, Money, Quantity
from remit.venues.paper.state import Position, StateFile


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Processes]:
    running = Processes(tmp_path)
    try:
        running.start_guard()
        running.start_venue()
        running.set_up()
        running.until_ready()
        running.mark("100")
        running.submit("10")
        wait_for(lambda: held(running) == "10", "the position is there")
        yield running
    finally:
        running.stop()


def held(desk: Processes) -> str:
    rows = [row["quantity"] for row in desk.read("positions")["positions"] if row["subject"] == "account:main"]
    return rows[0] if rows else "0"


def shift(desk: Processes, shares: int = 0, cash: int = 0) -> None:
    """Stop the venue, move what paper1 holds there without any trade, and start it again."""
    assert desk.venue is not None
    desk.venue.terminate()
    desk.venue.wait(10)
    file = StateFile(desk.home / "paper.db")
    for kind, key, record in file.load():
        if (kind, key) == ("position", "paper1 AAPL") and shares:
            known = decode(Position, record)
            file.put("position", key, Position(quantity=Quantity(known.quantity + shares * SCALE), cost=known.cost))
        if (kind, key) == ("cash", "paper1 USD") and cash:
            file.put("cash", key, Money(decode(Money, record) + cash))
    file.commit()
    file.close()
    desk.start_venue()


def reconciled(desk: Processes) -> dict[str, Any]:
    (row,) = desk.read("drifts")
    return row


def halts(desk: Processes) -> list[tuple[str, str, str]]:
    return [(row["subject"], row["cause"], row["rule"]) for row in desk.read("halts")]


HALT = [("connection:paper1", "drift", "reconcile")]


def test_a_position_that_shifts_halts_until_a_person_decides(desk: Processes) -> None:
    """Five shares appear at the venue: nothing opens, no resume helps, and the book follows when a person says so."""
    shift(desk, shares=5)
    wait_for(lambda: halts(desk) == HALT, "the difference halts the connection")
    (drift,) = reconciled(desk)["drifts"]
    assert (drift["item"], drift["book"], drift["venue"], drift["bucket"]) == ("AAPL", "10", "15", "large")
    desk.mark("100")
    denied = desk.submit("1")["decision"]
    assert denied["verdict"] == "deny" and "agent_active" in [finding["rule"] for finding in denied["findings"]]
    (halt,) = [row["id"] for row in desk.read("halts")]
    desk.say(c.Review(halt=halt, limit="reconcile", why="looked at the statement"))
    (event,) = desk.say(c.Resume(halt=halt, why="go on"))["events"]
    assert event["code"] == "still_drifting"

    events = desk.say(c.Adopt(connection="paper1", truth="venue", why="a transfer of five shares"))["events"]
    assert [(event["event"], event["item"], event["change"]) for event in events] == [("corrected", "AAPL", "5")]
    assert desk.say(c.Resume(halt=halt, why="the book follows"))["events"] == [{"event": "took"}]
    assert held(desk) == "15"
    wait_for(lambda: reconciled(desk)["ready"], "the next round is clean")
    assert (halts(desk), reconciled(desk)["drifts"]) == ([], [])
    desk.mark("100")
    assert desk.submit("15", side="sell", reduce="only")["decision"]["verdict"] == "allow"
    wait_for(lambda: held(desk) == "0", "all of it is sold")


def test_a_little_cash_that_stays_away_halts_in_the_third_round(desk: Processes) -> None:
    """Half a dollar too much: watched twice, then halted; keeping the book, the venue may go on like that."""
    tolerance = access.Tolerance(window_s=0)
    taken = desk.say(c.SetTolerance(connection="paper1", tolerance=tolerance, why="test"))
    assert taken["events"] == [{"event": "took"}]
    before = reconciled(desk)["reconciled_at"]
    shift(desk, cash=SCALE // 2)
    wait_for(lambda: reconciled(desk)["reconciled_at"] > before and reconciled(desk)["drifts"], "the first round")
    seen = []
    for rounds in (1, 2, 3):
        if rounds > 1:
            desk.say(c.Ask(connection="paper1"))
        wait_for(lambda rounds=rounds: reconciled(desk)["drifts"][0]["rounds"] == rounds, f"round {rounds}")  # type: ignore[misc]
        (drift,) = reconciled(desk)["drifts"]
        seen.append((drift["item"], drift["difference"], drift["bucket"], halts(desk)))
    assert seen == [("USD", "0.5", "small", []), ("USD", "0.5", "small", []), ("USD", "0.5", "large", HALT)]

    desk.say(c.Adopt(connection="paper1", truth="book", why="their fee page is wrong"))
    (halt,) = [row["id"] for row in desk.read("halts")]
    desk.say(c.Review(halt=halt, limit="reconcile", why="asked the venue"))
    assert desk.say(c.Resume(halt=halt, why="known"))["events"] == [{"event": "took"}]
    wait_for(lambda: reconciled(desk)["ready"], "the next round is clean")
    row = reconciled(desk)
    assert row["drifts"] == [] and row["kept"] == [{"kind": "cash", "item": "USD", "difference": "0.5"}]

    desk.kill_guard()
    desk.start_guard()
    desk.until_ready()
    assert reconciled(desk)["kept"] == row["kept"] and reconciled(desk)["drifts"] == [], "also after a restart"
