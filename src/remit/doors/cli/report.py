"""`remit timeline`, `remit report`, `remit receipt`: what the journal says, in words, in files, and proven."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, caller, noun, read
from remit.kernel.codec import plain
from remit.kernel.printable import json_line, printable

if TYPE_CHECKING:
    from remit.reports.export import Format, ReportName
    from remit.reports.model import Model
    from remit.verify import Witnessed

JOURNAL = "journal"
FILE_BYTES_MAX = 1 << 28
"""No receipt and no evidence is larger."""
app = noun("Write what the journal says as files: blotter, rejected orders, violations, approvals.")
STYLES = {"violation": "red", "halt": "red", "approval": "yellow", "error": "red", "limit": "yellow"}

From = Annotated[str, typer.Option("--from", help="The first day, such as 2026-01-01.")]
To = Annotated[str, typer.Option("--to", help="The last day; it is included.")]
Zone = Annotated[str, typer.Option("--zone", help="The time zone of these days and of the times told.")]
As = Annotated[str, typer.Option("--format", help="csv or parquet.")]
Out = Annotated[Path | None, typer.Option("--out", help="A new file; without it CSV goes to standard output.")]


@contextmanager
def reading() -> Iterator[Model]:
    """Give the read model of the data folder, brought up to the end of its journal. Fault."""
    # Fetched here: it brings the whole kernel along, and `remit kill` must not wait for that.
    from remit.reports.errors import ReportError
    from remit.reports.model import Model, path_in
    from remit.reports.sources import from_folder

    home = caller().settings.home
    try:
        with Model(path_in(home)) as model:
            from_folder(model, home / JOURNAL)
            yield model
    except ReportError as fault:
        raise Fault(fault.code, fault.message, fault.fix) from None
    except OSError as fault:
        why = f"the journal in {home} cannot be read: {fault.strerror or fault}"
        raise Fault("journal_unreadable", why, "Run as the guard's user, or ask the HTTP door") from None


def timeline(
    of: Annotated[str, typer.Argument(metavar="AGENT|ORDER", help="An agent, or an order's id.")],
    kind: Annotated[str, typer.Option(help="Only lines of this kind, such as violation, fill or action.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The last so many lines.")] = 200,
    every: Annotated[bool, typer.Option("--all", help="What was only asked and answered, too.")] = False,
    json: Json = False,
) -> None:
    """Tell the story of one agent, or of one order, in plain words with numbers. JSON is one line of it per line.

    Left out is what was only read or previewed and was answered: `--all` or `--kind action` shows that too.

    ```
    remit timeline momentum
    remit timeline momentum --all
    remit timeline r1a2b3c4d-17
    remit timeline momentum --kind violation
    ```
    """
    from remit.reports.told import KINDS

    if kind and kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is none; take one of {', '.join(KINDS)}", param_hint="--kind")
    found = story(of, kind=kind, limit=limit, every=every)
    if not found:
        what = f" of the kind {kind}" if kind else "" if every else " but what was only read"
        reads = "" if kind or every else "; --all tells of reads too"
        fix = f"See `remit agent list` and `remit order list`{reads}"
        raise Fault("unknown", f"the journal tells nothing{what} of {of}", fix)
    for row in found:
        if caller().json:
            print(json_line(row))
        else:
            tell(row)


def story(of: str, *, kind: str = "", limit: int = 200, every: bool = False) -> list[dict[str, Any]]:
    """Return the last lines of the story of an agent or an order, the oldest first. Fault."""
    from remit.reports.visible import EVERYTHING

    with reading() as model:
        column = "agent" if model.knows_agent(of, EVERYTHING) else "order"
        found: list[dict[str, Any]] = []
        after = None
        while len(found) < limit:
            asked: dict[str, Any] = {column: of, "kind": kind, "after": after, "looks": every or kind == "action"}
            page = model.lines(EVERYTHING, limit=min(limit - len(found), 1_000), latest=True, **asked)
            found += page.rows
            after = page.next
            if after is None:
                break
    return found[::-1]


def tell(row: dict[str, Any]) -> None:
    """Print one line of a story."""
    text = f"  text {row['text'][:12]}" if row["text"] else ""
    line = f"{row['seq']:>7}  {show.when(row['at'])}  {row['kind']:<9}  {row['said']}{text}"
    show.say(line, STYLES.get(row["kind"], ""))


def _write(report: ReportName, first: str, last: str, zone: str, form: str, out: Path | None) -> None:
    from remit.reports.errors import ReportError
    from remit.reports.export import span_of, write, write_file
    from remit.reports.visible import EVERYTHING

    if form not in ("csv", "parquet"):
        raise typer.BadParameter(f"{form!r} is none; take csv or parquet", param_hint="--format")
    chosen: Format = "csv" if form == "csv" else "parquet"
    try:
        span = span_of(first, last, zone)
        with reading() as model:
            if out is not None:
                rows = write_file(model, report, EVERYTHING, span, chosen, out)
                if not show.json({"report": report, "rows": rows, "out": str(out)}):
                    show.say(f"{out}: {show.counted(rows, 'row')} of {first} to {last}, {zone}")
                return
            if chosen == "parquet" and sys.stdout.isatty():
                raise Fault("no_out", "a Parquet file is not for a terminal", "Add --out FILE")
            write(model, report, EVERYTHING, span, chosen, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    except ReportError as fault:
        raise Fault(fault.code, fault.message, fault.fix) from None


@app.command()
def blotter(first: From, last: To, zone: Zone = "UTC", form: As = "csv", out: Out = None, json: Json = False) -> None:
    """Every fill, with its order, price, worth and fee.

    ```
    remit report blotter --from 2026-01-01 --to 2026-01-31 --zone Europe/Berlin --out blotter.csv
    ```
    """
    _write("blotter", first, last, zone, form, out)


@app.command()
def rejected(first: From, last: To, zone: Zone = "UTC", form: As = "csv", out: Out = None, json: Json = False) -> None:
    """Every order that was denied here, or that its venue refused.

    ```
    remit report rejected --from 2026-01-01 --to 2026-01-31 --format parquet --out rejected.parquet
    ```
    """
    _write("rejected", first, last, zone, form, out)


@app.command()
def violations(
    first: From, last: To, zone: Zone = "UTC", form: As = "csv", out: Out = None, json: Json = False
) -> None:
    """Every rule that an order broke with its numbers, and every refusal of an agent or its client.

    ```
    remit report violations --from 2026-01-01 --to 2026-01-31 --out violations.csv
    ```
    """
    _write("violations", first, last, zone, form, out)


@app.command()
def approvals(first: From, last: To, zone: Zone = "UTC", form: As = "csv", out: Out = None, json: Json = False) -> None:
    """Every step of every hold: held, approved by whom, released, declined, lapsed.

    ```
    remit report approvals --from 2026-01-01 --to 2026-01-31 --out approvals.csv
    ```
    """
    _write("approvals", first, last, zone, form, out)


def receipt(
    seq: Annotated[int, typer.Argument(min=1, help="The entry's sequence number.")],
    out: Annotated[Path | None, typer.Option("--out", help="A new file; else it is printed.")] = None,
    json: Json = False,
) -> None:
    """Prove that one entry stands in the journal, to whoever has its public key: entry, proof, signed checkpoint, as a
    C2SP tlog-proof.

    ```
    remit receipt 1042 --out 1042.tlog-proof
    remit verify --receipt 1042.tlog-proof
    ```
    """
    found = read("receipt", seq=seq)
    if out is None:
        if not show.json(found):
            print(found["receipt"], end="")
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(found["receipt"])
    except OSError as fault:
        raise Fault("not_written", f"{out}: {fault.strerror or fault}", "Name another file") from None
    if not show.json({"seq": seq, "out": str(out)}):
        by = ", ".join(found["cosigned_by"]) or "no witness"
        show.say(f"{out}: entry {seq}, in a signed tree of {found['size']}, cosigned by {by}")
        show.say(f"  check it: remit verify {out}")


def check_file(path: Path, key: str | None, witnesses: Sequence[str] = (), heads: Sequence[str] = ()) -> None:
    """Check a receipt, or evidence, with the key that was stated, else with the data folder's, and say who of the
    witnesses cosigned its head, and which of the kept heads could not be compared. Fault where it does not hold."""
    from remit.evidence import check_evidence
    from remit.verify import CannotVerify, key_of, verify_receipt

    home = caller().settings.home
    try:
        if path.stat().st_size > FILE_BYTES_MAX or not path.is_file():
            raise Fault("unreadable", f"{path} is no file of a receipt or of evidence", "Name one of a receipt")
        source, known = path.read_bytes(), key_of(home / JOURNAL, key)
        if source.startswith(b"PK"):
            evidence = check_evidence(source, known, heads, witnesses)
            checked, apart = evidence.under, evidence.not_proved
        else:
            evidence, checked = None, verify_receipt(source, known, witnesses, heads)
            apart = checked.not_compared
    except OSError as fault:
        raise Fault("unreadable", f"{path} cannot be read: {fault.strerror or fault}", "Name a receipt") from None
    except CannotVerify as fault:
        raise Fault(fault.code, fault.what, fault.do) from None
    told = {"size": checked.size, "root": checked.root, "well": True, "key_was_stated": key is not None}
    told |= {"witnessed": plain(checked.witnessed), "not_proved": list(apart)}
    if evidence is not None:
        said = f"{evidence.records} records are entries of the journal signed with {checked.size} entries"
        shown = f"{path}: {said}; its page, its mandates and every other file follow from them"
        told |= {"evidence": str(path), "of": evidence.of, "records": evidence.records, "says": said}
    else:
        shown = f"entry {checked.seq} stands in the journal that was signed with {checked.size} entries"
        told |= {"seq": checked.seq, "entry": checked.entry}
    if show.json(told):
        return
    show.say(shown, "green")
    show.say(f"  root {checked.root}")
    _cosigned(checked.witnessed, witnesses)
    if evidence is None:
        show.say(f"  {checked.entry}")
    for claim in apart:
        show.say(f"  not proved: {claim}", "dim")
    if key is None:
        show.say("  the public key lay beside the journal: with --key, kept elsewhere, a forger is found too", "dim")


def _cosigned(by: Sequence[Witnessed], witnesses: Sequence[str]) -> None:
    """Say who of the witnesses that were asked for cosigned the head, and who did not."""
    for one in by:
        at = datetime.fromtimestamp(min(one.at_s, 253_402_300_799), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        show.say(f"  the head of {one.size} entries is cosigned by {one.witness} at {at}")
    for witness in witnesses:
        name = witness.partition("+")[0]
        if name not in {one.witness for one in by}:
            show.say(f"  {printable(name)} did not cosign its head", "red")
