"""`remit positions`, `remit exposure`, `remit status`: what is held, how much of each limit is used, how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Agent, Json, caller, now, read, subject_of
from remit.doors.cli.halts import why_halted
from remit.doors.notify.late import late

Subject = Annotated[str | None, typer.Argument(help="firm, account:NAME, agent:NAME or client:NAME; an agent's name.")]
GAUGE = ("gauge", "percent", "used", "reserved", "limit", "headroom", "unit", "rule", "of", "subject")
NARROW = ("limited", "percent", "used", "reserved", "limit", "headroom")
"""Under a line for each subject."""
ADDRESS = "doors.address"
"""Where the doors write their URL, in the data folder, as long as they run."""
DRIFTS = {"large": "red", "small": "yellow", "in_transit": "dim"}


def positions(
    subject: Subject = None,
    agent: Agent = None,
    by: Annotated[Literal["firm", "account", "agent", "client"] | None, typer.Option(help="Counted for whom.")] = None,
    json: Json = False,
) -> None:
    """Show positions with cost, value, profit and protection, the cash of each connection, and totals.

    Protection: `none` where no stop was asked for, `watched`, or `unprotected` and why.

    ```
    remit positions
    remit positions --agent momentum
    remit positions --by agent
    ```
    """
    found = read("positions", subject=_asked(subject, agent), by=by)
    if show.json(found):
        return
    columns = ("instrument", "quantity", "cost_average", "mark", "value", "unrealised", "currency", "protection")
    more = ("realised", "buying", "selling", "connection") if show.wide(120) else ()
    show.rows(found["positions"], (*columns, *more), "no positions", under="subject")
    show.say("")
    show.rows(found["totals"], ("subject", "equity", "pnl", "pnl_today", "drawdown", "fees", "currency"), "no totals")
    if found["cash"]:
        show.say("")
        show.rows(found["cash"], ("connection", "currency", "amount", "reserved", "free"), "")


def exposure(
    subject: Subject = None,
    agent: Agent = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also the limits that judge one order and use nothing up.")
    ] = False,
    json: Json = False,
) -> None:
    """Show each limit with used, reserved and headroom: the numbers orders are judged by.

    ```
    remit exposure
    remit exposure --agent momentum --all
    ```
    """
    found = read("exposure", subject=_asked(subject, agent))
    if show.json(found):
        return
    exposed(found, every)


def exposed(found: dict[str, Any], every: bool) -> None:
    """Print the gauges of an exposure view, the fullest first."""
    rows = []
    for row in found["gauges"]:
        waits = row.get("ready_in_s")
        headroom = f"ready in {waits} s" if waits else "ready" if waits == 0 else row["headroom"]
        shown = {**row, "gauge": show.bar(row["percent"]) if row["percent"] is not None else "", "headroom": headroom}
        limited = f"{row['rule']} {row['of'] or ''}".rstrip()
        rows.append({**shown, "used": row["missing"] or row["used"], "limited": limited})
    none = "no limit that is used up is in force"
    if show.wide(125):
        show.rows(rows, GAUGE, none)
    else:
        show.rows(rows, NARROW, none, under="subject")
    if found["left_out"]:
        show.say(f"{found['left_out']} emptier ones are left out: name a subject", "dim")
    if every and found["per_order"]:
        show.say("")
        show.rows(found["per_order"], ("subject", "rule", "limit", "unit", "sentence"), "")
    for written in found["without_mandate"]:
        show.say(f"{written} has no mandate: every order of it is denied", "red")


def _asked(subject: str | None, agent: str | None) -> str | None:
    return subject_of(subject) if subject else f"agent:{agent}" if agent else None


def status(json: Json = False) -> None:
    """Show how the guard stands: connections, what stops trading, what waits for people, what needs a look.

    That is: positions whose exits are not being watched, differences between book and venue, prices that are not to be
    trusted, and limits that are used to 80 % or more.

    ```
    remit status
    ```
    """
    found = read("status")
    found["undelivered"] = late(caller().settings.home, now())
    if show.json(found):
        return
    journal = found.get("journal")
    if journal:
        found["journal"] = f"{journal['size']} entries, root {journal['root'][:16]}"
    found["http"] = _address()
    found["sandbox"] = _confined(found.get("sandbox", ()))
    names = ("environment", "version", "seq", "at", "started_at", "currency", "agents", "approvals", "orders")
    show.facts(found, (*names, "journal", "http", "sandbox"))
    show.say("")
    show.rows(found["connections"], ("name", "account", "venue", "environment", "ready", "why"), "no connections")
    if found["approvals"]:
        show.say(f"WAITS for a person: {show.counted(found['approvals'], 'order')}; see remit approvals list", "yellow")
    for row in found["halts"]:
        show.say(f"HALT {row['id']} of {row['subject']} ({row['cause']}): {why_halted(row)}", "red")
        show.say(f"  next: {row['to_end'][0]}")
    for row in found["pauses"]:
        show.say(f"PAUSE of {row['subject']} by {row['by']}: {row['why']}", "yellow")
    for row in found["undelivered"]:
        said = f"to {row['channel']} since {show.when(row['at'])}: {row['text']}"
        show.say(f"NOT DELIVERED {said} ({row['fault'] or 'not tried yet: do the doors run?'})", "red")
    anchors(found.get("anchors") or {})
    for row in found.get("exports", ()):
        behind = f"{row['to']}: {row['size']} entries, {row['lag_entries']} entries and {row['lag_s']} s behind"
        amiss = row["late"] or row["fault"]
        show.say(f"{'EXPORT LATE' if amiss else 'export'} {behind} {row['fault']}".rstrip(), "red" if amiss else "dim")
    in_flight(found)


def anchors(found: dict[str, Any]) -> None:
    """Print what the witnesses and the second folder hold, and what keeps permits from leaving."""
    folder, witnesses = found.get("folder"), found.get("witnesses", ())
    if witnesses:
        show.say(f"witnessed: {found['witnessed']} entries by {found['needed']} of {len(witnesses)} witnesses")
    for row in witnesses:
        said = f"{row['name']} signed {row['size']} entries"
        if row["why"]:
            show.say(f"WITNESS {said}, now: {row['why']}", "red" if found["needed"] else "yellow")
        else:
            show.say(f"  {said} at {show.when(row['at'] * 10**9)}")
    if folder:
        said = f"second folder: {folder['size']} entries"
        show.say(f"NOT ANCHORED {said}: {folder['why']}" if folder["why"] else said, "red" if folder["why"] else "")


def _confined(layers: Sequence[Mapping[str, Any]]) -> str:
    """Return how the guard's process is confined; nothing to those who are not told."""
    active = [row["layer"] for row in layers if row["active"]]
    missing = [row["layer"] for row in layers if not row["active"]]
    told = ", ".join(active) or ("no layer" if layers else "")
    return f"{told}; without {', '.join(missing)}: see remit doctor" if missing else told


