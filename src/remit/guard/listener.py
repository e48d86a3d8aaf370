"""The listener: follows what one connection's venue says unasked, for as long as the guard runs."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from remit.guard.backoff import wait_ns
from remit.guard.courier import news
from remit.guard.errors import LinkDown
from remit.guard.loop import Loop
from remit.guard.world import World
from remit.kernel import command as c
from remit.kernel.command import Body
from remit.kernel.effect import Alert
from remit.kernel.names import GUARD, subject
from remit.kernel.numbers import DAY_NS, NANOSECONDS
from remit.kernel.state import INTENT_LIFE_NS
from remit.venues.seam import Venue

REST_MAX_S = 8
"""The longest wait before a venue is listened to again."""
FORGOTTEN_NS = INTENT_LIFE_NS - DAY_NS
"""A message so old that speaks of an order nobody knows is of one that ended long ago."""

DOUBT_NS = 30 * NANOSECONDS
"""After so long every account that was on its way when messages were missed has come, or is no account any more."""


class Listener:
    """Lets what a venue says enter once; a link that comes back is reconciled before anything opens.

    The link is up while its stream is open: what a venue answers besides that opens nothing, since what it says unasked
    would not be heard. A message that makes no sense is told to people, and the link counts as down until the stream
    is open again. A gap in the numbers is told too: nothing opens before a round has found what was missed. Until then
    no message ends an order, since a fill of it may be among what was missed: the venue is asked.
    """

    def __init__(self, world: World, loop: Loop, connection: str, venue: Venue) -> None:
        self._world = world
        self._loop = loop
        self._state = loop.kernel.state
        self._connection = connection
        self._venue = venue
        self._after = 0
        self._missed_at: int | None = None
        """When messages were missed that no round has made up for."""
        self._following: asyncio.Task[None] | None = None
        self._reopens = False
        self._warned = False

    async def run(self) -> None:
        """Listen for ever."""
        tries = 0
        while True:
            before = self._after
            self._following = asyncio.ensure_future(self._follow())
            try:
                await self._following
            except asyncio.CancelledError:
                if not self._reopens:
                    raise
                self._reopens = False
            except LinkDown:
                await self._link_down()
            except ValueError as fault:
                why = f"the venue said something unreadable: {fault}"[:500]
                self._world.alert(Alert("venue_unreadable", subject("connection", self._connection), why))
                await self._link_down()
            tries = 0 if self._after > before else tries
            await self._world.sleep(wait_ns(tries, REST_MAX_S))
            tries += 1

    def reopen(self) -> None:
        """Open the stream anew, from the last message that was heard: after a sleep the old one may be dead, and
        nobody would ever be told."""
        if self._following is not None and not self._following.done():
            self._reopens = True
            self._following.cancel()

    async def _follow(self) -> None:
        hello, opened = self._venue.subscribe(self._connection, self._after), False
        async with aclosing(self._world.listen(self._connection, hello)) as said:
            async for message in said:
                if not (message or opened):
                    opened = True
                    await self._opened()
                    continue
                number, at = self._venue.numbered(message)
                if number > self._after + 1:
                    await self._missed(number)
                for report in self._venue.listen(message):
                    if news(self._state, report) and not self._is_forgotten(report, at):
                        await self._loop.enter(GUARD, self._asked_instead(report))
                self._after = max(self._after, number)

    async def _opened(self) -> None:
        """The stream is open: from here on nothing is missed, so the venue is asked what it holds."""
        self._warn()
        if not self._state.venue_states[self._connection].link_up:
            up = c.SetVenueState(connection=self._connection, reconciled=False, link_up=True)
            await self._loop.enter(GUARD, up)
        await self._loop.enter(GUARD, c.Ask(connection=self._connection))

    def _warn(self) -> None:
        """Tell people once of a key that can do more than trade: whoever steals it takes the money out."""
        withdraw = self._venue.powers(self._connection).withdraw
        if withdraw is not False and not self._warned:
            said = "can withdraw" if withdraw else "may be able to withdraw: the venue does not say"
            why = f"the key of {self._connection} at {self._venue.name} {said}; make one there that can only trade"
            self._world.alert(Alert("key_can_withdraw", subject("connection", self._connection), why))
        self._warned = True

    async def _missed(self, number: int) -> None:
        """Messages are missing, or on their way behind a later one: look at everything before anything opens."""
        why = f"message {number} came after {self._after}: what lies between is looked for in the venue's own account"
        self._world.alert(Alert("stream_gap", subject("connection", self._connection), why))
        self._missed_at = self._loop.now()
        up = self._state.venue_states[self._connection].link_up
        await self._loop.enter(GUARD, c.SetVenueState(connection=self._connection, reconciled=False, link_up=up))
        await self._loop.enter(GUARD, c.Ask(connection=self._connection))

    def _asked_instead(self, report: Body) -> Body:
        """Return the report, or a question where it ends an order and a fill of that may have been missed."""
        if self._missed_at is not None:
            ready = self._state.venue_states[self._connection].reconciled
            if ready and self._loop.now() > self._missed_at + DOUBT_NS:
                self._missed_at = None
            elif isinstance(report, c.Cancelled | c.Expired) and report.order in self._state.orders:
                return c.Ask(connection=self._connection, order=report.order)
        return report

    def _is_forgotten(self, report: Body, at: int) -> bool:
        """Whether a report speaks of an order that ended so long ago that the state no longer knows it: a venue tells
        its whole past to a guard that was just started."""
        known = self._state.order(getattr(report, "order", "")) is not None
        return not known and at < self._loop.now() - FORGOTTEN_NS

    async def _link_down(self) -> None:
        if self._state.venue_states[self._connection].link_up:
            down = c.SetVenueState(connection=self._connection, reconciled=False, link_up=False)
            await self._loop.enter(GUARD, down)
