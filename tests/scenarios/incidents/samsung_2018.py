"""Samsung Securities, 6 April 2018: a dividend of 1,000 won was paid as 1,000 shares, and some of them were sold.

A dividend of 1,000 won a share was entered as 1,000 shares a share: 2.81 billion shares, of a company with 89.3
million, stood in employees' accounts; 16 of them sold about 5 million, and the price fell by 12 %.
"""

from __future__ import annotations

from tests.kernel.desk import ANN, Desk, money, quantity
from tests.scenarios.incidents.incident import Incident, Row, Source, cash, halted, on_desk, said

from remit.kernel import command as c
from remit.kernel.codec import decode
from remit.kernel.command import Body
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import SCALE, Money

GHOSTS = "2812950000"
SOLD = "5010000"
HELD = "1000"


def market(desk: Desk) -> None:
    cash(desk, "1000000000000")
    desk.instrument("SEC", "39800")
    desk.hold(HELD, "39800", instrument="SEC")


def sell(desk: Desk, shares: str, **more: str) -> str:
    record = desk.submit(shares, "39800", side="sell", instrument="SEC", **more)
    assert record.decision is not None
    return said(record) + (f" {record.decision.quantity // SCALE}" if record.decision.verdict == "allow" else "")


def dividend(desk: Desk) -> str:
    before = desk.state.cash["paper1", "USD"].amount
    desk.took(c.Dividend(instrument="SEC", amount=money("1000")), ANN)
    paid = (desk.state.cash["paper1", "USD"].amount - before) // SCALE
    return f"{paid:,} paid, {desk.position('account:main', 'SEC') // 1000:,} shares held"


def in_shares(desk: Desk) -> str:
    """A dividend is an amount of money: no field of it takes shares."""
    try:
        decode(Body, b'{"kind":"dividend","instrument":"SEC","quantity":"1000"}')  # type: ignore[type-var]
    except ValueError as fault:
        return str(fault).partition(" - ")[0]
    return "it is one"


def ghosts(desk: Desk) -> str:
    """The venue shows shares that nobody bought."""
    shown = (c.Holding("SEC", quantity(GHOSTS)),)
    held = tuple((currency, Money(cash.amount)) for (_, currency), cash in desk.state.cash.items())
    working = tuple(desk.state.orders)
    desk.took(
        c.Reconciled(connection="paper1", positions=shown, cash=held, orders=working, asked=desk.state.seq), GUARD
    )
    return halted(desk)


INCIDENT = Incident(
    id="samsung_2018",
    title="Samsung Securities, 6 April 2018",
    told=__doc__,
    sources=(
        Source(
            "FSS to file a complaint against 21 employees of Samsung Securities",
            "KBS World",
            "2018-05-09",
            "https://news.kbs.co.kr/news/view.do?ncd=3646795",
        ),
        Source(
            "Regulator inspects Samsung Securities over 'fat-finger' dividend chaos",
            "Yonhap",
            "2018-04-09",
            "https://en.yna.co.kr/view/AEN20180409010400320",
        ),
    ),
    proves=(
        "Money and quantity are different types at every boundary. Nobody sells more than the book holds,"
        " and shares that a venue shows out of nowhere halt the connection instead of being sold."
    ),
    scene=on_desk(("account:main", Mandate(short_allowed="blocked")), prepare=market),
    rows=(
        Row("1,000 a share on 1,000 shares", dividend, "1,000,000 paid, 1,000 shares held"),
        Row("a dividend in shares", in_shares, "Object contains unknown field `quantity`"),
        Row("5,010,000 shares sold, as was done", lambda desk: sell(desk, SOLD), "deny: short_allowed"),
        Row("the same, cut down to what is held", lambda desk: sell(desk, SOLD, reduce="clip"), "allow 1000"),
        Row("the venue shows 2,812,950,000 shares", ghosts, "connection:paper1 halted: reconcile"),
        Row(
            "those are sold",
            lambda desk: sell(desk, GHOSTS),
            "deny: agent_active, venue_ready, buying_power, intraday_margin, short_allowed",
        ),
    ),
)
