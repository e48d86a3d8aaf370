"""`remit exit`: stop-losses, take-profits and trailing stops, the same whatever the venue; the guard watches them."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Agent, Fault, Json, enter, make, noun, read
from remit.doors.cli.order import agent_named, only_connection
from remit.doors.cli.terms import Activation, StopLoss, TakeProfit, TrailingStop, terms_of
from remit.kernel.command import DropExit, SetExit
from remit.kernel.exit_words import terms_words

app = noun("Stop-losses, take-profits and trailing stops: set, list, show, drop.")

ExitId = Annotated[str, typer.Argument(metavar="EXIT", help="The exit's id.")]
COLUMNS = ("agent", "instrument", "closes", "says", "state", "protection", "exit")


@app.command(name="set")
def set_(
    instrument: Annotated[str | None, typer.Argument(help="The instrument whose position it closes.")] = None,
    agent: Agent = None,
    stop_loss: StopLoss = None,
    take_profit: TakeProfit = None,
    trailing_stop: TrailingStop = None,
    activation: Activation = None,
    quantity: Annotated[str | None, typer.Option(help="Close so much; the whole position where not said.")] = None,
    slippage_bps: Annotated[int | None, typer.Option(help="The worst price of the closing order, in bps.")] = None,
    connection: Annotated[str | None, typer.Option(help="The connection; its only one where an agent has one.")] = None,
    own: Annotated[str | None, typer.Option("--id", help="Your own id: the same one never acts twice.")] = None,
    known: Annotated[
        str | None, typer.Option("--exit", metavar="EXIT", help="New terms for this exit, whole: a leg not said goes.")
    ] = None,
    json: Json = False,
) -> None:
    """Set an exit on a position, or new terms of one with --exit. The legs of one exit cancel each other.

    The guard watches it and closes the position itself; no halt, pause or closed agent holds that back. An agent may
    tighten a stop; only a person may widen it. `remit order submit` takes the same flags, for a position to come.

    ```
    remit exit set NVDA --agent momentum --stop-loss 180 --take-profit 210
    remit exit set NVDA --agent momentum --trailing-stop 2% --activation 195
    remit exit set --exit X-r1a2b3c4d-17 --stop-loss 184
    ```
    """
    terms = terms_of(stop_loss, take_profit, trailing_stop, activation, quantity, slippage_bps)
    if terms is None:
        raise typer.BadParameter("say at least one of --stop-loss, --take-profit and --trailing-stop")
    before = None if known is None else _one(known)
    where = _where(instrument, agent, connection, before)
    record = enter(make(SetExit, id=known or own or f"cli-{secrets.token_hex(8)}", terms=terms, **where))
    if not show.json(record):
        name = next((event["exit"] for event in record["events"] if event["event"] == "exit_set"), known)
        says = terms_words(terms)
        show.say(f"{name}: closes {where['instrument']} of {where['agent']} at {says}", "green")
        if before is not None:
            show.say(f"  before: {before['says']}")


def _where(
    instrument: str | None, agent: str | None, connection: str | None, known: dict[str, Any] | None
) -> dict[str, str]:
    """Return whose position is meant: that of a known exit, or as the flags say."""
    if known is not None:
        return {name: str(known[name]) for name in ("agent", "connection", "instrument")}
    if instrument is None:
        raise typer.BadParameter("say which, or name a known exit with --exit", param_hint="INSTRUMENT")
    name = agent_named(agent)
    return {"agent": name, "connection": connection or only_connection(name), "instrument": instrument}


@app.command(name="list")
def list_(
    agent: Agent = None,
    instrument: Annotated[str | None, typer.Option(help="Only this instrument.")] = None,
    json: Json = False,
) -> None:
    """List the exits: what each closes at which price, and whether it is watched now.

    ```
    remit exit list
    remit exit list --agent momentum
    ```
    """
    found = read("exits", agent=agent, instrument=instrument)
    if not show.json(found):
        show.rows([{**row, "closes": _closes(row)} for row in found], COLUMNS, "no exits: remit exit set")


@app.command(name="show")
def show_(exit_: ExitId, json: Json = False) -> None:
    """Show one exit: its legs and where each stands now, what it protects, and whether it is watched.

    ```
    remit exit show X-r1a2b3c4d-17
    ```
    """
    found = _one(exit_)
    if show.json(found):
        return
    shown = {**found, "closes": _closes(found)}
    names = ("exit", "agent", "client", "connection", "instrument", "closes", "state", "protection", "order", "last")
    show.facts(shown, (*names, "best", "at"))
    for leg in found["legs"]:
        trails = leg["kind"] == "trailing_stop"
        stands = "waits for its activation" if leg["level"] is None else f"stands at {leg['level']}"
        show.say(f"  {leg['says']}" + (f", {stands}" if trails else ""))
    if found["triggered"]:
        show.say(
            f"  {found['triggered']} triggered at {found['price']}; closing orders so far: {found['tries']}", "red"
        )


@app.command()
def drop(exit_: ExitId, json: Json = False) -> None:
    """Drop an exit: what it protected is protected no more. A stop is a person's to drop, never an agent's.

    ```
    remit exit drop X-r1a2b3c4d-17
    ```
    """
    record = enter(make(DropExit, exit=exit_))
    if not show.json(record):
        show.say(f"{exit_}: dropped", "yellow")


def _closes(row: dict[str, Any]) -> str:
    return f"{row['side']} {row['protects']}"


def _one(name: str) -> dict[str, Any]:
    found = next((row for row in read("exits") if row["exit"] == name), None)
    if found is None:
        do = "See those in force: remit exit list; how one ended: remit log --kind exit_ended"
        raise Fault("unknown_exit", f"no exit {name} is in force", do)
    return dict(found)
