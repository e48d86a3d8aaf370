"""`remit person password|totp|passkeys|sign-out` and `remit open`: how people sign in, seen to from the machine."""

from __future__ import annotations

import getpass
import sys
import webbrowser
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from remit.doors.cli import show
from remit.doors.cli.call import USAGE, Fault, Json, caller, read
from remit.doors.cli.person import app

ADDRESS = "doors.address"
"""In the data folder: where the doors listen as long as they run."""
Name = Annotated[str, typer.Argument(metavar="[NAME]", help="Who; yourself where not said. Others take an operator.")]
Stdin = Annotated[bool, typer.Option("--stdin", help="Read what is secret from standard input, one line each.")]


def _asked(kind: str, **body: Any) -> dict[str, Any]:
    """Ask the guard something about credentials, with this run's token."""
    answer: dict[str, Any] = caller().client.ask("command", {"kind": kind, **body})
    return answer


def _secret(prompt: str, *, stdin: bool, twice: bool = False) -> str:
    """Return what a person types unseen, or the next line of standard input."""
    if stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise Fault("no_terminal", "there is no terminal to ask at", "Run it at one, or give it by --stdin", USAGE)
    given = getpass.getpass(f"{prompt}: ")
    if twice and getpass.getpass("Again: ") != given:
        raise Fault("password_differs", "the two are not the same", "Try again", USAGE)
    return given


@app.command()
def password(name: Name = "", stdin: Stdin = False, json: Json = False) -> None:
    """Set a password. Who gets one from an operator has to choose another when they sign in with it.

    ```
    remit person password
    remit person password bob
    ```
    """
    me = read("me")
    own = name in ("", me["name"])
    body: dict[str, Any] = {"person": name}
    if own and me["password"] and (me["role"] != "operator" or me["session"]):
        body["current"] = _secret("The password until now", stdin=stdin)
    body["password"] = _secret("New password", stdin=stdin, twice=True)
    done = _asked("set_password", **body)
    if not show.json(done):
        show.say(f"{done['person']}: password set; {show.counted(done['signed_out'], 'session')} ended", "green")
        if done["must_change"]:
            show.say("  they choose another when they sign in with it")


@app.command()
def totp(
    name: Name = "",
    code: Annotated[str, typer.Option(help="The app's code, where it is to be confirmed without a question.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Do without codes, or take a lost app away.")] = False,
    json: Json = False,
) -> None:
    """Set up an app for codes as a second factor, or take it away. The secret is shown once; it counts once confirmed.

    ```
    remit person totp
    remit person totp bob --remove
    ```
    """
    if remove:
        done = _asked("remove_totp", person=name)
        if not show.json(done):
            show.say(f"{done['person']}: no codes any more; {show.counted(done['signed_out'], 'session')} ended")
        return
    if name and name != read("me")["name"]:
        raise Fault("not_yours", "an app is set up by its own person", f"{name} does it, signed in", USAGE)
    if not code:
        begun = _asked("begin_totp")
        if show.json(begun):
            return
        show.say("Add this to the app, as a QR code made of the address or by typing the key:")
        typer.echo(f"  {begun['uri']}\n  key {begun['secret']}")
        code = _secret("The code it shows", stdin=not sys.stdin.isatty())
    done = _asked("confirm_totp", code=code)
    if not show.json(done):
        show.say(f"{done['person']}: codes are asked for from now on", "green")


@app.command()
def passkeys(
    name: Name = "",
    remove: Annotated[str, typer.Option(metavar="ID", help="Take this one away.")] = "",
    json: Json = False,
) -> None:
    """List passkeys, or take one away whose device is lost. They are added in the browser: `remit open`.

    ```
    remit person passkeys
    remit person passkeys bob --remove 6f1d
    ```
    """
    me = read("me")
    if name in ("", me["name"]):
        found = me["passkeys"]
    else:
        found = next((row.get("passkeys", []) for row in read("people") if row["name"] == name), [])
    if remove:
        matching = [row["id"] for row in found if row["id"].startswith(remove)]
        if len(matching) != 1:
            raise Fault("unknown", f"{remove} is the start of {len(matching)} passkeys", "See `remit person passkeys`")
        done = _asked("remove_passkey", person=name, passkey=matching[0])
        if not show.json(done):
            show.say(f"{done['person']}: taken away; {show.counted(done['signed_out'], 'session')} ended")
        return
    if not show.json(found):
        shown = [{**row, "id": row["id"][:16]} for row in found]
        show.rows(shown, ("id", "name", "added_at"), "no passkeys: add one in the browser: remit open")


@app.command()
def sign_out(name: Name = "", json: Json = False) -> None:
    """End all browser sessions of a person at once.

    ```
    remit person sign-out bob
    ```
    """
    done = _asked("sign_out", person=name, everywhere=True)
    if not show.json(done):
        show.say(f"{done['person']}: {show.counted(done['signed_out'], 'session')} ended")


def open_(
    print_: Annotated[
        bool, typer.Option("--print", help="Only print the address; it works once, for a minute.")
    ] = False,
    json: Json = False,
) -> None:
    """Open a signed-in browser on this machine, as whoever the token stands for.

    The address holds a code that works once and for a minute. The session ends with the token that asked for it.

    ```
    remit open
    ```
    """
    url = f"{_local_url()}/#code={_asked('new_code')['code']}"
    if show.json({"url": url}):
        return
    if print_ or not webbrowser.open(url):
        typer.echo(url)
    else:
        show.say("opened in the browser", "green")


def _local_url() -> str:
    """Return where a browser of this machine finds the doors, under the name that passkeys are for; Fault."""
    settings = caller().settings
    path = settings.home / ADDRESS
    try:
        url = path.read_text(encoding="utf-8").strip()
    except OSError:
        raise Fault(
            "doors_not_running",
            f"no doors run for the data folder {settings.home}",
            "Start them: remit up. Where another one runs, name its folder: remit --home FOLDER open",
        ) from None
    parts = urlsplit(url)
    reach = settings.reach
    if reach.tls or parts.hostname not in ("127.0.0.1", "::1"):
        return reach.public_url  # the certificate's name
    return f"{parts.scheme}://localhost:{parts.port}"
