"""What people meet while orders live: reconciling, tolerance, kills, halts and the status, against a real kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.doors.cli.house import House
from tests.guard.desk import MOMENTUM

from remit.doors.cli import reconcile
from remit.kernel import command as c
from remit.kernel.names import GUARD
from remit.kernel.numbers import Money, Quantity, parse


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    tmp_path.chmod(0o700)
    house = House(tmp_path)
    yield house
    house.close()


def venue_shows(house: House, quantity: str, cash: str = "99000") -> None:
    """Let a round bring so much AAPL and USD."""
    positions = (c.Holding(instrument="AAPL", quantity=parse(Quantity, quantity)),) if quantity != "0" else ()
    usd = (("USD", parse(Money, cash)),)
    house.desk.do(GUARD, c.Reconciled(connection="paper1", positions=positions, cash=usd, orders=()))


def drifting(house: House) -> str:
    """Let the book hold 10 AAPL and the venue 8, long after anything was in transit; return the halt."""
    house.desk.fill(house.desk.submit(MOMENTUM, "10"), "10", "100")
    house.desk.at += 300 * 10**9
    venue_shows(house, "8")
    (halt,) = house.run("halt", "--list", "--json").json["halts"]
    return str(halt["id"])


def shown(house: House) -> str:
    return str(house.run("reconcile", "show", "paper1", "--json").json[0]["shown"])


# Reconciling


def test_a_connection_that_agrees_is_one_line(house: House) -> None:
    assert house.run("reconcile", "show").out.endswith("book and venue agree\n")
    assert house.run("reconcile", "show", "paper1", "--json").json[0]["drifts"] == []
    assert house.run("reconcile", "show", "nowhere").code == 1
    assert house.run("reconcile", "resume", "paper1", "--why", "x").err.startswith("nothing_to_resume: ")
    assert house.run("reconcile", "show", who="momentum").err.startswith("not_authorised: ")


def test_a_large_drift_shows_both_sides_and_what_to_do(house: House) -> None:
    drifting(house)
    out = house.run("reconcile", "show").out
    row = next(line.split() for line in out.splitlines() if line.startswith("position"))
    assert row[:7] == ["position", "AAPL", "10", "8", "-2", "large", "1"]
    assert f"remit reconcile resume paper1 --accept venue --shown {shown(house)} --why" in out
    assert f"--accept book --shown {shown(house)} --why" in out
    status = house.run("status").out
    assert "DRIFT (large) at paper1, position AAPL: book 10, venue 8" in status
    assert "next: remit reconcile show paper1" in status
    listed = house.run("halt", "--list").out
    assert "1. remit reconcile show paper1\n" in listed and "2. remit reconcile resume paper1 --accept" in listed


@pytest.mark.parametrize(("accept", "held"), [("venue", "8"), ("book", "10")])
def test_a_person_decides_and_the_halt_ends_in_one_go(house: House, accept: str, held: str) -> None:
    halt = drifting(house)
    assert house.run("reconcile", "resume", "paper1", "--why", "looked").code == 2
    assert "--shown" in house.run("reconcile", "resume", "paper1", "--accept", accept, "--why", "looked").err
    other = ("reconcile", "resume", "paper1", "--accept", accept, "--shown", "0" * 12, "--why", "looked")
    assert house.run(*other).err.startswith("not_as_shown: ")
    assert house.run("resume", halt, "--why", "looked").code == 1
    told = ("--accept", accept, "--shown", shown(house), "--why", "the statement")
    done = house.run("reconcile", "resume", "paper1", *told, "--json").json
    assert [record["command"]["body"]["kind"] for record in done] == ["adopt", "review", "resume", "ask"]
    assert house.run("halt", "--list", "--json").json["halts"] == []
    assert house.run("positions", "--json").json["positions"][0]["quantity"] == held
    row = house.run("reconcile", "show", "--json").json[0]
    assert row["drifts"] == [] and (row["kept"] != []) == (accept == "book")
    venue_shows(house, "8")
    assert house.run("halt", "--list", "--json").json["halts"] == [], "what was decided is not asked again"


def test_what_is_in_transit_needs_no_decision(house: House) -> None:
    """An order has filled and its report is late: nothing is to be decided, and a halt that stands ends without it."""
    working(house, "1")
    halt = drifting(house)
    venue_shows(house, "11", "98900")
    (row,) = house.run("reconcile", "show", "--json").json
    assert {drift["bucket"] for drift in row["drifts"]} == {"in_transit"}
    assert house.run("halt", "--list", "--json").json["halts"][0]["to_end"][-1] == (
        "remit reconcile resume paper1 --why ..."
    )
    out = house.run("reconcile", "resume", "paper1", "--accept", "venue", "--why", "it is on its way").out
    assert "in transit, so nothing to decide: " in out and f"{halt}: ended" in out
    assert "corrected" not in out
    assert house.run("positions", "--json").json["positions"][0]["quantity"] == "10"
    again = house.run("reconcile", "resume", "paper1", "--why", "it is on its way")
    assert again.code == 1 and "what differs is in transit (" in again.err and "nothing needs a decision" in again.err


def test_deciding_says_what_became_of_each_difference(house: House) -> None:
    drifting(house)
    told = ("--accept", "venue", "--shown", shown(house), "--why", "the statement")
    out = house.run("reconcile", "resume", "paper1", *told).out
    assert "position AAPL: corrected from 10 to 8\n" in out and "paper1 may trade" in out


def test_what_else_halted_the_connection_stays_halted(house: House) -> None:
    """A stranger's order is another matter than a position that differs: it is looked at by itself."""
    drifting(house)
    house.desk.do(GUARD, c.External(connection="paper1", what="an order of somebody else"))
    house.run("reconcile", "resume", "paper1", "--accept", "venue", "--shown", shown(house), "--why", "the statement")
    assert [row["rule"] for row in house.run("halt", "--list", "--json").json["halts"]] == ["external_order"]


