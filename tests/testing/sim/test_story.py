"""Stories: what happened, in words with numbers and units, and nothing that could steer a terminal."""

from __future__ import annotations

import pytest

from remit.guard.errors import GuardGone
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.effect import Alert
from remit.kernel.names import Principal
from remit.kernel.numbers import Money, Price, Quantity, parse
from remit.kernel.order import OrderIntent
from remit.testing.sim.story import LINES_MAX, WIDTH_MAX, Kind, Told, relative, shortened, story
from remit.testing.sim.words import words_of
from remit.venues.paper import messages

MOMENTUM = Principal(name="momentum", role="agent", owner="ann")
INTENT = OrderIntent(
    id="m-1", agent="momentum", connection="paper1", instrument="NVDA", side="buy",
    quantity=parse(Quantity, "12.5"), created_at=1, limit_price=parse(Price, "101.25"),
)  # fmt: skip
FINDING = e.Finding("order_notional_max", "agent:momentum", "1000", "1265.625", "USD")
PRICE = parse(Price, "101.25")
DENIED = e.Decision(
    "deny", "o-1", parse(Quantity, "12.5"), PRICE, PRICE, parse(Money, "1265.625"), "USD", Quantity(0), (FINDING,)
)
PLACE = messages.Place(
    connection="paper1", at=1, nonce=1, order="o-1", instrument="NVDA", side="buy", quantity=parse(Quantity, "12.5"),
    type="limit", price=parse(Price, "101.25"), time_in_force="day",
)  # fmt: skip


def record(body: c.Body, *events: e.Event, decision: e.Decision | None = None) -> e.Record:
    return e.Record(c.Command(seq=17, at=1, by=MOMENTUM, body=body), events, decision)


def sealed(body: bytes) -> bytes:
    return encode(messages.Sealed(method="POST", path="/", body=body, permit=b"", signature=b""))


@pytest.mark.parametrize(
    ("kind", "what", "says"),
    [
        ("asked", c.Submit(intent=INTENT), "asks for buy 12.5 NVDA at 101.25 through paper1, as m-1"),
        ("asked", c.SetPause(subject="agent:momentum", paused=True, why="lunch"), "asks set pause ("),
        (
            "heard",
            record(c.Submit(intent=INTENT), e.Denied(agent="momentum", fingerprint="f"), decision=DENIED),
            "[17] denies m-1 of momentum as o-1: quantity 12.5 at worst 101.25 each, worth up to 1265.625 USD; "
            "order_notional_max of agent:momentum: 1265.625, limit 1000 (USD)",
        ),
        (
            "heard",
            record(
                c.Filled(order="o-1", fill="f-9", quantity=parse(Quantity, "3"), price=parse(Price, "101")),
                e.Booked(order="o-1", fill="f-9", quantity=parse(Quantity, "3"), price=parse(Price, "101"), late=True),
            ),
            "[17] books 3 at 101 each for o-1 (fill f-9, late)",
        ),
        ("heard", record(c.Tick(), e.Took()), ""),
        (
            "heard",
            record(c.Tick(), e.HaltRaised(halt="H-1", subject="firm", cause="loss", rule="daily_loss_max", limit="100",
                                          actual="130.5")),
            "[17] HALTS firm for loss (daily_loss_max, limit 100, actual 130.5) as H-1",
        ),
        (
            "heard",
            record(c.Cancel(order="o-9"), e.Refused(code="unknown_order", why="there is none")),
            "[17] refuses cancel of momentum (unknown_order): there is none",
        ),
        ("answered", GuardGone("the link broke", "Ask again"), "is told guard_gone: the link broke"),
        ("answered", {"verdict": "allow"}, ""),
        ("arrived", sealed(encode(PLACE)), "paper1 is asked to place o-1: buy 12.5 NVDA at 101.25 (limit, day)"),
        ("arrived", b"\xff\x00", "a venue is sent 2 bytes that are no request"),
        ("arrived", sealed(b"{}"), "a venue is sent "),
        ("replied", None, "answers nothing"),
        (
            "replied",
            encode(messages.Refused(order="o-1", code="permit_used", why="it was used")),
            "refuses o-1 (permit_used): it was used",
        ),
        ("fault", "lost_reply", "lost_reply: the request is carried out, and nothing is answered"),
        ("fault", "jumps 3,600 s back", "jumps 3,600 s back"),
        ("fault", "is away for 2000000000 ns", "is away for 2.000 s"),
        ("alert", Alert("halt", "firm", "a loss of 130.5 USD"), "ALERT halt firm: a loss of 130.5 USD"),
    ],
)  # fmt: skip
def test_each_thing_has_its_words(kind: Kind, what: object, says: str) -> None:
    said = words_of(Told(0, 0, kind, "x", what))
    assert said.startswith(says) if says else said == ""


@pytest.mark.parametrize(
    ("at_ns", "says"),
    [(0, "+0.000 s"), (12_400_000_000, "+12.400 s"), (3_600_000_999_999, "+3,600.000 s"), (-1_500_000_000, "-1.500 s")],
)
def test_times_are_relative(at_ns: int, says: str) -> None:
    assert relative(at_ns) == says


def test_a_story_has_a_line_for_each_step_and_below_it_what_followed() -> None:
    told = [
        Told(0, -1, "guard", "guard", "starts"),
        Told(0, -1, "heard", "guard", "adds an account"),
        Told(10**9, 0, "step", "ann", "ann asks for a kill"),
        Told(2 * 10**9, 0, "fault", "north", "lost_reply"),
        Told(2 * 10**9, 0, "heard", "guard", "retries"),
        Told(3 * 10**9, 0, "heard", "guard", "retries"),
        Told(4 * 10**9, 1, "step", "bob", "bob waits"),
        Told(5 * 10**9, 2, "guard", "guard", "stops"),
    ]
    assert story(told, 2) == [
        "before the first step",
        "    +0.000 s guard starts",
        "step 0 (+1.000 s): ann asks for a kill",
        "    +2.000 s ! north: lost_reply: the request is carried out, and nothing is answered",
        "    +2.000 s guard retries (2 times until +3.000 s)",
        "step 1 (+4.000 s): bob waits",
        "with the faults off",
        "    +5.000 s guard stops",
    ]


def test_nothing_steers_a_terminal_and_no_line_is_endless() -> None:
    (_, line) = story([Told(0, -1, "guard", "guard", "\x1b[2J\x07says " + "a" * 1000)], 0)
    assert line.isprintable() and len(line) == WIDTH_MAX


def test_a_long_story_keeps_its_end() -> None:
    lines = [str(number) for number in range(1000)]
    short = shortened(lines)
    assert len(short) == LINES_MAX + 1
    assert (short[0], short[-1]) == ("0", "999")
    assert "880 lines left out" in "\n".join(short)
    assert shortened(lines[:LINES_MAX]) == lines[:LINES_MAX]
