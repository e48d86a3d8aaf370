"""The courier: carries what a durable record asks for to its venue, under a permit, and lets the answer enter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from remit.guard.errors import GuardError, LinkDown, NoReply, PermitExpired
from remit.guard.loop import Due
from remit.guard.vault import Vault
from remit.guard.world import World
from remit.kernel import command as c
from remit.kernel.command import Body
from remit.kernel.effect import Act
from remit.kernel.event import Record
from remit.kernel.halt import stop_of
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.order import Order
from remit.kernel.permit import Permit
from remit.kernel.report import drift
from remit.kernel.state import State
from remit.venues.seam import Venue

PERMIT_LIFE_NS = 5 * NANOSECONDS
RETRY_NS = tuple(seconds * NANOSECONDS for seconds in (1, 2, 4, 8, 16, 32, 60))
"""How long to wait before a venue is asked or told again; the last for ever after."""
RECONCILE_TRIES = 3
Enter = Callable[[Principal, Body], "asyncio.Future[Record]"]


class Courier:
    """Sends requests, one at a time per order, and never the same one twice.

    An unclear outcome enters as `Lost` and is asked about by client order id; only a question and a cancel are
    repeated, each
    under a new entry and a new permit.
    """

    def __init__(
        self,
        world: World,
        vault: Vault,
        state: State,
        venues: Mapping[str, Venue],
        enter: Enter,
        now: Callable[[], int],
    ) -> None:
        self._world = world
        self._vault = vault
        self._state = state
        self._venues = venues
        self._enter = enter
        self._now = now
        self._tails: dict[str, asyncio.Task[None]] = {}
        self._tries: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def carry(self, due: Due) -> None:
        """Begin to carry one act out; acts on the same order follow one another."""
        key = due.act.order or f"snapshot {due.act.connection}"
        before = self._tails.get(key)
        task = self.spawn(self._after(before, due))
        self._tails[key] = task
        task.add_done_callback(lambda done: self._tails.pop(key) if self._tails.get(key) is done else None)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside the loop until it ends or the courier stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        """Stop carrying; what is under way stays unknown and is asked about at the next start."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _after(self, before: asyncio.Task[None] | None, due: Due) -> None:
        if before is not None:
            await asyncio.wait([before])
        await (self._snapshot(due) if due.act.do == "snapshot" else self._of_order(due))

    async def _of_order(self, due: Due) -> None:
        order = self._state.order(due.act.order)
        if order is None:
            return
        if due.request is None:
            await self._enter(GUARD, _unencodable(due.act))
            return
        if due.act.do == "place":
            stop = stop_of(self._state, order) if order.state == "allowed" else f"the order is {order.state}"
            if stop:
                await self._enter(GUARD, c.Withdrawn(order=order.id, why=stop))
                return
        try:
            reply = await self._send(due, order.connection)
        except (LinkDown, PermitExpired) as fault:
            await self._not_sent(due.act, order, fault)
            return
        except NoReply as fault:
            await self._no_reply(due.act, order, fault)
            return
        self._tries.pop(order.id, None)
        reports = self._venues[order.venue].read(due.request, order.id, reply)
        if not reports and due.act.do == "place":
            reports = (c.Sent(order=order.id),)
        for report in reports:
            if news(self._state, report):
                await self._enter(GUARD, report)
        if any(isinstance(report, c.Lost) for report in reports) and due.act.do in ("cancel", "query"):
            self.spawn(self._again(due.act, order))

    async def _send(self, due: Due, connection: str) -> bytes:
        """Send the planned bytes under a fresh permit; nothing else is ever sent."""
        assert due.request is not None
        at, act, seq = self._now(), due.act, due.record.command.seq
        permit = Permit(
            id=f"{self._state.prefix}-{seq}-{act.do}-{act.order or act.connection}",
            seq=seq,
            action=act.do,
            order=act.order,
            connection=connection,
            digest=due.request.digest,
            expires_at=due.record.command.at + PERMIT_LIFE_NS,
            mandates=due.record.decision.mandates if due.record.decision is not None else (),
        )
        sealed = self._vault.seal(permit, due.request, at)
        venue = self._venues[self._state.connections[connection].venue]
        return await self._world.send(connection, venue.seal(due.request, *sealed))

    async def _not_sent(self, act: Act, order: Order, fault: GuardError) -> None:
        """Nothing left the guard: a placed order is over, a replace is off, a cancel or a question is tried again."""
        if act.do == "place":
            await self._enter(GUARD, c.Withdrawn(order=order.id, why=fault.message[:500]))
        elif act.do == "replace":
            await self._enter(GUARD, c.ReplaceRefused(order=order.id, code=fault.code))
        else:
            self.spawn(self._again(act, order))

    async def _no_reply(self, act: Act, order: Order, fault: GuardError) -> None:
        """Something may have left: nobody knows, so the venue is asked."""
        if act.do in ("place", "replace"):
            await self._enter(GUARD, c.Lost(order=order.id, why=fault.message[:500]))
        else:
            self.spawn(self._again(act, order))

    async def _again(self, act: Act, order: Order) -> None:
        tries = self._tries.get(order.id, 0)
        self._tries[order.id] = tries + 1
        await self._world.sleep(RETRY_NS[min(tries, len(RETRY_NS) - 1)])
        if self._state.orders.get(order.id) is not None:
            again: Body = (
                c.Cancel(order=order.id) if act.do == "cancel" else c.Ask(connection=order.connection, order=order.id)
            )
            await self._enter(GUARD, again)

    async def _snapshot(self, due: Due) -> None:
        """Take a venue's own account of a connection over; a difference is looked at again before it counts."""
        connection, request = due.act.connection, due.request
        assert request is not None
        tries = self._tries.get(connection, 0)
        venue = self._venues[self._state.connections[connection].venue]
        try:
            reports = venue.read(request, "", await self._send(due, connection))
        except (LinkDown, PermitExpired, NoReply):
            reports = ()
        settled = [report for report in reports if isinstance(report, c.Reconciled)]
        if settled and (tries + 1 >= RECONCILE_TRIES or not drift(self._state, settled[0])):
            self._tries.pop(connection, None)
            await self._enter(GUARD, settled[0])
            return
        self._tries[connection] = tries + 1 if settled else 0
        self.spawn(self._ask_again(connection))

    async def _ask_again(self, connection: str) -> None:
        await self._world.sleep(RETRY_NS[0])
        await self._enter(GUARD, c.Ask(connection=connection))


def _unencodable(act: Act) -> Body:
    why = "the venue has no words for it"
    if act.do == "replace":
        return c.ReplaceRefused(order=act.order, code="unencodable")
    if act.do == "cancel":
        return c.CancelRefused(order=act.order, code="unencodable")
    return c.Unencodable(order=act.order, why=why)


def news(state: State, report: Body) -> bool:
    """Whether a report can change anything; what was heard before need not be journalled again."""
    order = state.order(getattr(report, "order", ""))
    if order is None:
        return True
    if isinstance(report, c.Filled):
        return f"{order.connection}/{report.fill}" not in state.fills
    if isinstance(report, c.Acked):
        return order.state in ("allowed", "sent", "unknown")
    return not order.is_terminal
