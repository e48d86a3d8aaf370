"""The table as people read it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from remit.bench.table import Result, Row, said

_COLOURS = {"aim": "green", "reach": "cyan", "short": "yellow", "": ""}


def show(result: Result, console: Console) -> None:
    """Print every row with what stood beside it, and what could not be measured."""
    table = Table(title="Remit beside raw limits and a peer, in one run", title_justify="left")
    for heading in ("what", "figure", "reach", "aim", "stands", "beside", "noise"):
        words = heading in ("what", "beside", "stands")
        table.add_column(heading, justify="left" if words else "right", no_wrap=heading != "beside")
    group = ""
    for row in result.rows:
        if group not in ("", row.group):
            table.add_section()
        group = row.group
        table.add_row(*_cells(row))
    console.print(table)
    for row in result.rows:
        if row.note:
            console.print(f"  {row.group}, {row.name}: {row.note}", style="dim", highlight=False)
    for skipped in result.skipped:
        console.print(f"  not measured: {skipped.group}: {skipped.why}", style="yellow", highlight=False)
    machine = result.machine
    console.print(
        f"  {machine.cores} cores, Python {machine.python}, {machine.system}; load {machine.load:.1f} before the run. "
        "Compare ratios of one run, never times of two.",
        highlight=False,
    )


def _cells(row: Row) -> tuple[str, ...]:
    colour = _COLOURS[row.stands]
    figure = said(row.figure, row.unit)
    beside = row.beside if row.unit == "x" else f"{row.ratio:.2f}x of {row.beside}"
    return (
        f"{row.group}: {row.name}", f"[{colour}]{figure}[/]" if colour else figure, said(row.reach, row.unit),
        said(row.aim, row.unit), row.stands, beside, f"{row.noise:.0%}",
    )
