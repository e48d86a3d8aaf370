"""What an owner sees: every view of theirs tells of their own accounts, and nothing at all of anybody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.kernel.desk import GUARD, Desk, agent, money, quantity
from tests.kernel.two_owners import KIM, LEE, OPERATOR, Side, two_owners

from remit.guard.views import VIEWS, Unknown, view
from remit.guard.views.looking import ALL_SEEING, Looking
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.mandate import Mandate
from remit.kernel.names import Principal

COMPLIANCE = Principal(name="carl", role="compliance", owner="carl")


class House(Desk):
    """A desk of two owners whose views can be asked."""

    def __init__(self) -> None:
        desk, self.kims, self.lees = two_owners()
        self.__dict__ |= desk.__dict__

    def see(self, by: Principal, name: str, /, **arguments: Any) -> Any:
        return asyncio.run(view(self.kernel, by, name, arguments, at=self.at, entries=self.entries, about=dict))

    async def entries(self, start: int) -> AsyncIterator[tuple[int, bytes]]:
        for index, record in list(enumerate(self.records))[start:]:
            yield index, encode(record)


@pytest.fixture(scope="module")
def house() -> House:
    """Beside what each has: a fill, a drift, a kill, a pause and a limit of the firm that lee brings near."""
    house = House()
    person = access.Person(name="leeloo", role="owner", owner="lee")
    house.took(c.AddPerson(person=person), OPERATOR)
    house.took(c.AddPerson(person=access.Person(name="kim", role="owner")), OPERATOR)
    lees = house.lees
    house.mandate("firm", Mandate(gross_exposure_max=money("2450")))
    house.fill(lees.order, "1", "99")
    house.took(c.SetPause(subject=f"connection:{lees.connection}", paused=True, why="lee"), LEE)
    house.took(c.Halt(subject=f"account:{lees.account}", why="lee", kill=True), LEE)
    held = (c.Holding("AAPL", quantity("90")),)
    for side in (house.kims, lees):
        cash = (("USD", money("1000")),)
        body = c.Reconciled(connection=side.connection, positions=held, cash=cash, orders=(), asked=house.state.seq)
        house.took(body, GUARD)
    house.mark("AAPL", "130")
    return house


def arguments_of(name: str, side: Side) -> dict[str, Any]:
    if name in ("order", "explanation", "approval"):
        return {"order": side.held}
    return {
        "effective": {"agent": side.agent},
        "composed": {"preset": "starter"},
        "compared": {"mandates": {f"account:{side.account}": {}}},
    }.get(name, {})


def of_owners() -> list[str]:
    return [name for name, found in VIEWS.items() if "owner" in found.roles]


@pytest.mark.parametrize("name", of_owners())
def test_no_view_tells_an_owner_of_another(house: House, name: str) -> None:
    """Everything of lee's has lee in its name, and lee's orders are known by their ids."""
    told = encode(house.see(KIM, name, **arguments_of(name, house.kims))).decode()
    assert "lee" not in told
    for order in (house.lees.order, house.lees.held):
        assert f'"{order}"' not in told


@pytest.mark.parametrize("name", ["order", "explanation", "approval", "effective", "compared"])
def test_what_is_anothers_is_as_if_it_were_not(house: House, name: str) -> None:
    with pytest.raises(Unknown):
        house.see(KIM, name, **arguments_of(name, house.lees))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("exposure", {"subject": "firm"}),
        ("exposure", {"subject": "account:lees"}),
        ("positions", {"subject": "firm"}),
        ("positions", {"subject": "agent:lee-bot"}),
        ("mandates", {"subject": "account:lees"}),
        ("history", {"subject": "agent:lee-bot"}),
        ("drifts", {"connection": "lee-paper"}),
        ("agents", {"agent": "lee-bot"}),
        ("lint", {"mandates": {"account:lees": {}}}),
    ],
)
def test_nobody_elses_subject_is_known(house: House, name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(Unknown):
        house.see(KIM, name, **arguments)


def test_an_owner_sees_what_is_theirs(house: House) -> None:
    def names(view: str, field: str, **arguments: Any) -> set[str]:
        return {row[field] for row in house.see(KIM, view, **arguments)}

    assert names("accounts", "name") == {"kims"}
    assert names("agents", "name") == {"kim-bot"}
    assert names("clients", "name") == {"kim-chat"}
    assert names("connections", "name") == {"kim-paper"}
    assert names("tokens", "token") == {"T-kim"}
    assert names("approvals", "order") == {house.kims.held}
    assert names("exits", "exit") == {house.kims.exit}
    assert names("halts", "id") >= {house.kims.halt}
    assert names("preapprovals", "preapproval") == {"p-kim"}
    assert names("proposals", "proposal") == {house.kims.proposal}
    assert names("drifts", "connection") == {"kim-paper"}
    assert names("people", "name") == {"kim"}
    assert names("mandates", "subject") == {"firm", "account:kims", "agent:kim-bot", "client:kim-chat"}
    positions = house.see(KIM, "positions")
    assert [row["subject"] for row in positions["totals"]] == ["account:kims"]
    assert {row["connection"] for row in positions["cash"]} == {"kim-paper"}
    assert house.see(KIM, "order", order=house.kims.order)["agent"] == "kim-bot"


def test_compliance_sees_everything_and_changes_nothing(house: House) -> None:
    assert COMPLIANCE.role in ALL_SEEING
    for name in of_owners():
        given = arguments_of(name, house.lees)
        assert house.see(COMPLIANCE, name, **given) is not None
    assert {row["name"] for row in house.see(COMPLIANCE, "accounts")} == {"kims", "lees"}
    held = house.state.orders.get(house.kims.held)
    if held is not None:
        assert house.refused(c.Approve(order=held.id, digest=held.digest), COMPLIANCE) == "not_authorised"


# Entry by entry


def account(owner: str) -> c.AddAccount:
    return c.AddAccount(account=access.Account(name="new", owner=owner, environment="live", currency="USD"))


def shown(house: House, record: Any, by: Principal = KIM) -> Any:
    return Looking(house.kernel, by, {}, house.at, house.entries, dict).shown(record)


def test_of_an_entry_an_owner_is_shown_their_own_part() -> None:
    """A price makes the firm cross a limit and lee's exit trigger: kim is told of their own exit alone."""
    house = House()
    record = house.mark("AAPL", "80")
    exits = [event.exit for event in record.events if isinstance(event, e.ExitTriggered)]
    assert sorted(exits) == sorted([house.kims.exit, house.lees.exit])
    seen = shown(house, record)
    assert [event.exit for event in seen.events if isinstance(event, e.ExitTriggered)] == [house.kims.exit]
    assert "lee" not in encode(seen).decode()
    assert house.lees.exit not in encode(seen).decode()


