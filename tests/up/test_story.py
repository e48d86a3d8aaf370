"""The story and the panels, from records that a real kernel wrote."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from remit.kernel import access, exits
from remit.kernel import command as c
from remit.kernel.command import Body, Command
from remit.kernel.event import Record
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.instrument import Mark
from remit.kernel.kernel import Kernel
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS, NANOSECONDS, Money, Price, Quantity, parse
from remit.kernel.order import OrderIntent
from remit.up.desk import instruments
from remit.up.panels import Looked, line_text, view
from remit.up.story import Story

NOW = 20_000 * DAY_NS
OPERATOR = Principal(name="owner", role="operator", owner="owner")
ROGUE = Principal(name="rogue", role="agent", owner="owner")
LIMITS = Mandate(
    order_notional_max=parse(Money, "4000"),
    daily_loss_max=parse(Money, "500"),
    approval_notional_min=parse(Money, "2000"),
    approval_expiry_s=5,
)


class Told:
    """A kernel with one agent, and the story of everything that enters it."""

    def __init__(self) -> None:
        self.kernel, self.story, self.records, self.at, self.sent = Kernel(), Story(), [], NOW, 0
        account = access.Account(name="main", owner="owner", environment="training", currency="USD")
        connection = access.Connection(name="street", account="main", venue="paper", environment="training")
        self.say(GUARD, c.KernelStarted(version="1", digest="0" * 64, clean=True, prefix="r0000"))
        self.say(GUARD, c.SetSessions(zone="UTC", starts=(NOW, NOW + DAY_NS)))
        for body in (
            c.SetFirm(currency="USD"),
            c.AddAccount(account=account),
            *(c.AddInstrument(instrument=instrument) for instrument in instruments()),
            c.AddAgent(agent=access.Agent(name="rogue", account="main", owner="owner")),
            c.AddConnection(connection=connection),
            c.SetGrant(agent="rogue", connection="street", granted=True),
            c.SetCapability(agent="rogue", capability="place_order", enabled=True),
            c.SetMandate(subject="firm", mandate=EMPTY, why="test"),
            c.SetMandate(subject="account:main", mandate=EMPTY, why="test"),
            c.SetMandate(subject="agent:rogue", mandate=LIMITS, why="test"),
        ):
            self.say(OPERATOR, body)
        cash = (("USD", parse(Money, "50000")),)
        self.say(GUARD, c.Ask(connection="street"))
        self.say(GUARD, c.Reconciled(connection="street", positions=(), cash=cash, orders=()))
        self.mark("100")

    def say(self, by: Principal, body: Body, later_s: int = 0) -> Record:
        self.at += later_s * NANOSECONDS
        record = self.kernel.step(Command(seq=self.kernel.state.seq + 1, at=self.at, by=by, body=body))
        self.records.append(record)
        self.lines = self.story.hear(record)
        return record

    def mark(self, price: str) -> None:
        last = parse(Price, price)
        # of a bar, in which a price may go anywhere
        mark = Mark(
            instrument="AAPL", at=self.at, bid=last, ask=last, last=last, close=last, resolution_ns=10 * NANOSECONDS
        )
        self.say(GUARD, c.Marked(marks=(mark,)))

    def buy(self, quantity: str, **more: object) -> Record:
        self.sent += 1
        fields = {
            "id": f"o{self.sent}", "agent": "rogue", "connection": "street", "instrument": "AAPL", "side": "buy",
            "quantity": parse(Quantity, quantity), "created_at": self.at, "type": "market", **more,
        }  # fmt: skip
        return self.say(ROGUE, c.Submit(intent=OrderIntent(**fields)))  # type: ignore[arg-type]


def test_an_allowed_order_tells_what_became_of_it() -> None:
    told = Told()
    order = told.buy("10").decision.order  # type: ignore[union-attr]
    line = told.lines[0]
    assert (line.who, line.what, line.verdict) == ("rogue", "buy 10 AAPL", "allow")
    told.say(GUARD, c.Filled(order=order, fill="f1", quantity=parse(Quantity, "4"), price=parse(Price, "100")))
    assert line.state == "partly filled at 100"
    told.say(GUARD, c.Filled(order=order, fill="f2", quantity=parse(Quantity, "6"), price=parse(Price, "101")))
    assert line.state == "filled at 100.60"


def test_a_denial_tells_the_rule_and_its_numbers() -> None:
    told = Told()
    told.buy("90", id="try:far-too-much:1")
    line = told.lines[0]
    assert (line.verdict, line.tried) == ("deny", "far too much")
    assert line.why == "order_notional_max: 9,090 USD, limit 4,000 (agent rogue); also approval_notional_min"
    assert told.story.tally("rogue").rules == {"order_notional_max": 1}
    assert line_text(line).plain.endswith(f"far too much: buy 90 AAPL -> DENY {line.why}")


def test_a_hold_waits_and_runs_out() -> None:
    told = Told()
    told.buy("30")
    held = next(iter(told.story.waiting.values()))
    assert held.line.state == "waits for a person" and len(held.digest) == 64
    told.say(GUARD, c.Tick(), later_s=6)
    assert told.story.waiting == {}
    assert [(line.verdict, line.why) for line in told.lines] == [("lapsed", "nobody approved in time")]
    assert (held.line.state, told.story.tally("rogue").lapsed) == ("lapsed", 1)


def test_an_approved_hold_waits_no_more() -> None:
    told = Told()
    told.buy("30")
    held = next(iter(told.story.waiting.values()))
    told.say(OPERATOR, c.Approve(order=held.order, digest=held.digest))
    assert told.story.waiting == {} and held.line.state == "approved"
    assert [(line.who, line.what, line.verdict) for line in told.lines] == [("owner", "approve", "taken")]


def test_a_loss_halts_and_a_resume_ends_the_halt() -> None:
    told = Told()
    order = told.buy("19").decision.order  # type: ignore[union-attr]
    told.say(GUARD, c.Filled(order=order, fill="f1", quantity=parse(Quantity, "19"), price=parse(Price, "100")))
    told.mark("70")
    halted = next(iter(told.story.halts.values()))
    assert (halted.subject, halted.cause, halted.why) == ("agent:rogue", "loss", "daily_loss_max at 570, limit 500")
    assert halted.brief == "daily_loss 570/500"
    assert [line.verdict for line in told.lines] == ["halt"]
    told.mark("100")
    told.say(OPERATOR, c.Review(halt=halted.halt, limit="daily_loss_max", why="looked"))
    told.say(OPERATOR, c.Resume(halt=halted.halt, why="back"))
    assert told.story.halts == {} and told.story.all_halts == [halted]


def test_what_an_agent_may_not_do_is_told() -> None:
    told = Told()
    told.say(ROGUE, c.SetMandate(subject="agent:rogue", mandate=EMPTY, why="more room"))
    line = told.lines[0]
    assert (line.what, line.verdict) == ("set mandate", "refused")
    assert line.why.startswith("not_authorised: ")


def test_a_record_is_heard_once() -> None:
    told = Told()
    told.buy("10")
    lines = len(told.story.lines)
    for record in told.records:
        assert told.story.hear(record) == []
    assert len(told.story.lines) == lines


GAUGE = {
    "subject": "agent:rogue", "rule": "daily_loss_max", "per": "total", "of": "", "limit": "500", "unit": "USD",
    "used": "300", "reserved": "100", "headroom": "100", "percent": 80, "holds": True, "missing": "",
}  # fmt: skip
LOOKED = Looked(
    status={
        "environment": "training", "journal": {"size": 1234, "root": "ab" * 32},
        "connections": [{"name": "street", "ready": True, "why": ""}],
    },
    gauges=[GAUGE, {**GAUGE, "rule": "market_cooldown", "percent": None}],
    agents={"rogue": {"pnl": "-570.5", "currency": "USD", "halted": ["H-1-1"], "paused": [], "positions": 1}},
)  # fmt: skip


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 30), (200, 50)])
def test_the_screen_says_it_all_at_every_size(width: int, height: int) -> None:
    told = Told()
    for number in range(40):
        told.buy("90", id=f"try:far-too-much:{number}")
    told.buy("30")
    told.buy("31")
    order = told.buy("19").decision.order  # type: ignore[union-attr]
    told.say(GUARD, c.Filled(order=order, fill="f1", quantity=parse(Quantity, "19"), price=parse(Price, "100")))
    told.mark("70")
    console = Console(width=width, height=height, file=io.StringIO(), record=True, force_terminal=True)
    console.print(view(told.story, LOOKED, Path("/a/data/folder"), console.size))
    shown = console.export_text()
    assert len(shown.splitlines()) <= height and max(map(len, shown.splitlines())) <= width
    joined = " ".join(shown.split())
    for words in ("TRAINING", "street ready", "1,234", "rogue daily_loss", "400/500", "-570.50 USD", "HALTED",
                  "rogue daily_loss 570/500" if width < 120 else "agent:rogue loss", "HALT "):  # fmt: skip
        assert words in joined, words


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50)])
def test_the_command_to_approve_stands_in_full(width: int, height: int) -> None:
    told = Told()
    told.buy("30")
    told.buy("31", instrument="AAPL")
    first, *rest = told.story.waiting
    console = Console(width=width, height=height, file=io.StringIO(), record=True, force_terminal=True)
    console.print(view(told.story, LOOKED, Path("/somewhere/quite/deep/that/is/long/remit-x1y2z3"), console.size))
    joined = "".join(console.export_text().split())
    assert "/somewhere/quite/deep/that/is/long/remit-x1y2z3" in joined
    assert f"approvalsapprove{first}" in joined
    assert f"approvalsapprove{rest[0]}" in joined if height > 30 else "(+1more)" in joined


# What happens while orders live

STOP = ExitTerms(legs=(Leg(kind="stop_loss", trigger=parse(Price, "90")),))


def bracket(told: Told) -> str:
    """Let the rogue buy 10 AAPL at 100 with a stop at 90; return the exit's id."""
    order = told.buy("10", exit=STOP).decision.order  # type: ignore[union-attr]
    told.say(GUARD, c.Filled(order=order, fill="f1", quantity=parse(Quantity, "10"), price=parse(Price, "100")))
    return f"X-{order}"


