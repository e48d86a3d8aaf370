"""The paper venue of a data folder: it runs once the guard knows a connection to it, and trades what the guard knows.

What a connection to it holds when it is first opened stands in `paper.cash` of the data folder, one line each:
`CONNECTION,CURRENCY,AMOUNT`. A connection without a line opens with CASH of its account's currency, and that is said.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from remit.guard.wire import AsyncClient, GuardError
from remit.kernel.codec import build, encode
from remit.kernel.instrument import Instrument
from remit.kernel.printable import printable
from remit.up.desk import DOOR, write_private
from remit.up.supervise import NotStarted, Supervisor

CASH = "100000"
LOOK_S = 2
TOLD = 5
"""How many of its instruments are named to a person."""
Purse = tuple[str, str, str]
"""A connection, a currency and an amount."""
StartVenue = Callable[[Path, Path, Path, list[Purse]], Awaitable[Path]]


class PaperDesk:
    """Starts the paper venue when a connection to it appears, and again when instruments or connections change."""

    def __init__(self, supervisor: Supervisor, home: Path, socket: Path, start: StartVenue) -> None:
        self._supervisor = supervisor
        self._home = home
        self._socket = socket
        self._start = start
        self._running: tuple[list[Purse], bytes] = ([], b"")

    async def keep(self) -> None:
        """Look every LOOK_S seconds, for ever."""
        token, told = self._home / "operator.token", ""
        while True:
            fault = ""
            try:
                async with AsyncClient(self._socket, token.read_text().strip(), DOOR) as client:
                    await self._look(client)
            except FileNotFoundError as missing:
                fault = f"there is no {missing.filename}. Stop, run: remit token reset-operator -- and start again"
            except (GuardError, NotStarted, OSError) as failed:
                fault = str(failed)
            if fault and fault != told:  # once is enough for a person; it is tried again all the same
                print(printable(f"remit up: the paper venue was not looked after: {fault}"), flush=True)
            told = fault
            await asyncio.sleep(LOOK_S)

    async def _look(self, client: AsyncClient) -> None:
        async def read(view: str, **arguments: Any) -> Any:
            return await client.ask("read", {"view": view, **arguments})

        connections = [row for row in await read("connections") if row["venue"] == "paper"]
        if not connections:
            return
        currencies = {row["name"]: row["currency"] for row in await read("accounts")}
        purses = self._purses({row["name"]: currencies[row["account"]] for row in connections})
        traded = await read("instruments", venue="paper")
        wanted = (purses, instrument_lines(traded))
        if wanted == self._running:
            return
        listed, key = self._home / "paper.instruments.jsonl", self._home / "paper.feed.key"
        write_private(listed, wanted[1].decode())
        if not key.exists():
            write_private(key, secrets.token_hex(32) + "\n")
        await self._supervisor.stop_one("venue")
        await self._start(self._socket, listed, key, purses)
        self._running = wanted
        opened = ", ".join(f"{name} {amount} {currency}" for name, currency, amount in purses)
        trades = ", ".join(row["name"] for row in traded[:TOLD]) or "no instrument yet"
        more = f" and {len(traded) - TOLD} more" if len(traded) > TOLD else ""
        print(f"remit up: the paper venue trades {trades}{more}; a new connection opens with: {opened}", flush=True)

    def _purses(self, currencies: dict[str, str]) -> list[Purse]:
        stated: list[Purse] = []
        file = self._home / "paper.cash"
        if file.exists():
            for line in file.read_text().split():
                name, currency, amount = line.split(",")
                stated.append((name, currency, amount))
        said = {name for name, _, _ in stated}
        return stated + [(name, currency, CASH) for name, currency in sorted(currencies.items()) if name not in said]


def instrument_lines(rows: list[dict[str, Any]]) -> bytes:
    """Return the guard's instruments as the venue reads them: one per line, as JSON."""
    known = Instrument.__struct_fields__
    return b"".join(
        encode(build(Instrument, {name: value for name, value in row.items() if name in known})) + b"\n" for row in rows
    )
