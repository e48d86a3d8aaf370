"""Who may set, tighten, widen and drop an exit; how many there can be; and that nobody keeps one from acting."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, BOB, Desk, agent, client, money, price, quantity, rules, small, verdict
from tests.kernel.test_entry_size import size
from tests.kernel.test_exit import terms
from tests.kernel.test_exits import bracket, close, marked, only, protects, said, set_exit

from remit.journal.frame import ENTRY_BYTES_MAX
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.exit import EXITS_MAX
from remit.kernel.exits import closing
from remit.kernel.halt import CANCELS_MAX
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import NANOSECONDS

MOMENTUM, CLAUDE = agent("momentum"), client("claude")
SOMEBODY = agent("other")


def held(legs: str = "stop 95, take 110", **more: Any) -> Desk:
    """A desk long ten with one exit on it."""
    desk = small()
    desk.agent("other", "main", "paper1")
    desk.hold("10")
    assert said(set_exit(desk, legs, name="first", **more)) == ["set"]
    return desk


def changed(desk: Desk, legs: str, by: Principal = MOMENTUM, **more: Any) -> str:
    """Give the one exit new terms; return the code of the refusal, or `set`."""
    (told,) = said(set_exit(desk, legs, name=only(desk).id, by=by, **more))
    return told


CHANGES = (
    # who, the terms, what is said; of `stop 95, take 110`
    (MOMENTUM, "stop 96, take 110", "set"),
    (MOMENTUM, "stop 95, take 120", "set"),
    (MOMENTUM, "stop 95", "set"),
    (MOMENTUM, "stop 95, trail 9", "set"),
    (MOMENTUM, "stop 94, take 110", "widens_stop"),
    (MOMENTUM, "take 110", "widens_stop"),
    (MOMENTUM, "trail 1", "widens_stop"),
    (MOMENTUM, "stop 100", "exit_terms"),
    (MOMENTUM, "stop 99.999", "exit_terms"),
    (GUARD, "stop 94", "widens_stop"),
    (ANN, "stop 94", "set"),
    (ANN, "take 120", "set"),
    (ANN, "stop 101", "exit_terms"),
    (CLAUDE, "stop 96", "not_yours"),
    (SOMEBODY, "stop 96", "not_yours"),
    (BOB, "stop 96", "not_authorised"),
)


@pytest.mark.parametrize(("by", "legs", "told"), CHANGES)
def test_an_agent_tightens_and_a_person_may_widen(by: Principal, legs: str, told: str) -> None:
    desk = held()
    assert changed(desk, legs, by) == told
    assert only(desk).terms == (terms(legs) if told == "set" else terms("stop 95, take 110"))
    desk.agree()


@pytest.mark.parametrize(
    ("legs", "by", "told"),
    [
        ("stop 95", MOMENTUM, "widens_stop"),
        ("trail 5 from 120", MOMENTUM, "widens_stop"),
        ("take 110", MOMENTUM, "ended dropped"),
        ("take 110", SOMEBODY, "unknown_exit"),
        ("stop 95", ANN, "ended dropped"),
        ("stop 95", BOB, "not_authorised"),
    ],
)
def test_who_may_drop_an_exit(legs: str, by: Principal, told: str) -> None:
    desk = held(legs)
    assert said(desk.do(c.DropExit(exit=only(desk).id), by)) == [told]
    assert bool(desk.state.exits) == (told != "ended dropped")
    desk.agree()


def test_a_client_touches_its_own_exits_and_its_agent_all_of_them() -> None:
    desk = small()
    desk.fill(desk.working("10", "100", client="claude", exit=terms("take 110")), "10", "100")
    name = only(desk).id
    assert said(set_exit(desk, "take 111", name=name, by=CLAUDE, client="claude")) == ["set"]
    assert said(set_exit(desk, "take 112", name=name)) == ["set"]
    assert said(desk.do(c.DropExit(exit=name), CLAUDE)) == ["ended dropped"]


def test_nothing_is_changed_once_it_has_triggered() -> None:
    """Only a person takes it back."""
    desk = held("take 110")
    desk.mark("AAPL", "110")
    assert changed(desk, "take 120") == "already_triggered"
    assert changed(desk, "take 120", ANN) == "already_triggered"
    assert desk.refused(c.DropExit(exit=only(desk).id), MOMENTUM) == "already_triggered"
    assert said(desk.took(c.DropExit(exit=only(desk).id))) == ["ended dropped"]
    desk.agree()


STOPS = {
    "pause": (lambda desk: desk.took(c.SetPause(subject="account:main", paused=True, why="x"), BOB), "agent_active"),
    "person": (lambda desk: desk.took(c.Halt(subject="firm", why="x"), BOB), "agent_active"),
    "kill": (lambda desk: desk.took(c.Halt(subject="agent:momentum", why="x", kill=True), BOB), "agent_active"),
    "drift": (lambda desk: desk.took(c.External(connection="paper1", what="x"), GUARD), "agent_active"),
    "loss": (lambda desk: (desk.mandate("agent:momentum", Mandate(daily_loss_max=money("1"))), desk.mark("AAPL", "99")),
             "set"),
    "grant": (lambda desk: desk.took(c.SetGrant(agent="momentum", connection="paper1", granted=False)), "agent_active"),
    "capability": (lambda desk: desk.took(c.SetCapability(agent="momentum", capability="place_order", enabled=False)),
                   "agent_active"),
}  # fmt: skip


@pytest.mark.parametrize("stop", sorted(STOPS))
def test_what_stops_an_agent_from_setting_exits(stop: str) -> None:
    """A halt for a loss lets it protect itself; a person sets and drops exits whatever stands."""
    does, told = STOPS[stop]
    desk = held("take 110")
    does(desk)
    name = only(desk).id
    assert said(set_exit(desk, "take 111", name=name)) == [told]
    assert said(set_exit(desk, "stop 95")) == [told]
    assert said(desk.do(c.DropExit(exit=name), MOMENTUM)) == ["ended dropped" if told == "set" else told]
    assert said(set_exit(desk, "stop 90", by=ANN)) == ["set"]
    desk.agree()


REFUSED = (
    ({"legs": "stop 101"}, "exit_terms"),
    ({"legs": "take 99"}, "exit_terms"),
    ({"legs": "stop 95", "instrument": "IBM"}, "no_position"),
    ({"legs": "stop 95", "instrument": "GONE"}, "unknown"),
    ({"legs": "stop 95", "connection": "gone"}, "unknown"),
    ({"legs": "stop 95", "agent": "gone", "by": ANN}, "unknown"),
    ({"legs": "stop 95", "agent": "other"}, "no_position"),
    ({"legs": "stop 95", "by": SOMEBODY}, "not_yours"),
    ({"legs": "stop 95", "client": "claude"}, "not_yours"),
    ({"legs": "stop 95", "name": "X-999"}, "unknown_exit"),
    ({"legs": "stop 95", "name": "i1"}, "intent_id_unique"),
    ({"legs": "stop 95", "slippage_bps": 51}, "exit_terms"),
    ({"legs": "stop 95", "quantity": quantity("0.5")}, "exit_terms"),
)


@pytest.mark.parametrize(("asked", "code"), REFUSED)
def test_what_is_no_exit_on_a_position(asked: dict[str, Any], code: str) -> None:
    desk = small()
    desk.agent("other", "main", "paper1")
    desk.instrument("IBM", "100")
    desk.mandate("account:main", Mandate(slippage_max_bps=50))
    desk.hold("10", id="i1")
    before = desk.image()
    assert said(set_exit(desk, asked.pop("legs"), **asked)) == [code]
    assert desk.image() == before
    desk.agree()


@pytest.mark.parametrize("what", ("agent", "connection", "instrument"))
def test_what_is_not_known_is_named(what: str) -> None:
    desk = small()
    desk.hold("10", id="i1")
    refused = set_exit(desk, "stop 95", by=ANN, **{what: "GONE"}).events[0]
    assert isinstance(refused, e.Refused)
    assert refused.why == f"there is no {what} GONE; `remit {what} list` shows them"


def test_terms_of_another_position_are_refused() -> None:
    desk = held()
    desk.instrument("IBM", "100")
    assert said(set_exit(desk, "stop 96", name=only(desk).id, instrument="IBM")) == ["not_this_exit"]


def test_no_price_no_exit() -> None:
    desk = small()
    desk.instrument("PERP", "100", exits_on="mark")
    desk.hold("10", instrument="PERP")
    assert said(set_exit(desk, "stop 95", instrument="PERP")) == ["exit_terms"]
    assert rules(desk.submit("1", "100", instrument="PERP", exit=terms("stop 95"))) == [], "its limit is a price"


def test_the_same_id_never_acts_twice() -> None:
    desk = held("stop 95")
    record = set_exit(desk, "stop 95", name="first")
    assert [type(event) for event in record.events] == [e.Repeated]
    assert said(set_exit(desk, "stop 96", name="first")) == ["intent_id_unique"]
    assert rules(desk.submit("1", "100", id="first")) == ["intent_id_unique"], "nor does an order take it"
    assert len(desk.state.exits) == 1
    desk.agree()


def test_a_part_can_be_protected_again_by_new_terms() -> None:
    """Growth never makes an exit of a fixed quantity larger; whoever wants that says so."""
    desk = held("stop 95", quantity=quantity("6"))
    desk.hold("8", side="sell")
    desk.hold("8")
    assert protects(desk) == ["armed 2"]
    assert changed(desk, "stop 95", quantity=quantity("6")) == "set"
    assert protects(desk) == ["armed 6"]
    assert changed(desk, "stop 95") == "set"
    assert protects(desk) == ["armed 10"]
    assert changed(desk, "stop 95", quantity=quantity("6")) == "widens_stop"


def test_a_trail_goes_on_from_its_best_price_under_new_terms() -> None:
    desk = held("trail 10")
    desk.mark("AAPL", "110")
    assert changed(desk, "trail 8, take 150") == "set"
    desk.mark("AAPL", "109")
    assert marked(desk, "102") == ["trailing_stop 102: 10"]


def test_there_are_only_so_many_exits_on_a_position() -> None:
    desk = small()
    desk.hold("10")
    for _ in range(EXITS_MAX):
        assert said(set_exit(desk, "stop 95")) == ["set"]
    assert said(set_exit(desk, "stop 95")) == ["too_many_exits"]
    assert rules(desk.submit("1", "100", exit=terms("stop 95"))) == ["exit_terms"]
    assert changed_one(desk) == ["set"]
    desk.agree()


def changed_one(desk: Desk) -> list[str]:
    return said(set_exit(desk, "stop 96", name=next(iter(desk.state.exits))))


BRACKETS = (
    ({"limit": "100"}, "stop 95, take 110", ""),
    ({"limit": "90"}, "stop 89, take 95", ""),  # it rests far below the market, and so does its exit
    ({"limit": "90"}, "stop 95", "exit_terms"),
    ({"limit": "120"}, "stop 110", "exit_terms"),  # it would fill at 100
    ({"limit": "120"}, "take 105", ""),
    ({}, "stop 95, take 110", ""),
    ({}, "stop 100", "exit_terms"),
    ({"side": "sell", "limit": "100"}, "stop 105, take 90", ""),
    ({"side": "sell", "limit": "100"}, "stop 95", "exit_terms"),
    ({"side": "sell", "limit": "110"}, "stop 112, take 105", ""),
)


@pytest.mark.parametrize(("order", "legs", "rule"), BRACKETS)
def test_a_bracket_stands_on_the_right_side_of_its_price(order: dict[str, Any], legs: str, rule: str) -> None:
    desk = small()
    terms_of = dict(order)
    record = desk.submit("10", terms_of.pop("limit", None), exit=terms(legs), **terms_of)
    assert rules(record) == ([rule] if rule else [])
    assert said(record) == ([] if rule else ["set"])


def test_a_bracket_of_more_than_its_order_is_denied() -> None:
    desk = small()
    assert rules(desk.submit("10", "100", exit=terms("stop 95", quantity=quantity("11")))) == ["exit_terms"]
    desk.mandate("account:main", Mandate(slippage_max_bps=50))
    assert rules(desk.submit("10", "100", exit=terms("stop 95", slippage_bps=51))) == ["exit_terms"]
    assert rules(desk.submit("10", "100", exit=terms("stop 95", slippage_bps=50))) == []


def test_an_intent_with_another_exit_is_another_intent() -> None:
    desk = small()
    terms_of = {"id": "same", "created_at": desk.at}
    assert verdict(desk.submit("10", "100", exit=terms("stop 95"), **terms_of)) == "allow"
    (repeated,) = desk.submit("10", "100", exit=terms("stop 95"), **terms_of).events
    assert isinstance(repeated, e.Repeated)
    assert rules(desk.submit("10", "100", exit=terms("stop 90"), **terms_of)) == ["intent_id_unique"]


# -- nobody keeps an exit from acting


def test_ids_of_the_guard_are_taken_by_nobody_else() -> None:
    """An agent that used up the ids of closing orders would keep its own stop from ever being closed."""
    desk = held("stop 95")
    name = only(desk).id
    order = desk.working("1", "90")
    new = {"order": order.id, "quantity": quantity("1"), "limit_price": price("91")}
    for taken in (f"exit-{name}-0", "flatten-H-1-1-9-0"):
        assert said(desk.submit("1", "90", id=taken)) == ["reserved_id"]
        assert said(desk.submit("1", "90", id=taken, by=ANN)) == ["reserved_id"]
        assert desk.refused(c.Replace(id=taken, **new), MOMENTUM) == "reserved_id"
        assert said(set_exit(desk, "stop 96", name=taken)) == ["reserved_id"]
    desk.mark("AAPL", "94")
    assert close(desk) == ["ended closed"]


def test_what_reserves_the_position_is_cancelled_by_the_trigger() -> None:
    """Resting orders of its own would leave a stop nothing to sell."""
    desk = held("stop 95")
    resting = [desk.working("4", "120", side="sell"), desk.working("6", "130", side="sell", by=ANN)]
    bid = desk.working("3", "80")
    record = desk.mark("AAPL", "94")
    assert [event.order for event in record.events if isinstance(event, e.CancelAsked)] == [one.id for one in resting]
    assert bid.state == "acked"
    assert closing(desk.state, only(desk).id, desk.at) is None, "until the venue confirms, they may still fill"
    desk.took(c.Cancelled(order=resting[0].id), GUARD)
    intent = closing(desk.state, only(desk).id, desk.at)
    assert intent is not None and intent.quantity == quantity("4")
    desk.fill(resting[1], "2", "130")
    desk.took(c.Cancelled(order=resting[1].id), GUARD)
    assert close(desk) == ["ended closed"]
    assert desk.position("agent:momentum") == 0
    desk.agree()


def test_a_short_sale_of_another_agent_does_not_stand_in_the_way() -> None:
    """On one connection all sells reserve one position: what opens gives way to what protects."""
    desk = held("stop 95")
    other = desk.working("10", "120", agent="other", side="sell")
    record = desk.mark("AAPL", "94")
    assert [event.order for event in record.events if isinstance(event, e.CancelAsked)] == [other.id]
    desk.took(c.Cancelled(order=other.id), GUARD)
    assert close(desk) == ["ended closed"]


def test_a_held_order_in_the_way_is_withdrawn() -> None:
    desk = held("stop 95")
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("500")))
    order = desk.order("30", "101", side="sell")
    assert order.state == "held"
    desk.mark("AAPL", "94")
    assert order.state == "cancelled"
    assert close(desk) == ["ended closed"]


def test_an_agent_sells_nothing_away_from_a_stop_that_is_closing() -> None:
    desk = held("stop 95")
    desk.mark("AAPL", "94")
    assert rules(desk.submit("10", "120", side="sell")) == ["exit_terms"]
    assert rules(desk.submit("10", "120", side="sell", client="claude")) == ["exit_terms"]
    assert rules(desk.submit("1", "80")) == [], "other orders are its own affair"
    assert verdict(desk.submit("10", "94", side="sell", by=ANN)) == "allow", "a person sells by hand"


def test_an_agent_does_not_call_a_closing_order_back() -> None:
    desk = held("stop 95")
    desk.mark("AAPL", "94")
    intent = closing(desk.state, only(desk).id, desk.at)
    assert intent is not None
    order = desk.do(c.Submit(intent=intent), GUARD).decision.order
    assert desk.refused(c.Cancel(order=order), MOMENTUM) == "not_yours"
    desk.took(c.Cancel(order=order), ANN)


def test_a_closing_order_that_fails_is_followed_by_another() -> None:
    desk = held("stop 95")
    desk.mark("AAPL", "94")
    name = only(desk).id
    for number in range(3):
        intent = closing(desk.state, name, desk.at)
        assert intent is not None and intent.id == f"exit-{name}-{number}"
        record = desk.do(c.Submit(intent=intent), GUARD)
        assert closing(desk.state, name, desk.at) is None, "one at a time"
        desk.took(c.Rejected(order=record.decision.order, code="busy"), GUARD)
        desk.reload()
    assert close(desk) == ["ended closed"]
    desk.agree()


def test_a_closing_order_of_unknown_outcome_is_waited_for() -> None:
    desk = held("stop 95")
    desk.mark("AAPL", "94")
    intent = closing(desk.state, only(desk).id, desk.at)
    assert intent is not None
    record = desk.do(c.Submit(intent=intent), GUARD)
    desk.took(c.Lost(order=record.decision.order, why="timeout"), GUARD)
    assert closing(desk.state, only(desk).id, desk.at) is None
    assert said(desk.fill(record.decision.order, "10", "94")) == ["ended closed"]


# -- many of them


def crowd(desk: Desk, agents: int, each: int) -> None:
    """Agents that hold one share each, with so many stops on it."""
    for number in range(agents):
        name = f"a{number}"
        desk.agent(name, "main", "paper1")
        desk.hold("1", agent=name)
        for _ in range(each):
            assert said(set_exit(desk, "stop 95", agent=name)) == ["set"]


def test_more_triggers_than_one_entry_tells() -> None:
    """What does not fit comes with the entries that follow at once, and survives a restart between them."""
    desk = small()
    crowd(desk, 13, EXITS_MAX)
    record = desk.mark("AAPL", "94")
    told = len(said(record))
    assert told == CANCELS_MAX - 1
    while desk.kernel.next_due() == 0:
        assert size(record) < ENTRY_BYTES_MAX // 2
        desk.reload()
        desk.agree()
        record = desk.took(c.Tick(), GUARD)
        told += len(said(record))
    assert told == 13 * EXITS_MAX
    assert {exit.state for exit in desk.state.exits.values()} == {"triggered"}


def test_a_trigger_waits_for_more_cancels_than_one_entry_asks() -> None:
    desk = held("stop 95")
    for _ in range(CANCELS_MAX + 20):
        desk.working("1", "120", side="sell")
    record = desk.mark("AAPL", "94")
    assert said(record) == []
    assert only(desk).state == "armed"
    desk.reload()
    record = desk.took(c.Tick(), GUARD)
    assert said(record) == ["stop_loss 95: 10"]
    assert {order.state for order in desk.state.orders.values()} == {"pending_cancel"}
    desk.agree()


def test_a_mark_of_what_has_no_exits_costs_nothing_more() -> None:
    """Exits are found by their instrument: whoever has none is not looked at."""
    desk = small()
    desk.instrument("IBM", "100")
    crowd(desk, 3, 2)
    looked: list[str] = []
    watched = desk.state.exits

    class Counting(dict):  # type: ignore[type-arg]
        def __getitem__(self, key: str) -> Any:
            looked.append(key)
            return super().__getitem__(key)

    desk.state.exits = Counting(watched)
    desk.mark("IBM", "101")
    assert looked == []
    desk.mark("AAPL", "101")
    assert len(looked) == 6


def test_a_stop_is_not_blinded_by_tightening_it_again_and_again() -> None:
    """Each change makes older extremes speak of the stop before it, never of none."""
    desk = held("stop 95")
    for level in ("95.1", "95.2", "95.3"):
        desk.mark("AAPL", "99")
        assert changed(desk, f"stop {level}") == "set"
    assert marked(desk, "99", low=price("95.2")) == ["stop_loss 95.2: 10"]


def test_expiring_exits_that_do_not_fit_end_with_the_next_entry() -> None:
    desk = small()
    desk.instrument("AAPL", expires_at=desk.at + 3600 * NANOSECONDS)
    crowd(desk, 6, EXITS_MAX)
    desk.took(c.Tick(), GUARD, after_ns=3600 * NANOSECONDS)
    assert len(desk.state.exits) == 6 * EXITS_MAX - CANCELS_MAX
    desk.took(c.Tick(), GUARD)
    assert desk.state.exits == {}
    desk.agree()


def test_a_bracket_of_a_working_entry_is_tightened_at_its_own_price() -> None:
    desk = small()
    bracket(desk, legs="stop 85", limit="90")
    assert changed(desk, "stop 89") == "set"
    assert changed(desk, "stop 90") == "exit_terms"
    assert protects(desk) == ["waiting 0"]
