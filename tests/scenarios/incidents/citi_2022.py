"""Citigroup Global Markets, 2 May 2022: a number in the wrong field, and one pop-up for all that was wrong with it.

A basket of 349 stocks meant to be worth 58 million USD was entered as one of 444 billion: the amount stood in the
field for units. Hard blocks stopped 255 billion; 711 warnings came in one pop-up whose first 18 lines were visible
and which could be clicked away; 1.4 billion were sold.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.kernel.desk import BOB, Desk, money
from tests.scenarios.incidents.incident import Incident, Row, Source, cash, on_desk, said, tally

from remit.guard.views import view
from remit.kernel import command as c
from remit.kernel.codec import decode
from remit.kernel.command import Body
from remit.kernel.mandate import Mandate

STOCKS = 349
MEANT, ENTERED = "1661.89", "12722063.04"
"""Shares at 100 of each stock, in hundreds: 58 million in all were meant, 444 billion were entered."""
LIMITS = Mandate(gross_exposure_max=money("100000000"), approval_notional_min=money("100000"))


def market(desk: Desk) -> None:
    cash(desk, "1000000000000")
    for number in range(STOCKS):
        desk.instrument(f"S{number}", "100", lot="0.01")


def basket(desk: Desk, shares: str, only: int = STOCKS) -> str:
    """Sell so many shares of each stock, one order a stock."""
    return tally([said(desk.submit(shares, "100", side="sell", instrument=f"S{number}")) for number in range(only)])


def waiting(desk: Desk) -> list[dict[str, Any]]:
    """The held orders as an approver is shown them."""
    shown = view(desk.kernel, BOB, "approvals", {}, at=desk.at, entries=lambda start: None)  # type: ignore[arg-type,return-value]
    rows: list[dict[str, Any]] = asyncio.run(shown)
    return rows


def forces(desk: Desk) -> str:
    """A person approves the order that was denied last."""
    denied = desk.records[-1].decision
    assert denied is not None
    return desk.refused(c.Approve(order=denied.order, digest="0" * 64), BOB)


def shown_first(desk: Desk) -> str:
    """One line of the list is ten times as large as it should be; the second list was declined before."""
    for row in sorted(waiting(desk), key=lambda row: int(row["at"]))[STOCKS:]:
        desk.took(c.Decline(order=row["order"], why="sent twice"), BOB)
    large = desk.order("16618.9", "100", side="sell", instrument="S7")
    rows = waiting(desk)
    return f"{rows[0]['worth']} of {rows[0]['instrument']}, first of {len(rows)}" + (
        "" if rows[0]["order"] == large.id else ": another order"
    )


def all_at_once(desk: Desk) -> str:
    """An approval that names no order, and one that names many."""
    for spelled in (
        {"kind": "approve"},
        {"kind": "approve", "order": "all"},
        {"kind": "approve", "orders": ["a", "b"]},
    ):
        try:
            decode(Body, json.dumps(spelled).encode())  # type: ignore[type-var]
        except ValueError:
            continue
        return f"{spelled} is a command"
    return "no such command"


def other_line(desk: Desk) -> str:
    first, second = waiting(desk)[:2]
    return desk.refused(c.Approve(order=first["order"], digest=second["digest"]), BOB)


def one(desk: Desk) -> str:
    """The digest that was shown approves that order, and it alone."""
    row = waiting(desk)[1]
    before = len(waiting(desk))
    desk.took(c.Approve(order=row["order"], digest=row["digest"]), BOB)
    return f"{before - len(waiting(desk))} of {before}"


INCIDENT = Incident(
    id="citi_2022",
    title="Citigroup Global Markets, 2 May 2022",
    told=__doc__,
    sources=(
        Source(
            "Final Notice 2024: Citigroup Global Markets Limited",
            "UK Financial Conduct Authority",
            "2024-05-17",
            "https://www.fca.org.uk/publication/final-notices/citigroup-global-markets-limited-2024.pdf",
        ),
        Source(
            "All fingers and thumbs? Protections against a fat finger moment",
            "Stephenson Harwood",
            "2024",
            "https://www.stephensonharwood.com/insights/all-fingers-and-thumbs-protections-against-a-fat-finger-moment",
        ),
    ),
    proves=(
        "What a list has reserved so far counts against its next line, so that the whole of it fits under"
        " the limits or does not. What is denied cannot be clicked away; what waits for a person is shown"
        " with the largest number first, and is approved one order at a time, by the digest of that order."
    ),
    scene=on_desk(("account:main", LIMITS), prepare=market),
    rows=(
        Row(
            "349 orders of 1.27 billion, 444 billion in all, under a limit of 100 million",
            lambda desk: basket(desk, ENTERED),
            "349 x deny: gross_exposure_max, approval_notional_min",
        ),
        Row("a person approves one of them all the same", forces, "not_held"),
        Row(
            "349 orders of 166,189, 58 million in all; every order of 100,000 or more waits for a person",
            lambda desk: basket(desk, MEANT),
            "349 x hold: approval_notional_min",
        ),
        Row(
            "the same list once more",
            lambda desk: basket(desk, MEANT),
            "252 x hold: approval_notional_min; 97 x deny: gross_exposure_max, approval_notional_min",
        ),
        Row(
            "a line of 1.7 million instead of 166,189: what an approver sees first",
            shown_first,
            "1661890 of S7, first of 350",
        ),
        Row("one click for the whole list", all_at_once, "no such command"),
        Row("the first line approved by the digest of the second", other_line, "digest_mismatch"),
        Row("one line approved by its own digest: how many are released", one, "1 of 350"),
    ),
)
