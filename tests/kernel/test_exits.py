"""Exits in the kernel: they follow what their entry fills and what is held, and close no more than that."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import BOB, Desk, agent, client, money, price, quantity, ratio, rules, small, verdict
from tests.kernel.test_exit import terms

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.exit import Exit
from remit.kernel.exits import closing
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import DAY_NS, text
from remit.kernel.order import Order


def bracket(
    desk: Desk, amount: str = "10", legs: str = "stop 95, take 110", limit: str | None = "100", **more: Any
) -> Order:
    """An order that works with its exit."""
    exit = terms(legs, **more.pop("terms", {}))
    return desk.working(amount, limit, exit=exit, **more)


def set_exit(desk: Desk, legs: str, name: str = "", by: Any = None, **more: Any) -> Record:
    """Set an exit on the position of momentum, by itself unless said otherwise."""
    desk.numbers += 1
    of = {"agent": "momentum", "connection": "paper1", "instrument": "AAPL"}
    of |= {key: more.pop(key) for key in (*of, "client") if key in more}
    body = c.SetExit(id=name or f"s{desk.numbers}", terms=terms(legs, **more), **of)
    return desk.do(body, by or agent(of["agent"]))


def said(record: Record) -> list[str]:
    """What a record tells of exits, in words."""
    found = []
    for event in record.events:
        match event:
            case e.ExitSet():
                found.append("set")
            case e.ExitArmed(quantity=amount):
                found.append(f"armed {amount}")
            case e.ExitTriggered(leg=leg, price=level, quantity=amount):
                found.append(f"{leg} {level}: {amount}")
            case e.ExitEnded(why=why):
                found.append(f"ended {why}")
            case e.Refused(code=code):
                found.append(code)
            case e.Alarm(code=code):
                found.append(f"alarm {code}")
    return found


def only(desk: Desk) -> Exit:
    """Return the one exit there is."""
    (exit,) = desk.state.exits.values()
    return exit


def protects(desk: Desk) -> list[str]:
    return [f"{exit.state} {text(exit.protects)}" for exit in desk.state.exits.values()]


def marked(desk: Desk, last: str, **more: Any) -> list[str]:
    return said(desk.mark("AAPL", last, **more))


def close(desk: Desk, at: str = "94", name: str = "", part: str = "") -> list[str]:
    """Send the closing order of the guard and let it fill, in full or in part; the rest of an order lapses at once."""
    intent = closing(desk.state, name or only(desk).id, desk.at)
    assert intent is not None
    record = desk.do(c.Submit(intent=intent, client=desk.state.exits[name or only(desk).id].client), GUARD)
    assert verdict(record) == "allow", record.decision
    order = record.decision.order
    told = said(desk.fill(order, part or text(desk.state.orders[order].quantity), at))
    if part:
        told += said(desk.took(c.Expired(order=order), GUARD))
    return told


# -- following the entry


def test_a_bracket_is_armed_by_its_fills_and_follows_them() -> None:
    desk = small()
    order = bracket(desk)
    assert protects(desk) == ["waiting 0"]
    assert marked(desk, "90") == [], "what waits sees no mark"
    assert said(desk.fill(order, "4", "100")) == ["armed 4"]
    assert said(desk.fill(order, "6", "100")) == []
    assert protects(desk) == ["armed 10"]
    assert marked(desk, "95") == ["stop_loss 95: 10"]
    assert close(desk, "95") == ["ended closed"]
    assert (desk.position("agent:momentum"), desk.state.exits) == (0, {})
    desk.agree()


@pytest.mark.parametrize(
    ("body", "filled", "told"),
    [
        (c.Cancelled, "0", ["ended unfilled"]),
        (c.Expired, "0", ["ended unfilled"]),
        (c.Cancelled, "4", []),
        (c.Expired, "4", []),
    ],
)
def test_an_entry_that_ends_early(body: Any, filled: str, told: list[str]) -> None:
    """Unfilled, its exit ends with it; filled in part, that part stays protected."""
    desk = small()
    order = bracket(desk)
    if filled != "0":
        desk.fill(order, filled, "100")
    assert said(desk.took(body(order=order.id), GUARD)) == told
    assert protects(desk) == (["armed 4"] if filled != "0" else [])
    if filled != "0":
        assert marked(desk, "110") == ["take_profit 110: 4"]
        assert close(desk, "110") == ["ended closed"]
    desk.agree()


def test_an_entry_that_is_rejected_or_never_sent_leaves_no_exit() -> None:
    for body, more in ((c.Rejected, {"code": "no"}), (c.Unencodable, {"why": "no"}), (c.Withdrawn, {"why": "no"})):
        desk = small()
        order = desk.order("10", "100", exit=terms("stop 95"))
        assert said(desk.took(body(order=order.id, **more), GUARD)) == ["ended unfilled"]
        assert desk.state.exits == {}


def test_an_entry_of_unknown_outcome_keeps_its_exit_waiting() -> None:
    desk = small()
    order = bracket(desk)
    desk.took(c.Lost(order=order.id, why="timeout"), GUARD)
    assert protects(desk) == ["waiting 0"]
    assert said(desk.fill(order, "10", "100")) == ["armed 10"]


def test_a_replaced_entry_protects_what_it_fills() -> None:
    desk = small()
    order = bracket(desk)
    new = c.Replace(id="r1", order=order.id, quantity=quantity("20"), limit_price=price("99"))
    assert verdict(desk.do(new, agent("momentum"))) == "allow"
    desk.took(c.Replaced(order=order.id), GUARD)
    desk.fill(order, "20", "99")
    assert protects(desk) == ["armed 20"]
    desk = small()
    order = bracket(desk)
    past = c.Replace(id="r2", order=order.id, quantity=quantity("10"), limit_price=price("95"))
    assert desk.refused(past, agent("momentum")) == "exit_terms", "an entry at its own stop would be stopped at once"


def test_a_trigger_cancels_what_the_entry_has_left_and_a_fill_meanwhile_is_closed_too() -> None:
    desk = small()
    order = bracket(desk)
    desk.fill(order, "4", "100")
    record = desk.mark("AAPL", "94")
    assert [event.order for event in record.events if isinstance(event, e.CancelAsked)] == [order.id]
    assert close(desk) == []
    assert closing(desk.state, f"X-{order.id}", desk.at) is None, "nothing is left to close, but the entry may yet fill"
    desk.fill(order, "3", "100")
    assert protects(desk) == ["triggered 3"]
    assert close(desk) == []
    assert said(desk.took(c.Cancelled(order=order.id), GUARD)) == ["ended closed"]
    assert desk.position("agent:momentum") == 0
    desk.agree()


def test_a_fill_after_the_exit_was_closed_is_protected_anew() -> None:
    """A late fill is told by an alarm, and arms the bracket again on the terms that it had last."""
    desk = small()
    order = bracket(desk)
    desk.fill(order, "4", "100")
    set_exit(desk, "stop 97, take 110", name=f"X-{order.id}")
    desk.mark("AAPL", "94")
    close(desk)
    assert said(desk.took(c.Cancelled(order=order.id), GUARD)) == ["ended closed"]
    desk.agree()
    desk.reload()
    assert said(desk.fill(order, "2", "100")) == ["alarm late_fill", "armed 2"]
    assert only(desk).terms == terms("stop 97, take 110")
    assert marked(desk, "97") == ["stop_loss 97: 2"]
    assert close(desk, "97") == ["ended closed"]
    assert desk.position("agent:momentum") == 0
    desk.agree()


def test_a_late_fill_of_an_entry_that_never_filled_is_protected() -> None:
    desk = small()
    order = bracket(desk)
    desk.took(c.Cancelled(order=order.id), GUARD)
    assert said(desk.fill(order, "2", "100")) == ["alarm late_fill", "armed 2"]


def test_a_late_fill_brings_nothing_back_that_a_person_dropped() -> None:
    desk = small()
    order = bracket(desk)
    desk.took(c.DropExit(exit=f"X-{order.id}"))
    desk.took(c.Cancelled(order=order.id), GUARD)
    assert said(desk.fill(order, "2", "100")) == ["alarm late_fill"]
    assert desk.state.exits == {}


def test_a_forgotten_order_takes_its_exit_along() -> None:
    desk = small()
    order = bracket(desk)
    desk.took(c.Cancelled(order=order.id), GUARD)
    assert desk.state.past_exits
    desk.took(c.Tick(), GUARD, after_ns=4 * DAY_NS)
    assert not desk.state.past_exits
    desk.agree()


# -- following the position


def test_an_exit_on_a_position_follows_it_up_and_down() -> None:
    desk = small()
    desk.hold("10")
    assert said(set_exit(desk, "stop 95")) == ["set"]
    desk.hold("5")
    assert protects(desk) == ["armed 15"]
    desk.hold("12", side="sell")
    assert protects(desk) == ["armed 3"]
    desk.numbers += 1
    order = desk.working("3", "100", side="sell")
    assert said(desk.fill(order, "3", "100")) == ["ended flat"]
    desk.agree()


@pytest.mark.parametrize("how", ["bracket", "quantity"])
def test_what_was_reduced_by_hand_stays_reduced(how: str) -> None:
    desk = small()
    if how == "bracket":
        desk.fill(bracket(desk), "10", "100")
    else:
        desk.hold("10")
        set_exit(desk, "stop 95", quantity=quantity("10"))
    desk.hold("10")
    assert protects(desk) == ["armed 10"]
    desk.hold("14", side="sell")
    assert protects(desk) == ["armed 6"]
    desk.hold("4")
    assert protects(desk) == ["armed 6"]


def test_a_position_that_turns_round_ends_its_exits() -> None:
    desk = small()
    desk.hold("10")
    set_exit(desk, "stop 95")
    desk.fill(bracket(desk), "10", "100")
    order = desk.working("25", "100", side="sell")
    assert said(desk.fill(order, "25", "100")) == ["ended flat", "ended flat"]
    assert desk.position("agent:momentum") == -5000


def test_a_bracket_whose_fills_were_sold_by_hand_waits_for_more_of_them() -> None:
    desk = small()
    order = bracket(desk)
    desk.fill(order, "4", "100")
    desk.hold("4", "101", side="sell")
    assert protects(desk) == ["waiting 0"]
    assert said(desk.fill(order, "6", "100")) == ["armed 6"]


def test_a_bracket_that_crosses_through_flat_protects_what_lies_beyond() -> None:
    desk = small()
    desk.hold("5")
    order = bracket(desk, "12", "stop 105, take 90", side="sell")
    desk.fill(order, "5", "100")
    assert protects(desk) == ["waiting 0"]
    assert said(desk.fill(order, "7", "100")) == ["armed 7"]
    assert marked(desk, "105") == ["stop_loss 105: 7"]
    intent = closing(desk.state, only(desk).id, desk.at)
    assert intent is not None and (intent.side, intent.quantity) == ("buy", quantity("7"))
    assert close(desk, "105") == ["ended closed"]


@pytest.mark.parametrize("most", ["6", None])
def test_a_bracket_of_a_part_of_its_entry(most: str | None) -> None:
    desk = small()
    order = bracket(desk, terms={"quantity": quantity(most)} if most else {})
    for amount in ("4", "4", "2"):
        desk.fill(order, amount, "100")
    assert protects(desk) == [f"armed {most or 10}"]
    assert marked(desk, "94") == [f"stop_loss 95: {most or 10}"]
    assert close(desk, part="3") == []
    assert protects(desk) == ["triggered 3" if most else "triggered 7"]
    assert close(desk) == ["ended closed"]
    assert desk.position("agent:momentum") == (4000 if most else 0)


def test_several_exits_never_sell_more_than_is_held() -> None:
    desk = small()
    desk.hold("10")
    for legs in ("stop 95", "stop 96", "trail 4", "stop 97, take 110"):
        set_exit(desk, legs)
    assert len(marked(desk, "94")) == 4
    sent = 0
    for name in list(desk.state.exits):
        intent = closing(desk.state, name, desk.at)
        if intent is not None:
            record = desk.do(c.Submit(intent=intent), GUARD)
            assert verdict(record) == "allow"
            sent += int(intent.quantity)
    assert sent == quantity("10"), "what one closing order reserves no other one sells"
    (order,) = desk.state.orders
    told = said(desk.fill(order, "10", "94"))
    assert told == ["ended closed"] * 4
    assert desk.position("agent:momentum") == 0
    desk.agree()


def test_two_brackets_on_one_position_close_what_each_one_filled() -> None:
    desk = small()
    first = bracket(desk, "10", "stop 95")
    second = bracket(desk, "6", "stop 90")
    desk.fill(first, "10", "100")
    desk.fill(second, "6", "100")
    assert marked(desk, "94") == ["stop_loss 95: 10"]
    assert close(desk, name=f"X-{first.id}") == ["ended closed"]
    assert protects(desk) == ["armed 6"]
    assert marked(desk, "90") == ["stop_loss 90: 6"]
    assert close(desk, "90") == ["ended closed"]


def test_a_position_that_the_venue_shows_smaller_bounds_what_is_sold() -> None:
    """Only what book and venue both prove is sold; the exit waits for the rest."""
    desk = small()
    desk.hold("10")
    set_exit(desk, "stop 95")
    desk.state.confirmed[("paper1", "AAPL")] = int(quantity("4"))
    desk.redo.state.confirmed[("paper1", "AAPL")] = int(quantity("4"))
    desk.shadow.state.confirmed[("paper1", "AAPL")] = int(quantity("4"))
    assert marked(desk, "94") == ["stop_loss 95: 10", "alarm exit_unproven"]
    intent = closing(desk.state, only(desk).id, desk.at)
    assert intent is not None and intent.quantity == quantity("4")


def test_agents_on_two_sides_of_one_connection_hold_less_together() -> None:
    """What the connection does not hold is not sold: it would open there. It is told, loudly."""
    desk = small()
    desk.agent("other", "main", "paper1")
    desk.hold("10")
    desk.hold("6", agent="other", side="sell")
    set_exit(desk, "stop 95")
    assert marked(desk, "94") == ["stop_loss 95: 10", "alarm exit_unproven"]
    assert close(desk) == []
    assert (protects(desk), closing(desk.state, only(desk).id, desk.at)) == (["triggered 6"], None)
    desk.hold("6", "94", agent="other")
    assert close(desk) == ["ended closed"], "it goes on as soon as the connection holds it"
    desk.agree()


# -- short positions, contracts, perpetuals


def test_a_short_bracket_is_the_mirror_of_a_long_one() -> None:
    desk = small()
    order = bracket(desk, "10", "stop 105, take 90", side="sell")
    assert said(desk.fill(order, "10", "100")) == ["armed 10"]
    assert marked(desk, "104.99") == []
    assert marked(desk, "106") == ["stop_loss 105: 10"]
    assert close(desk, "106") == ["ended closed"]
    assert desk.position("agent:momentum") == 0


def test_a_prediction_contract() -> None:
    desk = small()
    desk.instrument("YES", "0.5", kind="prediction", outcome="yes", market="RAIN")
    order = desk.working("100", "0.5", instrument="YES", exit=terms("stop 0.4, take 0.8"))
    desk.fill(order, "100", "0.5")
    assert said(desk.mark("YES", "0.39")) == ["stop_loss 0.4: 100"]
    assert close(desk, "0.39") == ["ended closed"]


def test_a_perpetual_that_looks_at_the_fair_price() -> None:
    desk = small()
    desk.instrument("PERP", "100", kind="perpetual", lot="0.1", exits_on="mark", multiplier=quantity("2"))
    desk.took(c.SetMargin(instrument="PERP", initial=ratio("0.1")))
    desk.mark("PERP", "100", fair=price("100"))
    order = desk.working("2.5", "100", instrument="PERP", side="sell", exit=terms("trail 2%"))
    desk.fill(order, "2.5", "100")
    assert said(desk.mark("PERP", "110")) == []
    assert said(desk.mark("PERP", "110", fair=price("90"))) == []
    assert said(desk.mark("PERP", "95", fair=price("91.8"))) == ["trailing_stop 91.8: 2.5"]
    assert close(desk, "95") == ["ended closed"]


# -- what happens to an instrument


def test_a_split_counts_an_exit_in_new_shares_and_prices() -> None:
    desk = small()
    desk.hold("10")
    set_exit(desk, "stop 90, trail 8 from 105, take 120", quantity=quantity("5"))
    desk.mark("AAPL", "106")
    desk.took(c.Split(instrument="AAPL", new=4, old=1))
    exit = only(desk)
    assert exit.terms == terms("stop 22.5, trail 2 from 26.25, take 30", quantity=quantity("20"))
    assert (exit.protects, exit.extreme, exit.active) == (quantity("20"), price("26.5"), True)
    assert marked(desk, "24.5") == ["trailing_stop 24.5: 20"]
    assert close(desk, "24.5") == ["ended closed"]
    desk.agree()


def test_a_split_that_leaves_less_than_a_lot_is_told_when_it_triggers() -> None:
    desk = small()
    desk.hold("1")
    set_exit(desk, "stop 95")
    desk.took(c.Split(instrument="AAPL", new=1, old=2))
    assert (protects(desk), only(desk).terms) == (["armed 0.5"], terms("stop 190"))
    assert marked(desk, "190") == ["stop_loss 190: 0.5", "ended remainder", "alarm exit_remainder"]


@pytest.mark.parametrize(("outcome", "more", "told"), [
    ("yes", {}, ["ended resolved", "ended resolved"]),
    ("no", {}, ["ended resolved", "ended resolved"]),
    ("void", {"void_price": price("0.5")}, ["ended resolved", "ended resolved"]),
    ("disputed", {}, []),
])  # fmt: skip
def test_a_resolution_ends_the_exits_of_its_market(outcome: Any, more: dict[str, Any], told: list[str]) -> None:
    desk = small()
    desk.instrument("YES", "0.5", kind="prediction", outcome="yes", market="RAIN")
    order = desk.working("100", "0.5", instrument="YES", exit=terms("stop 0.4"))
    desk.fill(order, "100", "0.5")
    bracket(desk, "5", "take 0.9", "0.4", instrument="YES")
    assert said(desk.took(c.Resolve(market="RAIN", outcome=outcome, **more))) == told
    desk.agree()


def test_expiry_ends_exits_when_its_time_has_come() -> None:
    desk = small()
    desk.instrument("AAPL", expires_at=desk.at + DAY_NS)
    desk.hold("10")
    set_exit(desk, "stop 95")
    assert desk.kernel.next_due() is not None
    desk.reload()
    assert said(desk.took(c.Tick(), GUARD, after_ns=DAY_NS)) == ["ended expired"]
    assert desk.state.expiries == {}
    desk.agree()


def test_a_trigger_while_trading_is_halted_is_remembered() -> None:
    desk = small()
    desk.hold("10")
    set_exit(desk, "stop 95")
    desk.took(c.SetTradingState(instrument="AAPL", state="halted"))
    assert marked(desk, "94") == ["stop_loss 95: 10"]
    assert closing(desk.state, only(desk).id, desk.at) is None
    desk.mark("AAPL", "99")
    desk.reload()
    desk.took(c.SetTradingState(instrument="AAPL", state="trading"))
    assert close(desk, "99") == ["ended closed"], "it stays triggered, though the price came back"


def test_a_session_that_opens_is_seen_by_the_clock_of_who_asks() -> None:
    desk = small()
    desk.hold("10")
    opens = desk.at + 3600 * 10**9
    set_exit(desk, "stop 95")
    desk.instrument("AAPL", calendar="NYSE")
    window = ((opens, opens + DAY_NS),)
    desk.took(c.SetCalendar(calendar="NYSE", begins_at=desk.at - DAY_NS, ends_at=desk.at + 9 * DAY_NS, windows=window))
    desk.mark("AAPL", "94")
    name = only(desk).id
    assert closing(desk.state, name) is None
    assert closing(desk.state, name, opens - 1) is None
    assert closing(desk.state, name, opens) is not None


def test_a_gap_through_the_stop_triggers_at_its_level_and_sells_at_the_market() -> None:
    desk = small()
    desk.hold("10")
    set_exit(desk, "stop 95", slippage_bps=50)
    assert marked(desk, "82") == ["stop_loss 95: 10"]
    intent = closing(desk.state, only(desk).id, desk.at)
    assert intent is not None and intent.slippage_bps == 50
    record = desk.do(c.Submit(intent=intent), GUARD)
    assert record.decision is not None and record.decision.worst_price == price("81.59")


def test_what_is_left_below_the_smallest_order_of_the_venue_is_told() -> None:
    desk = small()
    desk.instrument("BTC", "100", kind="spot", base="BTC", lot="0.01", quantity_min=quantity("1"))
    order = desk.working("5", "100", instrument="BTC", exit=terms("stop 95"))
    desk.fill(order, "5", "100")
    desk.mark("BTC", "94")
    assert close(desk, part="4.5") == ["ended remainder", "alarm exit_remainder"]
    assert desk.state.exits == {}


# -- stops of other kinds


HALTS = {
    "loss": lambda desk: desk.mandate("agent:momentum", Mandate(daily_loss_max=money("1"))),
    "kill": lambda desk: desk.took(c.Halt(subject="agent:momentum", why="x", kill=True), BOB),
    "firm": lambda desk: desk.took(c.Halt(subject="firm", why="x"), BOB),
    "drift": lambda desk: desk.took(c.External(connection="paper1", what="an order"), GUARD),
    "pause": lambda desk: desk.took(c.SetPause(subject="agent:momentum", paused=True, why="x"), BOB),
    "grant": lambda desk: desk.took(c.SetGrant(agent="momentum", connection="paper1", granted=False)),
    "capability": lambda desk: desk.took(c.SetCapability(agent="momentum", capability="place_order", enabled=False)),
    "link": lambda desk: desk.took(c.SetVenueState(connection="paper1", reconciled=False, link_up=False), GUARD),
    "client": lambda desk: desk.took(c.Halt(subject="client:claude", why="x", kill=True), BOB),
}


@pytest.mark.parametrize("stop", sorted(HALTS))
def test_a_triggered_exit_closes_whatever_stops_its_agent(stop: str) -> None:
    desk = small()
    desk.hold("10")
    set_exit(desk, "stop 95")
    HALTS[stop](desk)
    desk.mark("AAPL", "94")
    assert only(desk).state == "triggered"
    assert close(desk) == ["ended closed"]
    desk.agree()


def test_marks_that_ride_on_an_order_trigger_too() -> None:
    desk = small()
    desk.hold("10")
    set_exit(desk, "stop 95")
    intent = desk.intent("1", "94")
    record = desk.do(c.Submit(intent=intent, marks=(desk.quote("AAPL", "94"),)), agent("momentum"))
    assert said(record) == ["stop_loss 95: 10"]
    desk.agree()


def test_an_order_held_for_people_keeps_its_exit_waiting() -> None:
    desk = small()
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("500")))
    order = desk.order("10", "100", exit=terms("stop 95"))
    assert (order.state, protects(desk)) == ("held", ["waiting 0"])
    desk.took(c.Approve(order=order.id, digest=order.digest), BOB)
    assert said(desk.fill(order, "10", "100")) == ["armed 10"]
    desk = small()
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("500")))
    order = desk.order("10", "100", exit=terms("stop 95"))
    assert said(desk.took(c.Decline(order=order.id, why="no"), BOB)) == ["ended unfilled"]
    desk.agree()


def test_an_order_held_while_its_stop_was_passed_is_not_released() -> None:
    desk = small()
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("500")))
    order = desk.order("10", "100", exit=terms("stop 95"))
    desk.mark("AAPL", "94")
    record = desk.do(c.Approve(order=order.id, digest=order.digest), BOB)
    assert rules(record) == ["exit_terms", "approval_notional_min"]
    assert said(record) == ["ended unfilled"]


def test_an_exit_of_a_client_closes_for_its_client() -> None:
    desk = small()
    order = desk.working("10", "100", client="claude", exit=terms("stop 95"))
    desk.fill(order, "10", "100")
    desk.mark("AAPL", "94")
    assert only(desk).client == "claude"
    assert close(desk) == ["ended closed"]
    assert desk.position("client:claude") == 0
    assert said(set_exit(desk, "stop 80", by=client("other"), client="claude")) == ["not_yours"]


# -- corrections


def test_a_fill_that_is_taken_back_is_protected_no_more() -> None:
    desk = small()
    order = bracket(desk)
    desk.fill(order, "4", "100", fill="one")
    desk.fill(order, "6", "100", fill="two")
    desk.hold("5")
    desk.took(c.Busted(order=order.id, fill="one"), GUARD)
    assert protects(desk) == ["armed 6"]
    told = said(desk.took(c.Busted(order=order.id, fill="two"), GUARD))
    assert "ended flat" in told
    desk.agree()


def test_a_closing_fill_that_is_taken_back_is_closed_again() -> None:
    """As long as its exit is not over; after that the alarm of the venue's correction is all there is."""
    desk = small()
    desk.hold("10")
    set_exit(desk, "stop 95", quantity=quantity("8"))
    desk.mark("AAPL", "94")
    close(desk, part="5")
    assert protects(desk) == ["triggered 3"]
    (order,) = (one for one in desk.state.finished.values() if one.intent.id.startswith("exit-"))
    (fill,) = order.fills
    desk.took(c.Busted(order=order.id, fill=fill.partition("|")[2]), GUARD)
    assert protects(desk) == ["triggered 8"]
    assert close(desk) == ["ended closed"]
    assert desk.position("agent:momentum") == 2000
    desk.agree()


def test_a_position_that_a_person_corrects_takes_its_exits_along() -> None:
    desk = small()
    desk.hold("10")
    set_exit(desk, "stop 95", quantity=quantity("8"))
    shown = {"connection": "paper1", "cash": (("USD", money("999000")),), "orders": ()}
    for _ in range(3):  # no report in transit explains it for so long
        desk.took(c.Reconciled(positions=(c.Holding("AAPL", quantity("3")),), **shown), GUARD, after_ns=130 * 10**9)
    desk.took(c.Adopt(connection="paper1", truth="venue", agent="momentum", why="looked"))
    assert protects(desk) == ["armed 3"]
    desk.agree()
