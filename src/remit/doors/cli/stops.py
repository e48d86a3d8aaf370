"""`remit halt`, `remit kill`, `remit resume`: the switches that stop trading at once, and the way back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from remit.doors.cli import show
from remit.doors.cli.agent import resume as resume
from remit.doors.cli.call import Json, enter, make, read, subject_of
from remit.kernel.command import Halt

Subject = Annotated[
    str, typer.Argument(help="firm, account:, agent:, client:, venue: or connection:NAME; an agent's name.")
]


def halt(
    subject: Subject = "firm",
    why: Annotated[str, typer.Option("--why", help="The reason, for the journal.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="Show the halts and pauses in force.")] = False,
    json: Json = False,
) -> None:
    """Halt a subject: no new risk until a reviewed resume; what opens and still works is cancelled. Exits stay open.

    ```
    remit halt agent:momentum --why "odd orders"
    remit halt venue:paper --why "prices look stale"
    remit halt --list
    ```
    """
    if listed:
        _list()
        return
    if not why.strip():
        raise typer.BadParameter("say why, for the journal", param_hint="--why")
    _stop(subject_of(subject), why, kill=False, flatten=False)


def kill(
    subject: Subject = "firm",
    why: Annotated[str, typer.Option("--why", help="The reason, for the journal.")] = "killed by hand",
    flatten: Annotated[bool, typer.Option("--flatten", help="Also close the positions.")] = False,
    json: Json = False,
) -> None:
    """Stop everything at once: halt, and cancel every working order. It does not ask.

    ```
    remit kill
    remit kill agent:momentum --flatten --why "runaway"
    ```
    """
    _stop(subject_of(subject), why, kill=True, flatten=flatten)


def _stop(subject: str, why: str, *, kill: bool, flatten: bool) -> None:
    record = enter(make(Halt, subject=subject, why=why, kill=kill, flatten=flatten))
    if show.json(record):
        return
    raised = [event["halt"] for event in record["events"] if event["event"] == "halt_raised"]
    asked = sum(1 for event in record["events"] if event["event"] in ("cancel_asked", "moved"))
    if not raised:
        show.say(f"{subject} was halted by a person already; {asked} orders are being cancelled", "yellow")
        return
    show.say(f"{subject}: halted as {raised[0]}; {asked} orders are being cancelled", "red")
    show.say(f"  the way back: remit agent review {raised[0]} --why ..., then remit resume {raised[0]} --why ...")


def _list() -> None:
    found = {"halts": read("halts"), "pauses": read("pauses")}
    if show.json(found):
        return
    for row in found["halts"]:
        told(row)
    if not found["halts"]:
        show.say("no halts")
    show.say("")
    show.rows(found["pauses"], ("subject", "by", "at", "why"), "no pauses")


def told(row: dict[str, Any]) -> None:
    """Print one halt: whom it stops and why, its limit, and how to end it."""
    show.say(
        f"{row['id']}  {row['subject']} since {show.when(row['at'] // 10**9 * 10**9)}, cause {row['cause']}", "red"
    )
    if row["limit"]:
        now = f", now {row['now']}" if row["now"] else ""
        show.say(f"  {row['rule']}: {row['actual']} against {row['limit']}{now}")
    if row["why"]:
        show.say(f"  {row['why']}")
    if row["reviewed_by"]:
        show.say(f"  reviewed by {row['reviewed_by']} ({row['reviewed_limit']}): {row['review']}")
    for number, step in enumerate(row["to_end"], 1):
        show.say(f"  {number}. {step}")
