"""`remit reconcile`: whether the book and the venues agree, and what a person makes of it where they do not."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Agent, Fault, Json, Why, caller, enter, make, noun, read
from remit.kernel.command import Adopt, Ask, Resume, Review

app = noun("Whether book and venue agree: look, ask the venue now, decide who is right.")

Connection = Annotated[str, typer.Argument(metavar="CONNECTION", help="The connection's name.")]
Connections = Annotated[str | None, typer.Argument(metavar="CONNECTION", help="Only this connection.")]
COLUMNS = ("kind", "item", "book", "venue", "difference", "bucket")
MORE = ("rounds", "since", "why")
"""Where there is room."""
WAIT_S = 10
LOOK_S = 0.1


@app.command(name="show")
def show_(connection: Connections = None, json: Json = False) -> None:
    """Show of each connection when it was reconciled, and each difference between book and venue.

    `in_transit`: reports under way explain it. `small`: watched. `large`: the connection is halted until a person
    decides.

    ```
    remit reconcile show
    remit reconcile show paper1
    ```
    """
    found = read("drifts", connection=connection)
    if not show.json(found):
        _told(found)


@app.command(name="now")
def now_(connection: Connections = None, json: Json = False) -> None:
    """Ask the venues now what they hold, and show the outcome. The guard does so by itself every 60 s.

    ```
    remit reconcile now
    remit reconcile now paper1
    ```
    """
    before = {row["connection"]: row for row in read("drifts", connection=connection)}
    for name in before:
        enter(make(Ask, connection=name))
    found = _answered(before, connection)
    silent = [row["connection"] for row in found if _same(row, before[row["connection"]])]
    if not caller().json:
        _told(found)
    if silent:
        raise Fault("no_answer", f"{', '.join(silent)} did not answer within {WAIT_S} s", "See that its venue runs")
    show.json(found)


def _same(row: dict[str, Any], before: dict[str, Any]) -> bool:
    return (row["reconciled_at"], row["silent"]) == (before["reconciled_at"], before["silent"])


def _answered(before: dict[str, Any], connection: str | None) -> list[dict[str, Any]]:
    """Look until every connection has answered or WAIT_S have passed."""
    until = time.monotonic() + WAIT_S
    while True:
        found: list[dict[str, Any]] = read("drifts", connection=connection)
        if not any(_same(row, before[row["connection"]]) for row in found) or time.monotonic() > until:
            return found
        time.sleep(LOOK_S)


@app.command()
def resume(
    connection: Connection,
    why: Why,
    accept: Annotated[
        Literal["venue", "book"] | None, typer.Option(help="Who is right; needed while anything differs.")
    ] = None,
    shown: Annotated[
        str | None, typer.Option(help="What `remit reconcile show` called the differences; needed with --accept.")
    ] = None,
    agent: Agent = None,
    json: Json = False,
) -> None:
    """Decide where book and venue differ, and end the halt: the difference, the review and the resume in one go.

    `--accept venue` corrects the book, in the journal, as a deposit in kind: no profit and no loss. `--accept book`
    keeps it and remembers the difference. `--shown` names what you looked at: where something else differs by now,
    nothing is decided. `--agent` says whose a corrected position is where the book does not tell.

    ```
    remit reconcile resume paper1 --accept venue --shown 4be0643f1d98 --why "the statement shows 8"
    remit reconcile resume paper1 --accept book --shown 4be0643f1d98 --why "their page lags" --json
    ```
    """
    (found,) = read("drifts", connection=connection)
    drifts = [drift for drift in found["drifts"] if drift["bucket"] != "in_transit"]
    coming = [drift for drift in found["drifts"] if drift["bucket"] == "in_transit"]
    halts = [row for row in read("halts") if (row["subject"], row["rule"]) == (f"connection:{connection}", "reconcile")]
    if not drifts and not halts:
        differs = f"what differs is in transit ({_items(coming)})" if coming else "nothing differs"
        said = f"{connection} is not halted by a round and {differs}: nothing needs a decision"
        raise Fault("nothing_to_resume", said, f"Look again: remit reconcile now {connection}")
    records = []
    if drifts:
        if accept is None:
            raise typer.BadParameter("say who is right: venue or book", param_hint="--accept")
        if shown is None:
            look = f"name the differences that you looked at, as remit reconcile show {connection} does"
            raise typer.BadParameter(look, param_hint="--shown")
        adopt = make(Adopt, connection=connection, truth=accept, agent=agent or "", why=why, shown=shown)
        records.append(enter(adopt))
    for halt in halts:
        if not halt["reviewed_by"]:
            records.append(enter(make(Review, halt=halt["id"], limit=halt["rule"], why=why)))
        records.append(enter(make(Resume, halt=halt["id"], why=why)))
    records.append(enter(make(Ask, connection=connection)))  # it opens with the next round that agrees
    if show.json(records):
        return
    if coming:
        show.say(f"in transit, so nothing to decide: {_items(coming)}")
    for drift in drifts:
        said = (
            f"corrected from {drift['book']} to {drift['venue']}" if accept == "venue" else f"kept at {drift['book']}"
        )
        show.say(f"{drift['kind']} {drift['item']}: {said}")
    for halt in halts:
        show.say(f"{halt['id']}: ended; {connection} may trade once the venue, which is asked now, agrees", "green")


def _items(drifts: list[dict[str, Any]]) -> str:
    return ", ".join(f"{drift['kind']} {drift['item']}" for drift in drifts)


def _row(drift: dict[str, Any]) -> dict[str, Any]:
    """Return a difference as people read it: an order works or does not, which is no number."""
    if drift["kind"] != "order":
        return drift
    works = {"0": "-", "1": "works"}
    return {**drift, "book": works[drift["book"]], "venue": works[drift["venue"]], "difference": ""}


def _told(found: list[dict[str, Any]]) -> None:
    for row in found:
        when = "never reconciled" if row["age_s"] is None else f"reconciled {row['age_s']} s ago"
        large = any(drift["bucket"] == "large" for drift in row["drifts"])
        agree = "book and venue agree" if row["ready"] else row["why"]
        said = show.counted(len(row["drifts"]), "difference") if row["drifts"] else agree
        show.say(f"{row['connection']}: {when}; {said}", "red" if large else "" if row["ready"] else "yellow")
        if row["silent"]:
            show.say(f"  {row['silent']} rounds without an answer that could be used", "yellow")
        if row["drifts"]:
            columns = (*COLUMNS, *MORE) if show.wide(110) else COLUMNS
            show.rows([_row(drift) for drift in row["drifts"]], columns, "")
        for kept in row["kept"]:
            show.say(f"  kept: {kept['kind']} {kept['item']} differs by {kept['difference']}")
        for order in row["unknown"]:
            show.say(f"  nobody knows what became of {order['order']}, for {order['age_s']} s", "yellow")
        if large:
            call = f"remit reconcile resume {row['connection']} --accept"
            show.say(f"  the venue is right: {call} venue --shown {row['shown']} --why ...")
            show.say(f"  the book is right:  {call} book --shown {row['shown']} --why ...")
    if not found:
        show.say("no connections: remit connection add")
