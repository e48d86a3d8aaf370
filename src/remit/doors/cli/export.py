"""`remit journal export`: the journal as files that anybody can serve and check, once or for as long as it grows."""

from __future__ import annotations

import contextvars
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, caller
from remit.guard.config import BUCKET
from remit.kernel.codec import plain
from remit.kernel.printable import json_line

if TYPE_CHECKING:
    from remit.export.exporter import Exporter
    from remit.export.follow import Standing

Begin = Callable[[], "Exporter"]
COSIGNED_WITHIN_S = 3
"""How long an export that is made once waits for a head that witnesses cosigned over what was there when it began."""

app = typer.Typer(rich_markup_mode="markdown", no_args_is_help=True, help="The journal as files for others.")


@app.callback()
def _group() -> None:
    """The journal as files for others."""


@app.command("export")
def export(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FOLDER|s3://BUCKET/PREFIX]...", help="Where to; else what remit.toml names."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on while the guard runs, until stopped.")] = False,
    every: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds between two heads, with --follow.")] = 5.0,
    retain_days: Annotated[
        int | None, typer.Option(min=1, help="Hold each object in a bucket so long; else as remit.toml or it says.")
    ] = None,
    lock: Annotated[
        Literal["compliance", "governance"], typer.Option(help="Whether nobody, or a few, may end that early.")
    ] = "compliance",
    json: Json = False,
) -> None:
    """Write the journal as C2SP tiles, entry bundles and its signed head: to a folder, or to a bucket with Object Lock.

    What stands there already is carried on. A journal that is behind it, or went on differently, is refused by name.
    It reads beside a running guard and holds no key.

    ```
    remit journal export /mnt/auditor/journal
    remit journal export s3://worm/remit --retain-days 2192 --follow
    ```
    """
    from remit.export.bucket import Retention
    from remit.export.places import exporter, place_of

    settings = caller().settings
    wanted = [place_of(to) for to in targets] if targets else list(settings.exports)
    if not wanted:
        raise Fault("usage", "there is no place to export to", "Name a folder or s3://BUCKET, or set `exports`", 2)
    days = settings.export_retain_days if retain_days is None else retain_days
    retention = None if days is None else Retention(days, "GOVERNANCE" if lock == "governance" else "COMPLIANCE")
    witnesses = [one.cosigner for one in settings.witnesses]
    begins: dict[str, Begin] = {
        to: partial(exporter, settings.home, to, retention, witnesses) for to in wanted
    }
    if follow:
        _follow(begins, every)
        return
    for to, begin in begins.items():
        _once(to, begin)


@app.command("head")
def head(
    place: Annotated[str, typer.Argument(metavar="FOLDER|s3://BUCKET/PREFIX", help="An export.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write it here; else it is printed.")] = None,
    json: Json = False,
) -> None:
    """Print the signed head that stands in an export: what the journal itself must hold at the next start.

    ```
    remit journal head s3://worm/remit --out kept.head
    python -P -s -m remit.guard --head kept.head
    ```
    """
    from remit.export.places import head_at, place_of

    to = place_of(place)
    found = head_at(caller().settings.home, to)
    if found is None:
        show.say(f"{place}: there is no head yet")
        return
    if out is not None:
        out.write_text(found.note, encoding="utf-8")
    if show.json({"place": to, "size": found.size, "root": found.root.hex(), "head": found.note}):
        return
    if out is None:
        print(found.note, end="")
    else:
        show.say(f"{out}: the head of {found.size} entries", "green")


def _once(to: str, begin: Begin) -> None:
    from remit.export.follow import Standing
    from remit.export.places import cosigned_by, publish

    at = time.time_ns()
    exporter = begin()
    before = 0 if exporter.head is None else exporter.head.size
    head = exporter.advance(patient=True)
    wanted = 0 if exporter.newest is None else exporter.newest.size
    for _ in range(COSIGNED_WITHIN_S):
        if head is not None and head.size >= wanted:
            break
        time.sleep(1)
        head = exporter.advance(patient=True)
    if head is None or head.size < wanted:
        head = exporter.advance()
    if head is None:
        raise Fault("nothing_to_export", "the journal has no signed head yet", "Start the guard: remit up")
    told = Standing(to=to, size=head.size, root=head.root.hex(), at=at, tried_at=at)
    publish(caller().settings.home, told)
    if not show.json({**plain(told), "new": head.size - before, "head": head.note}):
        show.say(f"{to}: {head.size} entries, {head.size - before} of them new", "green")
        by = cosigned_by(head, [one.cosigner for one in caller().settings.witnesses])
        show.say(f"  its head is cosigned by {', '.join(by) or 'no witness of remit.toml'}")
        show.say(f"  root {head.root.hex()}")
        show.say(f"  check it: remit verify {to}" if not to.startswith(BUCKET) else f"  its head: {to}/checkpoint")


def _follow(begins: dict[str, Begin], every_s: float) -> None:
    """Run one thread a place until SIGINT or SIGTERM; what one of them raises ends them all."""
    from remit.export.follow import Following

    around = _Machine(caller().settings.home, caller().json)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: around.stop.set())
    with ThreadPoolExecutor(max_workers=len(begins)) as pool:
        followings = [Following(to, begin, around, every_s) for to, begin in begins.items()]
        # Each with this run's own words and settings, which a thread does not have by itself.
        running = [pool.submit(contextvars.copy_context().run, following.run) for following in followings]
        print("remit export: following", file=sys.stderr, flush=True)
        wait(running, return_when=FIRST_EXCEPTION)
        around.stop.set()
    for one in running:
        one.result()


class _Machine:
    """This machine, as following needs it: a clock, a wait that a signal ends, lines for people and a file."""

    def __init__(self, home: Path, json: bool) -> None:
        self._home = home
        self._json = json
        self._last: dict[str, tuple[int, str]] = {}
        self.stop = threading.Event()

    def now(self) -> int:
        """The wall clock in ns since the epoch."""
        return time.time_ns()

    def wait(self, duration_s: float) -> bool:
        """Wait so long; False at once when a signal came."""
        return not self.stop.wait(duration_s)

    def tell(self, standing: Standing) -> None:
        """Publish how far it is, and print a line where that changed."""
        from remit.export.places import publish

        try:
            publish(self._home, standing)
        except OSError as fault:
            print(f"remit export: how far it is cannot be told ({fault})", file=sys.stderr, flush=True)
        if self._last.get(standing.to) == (standing.size, standing.fault):
            return
        self._last[standing.to] = standing.size, standing.fault
        if self._json:
            print(json_line(plain(standing)), flush=True)
        else:
            show.say(f"{standing.to}: {standing.fault or f'{standing.size} entries'}", "red" if standing.fault else "")
            sys.stdout.flush()