def _address() -> str:
    """Return where the doors say that they listen; `not served` where nothing says so."""
    try:
        return (caller().settings.home / ADDRESS).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return "not served"


def in_flight(found: dict[str, Any]) -> None:
    """Print what a person should know of that is no halt yet: bare positions, drifts, bad feeds, limits nearly used."""
    for row in found["unprotected"]:
        show.say(f"UNPROTECTED {row['quantity']} {row['instrument']} of {row['agent']}: {row['why']}", "red")
    for row in found["drifts"]:
        said = f"{row['kind']} {row['item']}: book {row['book']}, venue {row['venue']}"
        if row["kind"] == "order":
            said = f"order {row['item']} works at the venue: {row['why']}"
        show.say(f"DRIFT ({row['bucket']}) at {row['connection']}, {said}", DRIFTS[row["bucket"]])
    for row in found["unfit"]:
        show.say(f"UNFIT {row['instrument']} ({row['reason']}): {row['why']}; nothing opens in it", "yellow")
    for row in found["levels"]:
        said = "is exceeded" if row["level"] == "over" else "is used to 80 % or more"
        of = f" for {row['of']}" if row["of"] else ""
        show.say(f"LIMIT {row['rule']} of {row['subject']}{of} {said}", "red" if row["level"] == "over" else "yellow")
