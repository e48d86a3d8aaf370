"""The courier: what is sent, when it is stopped at the last instant, and what is repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.guard.core import AGENT, OPERATOR, Core, run

from remit.guard.courier import PERMIT_LIFE_NS
from remit.guard.errors import NoReply
from remit.kernel import command as c
from remit.kernel.codec import decode
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS, Price, Quantity, parse
from remit.kernel.permit import Permit
from remit.venues.paper import messages

STOPS: dict[str, c.Body] = {
    "halt": c.Halt(subject="agent:momentum", why="x"),
    "kill": c.Halt(subject="firm", why="x", kill=True),
    "pause": c.SetPause(subject="account:desk", paused=True, why="x"),
    "revoked grant": c.SetGrant(agent="momentum", connection="paper1", granted=False),
    "capability off": c.SetCapability(agent="momentum", capability="place_order", enabled=False),
}


def states(core: Core) -> list[str]:
    orders = [*core.kernel.state.orders.values(), *core.kernel.state.finished.values()]
    return [order.state for order in sorted(orders, key=lambda order: int(order.id.split("-")[1]))]


@pytest.mark.parametrize("stop", STOPS)
def test_a_stop_in_the_same_batch_comes_first(stop: str) -> None:
    """An order is allowed and a stop follows in the same write: nothing of the order is signed or sent."""

    async def main(core: Core) -> None:
        allowed, stopped = core.submit(), core.loop.enter(OPERATOR, STOPS[stop])
        assert (await allowed).decision.verdict == "allow"  # type: ignore[union-attr]
        await stopped
        await core.rest()
        assert [do for do, _ in core.said if do != "cancelall"] == []
        assert states(core) == ["cancelled"]

    run(main)


def opening_slowly(core: Core) -> asyncio.Event:
    """Let the link open only when the event is set."""
    opened, send = asyncio.Event(), core.world.send

    async def slow(connection: str, make: Callable[[], bytes]) -> bytes:
        await opened.wait()
        return await send(connection, make)

    core.world.send = slow  # type: ignore[method-assign]
    return opened


@pytest.mark.parametrize("stop", STOPS)
def test_a_stop_while_the_link_opens_comes_first(stop: str) -> None:
    async def main(core: Core) -> None:
        opened = opening_slowly(core)
        await core.submit()
        await core.rest()
        await core.loop.enter(OPERATOR, STOPS[stop])
        opened.set()
        await core.rest()
        assert [do for do, _ in core.said if do != "cancelall"] == []
        assert states(core) == ["cancelled"]

    run(main)


def test_nothing_is_signed_after_its_expiry() -> None:
    async def main(core: Core) -> None:
        opened = opening_slowly(core)
        await core.submit()
        core.world.pass_time(PERMIT_LIFE_NS)
        opened.set()
        await core.rest()
        assert (core.said, states(core)) == ([], ["cancelled"])

    run(main)


def test_a_cancel_passes_at_the_venue_after_the_wall_clock_jumped_ahead() -> None:
    """Journal time takes hours to follow; the venue reads the wall clock and must still take the permit."""

    async def main(core: Core) -> None:
        await core.submit()
        await core.rest()
        order = next(iter(core.kernel.state.orders))
        core.world.jump_wall(3600 * NANOSECONDS)
        await core.loop.enter(OPERATOR, c.Cancel(order=order))
        await core.rest()
        _, sealed = core.world.sent[-1]
        frame = messages.read_frame(sealed)
        assert isinstance(frame, messages.Sealed)
        permit = decode(Permit, frame.permit)
        assert permit.action == "cancel"
        assert core.world.now() < permit.expires_at <= core.world.now() + PERMIT_LIFE_NS
        assert states(core) == ["cancelled"]

    run(main)


def test_new_terms_are_stopped_like_an_order() -> None:
    """A replace that was allowed before a halt is not sent after it; the cancel of the halt is."""

    async def main(core: Core) -> None:
        order = (await core.submit()).decision.order  # type: ignore[union-attr]
        await core.rest()
        replacing = core.loop.enter(
            AGENT, c.Replace(id="r", order=order, quantity=parse(Quantity, "5"), limit_price=parse(Price, "100"))
        )
        halted = core.loop.enter(OPERATOR, STOPS["halt"])
        assert (await replacing).decision.verdict == "allow"  # type: ignore[union-attr]
        await halted
        await core.rest()
        assert [do for do, _ in core.said] == ["place", "cancel"]
        assert states(core) == ["cancelled"]

    run(main)


def test_a_venue_that_is_away_is_asked_once_at_a_time() -> None:
    """An hour without a venue, and a caller that cancels again and again: what is repeated does not multiply."""

    async def main(core: Core) -> None:
        order = (await core.submit()).decision.order  # type: ignore[union-attr]
        await core.rest()
        script = core.world.venues.pop("paper1")
        for _ in range(30):
            await core.loop.enter(AGENT, c.Cancel(order=order))
            await core.loop.enter(GUARD, c.Ask(connection="paper1"))
            await core.rest()
        before = len(core.heard)
        await core.rest(600)
        assert len(core.heard) - before < 60
        core.world.venues["paper1"] = script
        core.answers["query"] = lambda body: messages.Shown(order=order, status="working", venue_order="v")
        await core.rest(130)
        assert states(core) == ["cancelled"]
        assert [do for do, _ in core.said].count("place") == 1

    run(main)


def test_a_cancel_of_an_order_that_never_arrived_ends_it() -> None:
    """The place is lost on the way, so is the question, and then the venue does not know what to cancel."""

    async def main(core: Core) -> None:
        def lost(body: messages.Body) -> messages.Reply:
            raise NoReply("nothing came", "")

        core.answers.update(place=lost, query=lost)
        core.answers["cancel"] = lambda body: messages.Refused(order=body.order, code="never_seen", why="")  # type: ignore[union-attr]
        order = (await core.submit()).decision.order  # type: ignore[union-attr]
        await core.rest()
        assert states(core) == ["unknown"]
        await core.loop.enter(AGENT, c.Cancel(order=order))
        await core.rest()
        assert states(core) == ["pending_cancel"]
        del core.answers["query"]
        await core.rest(10)
        assert states(core) == ["rejected"]

    run(main)


def test_a_reply_that_makes_no_sense_is_unknown_and_asked_about() -> None:
    async def main(core: Core) -> None:
        core.world.venues["paper1"] = lambda sealed: b"\x00garbage" if b'"place"' in sealed else core.script(sealed)
        core.answers["place"] = lambda body: messages.Accepted(order="another", venue_order="v")
        await core.submit()
        await core.rest()
        assert (states(core), core.loop.failed) == (["rejected"], None)
        assert [do for do, _ in core.said] == ["place", "query"]

    run(main)
