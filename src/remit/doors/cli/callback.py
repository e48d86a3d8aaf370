"""`remit callback`: keys by which an approval page that one hosts answers for a person."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, Why, enter, make, noun, now, read, span_s
from remit.kernel.command import RemoveCallback

app = noun("Callbacks: keys by which approval pages answer for a person.")


@app.command()
def add(
    person: Annotated[str, typer.Argument(help="Whose word the page's answers are.")],
    role: Annotated[Literal["operator", "owner", "approver"], typer.Option(help="As whom they approve.")] = "approver",
    owner: Annotated[str | None, typer.Option(help="The person behind them, whom maker-checker excludes.")] = None,
    expires: Annotated[str | None, typer.Option(help="For how long, such as 30d; for ever where not said.")] = None,
    json: Json = False,
) -> None:
    """Make a callback key for one person. It is shown once and can never be shown again.

    Whoever holds it approves and declines as that person: keep it where only the page can read it. Who has no token and
    was never added is nobody: `remit person add` comes first.

    ```
    remit callback add ada --expires 90d
    ```
    """
    asked: dict[str, object] = {"kind": "new_callback", "person": person, "role": role, "owner": owner or person}
    if expires is not None:
        asked["expires_at"] = now() + span_s(expires, "--expires") * 10**9
    if all(row["name"] != person for row in read("people")):
        add_first = f"Add them first: remit person add {person} --role {role}" + (f" --owner {owner}" if owner else "")
        raise Fault("person_unknown", f"{person} is no person of the book, and no token is theirs", add_first)
    answer = enter(asked)
    if "secret" not in answer:
        raise Fault("no_secret", "the guard answered without a key", "remit callback list, and remove what is unknown")
    if not show.json(answer):
        key = answer["command"]["body"]["key"]
        show.say(f"{key['id']}: answers for {person}, {role}; its page signs with this secret, shown once:")
        typer.echo(answer["secret"])


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List the callbacks: whom each speaks for and until when, never a key.

    ```
    remit callback list
    ```
    """
    found = read("callbacks")
    if not show.json(found):
        show.rows(found, ("id", "person", "role", "owner", "issued_at", "expires_at", "over"), "no callbacks")


@app.command()
def remove(callback: Annotated[str, typer.Argument(help="The callback's id.")], why: Why, json: Json = False) -> None:
    """Remove a callback at once: what is signed with its key is heard no more.

    ```
    remit callback remove C-1f2e3d4c5b6a --why "the page moved"
    ```
    """
    record = enter(make(RemoveCallback, callback=callback, why=why))
    if not show.json(record):
        show.say(f"{callback}: removed")
