"""The life of an order: every state meets every signal, and reservations end only where the table says."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, Desk, agent, halts, money, price, quantity, rules, small, verdict

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import build
from remit.kernel.effect import Alert
from remit.kernel.kernel import effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.order import TERMINAL, TRANSITIONS, WORKING
from remit.kernel.state import CLOCK_LEAD_NS, INTENT_LIFE_NS

SIGNALS: dict[str, Any] = {
    "send": c.Sent,
    "ack": c.Acked,
    "reject": lambda order: c.Rejected(order=order, code="no"),
    "lose": lambda order: c.Lost(order=order, why="timeout"),
    "cancel": c.Cancelled,
    "expire": c.Expired,
    "refuse_cancel": lambda order: c.CancelRefused(order=order, code="no"),
    "replace": c.Replaced,
    "refuse_replace": lambda order: c.ReplaceRefused(order=order, code="no"),
    "ask_cancel": c.Cancel,
    "ask_replace": lambda order: c.Replace(id="r", order=order, quantity=quantity("8"), limit_price=price("99")),
    "decline": lambda order: c.Decline(order=order, why="no"),
}
FILL = {"fill": "1", "complete": "10"}
TABLE = """
                 send  ack    reject   lose    cancel    expire  refuse_cancel replace refuse_replace ask_cancel     ask_replace     decline  fill            complete
