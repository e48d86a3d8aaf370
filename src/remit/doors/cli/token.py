"""`remit token`: who may call the guard. A token is shown once; the guard keeps only a keyed hash of it."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, Why, caller, enter, make, noun, now, read, span_s
from remit.kernel.command import RevokeToken

app = noun("Tokens: issue, list, revoke, and the way back for a lost one.")

Role = Literal["owner", "operator", "approver", "compliance", "auditor", "agent", "client", "feed"]


@app.command()
def issue(
    name: Annotated[str, typer.Argument(help="The agent, client or person that acts with it.")],
    role: Annotated[Role, typer.Option(help="What it may do.")],
    owner: Annotated[str | None, typer.Option(help="The person behind it, whom maker-checker excludes.")] = None,
    expires: Annotated[
        str | None, typer.Option(help="For how long, such as 8h or 30d; for ever where not said.")
    ] = None,
    json: Json = False,
) -> None:
    """Issue a token. It is shown once and can never be shown again.

    ```
    remit token issue momentum --role agent
    remit token issue bob --role approver --expires 30d
    ```
    """
    asked: dict[str, object] = {
        "kind": "new_token",
        "role": role,
        "name": name,
        "owner": owner or _owner_of(name, role),
    }
    if expires is not None:
        asked["expires_at"] = now() + span_s(expires, "--expires") * 10**9
    answer = enter(asked)
    if "secret" not in answer:
        raise Fault("no_secret", "the guard answered without a token", "remit token list, and revoke what is unknown")
    if not show.json(answer):
        grant = answer["command"]["body"]["grant"]
        show.say(f"{grant['token']}: {role} {name}, shown once:")
        typer.echo(answer["secret"])


def _owner_of(name: str, role: str) -> str:
    """Return the person behind a token: the agent's owner where it is an agent's or its client's, else whom
    the person acts as."""
    agent = name
    if role == "client":
        agent = next((row["agent"] for row in read("clients") if row["name"] == name), "")
    if role in ("agent", "client"):
        owner = next((row["owner"] for row in read("agents") if row["name"] == agent), "")
        if not owner:
            raise Fault("unknown", f"there is no {role} {name}", f"Add it first: remit {role} add")
        return str(owner)
    return next((str(row["owner"]) for row in read("people") if row["name"] == name), name)


@app.command(name="list")
def list_(
    sessions: Annotated[bool, typer.Option("--sessions", help="Browser sessions too.")] = False, json: Json = False
) -> None:
    """List the tokens: ids, first characters, roles, last use and terms, never a secret.

    ```
    remit token list
    remit token list --sessions
    ```
    """
    found = [row for row in read("tokens") if sessions or not row.get("session")]
    if not show.json(found):
        shown = [{**row, "used_at": row.get("last_use")} for row in found]
        show.rows(shown, ("token", "prefix", "role", "name", "used_at", "expires_at", "state"), "no tokens")


@app.command()
def rotate(
    token: Annotated[str, typer.Argument(help="The token's id, not the token.")],
    overlap: Annotated[str, typer.Option(help="For how long the old one goes on working; 0s ends it at once.")] = "1d",
    expires: Annotated[
        str | None, typer.Option(help="For how long the new one lives; for ever where not said.")
    ] = None,
    json: Json = False,
) -> None:
    """Issue a token that takes over from another: for the same, shown once. The old one ends with the overlap.

    ```
    remit token rotate T-1f2e3d4c5b6a --overlap 2h
    ```
    """
    asked: dict[str, object] = {"kind": "rotate_token", "token": token}
    asked["overlap_s"] = 0 if overlap in ("0", "0s") else span_s(overlap, "--overlap")
    if expires is not None:
        asked["expires_at"] = now() + span_s(expires, "--expires") * 10**9
    answer = enter(asked)
    if not show.json(answer):
        grant = answer["command"]["body"]["grant"]
        show.say(f"{grant['token']}: {grant['role']} {grant['name']}, in place of {token}, shown once:")
        typer.echo(answer["secret"])


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="The token's id, not the token.")], why: Why, json: Json = False
) -> None:
    """Revoke a token at once.

    ```
    remit token revoke T-1f2e3d4c5b6a --why "laptop lost"
    ```
    """
    record = enter(make(RevokeToken, token=token, why=why))
    if not show.json(record):
        show.say(f"{token}: revoked")


@app.command()
def reset_operator(json: Json = False) -> None:
    """Ask for a new operator token when the old one is lost. Stop the guard first; its next start writes the token.

    It needs no token, only the data folder: whoever can write there owns the keys already. The guard journals it.

    ```
    remit token reset-operator
    ```
    """
    from remit.guard.owner import reset_operator as ask

    path = ask(caller().settings)
    if not show.json({"token_file": str(path)}):
        show.say(f"start the guard: it will write a new operator token to {path}")
        show.say("  then look through the others and revoke the lost one: remit token list")
