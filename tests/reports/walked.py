"""Journals of prices that behave and of prices that do not, made by a real kernel that holds what they are of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import hypothesis.strategies as st
import msgspec
from tests.guard.desk import AAPL, ANN, MOMENTUM, Desk

from remit.kernel import command as c
from remit.kernel.instrument import Mark
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS, Price, parse
from remit.kernel.order import OrderIntent

MSFT = msgspec.structs.replace(AAPL, name="MSFT")


class Deed(NamedTuple):
    """What happens next: after so many ms, of which instrument, at which price by which source."""

    kind: str
    after_ms: int
    instrument: str
    last: str
    source: str


MARKS = st.builds(
    Deed,
    kind=st.sampled_from(("mark", "mark", "mark", "wide", "crossed", "late", "future", "two", "asked")),
    after_ms=st.sampled_from((0, 1, 250, 1_000, 4_999, 5_000, 61_000, 3_700_000)),
    instrument=st.just("AAPL"),
    last=st.sampled_from(("100", "100.01", "119.5", "70", "71", "250", "12.000000000000000001")),
    source=st.sampled_from(("a", "b", "")),
)
CALM = st.builds(Deed, st.just("mark"), st.just(500), st.just("MSFT"), st.sampled_from(("50", "52", "55")), st.just(""))
REST = st.sampled_from(("quiet", "woke", "split", "again")).map(lambda kind: Deed(kind, 1_000, "AAPL", "100", ""))
DEEDS = st.lists(st.one_of(MARKS, MARKS, MARKS, CALM, REST), max_size=30)


def opened() -> Desk:
    """A desk that holds 10 AAPL."""
    desk = Desk(step_ns=0)
    desk.do(ANN, c.AddInstrument(instrument=MSFT))
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    return desk


def price(text: str) -> Price:
    return parse(Price, text)


def mark(desk: Desk, deed: Deed, at: int | None = None, **more: object) -> Mark:
    last = price(deed.last)
    said = {"instrument": deed.instrument, "at": desk.at if at is None else at, "bid": last, "ask": last, "last": last}
    return Mark(**{**said, "source": deed.source, **more})  # type: ignore[arg-type]


def do(desk: Desk, deed: Deed) -> None:
    """Let one deed enter."""
    desk.at += deed.after_ms * 1_000_000
    match deed.kind:
        case "mark":
            marks = [mark(desk, deed)]
        case "wide":
            marks = [mark(desk, deed, low=price("60"), high=price("140"))]
        case "crossed":
            marks = [mark(desk, deed, ask=price("1"))]
        case "late":
            marks = [mark(desk, deed, desk.at - 2 * NANOSECONDS)]
        case "future":
            marks = [mark(desk, deed, desk.at + 600 * NANOSECONDS)]
        case "two":
            marks = [mark(desk, deed), mark(desk, deed._replace(last="101"))]
        case "asked":
            desk.intents += 1
            intent = OrderIntent(
                id=f"i{desk.intents}", agent="momentum", connection="paper1", instrument="AAPL", side="buy",
                quantity=desk.kernel.state.instruments["AAPL"].lot, created_at=desk.at, limit_price=price("1"),
            )  # fmt: skip
            desk.do(MOMENTUM, c.Submit(intent=intent, marks=(mark(desk, deed),)))
            return
        case "quiet":
            desk.do(GUARD, c.Quiet(instruments=(deed.instrument,)))
            return
        case "woke":
            desk.do(GUARD, c.Woke(slept_ns=NANOSECONDS))
            return
        case "split":
            desk.do(ANN, c.Split(instrument=deed.instrument, new=2, old=1))
            return
        case _:
            wider = msgspec.structs.replace(AAPL, jump_max_bps=9_000)
            desk.do(ANN, c.AddInstrument(instrument=wider))
            return
    desk.do(GUARD, c.Marked(marks=tuple(marks)))


def walked(deeds: Iterable[Deed]) -> Desk:
    """Return the desk after all of them; its `journal` has the entries."""
    desk = opened()
    for deed in deeds:
        do(desk, deed)
    return desk
