"""The demo's desk: who may trade what with which limits, set up over the wire as a person would with the commands.

The limits are the `starter` preset with a few changes (CHANGES, each with its reason), so that every verdict shows.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from remit.guard.wire import AsyncClient
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import build, encode
from remit.kernel.command import Body
from remit.kernel.instrument import Instrument
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import Price, Quantity, parse

DOOR = "up"
OWNER = "owner"
ACCOUNT = "main"
PRESET = "starter"
CONNECTIONS = {"street": ("momentum", "rogue"), "reserve": ("reversion",)}
"""Each connection and the agents it is granted to."""
CASH = "50000"
AGENTS = ("momentum", "reversion", "rogue")
INSTRUMENTS = ("AAPL", "GOOG", "IBM", "MSFT")


class Change(NamedTuple):
    """One limit that differs from the preset: for whom, to what, and why."""

    subject: str
    field: str
    value: Any
    why: str

    @property
    def words(self) -> str:
        """The value as people write it."""
        if isinstance(self.value, dict):
            return f"{self.value['count']} in {self.value['per_s']} s"
        return ", ".join(self.value) if isinstance(self.value, list) else str(self.value)

    def concerns(self, subject: str) -> bool:
        """Whether the change is for this subject; `agent:*` is every agent."""
        return self.subject == subject or (self.subject == "agent:*" and subject.startswith("agent:"))


CHANGES = (
    Change("account:main", "approval_notional_min", "2500", "the preset asks a person only where money is live"),
    Change("account:main", "approval_expiry_s", 90, "long enough to answer one, short enough to see one run out"),
    Change("account:main", "daily_loss_max", "6000", "so that one agent's halt does not stop the other"),
    Change("account:main", "price_collar_bps", 1000, "prices moved by more than the preset's 5 % a day that autumn"),
    Change("account:main", "orders_per_day_max", 500, "a day of the demo is weeks of prices"),
    Change("agent:*", "order_notional_max", "4000", "one share of GOOG costs more than the preset's 100"),
    Change("agent:*", "capital_max", "15000", "four instruments of some thousand each"),
    Change("agent:*", "order_rate_max", {"count": 60, "per_s": 60}, "the prices of a day pass in seconds"),
    Change("agent:momentum", "daily_loss_max", "2500", "the crash of that October should not end it for the day"),
    Change("agent:reversion", "daily_loss_max", "5000", "it trades on while you look around"),
    Change("agent:rogue", "order_rate_max", {"count": 5, "per_s": 60}, "kept on a short lead"),
    Change("agent:rogue", "order_quantity_max", "100", "a fat finger in shares, not in money"),
    Change("agent:rogue", "instruments_blocked", ["GOOG"], "a block-list to run into"),
    Change("agent:rogue", "short_allowed", "blocked", "it may sell only what it owns"),
    Change("agent:rogue", "slippage_max_bps", 200, "a market order names its worst price"),
    Change("agent:rogue", "duplicate_window", 60, "the same order twice is a mistake"),
    Change("agent:rogue", "refusals_in_row_max", 3, "a model that loops is told to stop"),
    Change("agent:rogue", "orders_open_max", 3, "few orders at once"),
)


def changes_table() -> str:
    """Return the changes as a table for the documentation."""
    rows = [f"| {change.subject} | {change.field} | {change.words} | {change.why} |" for change in CHANGES]
    return "\n".join(["| for | limit | value | why |", "|---|---|---|---|", *rows])


class SetUpFailed(Exception):
    """The guard refused a step of the set-up: which, and why."""


def instruments() -> tuple[Instrument, ...]:
    """Return what is traded: the stocks of the recorded prices."""
    cent, share = parse(Price, "0.01"), parse(Quantity, "1")
    return tuple(
        Instrument(name=name, kind="equity", venue="paper", currency="USD", category="technology", tick=cent, lot=share)
        for name in INSTRUMENTS
    )


class Files(NamedTuple):
    """Where the demo keeps what it needs, in its data folder; every file is private."""

    folder: Path

    @property
    def instruments(self) -> Path:
        return self.folder / "instruments.jsonl"

    @property
    def feed_key(self) -> Path:
        return self.folder / "feed.key"

    @property
    def feed_token(self) -> Path:
        return self.folder / "feed.token"

    @property
    def agents(self) -> Path:
        return self.folder / "agents"

    @property
    def done(self) -> Path:
        return self.folder / "set-up.steps"

    @property
    def tried(self) -> Path:
        return self.folder / "tried.jsonl"

    @property
    def day(self) -> Path:
        return self.folder / "feed.day"

    def prepare(self) -> None:
        """Write what the paper venue needs before anything runs."""
        for folder in (self.folder, self.agents):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.instruments, b"\n".join(encode(instrument) for instrument in instruments()).decode() + "\n")
        if not self.feed_key.exists():
            write_private(self.feed_key, secrets.token_hex(32) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a small file that only this user can read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


async def set_up(client: AsyncClient, files: Files) -> None:
    """Take every step that was not taken before; a desk that is set up is left as it is. SetUpFailed, GuardError."""
    done = int(files.done.read_text()) if files.done.exists() else 0
    number = 0
    async for step in _steps(client):
        number += 1
        if number <= done:
            continue
        answer = await client.ask("command", step)
        refused = next((event for event in answer["events"] if event["event"] == "refused"), None)
        # A set-up that was cut off may have taken the next step without noting it: then it exists already.
        cut_off = done and number == done + 1
        if refused is not None and not (cut_off and refused["code"] == "not_possible"):
            raise SetUpFailed(f"{refused['code']}: {refused['why']}")
        if "secret" in answer:
            _keep(files, answer["command"]["body"]["grant"], answer["secret"])
        write_private(files.done, f"{number}\n")


async def _steps(client: AsyncClient) -> AsyncIterator[Any]:
    """Yield everything a person would say, in order."""
    for body in _structure():
        yield body
    composed = await client.ask("read", {"view": "composed", "preset": PRESET})
    for subject, limits in composed.items():
        changes = [change for change in CHANGES if change.concerns(subject)]
        limits |= {change.field: change.value for change in changes}
        why = f"the {PRESET} preset" + (", changed for the demo" if changes else "")
        yield c.SetMandate(subject=subject, mandate=build(Mandate, limits), why=why, preset=PRESET)
    yield {"kind": "new_token", "role": "feed", "name": "recorded", "owner": OWNER}
    for name in AGENTS:
        yield {"kind": "new_token", "role": "agent", "name": name, "owner": OWNER}


def _structure() -> Iterator[Body]:
    """Yield who there is, what may be traded, and who may trade where."""
    yield c.SetFirm(currency="USD")
    yield c.AddAccount(account=access.Account(name=ACCOUNT, owner=OWNER, environment="training", currency="USD"))
    for instrument in instruments():
        yield c.AddInstrument(instrument=instrument)
    for name in AGENTS:
        yield c.AddAgent(agent=access.Agent(name=name, account=ACCOUNT, owner=OWNER))
    for name, agents in CONNECTIONS.items():
        connection = access.Connection(name=name, account=ACCOUNT, venue="paper", environment="training")
        yield c.AddConnection(connection=connection)
        for agent in agents:
            yield c.SetGrant(agent=agent, connection=name, granted=True)
            yield c.SetCapability(agent=agent, capability="place_order", enabled=True)


def _keep(files: Files, grant: dict[str, str], secret: str) -> None:
    path = files.feed_token if grant["role"] == "feed" else files.agents / f"{grant['name']}.token"
    write_private(path, secret + "\n")
