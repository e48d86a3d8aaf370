"""`remit person`: who is known by name, with which role. What a person held ends when their role changes."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, Why, enter, make, noun, read
from remit.kernel.access import Person
from remit.kernel.command import AddPerson, SetPerson

app = noun("People: who is known by name, and with which role.")

Role = Literal["owner", "operator", "approver", "compliance", "auditor"]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The person's name.")]


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What they may do.")],
    owner: Annotated[
        str | None, typer.Option(help="The owner they act as, a desk for example; themselves where not said.")
    ] = None,
    json: Json = False,
) -> None:
    """Add a person. Tokens and sessions of that name then have this role, or are worth nothing.

    An owner sees and rules the accounts of that owner's name, and nothing else. All who share an owner count as one.

    ```
    remit person add bob --role approver
    remit person add kim --role owner --owner desk
    ```
    """
    record = enter(make(AddPerson, person=make(Person, name=name, role=role, owner=owner)))
    if not show.json(record):
        show.say(f"{name}: {role}", "green")
        show.say(f"  next: remit token issue {name} --role {role}{f' --owner {owner}' if owner else ''}")


@app.command(name="set")
def set_(
    name: Name,
    why: Why,
    role: Annotated[Role | None, typer.Option(help="Their new role; the same where not said.")] = None,
    disabled: Annotated[
        bool | None, typer.Option("--disabled/--enabled", help="Shut them out, or let them in again.")
    ] = None,
    json: Json = False,
) -> None:
    """Give a person another role, or shut them out. Their tokens, preapprovals and proposals so far end with it.

    ```
    remit person set bob --role auditor --why "moved to audit"
    remit person set bob --disabled --why "left the firm"
    ```
    """
    known = next((row for row in read("people") if row["name"] == name and row["known"]), None)
    if known is None:
        raise Fault("unknown", f"there is no person {name}", "See `remit person list`, or add them: remit person add")
    new = {
        "role": role or known["role"],
        "disabled": known["disabled"] if disabled is None else disabled,
    }
    record = enter(make(SetPerson, name=name, why=why, **new))
    if not show.json(record):
        show.say(f"{name}: {new['role']}{', shut out' if new['disabled'] else ''}; what they held is worth nothing now")


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List the people. Who is not known was never added, and stands by their tokens alone.

    ```
    remit person list
    ```
    """
    found = read("people")
    if not show.json(found):
        show.rows(found, ("name", "role", "owner", "disabled", "known", "tokens"), "nobody: remit person add")
