"""A fill of an order that is not in the book, in every account of its venue for minutes: it halts the firm once."""

from __future__ import annotations

import pytest
from tests.guard.core import OPERATOR, Core, run
from tests.guard.test_recover import STARTED, after_crash, from_genesis

from remit.guard.recover import take_snapshot
from remit.kernel import command as c
from remit.kernel.event import HaltRaised
from remit.kernel.names import GUARD
from remit.kernel.numbers import Money, Price, Quantity, parse
from remit.kernel.snapshot import state_hash
from remit.venues.paper import messages

MINUTE = 61


def shows(core: Core, *fills: tuple[str, str]) -> None:
    """Let every account show these fills of an order of somebody else, by their ids and prices, and nothing held."""
    core.world.venues["paper1"] = core.script
    reports = tuple(
        c.Filled(order="stray-1", fill=fill, quantity=parse(Quantity, "1"), price=parse(Price, price))
        for fill, price in fills
    )
    core.answers["takesnapshot"] = lambda body: messages.Holdings(
        connection="paper1", positions=(), cash=(("USD", parse(Money, "100000")),), orders=(), fills=reports
    )


def halts(core: Core) -> list[tuple[str, str]]:
    return [(halt.subject, halt.rule) for halt in core.kernel.state.halts.values()]


async def resume(core: Core) -> None:
    for name, halt in list(core.kernel.state.halts.items()):
        await core.enter(OPERATOR, c.Review(halt=name, limit=halt.rule, why="somebody else's order"))
        await core.enter(OPERATOR, c.Resume(halt=name, why="their account was looked at"))
    assert halts(core) == []


async def see_to_one(core: Core) -> None:
    """Two rounds show a strange fill; the halt is reviewed and resumed; four more rounds show it."""
    core.courier.spawn(core.reconciler.run())
    shows(core, ("f-1", "100"))
    await core.rest(2 * MINUTE)
    assert halts(core) == [("firm", "unexpected_fill")]
    await resume(core)
    await core.rest(4 * MINUTE)
    assert halts(core) == []


def test_it_halts_once_and_is_journalled_once() -> None:
    core = run(see_to_one)
    assert core.loop.failed is None
    assert len(core.bodies(c.Filled)) == 1 and len(core.bodies(c.Reconciled)) >= 6
    assert [alert.code for alert in core.world.alerts].count("unexpected_report") == 1


def test_another_fill_and_other_terms_halt_again() -> None:
    async def main(core: Core) -> None:
        await see_to_one(core)
        for fills in ((("f-1", "100"), ("f-2", "100")), (("f-1", "101"), ("f-2", "100"))):
            shows(core, *fills)
            await core.rest(MINUTE)
            assert halts(core) == [("firm", "unexpected_fill")]
            await resume(core)
            await core.rest(2 * MINUTE)
            assert halts(core) == []

    assert len(run(main).bodies(c.Filled)) == 3


def test_one_that_is_taken_back_halts_once_too() -> None:
    """A venue says its whole past again whenever its stream is opened anew."""

    async def main(core: Core) -> None:
        await see_to_one(core)
        for _ in range(2):
            await core.enter(GUARD, c.Busted(order="stray-1", fill="f-1"))
            await resume(core)
        raised = [event.rule for record in core.heard for event in record.events if isinstance(event, HaltRaised)]
        assert raised == ["unexpected_fill", "busted_fill"]

    run(main)


@pytest.mark.parametrize("with_snapshot", [True, False], ids=["snapshot", "journal"])
def test_it_is_still_known_after_a_restart(with_snapshot: bool) -> None:
    async def before(core: Core) -> None:
        await see_to_one(core)
        if with_snapshot:
            await core.loop.enter(GUARD, take_snapshot(core.world, core.journal, core.kernel))

    first = run(before)

    async def again(core: Core) -> None:
        assert state_hash(core.kernel.state) == state_hash(from_genesis(core).state)
        shows(core, ("f-1", "100"))
        await core.enter(GUARD, STARTED)
        await core.enter(GUARD, c.SetVenueState(connection="paper1", reconciled=False, link_up=True))
        await core.enter(GUARD, c.Ask(connection="paper1"))
        core.courier.spawn(core.reconciler.run())
        await core.rest(2 * MINUTE)
        assert core.kernel.state.venue_states["paper1"].reconciled
        assert (halts(core), core.bodies(c.Filled)) == ([], [])
        shows(core, ("f-2", "100"))
        await core.rest(MINUTE)
        assert halts(core) == [("firm", "unexpected_fill")]

    second = run(again, after_crash(first), fresh=False)
    assert second.loop.failed is None
