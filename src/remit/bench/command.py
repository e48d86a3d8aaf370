"""`remit bench`: measure, print the table, and write it down where asked."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from remit.bench.confined import confined
from remit.bench.decide import decide, growth
from remit.bench.doors import doors
from remit.bench.durable import durable
from remit.bench.history import history
from remit.bench.kept import kept
from remit.bench.marks import mark
from remit.bench.proof import proof
from remit.bench.replays import replay
from remit.bench.show import show
from remit.bench.signing import signing
from remit.bench.simulated import sim
from remit.bench.table import Machine, Result, Row, Skipped, written
from remit.bench.vouched import attest
from remit.bench.wire import wire
from remit.bench.witnessed import witnessed

DONE, FAULT, USAGE = 0, 1, 2
Measured = list[Row | Skipped]


class Measurement(NamedTuple):
    """One group of rows: what makes it from a size, mostly of rounds, and that size in full and in a quick run."""

    make: Callable[[int], Measured]
    full: int
    quick: int


MEASUREMENTS: dict[str, Measurement] = {
    "decide": Measurement(decide, 40, 10),
    "growth": Measurement(growth, 20, 6),
    "durable": Measurement(durable, 40, 10),
    "proof": Measurement(proof, 40, 5),
    "wire": Measurement(wire, 20, 5),
    "confined": Measurement(confined, 20, 3),
    "attest": Measurement(attest, 20, 5),
    "signing": Measurement(signing, 10, 2),
    "witnessed": Measurement(witnessed, 20, 3),
    "doors": Measurement(doors, 20, 5),
    "mark": Measurement(mark, 40, 10),
    "replay": Measurement(replay, 3, 1),
    "sim": Measurement(sim, 10, 3),
    "kept": Measurement(kept, 20, 5),
    "history": Measurement(history, 1_000_000, 100_000),
}


def bench(
    only: Annotated[list[str] | None, typer.Option(help=f"Measure this alone: {', '.join(MEASUREMENTS)}.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds and smaller journals: a look.")] = False,
    json: Annotated[Path | None, typer.Option(metavar="OUT", help="Also write the rows as JSON to this file.")] = None,
) -> None:
    """Measure Remit beside raw limits and a peer, in turns in one run, and print the ratios.

    Examples: `remit bench --quick`, `remit bench --only decide --json decide.json`.
    """
    names = list(MEASUREMENTS) if not only else only
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        typer.echo(f"remit bench: there is no {unknown[0]!r}. Choose from {', '.join(MEASUREMENTS)}", err=True)
        raise typer.Exit(USAGE)
    result = measure(names, quick=quick, told=lambda name: typer.echo(f"measuring {name} ...", err=True))
    show(result, Console())
    if json is not None:
        try:
            json.write_bytes(written(result))
        except OSError as fault:
            typer.echo(f"remit bench: {json} cannot be written ({fault.strerror}). Name another file", err=True)
            raise typer.Exit(FAULT) from None


def measure(names: list[str], *, quick: bool, told: Callable[[str], None] = lambda name: None) -> Result:
    """Return the rows of these measurements; one that cannot be made on this machine is skipped with its reason."""
    machine = Machine(
        cores=os.cpu_count() or 1,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        load=round(os.getloadavg()[0], 2),
    )
    rows: list[Row] = []
    skipped: list[Skipped] = []
    for name in names:
        told(name)
        one = MEASUREMENTS[name]
        for found in one.make(one.quick if quick else one.full):
            if isinstance(found, Row):
                rows.append(found)
            else:
                skipped.append(found)
    return Result(machine, quick, tuple(rows), tuple(skipped))


def main() -> None:
    """Run as a program of its own."""
    typer.run(bench)
