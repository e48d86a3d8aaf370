"""Following the journal: all of it in order, what is one's own, and nobody waits for it."""

from __future__ import annotations

import asyncio

import pytest
from tests.guard.core import AGENT, OPERATOR, Core, run

from remit.guard.errors import Busy, GuardStopped, NotAuthenticated
from remit.guard.follow import PIECE, STREAMS_MAX, Followers
from remit.guard.views import view
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.kernel.names import Principal

READER = Principal(name="eve", role="auditor", token="T-eve", door="test", owner="eve")
TRADER = Principal(name="momentum", role="agent", token="T-mom", door="test", owner="ann")
OTHER = Principal(name="another", role="agent", token="T-oth", door="test", owner="ann")


async def followed(core: Core) -> Followers:
    """Followers of this guard, with a token for each reader."""
    followers = Followers(core.kernel, core.journal, core.loop)
    core.loop._heard = followers.heard
    await core.enter(OPERATOR, c.AddAgent(agent=access.Agent(name="another", account="desk", owner="ann")))
    for by in (READER, TRADER, OTHER):
        grant = access.TokenGrant(token=by.token, role=by.role, name=by.name, owner=by.owner, issued_at=0)
        await core.enter(OPERATOR, c.IssueToken(grant=grant))
    return followers


async def read(core: Core, followers: Followers, by: Principal, start: int, count: int) -> list[Record]:
    stream, found = followers.stream(by, start), []
    while len(found) < count:
        found.append(decode(Record, await anext(stream)))
    await stream.aclose()  # type: ignore[attr-defined]
    return found


def test_the_past_and_what_follows_come_once_and_in_order() -> None:
    async def main(core: Core) -> None:
        followers = await followed(core)
        seq = core.kernel.state.seq
        reading = asyncio.ensure_future(read(core, followers, READER, 1, seq + 3))
        for _ in range(3):
            await core.enter(OPERATOR, c.SetPause(subject="firm", paused=True, why="x"))
            await core.rest()
        assert [record.command.seq for record in await reading] == list(range(1, seq + 4))

    run(main)


def test_an_agent_follows_what_is_its_own() -> None:
    async def main(core: Core) -> None:
        followers = await followed(core)
        streams = {by.name: followers.stream(by, 1) for by in (TRADER, OTHER)}
        own = await core.submit()
        await core.rest()
        first = asyncio.ensure_future(anext(streams["momentum"]))
        nothing = asyncio.ensure_future(anext(streams["another"]))
        await core.rest()
        assert decode(Record, first.result()) == own
        assert not nothing.done()
        nothing.cancel()

    run(main)


def test_a_token_that_is_revoked_ends_its_stream() -> None:
    async def main(core: Core) -> None:
        followers = await followed(core)
        stream = followers.stream(READER, 0)
        following = asyncio.ensure_future(anext(stream))
        await core.rest()
        await core.enter(OPERATOR, c.RevokeToken(token=READER.token, why="gone"))
        with pytest.raises(NotAuthenticated):
            await following
        with pytest.raises(NotAuthenticated):
            await anext(followers.stream(READER, 1))

    run(main)


def test_nothing_is_told_after_a_fault() -> None:
    async def main(core: Core) -> None:
        followers = await followed(core)
        core.disk.fail_sync()
        with pytest.raises(GuardStopped):
            await core.submit()
        with pytest.raises(GuardStopped):
            await anext(followers.stream(READER, 1))

    run(main)


def test_a_token_has_a_few_streams() -> None:
    async def main(core: Core) -> None:
        followers = await followed(core)
        streams = [followers.stream(TRADER, 0) for _ in range(STREAMS_MAX + 1)]
        waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
        await core.rest()
        assert [isinstance(task.exception(), Busy) for task in waiting if task.done()] == [True]
        await core.submit()
        await core.rest()
        assert all(task.done() for task in waiting), "the others heard it"

    run(main)


@pytest.mark.parametrize("ask", ["follow", "log", "denied"])
def test_reading_the_whole_journal_keeps_nobody_waiting(ask: str) -> None:
    """While thousands of entries are read, the loop has its turn after every few of them."""

    async def main(core: Core) -> None:
        followers = await followed(core)
        for _ in range(60):
            await asyncio.gather(*(core.enter(AGENT, c.Cancel(order=f"none-{number}")) for number in range(100)))
        turns, reading = 0, True

        async def others() -> None:
            nonlocal turns
            while reading:
                await asyncio.sleep(0)
                turns += 1

        beside = asyncio.ensure_future(others())
        if ask == "follow":  # nothing of it is the reader's own, so the stream yields nothing
            stream = followers.stream(OTHER, 1)
            following = asyncio.ensure_future(anext(stream))
            while turns < 5000 // PIECE:
                await asyncio.sleep(0)
            following.cancel()
        else:
            name, arguments = ("log", {"kind": "submit"}) if ask == "log" else ("orders", {"state": "denied"})
            await view(core.kernel, READER, name, arguments, at=core.loop.now(), entries=followers.entries)
        reading = False
        await beside
        assert turns >= 5000 // PIECE

    run(main)
