"""What befalls who remembers the journal elsewhere, and what an old copy of the journal meets there."""

from __future__ import annotations

from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.hosting import HOST, trade
from remit.testing.sim.stage import Stage
from remit.testing.sim.virtual_witness import VirtualWitness

AWAY_S = (1, 3, 7, 30)


def _drawn(stage: Stage, doing: Doing) -> VirtualWitness | None:
    anchoring = stage.machine.elsewhere.anchoring
    return None if anchoring is None else doing.chance.choice(list(anchoring.witnesses.values()))


@deed("anchor", 2, HOST, "a witness does not answer")
async def witness_away(stage: Stage, doing: Doing) -> str:
    """For a moment or for longer than a permit lives: whatever needs it waits, and what has waited too long is over."""
    witness, seconds = _drawn(stage, doing), doing.chance.choice(AWAY_S)
    if witness is None:
        return ""
    witness.is_away = True
    stage.machine.befell("witness_away", witness.cosigner.name)
    await trade(stage, doing)
    await stage.wait(seconds * NANOSECONDS)
    witness.is_away = False
    return f"for {seconds} s"


@deed("anchor", 2, HOST, "requests to a witness, and its answers, are lost")
async def witness_loses(stage: Stage, doing: Doing) -> str:
    """A lost answer leaves a witness that knows more than the guard thinks."""
    witness, seconds = _drawn(stage, doing), doing.chance.choice(AWAY_S)
    if witness is None:
        return ""
    witness.loses = doing.chance.choice((500, 3_000, 8_000))
    stage.machine.befell("witness_loses", witness.cosigner.name)
    await trade(stage, doing)
    await stage.wait(seconds * NANOSECONDS)
    witness.loses = 0
    return f"for {seconds} s"


@deed("anchor", 2, HOST, "a witness loses its power, and starts again")
async def witness_restarts(stage: Stage, doing: Doing) -> str:
    """What it cosigned is on its disk."""
    witness = _drawn(stage, doing)
    if witness is None:
        return ""
    witness.restart()
    stage.machine.befell("witness_restarted", witness.cosigner.name)
    await trade(stage, doing, orders=1)
    return "at once"


@deed("anchor", 2, HOST, "the second folder refuses a head")
async def anchor_refuses(stage: Stage, doing: Doing) -> str:
    """Once: what needed it is over, and the next one is kept again."""
    if stage.machine.elsewhere.anchoring is None:
        return ""
    nth = doing.chance.randint(1, 3)
    stage.machine.elsewhere.anchoring.disk.fail_write(nth)
    await trade(stage, doing, orders=nth + 1)
    return f"head {nth} from now"


@deed("anchor", 2, HOST, "somebody puts an old copy of the journal back, which others remember better")
async def anchored_old_copy(stage: Stage, doing: Doing) -> str:
    """Sound in itself, and refused; sometimes while a witness is away, which then only answers later."""
    witness = _drawn(stage, doing)
    if witness is None:
        return ""

    async def meanwhile() -> None:
        await trade(stage, doing)
        await stage.wait(doing.chance.choice((0, 1, 5)) * NANOSECONDS)
        witness.is_away = doing.chance.random() < 0.3

    try:
        return await stage.keeper.roll_back(meanwhile)
    finally:
        witness.is_away = False
