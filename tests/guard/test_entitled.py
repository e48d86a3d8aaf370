"""Capabilities on a real kernel: each view is open to an agent and its client only while its capability is on."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from tests.guard.desk import ANN, CLAUDE, EVE, MOMENTUM, REVERSION, Desk

from remit.guard.entitled import PREVIEW, CapabilityOff, check_capability
from remit.guard.views import VIEWS
from remit.kernel import command as c
from remit.kernel.access import FIRST, TO_GIVE, VIEW_NEEDS, WAYS_OUT, Capability
from remit.kernel.codec import decode, encode
from remit.kernel.command import Body
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import Money, parse

GATED = sorted(name for name, needs in VIEW_NEEDS.items() if needs and name in VIEWS and "agent" in VIEWS[name].roles)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def switch(desk: Desk, capability: Any, enabled: bool) -> None:
    desk.do(ANN, c.SetCapability(agent="momentum", capability=capability, enabled=enabled))


def held(desk: Desk) -> str:
    mandate = Mandate(approval_notional_min=parse(Money, "100"))
    desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=mandate, why="ask from here on"))
    return desk.submit(MOMENTUM, "5")


def test_reading_is_on_from_the_first_day_and_what_trades_or_costs_is_not() -> None:
    given = {name for who, name in Desk().kernel.state.capabilities if who == "reversion"}
    assert given == set(FIRST) | {"place_order"}
    assert not set(FIRST) & TO_GIVE and set(FIRST) | TO_GIVE == set(get_args(Capability))


def test_every_view_of_traders_is_in_the_table_of_needs() -> None:
    assert {name for name, view in VIEWS.items() if "agent" in view.roles} <= VIEW_NEEDS.keys()


@pytest.mark.parametrize("name", GATED)
def test_a_view_closes_with_its_capabilities_and_opens_with_any_of_them(desk: Desk, name: str) -> None:
    arguments = {"agent": "momentum"} if name == "effective" else {}
    if name in ("order", "explanation", "approval"):
        arguments = {"order": desk.submit(CLAUDE, "5")}
    for capability in VIEW_NEEDS[name]:
        switch(desk, capability, False)
    for by in (MOMENTUM, CLAUDE):
        with pytest.raises(CapabilityOff) as refused:
            desk.see(by, name, **arguments)
        assert refused.value.code == "capability_off" and VIEW_NEEDS[name][0] in refused.value.fix
    assert encode(desk.see(ANN, name, **arguments)) and encode(desk.see(EVE, name, **arguments))
    for capability in VIEW_NEEDS[name]:
        switch(desk, capability, True)
        assert encode(desk.see(MOMENTUM, name, **arguments)) and encode(desk.see(CLAUDE, name, **arguments))
        switch(desk, capability, False)


def test_another_agent_keeps_what_one_loses(desk: Desk) -> None:
    switch(desk, "get_positions", False)
    assert desk.see(REVERSION, "positions")["totals"]


def test_an_agent_that_may_not_ask_why_sees_its_order_without_the_reasons(desk: Desk) -> None:
    order = desk.submit(MOMENTUM, "5")
    assert "findings" in desk.see(MOMENTUM, "order", order=order)
    switch(desk, "explain_decision", False)
    told = desk.see(MOMENTUM, "order", order=order)
    assert told["state"] == "allowed" and not {"decision", "findings", "life"} & told.keys()
    assert "findings" in desk.see(ANN, "order", order=order)


def test_a_preview_takes_its_capability(desk: Desk) -> None:
    check_capability(desk.kernel.state, CLAUDE, PREVIEW)
    switch(desk, "preview_order", False)
    with pytest.raises(CapabilityOff):
        check_capability(desk.kernel.state, CLAUDE, PREVIEW)
    check_capability(desk.kernel.state, ANN, PREVIEW)


@pytest.mark.parametrize("name", WAYS_OUT)
def test_a_way_out_is_never_switched_off(name: str) -> None:
    with pytest.raises(ValueError, match="Invalid enum value"):
        decode(Body, encode({"kind": "set_capability", "agent": "momentum", "capability": name, "enabled": False}))


def test_what_there_is_to_close_is_told_whatever_is_switched_off(desk: Desk) -> None:
    desk.fill(desk.submit(MOMENTUM, "5"), "5", "99")
    desk.fill(desk.submit(CLAUDE, "3"), "3", "99")
    for capability in FIRST:
        switch(desk, capability, False)
    told = {"connection": "paper1", "instrument": "AAPL", "side": "sell"}
    assert desk.see(MOMENTUM, "closing")["positions"] == [told | {"quantity": "8"}]
    assert desk.see(CLAUDE, "closing", instrument="AAPL")["positions"] == [told | {"quantity": "3"}]
    assert desk.see(CLAUDE, "closing", instrument="MSFT")["positions"] == []
    assert desk.see(REVERSION, "closing")["positions"] == []


def test_who_repeats_the_id_of_a_closing_is_told_the_entry_that_decided_it(desk: Desk) -> None:
    first = desk.submit(MOMENTUM, "5")
    told = desk.see(MOMENTUM, "closing", intent="i1")["first"]
    assert told["decision"]["order"] == first
    assert desk.see(MOMENTUM, "closing", intent="i2")["first"] is None
    assert desk.see(CLAUDE, "closing", intent="i1")["first"] is None, "its agent's own order"
    assert desk.see(REVERSION, "closing", intent="i1")["first"] is None


def test_a_trader_learns_who_it_is_where_it_trades_and_what_it_may_use(desk: Desk) -> None:
    told = desk.see(CLAUDE, "self")
    assert (told["role"], told["agent"], told["account"], told["environment"]) == (
        "client", "momentum", "desk", "training"
    )  # fmt: skip
    assert set(told["capabilities"]) == set(FIRST) | {"place_order"}


def test_an_approval_is_told_to_who_asked_from_the_hold_to_its_end(desk: Desk) -> None:
    order = held(desk)
    told = desk.see(MOMENTUM, "approval", order=order)
    assert (told["answer"], told["needed"], told["approved"]) == ("waiting", 1, 0) and told["expires_in_s"] > 0
    desk.do(ANN, c.Approve(order=order, digest=desk.kernel.state.orders[order].digest))
    assert desk.see(MOMENTUM, "approval", order=order)["answer"] == "released"
    other = desk.submit(MOMENTUM, "6")
    desk.do(ANN, c.Decline(order=other, why="not today"))
    told = desk.see(MOMENTUM, "approval", order=other)
    assert (told["answer"], told["why"], told["needed"]) == ("declined", "not today", 0)
    third = desk.submit(MOMENTUM, "7")
    desk.do(MOMENTUM, c.Cancel(order=third))
    assert desk.see(MOMENTUM, "approval", order=third)["answer"] == "withdrawn"


def test_an_order_that_was_never_held_needs_no_approval(desk: Desk) -> None:
    assert desk.see(MOMENTUM, "approval", order=desk.submit(MOMENTUM, "5"))["answer"] == "not_needed"
    denied = desk.submit(MOMENTUM, "5000")
    assert desk.see(MOMENTUM, "approval", order=denied)["answer"] == "denied"
