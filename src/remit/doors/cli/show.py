"""Showing: answers as tables for people, as JSON for programs. What comes from elsewhere is never trusted as text."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from remit.doors.cli.call import caller
from remit.kernel.printable import json_line, printable

PIPE_WIDTH = 200
WORDS = 10
"""Text may be folded to so many columns, numbers are never folded; a table that needs more is told row by row."""
STYLES = {
    "allow": "green",
    "allowed": "green",
    "filled": "green",
    "valid": "green",
    "ready": "green",
    "deny": "red",
    "denied": "red",
    "halted": "red",
    "revoked": "red",
    "rejected": "red",
    "looser": "red",
    "hold": "yellow",
    "held": "yellow",
    "unknown": "yellow",
    "paused": "yellow",
    "changed": "yellow",
    "warning": "yellow",
    "tighter": "green",
}


def console() -> Console:
    """Return where answers go: as wide as the terminal, wide in a pipe, without colour where NO_COLOR says so."""
    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(width=width, highlight=False, soft_wrap=False, markup=False, emoji=False)


def say(line: str, style: str = "") -> None:
    """Print one line for people; nothing in JSON."""
    if not caller().json:
        console().print(Text(printable(line), style=style), soft_wrap=True)


def json(data: Any) -> bool:
    """Print an answer as one line of JSON where that was asked for; return whether it was."""
    if caller().json:
        print(json_line(data), flush=True)
    return caller().json


def counted(number: int, what: str) -> str:
    """Return a number with its noun: `1 order`, `2 orders`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def wide(columns: int) -> bool:
    """Return whether there is room for so many columns of text."""
    return console().width >= columns


def rows(
    found: Sequence[Mapping[str, Any]], columns: Sequence[str], empty: str, title: str = "", under: str = ""
) -> None:
    """Print rows as a table of some of their fields, or row by row where the terminal is too narrow for it.

    `under` is a field whose values stand on lines of their own, each above its rows, and so need no column.
    """
    if not found:
        say(empty)
        return
    out = console()
    if title:
        out.print(Text(printable(title), style="bold"))
    cells = [[cell(name, row.get(name)) for name in columns] for row in found]
    heads = [HEADS.get(name, name.replace("_", " ").removesuffix(" at")) for name in columns]
    widths = [max(len(heads[i]), *(len(line[i]) for line in cells)) for i in range(len(columns))]
    least = [width if name in NUMBERS else min(width, WORDS) for name, width in zip(columns, widths, strict=True)]
    indent = 2 if under else 0
    if sum(least) + 2 * len(least) + indent > out.width:
        _one_by_one(out, found, (under, *columns) if under else columns)
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for head, name in zip(heads, columns, strict=True):
        number = name in NUMBERS
        table.add_column(head, justify="right" if number else "left", no_wrap=number, overflow="fold")
    groups = [cell(under, row.get(under)) for row in found]
    for group in dict.fromkeys(groups):
        if under:
            table.add_row(Text(group, style="bold"))
        for belongs, line in zip(groups, cells, strict=True):
            if belongs == group:
                texts = [Text(value, style=STYLES.get(value, "")) for value in line]
                table.add_row(Padding(texts[0], (0, 0, 0, indent)), *texts[1:])
    out.print(table)


def _one_by_one(out: Console, found: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    for row in found:
        for name in columns:
            head, value = HEADS.get(name, name.replace("_", " ").removesuffix(" at")), cell(name, row.get(name))
            out.print(Text(f"{head}: ", style="dim"), Text(value, style=STYLES.get(value, "")), sep="")
        out.print()


HEADS = {
    "cost_average": "average",
    "limit_price": "limit",
    "expires_in_s": "lapses in s",
    "notional_max": "at most",
    "drift_bps": "drift bps",
    "resume_in_s": "resume in s",
    "percent": "%",
    "open": "positions open",
}
NUMBERS = frozenset(
    "quantity filled limit_price worst_price worth used reserved headroom limit value pnl pnl_today equity cost "
    "cost_average mark unrealised realised fees amount free last seq number needed percent drawdown gauge "
    "buying selling notional_max left uses drift_bps headroom_left".split()
)
ROUNDED = frozenset(
    "cost_average paid_average value unrealised realised pnl pnl_today equity drawdown cost fees".split()
)
"""What is computed rather than stated, and compared with no limit here."""
DECIMALS = 6


def facts(found: Mapping[str, Any], names: Sequence[str]) -> None:
    """Print some fields of one thing, each on a line."""
    out = console()
    width = max(len(name) for name in names) + 2
    for name in names:
        value = cell(name, found.get(name))
        if value not in ("", "-"):
            head = name.replace("_", " ").removesuffix(" at").ljust(width)
            out.print(Text(head, style="dim"), Text(value, style=STYLES.get(value, "")), sep="", soft_wrap=True)


def cell(name: str, value: Any) -> str:
    """Return a value as people read it: times in UTC to the second, lists with commas, nothing as a dash."""
    if value is None or value == "" or value == [] or value == ():
        return "-"
    if name in ROUNDED and isinstance(value, str):
        return rounded(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and (name == "at" or name.endswith("_at") or name in ("until", "since")):
        return when(value // 10**9 * 10**9)
    if isinstance(value, Mapping):
        return printable(", ".join(f"{key} {cell(key, inner)}" for key, inner in value.items()))
    if isinstance(value, (list, tuple)):
        return printable(", ".join(cell(name, inner) for inner in value))
    return printable(str(value))


def rounded(value: str) -> str:
    """Return a decimal number as people read it: at most DECIMALS places, half to even; JSON has all of them."""
    whole, _, places = value.partition(".")
    if len(places) <= DECIMALS or not (whole + places).removeprefix("-").isdecimal():
        return value
    with localcontext(prec=len(value)):
        found = Decimal(value).quantize(Decimal(1).scaleb(-DECIMALS)).normalize()
    return f"{found:f}" if found else "0"


def when(at: int) -> str:
    """Return nanoseconds since the epoch as a time in UTC, to the millisecond where there is a fraction."""
    whole, rest = divmod(at, 10**9)
    try:
        said = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return str(at)
    return f"{said}.{rest // 10**6:03d}Z" if rest else f"{said}Z"


def findings(found: Sequence[Mapping[str, Any]]) -> None:
    """Print what did not hold, the primary reason first."""
    if found:
        shown = [{"verdict": "deny", **finding} for finding in found]
        rows(shown, ("verdict", "rule", "subject", "actual", "limit", "unit"), "")


def bar(percent: int | None, width: int = 12) -> str:
    """Return a gauge: how much of a limit is used."""
    if percent is None:
        return "?" * width
    full = min(percent, 100) * width // 100
    return "#" * full + "." * (width - full)
