"""`remit agent`: agents, and why they stop: pauses are a person's, halts are the guard's, each ends in its own way."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, Why, enter, make, noun, read, subject_of
from remit.doors.cli.halts import told as told_halt
from remit.kernel.access import Agent as AgentNoun
from remit.kernel.command import AddAgent, Resume, Review, SetCapability, SetGrant, SetPause

app = noun("Agents: add, look, pause, review a halt, resume.")

Name = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's name; or a subject such as account:desk.")]
Halt = Annotated[str, typer.Argument(metavar="HALT", help="The halt's id, or the agent that is halted.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Its name, for good.")],
    account: Annotated[str, typer.Option(help="The account it belongs to.")],
    owner: Annotated[str | None, typer.Option(help="The person behind it; the account's owner where not said.")] = None,
    connection: Annotated[list[str] | None, typer.Option(help="Grant it this connection (may be repeated).")] = None,
    enable: Annotated[list[str] | None, typer.Option(help="Switch on this capability (may be repeated).")] = None,
    json: Json = False,
) -> None:
    """Add an agent. It can do nothing until it has a capability, a granted connection and a mandate.

    ```
    remit agent add momentum --account desk
    remit agent add momentum --account desk --connection paper-1 --enable place_order
    ```
    """
    person = owner or next((row["owner"] for row in read("accounts") if row["name"] == account), "")
    if not person:
        raise Fault("unknown", f"there is no account {account}", "See `remit account list`")
    records = [enter(make(AddAgent, agent=make(AgentNoun, name=name, account=account, owner=person)))]
    records += [enter(make(SetGrant, agent=name, connection=one, granted=True)) for one in connection or ()]
    records += [enter(make(SetCapability, agent=name, capability=one, enabled=True)) for one in enable or ()]
    if not show.json(records):
        show.say(f"{name}: added to {account}", "green")
        show.say(f"  next: remit mandate set agent:{name} --preset starter --why ...")
        show.say(f"        remit token issue {name} --role agent")


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List the agents, and what stops them.

    ```
    remit agent list
    ```
    """
    found = read("agents")
    if not show.json(found):
        columns = (
            "name",
            "account",
            "paused",
            "halted",
            "capabilities",
            "connections",
            "orders_live",
            "pnl",
            "currency",
        )
        show.rows(found, columns, "no agents: remit agent add")


@app.command(name="show")
def show_(name: Name, json: Json = False) -> None:
    """Show one agent: what it may do, what stops it, what it has under way.

    ```
    remit agent show momentum
    ```
    """
    found = read("agents", agent=name)[0]
    if show.json(found):
        return
    show.facts(found, tuple(found))
    for row in read("halts"):
        if row["id"] in found["halted"]:
            told_halt(row)
    if found["mandate"] is None:
        show.say(f"no mandate: every order is denied. remit mandate set {name} ...", "red")


@app.command()
def pause(name: Name, why: Why, json: Json = False) -> None:
    """Pause an agent, or any subject: nothing new of it goes out until a person unpauses it.

    ```
    remit agent pause momentum --why "looking at its fills"
    remit agent pause account:desk --why "end of day"
    ```
    """
    _paused(name, True, why)


@app.command()
def unpause(name: Name, why: Why = "", json: Json = False) -> None:
    """End a pause. A halt stays: it needs a review and a resume.

    ```
    remit agent unpause momentum --why "fills are fine"
    ```
    """
    _paused(name, False, why)


def _paused(name: str, paused: bool, why: str) -> None:
    record = enter(make(SetPause, subject=subject_of(name), paused=paused, why=why))
    if not show.json(record):
        show.say(f"{subject_of(name)}: {'paused' if paused else 'no longer paused'}")


@app.command()
def review(
    halt: Halt,
    why: Why,
    limit: Annotated[
        str | None, typer.Option(help="The limit that was looked at; the halt's own where not said.")
    ] = None,
    json: Json = False,
) -> None:
    """Note that a person looked at a halt, and what was found. Only then can it be resumed.

    ```
    remit agent review H-1042-1 --limit daily_loss_max --why "bad print at the open"
    ```
    """
    fact = halt_of(halt)
    record = enter(make(Review, halt=fact["id"], limit=limit or fact["rule"], why=why))
    if not show.json(record):
        show.say(f"{fact['id']}: reviewed. Next: remit resume {fact['id']} --why ...")


@app.command()
def resume(halt: Halt, why: Why, json: Json = False) -> None:
    """End a reviewed halt, when its cooldown is over and its limit is no longer breached.

    ```
    remit agent resume H-1042-1 --why "data vendor confirmed the bad print"
    remit resume momentum --why "the feed is back"
    ```
    """
    fact = halt_of(halt)
    record = enter(make(Resume, halt=fact["id"], why=why))
    if not show.json(record):
        show.say(f"{fact['id']}: ended; {fact['subject']} may trade as far as nothing else stops it", "green")


def halt_of(written: str) -> dict[str, Any]:
    """Return the halt that an id names, or the only one of a subject; Fault where there is none or more."""
    halts = read("halts")
    found = [row for row in halts if row["id"] == written or row["subject"] == subject_of(written)]
    if len(found) == 1:
        return dict(found[0])
    if not found:
        raise Fault("unknown_halt", f"there is no halt {written}", "See those in force: remit halt --list")
    raise Fault("several_halts", f"{written} is halted by {', '.join(row['id'] for row in found)}", "Name one of them")
