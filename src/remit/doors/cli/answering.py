"""Answering held orders at a terminal: what is shown of one, the question, and waiting for what becomes of it."""

from __future__ import annotations

import sys
import time
from typing import Any

import typer

from remit.doors.cli import show
from remit.doors.cli.call import DENIED, DONE, HELD, USAGE, Fault, caller, enter, follow, make, read
from remit.kernel.command import Approve, Decline

LOOK_S = 0.5
"""How often it is looked for what waits."""
QUESTION = "approve, decline, skip or quit"
ANSWERS = {"a": "approve", "d": "decline", "s": "skip", "q": "quit"}
FINAL = ("released", "moved")


def held_now(order: str) -> dict[str, Any]:
    """Return a held order as its approver sees it; Fault where it does not wait."""
    found = next((row for row in read("approvals") if row["order"] == order), None)
    if found is None:
        raise Fault(
            "not_held", f"order {order} is not waiting for approval", "See those that are: remit approvals list"
        )
    return dict(found)


def shown(held: dict[str, Any]) -> None:
    """Print a held order, the worst number first; nothing in JSON."""
    if caller().json:
        return
    show.say(f"worth up to {held['worth']} {held['currency']}, at worst {held['worst_price']} each", "bold")
    _numbers(held)
    show.say(f"  {held['side']} {held['quantity']} {held['instrument']} ({held['type']}) for {held['agent']}")
    if held["client"]:
        show.say(f"  asked for by its client {held['client']}")
    if held["exit"]:
        show.say(f"  with an exit: {held['exit']}")
    show.say(f"  through {held['connection']} of {held['account']}, asked {held['age_s']} s ago by {held['asked_by']}")
    show.say(f"  {held['needed']} more needed, lapses in {held['expires_in_s']} s")
    show.say(f"  digest {held['digest']}")
    if held["thought"]:
        show.say(f"  thought {held['thought']}")
    if not held["yours_counts"]:
        show.say("  yours does not count: you are behind this agent, or approved already", "yellow")


def _numbers(held: dict[str, Any]) -> None:
    """Print what an order leaves of its tightest limit, and how far the market moved against it."""
    left, drift = held["headroom"], held["drift"]
    if left is not None:
        of = f" of {left['of']}" if left["of"] else ""
        show.say(
            f"  with it {left['headroom']} {left['unit']} are left of {left['rule']} {left['limit']}{of} "
            f"({left['subject']}, {left['percent']} % used)"
        )
    if drift["bps"] is not None:
        limit = "no limit" if drift["limit_bps"] is None else f"limit {drift['limit_bps']}"
        stale = "" if drift["fresh"] else "; that mark is old"
        by, side = drift["bps"].removeprefix("-"), "in its favour" if drift["bps"].startswith("-") else "against it"
        show.say(f"  the market moved {by} bps {side}, {drift['from']} to {drift['to']}, {limit}{stale}")


def outcome_of(order: str, record: dict[str, Any]) -> int:
    """Say what an approval led to; return the exit code."""
    events = record["events"]
    released = any(event["event"] == "released" and event["order"] == order for event in events)
    over = next((event for event in events if event["event"] == "moved" and event["order"] == order), None)
    if released:
        show.say(f"{order}: allowed and on its way", "green")
        return DONE
    if over is not None:
        show.say(f"{order}: {over['state']}: {over.get('why', '')}", "red")
        show.findings((record.get("decision") or {}).get("findings", ()) if not caller().json else ())
        return DENIED
    show.say(f"{order}: approved by you; more approvals are needed", "yellow")
    return HELD


# Watching


def watch_held(once: bool) -> None:
    """Ask about each held order as it comes until somebody quits; with `once` until all that wait were asked about.

    In JSON it tells of each and asks nothing. Fault where there is nobody to ask.
    """
    if not caller().json and not is_terminal():
        raise Fault(
            "not_confirmed", "there is nobody to ask", "Use a terminal, or: remit approvals list, then approve", USAGE
        )
    asked: set[str] = set()
    if not (once or caller().json):
        show.say("waits for held orders; Ctrl-C ends it")
    try:
        while True:
            waiting = read("approvals")
            asked &= {row["digest"] for row in waiting}
            fresh = [row for row in waiting if row["digest"] not in asked]
            if fresh:
                asked.add(fresh[0]["digest"])
                if not _asked(fresh[0], len(fresh) - 1):
                    break
            elif once:
                break
            else:
                time.sleep(LOOK_S)
    except (KeyboardInterrupt, typer.Abort):
        show.say("")  # whatever was asked stays unanswered
    if caller().json:
        return
    left = len(read("approvals"))
    show.say(f"stopped; {show.counted(left, 'order')} still held" if left else "stopped; nothing waits")


def is_terminal() -> bool:
    """Return whether there is somebody to ask."""
    return sys.stdin.isatty()


def _asked(held: dict[str, Any], more: int) -> bool:
    """Show one order and do what is answered; return whether to go on. A refusal is told and not the end."""
    if show.json(held):
        return True
    show.say("")
    shown(held)
    if more:
        show.say(f"  and {show.counted(more, 'order')} after it")
    answer = _answer()
    try:
        if answer == "approve":
            outcome_of(held["order"], enter(make(Approve, order=held["order"], digest=held["digest"])))
        elif answer == "decline":
            why = typer.prompt("why", err=True).strip()
            enter(make(Decline, order=held["order"], why=why))
            show.say(f"{held['order']}: declined")
    except Fault as fault:
        show.say(f"{held['order']}: {fault.code}: {fault.message}", "red")
    return answer != "quit"


def _answer() -> str:
    """Return what a person answers; what is none of the answers is asked again, and nothing is one by default."""
    while True:
        given = typer.prompt(QUESTION, err=True).strip().lower()
        found = [word for key, word in ANSWERS.items() if given in (key, word)]
        if found:
            return found[0]


# Waiting for an answer


def wait_for(order: str, after: int) -> int:
    """Wait until a held order is not held any more, say what became of it, and return the exit code.

    `after` is the entry that held it. Ending the wait leaves the order held, until it is answered or lapses.
    """
    show.say("  waiting for an answer; Ctrl-C stops the waiting, not the order")
    try:
        for record in follow(after + 1):
            for event in record["events"]:
                if event["event"] in FINAL and event.get("order") == order:
                    return _told(order, record, event)
        why = "the guard ended the stream"
    except KeyboardInterrupt:
        why = "stopped"
    if not show.json({"order": order, "state": "held", "why": why}):
        show.say(f"{order}: {why}, not waited for to the end; see remit order show {order}", "yellow")
    return HELD


def _told(order: str, record: dict[str, Any], event: dict[str, Any]) -> int:
    by = record["command"]["by"]["name"]
    if show.json(record):
        return DONE if event["event"] == "released" else DENIED
    if event["event"] == "released":
        show.say(f"{order}: approved, the last by {by}; allowed and on its way", "green")
        return DONE
    said = f": {event['why']}" if event.get("why") else ""
    show.say(f"{order}: {event['state']}{f' by {by}' if event['state'] == 'declined' else ''}{said}", "red")
    if event["state"] == "denied":
        show.findings((record.get("decision") or {}).get("findings", ()))
    return DENIED
