"""`remit log`, `verify`, `backup`, `restore`: what happened, the proof of it, and its copies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from remit.doors.cli import show
from remit.doors.cli.call import Agent, Fault, Json, caller, follow, read, span_s
from remit.doors.cli.call import now as wall_clock
from remit.doors.cli.report import check_file
from remit.doors.facts import instant
from remit.kernel.codec import plain
from remit.kernel.printable import printable

if TYPE_CHECKING:
    from remit.verify import Verdict


def log(
    following: Annotated[bool, typer.Option("--follow", "-f", help="Go on as things happen, until Ctrl-C.")] = False,
    agent: Agent = None,
    order: Annotated[str | None, typer.Option(help="Only about this order.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this command or event, such as submit or halt_raised.")] = None,
    since: Annotated[str | None, typer.Option(help="A time in UTC, or how long ago, such as 2h.")] = None,
    start: Annotated[int | None, typer.Option("--from", min=1, help="From this sequence number on.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    json: Json = False,
) -> None:
    """Show the journal's entries, the last ones by default, or follow them. JSON is one record per line.

    ```
    remit log
    remit log --agent momentum --since 2h
    remit log --follow --kind halt_raised --json
    ```
    """
    asked = {"agent": agent, "order": order, "kind": kind, "since": _since(since), "limit": limit}
    # Asked first: what enters between the two questions is in the second answer, and none is left out.
    head = read("status")["seq"] if following else 0
    found = read("log", **asked, from_=start)
    last = 0
    for record in found["entries"]:
        _line(record)
        last = record["command"]["seq"]
    if not following:
        if found["next"]:
            show.say(f"more: remit log --from {found['next']}", "dim")
        elif not found["entries"]:
            show.say("no entries")
        return
    sys.stdout.flush()
    try:
        for record in follow(found["next"] or max(last, head) + 1):
            if _fits(record, agent, order, kind):
                _line(record)
                sys.stdout.flush()
    except KeyboardInterrupt:  # the way a person ends it
        return


def _since(written: str | None) -> int | None:
    if written is None:
        return None
    if written[-1:] == "Z":
        try:
            return instant(written)
        except ValueError as fault:
            raise typer.BadParameter(str(fault), param_hint="--since") from None
    return wall_clock() - span_s(written, "--since") * 10**9


def _fits(record: dict[str, Any], agent: str | None, order: str | None, kind: str | None) -> bool:
    body = record["command"]["body"]
    kinds = {body["kind"], *(event["event"] for event in record["events"])}
    named = {body.get("order"), *(event.get("order") for event in record["events"])}
    intent = body.get("intent") or {}
    agents = {intent.get("agent"), body.get("agent"), record["command"]["by"]["name"], body.get("subject", "")[6:]}
    agents |= {event.get("agent") for event in record["events"]}
    return (kind is None or kind in kinds) and (order is None or order in named) and (agent is None or agent in agents)


def _line(record: dict[str, Any]) -> None:
    if show.json(record):
        return
    asked, decision = record["command"], record.get("decision")
    told = ", ".join(_event(event) for event in record["events"]) or "nothing"
    what = _gist(asked["body"])
    line = (
        f"{asked['seq']:>7}  {show.when(asked['at'])}  {asked['by']['name']:<12} {asked['body']['kind']}{what}: {told}"
    )
    if decision is not None and decision.get("findings"):
        first = decision["findings"][0]
        line += f"  {first['rule']} {first['actual']} against {first['limit']} {first['unit']}"
    verdict = "" if decision is None else decision["verdict"]
    show.say(line, show.STYLES.get(verdict, ""))


def _gist(body: dict[str, Any]) -> str:
    intent = body.get("intent")
    if intent:
        price = f" at {intent['limit_price']}" if intent.get("limit_price") else ""
        return f" {intent['side']} {intent['quantity']} {intent['instrument']}{price}"
    names = [body[name] for name in ("order", "subject", "halt", "connection", "instrument", "agent") if name in body]
    return f" {names[0]}" if names and isinstance(names[0], str) else ""


def _event(event: dict[str, Any]) -> str:
    names = ("state", "exit" if "exit" in event else "order", "halt", "rule", "leg", "level", "code", "why")
    details = [event[name] for name in names if event.get(name)]
    return " ".join((event["event"], *(str(detail) for detail in details)))


def verify(
    folder: Annotated[
        Path | None,
        typer.Argument(help="A journal, an export, a backup, a receipt, evidence; else yours."),
    ] = None,
    key: Annotated[str | None, typer.Option(help="The public key of its checkpoints, kept elsewhere.")] = None,
    head: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint kept elsewhere that it must contain; more than once.")
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="A witness's key, of `remit witness key`; more than once.")
    ] = None,
    receipt: Annotated[Path | None, typer.Option(help="Check this receipt instead; no journal is needed.")] = None,
    decide: Annotated[bool, typer.Option("--decide/--no-decide", help="Also decide every order again.")] = True,
    cores: Annotated[
        int | None, typer.Option(min=1, help="1: one process; else two where there are two cores and it is long.")
    ] = None,
    json: Json = False,
) -> None:
    """Verify a journal offline, with no guard and no private key: tree, signatures, and every verdict decided again.

    ```
    remit verify
    remit verify backup-2026-01-02 --head head.txt
    remit verify journal --key "remit.local/journal+1a2b3c4d+AbCd..."
    remit verify --receipt 1042.tlog-proof
    ```
    """
    kept = [one.read_text(encoding="utf-8", errors="replace") for one in head or ()]
    if receipt is not None or folder is not None and folder.is_file():
        check_file(receipt or folder or Path(), key, witness or (), kept)
        return
    # Fetched here: it brings the whole kernel along, and `remit kill` must not wait for that.
    from remit.verify import JOURNAL, journals, key_of
    from remit.verify import verify as verify_journal

    where = caller().settings.home / JOURNAL if folder is None else folder
    verdicts = []
    for one in journals(where):
        with Progress(
            SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn(),
            console=Console(stderr=True), transient=True, disable=caller().json or not sys.stderr.isatty(),
        ) as progress:  # fmt: skip
            task = progress.add_task(f"verifying {printable(str(one))}")

            def told(seq: int, progress: Progress = progress, one: Path = one, task: Any = task) -> None:
                progress.update(task, description=f"verifying {printable(str(one))}: {seq} entries")

            verdicts.append(
                verify_journal(
                    one, key_of(one, key), heads=kept, witnesses=witness or (),
                    decide=decide, progress=told, cores=cores,
                )  # fmt: skip
            )
    if not show.json([{**plain(one), "well": one.well, "key_was_stated": key is not None} for one in verdicts]):
        for verdict in verdicts:
            _verdict(verdict, decide, key is not None)
    if not all(verdict.well for verdict in verdicts):
        raise typer.Exit(1)


def _verdict(verdict: Verdict, decide: bool, stated: bool) -> None:
    if verdict.difference is not None:
        found = verdict.difference
        named = found.code.replace("_", " ").upper()
        show.say(f"{verdict.folder}: {named} at entry {found.seq}, {found.field}", "red")
        show.say(f"  written: {found.written}")
        show.say(f"  derived: {found.derived}")
        show.say(f"  written by kernel {found.kernel or 'unknown'}; {verdict.count} entries hold")
        _claims(verdict)
        return
    if verdict.fault:
        show.say(f"{verdict.folder}: DAMAGED after {verdict.count} entries", "red")
        show.say(f"  {verdict.fault}")
        return
    again = f", {verdict.decisions} decisions derived again" if decide else ", no decision derived again"
    show.say(f"{verdict.folder}: {verdict.count} entries hold, {verdict.checkpoints} checkpoints{again}", "green")
    show.say(f"  root {verdict.root}")
    _claims(verdict)
    if not stated:
        show.say("  the public key lay beside it: with --key and --head, kept elsewhere, a forger is found too", "dim")


def _claims(verdict: Verdict) -> None:
    for claim in verdict.proved:
        show.say(f"  proved: {claim}")
    for claim in verdict.not_proved:
        show.say(f"  not proved: {claim}", "dim")


def backup(
    target: Annotated[Path, typer.Argument(help="An empty or new folder.")],
    json: Json = False,
) -> None:
    """Copy everything into an empty folder, also beside a running guard: journal, side store, keys, tokens, settings.

    The copy holds the keys. Keep it as safe as the data folder, and keep its head.txt elsewhere too.

    ```
    remit backup /mnt/safe/remit-2026-01-02
    ```
    """
    from remit.guard.owner import backup as copy

    head = copy(caller().settings, target, _passphrase())
    if not show.json({"target": str(target), "size": head.size, "root": head.root.hex(), "head": head.note}):
        show.say(f"{target}: {head.size} entries copied and verified", "green")
        show.say(f"  root {head.root.hex()}; keep {target}/head.txt elsewhere")


def restore(
    source: Annotated[Path, typer.Argument(help="The backup's folder.")],
    head: Annotated[Path | None, typer.Option(help="A checkpoint kept elsewhere that it must contain.")] = None,
    json: Json = False,
) -> None:
    """Put a backup where no data folder stands yet. What happened after it is asked of the venues at the next start.

    ```
    remit --home /srv/remit restore /mnt/safe/remit-2026-01-02 --head head.txt
    ```
    """
    from remit.guard.owner import restore as put
    from remit.verify import JOURNAL, checkpoint_of, key_of

    kept = None if head is None else checkpoint_of(head.read_text(encoding="utf-8"), key_of(source / JOURNAL, None))
    found = put(source, caller().settings, kept)
    if not show.json({"home": str(caller().settings.home), "size": found.size, "root": found.root.hex()}):
        show.say(f"{caller().settings.home}: {found.size} entries restored and verified", "green")
        show.say("  orders sent after the backup are unknown to it: reconcile before you resume")


def _passphrase() -> str | None:
    from remit.doors.cli.run import passphrase

    return passphrase(ask=False)


__all__ = ["Fault", "backup", "log", "restore", "verify"]