def test_a_venue_that_does_not_answer_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "WAIT_S", 0)
    found = house.run("reconcile", "now", "paper1")
    assert found.code == 1 and "no_answer: paper1 did not answer" in found.err
    assert b'"event":"asked"' in house.desk.journal[-1]
    assert house.run("reconcile", "now", "--json").json["error"]["code"] == "no_answer"


def test_a_tolerance_is_shown_and_changed_field_by_field(house: House) -> None:
    shown = house.run("connection", "tolerance", "paper1", "--json").json
    assert (shown["floor"], shown["rounds"], shown["dead_man_s"]) == ("1", 3, 60)
    assert house.run("connection", "tolerance", "paper1", "--floor", "5", "--rounds", "2", "--why", "x").out == (
        "paper1: floor 5, rounds 2\n"
    )
    changed = house.run("connection", "tolerance", "paper1", "--json").json
    assert changed == shown | {"floor": "5", "rounds": 2}
    for wrong in (("--rounds", "0"), ("--floor", "x"), ("--share-bps", "-1")):
        assert house.run("connection", "tolerance", "paper1", *wrong).code == 2
    assert house.run("connection", "tolerance", "nowhere").code == 1
    assert house.run("connection", "tolerance", "paper1", "--floor", "5", "--why", "x", who="bob").code == 1
    assert "no_reason" in house.run("connection", "tolerance", "paper1", "--floor", "6").err


# Kills and halts


def working(house: House, quantity: str = "5") -> str:
    order = house.desk.submit(MOMENTUM, quantity)
    house.desk.do(GUARD, c.Sent(order=order))
    house.desk.do(GUARD, c.Acked(order=order))
    return order


