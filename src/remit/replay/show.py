"""Shows an outcome to people, as rich tables; it computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from remit.kernel.numbers import NANOSECONDS, Money, text
from remit.replay.layout import Row, laid_out
from remit.replay.outcome import Counts, Header, Outcome, Prices, Result

_COUNTS = ("orders", "allowed", "held", "denied", "invalid", "halts")
_RESULT = ("P&L ordered", "P&L mandate", "drawdown ordered", "drawdown mandate")
WIDE = 140
"""From so many columns on a table stands in one piece."""
_DO = {
    "expire": "held orders wait for nobody and lapse",
    "approve": "people approve every held order at once",
    "never": "a halt stays to the end",
    "next-session": "an operator reviews and resumes each halt when the next day begins",
}


def show(outcome: Outcome, console: Console) -> None:
    """Print the whole outcome."""
    header = outcome.header
    console.print(Text(f"Replay of {header.orders:,} orders under {header.mandates}", style="bold"))
    for line in assumed(outcome):
        console.print(Padding(Text(line), (0, 0, 0, 2)))
    for part in tables(outcome, console.width):
        console.print()
        console.print(part)
    for line in unmet_lines(outcome):
        console.print(Text(line, style="yellow"))
    if header.replayed < header.orders:
        left = header.orders - header.replayed
        console.print(Text(f"Stopped early: {left:,} orders were not reached; all this is of the rest.", style="bold"))


def assumed(outcome: Outcome) -> Iterator[str]:
    """Yield what was replayed and what was assumed, a sentence or two a line."""
    header = outcome.header
    if all(line.counts.invalid == line.counts.orders for line in outcome.accounts):
        yield "No row of the file is an order, so nothing was judged: docs/replay.md has the form, --json each reason."
        return
    yield f"Bars: {', '.join(header.bars)}. The last is of {_day(header.last_at)}; open positions are valued there."
    lengths = "; ".join(f"{currency} {_length(length)} ({count})" for currency, length, count in header.resolutions)
    yield f"Freshness is judged against the length of a bar (instruments that have such bars): {lengths}."
    yield (
        f"Both P&Ls: the same venue. A market order fills in full at the last price known, which is the open of a bar "
        f"that begins at its instant, {_spread(header.spread_bps)}; no fee, no size limit. A limit order fills when "
        f"the price moves through it, and ends with the UTC day."
    )
    yield (
        "Mandate: judged before the venue sees it, on its own account's cash, at a worst price "
        f"{_percent(header.slippage_bps)} beyond the far touch. Ordered: every order goes out, on credit without limit."
    )
    yield (
        "An order that only closed what its account held, as ordered, is proposed as such: it is cut down to what the "
        "account holds under the mandate, and denied (reduce_proof) where that is nothing, so that no denied purchase "
        "turns into a short."
    )
    yield (
        "Inside a bar the price goes to its open, both extremes and its close; drawdown and loss limits see all four, "
        "and take the extremes of different instruments for simultaneous."
    )
    if _cash(outcome):
        yield f"Accounts: one per {header.by}, of {_cash(outcome)}; training. Limits are in the account's currency."
    yield f"People: {_DO[header.holds]}; {_DO[header.resume]}{_resumes(header)}."
    yield from _notes(header)


def _notes(header: Header) -> Iterator[str]:
    if header.lifted:
        yield f"Lifted, and so not asked: {', '.join(header.lifted)}."
    if header.lacking:
        yield f"Orders that lack a field: {', '.join(f'{field} {count:,}' for field, count in header.lacking)}."
    if header.unread:
        yield f"Fields that nothing reads: {', '.join(f'{field} ({count:,} rows)' for field, count in header.unread)}."
    if header.calendars:
        names = ", ".join(header.calendars)
        yield f"Hours: {names}: open while any of the currency's instruments has a bar, pauses under 1 h included."
    yield _prices(header.prices)
    if header.unlisted:
        yield f"No bars, so unknown: {', '.join(header.unlisted)}."
    if header.refused:
        yield f"As ordered, the venue itself refused: {_codes(header.refused)}."
    if header.rejected:
        yield f"Allowed by the mandate and refused by the venue: {_codes(header.rejected)}."


def _codes(counted: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{code} {count:,}" for code, count in counted)


def _prices(prices: Prices) -> str:
    return (
        f"Prices: where a bar opens at the order's instant, the price the agent saw is that open for {prices.equal:,} "
        f"orders and another for {prices.different:,}; {prices.between:,} orders came while no bar opened and meet the "
        f"last price known (the one seen: {prices.between_equal:,}); {prices.unpriced:,} came before any price."
    )


def tables(outcome: Outcome, width: int) -> Iterator[RenderableType]:
    """Yield the tables, accounts with totals and rules; in two halves, orders and money, where all is too wide."""
    accounts = [
        _Line(_named(line.name, line.agents), line.currency, (), line.counts, line.result) for line in outcome.accounts
    ]
    totals = [_Line("all", total.currency, (), total.counts, total.result) for total in outcome.totals]
    yield from _halves(f"Per {outcome.header.by}", ("account", "currency"), [*accounts, *totals], width, len(totals))
    rules = [_Line(line.rule, line.currency, (f"{line.found:,}",), line.counts, line.result) for line in outcome.rules]
    yield from _halves("Per rule", ("rule", "currency", "found"), rules, width)
    yield Text(
        "found: orders the rule did not hold for. The rest is of those for which it came first, and adds up; drawdown "
        "is that of these orders as a portfolio of their own."
    )


class _Line(NamedTuple):
    name: str
    currency: str
    more: tuple[str, ...]
    counts: Counts
    result: Result


def _halves(
    title: str, names: Sequence[str], lines: Sequence[_Line], width: int, last: int = 0
) -> Iterator[RenderableType]:
    """Yield the lines as one table, or in two halves for a narrow terminal; the `last` ones are totals, in bold."""
    if width >= WIDE:
        yield _whole(title, names, lines, last)
        return
    strong = len(lines) - last
    more = tuple(names[2:])
    counts = [
        Row(line.name, line.currency or "no currency", (*line.more, *_count_cells(line.counts)), number >= strong)
        for number, line in enumerate(lines)
    ]
    results = [
        row._replace(cells=tuple(_result_cells(line.result))) for row, line in zip(counts, lines, strict=True)
    ]
    yield laid_out(f"{title}: orders", (*more, *_COUNTS), counts, width)
    yield laid_out(f"{title}: money", [name.replace(" ", "\n") for name in _RESULT], results, width)


def _whole(title: str, names: Sequence[str], lines: Sequence[_Line], last: int) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in names:
        right = name == "found"
        table.add_column(name, overflow="fold", justify="right" if right else "left", no_wrap=name != names[0])
    for name in (*_COUNTS, *_RESULT):
        table.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
    for number, line in enumerate(lines):
        if number == len(lines) - last or number and not last and line.currency != lines[number - 1].currency:
            table.add_section()
        cells = (line.name, line.currency, *line.more, *_count_cells(line.counts), *_result_cells(line.result))
        table.add_row(*cells, style="bold" if number >= len(lines) - last else None)
    return table


def unmet_lines(outcome: Outcome) -> Iterator[str]:
    """Yield, once for each limit, that it could not be measured, and how to lift it."""
    for unmet in outcome.unmet:
        lift = f" To replay without this limit: --lift {unmet.lift}" if unmet.lift else ""
        yield f"{unmet.rule}: {unmet.orders:,} orders were denied for want of {unmet.fact}.{lift}"


def _named(account: str, agents: Iterable[str]) -> str:
    """The account's name; its agents beside it where the name does not hold them."""
    others = [agent for agent in agents if agent not in account]
    return f"{account} ({', '.join(others)})" if others else account


