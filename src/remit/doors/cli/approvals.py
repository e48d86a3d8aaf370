"""`remit approvals`: orders that wait for people, the worst number first."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from remit.doors.cli import show
from remit.doors.cli.call import DENIED, DONE, HELD, Fault, Json, Why, Yes, caller, confirm, enter, make, noun, read
from remit.kernel.command import Approve, Decline

app = noun("Orders that wait for people: list, approve, decline.")

Order = Annotated[str, typer.Argument(metavar="ORDER", help="The held order's id.")]
WORST_FIRST = ("worth", "currency", "worst_price", "side", "quantity", "instrument", "agent", "order", "needed")


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List the orders that are held, the largest first, with the digest that an approval names.

    ```
    remit approvals list
    ```
    """
    found = read("approvals")
    if not show.json(found):
        show.rows(found, (*WORST_FIRST, "expires_in_s", "digest"), "nothing waits for approval")


@app.command()
def approve(
    order: Order,
    digest: Annotated[str | None, typer.Option(help="The digest you were shown, in full or its first 12.")] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Approve a held order. It is judged again before it goes out. Exit 0 allowed, 3 denied, 4 still held.

    ```
    remit approvals approve r1a2b3c4d-17
    remit approvals approve r1a2b3c4d-17 --digest 8d1f0c2ab934 --yes
    ```
    """
    held = _held(order)
    if digest is not None and (len(digest) < 12 or not held["digest"].startswith(digest)):
        raise Fault(
            "digest_mismatch", f"{order} is not what you were shown: its digest is {held['digest']}", "Look again"
        )
    _show(held)
    if digest is None:
        confirm(f"Approve {order}?", yes)
    record = enter(make(Approve, order=order, digest=held["digest"]))
    _outcome(order, record)


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


def _held(order: str) -> dict[str, Any]:
    found = next((row for row in read("approvals") if row["order"] == order), None)
    if found is None:
        raise Fault(
            "not_held", f"order {order} is not waiting for approval", "See those that are: remit approvals list"
        )
    return dict(found)


def _show(held: dict[str, Any]) -> None:
    if caller().json:
        return
    show.say(f"worth up to {held['worth']} {held['currency']}, at worst {held['worst_price']} each", "bold")
    show.say(f"  {held['side']} {held['quantity']} {held['instrument']} ({held['type']}) for {held['agent']}")
    if held["exit"]:
        show.say(f"  with an exit: {held['exit']}")
    show.say(f"  through {held['connection']} of {held['account']}, asked {held['age_s']} s ago by {held['asked_by']}")
    show.say(f"  {held['needed']} more needed, lapses in {held['expires_in_s']} s")
    show.say(f"  digest {held['digest']}")
    if not held["yours_counts"]:
        show.say("  yours does not count: you are behind this agent, or approved already", "yellow")


def _outcome(order: str, record: dict[str, Any]) -> None:
    events = record["events"]
    released = any(event["event"] == "released" for event in events)
    denied = next((event for event in events if event["event"] == "moved" and event["state"] == "denied"), None)
    if not show.json(record):
        if released:
            show.say(f"{order}: allowed and on its way", "green")
        elif denied is not None:
            show.say(f"{order}: denied: {denied.get('why', '')}", "red")
            show.findings((record.get("decision") or {}).get("findings", ()))
        else:
            show.say(f"{order}: approved by you; more approvals are needed", "yellow")
    raise typer.Exit(DONE if released else DENIED if denied is not None else HELD)
