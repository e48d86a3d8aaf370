"""People, owners and second persons at the command line, against a real kernel behind a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doors.cli.house import CALLERS, House
from tests.guard.desk import ANN

from remit.kernel import command as c
from remit.kernel.mandate import Mandate
from remit.kernel.names import Principal

KIM = Principal(name="kim", role="owner", token="T-kim", door="cli", owner="ann")
LEE = Principal(name="lee", role="owner", token="T-lee", door="cli", owner="lee")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    tmp_path.chmod(0o700)
    for by in (KIM, LEE):
        monkeypatch.setitem(CALLERS, by.name, by)
    house = House(tmp_path)
    house.desk.do(ANN, c.SetMandate(subject="account:desk", mandate=Mandate(second_person="required"), why="two eyes"))
    yield house
    house.close()


def write(house: House, text: str) -> str:
    path = house.folder / "desk.toml"
    path.write_text(text)
    return str(path)


def test_a_person_is_added_changed_and_shut_out(house: House) -> None:
    added = house.run("person", "add", "pat", "--role", "owner", "--owner", "desk")
    assert added.code == 0 and "remit token issue pat --role owner --owner desk" in added.out
    issued = house.run("token", "issue", "pat", "--role", "owner", "--json").json
    assert issued["command"]["body"]["grant"]["owner"] == "desk", "whom they act as is known"
    wrong = house.run("token", "issue", "pat", "--role", "operator")
    assert wrong.code == 1 and "pat is owner and acts as desk" in wrong.err
    row = next(row for row in house.run("person", "list", "--json").json if row["name"] == "pat")
    assert row == {"name": "pat", "role": "owner", "owner": "desk", "disabled": False, "known": True, "tokens": 1}
    out = house.run("person", "set", "pat", "--disabled", "--why", "left")
    assert out.code == 0 and "shut out" in out.out
    row = next(row for row in house.run("person", "list", "--json").json if row["name"] == "pat")
    assert (row["disabled"], row["tokens"]) == (True, 0)
    assert house.run("person", "set", "pat", "--role", "auditor", "--enabled", "--why", "back").code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("person", "set", "nobody", "--role", "auditor", "--why", "x"), "unknown"),
        (("mandate", "confirm", "C-1", "--yes"), "unknown_proposal"),
        (("mandate", "drop", "C-1", "--why", "x"), "unknown_proposal"),
    ],
)
def test_what_is_not_there_is_named(house: House, words: tuple[str, ...], code: str) -> None:
    found = house.run(*words)
    assert found.code == 1 and code in found.err


def test_loosening_waits_and_another_person_confirms_what_is_shown(house: House) -> None:
    path = write(house, '["agent:momentum"]\norder_notional_max = "9000"\n')
    words = ("mandate", "set", "agent:momentum", "--file", path, "--why", "room", "--yes")
    set_ = house.run(*words)
    assert set_.code == 0 and "waits for a second person" in set_.out
    (row,) = house.run("mandate", "proposals", "--json").json
    assert row["loosens"] and not row["yours_counts"]
    own = house.run("mandate", "confirm", row["proposal"], "--yes")
    assert own.code == 1 and "own_proposal" in own.err
    shown = house.run("mandate", "proposals", "momentum", who="bob")
    assert "LOOSENS agent:momentum" in shown.out and f"remit mandate confirm {row['proposal']}" in shown.out
    assert house.run("mandate", "confirm", row["proposal"], who="bob").code == 2, "it asks first"
    done = house.run("mandate", "confirm", row["proposal"], "--yes", who="bob")
    assert done.code == 0 and "published" in done.out
    assert house.run("mandate", "proposals").out.strip() == "no change waits"
    version = house.run("mandate", "history", "agent:momentum", "--json").json[-1]
    assert (version["by"]["name"], version["confirmed_by"]["name"]) == ("ann", "bob")


def test_what_another_version_overtook_is_told_and_dropped(house: House) -> None:
    path = write(house, '["agent:momentum"]\norder_notional_max = "9000"\n')
    house.run("mandate", "set", "agent:momentum", "--file", path, "--why", "room", "--yes")
    tight = Mandate(**{**_now(house), "positions_max": 1})
    house.desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=tight, why="tight"))
    (row,) = house.run("mandate", "proposals", "--json").json
    assert row["stale"] and "another version came between" in house.run("mandate", "proposals").out
    late = house.run("mandate", "confirm", row["proposal"], "--yes", who="bob")
    assert late.code == 1 and "mandate_changed" in late.err
    assert house.run("mandate", "drop", row["proposal"], "--why", "late").code == 0


def _now(house: House) -> dict[str, object]:
    version = house.desk.kernel.state.subjects["agent:momentum"].version
    assert version is not None
    return {field: getattr(version.mandate, field) for field in Mandate.__struct_fields__}


def test_an_owner_rules_their_own_accounts_at_the_command_line(house: House) -> None:
    assert [row["name"] for row in house.run("account", "list", "--json", who="kim").json] == ["desk"]
    assert house.run("account", "list", "--json", who="lee").json == []
    assert house.run("agent", "pause", "momentum", "--why", "look", who="kim").code == 0
    other = house.run("agent", "pause", "reversion", "--why", "look", who="lee")
    assert other.code == 1 and "not_yours" in other.err
    firm = house.run("halt", "firm", "--why", "look", who="kim")
    assert firm.code == 1 and "not_yours" in firm.err
    assert house.run("token", "issue", "momentum", "--role", "agent", who="kim").code == 0
    assert house.run("token", "issue", "momentum", "--role", "agent", who="lee").code == 1
    assert house.run("person", "add", "max", "--role", "operator", who="kim").code == 1
    assert house.run("status", who="lee").code == 0
