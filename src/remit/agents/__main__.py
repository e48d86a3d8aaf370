"""`python -m remit.agents`: the demo's agents as one process, until it is told to stop (Ctrl-C or SIGTERM)."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path

from remit.agents.attempts import AFTER, ATTEMPTS
from remit.agents.idea import Strategy
from remit.agents.momentum import Momentum
from remit.agents.reversion import Reversion
from remit.agents.rogue import Rogue
from remit.agents.trader import Trader
from remit.guard.wire import GuardError, GuardGone, GuardNotRunning
from remit.kernel.numbers import Price
from remit.kernel.printable import printable

REMEMBERED = 64
"""Prices of each instrument that an agent keeps."""
PATIENCE = 30
"""Looks for which an agent leaves an instrument alone after a no."""
STRATEGIES: tuple[Strategy, ...] = (Momentum(), Reversion())


def main(given: Sequence[str] | None = None) -> int:
    """Run the agents whose tokens are there; 0 after a clean stop, 2 where there is none."""
    words = _arguments().parse_args(given)
    try:
        tokens = {path.stem: path.read_text().strip() for path in sorted(words.tokens.glob("*.token"))}
        if not tokens:
            raise FileNotFoundError(f"{words.tokens} holds no NAME.token; issue one: remit token issue")
        asyncio.run(_run(tokens, words))
    except OSError as fault:
        print(printable(f"agents: {fault}"), file=sys.stderr)
        return 2
    return 0


async def _run(tokens: dict[str, str], words: argparse.Namespace) -> None:
    pause_s = words.every_ms / 1000
    running = [
        asyncio.ensure_future(trade(strategy, Trader(words.socket, tokens[strategy.name]), pause_s))
        for strategy in STRATEGIES
        if strategy.name in tokens
    ]
    if Rogue.name in tokens:
        rogue = Rogue(words.socket, tokens[Rogue.name], words.tried)
        running.append(asyncio.ensure_future(rogue.misbehave(ATTEMPTS, AFTER, pause_s / 2)))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, lambda: [task.cancel() for task in running])
    print(f"agents: ready, {', '.join(sorted(tokens))}", flush=True)
    for outcome in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


async def trade(strategy: Strategy, trader: Trader, pause_s: float) -> None:
    """Let a strategy look and propose, again and again; a guard that is away is waited for."""
    seen: dict[str, deque[Price]] = {}
    patience: Counter[str] = Counter()
    while True:
        try:
            await _once(strategy, trader, seen, patience)
        except (GuardNotRunning, GuardGone) as away:
            print(printable(f"{strategy.name}: {away}"), flush=True)
        except GuardError as fault:
            print(printable(f"{strategy.name}: refused: {fault}"), flush=True)
        await asyncio.sleep(pause_s)


async def _once(strategy: Strategy, trader: Trader, seen: dict[str, deque[Price]], patience: Counter[str]) -> None:
    if not trader.name:
        await trader.introduce()
    for row in await trader.read("instruments"):
        price = await trader.quote(row["name"])
        prices = seen.setdefault(row["name"], deque(maxlen=REMEMBERED))
        if price is not None and (not prices or prices[-1] != price):
            prices.append(price)
    patience.subtract(list(patience))
    owned, busy = await trader.holdings()
    for idea in strategy.ideas({name: tuple(prices) for name, prices in seen.items()}, owned):
        if idea.quantity > 0 and idea.instrument not in busy and patience[idea.instrument] <= 0:
            record = await trader.propose(idea)
            verdict = (record.get("decision") or {}).get("verdict", "refused")
            patience[idea.instrument] = 1 if verdict == "allow" else PATIENCE
            print(f"{trader.name}: {idea.side} {idea.quantity} {idea.instrument} ({idea.why}): {verdict}", flush=True)


def _arguments() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m remit.agents", description=__doc__)
    words.add_argument("--socket", type=Path, required=True, help="the guard's socket")
    words.add_argument("--tokens", type=Path, required=True, help="the folder with each agent's NAME.token")
    words.add_argument("--every-ms", type=int, default=400, help="how often an agent looks (default 400)")
    words.add_argument("--tried", type=Path, help="where the rogue writes down each attempt, as JSON Lines")
    return words


if __name__ == "__main__":
    sys.exit(main())