def test_a_kill_says_of_every_venue_how_far_it_came(house: House) -> None:
    order = working(house)
    found = house.run("kill", "--why", "drill", "--wait", "1s", "--json").json
    (row,) = found["kills"]
    assert (row["connection"], row["asked"], row["over"], row["working"]) == ("paper1", 1, 0, 1)
    assert row["cancel_all"] == "waiting"
    out = house.run("kill", "--list").out
    assert "paper1" in out and "look again: remit kill --list" in out
    house.desk.do(GUARD, c.Cancelled(order=order))
    house.desk.do(GUARD, c.Answered(connection="paper1", to="cancel_all"))
    (row,) = house.run("kill", "--list", "--json").json
    assert (row["over"], row["working"], row["cancel_all"]) == (1, 0, "done")
    assert "look again" not in house.run("kill", "--list").out


def test_a_kill_of_an_agent_is_no_longer_watched_than_needed(house: House) -> None:
    out = house.run("kill", "agent:momentum", "--why", "drill", "--wait", "60s").out
    assert "agent:momentum: halted as " in out and "no, only its own orders" in out


def test_a_kill_without_a_guard_names_the_halt_file(house: House, tmp_path: Path) -> None:
    found = house.run("kill", "--why", "drill", REMIT_SOCKET=str(tmp_path / "nobody.sock"))
    assert found.code == 1 and found.err.startswith("guard_not_running: ")
    assert f"Or: touch {tmp_path / 'HALT'}, which kills the firm." in found.err


def test_a_link_that_is_down_is_told_with_the_kill(house: House) -> None:
    working(house)
    house.desk.do(GUARD, c.SetVenueState(connection="paper1", reconciled=False, link_up=False))
    out = house.run("kill", "--why", "drill", "--wait", "1s").out
    assert "the link of paper1 is down: see that its venue runs, or cancel there by hand" in out


def test_a_halt_says_which_limit_how_it_stands_and_the_way_back(house: House) -> None:
    house.desk.fill(house.desk.submit(MOMENTUM, "10"), "10", "100")
    house.desk.mark("89")
    (halt,) = house.run("halt", "--list", "--json").json["halts"]
    assert (halt["rule"], halt["actual"], halt["limit"], halt["now"]) == ("daily_loss_max", "110", "100", "110")
    out = house.run("halt", "--list").out
    assert "daily_loss_max at 110, limit 100, now 110" in out
    assert "1. daily_loss_max is at 110 USD, limit 100: wait for the next session, or change the limit" in out
    assert f"2. remit agent review {halt['id']} --limit daily_loss_max --why" in out
    assert f"3. remit resume {halt['id']} --why" in out
    house.desk.mark("99")
    assert house.run("agent", "review", halt["id"], "--why", "a bad print").code == 0
    (halt,) = house.run("halt", "--list", "--json").json["halts"]
    assert halt["to_end"] == [f"remit resume {halt['id']} --why ..."] and halt["now"] == ""


def test_a_halt_file_is_named_as_the_first_thing_to_remove(house: House) -> None:
    house.desk.do(GUARD, c.Halt(subject="firm", why="the file", kill=True))
    (halt,) = house.run("halt", "--list", "--json").json["halts"]
    assert halt["to_end"][0] == "remove the file HALT from the data folder"


# The status


def told(house: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.run("status", "--json").json["levels"]
    return found


def test_a_limit_that_is_nearly_used_up_is_told(house: House) -> None:
    house.desk.fill(house.desk.submit(MOMENTUM, "14"), "14", "100")
    assert told(house) == []
    house.desk.mark("94")
    assert {"subject": "agent:momentum", "rule": "daily_loss_max", "per": "total", "of": "", "level": "near"} in told(
        house
    )
    assert "LIMIT daily_loss_max of agent:momentum is used to 80 % or more" in house.run("status").out


def test_a_price_that_is_not_to_be_trusted_is_told(house: House) -> None:
    house.desk.mark("150")
    (row,) = house.run("status", "--json").json["unfit"]
    assert (row["instrument"], row["reason"]) == ("AAPL", "jump")
    assert "UNFIT AAPL (jump): 150 is 5000 bps from 100" in house.run("status").out
