"""`remit up`, `init`, `doctor`, `replay`, `bench`: what runs on this machine rather than in the guard."""

from __future__ import annotations

import getpass
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, caller, now, read, span_s
from remit.environ import PASSPHRASE, without_secrets
from remit.guard.config import KEYRING
from remit.guard.wire import GuardError


def up(
    demo: Annotated[bool, typer.Option("--demo", help="A paper venue, recorded prices and three agents.")] = False,
    until: Annotated[str | None, typer.Option("--for", help="End by itself after so long, such as 60s.")] = None,
    home: Annotated[Path | None, typer.Option(help="The data folder.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines instead of the live view.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="Let the demo confirm held orders itself.")] = False,
    day_ms: Annotated[int, typer.Option(min=1, help="How long a recorded trading day of the demo takes.")] = 1500,
    open_: Annotated[
        bool, typer.Option("--open", help="Open the page, signed in, at a terminal of a machine with a screen.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the demo's summary here as JSON.")
    ] = None,
) -> None:
    """Start the guard and what belongs to it, and stop it all cleanly on Ctrl-C.

    ```
    remit up
    remit up --demo
    remit up --demo --for 60s --plain
    ```
    """
    seconds = None if until is None else span_s(until, "--for")
    main = part("remit.up", "main")
    home = home or caller().home
    given = {"demo": demo, "for_s": seconds, "home": home, "plain": plain, "json_summary": json}
    raise typer.Exit(main(**given, approve=approve, day_ms=day_ms, open_=open_))


def init(
    fresh: Annotated[bool, typer.Option("--new-keys", help="Put the old journal away and begin anew.")] = False,
    locked: Annotated[bool, typer.Option("--passphrase", help="Encrypt the keys under a passphrase.")] = False,
    json: Json = False,
) -> None:
    """Make the data folder and its keys. The guard's first start does the same and then writes the operator token.

    With --new-keys, for a forgotten passphrase: the old journal, its keys and tokens are archived to be read only, and
    a new vault and journal begin. Nothing opens the locked keys; docs/recovery.md says what to do about positions.

    ```
    remit init
    remit init --passphrase
    remit init --new-keys
    ```
    """
    from remit.guard import owner

    settings = caller().settings
    secret = passphrase(ask=locked, twice=True) if locked else None
    told: dict[str, Any] = {"home": str(settings.home)}
    if fresh:
        archive, key = owner.new_keys(settings, secret, now())
        told["archive"] = str(archive)
    else:
        key = owner.init(settings, secret)
    told["verifier"] = str(key)
    if not show.json(told):
        show.say(f"{settings.home}: ready, environment {settings.environment}", "green")
        if fresh:
            show.say(f"  the old journal is in {told['archive']}, to be read and verified only")
        show.say(f"  public key of the journal, to keep elsewhere: {key}")
        show.say("  next: remit up")


def passphrase(*, ask: bool, twice: bool = False) -> str | None:
    """Return the vault's passphrase: from REMIT_PASSPHRASE, else asked for at the terminal where `ask`; else None."""
    stated = os.environ.get(PASSPHRASE)
    if stated is None and not twice and caller().settings.passphrase == KEYRING:
        from remit.guard import keyholder

        return keyholder.from_keyring(caller().settings.home)
    if stated is not None or not ask:
        return stated
    if not sys.stdin.isatty():
        raise Fault("passphrase_needed", "there is no terminal to ask the passphrase at", f"Set {PASSPHRASE}")
    given = getpass.getpass("Passphrase: ")
    if twice and getpass.getpass("Again: ") != given:
        raise Fault("passphrase_differs", "the two are not the same", "Try again", 2)
    return given


def doctor(json: Json = False) -> None:
    """Check data folder, guard, connections and mandates, and say what to do. Exit 1 where something is amiss.

    Where no guard answers, the layers of the sandbox are told as they would be: a process that ends at once confines
    itself on this machine as these settings say.

    ```
    remit doctor
    ```
    """
    from remit.guard import owner

    settings = caller().settings
    checks = list(owner.inspect(settings))
    try:
        answer = read("health")
        checks.append({"check": "guard", "well": True, "says": f"answers on {settings.socket}", "fix": ""})
        checks += answer["checks"]
    except (GuardError, Fault) as fault:
        checks.append({"check": "guard", "well": False, "says": f"{fault.code}: {fault.message}", "fix": fault.fix})
        checks += would_be_confined()
    if not show.json(checks):
        rows = [{**row, "well": "ok" if row["well"] else "AMISS"} for row in checks]
        show.rows(rows, ("well", "check", "says", "fix"), "")
    if not all(row["well"] for row in checks):
        raise typer.Exit(1)


def would_be_confined() -> list[dict[str, Any]]:
    """Return a check for each layer of the sandbox, as a guard would have it that was started here and now."""
    home = caller().settings.home
    words = [sys.executable, "-P", "-m", "remit.guard.trial", "--home", str(home)]
    done = subprocess.run(words, env=without_secrets(), capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return [{"check": "sandbox", "well": False, "says": f"cannot be tried: {said}", "fix": "Reinstall remit"}]
    return [
        {
            "check": f"sandbox {layer['layer']}",
            "well": layer["active"] or not layer["needed"],
            "says": f"would be {'active' if layer['active'] else 'missing'}: {layer['says']}",
            "fix": layer["fix"],
        }
        for layer in msgspec.json.decode(done.stdout)
    ]


def part(module: str, name: str) -> Any:
    """Return a function of a part that is heavy, or that this installation may lack; Fault where it does."""
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as fault:
        if fault.name is None or not module.startswith(fault.name):
            raise
        raise Fault("not_installed", f"{module} is not in this installation", "Reinstall remit") from None
