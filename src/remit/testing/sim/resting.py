"""The end of a simulation: the faults are off, people put everything right, and every reservation must resolve."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from remit.kernel import command as c
from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.actors.entitling import first_mandates, first_rights, let_in
from remit.testing.sim.actors.rotating import overtake
from remit.testing.sim.actors.stopping import end_halts, end_pauses
from remit.testing.sim.firm import CONNECTIONS, ROLES
from remit.testing.sim.stage import Stage

ROUNDS_MAX = 40
ROUND_NS = 20 * NANOSECONDS
"""So long people wait between two looks: what is in transit arrives, what is unknown is asked about."""
ANSWERED_NS = 3 * NANOSECONDS
"""So long nothing is asked until what was asked is answered."""
QUIET_ROUNDS = 2
BY = "ann"


async def come_to_rest(stage: Stage, check: Callable[[], None]) -> str:
    """Switch every fault off, let people put things right and cancel everything; return what is left, in words: empty.

    It rests once two looks in a row found nothing to do, with every venue asked in between.
    """
    stage.is_calm = True
    stage.market.calm()
    stage.machine.calm()
    stage.loop.network.latency_ns = (0, 1_000_000)
    stage.feed_until = 0
    while stage.machine.is_asleep:
        await stage.wait(ROUND_NS)
    quiet, left = 0, ""
    for _ in range(ROUNDS_MAX):
        await stage.wait(ROUND_NS)
        check()
        left = await _one_round(stage)
        quiet = 0 if left else quiet + 1
        if quiet == QUIET_ROUNDS:
            await stage.wait(ANSWERED_NS)
            return ""
    return f"after {ROUNDS_MAX} rounds of people putting things right: {left or 'nothing, for one round alone'}"


async def _one_round(stage: Stage) -> str:
    """Let people look at everything once; return what still works, stands or differs after it, in words."""
    if stage.keeper.is_down():
        return "no guard runs"
    await let_in(stage, BY)
    await _see_to_tokens(stage)
    await overtake(stage, BY)
    await end_pauses(stage, BY)
    await first_rights(stage, BY)
    await first_mandates(stage, BY)
    await end_halts(stage, BY)
    rows = await stage.see(BY, "orders", live=True, limit=1000)
    await asyncio.gather(*(stage.ask(BY, c.Cancel(order=row["order"])) for row in rows))
    await asyncio.gather(*(stage.ask(BY, c.Ask(connection=name)) for name in CONNECTIONS))
    await stage.wait(ANSWERED_NS)
    left = await stage.see(BY, "orders", live=True, limit=1000)
    halts = await stage.see(BY, "halts")
    connections = await stage.see(BY, "drifts")
    differ = [row for row in connections if row["drifts"] or row["unknown"]]
    if not connections:
        return "the guard shows no connection"
    found = {"orders that work": left, "halts that stand": halts, "connections that differ": differ}
    return "; ".join(f"{len(rows)} {what}, first {rows[0]}" for what, rows in found.items() if rows)


async def _see_to_tokens(stage: Stage) -> None:
    for name in sorted(ROLES):
        known = await stage.caller(name).ask("read", {"view": "self"})
        if known.code == "not_authenticated":
            await stage.issue(BY, name)
