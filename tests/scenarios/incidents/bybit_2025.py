"""Bybit, 21 February 2025: three people signed other bytes than the page showed them.

The signers of a cold wallet approved what looked like a routine transfer; a changed web page had them sign a call
that replaced the wallet's contract. 401,347 ETH, about 1.5 billion USD, were gone. The cryptography and the threshold
held.
"""

from __future__ import annotations

from tests.kernel.desk import ANN, BOB, CAT, Desk, money
from tests.scenarios.incidents.incident import Incident, Row, Source, cash, on_desk, said

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.mandate import Mandate

WHOLE = "401347"
LIMITS = Mandate(quorum_notional_min=money("1000"), approval_quorum=2)


def market(desk: Desk) -> None:
    cash(desk, "10000000000")
    desk.instrument("ETH", "3640", kind="spot", base="ETH", lot="0.001")


def two(desk: Desk) -> str:
    """A routine order, and one over the whole wallet."""
    held = [said(desk.submit(amount, "3640", instrument="ETH")) for amount in ("1", WHOLE)]
    return ", ".join(held)


def orders(desk: Desk) -> list[tuple[str, str]]:
    return [(order.id, order.digest) for order in desk.state.orders.values() if order.state == "held"]


def shown_and_signed(desk: Desk) -> str:
    """The approvers are shown the routine order, and what is sent names the other one."""
    (_, shown), (whole, _) = orders(desk)
    return ", ".join(desk.refused(c.Approve(order=whole, digest=shown), by) for by in (BOB, CAT))


def one_digit(desk: Desk) -> str:
    _, (whole, digest) = orders(desk)
    other = digest[:-1] + ("0" if digest[-1] != "0" else "1")
    return desk.refused(c.Approve(order=whole, digest=other), BOB)


def requester(desk: Desk) -> str:
    """The owner of the token that asked is no second pair of eyes."""
    (routine, digest), _ = orders(desk)
    desk.do(c.Approve(order=routine, digest=digest), ANN)
    return str(desk.state.orders[routine].state)


def quorum(desk: Desk) -> str:
    (routine, digest), _ = orders(desk)
    states = []
    for by in (BOB, CAT):
        record = desk.took(c.Approve(order=routine, digest=digest), by)
        states.append("released" if any(isinstance(event, e.Released) for event in record.events) else "waits")
    return ", ".join(states)


def used_up(desk: Desk) -> str:
    """What was approved once is approved for nothing else, and not twice."""
    (released,) = desk.placed
    return desk.refused(c.Approve(order=released, digest=desk.state.orders[released].digest), BOB)


INCIDENT = Incident(
    id="bybit_2025",
    title="Bybit, 21 February 2025",
    told=__doc__,
    sources=(
        Source(
            "North Korea Responsible for $1.5 Billion Bybit Hack (PSA I-022625-PSA)",
            "US Federal Bureau of Investigation",
            "2025-02-26",
            "https://www.ic3.gov/PSA/2025/PSA250226",
        ),
        Source(
            "ByBit / Safe{Wallet}: how Lazarus stole $1.5B",
            "Iron Hackers",
            "2025",
            "https://ironhackers-new-site.pages.dev/en/bybit-hack-lazarus-safewallet/",
        ),
    ),
    proves=(
        "An approval names the digest of the order that it releases, and of nothing else; it is used once."
        " What people are shown is worked out from that order."
    ),
    scene=on_desk(("account:main", LIMITS), prepare=market),
    rows=(
        Row(
            "1 ETH, and 401,347 ETH; two people must approve each",
            two,
            "hold: quorum_notional_min, hold: quorum_notional_min",
        ),
        Row(
            "two people approve the whole by the digest of the 1 that they were shown",
            shown_and_signed,
            "digest_mismatch, digest_mismatch",
        ),
        Row("a digest that differs in its last digit", one_digit, "digest_mismatch"),
        Row("the owner of the token that asked approves the 1", requester, "held"),
        Row("two others approve it by its own digest", quorum, "waits, released"),
        Row("what was released is approved again", used_up, "not_held"),
    ),
)
