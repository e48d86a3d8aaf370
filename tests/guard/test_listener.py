"""The listener: a link that goes down closes openings, and after a sleep the stream is opened anew."""

from __future__ import annotations

from tests.guard.core import Core, run

from remit.guard.listener import Listener
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.numbers import NANOSECONDS, Money, Price, Quantity, parse
from remit.venues.paper import messages


def message(number: int, report: c.Body) -> bytes:
    return encode(messages.Message(number=number, at=5, connection="paper1", report=report))


def listening(core: Core) -> Listener:
    listener = Listener(core.world, core.loop, "paper1", core.venue)
    core.courier.spawn(listener.run())
    return listener


async def verdict(core: Core) -> str:
    record = await core.submit()
    assert record.decision is not None
    return record.decision.verdict


def test_a_link_that_goes_down_closes_openings_until_the_book_was_compared() -> None:
    async def main(core: Core) -> None:
        listening(core)
        await core.rest()
        assert await verdict(core) == "allow"
        venue = core.world.venues.pop("paper1")
        core.world.hang_up("paper1")
        await core.rest()
        state = core.kernel.state.venue_states["paper1"]
        assert (state.link_up, state.reconciled) == (False, False)
        assert await verdict(core) == "deny"
        await core.rest(3)
        assert await verdict(core) == "deny", "the venue does not answer yet"

        core.world.venues["paper1"] = venue
        core.answers["takesnapshot"] = lambda _: messages.Holdings(
            connection="paper1",
            positions=(),
            cash=(("USD", parse(Money, "100000")),),
            orders=tuple(core.kernel.state.orders),
        )
        core.world.hang_up("paper1")
        await core.rest(3)
        assert core.kernel.state.venue_states["paper1"].reconciled
        assert await verdict(core) == "allow"

    run(main)


def test_nothing_opens_while_the_venue_answers_and_is_not_heard() -> None:
    """Its stream is down and its other door is open: an account of it is no reason to trade unheard. A fill that the
    account tells is booked all the same."""

    async def main(core: Core) -> None:
        record = await core.submit("2")
        assert record.decision is not None
        await core.rest()
        one, price = parse(Quantity, "1"), parse(Price, "100")
        fill = c.Filled(order=record.decision.order, fill="f1", quantity=one, price=price)
        core.answers["takesnapshot"] = lambda _: messages.Holdings(
            connection="paper1",
            positions=(c.Holding("AAPL", one),),
            cash=(("USD", parse(Money, "99900")),),
            orders=tuple(core.kernel.state.orders),
            fills=(fill,),
        )
        core.world.deaf.add("paper1")
        listening(core)
        core.courier.spawn(core.reconciler.run())
        for _ in range(40):
            await core.rest(3)
            assert not core.kernel.state.venue_states["paper1"].reconciled
        assert core.kernel.state.orders[fill.order].filled == one
        core.world.deaf.clear()
        await core.rest(10)
        assert core.kernel.state.venue_states["paper1"].reconciled

    run(main)


def test_after_a_sleep_the_stream_is_opened_anew_from_where_it_was() -> None:
    """The old one is dead and nobody says so: what the venue says there is never heard."""

    async def main(core: Core) -> None:
        listener = listening(core)
        record = await core.submit("2")
        assert record.decision is not None
        await core.rest()
        order = record.decision.order
        one, price = parse(Quantity, "1"), parse(Price, "100")
        core.world.say("paper1", message(1, c.Filled(order=order, fill="f1", quantity=one, price=price)))
        await core.rest()
        assert core.kernel.state.orders[order].filled == one
        dead = core.world._streams["paper1"][:]
        core.world.sleep_machine(600 * NANOSECONDS)
        listener.reopen()
        await core.rest(2)
        assert core.world._streams["paper1"] and core.world._streams["paper1"] != dead
        core.world.say("paper1", message(2, c.Cancelled(order=order)))
        await core.rest()
        assert core.kernel.state.finished[order].state == "cancelled"
        assert core.loop.failed is None

    run(main)


def test_a_listener_that_is_told_to_stop_stops() -> None:
    """Reopening must not swallow the end of the guard."""

    async def main(core: Core) -> None:
        listener = listening(core)
        await core.rest()
        listener.reopen()
        await core.rest()
        await core.courier.stop()
        assert core.world._streams.get("paper1") == []

    run(main)
