"""Panels: the parts of the screen, laid out for a small terminal (80x24) and for a large one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from rich.console import Console, ConsoleDimensions, Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from remit.kernel.numbers import NANOSECONDS, Money, parse
from remit.reports.words import money, shown
from remit.up.page import local
from remit.up.story import Line, Story
from remit.up.words import approve_command, command

STYLES = {
    "allow": "green",
    "hold": "yellow",
    "deny": "red",
    "refused": "red",
    "halt": "bold white on red",
    "repeated": "cyan",
    "lapsed": "yellow",
    "taken": "cyan",
    "exit": "bold magenta",
    "closes": "magenta",
    "near": "yellow",
    "over": "red",
    "drift": "yellow",
    "alarm": "bold red",
}
WORDS = {
    "allow": "ALLOW", "hold": "HOLD", "deny": "DENY", "refused": "REFUSED", "halt": "HALT", "lapsed": "EXPIRED",
    "cancelled": "CANCELLED", "exit": "EXIT", "closes": "CLOSES", "near": "NEAR", "over": "OVER", "drift": "DRIFT",
    "alarm": "ALARM",
}  # fmt: skip
WIDE = 120
TALL = 30
GAUGES_FIRST = ("daily_loss_max", "capital_max", "orders_per_day_max", "order_rate_max", "drawdown_max")
BAR = 12
SHORT = {"stop_loss": "stop", "take_profit": "profit", "trailing_stop": "trail"}
EXITS_MOST, EXITS_FEW = 8, 3
"""Rows of exits on a large screen and on a small one."""
PLAIN = Console(width=80)


@dataclass
class Looked:
    """What the guard said when it was last asked: its status, its gauges, its exits, its agents by name."""

    status: dict[str, Any] = field(default_factory=dict)
    exits: list[dict[str, Any]] = field(default_factory=list)
    gauges: list[dict[str, Any]] = field(default_factory=list)
    agents: dict[str, dict[str, Any]] = field(default_factory=dict)


def view(story: Story, looked: Looked, home: Path, size: ConsoleDimensions, address: str = "") -> RenderableType:
    """Return the whole screen for a terminal of this size; `address` is that of HTTP, where it is served."""
    waiting = waiting_text(story, home, size.width, 2 if size.height >= TALL else 1)
    below = [Layout(waiting, size=waiting.plain.count("\n") + 1)] if story.waiting else []
    rows = size.height - 1 - sum(layout.size or 0 for layout in below)
    root = Layout()
    page = [Layout(line, size=1) for line in (*note_texts(story), *page_texts(home, address))]
    rows -= len(page)
    body = _wide(story, looked, size.width, rows) if size.width >= WIDE else _narrow(story, looked, size.width, rows)
    root.split_column(Layout(header_text(story, looked), size=1), body, *below, *page)
    return root


def _wide(story: Story, looked: Looked, width: int, rows: int) -> Layout:
    """Orders on the left, everything else beside them."""
    aside = min(70, width * 2 // 5)
    side = Layout(size=aside)
    side.split_column(
        Layout(agents_panel(looked), size=max(len(looked.agents), 1) + 2),
        Layout(halts_panel(story, looked), size=max(min(2 + 2 * len(halts_texts(story, looked)), 10), 3)),
        Layout(exits_panel(looked), size=max(min(2 + len(looked.exits), EXITS_MOST + 2), 3)),
        Layout(limits_panel(looked, rows, BAR)),
    )
    body = Layout()
    body.split_row(Layout(orders_panel(story, rows - 2, width - aside - 4)), side)
    return body


def _narrow(story: Story, looked: Looked, width: int, rows: int) -> Layout:
    """Orders above, everything else below them."""
    low = 11
    foot, right = Layout(size=low), Layout(size=width * 2 // 5)
    right.split_column(Layout(agents_panel(looked), size=5), Layout(halts_panel(story, looked, is_brief=True)))
    left, exits = Layout(), min(max(len(looked.exits), 1), EXITS_FEW)
    left.split_column(
        Layout(limits_panel(looked, low - 4 - exits, BAR // 2)), Layout(exits_panel(looked), size=exits + 2)
    )
    foot.split_row(left, right)
    body = Layout()
    body.split_column(Layout(orders_panel(story, rows - low - 2, width - 4)), foot)
    return body


def note_texts(story: Story) -> list[Text]:
    """Return what was said last of the programs themselves, such as that one ended, in a line."""
    return [Text(f" {note}", "yellow", no_wrap=True, overflow="ellipsis") for note in story.notes[-1:]]


def page_texts(home: Path, address: str) -> list[Text]:
    """Return where the page is, if it is served, and the command that opens it signed in, in a line."""
    if not address:
        return []
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(" Page ", "bold black on cyan")
    text.append(f"  {local(address)}", "cyan")
    text.append(f"  to sign in: {command(home)} open")
    return [text]


def header_text(story: Story, looked: Looked) -> Text:
    """Return the first line: mode, the recorded day, connections, and the journal's size and head."""
    status = looked.status
    journal = status.get("journal", {"size": 0, "root": ""})
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f" Remit {str(status.get('environment', 'training')).upper()} ", "bold black on green")
    text.append(f"  day {story.day or '-'}", "bold")
    for row in status.get("connections", ()):
        text.append(f"  {row['name']} ")
        text.append("ready" if row["ready"] else row["why"], "green" if row["ready"] else "red")
    text.append(f"  journal {journal['size']:,} {journal['root'][:8]}", "dim")
    text.append("  Ctrl-C ends", "dim")
    return text


