"""Lays a table out for a narrow terminal: a name too long for its column stands on a line of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text

_GAP = 2
_INDENT = "  "


class Row(NamedTuple):
    """One line: its name, the group it belongs to, its cells as text; `strong` rows are bold."""

    name: str
    group: str
    cells: tuple[str, ...]
    strong: bool = False


def laid_out(title: str, heads: Sequence[str], rows: Sequence[Row], width: int) -> Text:
    """Return the rows under their groups, in the order in which groups first appear, in at most `width` columns.

    A head may have two lines. Cells stand right-aligned at the right and are never folded; only where they alone need
    more than `width` is a line longer.
    """
    parts = [head.split("\n") for head in heads]
    high = max(len(part) for part in parts)
    tops = [[""] * (high - len(part)) + part for part in parts]
    sizes = [max(len(cell) for cell in (*top, *(row.cells[at] for row in rows))) for at, top in enumerate(tops)]
    room = max(width - sum(size + _GAP for size in sizes), 0)
    names = [len(_INDENT + row.name) for row in rows]
    first = max((size for size in names if size <= room), default=min(room, len(_INDENT)))

    def line(name: str, cells: Sequence[str]) -> str:
        right = (" " * _GAP + cell.rjust(size) for cell, size in zip(cells, sizes, strict=True))
        return name.ljust(first) + "".join(right)

    out = Text(title, style="bold")
    for level in range(high):
        out.append("\n" + line("", [top[level] for top in tops]), "not bold dim")
    for group in dict.fromkeys(row.group for row in rows):
        out.append("\n" + group, "bold")
        for row in rows:
            if row.group == group:
                alone = len(_INDENT + row.name) > first
                lines = [_INDENT + row.name, line("", row.cells)] if alone else [line(_INDENT + row.name, row.cells)]
                out.append("\n" + "\n".join(lines), "bold" if row.strong else "not bold")
    return out