def test_an_exit_is_told_when_it_is_asked_for_when_it_triggers_and_when_it_is_over() -> None:
    told = Told()
    name = bracket(told)
    assert told.story.lines[-1].what == "buy 10 AAPL, stop_loss 90"
    assert (told.story.exits[name].agent, told.story.exits[name].instrument) == ("rogue", "AAPL")
    told.mark("89")
    (line,) = [line for line in told.lines if line.verdict == "exit"]
    assert (line.who, line.what, line.why) == ("rogue", "10 AAPL", "stop_loss 90 was touched")
    assert told.story.triggered == {"stop_loss": 1}
    intent = exits.closing(told.kernel.state, name)
    assert intent is not None
    order = told.say(GUARD, c.Submit(intent=intent)).decision.order  # type: ignore[union-attr]
    assert [(said.who, said.what, said.verdict) for said in told.lines] == [("rogue", "sell 10 AAPL", "closes")]
    assert told.story.tally("rogue").verdicts["allow"] == 1, "what the guard closes is no order of the agent's"
    told.say(GUARD, c.Filled(order=order, fill="f2", quantity=parse(Quantity, "10"), price=parse(Price, "89")))
    assert (line.state, told.story.exits) == ("closed", {})


def test_what_an_agent_asks_of_its_exits_is_told_in_words() -> None:
    told = Told()
    name = bracket(told)
    where = {"agent": "rogue", "connection": "street", "instrument": "AAPL"}
    tighter = ExitTerms(legs=(Leg(kind="stop_loss", trigger=parse(Price, "95")),))
    told.say(ROGUE, c.SetExit(id=name, terms=tighter, **where))
    assert [(line.what, line.verdict) for line in told.lines] == [("exit for AAPL: stop_loss 95", "taken")]
    told.say(ROGUE, c.SetExit(id=name, terms=STOP, **where))
    (line,) = told.lines
    assert line.verdict == "refused" and line.why.startswith("widens_stop: stop_loss would move from 95 to 90")