held             .     .      .        .       cancelled .       .             .       .              cancelled      .               declined held            held
allowed          sent  acked  rejected unknown cancelled expired .             .       .              pending_cancel .               .        partial         filled
sent             .     acked  rejected unknown cancelled expired .             .       .              pending_cancel .               .        partial         filled
acked            .     .      .        unknown cancelled expired .             .       .              pending_cancel pending_replace .        partial         filled
partial          .     .      .        unknown cancelled expired .             .       .              pending_cancel pending_replace .        .               filled
unknown          .     acked  rejected .       cancelled expired .             .       .              pending_cancel .               .        partial         filled
pending_replace  .     .      .        unknown cancelled expired .             acked   acked          pending_cancel .               .        .               filled
pending_cancel   .     .      rejected .       cancelled expired acked         .       .              .              .               .        .               filled
rejected         .     .      .        .       .         .       .             .       .              .              .               .        filled          filled
filled           .     .      .        .       .         .       .             .       .              .              .               .        .               .
cancelled        .     .      .        .       .         .       .             .       .              .              .               .        filled          filled
expired          .     .      .        .       .         .       .             .       .              .              .               .        filled          filled
declined         .     .      .        .       .         .       .             .       .              .              .               .        .               .
lapsed           .     .      .        .       .         .       .             .       .              .              .               .        .               .
"""  # noqa: E501
ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [
    (row[0], signal, row[0] if cell == "." else cell)
    for row in ROWS[1:]
    for signal, cell in zip(ROWS[0], row[1:], strict=True)
]


def order_in(desk: Desk, state: str) -> str:
    """Return an order of ten at 100 that has come to a state."""
    if state in ("held", "declined", "lapsed"):
        desk.mandate("agent:momentum", Mandate(approval_notional_min=money("1")))
    name: str = desk.order("10", "100").id
    steps = {
        "held": (), "allowed": (), "sent": ("send",), "acked": ("ack",), "partial": ("ack", "fill"),
        "unknown": ("lose",), "pending_replace": ("ack", "ask_replace"), "pending_cancel": ("ack", "ask_cancel"),
        "rejected": ("reject",),
        "filled": ("complete",), "cancelled": ("cancel",), "expired": ("expire",), "declined": ("decline",),
    }.get(state, ())  # fmt: skip
    for signal in steps:
        give(desk, name, signal)
    if state == "lapsed":
        desk.took(c.Tick(), GUARD, after_ns=301 * NANOSECONDS)
    assert desk.state.order(name).state == state
    return name


def give(desk: Desk, name: str, signal: str) -> None:
    if signal in FILL:
        desk.fill(name, FILL[signal], "100")
        return
    by = ANN if signal in ("ask_cancel", "ask_replace", "decline") else GUARD
    desk.do(SIGNALS[signal](order=name) if isinstance(SIGNALS[signal], type) else SIGNALS[signal](name), by)


@pytest.mark.parametrize(("state", "signal", "expected"), CELLS)
def test_every_state_meets_every_signal(state: str, signal: str, expected: str) -> None:
    desk = small()
    name = order_in(desk, state)
    order = desk.state.order(name)
    reserved, filled = order.reserved, order.filled
    give(desk, name, signal)
    assert order.state == expected
    assert (order.id in desk.state.orders) == (expected not in TERMINAL)
    amount = quantity(FILL.get(signal, "0"))
    assert order.filled == filled + amount
    if expected in TERMINAL:
        assert order.reserved == 0
    elif signal in FILL and state != "held":
        assert order.reserved == reserved - amount
    elif signal in ("lose", "ask_cancel", "refuse_cancel", "ack", "send"):
        assert order.reserved == reserved, "only the venue's own word of the end frees anything"
    desk.agree()


def test_the_table_has_every_state() -> None:
    assert {row[0] for row in ROWS[1:]} | {"denied"} == TRANSITIONS.keys() == TERMINAL | WORKING | {"held"}


UNASKED = [
    (state, alarm, halt)
    for state, alarm, halt in (
        ("rejected", "late_fill", None),
        ("filled", "late_fill", "overfill"),
        ("cancelled", "late_fill", None),
        ("expired", "late_fill", None),
        ("held", None, "unexpected_fill"),
        ("declined", "late_fill", "unexpected_fill"),
        ("lapsed", "late_fill", "unexpected_fill"),
    )
]


@pytest.mark.parametrize(("state", "alarm", "halt"), UNASKED)
def test_a_fill_nobody_expects_moves_the_book_and_is_told(state: str, alarm: str | None, halt: str | None) -> None:
    desk = small()
    name = order_in(desk, state)
    before = desk.position("account:main")
    record = desk.fill(name, "1", "100")
    assert desk.position("account:main") == before + 1000
    assert [event.code for event in record.events if isinstance(event, e.Alarm)] == ([alarm] if alarm else [])
    assert halts(desk) == ([("connection:paper1", "overfill" if halt == "overfill" else "drift", halt)] if halt else [])
    desk.agree()


def test_a_fill_of_an_order_nobody_made_halts_the_firm() -> None:
    desk = small()
    desk.fill("test-999", "1", "100")
    assert halts(desk) == [("firm", "drift", "unexpected_fill")]


@pytest.mark.parametrize(
    ("amount", "at", "fee"), [("0", "100", "0"), ("-1", "100", "0"), ("1", "-1", "0"), ("1", "1", "-1")]
)
def test_an_absurd_fill_is_not_booked_and_halts(amount: str, at: str, fee: str) -> None:
    desk = small()
    order = desk.working("10", "100")
    desk.fill(order, amount, at, fee)
    assert (order.filled, desk.position("firm")) == (0, 0)
    assert halts(desk) == [("connection:paper1", "drift", "unexpected_fill")]


def test_an_overfill_and_a_price_beyond_the_limit_are_told() -> None:
    desk = small()
    order = desk.working("10", "100")
    record = desk.fill(order, "11", "100.5")
    assert [event.code for event in record.events if isinstance(event, e.Alarm)] == ["beyond_price"]
    assert halts(desk) == [("connection:paper1", "overfill", "overfill")]
    told = [effect.why for effect in effects(record) if isinstance(effect, Alert) and effect.code == "halt_overfill"]
    assert told == [f"overfill at 11, limit 10: {order.id} filled more than was asked"]
    assert (order.state, desk.position("firm")) == ("filled", 11_000)
    assert "agent_active" in rules(desk.submit("1", "100"))


def test_a_fill_told_twice_counts_once_for_as_long_as_its_order_lives() -> None:
    desk = small()
    order = desk.working("10", "90", time_in_force="gtc")
    desk.fill(order, "4", "90", fill="F1")
    desk.took(c.Tick(), GUARD, after_ns=10 * INTENT_LIFE_NS)
    desk.fill(order, "4", "90", fill="F1")
    assert order.filled == quantity("4")
    desk.agree()


# -- replaces


def replaced(desk: Desk, order: Any, amount: str, limit: str) -> Any:
    body = c.Replace(id="r", order=order.id, quantity=quantity(amount), limit_price=price(limit))
    return desk.do(body, agent("momentum"))


@pytest.mark.parametrize(
    ("amount", "limit", "pending", "taken", "refused"),
    [
        ("8", "99", ("10", "1000"), ("8", "792"), ("10", "1000")),
        ("12", "101", ("12", "1212"), ("12", "1212"), ("10", "1000")),
        ("12", "90", ("12", "1200"), ("12", "1080"), ("10", "1000")),
        ("5", "120", ("10", "1200"), ("5", "600"), ("10", "1000")),
    ],
)
def test_a_replace_reserves_the_larger_of_both_until_the_venue_answers(
    amount: str, limit: str, pending: tuple[str, str], taken: tuple[str, str], refused: tuple[str, str]
) -> None:
    for answer, expected in ((c.Replaced, taken), (lambda order: c.ReplaceRefused(order=order, code="no"), refused)):
        desk = small()
        order = desk.working("10", "100")
        total = desk.state.subjects["firm"].total
        assert verdict(replaced(desk, order, amount, limit)) == "allow"
        assert (order.reserved, total.gross) == (quantity(pending[0]), money(pending[1]))
        desk.took(answer(order=order.id), GUARD)
        assert (order.reserved, total.gross) == (quantity(expected[0]), money(expected[1]))
        assert (order.state, order.pending) == ("acked", None)
        desk.agree()


def test_a_replace_of_a_short_counts_the_higher_price_until_settled() -> None:
    desk = small()
    order = desk.working("10", "150", side="sell")
    assert verdict(replaced(desk, order, "10", "110")) == "allow"
    assert desk.state.subjects["firm"].total.short == money("1500")
    desk.took(c.Replaced(order=order.id), GUARD)
    assert desk.state.subjects["firm"].total.short == money("1100")


@pytest.mark.parametrize("counter", ["orders_per_day_max", "market_orders_max", "market_orders_per_day_max",
                                     "repeated_execution_max"])  # fmt: skip
def test_new_terms_are_no_new_order(counter: str) -> None:
    """An order was counted when it went out: changing the last one allowed is no breach, and halts nobody."""
    desk = small()
    desk.mandate("agent:momentum", build(Mandate, {counter: 1}))
    order = desk.working("10", "100")
    assert verdict(replaced(desk, order, "10", "99")) == "allow"
    assert rules(desk.submit("1", "100")) == [counter]


def test_a_fill_between_a_replace_and_its_answer() -> None:
    desk = small()
    order = desk.working("10", "100")
    replaced(desk, order, "6", "99")
    desk.fill(order, "6", "100")
    assert (order.state, order.reserved) == ("pending_replace", quantity("4"))
    desk.took(c.Replaced(order=order.id), GUARD)
    assert (order.state, order.reserved) == ("filled", 0)
    assert desk.state.subjects["firm"].total.working == 0
    desk.agree()


def test_a_replace_answered_after_it_was_given_up() -> None:
    desk = small()
    order = desk.working("10", "100")
    replaced(desk, order, "12", "100")
    desk.took(c.Lost(order=order.id, why="timeout"), GUARD)
    assert (order.state, order.reserved) == ("unknown", quantity("12"))
    assert desk.refused(c.Replace(id="s", order=order.id, quantity=quantity("5"), limit_price=price("9")), ANN)
    desk.took(c.Acked(order=order.id), GUARD)
    assert order.reserved == quantity("12"), "working, but on which terms nobody knows"
    assert desk.refused(c.Replace(id="s", order=order.id, quantity=quantity("5"), limit_price=price("9")), ANN)
    desk.took(c.Replaced(order=order.id), GUARD)
    assert (order.state, order.reserved, order.quantity) == ("acked", quantity("12"), quantity("12"))
    desk.agree()


def test_a_replace_answered_while_a_cancel_is_under_way() -> None:
    desk = small()
    order = desk.working("10", "100")
    replaced(desk, order, "12", "100")
    desk.took(c.Cancel(order=order.id))
    desk.took(c.Replaced(order=order.id), GUARD)
    assert (order.state, order.reserved) == ("pending_cancel", quantity("12"))


@pytest.mark.parametrize(
    ("amount", "limit", "code"),
    [("10", "0", "not_replaceable"), ("10", "-1", "not_replaceable"), ("0", "100", "not_replaceable"),
     ("10", "100.001", "increments"), ("1.5", "100", "increments")],
)  # fmt: skip
def test_terms_that_cannot_be(amount: str, limit: str, code: str) -> None:
    desk = small()
    order = desk.working("10", "100")
    body = c.Replace(id="r", order=order.id, quantity=quantity(amount), limit_price=price(limit))
    assert desk.refused(body, agent("momentum")) == code


def test_a_clip_cannot_be_replaced_beyond_the_position() -> None:
    """A clip was cut to the position once; new terms are not cut, they are refused."""
    desk = small()
    desk.hold("10")
    order = desk.working("90", "110", side="sell", reduce="clip")
    assert order.quantity == quantity("10")
    assert rules(replaced(desk, order, "1000", "110")) == ["reduce_proof"]


def test_a_denied_replace_leaves_no_trace_in_the_reservation() -> None:
    """Rate and haircut moved since the order was reserved: judging again must not revalue it behind the record."""
    desk = small()
    desk.rate("EUR", "USD", "1.25")
    desk.instrument("SAP", "100", currency="EUR")
    desk.took(c.SetBalance(connection="paper1", currency="EUR", amount=money("10000")))
    order = desk.working("10", "100", instrument="SAP")
    desk.rate("EUR", "USD", "2")
    desk.mandate("account:main", Mandate(market_exposure_max=money("2500"), haircut_bps=1000))
    assert "market_exposure_max" in rules(replaced(desk, order, "20", "100"))
    desk.agree()


# -- intents


def test_the_same_intent_acts_once_and_gets_the_first_answer() -> None:
    desk = small()
    intent = desk.intent("1", "90")
    first = desk.do(c.Submit(intent=intent), agent("momentum"))
    again = desk.do(c.Submit(intent=intent), agent("momentum"))
    assert [event.seq for event in again.events if isinstance(event, e.Repeated)] == [first.command.seq]
    assert len(desk.state.orders) == 1


def test_an_id_never_acts_again_while_it_could_still_be_accepted() -> None:
    """An intent stamped ahead of its entry stays acceptable that much longer, so its id is kept that much longer."""
    desk = small()
    intent = desk.intent("1", "90", created_at=desk.at + CLOCK_LEAD_NS)
    order = desk.do(c.Submit(intent=intent), agent("momentum")).decision
    assert order is not None and order.verdict == "allow"
    desk.took(c.Cancelled(order=order.order), GUARD)
    for after in (INTENT_LIFE_NS, CLOCK_LEAD_NS // 2, CLOCK_LEAD_NS, CLOCK_LEAD_NS):
        desk.took(c.Tick(), GUARD, after_ns=after)
        desk.mark("AAPL", "100")
        record = desk.do(c.Submit(intent=intent), agent("momentum"))
        assert not any(isinstance(event, e.Reserved) for event in record.events)
    assert desk.state.orders == {} and not desk.state.finished


def test_marks_that_ride_on_a_refused_order_do_not_count() -> None:
    desk = small()
    intent = desk.intent("1", "90")
    body = c.Submit(intent=intent, marks=(desk.quote("AAPL", "90"),))
    assert desk.refused(body, agent("other")) == "not_yours"
    desk.do(body, agent("momentum"))
    assert desk.state.marks["AAPL"].last == price("90")


def test_a_late_mark_and_one_for_nothing_known_change_nothing() -> None:
    desk = small()
    desk.mark("AAPL", "110")
    desk.mark("AAPL", "90", at=desk.at - 2_000_000)
    assert desk.state.marks["AAPL"].last == price("110")
    assert desk.refused(c.Marked(marks=(desk.quote("AAPL", "1"), desk.quote("GONE", "1")))) == "not_possible"
    desk.mark("AAPL", "120", at=desk.at + 10**12)  # from the future: the next one is not late against it
    desk.mark("AAPL", "130")
    assert desk.state.marks["AAPL"].last == price("130")


def test_time_moves_other_orders_in_the_entry_of_a_report() -> None:
    """A hold that lapses in the entry of a rejection is no rejection, and takes no venue's name for it."""
    desk = small()
    working = desk.order("5", "90")
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("1"), rejections_in_row_max=1))
    held = desk.order("1", "91")
    desk.do(c.Rejected(order=working.id, code="no"), GUARD, after_ns=301 * NANOSECONDS)
    assert (held.state, desk.state.subjects["firm"].total.rejections) == ("lapsed", 1)
    assert halts(desk) == []


def test_the_id_of_a_replace_acts_once() -> None:
    """The same replace again gets the first answer, also once it is settled; the same id for other terms is refused."""
    desk = small()
    order = desk.working("10", "100")
    body = c.Replace(id="r1", order=order.id, quantity=quantity("8"), limit_price=price("99"))
    first = desk.do(body, agent("momentum"))
    assert any(isinstance(event, e.ReplaceAsked) for event in first.events)
    for _ in range(2):
        assert desk.do(body, agent("momentum")).events == (e.Repeated(seq=first.command.seq),)
        desk.do(c.Replaced(order=order.id))
    other = c.Replace(id="r1", order=order.id, quantity=quantity("7"), limit_price=price("99"))
    assert desk.refused(other, agent("momentum")) == "intent_id_unique"
    assert order.quantity == quantity("8")
