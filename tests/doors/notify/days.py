"""A day at a real kernel in memory: orders that are held, denied, filled; a halt, a limit that comes near, an alarm."""

from __future__ import annotations

from tests.guard.desk import ANN, BOB, MOMENTUM, Desk

from remit.kernel import command as c
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.kernel.names import GUARD
from remit.kernel.numbers import DAY_NS


def busy() -> list[Record]:
    """The entries of a desk on which each kind of notice comes about, over the end of a day."""
    desk = Desk()
    desk.submit(MOMENTUM, "1000")  # denied: far beyond order_notional_max
    declined = desk.submit(MOMENTUM, "17")
    desk.do(BOB, c.Decline(order=declined, why="@everyone <b>no</b>\n\x1b[2J"))
    held = desk.submit(MOMENTUM, "16")
    digest = desk.kernel.state.orders[held].digest
    desk.do(BOB, c.Approve(order=held, digest=digest))
    desk.fill(held, "16", "100")
    near = desk.submit(MOMENTUM, "9")
    desk.fill(near, "9", "100")
    desk.mark("90")  # a loss beyond daily_loss_max
    for halt in list(desk.kernel.state.halts):
        desk.do(ANN, c.Review(halt=halt, limit=desk.kernel.state.halts[halt].rule, why="looked"))
    desk.do(ANN, c.Halt(subject="agent:reversion", why="strange"))
    desk.do(GUARD, c.ClockFault(jump_ns=5 * 10**9))
    desk.at += DAY_NS
    desk.do(GUARD, c.Tick())
    return [decode(Record, entry) for entry in desk.journal]
