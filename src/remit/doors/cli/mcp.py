"""`remit mcp`: tools for an outside AI client, and the configuration that such a client needs."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Annotated

import msgspec
import typer

from remit.doors.cli.call import Fault, Json, caller, noun
from remit.doors.mcp.clients import Program, Transport, configuration
from remit.environ import TOKEN

app = noun("Tools for AI clients, over the Model Context Protocol.")


@app.command()
def serve(json: Json = False) -> None:
    """Serve the tools of one agent or client on this process's input and output; the token is in REMIT_TOKEN.

    An AI client starts this itself: see `remit mcp config`. Over HTTP the tools are at `/mcp` of `remit up`.

    ```
    remit mcp serve
    ```
    """
    secret = _own_token()
    try:
        from remit.doors.mcp.stdio import serve as served
    except ImportError as fault:
        raise Fault("not_installed", f"{fault.name} is missing", "Install it: pip install 'remit[doors]'") from None
    asyncio.run(served(caller().settings, secret))


@app.command()
def config(
    program: Annotated[Program, typer.Argument(help="claude, cursor or vscode.")],
    transport: Annotated[
        Transport, typer.Option(help="stdio starts `remit mcp serve`; http asks `remit up`.")
    ] = "stdio",
    with_token: Annotated[bool, typer.Option("--with-token", help="Write the token of REMIT_TOKEN into it.")] = False,
    json: Json = False,
) -> None:
    """Print the configuration of an AI client as JSON. It holds no secret unless `--with-token` asks for it.

    ```
    remit mcp config claude
    remit mcp config cursor --transport http
    ```
    """
    settings = caller().settings
    made = configuration(
        program,
        transport,
        command=(sys.executable, "-m", "remit", "--home", str(settings.home), "mcp", "serve"),
        url=settings.reach.public_url.rstrip("/") + "/mcp",
        secret=_own_token() if with_token else None,
    )
    typer.echo(msgspec.json.format(msgspec.json.encode(made), indent=2).decode())


def _own_token() -> str:
    """Return the token of REMIT_TOKEN; never the operator's from the data folder. Fault."""
    secret = os.environ.get(TOKEN, "").strip()
    if not secret:
        raise Fault(
            "no_token",
            "REMIT_TOKEN is not set",
            "Set it to a token of an agent or a client: remit token issue NAME --role client",
        )
    return secret
