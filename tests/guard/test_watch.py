"""The watch: the halt file, kills until every venue has heard of them, and what a sleep leaves behind."""

from __future__ import annotations

from typing import Any

import pytest
from tests.guard.core import AGENT, OPERATOR, Core, run
from tests.guard.desk import ANN

from remit.guard.errors import NoReply
from remit.guard.views import view
from remit.guard.watch import HaltFileThere
from remit.guard.world import JOURNAL
from remit.kernel import command as c
from remit.kernel.event import Refused
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.state import HaltFact
from remit.testing.world import MemoryWorld

MINUTE_NS = 60 * NANOSECONDS


def halts(core: Core) -> list[HaltFact]:
    return list(core.kernel.state.halts.values())


def told(core: Core, do: str) -> int:
    return sum(1 for done, _ in core.said if done == do)


def kill(subject: str = "firm") -> c.Halt:
    return c.Halt(subject=subject, why="test", kill=True)


async def see(core: Core, name: str) -> Any:
    """Ask a view as a person."""

    async def nothing(start: int) -> Any:
        for found in ():
            yield found

    return await view(core.kernel, ANN, name, {}, at=core.loop.now(), entries=nothing)


async def working(core: Core) -> str:
    """An order that works at the venue; its id."""
    record = await core.submit()
    await core.rest()
    assert record.decision is not None and core.kernel.state.orders[record.decision.order].state == "acked"
    return record.decision.order


# -- the halt file


def test_the_halt_file_kills_the_firm_once() -> None:
    async def main(core: Core) -> None:
        core.begin()
        order = await working(core)
        core.world.halt_text = "prices look wrong"
        await core.rest(5)
        (halt,) = halts(core)
        assert (halt.subject, halt.cause, halt.rule, halt.why) == ("firm", "kill", "halt_file", "prices look wrong")
        assert core.kernel.state.finished[order].state == "cancelled"
        assert told(core, "cancelall") == 1
        assert len(core.bodies(c.Halt)) == 1
        assert "halt_kill" in {alert.code for alert in core.world.alerts}
        denied = await core.submit()
        assert denied.decision is not None and denied.decision.verdict == "deny"

    run(main)


def test_its_halt_ends_by_a_reviewed_resume_after_the_file_is_gone() -> None:
    async def main(core: Core) -> None:
        core.begin()
        assert core.watch is not None
        core.world.halt_text = "prices look wrong"
        await core.rest(1)
        (halt,) = halts(core)
        await core.enter(OPERATOR, c.Review(halt=halt.id, limit="halt_file", why="looked"))
        resume = c.Resume(halt=halt.id, why="fine again")
        with pytest.raises(HaltFileThere, match=r"halt_file: .*Remove the file HALT, then resume"):
            core.watch.check_resume(resume)

        core.world.halt_text = None
        await core.rest(2)
        assert halts(core), "without the file the halt stands: only a person ends it"
        core.watch.check_resume(resume)
        await core.enter(OPERATOR, resume)
        await core.rest(2)
        assert not halts(core)

        core.world.halt_text = "again"
        await core.rest(1)
        assert [halt.why for halt in halts(core)] == ["again"]

    run(main)


def test_another_kill_of_the_firm_is_no_reason_to_overlook_the_file() -> None:
    """Whoever resumes that kill does not resume the file's halt."""

    async def main(core: Core) -> None:
        core.begin()
        await core.enter(OPERATOR, kill())
        core.world.halt_text = "prices look wrong"
        await core.rest(1)
        assert sorted(halt.rule for halt in halts(core)) == ["halt_file", "kill"]

    run(main)


def test_before_there_is_a_firm_the_file_enters_nothing() -> None:
    async def main(core: Core) -> None:
        core.begin()
        core.world.halt_text = "not yet"
        await core.rest(3)
        assert core.heard == []
        await core.enter(GUARD, c.KernelStarted(version="t", digest="0" * 64, clean=True, prefix="abcd"))
        await core.enter(OPERATOR, c.SetFirm(currency="USD"))
        await core.rest(1)
        assert [halt.rule for halt in halts(core)] == ["halt_file"]

    run(main, fresh=False)


