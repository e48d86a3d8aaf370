"""What befalls an export of the journal, and what an old copy of the journal meets in one."""

from __future__ import annotations

from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.hosting import HOST, trade
from remit.testing.sim.exporting import Fault
from remit.testing.sim.stage import Stage

AWAY_S = (1, 3, 8, 15, 90, 90)
"""Shorter and longer than an export may be behind; after the last it has been alarmed for long."""


@deed("export", 2, HOST, "the bucket of an export does not answer")
async def export_away(stage: Stage, doing: Doing) -> str:
    """Trading goes on; where it is away for too long people are told, once."""
    exporting, seconds = stage.machine.elsewhere.exporting, doing.chance.choice(AWAY_S)
    if exporting is None:
        return ""
    exporting.bucket.away_until = max(exporting.bucket.away_until, stage.loop.ns + seconds * NANOSECONDS)
    stage.machine.befell("export_away", exporting.bucket.name)
    await trade(stage, doing)
    return f"for {seconds} s"


@deed("export", 2, HOST, "the bucket of an export does not keep a file, or its answer is lost")
async def export_refuses(stage: Stage, doing: Doing) -> str:
    """A tile, an entry bundle or the head itself: the next try goes on from what stands there."""
    return await _planned(stage, doing, doing.chance.choice(("refused", "unanswered")))


@deed("export", 2, HOST, "an exporter dies between two files")
async def exporter_dies(stage: Stage, doing: Doing) -> str:
    """Before or after a file was kept; somebody starts it again at once or much later."""
    return await _planned(stage, doing, doing.chance.choice(("dies_before", "dies_after")))


@deed("export", 1, HOST, "somebody puts an old copy of an export back")
async def export_rolled_back(stage: Stage, doing: Doing) -> str:
    """Sound in itself, and older than what its exporter brought there."""
    exporting = stage.machine.elsewhere.exporting
    if exporting is None:
        return ""
    kept, histories = dict(exporting.bucket.files), stage.observer.histories
    await trade(stage, doing)
    await stage.wait(doing.chance.choice((1, 5, 40)) * NANOSECONDS)
    if stage.observer.histories != histories:
        return ""  # it may be a copy of what the journal will never be again
    exporting.bucket.put_back(kept)
    return f"of {len(kept)} files"


@deed("export", 2, HOST, "somebody puts an old copy of the journal back, which is behind its export")
async def exported_old_copy(stage: Stage, doing: Doing) -> str:
    """Refused, unless the bucket does not answer at that start: then the next one is, or its exporter says so."""
    exporting = stage.machine.elsewhere.exporting
    if exporting is None:
        return ""

    async def meanwhile() -> None:
        await trade(stage, doing)
        await stage.wait(doing.chance.choice((1, 5)) * NANOSECONDS)
        exporting.bucket.is_shut = doing.chance.random() < 0.3

    try:
        return await stage.keeper.roll_back(meanwhile)
    finally:
        exporting.bucket.is_shut = False


async def _planned(stage: Stage, doing: Doing, fault: Fault) -> str:
    exporting, nth = stage.machine.elsewhere.exporting, doing.chance.randint(1, 6)
    if exporting is None:
        return ""
    exporting.bucket.plan(nth, fault)
    await trade(stage, doing)
    return f"{fault}: file {nth} from now"
