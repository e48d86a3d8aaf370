"""`remit halt`, `remit kill`, `remit resume`: the switches that stop trading at once, and the way back."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from remit.doors.cli import show
from remit.doors.cli.agent import resume as resume
from remit.doors.cli.call import Fault, Json, caller, enter, make, read, span_s, subject_of
from remit.doors.cli.halts import told as told_halt
from remit.guard.wire import GuardGone, GuardNotRunning
from remit.kernel.command import Halt

Subject = Annotated[
    str, typer.Argument(help="firm, account:, agent:, client:, venue: or connection:NAME; an agent's name.")
]

LOOK_S = 0.1
HALT_FILE = "HALT"
ONLY_OWN = {"not told": "no, only its own orders"}
"""A kill of an agent or client is not told to the venue as a whole."""


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
    record = enter(make(Halt, subject=subject_of(subject), why=why))
    if not show.json(record):
        _stopped(subject_of(subject), record)


def kill(
    subject: Subject = "firm",
    why: Annotated[str, typer.Option("--why", help="The reason, for the journal.")] = "killed by hand",
    flatten: Annotated[bool, typer.Option("--flatten", help="Also close the positions.")] = False,
    wait: Annotated[str, typer.Option("--wait", help="How long to watch the venues for.")] = "5s",
    listed: Annotated[bool, typer.Option("--list", help="Show how far the kills in force have come.")] = False,
    json: Json = False,
) -> None:
    """Stop everything at once: halt, and cancel every working order, at the venues too. It does not ask.

    It then watches for a few seconds and says of every venue how many orders it was asked to cancel, how many are over
    and how many still work; the guard goes on until none does. A file named HALT in the data folder does the same.

    ```
    remit kill
    remit kill agent:momentum --flatten --why "runaway"
    remit kill --list
    ```
    """
    if listed:
        found = read("kills")
        if not show.json(found):
            _reported(found)
        return
    wait_s = span_s(wait, "--wait")
    record = _killed(make(Halt, subject=subject_of(subject), why=why, kill=True, flatten=flatten))
    _stopped(subject_of(subject), record)
    found = _watched(subject_of(subject), wait_s)
    if not show.json({**record, "kills": found}):
        _reported(found)


def _killed(body: Halt) -> dict[str, Any]:
    """Let the kill enter; where the guard cannot be reached the halt file is the other way, and is said."""
    try:
        return enter(body)
    except (GuardNotRunning, GuardGone) as fault:
        path = caller().settings.home / HALT_FILE
        raise Fault(fault.code, fault.message, f"{fault.fix}. Or: touch {path}, which kills the firm") from None


def _watched(subject: str, wait_s: int) -> list[dict[str, Any]]:
    """Return how far a kill has come: once nothing works any more and every venue has answered, or after `wait_s`."""
    until = time.monotonic() + wait_s
    while True:
        found = [row for row in read("kills") if row["subject"] == subject]
        if all(_is_over(row) for row in found) or time.monotonic() > until:
            return found
        time.sleep(LOOK_S)


def _is_over(row: dict[str, Any]) -> bool:
    return not row["working"] and not row["open"] and row["cancel_all"] != "waiting"


def _reported(found: list[dict[str, Any]]) -> None:
    columns = ("connection", "venue", "asked", "over", "working", "open", "cancel_all", "subject", "halt")
    shown = [name for name in columns if name != "open" or any(row["flatten"] for row in found)]
    told = [{**row, "cancel_all": ONLY_OWN.get(row["cancel_all"], row["cancel_all"])} for row in found]
    show.rows(told, shown, "no kill is in force")
    left = [row for row in found if not _is_over(row)]
    if left:
        show.say("the guard goes on until nothing works any more; look again: remit kill --list", "yellow")
    for name in sorted({row["connection"] for row in left if not row["link_up"]}):
        show.say(f"  the link of {name} is down: see that its venue runs, or cancel there by hand", "red")


def _stopped(subject: str, record: dict[str, Any]) -> None:
    """Say what a halt or kill did at once, and the way back."""
    raised = [event["halt"] for event in record["events"] if event["event"] == "halt_raised"]
    asked = sum(1 for event in record["events"] if event["event"] in ("cancel_asked", "moved"))
    more = any(event["event"] == "sweep" and event.get("left") for event in record["events"])
    orders = f"{asked} and more orders are" if more else "1 order is" if asked == 1 else f"{asked} orders are"
    cancelled = f"{orders} being cancelled"
    if not raised:
        show.say(f"{subject} was halted by a person already; {cancelled}", "yellow")
        return
    show.say(f"{subject}: halted as {raised[0]}; {cancelled}", "red")
    show.say(f"  the way back: remit agent review {raised[0]} --why ..., then remit resume {raised[0]} --why ...")


def _list() -> None:
    found = {"halts": read("halts"), "pauses": read("pauses")}
    if show.json(found):
        return
    for row in found["halts"]:
        told_halt(row)
    if not found["halts"]:
        show.say("no halts")
    show.say("")
    show.rows(found["pauses"], ("subject", "by", "at", "why"), "no pauses")
