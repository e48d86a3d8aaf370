"""The rogue: an agent that misbehaves in every way it can think of, each way named, and writes down what stopped it.

What it tries is the table in `attempts.py`. The name of an attempt travels as the order's id, so that whoever reads the
journal sees what was tried beside what the guard said.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from remit.agents.trader import ONE, Trader
from remit.guard.wire import AsyncClient, GuardGone, GuardNotRunning, GuardRefused
from remit.kernel import command as c
from remit.kernel.exit import ExitTerms
from remit.kernel.numbers import BPS, SCALE, Price, Quantity, Ratio, parse
from remit.kernel.order import OrderIntent
from remit.kernel.printable import printable

MARK = "try:"
"""Begins the id of every order that the rogue proposes on purpose."""
SURE = parse(Ratio, "0.9")
AGAIN_S = 4
"""How long it waits between attempts once all were made."""


class Attempt(NamedTuple):
    """One way to misbehave: its name, the rule or code that must stop it (empty: it must pass), and how it is done."""

    label: str
    stopped_by: str
    make: Callable[[Rogue], Awaitable[Outcome]]


class Outcome(NamedTuple):
    """What came back (allow, hold, deny, taken, repeated, refused, unanswered) and the rules or codes that said so."""

    verdict: str
    why: tuple[str, ...] = ()


def outcome_of(answer: Any) -> Outcome:
    """Return what a record says, in one word and the names of what spoke against it."""
    events = {event["event"]: event for event in answer.get("events", ())}
    if "refused" in events:
        return Outcome("refused", (events["refused"]["code"],))
    if "repeated" in events:
        return Outcome("repeated", ("intent_id_unique",))
    decision = answer.get("decision")
    if decision is None:
        return Outcome("taken")
    return Outcome(decision["verdict"], tuple(finding["rule"] for finding in decision.get("findings", ())))


class Rogue:
    """An agent without manners: it has the same way to the guard as any other, and one token."""

    name = "rogue"

    def __init__(self, socket: Path, token: str, tried: Path | None = None) -> None:
        self.trader = Trader(socket, token)
        self.socket = socket
        self.label = ""
        self.kept: dict[str, Any] = {}
        """What one attempt leaves for a later one: an intent, an order's id, a digest."""
        self._tried = tried

    async def misbehave(self, attempts: Sequence[Attempt], after: Sequence[Attempt], pause_s: float) -> None:
        """Make every attempt, one each `pause_s`; then, or where it is halted already, more slowly those of `after`."""
        await self._until_there()
        is_halted = bool(await self.trader.read("halts"))
        for attempt in () if is_halted else attempts:
            await self._make(attempt)
            await asyncio.sleep(pause_s)
        while True:
            for attempt in after:
                await asyncio.sleep(AGAIN_S)
                await self._make(attempt)

    async def _until_there(self) -> None:
        """Wait for the guard and for prices."""
        while True:
            try:
                await self.trader.introduce()
                names = [row["name"] for row in await self.trader.read("instruments")]
                ready = all(row["ready"] for row in await self.trader.read("connections"))
                if ready and names and None not in [await self.trader.quote(name) for name in names]:
                    return
            except (GuardNotRunning, GuardGone) as away:
                print(printable(f"rogue: {away}"), flush=True)
            await asyncio.sleep(0.2)

    async def _make(self, attempt: Attempt) -> None:
        self.label = attempt.label
        try:
            outcome = await attempt.make(self)
        except GuardRefused as refused:
            outcome = Outcome("refused", (refused.code,))
        except (GuardNotRunning, GuardGone) as away:
            outcome = Outcome("unanswered", (away.code,))
        stopped = outcome.verdict not in ("allow", "taken")
        as_told = attempt.stopped_by in outcome.why if attempt.stopped_by else not stopped
        print(f"rogue: {attempt.label}: {outcome.verdict} {', '.join(outcome.why)}", flush=True)
        if self._tried is not None:
            line = {
                "at": time.time_ns(),
                "tried": attempt.label,
                "expected": attempt.stopped_by,
                "verdict": outcome.verdict,
                "why": outcome.why,
                "as_expected": as_told,
            }
            with self._tried.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    # What attempts are made of

    async def order(
        self, side: str, instrument: str, quantity: Quantity = ONE, *, away_bps: int | None = None, **more: Any
    ) -> Outcome:
        """Propose an order: at the market, or as a limit so many basis points above (below where negative) the mark."""
        return await self.send(await self.intent(side, instrument, quantity, away_bps=away_bps, **more))

    async def intent(
        self, side: str, instrument: str, quantity: Quantity = ONE, *, away_bps: int | None = None, **more: Any
    ) -> OrderIntent:
        """Return the intent of such an order; its id says what is being tried."""
        if away_bps is not None:
            price = await self.trader.quote(instrument)
            cent = SCALE // 100
            more |= {"type": "limit", "limit_price": Price((price or SCALE) * (BPS + away_bps) // BPS // cent * cent)}
        fields = {"id": f"{MARK}{self.label.replace(' ', '-')}:{time.time_ns()}", "confidence": SURE, **more}
        return self.trader.intent(instrument, side, quantity, **fields)

    async def send(self, intent: OrderIntent) -> Outcome:
        """Submit an intent as it is, and keep the answer for the next attempt."""
        answer = await self.trader.submit(intent)
        self.kept["intent"], self.kept["answer"] = intent, answer
        return outcome_of(answer)

    async def set_exit(self, instrument: str, terms: ExitTerms, *, exit: str = "", agent: str = "") -> Outcome:
        """Ask for an exit on a position, or for new terms of the one named; its id says what is being tried."""
        body = c.SetExit(
            id=exit or f"{MARK}{self.label.replace(' ', '-')}:{time.time_ns()}",
            agent=agent or self.name,
            connection=self.trader.connection,
            instrument=instrument,
            terms=terms,
        )
        return await self.say(body)

    async def price(self, instrument: str) -> Price:
        """Return the last price, or 1 where none is known."""
        return await self.trader.quote(instrument) or Price(SCALE)

    async def worth(self, instrument: str, dollars: int) -> Quantity:
        """Return how many whole units are worth about so much now."""
        price = await self.trader.quote(instrument)
        return Quantity(max(dollars * SCALE // (price or SCALE), 1) * SCALE)

    async def say(self, body: Any) -> Outcome:
        """Send any command with the rogue's own token."""
        return outcome_of(await self.trader.client.ask("command", body))

    async def say_with(self, token: str, body: Any) -> Outcome:
        """Send any command with another token."""
        async with AsyncClient(self.socket, token, "agents") as client:
            return outcome_of(await client.ask("command", body))


def changed(intent: OrderIntent, **fields: Any) -> OrderIntent:
    """Return an intent with some fields changed."""
    return msgspec.structs.replace(intent, **fields)
