"""Who changes the keys that sign permits, and when."""

from __future__ import annotations

from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.hosting import MOMENTS, trade
from remit.testing.sim.firm import AGENTS, CONNECTIONS, OPERATORS, Reply
from remit.testing.sim.stage import Stage


@deed("key", 2, OPERATORS, "gives an agent or a connection a new key")
async def rotate_key(stage: Stage, doing: Doing) -> str:
    """While orders are under way; the key before it never speaks again."""
    connection, agent = _drawn(doing)
    await trade(stage, doing)
    reply = await rotate(stage, doing.who, connection, agent)
    await trade(stage, doing)
    return f"{agent or 'the connection'} on {connection}: {reply.words}"


@deed("key", 1, OPERATORS, "gives several keys at once")
async def rotate_keys(stage: Stage, doing: Doing) -> str:
    """One and the same key, and others, in whatever order they come."""
    wanted = [_drawn(doing) for _ in range(doing.chance.choice((2, 3)))]
    for connection, agent in (*wanted, wanted[0]):
        stage.begin(rotate(stage, doing.who, connection, agent))
    await trade(stage, doing)
    return ", ".join(f"{agent or 'the connection'} on {connection}" for connection, agent in wanted)


@deed("key", 1, OPERATORS, "gives a new key, and the power fails meanwhile")
async def crash_in_rotation(stage: Stage, doing: Doing) -> str:
    """Whichever key the journal names after that speaks, and no other."""
    await trade(stage, doing)
    stage.begin(rotate(stage, doing.who, *_drawn(doing)))
    await stage.wait(doing.chance.choice(MOMENTS))
    return stage.keeper.kill(doing.chance.choice((None, 0, 500)))


async def rotate(stage: Stage, who: str, connection: str, agent: str) -> Reply:
    """Let somebody ask for a new key, and remember which generation it is of."""
    body = {"kind": "rotate_key", "connection": connection, "agent": agent, "why": "it is time"}
    reply = await stage.caller(who).ask("command", body)
    stage.count(f"code:{reply.code}" if reply.code else "took:rotate_key")
    of = (connection, agent)
    # What was asked may have been done although nobody heard of it.
    stage.rotated[of] = stage.rotated.get(of, 0) + 1
    return reply


async def overtake(stage: Stage, who: str) -> None:
    """Give everybody a key that is newer than any that a venue has heard of: an old copy of the journal, or a cut one,
    knows less, and may name a key that was erased since."""
    for (connection, agent), times in sorted(stage.rotated.items()):
        for _ in range(times):
            await rotate(stage, who, connection, agent)
    stage.rotated.clear()


def _drawn(doing: Doing) -> tuple[str, str]:
    """Return a connection, and an agent that trades through it or none."""
    connection = doing.chance.choice(sorted(CONNECTIONS))
    return connection, doing.chance.choice(["", *(agent for agent, through in AGENTS.items() if connection in through)])