# -- kills


def test_a_kill_empties_the_connection_and_tells_how_far_it_came() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await working(core)
        await working(core)
        await core.enter(OPERATOR, kill())
        (row,) = await see(core, "kills")
        assert (row["asked"], row["over"], row["working"], row["cancel_all"]) == (2, 0, 2, "waiting")
        await core.rest(1)
        (row,) = await see(core, "kills")
        assert (row["asked"], row["over"], row["working"], row["cancel_all"]) == (2, 2, 0, "done")
        await core.rest(60)
        assert told(core, "cancelall") == 1, "what the venue did is not told again"
        await core.enter(OPERATOR, kill())
        await core.rest(1)
        assert told(core, "cancelall") == 2, "a person may kill again"
        assert len(halts(core)) == 1

    run(main)


def test_a_kill_goes_on_until_the_venue_has_heard_of_it() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await working(core)
        core.world.venues.clear()
        await core.enter(OPERATOR, kill("account:desk"))
        await core.rest(30)
        (row,) = await see(core, "kills")
        assert row["cancel_all"] == "failed: link_down; it is told again"
        assert row["working"] == 1
        assert 3 <= len(core.bodies(c.CancelAll)) <= 8, "later each time"
        core.world.venues["paper1"] = core.script
        await core.rest(20)
        (row,) = await see(core, "kills")
        assert (row["cancel_all"], row["working"], row["over"]) == ("done", 0, 1)
        assert told(core, "cancelall") == 1

    run(main)


def test_a_venue_that_is_back_is_told_at_once() -> None:
    """After a long outage the next try would be 16 s away."""

    async def main(core: Core) -> None:
        core.begin()
        core.world.venues.clear()
        await core.enter(GUARD, c.SetVenueState(connection="paper1", reconciled=False, link_up=False))
        await core.enter(OPERATOR, kill("venue:paper"))
        await core.rest(50)
        core.world.venues["paper1"] = core.script
        await core.enter(GUARD, c.SetVenueState(connection="paper1", reconciled=False, link_up=True))
        await core.rest(2)
        assert told(core, "cancelall") == 1

    run(main)


def test_a_lost_answer_is_no_answer() -> None:
    async def main(core: Core) -> None:
        core.begin()
        lost = []

        def script(sealed: bytes) -> bytes:
            if b"cancel_all" in sealed and not lost:
                lost.append(sealed)
                raise NoReply("the reply was lost", "Ask again")
            return core.script(sealed)

        core.world.venues["paper1"] = script
        await core.enter(OPERATOR, kill("connection:paper1"))
        await core.rest(5)
        assert len(lost) == 1 and told(core, "cancelall") == 1
        assert (await see(core, "kills"))[0]["cancel_all"] == "done"

    run(main)


def test_a_kill_of_an_agent_leaves_the_orders_of_others_alone() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await working(core)
        await core.enter(OPERATOR, kill("agent:momentum"))
        await core.rest(2)
        assert told(core, "cancelall") == 0 and told(core, "cancel") == 1
        (row,) = await see(core, "kills")
        assert (row["asked"], row["over"], row["cancel_all"]) == (1, 1, "not told")

    run(main)


def test_a_kill_reaches_every_agent_in_one_entry() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await core.enter(OPERATOR, kill())
        again = await core.submit()
        assert again.decision is not None and again.decision.verdict == "deny"
        assert (await core.enter(AGENT, kill())).events[0].code == "not_authorised"  # type: ignore[union-attr]

    run(main)


def test_a_restart_goes_on_with_a_kill_that_no_venue_heard_of() -> None:
    async def before(core: Core) -> None:
        core.begin()
        core.world.venues.clear()
        await core.enter(OPERATOR, kill())
        await core.rest(2)

    first = run(before)
    first.world.disks[JOURNAL] = first.disk.reboot()

    async def after(core: Core) -> None:
        core.world.venues["paper1"] = core.script
        core.begin()
        await core.rest(2)
        assert told(core, "cancelall") == 1
        assert core.kernel.state.cancel_alls["paper1"].code == ""

    run(after, MemoryWorld(wall=first.world.wall + MINUTE_NS, disks=first.world.disks), fresh=False)


