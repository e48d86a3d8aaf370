"""`remit preapproval`: what a person confirms ahead of time for one agent, within bounds and until an end."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from remit.doors.cli import show
from remit.doors.cli.call import (
    Agent,
    Fault,
    Json,
    Why,
    Yes,
    amount,
    caller,
    confirm,
    enter,
    make,
    noun,
    now,
    read,
    span_s,
)
from remit.kernel.command import Preapprove, RevokePreapproval
from remit.kernel.numbers import NANOSECONDS, Money

app = noun("Confirm ahead of time what one agent may do: add, list, revoke.")

COLUMNS = ("notional_max", "left", "currency", "agent", "instruments", "categories", "used", "uses", "state")


@app.command()
def add(
    agent: Annotated[str, typer.Option("--agent", "--strategy", help="The one agent it is for; its clients with it.")],
    most: Annotated[str, typer.Option("--max", help="The most one order may be worth, in its account's currency.")],
    lasting: Annotated[str, typer.Option("--for", help="How long it lasts: 90s, 15min, 8h or 30d; a month at most.")],
    why: Why,
    instrument: Annotated[list[str] | None, typer.Option(help="An instrument it covers; may be repeated.")] = None,
    category: Annotated[list[str] | None, typer.Option(help="A category it covers; may be repeated.")] = None,
    total: Annotated[str | None, typer.Option(help="The most that all orders by it may be worth together.")] = None,
    name: Annotated[str | None, typer.Option("--id", help="Your own id: the same one never stands for two.")] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Let an agent's small orders go without asking each time: it stands for one confirmation, and never for a quorum.

    Its total counts what went out by it, and an order that ends without a fill gives nothing back.

    ```
    remit preapproval add --agent scout --category politics --max 100 --for 30d --why "small bets may go"
    remit preapproval add --agent momentum --instrument AAPL --max 500 --total 5000 --for 8h --why "today only"
    ```
    """
    body = make(
        Preapprove,
        id=name or f"cli-{secrets.token_hex(8)}",
        agent=agent,
        instruments=tuple(instrument or ()),
        categories=tuple(category or ()),
        notional_max=amount(Money, most, "--max"),
        total_max=amount(Money, total, "--total"),
        ends_at=now() + span_s(lasting, "--for") * NANOSECONDS,
        why=why,
    )
    if all(row["name"] != agent for row in read("agents")):
        raise Fault("unknown", f"agent {agent} is not known", "See `remit agent list`")
    if not caller().json:
        covered = ", ".join([*(instrument or ()), *(f"all {name}" for name in category or ())]) or "nothing"
        show.say(f"{agent} may open {covered}, each order worth at most {most}, without asking", "bold")
        show.say(f"  all together at most {total}" if total else "  with no limit on all of them together")
        show.say(f"  for {lasting} from now, its clients included; a quorum is still asked")
    confirm("Preapprove this?", yes)
    record = enter(body)
    if not show.json(record):
        show.say(f"{body.id}: in force; revoke it with remit preapproval revoke {body.id} --why ...", "green")


@app.command(name="list")
def list_(
    agent: Agent = None,
    over: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    json: Json = False,
) -> None:
    """List the preapprovals in force, the one that ends first at the top.

    ```
    remit preapproval list
    remit preapproval list --agent scout --all
    ```
    """
    found = read("preapprovals", agent=agent, all=over or None)
    if not show.json(found):
        ends = ("ends_at", "by", "why") if show.wide(150) else ("ends_at",)
        show.rows(found, ("preapproval", *COLUMNS, *ends), "nothing is preapproved")


@app.command()
def revoke(
    preapproval: Annotated[str, typer.Argument(metavar="PREAPPROVAL", help="Its id.")], why: Why, json: Json = False
) -> None:
    """End a preapproval at once: what went out by it stays out, what comes now is asked about again.

    ```
    remit preapproval revoke cli-0f3a --why "the election is called"
    ```
    """
    record = enter(make(RevokePreapproval, id=preapproval, why=why))
    if not show.json(record):
        show.say(f"{preapproval}: over")
