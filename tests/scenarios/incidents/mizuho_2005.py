"""Mizuho Securities, 8 December 2005: price and quantity exchanged, and a cancel that did not work.

An order to sell 1 share of J-Com at 610,000 yen was entered as 610,000 shares at 1 yen: 42 times the 14,500 shares
that existed. A warning on the screen was passed over as usual; cancels failed at the exchange. The loss was over 40
billion yen.
"""

from __future__ import annotations

from tests.kernel.desk import Desk, halts, money, quantity
from tests.scenarios.incidents.incident import Incident, Row, Source, cash, numbers, on_desk, said

from remit.kernel import command as c
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD

CANCELS = 3


def market(desk: Desk) -> None:
    cash(desk, "1000000000000")
    desk.instrument("JCOM", "610000", tick="1")


def cancels(desk: Desk) -> str:
    order = desk.working("1", "610000", side="sell", instrument="JCOM")
    for _ in range(CANCELS):
        desk.took(c.Cancel(order=order.id))
        desk.took(c.CancelRefused(order=order.id, code="busy"), GUARD)
    still = order.reserved == quantity("1")
    desk.fill(order, "1", "610000")
    return f"{order.state} after the venue filled it; until then {'all' if still else 'not all'} of it was reserved"


def tape(desk: Desk) -> str:
    """What such an order leaves on the tape, under limits on loss."""
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("1000"), drawdown_max=money("1000")))
    before = desk.state.subjects["firm"].total.value
    desk.mark("JCOM", "1")
    same = desk.state.subjects["firm"].total.value == before
    return f"{'nothing' if same else 'something'} is valued by it, {'nobody' if not halts(desk) else 'somebody'} halts"


def buys_back(desk: Desk) -> str:
    record = desk.submit("1", "610000", instrument="JCOM", reduce="only")
    assert record.decision is not None
    desk.fill(record.decision.order, "1", "610000")
    return said(record)


def mends(desk: Desk) -> str:
    desk.mark("JCOM", "609000")
    return said(desk.submit("1", "609000", side="sell", instrument="JCOM"))


INCIDENT = Incident(
    id="mizuho_2005",
    title="Mizuho Securities, 8 December 2005",
    told=__doc__,
    sources=(
        Source(
            "Tokyo markets reel after US$224m blunder",
            "Taipei Times",
            "2005-12-10",
            "https://www.taipeitimes.com/News/worldbiz/archives/2005/12/10/2003283851",
        ),
        Source(
            "Japan: TSE sued over Mizuho keystroke blunder",
            "Euromoney",
            "2006",
            "https://www.euromoney.com/article/b1321y48tqh9kv/japan-tse-sued-over-mizuho-keystroke-blunder",
        ),
    ),
    proves=(
        "Quantity and collar are hard limits, not warnings. A cancel is not assumed to work: until the"
        " venue says that an order is over, all of it stays reserved."
    ),
    scene=on_desk(("account:main", Mandate(order_quantity_max=quantity("100"), price_collar_bps=500)), prepare=market),
    rows=(
        Row(
            "sell 610,000 at 1",
            lambda desk: numbers(desk.submit("610000", "1", side="sell", instrument="JCOM"), "order_quantity_max"),
            "deny: order_quantity_max 610000, limit 100",
        ),
        Row(
            "the whole of what is wrong with it",
            lambda desk: said(desk.submit("610000", "1", side="sell", instrument="JCOM")),
            "deny: order_quantity_max, price_collar_bps",
        ),
        Row(
            "sell 1 at 1",
            lambda desk: said(desk.submit("1", "1", side="sell", instrument="JCOM")),
            "deny: price_collar_bps",
        ),
        Row(
            "sell 1 at 610,000; three cancels are refused; then it fills",
            cancels,
            "filled after the venue filled it; until then all of it was reserved",
        ),
        Row("a price of 1 on the tape, from somebody else's mistake", tape, "nothing is valued by it, nobody halts"),
        Row(
            "sell 1 more at 610,000 meanwhile",
            lambda desk: said(desk.submit("1", "610000", side="sell", instrument="JCOM")),
            "deny: mark_fresh",
        ),
        Row("1 bought back meanwhile, as a proven reduction", buys_back, "allow"),
        Row("the next good price, and 1 sold at it", mends, "allow"),
    ),
)