def test_a_limit_that_is_nearly_used_up_is_told_once() -> None:
    told = Told()
    order = told.buy("19").decision.order  # type: ignore[union-attr]
    told.say(GUARD, c.Filled(order=order, fill="f1", quantity=parse(Quantity, "19"), price=parse(Price, "100")))
    told.mark("78")
    assert [(line.who, line.verdict, line.why) for line in told.lines] == [
        ("rogue", "near", "daily_loss_max at 418, limit 500")
    ]
    told.mark("78.50")
    assert told.lines == []


def test_what_differs_at_the_venue_is_told_once_and_over_when_it_agrees() -> None:
    told = Told()

    def round_shows(cash: str) -> None:
        usd = (("USD", parse(Money, cash)),)
        told.say(GUARD, c.Reconciled(connection="street", positions=(), cash=usd, orders=()), later_s=200)

    round_shows("49999.5")
    assert [(line.who, line.verdict, line.why) for line in told.lines] == [
        ("street", "drift", "cash USD: book 50,000, venue 49,999.50 (small)")
    ]
    round_shows("49999.5")
    assert told.lines == [] and told.story.drifts == {"street": ("cash USD: book 50,000, venue 49,999.50 (small)",)}
    round_shows("50000")
    assert told.lines == [] and told.story.drifts == {}
    round_shows("40000")
    assert [line.verdict for line in told.lines] == ["alarm", "halt"]


