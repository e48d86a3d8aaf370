"""`remit notify`: where people hear of halts, held orders and what else they chose."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, Yes, caller, confirm, noun, now

if TYPE_CHECKING:  # what sends over HTTP is fetched when it is needed
    from remit.doors.notify.outbox import Outbox

app = noun("Notifications: channels, tests, deliveries. The doors carry them while they run: remit up.")

Name = Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel's name.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A name for it: small letters, digits and dashes.")],
    url: Annotated[
        str, typer.Argument(help="https://... for a signed webhook, else an address of apprise; - reads it from input.")
    ],
    kind: Annotated[
        list[str] | None,
        typer.Option(help="halts, violations, approvals, fills, drift, limits, alarms, summary, or all; repeatable."),
    ] = None,
    secret: Annotated[str, typer.Option(help="A secret you have, whsec_...; else a new one is made.")] = "",
    dry: Annotated[bool, typer.Option("--dry", help="Only write to the log what would go out.")] = False,
    json: Json = False,
) -> None:
    """Add a channel: it hears of what happens from here on. A webhook's secret is shown once.

    Without `--kind` it takes halts, approvals, alarms, drift, limits and the daily summary. Chats and mail need
    `pip install 'remit[chat]'`. An address that is not public must be listed in remit.toml: `notify_allow`.

    ```
    remit notify add desk https://hooks.example.com/remit --kind halts --kind approvals
    remit notify add phone ntfys://ntfy.sh/my-topic --kind halts
    remit notify add mail - --kind summary < address.txt
    ```
    """
    from remit.doors.notify.channels import channel
    from remit.doors.notify.notice import FIRST_KINDS

    where = sys.stdin.readline().strip() if url == "-" else url
    made = channel(name, where, now(), os.urandom, kinds=kind or FIRST_KINDS, secret=secret, dry=dry)
    with _outbox() as box:
        box.add(made)
    if show.json({**made.shown, "secret": made.secret}):
        return
    show.say(f"{name}: {made.how} to {made.shown['where']}, for {', '.join(made.kinds)}")
    if made.secret:
        show.say("its messages are signed (Standard Webhooks) with this secret, shown once:")
        typer.echo(made.secret)
    if dry:
        show.say("  what would go out is in logs/doors.log of the data folder, while remit up runs")
    else:
        show.say(f"  next: remit notify test {name}")


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List the channels: where to and which kinds, never an address or a secret.

    ```
    remit notify list
    ```
    """
    with _outbox() as box:
        found = [one.shown for one in box.channels()]
    if not show.json(found):
        rows = [{**row, "kinds": ", ".join(row["kinds"])} for row in found]  # type: ignore[arg-type]
        show.rows(rows, ("name", "how", "where", "kinds", "dry", "created_at"), "no channels: remit notify add")


@app.command()
def test(name: Name, json: Json = False) -> None:
    """Send one test message to a channel, now. Exit 1 where it was not taken.

    ```
    remit notify test desk
    ```
    """
    from remit.doors.notify.run import trial
    from remit.doors.notify.safe import Sender, networks

    with _outbox() as box:
        found = box.channel(name)
    asyncio.run(trial(found, Sender(networks(caller().settings.notify_allow)), now(), os.urandom))
    if not show.json({"channel": name, "delivered": not found.dry}):
        show.say(f"{name}: {'a dry channel sends nothing' if found.dry else 'it was taken'}")


@app.command()
def remove(name: Name, yes: Yes = False, json: Json = False) -> None:
    """Remove a channel, and what waits for it.

    ```
    remit notify remove desk --yes
    ```
    """
    with _outbox() as box:
        waits = len(box.deliveries(waiting=True, channel=name, count=1_000))
        confirm(f"Remove {name}, for which {show.counted(waits, 'notice')} wait?", yes)
        waited = box.remove(name)
    if not show.json({"channel": name, "waited": waited}):
        show.say(f"{name}: removed, with {show.counted(waited, 'notice')} that waited")


@app.command()
def deliveries(
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits.")] = False,
    channel: Annotated[str, typer.Option(help="Only of this channel.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many.")] = 50,
    json: Json = False,
) -> None:
    """List what went to which channel and what waits, the newest first, with why the last attempt failed.

    ```
    remit notify deliveries
    remit notify deliveries --waiting --channel desk
    ```
    """
    with _outbox() as box:
        found = [
            {
                "at": one.at,
                "channel": one.channel,
                "state": "waits" if one.delivered_at is None else "delivered",
                "attempts": one.attempts,
                "type": one.notice.type,
                "text": one.notice.text,
                "fault": one.fault,
                "id": one.notice.id,
            }
            for one in box.deliveries(waiting=waiting, channel=channel, count=limit)
        ]
    if not show.json(found):
        show.rows(found, ("at", "channel", "state", "attempts", "type", "text", "fault"), "nothing yet")


def _outbox() -> Outbox:
    from remit.doors.notify.outbox import FILE, Outbox

    home = caller().settings.home
    if not home.is_dir():
        raise Fault("no_home", f"there is no data folder {home}", "Run: remit init")
    return Outbox(home / FILE)
