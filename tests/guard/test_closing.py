"""Closing: triggered exits and kills with flatten are closed by the guard, again and again, also after a restart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.guard.core import OPERATOR, Core, run

from remit.guard.world import JOURNAL
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS, Price, Quantity, parse, text
from remit.kernel.order import Order
from remit.testing.world import MemoryWorld
from remit.venues.paper import messages

STOP = ExitTerms(legs=(Leg(kind="stop_loss", trigger=parse(Price, "95")),))


def placed(core: Core) -> list[messages.Place]:
    """What the venue was asked to trade, in order."""
    bodies = [messages.read_body(messages.read_frame(sealed).body) for _, sealed in core.world.sent]  # type: ignore[union-attr]
    return [body for body in bodies if isinstance(body, messages.Place)]


def closers(core: Core) -> list[messages.Place]:
    return [order for order in placed(core) if order.side == "sell"]


def sold(core: Core) -> list[str]:
    """How much each closing order was for."""
    return [text(order.quantity) for order in closers(core)]


def closing_orders(core: Core) -> list[Order]:
    orders = [*core.kernel.state.orders.values(), *core.kernel.state.finished.values()]
    return [order for order in orders if order.side == "sell"]


async def holding(core: Core, quantity: str = "10", exit: ExitTerms | None = STOP) -> None:
    """A filled purchase, with a stop at 95."""
    record = await core.submit(quantity, exit=exit)
    assert record.decision is not None and record.decision.verdict == "allow", record.decision
    await core.rest()
    await fill(core, record.decision.order, quantity)


async def fill(core: Core, order: str, quantity: str, price: str = "100") -> None:
    report = c.Filled(
        order=order, fill=f"f-{order}-{quantity}", quantity=parse(Quantity, quantity), price=parse(Price, price)
    )
    await core.enter(GUARD, report)
    await core.rest()


async def marked(core: Core, last: str) -> None:
    await core.enter(GUARD, c.Marked(marks=(core.mark(last),)))
    await core.rest()


def test_a_triggered_stop_is_closed_by_one_order() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await holding(core)
        await marked(core, "96")
        assert closers(core) == []
        await marked(core, "94")
        (sent,) = closers(core)
        assert (sent.side, sold(core), sent.time_in_force) == ("sell", ["10"], "ioc")
        await core.rest(5)
        assert len(closers(core)) == 1, "while it works there is no second"
        await fill(core, sent.order, "10", "94")
        await core.rest(30)
        assert len(closers(core)) == 1 and not core.kernel.state.exits

    run(main)


def test_what_was_not_closed_is_tried_again_later_each_time() -> None:
    """An immediate order that finds nobody to trade with ends; the position is still there."""

    async def main(core: Core) -> None:
        core.begin()
        await holding(core)
        await marked(core, "94")
        tries = []
        for second in range(40):
            await marked(core, "94")
            for order in closing_orders(core):
                if order.id in core.kernel.state.orders:
                    tries.append(second)
                    await core.enter(GUARD, c.Expired(order=order.id))
            await core.rest(0)
            core.world.pass_time(NANOSECONDS)
        gaps = [after - before for before, after in zip(tries, tries[1:], strict=False)]
        assert len(tries) >= 5 and gaps == sorted(gaps) and gaps[-1] <= 17, tries

    run(main)


def test_a_part_that_was_closed_begins_the_rest_anew() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await holding(core)
        await marked(core, "94")
        (first,) = closers(core)
        await fill(core, first.order, "4", "94")
        await core.enter(GUARD, c.Expired(order=first.order))
        await marked(core, "94")
        await core.rest(2)
        assert sold(core) == ["10", "6"]

    run(main)


def test_a_venue_that_is_down_gets_it_when_it_is_back() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await holding(core)
        venue = core.world.venues.pop("paper1")
        await marked(core, "94")
        await core.rest(10)
        assert closers(core) == []
        core.world.venues["paper1"] = venue
        await marked(core, "94")
        await core.rest(17)
        assert len(closers(core)) == 1

    run(main)


def crashed(core: Core, passed_s: int = 5) -> MemoryWorld:
    core.world.disks[JOURNAL] = core.disk.reboot()
    return MemoryWorld(wall=core.world.wall + passed_s * NANOSECONDS, disks=core.world.disks)


async def back(core: Core) -> None:
    """The next guard starts over the same disk, with the venue there again."""
    core.world.venues["paper1"] = core.script
    await core.enter(GUARD, c.KernelStarted(version="test", digest="0" * 64, clean=False, prefix="abcd"))
    core.begin()
    await marked(core, "94")


def after_a_crash(before: Callable[[Core], Awaitable[None]]) -> Core:
    """A guard that holds a position with a stop loses its venue, does `before`, crashes, and is started again."""

    async def dying(core: Core) -> None:
        core.begin()
        await holding(core)
        core.world.venues.clear()
        await before(core)

    async def after(core: Core) -> None:
        await back(core)
        await core.rest(3)

    return run(after, crashed(run(dying)), fresh=False)


def test_a_restart_goes_on_with_what_had_triggered() -> None:
    async def triggered(core: Core) -> None:
        await marked(core, "94")

    core = after_a_crash(triggered)
    assert sold(core) == ["10"]


def test_a_restart_goes_on_with_a_kill_that_flattens() -> None:
    async def killed(core: Core) -> None:
        await core.enter(OPERATOR, c.Halt(subject="firm", why="test", kill=True, flatten=True))
        await core.rest(2)

    core = after_a_crash(killed)
    assert sold(core) == ["10"]
    assert core.kernel.state.halts


def test_a_kill_that_flattens_waits_until_nothing_works_any_more() -> None:
    """An order that works could still fill; while nobody knows what became of it, nothing is closed."""

    async def main(core: Core) -> None:
        core.begin()
        await holding(core, exit=None)
        record = await core.submit("5")
        await core.rest()
        core.answers["cancel"] = lambda body: messages.Shown(order=body.order, status="working")  # type: ignore[union-attr]
        core.answers["cancelall"] = lambda body: messages.Done(connection="paper1")
        core.answers["query"] = lambda body: messages.Shown(order=body.order, status="working")  # type: ignore[union-attr]
        await core.enter(OPERATOR, c.Halt(subject="agent:momentum", why="test", kill=True, flatten=True))
        await core.rest(10)
        assert closers(core) == []
        assert record.decision is not None
        await core.enter(GUARD, c.Cancelled(order=record.decision.order))
        await marked(core, "99")
        await core.rest(2)
        assert sold(core) == ["10"]

    run(main)


def test_a_resume_ends_the_closing() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await holding(core, exit=None)
        core.world.venues.clear()
        await core.enter(OPERATOR, c.Halt(subject="firm", why="test", kill=True, flatten=True))
        await core.rest(5)
        (halt,) = core.kernel.state.halts
        await core.enter(OPERATOR, c.Review(halt=halt, limit="kill", why="looked"))
        await core.enter(OPERATOR, c.Resume(halt=halt, why="hold on to it"))
        core.world.venues["paper1"] = core.script
        await marked(core, "99")
        await core.rest(40)
        assert closers(core) == []

    run(main)


def test_the_guards_orders_are_written_as_its_own() -> None:
    """Its closing orders enter as the guard's commands, judged and journalled like every other."""

    async def main(core: Core) -> None:
        core.begin()
        await holding(core)
        await marked(core, "94")
        record = next(r for r in core.on_disk() if isinstance(r.command.body, c.Submit) and r.command.by == GUARD)
        assert record.decision is not None and record.decision.verdict == "allow"
        assert b"exit-X-" in encode(record)

    run(main)


def test_what_stands_in_the_way_is_cancelled_until_it_is_gone() -> None:
    """A venue that refuses a cancel leaves the order working, and with it nothing to close."""

    async def main(core: Core) -> None:
        core.begin()
        await holding(core)
        record = await core.submit("10", side="sell")
        await core.rest()
        core.answers["cancel"] = lambda body: messages.Shown(order=body.order, status="working")  # type: ignore[union-attr]
        assert record.decision is not None
        order = record.decision.order
        await marked(core, "94")
        await core.enter(GUARD, c.CancelRefused(order=order, code="busy"))
        assert sold(core) == ["10"], "only the one that rests"
        del core.answers["cancel"]
        await core.rest(5)
        await marked(core, "94")
        await core.rest(5)
        assert core.kernel.state.finished[order].state == "cancelled"
        assert sold(core) == ["10", "10"]

    run(main)
