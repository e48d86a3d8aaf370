"""The courier: carries what a durable record asks for to its venue, under a permit, and lets the answer enter."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Literal, cast

import msgspec

from remit.guard.anchors import Anchors
from remit.guard.backoff import wait_ns
from remit.guard.errors import (
    EntryTooLarge,
    GuardError,
    GuardStopped,
    KeyUnusable,
    LinkDown,
    NoReply,
    PermitExpired,
    SendStopped,
)
from remit.guard.loop import Due, Loop
from remit.guard.parts import parts_of
from remit.guard.vault import Vault
from remit.guard.world import World
from remit.kernel import command as c
from remit.kernel.command import Body
from remit.kernel.effect import Act
from remit.kernel.halt import stop_of
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.order import Order, fill_key
from remit.kernel.permit import Permit
from remit.kernel.state import State
from remit.venues.seam import Venue

PERMIT_LIFE_NS = 5 * NANOSECONDS


class Courier:
    """Sends requests, one at a time per order, and never the same one twice.

    An unclear outcome enters as `Lost` and is asked about by client order id; only a question and a cancel are
    repeated, each under a new entry and a new permit. A fault that nobody foresaw stops the guard: no task of the
    courier ends in silence.
    """

    def __init__(self, world: World, vault: Vault, loop: Loop, venues: Mapping[str, Venue], anchors: Anchors) -> None:
        self._world = world
        self._vault = vault
        self._loop = loop
        self._state: State = loop.kernel.state
        self._venues = venues
        self._anchors = anchors
        self._tails: dict[str, asyncio.Task[None]] = {}
        self._tries: dict[tuple[str, str], int] = {}
        """How often each question or cancel was repeated in a row, by what is done and about which order."""
        self._resting: set[tuple[str, str]] = set()
        """What waits to be repeated: it is repeated once, however often it failed meanwhile."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def carry(self, due: Due) -> None:
        """Begin to carry one act out; acts on the same order follow one another. Nothing after `stop`."""
        if self._stopped:
            return
        key = due.act.order or f"{due.act.do} {due.act.connection}"
        before = self._tails.get(key)
        task = self.spawn(self._after(before, due))
        self._tails[key] = task
        task.add_done_callback(lambda done: self._tails.pop(key) if self._tails.get(key) is done else None)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside the loop until it ends or the courier stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self) -> None:
        """Stop carrying; what is under way stays unknown and is asked about at the next start."""
        self._stopped = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if isinstance(fault, Exception) and not isinstance(fault, GuardStopped):
            self._loop.fail(fault)

    async def _after(self, before: asyncio.Task[None] | None, due: Due) -> None:
        if before is not None:
            await asyncio.wait([before])
        if due.act.order:
            await self._of_order(due)
        elif due.act.do == "snapshot":
            await self._snapshot(due)
        else:
            await self._whole(due)

    async def _whole(self, due: Due) -> None:
        """Tell a venue something of a whole connection, once; what did not reach it is told again by the guard's
        watch."""
        act, code = due.act, "unencodable"
        if due.request is not None:
            try:
                reply = await self._send(due, act.connection)
            except (LinkDown, PermitExpired, NoReply, KeyUnusable) as fault:
                code = fault.code
            else:
                reports = self._venues[self._state.connections[act.connection].venue].read(due.request, "", reply)
                code = "no_data" if reports else ""
        to: Literal["cancel_all", "dead_man"] = "cancel_all" if act.do == "cancel_all" else "dead_man"
        told = (self._state.cancel_alls if to == "cancel_all" else self._state.armed).get(act.connection)
        if told is not None and told.code != code:
            await self._enter(c.Answered(connection=act.connection, to=to, code=code))

    async def _of_order(self, due: Due) -> None:
        act, order = due.act, self._state.order(due.act.order)
        if order is None or order.is_terminal:
            return
        if due.request is None:
            await self._enter(_unencodable(act))
            return
        try:
            reply = await self._send(due, order.connection, order)
        except (LinkDown, PermitExpired, SendStopped, KeyUnusable) as fault:
            await self._not_sent(act, order, fault)
            return
        except NoReply as fault:
            await self._no_reply(act, order, fault)
            return
        reports = self._venues[order.venue].read(due.request, order.id, reply)
        if not reports and act.do == "place":
            reports = (c.Sent(order=order.id),)
        for report in reports:
            if news(self._state, report):
                await self._enter(report)
        if act.do in ("cancel", "query"):
            if any(isinstance(report, c.Lost) for report in reports):
                self._again(act)
            else:
                self._tries.pop((act.do, order.id), None)

    async def _enter(self, body: Body) -> None:
        await self._loop.enter(GUARD, body)

    async def _send(self, due: Due, connection: str, order: Order | None = None) -> bytes:
        """Send the planned bytes under a fresh permit; nothing else is ever sent.

        Signed at the last instant, when the link is open: nothing stopped or expired meanwhile, and no journal failed.
        Nothing is signed before its entry is anchored, be it a cancel.
        """
        request, act, seq = due.request, due.act, due.record.command.seq
        assert request is not None
        venue = self._venues[self._state.connections[connection].venue]
        ends_at = due.record.command.at + PERMIT_LIFE_NS

        await self._anchors.cover(seq, ends_at - self._loop.now())

        def sealed() -> bytes:
            self._loop.check()
            self._anchors.check(seq)
            stop = "" if order is None else _stop_of(self._state, due, order)
            if stop:
                raise SendStopped(stop, "Propose it again when nothing stops it")
            at = self._loop.now()
            if at >= ends_at:
                raise PermitExpired(f"entry {seq} waited too long to be sent", "Journal a new permit")
            permit = Permit(
                id=f"{self._state.prefix}-{seq}-{act.do}-{act.order or act.connection}",
                seq=seq,
                action=act.do,
                order=act.order,
                connection=connection,
                digest=request.digest,
                # A venue reads the wall clock, which journal time follows slowly after a jump: cancels must still pass.
                expires_at=ends_at + max(self._world.now() - at, 0),
                mandates=due.record.decision.mandates if due.record.decision is not None else (),
            )
            agent = "" if order is None else order.agent
            return venue.seal(request, *self._vault.seal(permit, request, at, agent, venue))

        return await self._world.send(connection, sealed)

    async def _not_sent(self, act: Act, order: Order, fault: GuardError) -> None:
        """Nothing left the guard: a placed order is over, a replace is off, a cancel or a question is tried again."""
        if act.do == "place":
            await self._enter(c.Withdrawn(order=order.id, why=fault.message[:500]))
        elif act.do == "replace":
            await self._enter(c.ReplaceRefused(order=order.id, code=fault.code))
        else:
            self._again(act)

    async def _no_reply(self, act: Act, order: Order, fault: GuardError) -> None:
        """Something may have left: nobody knows, so the venue is asked."""
        if act.do in ("place", "replace"):
            await self._enter(c.Lost(order=order.id, why=fault.message[:500]))
        else:
            self._again(act)

    def _again(self, act: Act) -> None:
        """Repeat a question about an order, or its cancel, later; later each time."""
        key = (act.do, act.order)
        if key not in self._resting:
            self._resting.add(key)
            self.spawn(self._later(act, key))

    async def _later(self, act: Act, key: tuple[str, str]) -> None:
        tries = self._tries.get(key, 0)
        self._tries[key] = tries + 1
        await self._world.sleep(wait_ns(tries))
        self._resting.discard(key)
        order = self._state.orders.get(act.order)
        if order is None:
            self._tries.pop(key, None)
            return
        # Before a cancel is repeated the venue is asked: an order that never reached it is over by that.
        await self._enter(c.Ask(connection=order.connection, order=order.id))
        if act.do == "cancel" and order.id in self._state.orders:
            await self._enter(c.Cancel(order=order.id))

    async def _snapshot(self, due: Due) -> None:
        """Let a venue's own account of a connection enter, its recent fills first; what was not to be had is no data,
        and is asked for again with the next round."""
        connection, request = due.act.connection, due.request
        why, reports = "this version has no words to ask the venue with", cast(Sequence[Body], ())
        if request is not None:
            venue = self._venues[self._state.connections[connection].venue]
            try:
                reports, why = venue.read(request, "", await self._send(due, connection)), "the reply is no account"
            except LinkDown as fault:
                why = fault.message
                if not self._state.venue_states[connection].link_up:
                    return  # known, and the listener asks again
            except (PermitExpired, NoReply, KeyUnusable) as fault:
                why = fault.message
        if not any(isinstance(report, c.Reconciled | c.NoData) for report in reports):
            reports = (*reports, c.NoData(connection=connection, why=why[:500]))
        if not self._state.venue_states[connection].link_up:  # nobody listens yet, and who does asks again
            reports = [report for report in reports if not isinstance(report, c.Reconciled)]
        try:
            for report in reports:
                if isinstance(report, c.Reconciled):
                    for part in parts_of(msgspec.structs.replace(report, asked=due.record.command.seq)):
                        await self._enter(part)
                elif news(self._state, report):
                    await self._enter(report)
        except EntryTooLarge as fault:
            await self._enter(c.NoData(connection=connection, why=fault.message))


def _stop_of(state: State, due: Due, order: Order) -> str:
    """Return what stops an act at this instant; a question and a cancel are never stopped."""
    do, by = due.act.do, due.record.command.by
    if do not in ("place", "replace"):
        return ""
    if order.state != ("allowed" if do == "place" else "pending_replace"):
        return f"the order is {order.state}"
    if do == "place":
        return stop_of(state, order)
    by_hand = by.is_person and not order.opening
    return "" if by_hand else stop_of(state, order, "replace_order")


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
        return not (isinstance(report, c.Filled | c.Busted) and report in state.strange)
    if isinstance(report, c.Filled):
        return fill_key(order.connection, report.fill) not in state.fills
    if isinstance(report, c.Busted):
        booked = state.fills.get(fill_key(order.connection, report.fill))
        return booked is None or not booked.busted
    if isinstance(report, c.Acked):
        return order.state in ("allowed", "sent", "unknown")
    return not order.is_terminal