def test_what_anothers_fill_makes_the_firm_cross_is_not_told() -> None:
    house = House()
    house.mandate("firm", Mandate(gross_exposure_max=money("1030")))
    record = house.fill(house.lees.order, "1", "99")
    assert shown(house, record) is None
    own = house.fill(house.kims.order, "1", "99")
    assert not [event for event in shown(house, own).events if getattr(event, "subject", "") == "firm"]


def test_what_stops_the_firm_is_told_to_all() -> None:
    house = House()
    record = house.took(c.Halt(subject="firm", why="all stop", kill=True), OPERATOR)
    seen = shown(house, record)
    assert [event.subject for event in seen.events if isinstance(event, e.HaltRaised)] == ["firm"]
    asked = {event.order for event in record.events if isinstance(event, (e.CancelAsked, e.Moved))}
    told = {event.order for event in seen.events if isinstance(event, (e.CancelAsked, e.Moved))}
    assert told == {house.kims.order, house.kims.held} < asked


@pytest.mark.parametrize(
    ("body", "by", "seen"),
    [
        (c.SetMandate(subject="firm", mandate=Mandate(positions_max=9), why="x"), OPERATOR, True),
        (c.SetMandate(subject="account:lees", mandate=Mandate(positions_max=9), why="x"), OPERATOR, False),
        (c.SetPause(subject="venue:paper", paused=True, why="x"), OPERATOR, True),
        (c.SetPause(subject="venue:other", paused=True, why="x"), OPERATOR, False),
        (c.SetPause(subject="agent:kim-bot", paused=True, why="x"), OPERATOR, True),
        (account("kim"), OPERATOR, True),
        (account("lee"), OPERATOR, False),
        (c.AddPerson(person=access.Person(name="max", role="auditor")), OPERATOR, False),
        (c.Cancel(order="no-1"), agent("kim-bot", "kim"), True),
        (c.Cancel(order="no-1"), agent("lee-bot", "lee"), False),
        (c.Cancel(order="no-1"), LEE, False),
        (c.Tick(), GUARD, False),
        (c.Marked(marks=()), GUARD, False),
        (c.Noted(note="error", agent="kim-bot", client="", said="0" * 64), agent("kim-bot", "kim"), True),
    ],
)  # fmt: skip
def test_whose_entry_it_is(body: Any, by: Principal, seen: bool) -> None:
    house = House()
    assert (shown(house, house.do(body, by)) is not None) == seen


def test_all_other_people_are_shown_every_entry_as_it_is() -> None:
    house = House()
    record = house.mark("AAPL", "80")
    for role in ("operator", "approver", "compliance", "auditor"):
        assert shown(house, record, Principal(name="x", role=role, owner="x")) is record  # type: ignore[arg-type]
