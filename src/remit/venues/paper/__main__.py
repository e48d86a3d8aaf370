"""`python -m remit.venues.paper`: the paper venue as a process, until it is told to stop (Ctrl-C or SIGTERM)."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sqlite3
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from remit.kernel.codec import decode
from remit.kernel.instrument import Instrument
from remit.kernel.names import Currency, Name
from remit.kernel.numbers import Money, NotDecimal, Quantity, parse
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.server import PaperServer, ServerFault
from remit.venues.paper.state import StateFile


class _Cash(msgspec.Struct, frozen=True):
    """What a connection holds when it is opened."""

    connection: Name
    currency: Currency
    amount: Money


def _arguments() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m remit.venues.paper", description=__doc__)
    words.add_argument("--socket", type=Path, required=True, help="the Unix socket to listen on")
    words.add_argument("--state", type=Path, required=True, help="the file that remembers everything; made if missing")
    words.add_argument(
        "--permit-key", type=Path, required=True, help="file: the guard's Ed25519 public key, 64 hex digits"
    )
    words.add_argument("--instruments", type=Path, required=True, help="file: one instrument per line, as JSON")
    words.add_argument("--feed-key", type=Path, help="file of mode 0600: the key that proves a feed")
    words.add_argument(
        "--cash",
        action="append",
        default=[],
        metavar="CONNECTION,CURRENCY,AMOUNT",
        help="open a connection with this cash, unless it is open already; may be repeated",
    )
    words.add_argument("--fee-bps", type=int, default=0, help="fee of who takes (default 0)")
    words.add_argument("--maker-fee-bps", type=int, help="fee of who rests (default: the same)")
    words.add_argument("--latency-ms", type=int, default=0, help="from an order's arrival until it works (default 0)")
    words.add_argument("--depth", help="size at a touch whose mark names none (default: without limit)")
    words.add_argument("--margin-bps", type=int, default=10_000, help="what shorts and perpetuals hold (default 10000)")
    return words


def main(given: Sequence[str] | None = None) -> int:
    """Run the venue; return 0 after a clean stop, 2 where it cannot start."""
    words = _arguments().parse_args(given)
    try:
        server, store = _build(words)
        asyncio.run(_run(server, words.socket))
        store.close()
    except (ServerFault, OSError, ValueError, sqlite3.Error) as problem:
        print(f"paper venue: {problem}", file=sys.stderr)
        return 2
    return 0


async def _run(server: PaperServer, path: Path) -> None:
    serving = asyncio.ensure_future(
        server.serve(path, ready=lambda: print(f"paper venue: listening on {path}", flush=True))
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        return


def _build(words: argparse.Namespace) -> tuple[PaperServer, StateFile]:
    permit_key = bytes.fromhex(words.permit_key.read_text().strip())
    lines = words.instruments.read_bytes().splitlines()
    instruments = [_instrument(words.instruments, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    feed_key = None if words.feed_key is None else _secret(words.feed_key)
    cash: dict[str, dict[str, Money]] = {}
    for said in words.cash:
        purse = _cash(said)
        cash.setdefault(purse.connection, {})[purse.currency] = purse.amount
    store = StateFile(words.state)
    exchange = PaperExchange(
        instruments,
        permit_key,
        fee_bps=words.fee_bps,
        maker_fee_bps=words.maker_fee_bps,
        latency_ns=words.latency_ms * 10**6,
        depth=parse(Quantity, words.depth) if words.depth else None,
        margin_bps=words.margin_bps,
        store=store,
    )
    for connection, purses in cash.items():
        exchange.open_connection(connection, purses)
    return PaperServer(exchange, feed_key), store


def _instrument(path: Path, number: int, line: bytes) -> Instrument:
    try:
        return decode(Instrument, line)
    except ValueError as problem:
        raise ServerFault(f"{path}, line {number} is no instrument: {problem}. Correct the line") from problem


def _secret(path: Path) -> str:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ServerFault(f"others may read {path}. Run: chmod 600 {path}")
    secret = path.read_text().strip()
    if len(secret) < 16:
        raise ServerFault(f"the key in {path} is too short to be secret. Write at least 16 characters into it")
    return secret


def _cash(said: str) -> _Cash:
    try:
        connection, currency, amount = said.split(",")
        return msgspec.convert(
            {"connection": connection, "currency": currency, "amount": parse(Money, amount)},
            _Cash,
            dec_hook=lambda _, given: given,
        )
    except (ValueError, NotDecimal) as problem:
        raise ServerFault(
            f"--cash {said!r} is not CONNECTION,CURRENCY,AMOUNT: {problem}. Write one like main,USD,10000"
        ) from problem


if __name__ == "__main__":
    sys.exit(main())
