"""Hundreds of exits through the real kernel on real prices, beside a plain calculation that knows nothing of it.

The calculation is one loop over the bars per exit, written from the promise alone: old stop against the
adverse extreme, take-profit, trail, new stop against the close.
"""

from __future__ import annotations

import os
import random
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.kernel.desk import Desk, agent, quantity, ratio

from remit.feeds.bars import Bar, BarsFile
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.command import Body, Command
from remit.kernel.event import Record
from remit.kernel.exit import ExitTerms, Leg, LegKind
from remit.kernel.exits import closing
from remit.kernel.instrument import Mark
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import SCALE, Price, Quantity
from remit.kernel.snapshot import dump

DATA = Path(os.environ.get("REMIT_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
BARS = DATA / "bars_btc_perp_minute.csv.gz"
pytestmark = pytest.mark.skipif(not BARS.is_file(), reason=f"no real data at {DATA}; set REMIT_DATA")
COUNT, CASES, AGENTS = 6_000, 400, 16
UNIT = 100_000
TICK = UNIT // 2


class Case(NamedTuple):
    """One bracket, entered at the close of bar `start`; distances in units of 0.00001, 0 where there is no such leg."""

    number: int
    start: int
    long: bool
    stop: int
    target: int
    trail: int
    trail_bps: int
    activation: int

    @property
    def agent(self) -> str:
        return f"a{self.number % AGENTS}"


class Outcome(NamedTuple):
    """When an exit triggered, by which leg, at which level."""

    bar: int
    leg: str
    level: int


def cases(bars: list[Bar]) -> list[Case]:
    draw = random.Random(2022)
    found = []
    for number in range(CASES):
        start = draw.randrange(len(bars) - 200)
        kinds = draw.sample(("stop", "target", "trail"), draw.choice((1, 2, 2, 3)))

        def distance(low: int, high: int) -> int:
            return draw.randint(low, high) * TICK

        by_share = draw.random() < 0.5
        found.append(
            Case(
                number=number,
                start=start,
                long=number % AGENTS % 2 == 0,
                stop=distance(60, 1600) if "stop" in kinds else 0,
                target=distance(60, 1600) if "target" in kinds else 0,
                trail=distance(60, 1200) if "trail" in kinds and not by_share else 0,
                trail_bps=draw.randint(5, 150) if "trail" in kinds and by_share else 0,
                activation=distance(0, 600) if "trail" in kinds and draw.random() < 0.5 else 0,
            )
        )
    return sorted(found, key=lambda case: case.start)


# -- the plain calculation


class Prices(NamedTuple):
    low: int
    high: int
    close: int


def number(price: int) -> int:
    """Return a price in units of 0.00001: half a unit of currency times any number of basis points is whole."""
    whole, rest = divmod(int(price), SCALE // UNIT)
    assert not rest
    return whole


def plain(bar: Bar) -> Prices:
    ended = closed(bar)
    return Prices(number(ended.low), number(ended.high), number(ended.close))


def expected(case: Case, prices: list[Prices]) -> Outcome | None:
    """Walk the bars after the entry until something is touched."""
    entry = prices[case.start].close
    up = 1 if case.long else -1
    stop, target, begins = entry - up * case.stop, entry + up * case.target, entry + up * case.activation
    best = entry
    trails = bool(case.trail or case.trail_bps) and not case.activation
    for index in range(case.start + 1, len(prices)):
        low, high, close = prices[index]
        worst, dear = (low, high) if case.long else (high, low)
        for price in (worst, None, close):
            if price is None:  # between the old stop and the new one: the target, then the trail
                if case.target and up * dear >= up * target:
                    return Outcome(index, "take_profit", target)
                if not trails and (case.trail or case.trail_bps) and up * dear >= up * begins:
                    trails, best = True, dear
                elif trails:
                    best = max(best, dear) if case.long else min(best, dear)
                continue
            stops = []
            if case.stop:
                stops.append((up * stop, "stop_loss"))
            if trails:
                stops.append((up * (best - up * (case.trail or best * case.trail_bps // 10_000)), "trailing_stop"))
            if stops and up * price <= max(stops)[0]:
                level, leg = max(stops)
                return Outcome(index, leg, up * level)
    return None


def closed(bar: Bar) -> Any:
    assert bar.ended is not None
    return bar.ended


# -- the same through the kernel


class Run:
    """The kernel fed with marks of the bars, entries at their closes, and closing orders as soon as it asks."""

    def __init__(self, bars: list[Bar]) -> None:
        self.bars = bars
        self.desk = desk_of(closed(bars[0]).close, bars[0].at)
        self.kernel, self.shadow = self.desk.kernel, self.desk.shadow
        self.at = self.desk.at
        self.outcomes: dict[str, Outcome] = {}
        self.fills = 0

    def enter(self, body: Body, by: Principal = GUARD) -> Record:
        record = self.kernel.step(Command(seq=self.kernel.state.seq + 1, at=self.at, by=by, body=body))
        self.shadow.fold(record)
        assert not any(isinstance(event, e.Refused) for event in record.events), record.events
        return record

    def mark(self, index: int) -> None:
        """A bar ends: its close, with its extremes, is the mark."""
        bar = self.bars[index]
        ended = closed(bar)
        self.at = max(self.at, bar.at + bar.resolution_ns)
        mark = Mark(
            instrument="BTC-PERP", at=self.at, bid=ended.close, ask=ended.close, last=ended.close,
            low=ended.low, high=ended.high, resolution_ns=bar.resolution_ns,
        )  # fmt: skip
        record = self.enter(c.Marked(marks=(mark,)))
        for event in record.events:
            if isinstance(event, e.ExitTriggered):
                self.outcomes[event.exit] = Outcome(index, event.leg, number(event.price))
        while any(isinstance(event, e.ExitTriggered) for event in record.events) and self.close(ended.close):
            pass

    def close(self, price: Price) -> bool:
        """Close every exit that has triggered; return whether there was one."""
        names = [name for name, exit in self.kernel.state.exits.items() if exit.state == "triggered"]
        for name in names:
            intent = closing(self.kernel.state, name, self.at)
            assert intent is not None
            self.fill(self.enter(c.Submit(intent=intent)), price)
        return bool(names)

    def open(self, case: Case) -> str:
        """Enter a bracket at the close of its first bar; return the id of its exit."""
        price = closed(self.bars[case.start]).close
        intent = self.desk.intent(
            "0.5", agent=case.agent, connection=case.agent, instrument="BTC-PERP", type="limit", limit_price=price,
            side="buy" if case.long else "sell", created_at=self.at, exit=terms(case, price),
        )  # fmt: skip
        record = self.enter(c.Submit(intent=intent), agent(case.agent))
        self.fill(record, price)
        assert record.decision is not None
        return f"X-{record.decision.order}"

    def fill(self, record: Record, price: Price) -> None:
        assert record.decision is not None and record.decision.verdict == "allow", record.decision
        self.fills += 1
        order = self.kernel.state.orders[record.decision.order]
        self.enter(c.Filled(order=order.id, fill=f"f{self.fills}", quantity=Quantity(order.quantity), price=price))


def desk_of(price: Price, at: int) -> Desk:
    desk = Desk()
    desk.at = at - at % (86_400 * 10**9)
    days = range(-1, 60)
    desk.took(c.KernelStarted(version="1", digest="0" * 64, clean=True, prefix="test"), GUARD)
    desk.took(c.SetFirm(currency="USD"))
    desk.took(c.SetSessions(zone="UTC", starts=tuple(desk.at + day * 86_400 * 10**9 for day in days)), GUARD)
    desk.mandate("firm", Mandate())
    desk.account("main")
    desk.instrument("BTC-PERP", kind="perpetual", tick="0.5", lot="0.1", category="crypto")
    desk.took(c.SetMargin(instrument="BTC-PERP", initial=ratio("0.01")))
    for number_of in range(AGENTS):
        name = f"a{number_of}"
        desk.connection(name, "main", cash="100000000")
        desk.agent(name, "main", name)
    desk.mark("BTC-PERP", str(price))
    return desk


def terms(case: Case, entry: Price) -> ExitTerms:
    up = 1 if case.long else -1

    def at(distance: int) -> Price:
        return Price(int(entry) + up * distance * (SCALE // UNIT))

    kinds: list[tuple[LegKind, dict[str, Any]]] = []
    if case.stop:
        kinds.append(("stop_loss", {"trigger": at(-case.stop)}))
    if case.target:
        kinds.append(("take_profit", {"trigger": at(case.target)}))
    if case.trail or case.trail_bps:
        activation = at(case.activation) if case.activation else None
        away = {"offset": Price(case.trail * (SCALE // UNIT))} if case.trail else {"offset_bps": case.trail_bps}
        kinds.append(("trailing_stop", {"activation": activation, **away}))
    return ExitTerms(legs=tuple(Leg(kind=kind, **more) for kind, more in kinds))


def test_the_kernel_and_a_plain_calculation_agree_on_every_exit() -> None:
    """The same bar, the same leg, the same level, for every bracket; and every position of a triggered one is flat."""
    bars = list(islice(BarsFile(BARS, resolution_ns=60 * 10**9), COUNT))
    drawn = cases(bars)
    run, names, ahead = Run(bars), {}, iter(drawn)
    case = next(ahead, None)
    for index in range(len(bars)):
        run.mark(index)
        while case is not None and case.start == index:
            names[case.number] = run.open(case)
            case = next(ahead, None)
    told = {number: run.outcomes.get(name) for number, name in names.items()}
    prices = [plain(bar) for bar in bars]
    wanted = {case.number: expected(case, prices) for case in drawn}
    assert told == wanted
    legs = [outcome.leg for outcome in wanted.values() if outcome is not None]
    assert {leg: legs.count(leg) > 50 for leg in ("stop_loss", "take_profit", "trailing_stop")} == dict.fromkeys(
        ("stop_loss", "take_profit", "trailing_stop"), True
    )
    left = list(run.kernel.state.exits.values())
    assert len(left) == len(drawn) - len(legs) and {exit.state for exit in left} <= {"armed"}
    for number_of in range(AGENTS):
        cell = run.kernel.state.cells[(f"agent:a{number_of}", f"a{number_of}", "BTC-PERP")]
        standing = sum(exit.sign * exit.protects for exit in left if exit.agent == f"a{number_of}")
        assert cell.quantity == standing, "what is left is what exits still protect"
    assert quantity("0.5") * len(left) == sum(exit.protects for exit in left)
    assert dump(run.shadow.state) == dump(run.kernel.state)
