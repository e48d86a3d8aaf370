"""`remit instrument` and `remit fact`: what is traded, and the outside facts that rules need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from remit.doors import fact_file, instrument_file
from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, enter, noun, read
from remit.doors.facts import FACTS, Fact
from remit.kernel.command import AddInstrument

instrument = noun("Instruments: what can be traded, and its terms.")
fact = noun("Outside facts: what the kernel cannot know by itself.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="A .csv or .jsonl file.")]


@instrument.command("add")
def add(file: File, json: Json = False) -> None:
    """Add the instruments of a file, or new terms of known ones. The file is taken whole or not at all.

    ```
    remit instrument add instruments.csv
    ```

    The columns: name, kind (equity, etf, spot, perpetual, prediction), venue, currency, category, tick, lot; and where
    they apply market, outcome, base, multiplier, quantity_min, quantity_max, notional_min, calendar, expires_at,
    resolves_at, jump_max_bps (a live price further away waits for a second source), exits_on (last, or mark where the
    venue's own mark price triggers exits).

    ```
    name,kind,venue,currency,category,tick,lot
    AAPL,equity,paper,USD,us_equity,0.01,1
    ```
    """
    bodies = [AddInstrument(instrument=one) for one in instrument_file.read(file)]
    _entered(bodies, "instrument")


@instrument.command("list")
def list_(venue: Annotated[str | None, typer.Option(help="Only of this venue.")] = None, json: Json = False) -> None:
    """List the instruments.

    ```
    remit instrument list --venue paper
    ```
    """
    found = read("instruments", venue=venue)
    if not show.json(found):
        columns = ("name", "kind", "venue", "currency", "category", "tick", "lot", "trading", "last", "market")
        show.rows(found, columns, "no instruments: remit instrument add")


@fact.command("show")
def show_(json: Json = False) -> None:
    """Show the outside facts in force, by the verb that sets them.

    ```
    remit fact show
    ```
    """
    found = read("facts")
    if show.json(found):
        return
    for verb, rows in found.items():
        if rows:
            show.rows(rows, tuple(rows[0]), "", title=verb)
            show.say("")
    if not any(found.values()):
        show.say("no outside fact is known")


def _entered(bodies: list[Any], what: str) -> None:
    """Let commands enter one after the other; where one is refused, say how many were taken before it."""
    records: list[dict[str, Any]] = []
    for body in bodies:
        try:
            records.append(enter(body))
        except Fault as fault:
            taken = f"{fault.message}; {len(records)} of {len(bodies)} were taken before it"
            raise Fault(fault.code, taken, "Correct it and give the rest again") from None
    if not show.json(records):
        show.say(f"{show.counted(len(records), what)} taken, to entry {records[-1]['command']['seq']}", "green")


def _verb(told: Fact) -> Callable[..., None]:
    def take(file: File, json: Json = False) -> None:
        _entered(fact_file.read(told.verb, file), f"{told.verb} fact")

    columns = "\n".join((",".join(told.header), *told.example))
    example = f"```\nremit fact {told.verb} {told.verb}.csv\n```"
    take.__doc__ = f"{told.tells}\n\n{example}\n\nFrom {told.source}. The file's columns:\n\n```\n{columns}\n```"
    return take


for _fact in FACTS.values():
    fact.command(_fact.verb)(_verb(_fact))
