"""The table as people read it."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from remit.bench.table import Result, Row, goal, said

_COLOURS = {"aim": "green", "reach": "cyan", "short": "yellow", "": ""}


def show(result: Result, console: Console) -> None:
    """Print every row, what each stood beside, and what could not be measured."""
    table = Table(
        title="Remit beside raw limits and a peer, in one run", title_justify="left", box=box.SIMPLE_HEAD,
        pad_edge=False, padding=(0, 1, 0, 0),
    )
    for heading in ("what", "figure", "reach", "aim", "stands", "beside", "noise"):
        table.add_column(heading, justify="left" if heading in ("what", "stands") else "right", no_wrap=True)
    for row in result.rows:
        table.add_row(*_cells(row))
    console.print(table)
    for row in result.rows:
        note = f" ({row.note})" if row.note else ""
        beside = f"{row.ratio:.2f}x of {row.beside}"
        console.print(f"  {row.group}, {row.name}: {beside}{note}", style="dim", highlight=False)
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
    return (
        f"{row.group}: {row.name}", f"[{colour}]{figure}[/]" if colour else figure, goal(row.reach, row.unit),
        goal(row.aim, row.unit), row.stands, f"{row.ratio:.2f}x", f"{row.noise:.0%}",
    )
