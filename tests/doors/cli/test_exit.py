"""`remit exit` and the exit's flags of `remit order submit`, against a real kernel behind a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.doors.cli.house import House
from tests.guard.desk import ANN, GUARD, MOMENTUM

from remit.kernel import command as c
from remit.kernel.exits import closing


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    tmp_path.chmod(0o700)
    house = House(tmp_path)
    yield house
    house.close()


def holds(house: House, quantity: str = "10") -> None:
    """Let momentum hold so much AAPL, bought at 100."""
    house.desk.fill(house.desk.submit(MOMENTUM, quantity), quantity, "100")


def exits(house: House, who: str = "ann") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.run("exit", "list", "--json", who=who).json
    return found


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--stop-loss", "95"), "stop_loss 95"),
        (("--stop-loss", "95", "--take-profit", "110.5"), "stop_loss 95, take_profit 110.5"),
        (("--trailing-stop", "5"), "trailing_stop 5"),
        (("--trailing-stop", "2%"), "trailing_stop 2%"),
        (("--trailing-stop", "0.25%"), "trailing_stop 0.25%"),
        (("--trailing-stop", "2.5%", "--activation", "105"), "trailing_stop 2.5% from 105"),
        (("--stop-loss", "95", "--quantity", "4"), "stop_loss 95, 4 at most"),
    ],
)
def test_an_exit_on_a_position_says_back_what_it_does(house: House, flags: tuple[str, ...], says: str) -> None:
    holds(house)
    found = house.run("exit", "set", "AAPL", *flags, who="momentum")
    assert (found.code, found.out) == (0, f"X-{house.desk.kernel.state.seq}: closes AAPL of momentum at {says}\n")
    (row,) = exits(house)
    assert (row["says"], row["state"], row["protection"]) == (says, "armed", "watched")
    assert row["protects"] == ("4" if "4 at most" in says else "10")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("AAPL",), 2, "say at least one of --stop-loss"),
        (("--stop-loss", "95"), 2, "name a known exit with --exit"),
        (("AAPL", "--activation", "105"), 2, "belongs to --trailing-stop"),
        (("AAPL", "--trailing-stop", "0%"), 2, "is no distance"),
        (("AAPL", "--trailing-stop", "2.555%"), 2, "is no distance"),
        (("AAPL", "--trailing-stop", "100%"), 2, "is no distance"),
        (("AAPL", "--trailing-stop", "-1"), 2, "above zero"),
        (("AAPL", "--stop-loss", "1e2"), 2, "not a plain decimal number"),
        (("AAPL", "--stop-loss", "105"), 1, "exit_terms: stop_loss 105 is not below the price 100"),
        (("AAPL", "--stop-loss", "95.001"), 1, "no multiple of the tick"),
        (("AAPL", "--stop-loss", "95", "--quantity", "1.5"), 1, "no multiple of the lot"),
        (("MSFT", "--stop-loss", "95"), 1, "unknown: "),
        (("AAPL", "--stop-loss", "95", "--agent", "reversion", "--connection", "paper1"), 1, "not_yours: "),
        (("--exit", "X-none", "--stop-loss", "95"), 1, "unknown_exit: no exit X-none is in force"),
    ],
)
def test_what_cannot_be_an_exit_is_named(house: House, words: tuple[str, ...], code: int, said: str) -> None:
    holds(house)
    found = house.run("exit", "set", *words, who="momentum")
    assert found.code == code and said in " ".join(found.err.replace("│", " ").split()), found.err
    assert exits(house) == []


def test_an_agent_tightens_its_stop_and_a_person_alone_widens_or_drops_it(house: House) -> None:
    holds(house)
    assert house.run("exit", "set", "AAPL", "--stop-loss", "90", who="momentum").code == 0
    name = exits(house)[0]["exit"]
    change = ("exit", "set", "--exit", name, "--stop-loss")
    assert house.run(*change, "95", who="momentum").code == 0
    for words in ((*change, "94"), ("exit", "drop", name)):
        refused = house.run(*words, who="momentum")
        assert refused.code == 1 and refused.err.startswith("widens_stop: ")
    assert house.run(*change, "80").code == 0 and exits(house)[0]["says"] == "stop_loss 80"
    assert house.run("exit", "drop", name).out == f"{name}: dropped\n" and exits(house) == []
    assert house.run("exit", "drop", name).err.startswith("unknown_exit: ")


def test_new_terms_are_told_beside_those_they_replace(house: House) -> None:
    holds(house)
    house.run("exit", "set", "AAPL", "--stop-loss", "95", "--take-profit", "110", who="momentum")
    (row,) = exits(house)
    out = house.run("exit", "set", "--exit", row["exit"], "--stop-loss", "96", who="momentum").out
    assert out.endswith("at stop_loss 96\n  before: stop_loss 95, take_profit 110\n")


def test_the_same_id_sets_one_exit(house: House) -> None:
    holds(house)
    words = ("exit", "set", "AAPL", "--stop-loss", "90", "--id", "mine")
    assert [house.run(*words, who="momentum").code for _ in range(2)] == [0, 0]
    assert len(exits(house)) == 1


def test_a_bracket_waits_for_its_entry_and_then_watches(house: House) -> None:
    flags = ("--limit", "100", "--stop-loss", "95", "--take-profit", "110")
    record = house.run("order", "submit", "AAPL", "buy", "5", *flags, "--json", who="momentum").json
    order = record["decision"]["order"]
    (row,) = exits(house)
    assert (row["exit"], row["order"], row["state"], row["protection"]) == (f"X-{order}", order, "waiting", "waiting")
    assert "stop_loss 95, take_profit 110" in house.run("order", "show", order).out
    house.desk.fill(order, "5", "100")
    shown = house.run("exit", "show", f"X-{order}").out
    assert "watched" in shown and "  stop_loss 95\n" in shown and "  take_profit 110\n" in shown


def test_a_person_who_approves_sees_the_exit(house: House) -> None:
    words = ("order", "submit", "AAPL", "buy", "15", "--limit", "100", "--stop-loss", "95", "--json")
    order = house.run(*words, who="momentum").json["decision"]["order"]
    digest = house.run("approvals", "list", "--json", who="bob").json[0]["digest"]
    assert "with an exit: stop_loss 95\n" in house.run("approvals", "approve", order, "--digest", digest, who="bob").out


def test_a_bracket_on_the_wrong_side_is_denied_with_its_prices(house: House) -> None:
    words = ("order", "submit", "AAPL", "buy", "5", "--limit", "100", "--stop-loss", "101")
    for more in ((), ("--preview",)):
        denied = house.run(*words, *more, who="momentum")
        assert denied.code == 3 and "exit_terms" in denied.out and "stop_loss 101 is not below" in denied.out


def test_a_trailing_stop_shows_where_it_stands(house: House) -> None:
    holds(house)
    assert house.run("exit", "set", "AAPL", "--trailing-stop", "2%", "--activation", "105", who="momentum").code == 0
    name = exits(house)[0]["exit"]
    assert "trailing_stop 2% from 105, waits for its activation" in house.run("exit", "show", name).out
    house.desk.mark("110")
    assert "trailing_stop 2% from 105, stands at 107.8" in house.run("exit", "show", name).out


def test_what_triggered_is_shown_until_it_is_closed(house: House) -> None:
    holds(house)
    assert house.run("exit", "set", "AAPL", "--stop-loss", "95", who="momentum").code == 0
    house.desk.mark("94")
    (row,) = exits(house)
    assert (row["state"], row["triggered"], row["price"], row["protection"]) == (
        "triggered",
        "stop_loss",
        "95",
        "closing",
    )
    assert f"exit_triggered {row['exit']} stop_loss" in house.run("log", "--kind", "exit_triggered").out
    assert "stop_loss triggered at 95; closing orders so far: 0" in house.run("exit", "show", row["exit"]).out


def test_why_says_which_exit_an_order_of_the_guard_closes(house: House) -> None:
    holds(house)
    house.run("exit", "set", "AAPL", "--stop-loss", "95", who="momentum")
    house.desk.mark("94")
    (row,) = exits(house)
    intent = closing(house.desk.kernel.state, row["exit"], house.desk.at)
    assert intent is not None
    record = house.desk.do(GUARD, c.Submit(intent=intent))
    assert record.decision is not None and record.decision.verdict == "allow"
    out = house.run("why", record.decision.order).out
    assert f"  asked by the guard, to close what exit {row['exit']} protects\n" in out


def test_an_agent_sees_its_own_exits_alone(house: House) -> None:
    holds(house)
    assert house.run("exit", "set", "AAPL", "--agent", "momentum", "--stop-loss", "95").code == 0
    assert len(exits(house, "momentum")) == 1 and exits(house, "reversion") == []
    assert house.run("exit", "list", "--instrument", "NONE", "--json").json == []


def test_a_halted_agent_sets_nothing_and_a_person_may(house: House) -> None:
    holds(house)
    house.desk.do(ANN, c.Halt(subject="agent:momentum", why="runaway", kill=True))
    words = ("exit", "set", "AAPL", "--agent", "momentum", "--stop-loss", "95")
    assert house.run(*words, who="momentum").err.startswith("agent_active: ")
    assert house.run(*words).code == 0


def test_positions_say_how_they_are_protected(house: House) -> None:
    holds(house)
    row = house.run("positions", "--json").json["positions"][0]
    assert row["protection"] == "none"
    house.run("exit", "set", "AAPL", "--stop-loss", "95", "--quantity", "4", who="momentum")
    assert "unprotected: stops cover 4 of 10" in house.run("positions").out
    assert "UNPROTECTED 10 AAPL of momentum: stops cover 4 of 10" in house.run("status").out