def line_text(line: Line) -> Text:
    """Return a line in full, for plain output: time, agent, what was tried, the verdict, and why."""
    text = Text()
    text.append(_clock(line.at), "dim")
    text.append(f" {line.who:<9} ")
    text.append(_what(line))
    text.append(" -> " if line.what else "")
    text.append(WORDS.get(line.verdict, line.verdict), STYLES.get(line.verdict, ""))
    why = line.why or line.state
    if why:
        text.append(f" {why}")
    return text


def orders_panel(story: Story, rows: int, width: int) -> Panel:
    """Return the last orders and what else was asked for, the newest at the end, as many as fit into `rows`."""
    texts: list[Text] = []
    for line in reversed(story.lines):
        made = _order_rows(line, width)
        if len(texts) + len(made) > rows:
            break
        texts = made + texts
    return Panel(Group(*texts), title="Orders", title_align="left", padding=(0, 1), border_style="dim")


def _order_rows(line: Line, width: int) -> list[Text]:
    """Return a line as one row where it fits, else as two: what was asked, then what became of it and why not."""
    head = Text(no_wrap=True, overflow="ellipsis")
    head.append(_clock(line.at), "dim")
    head.append(f" {line.who[:9]:<9} ")
    head.append(f"{WORDS.get(line.verdict, line.verdict):<7} ", STYLES.get(line.verdict, ""))
    head.append(_what(line))
    rest = "  ".join(part for part in (line.state, line.why) if part)
    if not rest:
        return [head]
    if head.cell_len + len(rest) + 2 <= width:
        head.append("  " if line.what else "")
        head.append(rest, "dim")
        return [head]
    return [head, Text(f"{'':19}{rest}", "dim", no_wrap=True, overflow="ellipsis")]


def limits_panel(looked: Looked, rows: int, bar: int) -> Panel:
    """Return the limits that are used up most, the losses always among them."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    table.add_column(no_wrap=True, width=bar)
    table.add_column(no_wrap=True, justify="right", min_width=11)
    for gauge in sorted((g for g in looked.gauges if g["percent"] is not None), key=_gauge_order)[:rows]:
        name = f"{gauge['subject'].rpartition(':')[2]} {gauge['of']}".rstrip()
        over = not gauge["holds"]
        table.add_row(
            Text(f"{name} {gauge['rule'].removesuffix('_max')}", "red" if over else ""),
            _bar(gauge, bar),
            Text(f"{_short(_taken(gauge))}/{_short(parse(Money, gauge['limit']))}", "red" if over else ""),
        )
    title = "Limits: █ used ▒ reserved"
    return Panel(table, title=title, title_align="left", padding=(0, 1), border_style="dim")


def agents_panel(looked: Looked) -> Panel:
    """Return each agent's profit and loss, its stakes, and what stops it."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, ratio=1)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, justify="right")
    for name, row in looked.agents.items():
        pnl = parse(Money, row["pnl"])
        stopped = "HALTED" if row["halted"] else "paused" if row["paused"] else f"{row['positions']} held"
        table.add_row(
            name,
            Text(f"{money(pnl)} {row['currency']}", "red" if pnl < 0 else "green"),
            Text(stopped, "bold red" if row["halted"] else "dim"),
        )
    return Panel(table, title="Profit and loss", title_align="left", padding=(0, 1), border_style="dim")


def halts_panel(story: Story, looked: Looked, *, is_brief: bool = False) -> Panel:
    """Return what stops trading and what needs a look: halts with their causes, and what `halts_texts` says."""
    texts = halts_texts(story, looked, is_brief=is_brief)
    body = Group(*texts) if texts else Text("none", "dim")
    return Panel(body, title="Halts", title_align="left", padding=(0, 1), border_style="red" if texts else "dim")


