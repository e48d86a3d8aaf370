"""`remit`: the command line's entrance."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

import remit
from remit.doors.cli import (
    access,
    agent,
    approvals,
    attest,
    book,
    budget,
    callback,
    evidence,
    exit,
    export,
    feed,
    journal,
    mandate,
    mcp,
    notify,
    order,
    person,
    preapproval,
    reconcile,
    report,
    risk,
    run,
    signing,
    stops,
    token,
    vault,
    witness,
    world,
)
from remit.doors.cli.call import begin
from remit.doors.cli.whole import Whole

app = typer.Typer(
    name="remit",
    cls=Whole,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=True,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"remit {remit.__version__}")
        raise typer.Exit()


@app.callback()
def root(
    home: Annotated[
        Path | None, typer.Option(help="The data folder (else REMIT_HOME, else ~/.local/share/remit).")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """The guard between autonomous trading agents and real money: an agent acts only within its remit.

    Exit codes: 0 allowed or done, 3 denied, 4 held, 2 wrong usage, 1 fault. `--json` prints JSON, for every verb. The
    token is taken from REMIT_TOKEN, else from `operator.token` in the data folder.

    ```
    remit up --demo
    remit order submit AAPL buy 10 --limit 101.50 --agent momentum
    remit exposure
    ```
    """
    begin(home)


_VERBS: dict[str, Callable[..., None]] = {
    "up": run.up, "init": run.init, "doctor": run.doctor, "status": book.status, "why": order.why, "log": journal.log,
    "positions": book.positions, "exposure": book.exposure, "halt": stops.halt, "kill": stops.kill,
    "resume": stops.resume, "verify": journal.verify, "backup": journal.backup, "restore": journal.restore,
    "open": signing.open_,
    "timeline": report.timeline, "receipt": report.receipt, "evidence": evidence.evidence,
}  # fmt: skip
_GROUPS = {
    "order": order.app, "exit": exit.app, "mandate": mandate.app, "risk": risk.app, "approvals": approvals.app,
    "budget": budget.app, "attest": attest.app,
    "preapproval": preapproval.app,
    "agent": agent.app, "client": access.client, "account": access.account, "connection": access.connection,
    "reconcile": reconcile.app, "grant": access.grant, "capability": access.capability, "token": token.app,
    "person": person.app, "vault": vault.app,
    "instrument": world.instrument, "fact": world.fact, "feed": feed.app,
    "mcp": mcp.app,
    "notify": notify.app, "callback": callback.app,
    "report": report.app, "journal": export.app,
    "witness": witness.app,
}  # fmt: skip
for _name, _verb in _VERBS.items():
    app.command(_name)(_verb)
for _name, _group in _GROUPS.items():
    app.add_typer(_group, name=_name)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        app()
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()


if __name__ == "__main__":
    main()
