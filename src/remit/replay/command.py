"""`remit replay`: the command line of a replay. It reads files, shows progress and writes what was found."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from remit.doors import mandate_file
from remit.feeds.bars import open_files
from remit.feeds.errors import FeedError
from remit.guard.errors import GuardError
from remit.journal.errors import JournalError
from remit.kernel.codec import encode
from remit.kernel.numbers import Money, NotDecimal, parse
from remit.kernel.presets import PRESETS
from remit.kernel.printable import printable
from remit.replay.desk import Conduct
from remit.replay.errors import ReplayRefused
from remit.replay.journals import JournalFolder
from remit.replay.listing import Purse
from remit.replay.mandates import Mandates, file_of, from_file, from_preset
from remit.replay.outcome import Outcome
from remit.replay.rows import read_orders
from remit.replay.run import Settings, run
from remit.replay.show import show

DONE, FAULT, USAGE = 0, 1, 2
KEY_BYTES = 32
_FILE_SUFFIXES = (".toml", ".json")


class By(StrEnum):
    """Whose the accounts are."""

    run = "run"
    agent = "agent"


class Holds(StrEnum):
    """What people do with held orders."""

    expire = "expire"
    approve = "approve"


class Resume(StrEnum):
    """When halts are resumed."""

    never = "never"
    next_session = "next-session"


def replay(
    orders: Annotated[Path, typer.Argument(metavar="ORDERS", help="A JSON Lines file of orders, plain or .gz.")],
    bars: Annotated[
        list[Path], typer.Option("--bars", help="CSV files of bars, plain or .gz: one or more.", show_default=False)
    ],
    mandate: Annotated[
        str, typer.Option(help=f"A preset ({', '.join(PRESETS)}) or a mandate file (.toml, .json).", show_default=False)
    ],
    more_bars: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="More files of bars, as in --bars FILE FILE.")
    ] = None,
    by: Annotated[By, typer.Option(help="One account per run, or per agent.")] = By.run,
    cash: Annotated[
        str | None, typer.Option(help="The cash of each account; default: by category of its instruments.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="The currency --cash is meant for, and that of instruments of other categories.")
    ] = None,
    spread_bps: Annotated[int, typer.Option(help="The spread assumed around each price, in basis points.")] = 0,
    holds: Annotated[Holds, typer.Option(help="Held orders lapse, or people approve each at once.")] = Holds.expire,
    resume: Annotated[
        Resume, typer.Option(help="A halt stays, or an operator reviews and resumes it when the next day begins.")
    ] = Resume.never,
    lift: Annotated[
        list[str] | None, typer.Option("--lift", help="A limit to leave out, by its name; say it once for each.")
    ] = None,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write one JSON line per order here; - is standard output.")
    ] = None,
    journal: Annotated[Path | None, typer.Option(help="Write a journal per currency into this new folder.")] = None,
    key: Annotated[
        Path | None, typer.Option(help="A file of 32 bytes: the key that signs the journal. Default: a new one.")
    ] = None,
) -> None:
    """Replay a file of agents' orders against real prices, under a mandate and as they were ordered.

    Each line of ORDERS is one order: ts, agent, instrument, side, quantity, and optional type, limit_price, category,
    confidence, run, price_seen. A line that is no order is reported as invalid; it never stops the replay.

    For example:

        remit replay orders.jsonl --bars daily.csv --mandate starter --lift confidence_min
        remit replay orders.jsonl.gz --bars hourly.csv.gz daily.csv.gz --mandate desk.toml --by agent
        remit replay orders.jsonl --bars daily.csv --mandate institutional --json verdicts.jsonl --journal proof
    """
    with _named_faults():
        outcome, stopped = _replayed(
            orders, [*bars, *(more_bars or ())],
            Settings(
                mandates=_mandates(mandate, lift or []), by=by.value, purse=_purse(cash, currency),
                spread_bps=spread_bps, conduct=Conduct(holds.value, resume.value),
            ),
            _journal(journal, key),
        )
        if json_out is not None:
            _write(json_out, outcome)
    show(outcome, Console(stderr=json_out == Path("-")))
    if stopped:
        raise typer.Exit(FAULT)


# What was said


def _mandates(said: str, lift: list[str]) -> Mandates:
    if said in PRESETS:
        return from_preset(said, lift)
    path = Path(said)
    if path.suffix not in _FILE_SUFFIXES and not path.exists():
        presets = ", ".join(PRESETS)
        raise ReplayRefused("mandate_unknown", f"{said!r} is no preset and no file", f"Presets are {presets}")
    return from_file(path.name, file_of(mandate_file.read(path), mandate_file.mandate_of), lift)


def _purse(cash: str | None, currency: str | None) -> Purse:
    if cash is None:
        if currency is not None:
            raise ReplayRefused("cash_invalid", "--currency stands without --cash", "Say both, or neither")
        return Purse()
    try:
        amount = parse(Money, cash)
    except NotDecimal as fault:
        raise ReplayRefused("cash_invalid", f"--cash: {fault}", "Say an amount such as 10000") from fault
    if amount <= 0:
        raise ReplayRefused("cash_invalid", f"--cash is {cash}", "Say an amount above zero")
    if currency is not None and not (currency.isascii() and currency.isalnum() and currency.isupper()):
        raise ReplayRefused("cash_invalid", f"{currency!r} is no currency", "Say one such as USD")
    return Purse(amount, currency)


def _journal(folder: Path | None, key: Path | None) -> JournalFolder | None:
    if folder is None:
        if key is not None:
            raise ReplayRefused("key_invalid", "--key stands without --journal", "Say where the journal goes")
        return None
    if key is None:
        return JournalFolder(folder, os.urandom(KEY_BYTES))
    try:
        seed = key.read_bytes()
    except OSError as fault:
        raise ReplayRefused("key_invalid", f"{key} cannot be read: {fault}", "Name a file of 32 bytes") from fault
    if len(seed) != KEY_BYTES:
        raise ReplayRefused("key_invalid", f"{key} holds {len(seed)} bytes", "A key has 32 bytes")
    return JournalFolder(folder, seed)


# The replay, with progress and a way to stop it


def _replayed(
    orders: Path, bars: list[Path], settings: Settings, journal: JournalFolder | None
) -> tuple[Outcome, bool]:
    """Return what was found, and whether Ctrl-C ended it early."""
    read, files = read_orders(orders), open_files(bars)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _interruptible() as stopping, Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        task = shown.add_task("orders replayed", total=None)
        outcome = run(
            read, files, settings, seed=os.urandom(KEY_BYTES), journal=journal, stopping=stopping,
            progress=lambda done, total: shown.update(task, completed=done, total=total),
        )
        return outcome, stopping()


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C end the replay between two instants, so that what was reached is whole; a second ends it at once."""
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGINT, before)


def _write(path: Path, outcome: Outcome) -> None:
    lines = b"".join(encode(verdict) + b"\n" for verdict in outcome.verdicts)
    try:
        if path == Path("-"):
            sys.stdout.buffer.write(lines)
            sys.stdout.buffer.flush()
        else:
            path.write_bytes(lines)
    except OSError as fault:
        raise ReplayRefused("output_failed", f"{path} cannot be written: {fault}", "Name another file") from fault


# Faults


@contextmanager
def _named_faults() -> Iterator[None]:
    try:
        yield
    except mandate_file.MandateFileRefused as fault:
        _fail(fault.code, str(fault), USAGE, keep_lines=True)  # its faults, a line each
    except (ReplayRefused, FeedError) as fault:
        _fail(fault.code, f"{fault.what}. {fault.do}", USAGE)
    except (GuardError, JournalError) as fault:
        _fail(fault.code, str(fault).removeprefix(f"{fault.code}: "), FAULT)


def _fail(code: str, what: str, status: int, *, keep_lines: bool = False) -> NoReturn:
    told = printable(f"{code}: {what}", keep_lines=keep_lines)
    Console(stderr=True, soft_wrap=True).print(told, style="red", markup=False, highlight=False)
    raise typer.Exit(status)
