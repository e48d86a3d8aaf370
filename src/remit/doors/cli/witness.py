"""`remit witness key|serve`: a witness for somebody's journal. It needs no guard, no token and no data folder."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Json, noun
from remit.kernel.printable import json_line

if TYPE_CHECKING:
    from remit.witness.ledger import Answer

app = noun("Witnesses: watch over somebody's journal, and sign that it only grew.")
Folder = Annotated[Path, typer.Option(help="What this witness keeps: its key, and what it signed last.")]
HERE = Path("witness")


@app.command()
def key(
    name: Annotated[str, typer.Argument(help="What it is called, such as auditor.example.org/w1.")],
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Make a witness's key where there is none, and print its public half: that is what a guard's settings name.

    ```
    remit witness key auditor.example.org/w1 --folder /srv/witness
    ```
    """
    from remit.journal.store import FileStore
    from remit.witness.key import SEED_BYTES, make_key

    store = FileStore(folder)
    try:
        made = make_key(store, name, os.urandom(SEED_BYTES))
    finally:
        store.close()
    if not show.json({"name": name, "key": str(made.cosigner)}):
        print(made.cosigner)


@app.command()
def serve(
    log: Annotated[list[str], typer.Option(help="A journal's public key, or its file verifier.txt; once for each.")],
    folder: Folder = HERE,
    bind: Annotated[str, typer.Option(help="HOST:PORT to listen on.")] = "127.0.0.1:8421",
    json: Json = False,
) -> None:
    """Sign each new head of the journals it knows, where it is proven that they only grew. Until Ctrl-C.

    ```
    remit witness serve --folder /srv/witness --log verifier.txt --bind 0.0.0.0:8421
    ```
    """
    from remit.witness.serve import journal_of, place_of
    from remit.witness.serve import serve as run

    host, port = place_of(bind)
    journals = [journal_of(one) for one in log]

    def ready(url: str) -> None:
        if not show.json({"ready": url}):
            print(f"remit witness: ready on {url}, for {', '.join(one.name for one in journals)}")
        sys.stdout.flush()

    def told(answer: Answer) -> None:
        if answer.status != 200:
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            print(
                json_line({"at": at, "answered": answer.status, "why": answer.body.decode().strip()}),
                file=sys.stderr,
                flush=True,
            )

    asyncio.run(run(folder, journals, host, port, ready, told))