def _count_cells(counts: Counts) -> list[str]:
    return [f"{getattr(counts, name):,}" if getattr(counts, name) else "-" for name in _COUNTS]


def _result_cells(result: Result) -> list[str]:
    cells = (result.pnl_ordered, result.pnl_mandate, result.drawdown_ordered, result.drawdown_mandate)
    return [amount(cell) for cell in cells]


def amount(money: Money) -> str:
    """Return an amount with two decimals, rounded half away from zero, and thousands apart."""
    cents = (abs(money) * 200 + 10**18) // (2 * 10**18)
    return f"{'-' if money < 0 and cents else ''}{cents // 100:,}.{cents % 100:02d}"


def _cash(outcome: Outcome) -> str:
    sums: dict[tuple[str, str], int] = {}
    for line in outcome.accounts:
        if line.currency:
            key = (line.currency, text(line.cash))
            sums[key] = sums.get(key, 0) + 1
    return ", ".join(f"{cash} {currency} ({count})" for (currency, cash), count in sorted(sums.items()))


def _resumes(header: Header) -> str:
    if header.resume == "never":
        return ""
    return f" ({header.resumed:,} resumed, {header.resumes_refused:,} refused)"


def _spread(bps: int) -> str:
    return "with no spread assumed (--spread-bps)" if not bps else f"plus half an assumed spread of {bps} bps"


def _percent(bps: int) -> str:
    return f"{bps // 100}.{bps % 100:02d} %"


def _length(length_ns: int) -> str:
    seconds = length_ns // NANOSECONDS
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds and seconds % size == 0:
            count = seconds // size
            return f"1 {unit}" if count == 1 else f"{count} {unit}s"
    return f"{seconds} s"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at // NANOSECONDS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else "no time"
