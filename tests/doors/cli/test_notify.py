"""`remit notify`, `remit callback`, and what `remit status` shows of halts that nobody heard of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doors.cli.house import House
from tests.doors.notify.days import busy

from remit.doors.notify.outbox import FILE, Outbox

URL = "https://hooks.example.com/in?key=s3cret"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    tmp_path.chmod(0o700)
    house = House(tmp_path)
    yield house
    house.close()


def test_a_channel_is_added_listed_and_removed(house: House) -> None:
    added = house.run("notify", "add", "desk", URL, "--kind", "halts", "--kind", "fills")
    assert added.code == 0 and "whsec_" in added.out and "s3cret" not in added.out
    listed = house.run("notify", "list")
    assert "hooks.example.com" in listed.out and "halts, fills" in listed.out
    assert "whsec_" not in listed.out and "s3cret" not in listed.out
    again = house.run("notify", "add", "desk", URL)
    assert again.code == 1 and "channel_exists" in again.err
    assert house.run("notify", "remove", "desk").code == 2  # nobody to ask
    assert house.run("notify", "remove", "desk", "--yes", "--json").json == {"channel": "desk", "waited": 0}
    assert house.run("notify", "list", "--json").json == []


def test_an_address_may_come_from_input(house: House) -> None:
    assert house.run("notify", "add", "desk", "-", "--json", given=URL + "\n").json["where"] == "hooks.example.com"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "Desk!", URL), "channel_invalid"),
        (("add", "desk", URL, "--kind", "rumours"), "channel_invalid"),
        (("add", "desk", URL, "--secret", "hunter2"), "channel_invalid"),
        (("add", "desk", "https://u:p@a.example/"), "channel_invalid"),
        (("add", "desk", "nothing://known"), "channel_invalid"),
        (("add", "desk", "json://127.0.0.1"), "channel_invalid"),
        (("test", "none"), "channel_unknown"),
        (("remove", "none", "--yes"), "channel_unknown"),
    ],
)
def test_what_cannot_be_is_named(house: House, words: tuple[str, ...], code: str) -> None:
    found = house.run("notify", *words)
    assert found.code == 1 and code in found.err


def test_a_test_of_what_is_not_public_is_refused(house: House) -> None:
    house.run("notify", "add", "inside", "https://127.0.0.1:1/")
    found = house.run("notify", "test", "inside")
    assert found.code == 1 and "address_refused" in found.err and "notify_allow" in found.err
    (house.folder / "remit.toml").write_text('notify_allow = ["127.0.0.1"]\n')
    found = house.run("notify", "test", "inside")
    assert found.code == 1 and "undelivered" in found.err
    house.run("notify", "add", "dry", "https://a.example/", "--dry")
    assert "sends nothing" in house.run("notify", "test", "dry").out


def test_a_halt_that_nobody_heard_of_is_shown(house: House) -> None:
    assert house.run("status", "--json").json["undelivered"] == []
    house.run("notify", "add", "desk", URL, "--kind", "all")
    with Outbox(house.folder / FILE) as box:
        box.take(busy(), time.time_ns())
        (first, *_) = box.due("desk", time.time_ns(), 1)
        box.failed("desk", [first.notice.id], "the receiver answered 500", time.time_ns())
    shown = house.run("status").out
    assert "NOT DELIVERED to desk" in shown and "HALT of" in shown and "the receiver answered 500" in shown
    told = house.run("notify", "deliveries", "--waiting").out
    assert "waits" in told and "halt.raised" in told and "\x1b" not in told
    assert house.run("notify", "deliveries", "--channel", "other", "--json").json == []
    (house.folder / FILE).write_bytes(b"no database" * 1000)
    assert "it cannot be read" in house.run("status").out
    damaged = house.run("notify", "list")
    assert damaged.code == 1 and "outbox_damaged" in damaged.err


def test_a_callback_is_for_somebody_who_exists(house: House) -> None:
    nobody = house.run("callback", "add", "ada")
    assert nobody.code == 1 and nobody.err.startswith("person_unknown: ada")
    assert "remit person add ada --role approver" in nobody.err
    assert not any(b"new_callback" in entry or b"add_callback" in entry for entry in house.desk.journal)
    assert house.run("person", "add", "ada", "--role", "approver").code == 0
    assert "person_unknown" not in house.run("callback", "add", "ada").err
    assert house.run("token", "issue", "kim", "--role", "approver").code == 0
    assert "person_unknown" not in house.run("callback", "add", "kim").err, "who stands by a token alone"


def test_callbacks_are_listed_and_removed(house: House) -> None:
    from remit.kernel import access
    from remit.kernel import command as c

    key = access.CallbackKey(id="C-1", person="ada", role="approver", owner="ada", issued_at=house.desk.at)
    from tests.guard.desk import ANN

    house.desk.do(ANN, c.AddPerson(person=access.Person(name="ada", role="approver")))
    house.desk.do(ANN, c.AddCallback(key=key))
    listed = house.run("callback", "list")
    assert listed.code == 0 and "C-1" in listed.out and "ada" in listed.out
    assert house.run("callback", "remove", "C-1", "--why", "the page moved").code == 0
    assert house.run("callback", "list", "--json").json == []
    again = house.run("callback", "remove", "C-1", "--why", "again")
    assert again.code == 1 and "there is no callback C-1" in again.err
    assert house.run("callback", "remove", "C-1", "--why", "x", who="bob").code == 1