EXIT = {
    "exit": "X-1", "agent": "rogue", "instrument": "AAPL", "protects": "10", "state": "armed", "protection": "watched",
    "triggered": "", "price": None, "last": "101.5", "says": "trailing_stop 3%, take_profit 120",
    "legs": [
        {"kind": "trailing_stop", "says": "trailing_stop 3%", "level": "98.455"},
        {"kind": "take_profit", "says": "take_profit 120", "level": "120"},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (EXIT, "rogue 10 AAPL trail 98.45, profit 120 101.50"),
        ({**EXIT, "triggered": "take_profit", "price": "120"}, "rogue 10 AAPL profit 120: closing 101.50"),
        ({**EXIT, "state": "waiting"}, "rogue AAPL waits: trailing_stop 3%, take_profit 120 101.50"),
        ({**EXIT, "legs": [{**EXIT["legs"][0], "level": None}], "last": None}, "rogue 10 AAPL trailing_stop 3% -"),
    ],
)
def test_an_exit_stands_on_the_screen_with_its_levels(row: dict[str, Any], says: str) -> None:
    assert says in screen(Told(), Looked(status=LOOKED.status, exits=[row]), 200, 50)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 30), (200, 50)])
def test_what_needs_a_look_stands_beside_the_halts(width: int, height: int) -> None:
    status = LOOKED.status | {
        "unprotected": [{"agent": "rogue", "instrument": "AAPL", "why": "asleep"}],
        "drifts": [
            {"connection": "street", "bucket": "large", "item": "IBM", "book": "10", "venue": "8"},
            {"connection": "street", "bucket": "in_transit", "item": "GOOG", "book": "1", "venue": "0"},
        ],
        "unfit": [{"instrument": "MSFT", "reason": "jump", "why": "80"}],
    }
    many = [{**EXIT, "exit": f"X-{number}"} for number in range(12)]
    shown = screen(Told(), Looked(status=status, exits=many), width, height)
    for words in ("rogue AAPL unprotected", "street large drift", "MSFT jump", "rogue 10 AAPL"):
        assert words in shown, words
    assert "GOOG" not in shown


def screen(told: Told, looked: Looked, width: int, height: int) -> str:
    """Return what a terminal of this size shows, its blanks folded."""
    console = Console(width=width, height=height, file=io.StringIO(), record=True, force_terminal=True)
    console.print(view(told.story, looked, Path("/a/data/folder"), console.size))
    shown = console.export_text()
    assert len(shown.splitlines()) <= height and max(map(len, shown.splitlines())) <= width
    return " ".join(shown.split())
