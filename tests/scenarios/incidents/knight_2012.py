"""Knight Capital, 1 August 2012: a router that could not see that its parent orders were filled.

212 parent orders became over 4 million executions, of 397 million shares in 154 stocks, in 45 minutes; the loss was
over 460 million USD. 97 automatic mails had named the fault before the open; nobody read them.
"""

from __future__ import annotations

from tests.kernel.desk import BOB, Desk, agent, quantity
from tests.scenarios.incidents.incident import Incident, Row, Source, cash, halted, on_desk, said, tally

from remit.kernel import command as c
from remit.kernel.effect import Alert
from remit.kernel.kernel import effects
from remit.kernel.mandate import Mandate

PARENTS = 212
SHARES = "100"
CHILDREN_MORE = 400
"""A ten-thousandth of what Knight sent; every one of them is judged alike."""


def declares(desk: Desk) -> str:
    for number in range(PARENTS):
        desk.took(
            c.DeclareParent(
                parent=f"P{number}", agent="momentum", instrument="AAPL", side="buy", quantity=quantity(SHARES)
            ),
            agent("momentum"),
        )
    return f"{PARENTS} parents"


def child(desk: Desk, number: int) -> str:
    return said(desk.submit(SHARES, "90", parent=f"P{number}"))


def declares_again(desk: Desk) -> str:
    more = c.DeclareParent(parent="P0", agent="momentum", instrument="AAPL", side="buy", quantity=quantity("1000000"))
    return desk.refused(more, agent("momentum"))


def alerts(desk: Desk) -> str:
    told = [effect for record in desk.records for effect in effects(record) if isinstance(effect, Alert)]
    return ", ".join(alert.code for alert in told)


def clings(desk: Desk) -> str:
    """What ends no halt: a new mandate, and an unpause."""
    desk.mandate("agent:momentum", Mandate())
    desk.took(c.SetPause(subject="agent:momentum", paused=True, why="x"), BOB)
    desk.took(c.SetPause(subject="agent:momentum", paused=False, why="x"), BOB)
    return halted(desk)


INCIDENT = Incident(
    id="knight_2012",
    title="Knight Capital, 1 August 2012",
    told=__doc__,
    sources=(
        Source(
            "In the Matter of Knight Capital Americas LLC, Exchange Act Release No. 70694, File No. 3-15570",
            "US Securities and Exchange Commission",
            "2013-10-16",
            "https://www.sec.gov/litigation/admin/2013/34-70694.pdf",
        ),
    ),
    proves=(
        "Children are counted by the guard, against the parent it knows; the first one too many is a halt, not a mail."
    ),
    scene=on_desk(prepare=lambda desk: cash(desk, "1000000000")),
    rows=(
        Row("212 parent orders of 100 shares are declared", declares, "212 parents"),
        Row(
            "one child of 100 for each",
            lambda desk: tally([child(desk, number) for number in range(PARENTS)]),
            "212 x allow",
        ),
        Row("one more child of the first parent", lambda desk: child(desk, 0), "deny: child_quantity_max"),
        Row("who is stopped by that", halted, "agent:momentum halted: child_quantity_max"),
        Row("what people were told", alerts, "halt_throttle"),
        Row(
            "400 more children, a ten-thousandth of what was sent",
            lambda desk: tally([child(desk, number % PARENTS) for number in range(CHILDREN_MORE)]),
            "400 x deny: agent_active, child_quantity_max",
        ),
        Row("the first parent is declared again, for a million", declares_again, "exists"),
        Row("a new mandate, a pause and its end", clings, "agent:momentum halted: child_quantity_max"),
    ),
)
