"""`remit risk`: the same limits under the names that users of such tools know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from remit.doors.cli import show
from remit.doors.cli.book import exposed
from remit.doors.cli.call import Agent, Json, Why, Yes, noun, read
from remit.doors.cli.mandate import Blocked, Calendar
from remit.doors.cli.mandate import set_ as set_mandate

app = noun("An alias: `risk show` is exposure, `risk set` is mandate set.")


@app.command(name="show")
def show_(agent: Agent = None, json: Json = False) -> None:
    """Show the limits of an agent, how much of each is used, and those of what it belongs to.

    ```
    remit risk show
    remit risk show --strategy momentum
    ```
    """
    found = read("exposure", subject=f"agent:{agent}" if agent else None)
    if not show.json(found):
        exposed(found, True)


@app.command(name="set")
def set_(
    agent: Agent = None,
    file: Annotated[Path | None, typer.Option("--file", help="A mandate file (.toml or .json).")] = None,
    preset: Annotated[str | None, typer.Option(help="A preset: see `remit mandate presets`.")] = None,
    why: Why = "",
    calendar: Calendar = None,
    blocked: Blocked = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Publish limits of an agent; the same as `remit mandate set`.

    ```
    remit risk set --strategy momentum --preset starter --why "first day"
    ```
    """
    set_mandate(None, agent, file, preset, why, calendar, blocked, None, yes, json)