def test_a_restart_waits_for_no_answer_to_the_guard_before_it() -> None:
    """That one ended before it heard any: the venue is told at once, not after the patience for a slow answer."""

    async def before(core: Core) -> None:
        core.begin()
        await core.enter(OPERATOR, kill())

    first = run(before)
    assert first.kernel.state.cancel_alls["paper1"].code is None
    first.world.disks[JOURNAL] = first.disk.reboot()

    async def after(core: Core) -> None:
        core.world.venues["paper1"] = core.script
        core.begin()
        await core.rest(2)
        assert told(core, "cancelall") == 1

    run(after, MemoryWorld(wall=first.world.wall + NANOSECONDS, disks=first.world.disks), fresh=False)


def test_a_guard_may_not_be_asked_to_empty_what_no_kill_reaches() -> None:
    async def main(core: Core) -> None:
        record = await core.enter(GUARD, c.CancelAll(connection="paper1"))
        assert isinstance(record.events[0], Refused) and record.events[0].code == "nothing_to_cancel"
        assert isinstance((await core.enter(OPERATOR, c.CancelAll(connection="paper1"))).events[0], Refused)

    run(main)


# -- sleep


def test_after_a_sleep_nothing_opens_before_the_venue_was_asked() -> None:
    """The order was proposed in the instant of waking: the sleep enters before it."""

    async def main(core: Core) -> None:
        core.begin()
        core.world.venues.clear()
        core.world.sleep_machine(10 * MINUTE_NS)
        first = await core.submit()
        assert first.decision is not None and first.decision.verdict == "deny"
        assert "venue_ready" in {finding.rule for finding in first.decision.findings}
        (woke,) = core.bodies(c.Woke)
        assert woke.slept_ns == 10 * MINUTE_NS
        assert "woke" in {alert.code for alert in core.world.alerts}

        core.world.venues["paper1"] = core.script
        await core.enter(GUARD, c.Ask(connection="paper1"))
        await core.rest(1)
        again = await core.submit()
        assert again.decision is not None and again.decision.verdict == "allow", again.decision

    run(main)


def test_waking_asks_every_venue_at_once() -> None:
    async def main(core: Core) -> None:
        core.begin()
        core.world.sleep_machine(10 * MINUTE_NS)
        await core.rest(1)
        assert told(core, "takesnapshot") == 1
        assert core.kernel.state.venue_states["paper1"].reconciled

    run(main)


def test_a_nap_is_no_sleep_and_time_alone_is_none() -> None:
    """Naps do not add up: between two of them the guard has looked."""

    async def main(core: Core) -> None:
        core.begin()
        for _ in range(3):
            core.world.sleep_machine(2 * NANOSECONDS)
            await core.rest(1)
        for _ in range(10):
            core.world.pass_time(2 * NANOSECONDS)
            await core.rest()
        assert core.bodies(c.Woke) == [] and core.bodies(c.ClockFault) == []

    run(main)


def test_more_than_a_nap_is_a_sleep() -> None:
    async def main(core: Core) -> None:
        core.begin()
        core.world.sleep_machine(2 * NANOSECONDS + 1)
        await core.rest(1)
        assert [body.slept_ns for body in core.bodies(c.Woke)] == [2 * NANOSECONDS + 1]

    run(main)


def test_a_guard_that_stood_still_is_one_that_slept() -> None:
    """Its process was stopped for a while: the machine was awake, and nothing was watched all the same."""

    async def main(core: Core) -> None:
        core.begin()
        await core.rest()
        core.world.pass_time(20 * NANOSECONDS)
        await core.rest(1)
        (woke,) = core.bodies(c.Woke)
        assert 19 * NANOSECONDS < woke.slept_ns <= 20 * NANOSECONDS

    run(main)
