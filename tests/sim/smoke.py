"""The normal case, which no mutant may break: one that does is a crash and proves nothing of the simulator.

A guard is set up and lets an order out, its venue takes it, it is cancelled; a second one fills; the guard ends, starts
again, knows its order, and takes another.
"""

from __future__ import annotations

from tests.guard.core import AGENT, Core, run

from remit.kernel import command as c
from remit.kernel.names import GUARD
from remit.kernel.numbers import Price, Quantity, parse
from remit.testing.world import MemoryWorld


def smoke() -> None:
    """Return where the normal case goes well; AssertionError."""
    first = run(_trade)
    assert first.loop.failed is None, first.loop.failed
    after = {name: disk.reboot(None) for name, disk in first.world.disks.items()}
    second = run(_trade_on, MemoryWorld(1, wall=first.world.wall + 10**9, disks=after), fresh=False)
    assert second.loop.failed is None, second.loop.failed


async def _trade(core: Core) -> None:
    record = await core.submit("2")
    assert record.decision is not None and record.decision.verdict == "allow", record.decision
    await core.rest()
    order = core.kernel.state.orders[record.decision.order]
    assert order.state == "acked" and ("place", order.id) in core.said, order.state
    await core.enter(AGENT, c.Cancel(order=order.id))
    await core.rest()
    assert core.kernel.state.finished[order.id].state == "cancelled"
    record = await core.submit("3")
    await core.rest()
    assert record.decision is not None
    order = core.kernel.state.orders[record.decision.order]
    fill = c.Filled(order=order.id, fill="f1", quantity=parse(Quantity, "3"), price=parse(Price, "100"))
    await core.enter(GUARD, fill)
    assert core.kernel.state.finished[order.id].state == "filled"
    assert (await core.submit("4")).decision is not None
    await core.rest()


async def _trade_on(core: Core) -> None:
    core.world.venues["paper1"] = core.script
    (order,) = core.kernel.state.orders.values()
    assert order.quantity == parse(Quantity, "4"), order.quantity
    await core.enter(GUARD, c.KernelStarted(version="test", digest="0" * 64, clean=True, prefix="abcd"))
    await core.enter(GUARD, c.SetVenueState(connection="paper1", reconciled=True, link_up=True))
    record = await core.submit("1")
    assert record.decision is not None and record.decision.verdict == "allow", record.decision
    await core.rest()
    assert core.kernel.state.orders[record.decision.order].state == "acked"


if __name__ == "__main__":
    smoke()