def halts_texts(story: Story, looked: Looked, *, is_brief: bool = False) -> list[Text]:
    """Return every halt in force, the latest first, then positions whose exits nobody watches, differences between book
    and venue, and prices that are not to be trusted; `is_brief` takes one row for each."""
    texts = []
    for halted in reversed(story.halts.values()):
        name = (halted.subject.partition(":")[2] or halted.subject) if is_brief else halted.subject
        texts.append(_stop(name, halted.brief if is_brief else f"{halted.cause}: {halted.why}", is_brief))
    status = looked.status
    for row in status.get("unprotected", ()):
        texts.append(_stop(f"{row['agent']} {row['instrument']}", f"unprotected: {row['why']}", is_brief))
    for row in status.get("drifts", ()):
        if row["bucket"] != "in_transit":
            said = f"{row['bucket']} drift: {row['item']}: book {shown(row['book'])}, venue {shown(row['venue'])}"
            texts.append(_stop(row["connection"], said, is_brief))
    for row in status.get("unfit", ()):
        texts.append(_stop(row["instrument"], f"{row['reason']}: {row['why']}", is_brief))
    return texts


def _stop(name: str, why: str, is_brief: bool) -> Text:
    cut: Literal["ellipsis", "fold"] = "ellipsis" if is_brief else "fold"
    return Text.assemble((f"{name} ", "bold red"), why, no_wrap=is_brief, overflow=cut)


def exits_panel(looked: Looked) -> Panel:
    """Return what the guard would close by itself: the level of each leg as it stands now, and the last price."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    table.add_column(no_wrap=True, justify="right")
    rows = sorted(looked.exits, key=lambda row: row["state"] == "waiting")
    rows = rows if len(rows) <= EXITS_MOST else rows[: EXITS_MOST - 1]
    for row in rows:
        bare = row["protection"].startswith("unprotected")
        held = "" if row["state"] == "waiting" else f"{shown(row['protects'])} "
        name = f"{row['agent']} {held}{row['instrument']}"
        last = "-" if row["last"] is None else shown(row["last"])
        table.add_row(Text(name, "red" if bare else ""), Text(_levels(row), "magenta"), Text(last, "dim"))
    if len(rows) < len(looked.exits):
        table.add_row(Text(f"{len(looked.exits) - len(rows)} more", "dim"))
    body = table if rows else Text("none", "dim")
    return Panel(body, title="Exits", title_align="left", padding=(0, 1), border_style="dim")


def _levels(row: dict[str, Any]) -> str:
    """Return where each leg of an exit stands now; what triggered, or waits for its entry, is said instead."""
    if row["triggered"]:
        return f"{SHORT[row['triggered']]} {shown(row['price'])}: closing"
    if row["state"] == "waiting":
        return f"waits: {row['says']}"
    levels = ((leg, leg["level"]) for leg in row["legs"])
    return ", ".join(leg["says"] if level is None else f"{SHORT[leg['kind']]} {shown(level)}" for leg, level in levels)


def waiting_text(story: Story, home: Path, width: int, most: int) -> Text:
    """Return the orders that wait for a person, and the command to answer with from another terminal, in full."""
    lines = []
    for held in list(story.waiting.values())[:most]:
        left = max(held.until - story.at, 0) // NANOSECONDS
        what = f"{held.line.who} {held.line.what}, worth {money(held.worth)} {held.currency}, {left} s left"
        lines += [Text(f"Held: {what}", "yellow")]
        lines += [Text(approve_command(home, held.order))]
    more = len(story.waiting) - most
    if more > 0:
        lines[0].append(f" (+{more} more)")
    folded = [part for line in lines for part in line.wrap(PLAIN, width, overflow="fold")]
    return Text("\n", no_wrap=True).join(folded)


def _what(line: Line) -> str:
    return f"{line.tried}: {line.what}" if line.tried else line.what


def _gauge_order(gauge: dict[str, Any]) -> tuple[int, int, str, str]:
    first = gauge["rule"] not in GAUGES_FIRST[:2]
    return (first and gauge["percent"] == 0, first, -gauge["percent"], gauge["subject"])


def _bar(gauge: dict[str, Any], width: int) -> Text:
    limit, reserved = parse(Money, gauge["limit"]), parse(Money, gauge["reserved"])
    used = _filled(gauge["percent"] - (reserved * 100 // limit if limit > 0 else 0), width)
    taken = _filled(gauge["percent"], width)
    style = "red" if gauge["percent"] >= 100 else "yellow" if gauge["percent"] >= 80 else "green"
    return Text.assemble(("█" * used, style), ("▒" * (taken - used), style), ("·" * (width - taken), "dim"))


def _filled(percent: int, width: int) -> int:
    return max(min(-(-percent * width // 100), width), 0)


def _taken(gauge: dict[str, Any]) -> int:
    """Return what is used and reserved together; a gain takes nothing of a limit on losses."""
    return max(parse(Money, gauge["used"]) + parse(Money, gauge["reserved"]), 0)


def _short(number: int) -> str:
    """Return a number without its places where it is large."""
    whole, point, places = money(number).partition(".")
    return whole if len(whole) > 2 else whole + point + places


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at // NANOSECONDS, UTC).strftime("%H:%M:%S")
