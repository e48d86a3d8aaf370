"""`remit approvals`: orders that wait for people, the worst number first; shown, answered, or waited for."""

from __future__ import annotations

from typing import Annotated

import typer

from remit.doors.cli import show
from remit.doors.cli.answering import held_now, outcome_of, shown, watch_held
from remit.doors.cli.call import DENIED, DONE, Fault, Json, Why, Yes, confirm, enter, make, noun, read
from remit.kernel.command import Approve, Decline

app = noun("Orders that wait for people: list, show, approve, decline, watch.")

Order = Annotated[str, typer.Argument(metavar="ORDER", help="The held order's id.")]
Orders = Annotated[list[str], typer.Argument(metavar="ORDER...", help="The ids of held orders.")]
WORST = ("worth", "currency", "worst_price", "drift_bps", "headroom_left")
WHAT = ("side", "quantity", "instrument", "agent", "order", "needed", "expires_in_s", "digest")
DIGEST_SHOWN = 12
"""How much of a digest names what was shown."""


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List the orders that are held, the largest first, with the digest that an approval names.

    ```
    remit approvals list
    ```
    """
    found = read("approvals")
    if not show.json(found):
        rows = [
            {
                **row,
                "drift_bps": row["drift"]["bps"],
                "headroom_left": None if row["headroom"] is None else row["headroom"]["headroom"],
            }
            for row in found
        ]
        show.rows(rows, (*WORST, *WHAT), "nothing waits for approval")


@app.command(name="show")
def show_(order: Order, json: Json = False) -> None:
    """Show one held order as an approver should see it, and every rule that asks for people.

    ```
    remit approvals show r1a2b3c4d-17
    ```
    """
    held = held_now(order)
    told = read("order", order=order)
    if show.json({**held, "findings": told["findings"]}):
        return
    shown(held)
    for finding in told["findings"]:
        show.say(f"  {finding['plain']}")
        show.say(f"    {finding['rule']} of {finding['subject']}: {finding['sentence']}", "dim")


@app.command()
def approve(
    orders: Orders,
    digest: Annotated[str | None, typer.Option(help="The digest you were shown, in full or its first 12.")] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Approve a held order. It is judged again before it goes out. Exit 0 allowed, 3 denied, 4 still held.

    Several at once are approved in bulk: each must be within `bulk_approval_max` of its mandates, and the first one
    that is refused or denied ends it.

    ```
    remit approvals approve r1a2b3c4d-17
    remit approvals approve r1a2b3c4d-17 --digest 8d1f0c2ab934 --yes
    remit approvals approve r1a2b3c4d-17 r1a2b3c4d-18 r1a2b3c4d-19
    ```
    """
    bulk = len(orders) > 1
    if bulk and digest is not None:
        raise typer.BadParameter("a digest is of one order; approve it alone", param_hint="--digest")
    if len(set(orders)) < len(orders):
        raise typer.BadParameter("an order is named twice", param_hint="ORDER...")
    found = [held_now(order) for order in orders]
    if digest is not None and (len(digest) < DIGEST_SHOWN or not found[0]["digest"].startswith(digest)):
        raise Fault(
            "digest_mismatch",
            f"{orders[0]} is not what you were shown: its digest is {found[0]['digest']}",
            "Look again",
        )
    for held in found:
        shown(held)
    if digest is None:
        confirm(f"Approve {orders[0]}?" if not bulk else f"Approve these {len(orders)}?", yes)
    status, records = DONE, []
    for held in found:
        record = enter(make(Approve, order=held["order"], digest=held["digest"], bulk=bulk or None))
        records.append(record)
        ended = outcome_of(held["order"], record)
        if ended == DENIED:
            status = DENIED
            break
        status = max(status, ended)
    show.json(records if bulk else records[0])
    raise typer.Exit(status)


@app.command()
def decline(order: Order, why: Why, json: Json = False) -> None:
    """Decline a held order: it is over, and what it reserved is free again.

    ```
    remit approvals decline r1a2b3c4d-17 --why "too close to the announcement"
    ```
    """
    record = enter(make(Decline, order=order, why=why))
    if not show.json(record):
        show.say(f"{order}: declined")


@app.command()
def watch(
    once: Annotated[bool, typer.Option("--once", help="End when nothing waits that was not asked about.")] = False,
    json: Json = False,
) -> None:
    """Wait for held orders and ask about each as it comes, the largest first: approve, decline, skip or quit.

    Nothing is decided but by an answer: leaving at the question leaves the order held until it lapses. In JSON each is
    told on a line of its own and nothing is asked.

    ```
    remit approvals watch
    remit approvals watch --json
    ```
    """
    watch_held(once)
