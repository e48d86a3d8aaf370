"""Approve and decline at the same instant, through the real guard and its socket: exactly one wins, once.

A gate reads that an order still waits, and writes its decision afterwards: an approval and a refusal at the same
instant both pass the reading, both are recorded, and what happens is up to chance. Found in several agents' approval
gates.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.guard.processes import Processes, trading, wait_for
from tests.guard.test_process import reached, records
from tests.scenarios.incidents.incident import Incident, Row, Source

from remit.guard.wire import Client
from remit.kernel import command as c
from remit.kernel.event import Approved, Moved
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import Money, Price, parse

HELD = 16
LOW = parse(Price, "50")
LIMITS = Mandate(approval_notional_min=parse(Money, "40"))


class Approvers:
    """A guard and its venue, and two approvers with links of their own."""

    def __init__(self, desk: Processes) -> None:
        self.desk = desk
        for name in ("bob", "cat"):
            asked = {"kind": "new_token", "role": "approver", "name": name, "owner": name}
            desk.secrets[name] = desk.say(asked)["secret"]
        self.bob, self.cat = desk.client("bob"), desk.client("cat")
        self.raced: list[str] = []

    def hold(self) -> tuple[str, str]:
        """Propose an order that waits for a person; return it and its digest."""
        held = self.desk.submit("1", type="limit", limit_price=LOW)
        digest = next(event["digest"] for event in held["events"] if event["event"] == "reserved")
        return held["decision"]["order"], digest

    def at_once(self, *asked: tuple[Client, Any]) -> list[str]:
        """Let each ask at the same instant, and return what each was told."""
        start, told = threading.Barrier(len(asked)), [""] * len(asked)

        def ask(number: int, client: Client, body: Any) -> None:
            start.wait()
            events = client.ask("command", body)["events"]
            told[number] = events[0].get("code", events[0]["event"])

        threads = [threading.Thread(target=ask, args=(number, *each)) for number, each in enumerate(asked)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        return told


@contextmanager
def scene(folder: Path) -> Iterator[Approvers]:
    running = trading(folder / "home", LIMITS)
    approvers = Approvers(next(running))
    try:
        yield approvers
    finally:
        approvers.bob.close()
        approvers.cat.close()
        for _ in running:
            pass


def race(approvers: Approvers, second: Callable[[str, str], Any]) -> str:
    """On each of the held orders bob approves, and cat does something else at the same instant."""
    outcomes = []
    for _ in range(HELD):
        order, digest = approvers.hold()
        approvers.raced.append(order)
        told = approvers.at_once(
            (approvers.bob, c.Approve(order=order, digest=digest)), (approvers.cat, second(order, digest))
        )
        outcomes.append(" and ".join(sorted("wins" if each in ("approved", "moved") else each for each in told)))
    return f"{HELD} x {outcomes[0]}" if len(set(outcomes)) == 1 else str(outcomes)


def decline(approvers: Approvers) -> str:
    return race(approvers, lambda order, _: c.Decline(order=order, why="no"))


def approve(approvers: Approvers) -> str:
    return race(approvers, lambda order, digest: c.Approve(order=order, digest=digest))


def journalled(approvers: Approvers) -> str:
    """How the journal has it: what ended each hold, and what was sent."""
    approved, declined, placed = [], [], []
    for record in records(approvers.desk.home):
        approved += [event.order for event in record.events if isinstance(event, Approved)]
        declined += [event.order for event in record.events if isinstance(event, Moved) and event.state == "declined"]
        placed += [request.order for request in record.requests if request.do == "place"]
    wait_for(lambda: set(approved) <= reached(approvers.desk), "what was approved has reached the venue")
    once = "each" if sorted(approved + declined) == sorted(approvers.raced) else "not each"
    same = "exactly what" if placed == approved else "not what"
    return f"{once} is decided once; {same} was approved is sent"


def late(approvers: Approvers) -> str:
    """A double click, and a change of mind."""
    order, digest = approvers.hold()
    approvers.raced.append(order)
    asked = [c.Approve(order=order, digest=digest)] * 2 + [c.Decline(order=order, why="no")]
    told = [approvers.at_once((approvers.bob, body))[0] for body in asked]
    return ", ".join(told)


INCIDENT = Incident(
    id="approval_race",
    title="Approve and decline at the same instant",
    told=__doc__,
    sources=(
        Source(
            "approve/deny node-state guard runs outside the transaction, issue 690",
            "smithers",
            "2026-07-08",
            "https://github.com/smithersai/smithers/issues/690",
        ),
        Source(
            "Gate approve/reject double-resolution guard is read-then-write, issue 2113",
            "Archon",
            "2026-07-14",
            "https://github.com/coleam00/Archon/issues/2113",
        ),
    ),
    proves=(
        "Approvals and refusals are commands like all others, judged one after the other by the one writer:"
        " exactly one ends a hold, once, and the other is told so."
    ),
    scene=scene,
    rows=(
        Row(
            "16 orders: one person approves each and another declines it, at the same instant",
            decline,
            "16 x not_held and wins",
        ),
        Row(
            "16 orders: two people approve each at the same instant, where one is enough",
            approve,
            "16 x not_held and wins",
        ),
        Row("one order is approved, approved again, and declined", late, "approved, not_held, not_held"),
        Row(
            "what the journal and the venue have of it",
            journalled,
            "each is decided once; exactly what was approved is sent",
        ),
    ),
)
