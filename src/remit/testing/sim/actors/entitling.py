"""What operators take away and give back: limits, capabilities, grants, tokens; and what they say of a connection."""

from __future__ import annotations

import asyncio

import msgspec

from remit.guard.wire import Do
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.numbers import NANOSECONDS, SCALE, Money, Quantity, Ratio
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import drawn_order
from remit.testing.sim.actors.stopping import adopt, confirm_all
from remit.testing.sim.firm import ACCOUNTS, AGENTS, CONNECTIONS, OPERATORS, ROLES, TRADERS, agent_of
from remit.testing.sim.limits import tightened
from remit.testing.sim.stage import Stage

MILLISECOND = NANOSECONDS // 1000
RIGHTS: tuple[access.Capability, ...] = ("place_order", "replace_order", *access.FIRST)
"""Every capability that agents have at the start."""
_READINGS: tuple[tuple[access.Capability, Do, dict[str, str]], ...] = (
    ("preview_order", "preview", {}),
    ("get_positions", "read", {"view": "positions"}),
    ("get_limits", "read", {"view": "effective"}),
    ("get_exposure", "read", {"view": "exposure"}),
    ("list_orders", "read", {"view": "orders"}),
)
LIMITED: tuple[str, ...] = ("firm", *(f"account:{name}" for name in ACCOUNTS), *(f"agent:{name}" for name in AGENTS))


@deed("people", 5, OPERATORS, "tightens a mandate, perhaps below what is at risk now")
async def tighten(stage: Stage, doing: Doing) -> str:
    """Every amount of a mandate becomes a part of itself: at once, while orders under it work."""
    of, parts = doing.chance.choice(LIMITED), doing.chance.choice((0, 5, 20, 60, 90))
    body = c.SetMandate(subject=of, mandate=tightened(stage.mandate(of), parts), why=f"{parts} % of before")
    if doing.chance.random() < 0.3:
        who = doing.chance.choice(TRADERS)
        reply, _ = await asyncio.gather(stage.ask(doing.who, body), stage.ask(who, _order(stage, doing, who)))
    else:
        reply = await stage.ask(doing.who, body)
    return f"{of} to {parts} %: {reply.words}"


@deed("care", 8, OPERATORS, "gives every mandate its first terms again")
async def loosen(stage: Stage, doing: Doing) -> str:
    """Loosening, journalled with who and why."""
    return await first_mandates(stage, doing.who)


@deed("people", 2, OPERATORS, "publishes a mandate and gives no reason")
async def mandate_without_why(stage: Stage, doing: Doing) -> str:
    """Looser or tighter: without a reason that can be read in the history it is refused."""
    of, parts = doing.chance.choice(LIMITED), doing.chance.choice((50, 100, 300))
    body = c.SetMandate(subject=of, mandate=tightened(stage.mandate(of), parts), why=doing.chance.choice(("", "  ")))
    return f"{of} to {parts} %: {(await stage.ask(doing.who, body)).words}"


@deed("people", 1, OPERATORS, "publishes a mandate that ends in a moment")
async def lapse_mandate(stage: Stage, doing: Doing) -> str:
    """With its mandate over a subject has none, and nothing opens."""
    of = doing.chance.choice(LIMITED)
    ends = stage.now() + doing.chance.choice((1, 2 * NANOSECONDS, 5 * NANOSECONDS))
    body = c.SetMandate(subject=of, mandate=stage.mandate(of), why="for a moment", expires_at=ends)
    return f"{of}: {(await stage.ask(doing.who, body)).words}"


@deed("people", 3, OPERATORS, "switches a capability of an agent off")
async def withdraw_capability(stage: Stage, doing: Doing) -> str:
    """Perhaps at the instant at which the agent orders."""
    agent = doing.chance.choice(sorted(AGENTS))
    capability: access.Capability = doing.chance.choice(("place_order", "place_order", "replace_order"))
    body = c.SetCapability(agent=agent, capability=capability, enabled=False)
    order = stage.ask(agent, _order(stage, doing, agent))
    replies = await asyncio.gather(stage.ask(doing.who, body), order)
    return f"{capability} of {agent}: {replies[0].words}"


@deed("people", 3, OPERATORS, "switches off what an agent may ask")
async def withdraw_reading(stage: Stage, doing: Doing) -> str:
    """A read, or the preview: while the agent asks for it, and asks again."""
    who = doing.chance.choice(TRADERS)
    capability, do, asked = doing.chance.choice(_READINGS)
    body = c.SetCapability(agent=agent_of(who), capability=capability, enabled=False)
    question = asked or _order(stage, doing, who)
    replies = await asyncio.gather(stage.ask(doing.who, body), stage.call(who, do, question))
    again = await stage.call(who, do, question)
    return f"{capability} of {agent_of(who)}: {replies[0].words}; {who} is told {again.code or 'it'}"


@deed("people", 3, OPERATORS, "takes a grant away")
async def withdraw_grant(stage: Stage, doing: Doing) -> str:
    """While orders of the agent work through the connection, perhaps while it sends one."""
    agent = doing.chance.choice(sorted(AGENTS))
    connection = doing.chance.choice(AGENTS[agent])
    body = c.SetGrant(agent=agent, connection=connection, granted=False)
    order = stage.ask(agent, _order(stage, doing, agent))
    replies = await asyncio.gather(stage.ask(doing.who, body), order)
    return f"{connection} of {agent}: {replies[0].words}"


@deed("care", 8, OPERATORS, "gives back what was taken away")
async def entitle(stage: Stage, doing: Doing) -> str:
    """Every capability and every grant as at the start."""
    return await first_rights(stage, doing.who)


@deed("people", 2, OPERATORS, "revokes a token and issues another one")
async def revoke_token(stage: Stage, doing: Doing) -> str:
    """The old one is worth nothing at once, also for what is on its way."""
    who = doing.chance.choice(sorted(set(ROLES) - set(OPERATORS)))
    known = await stage.caller(who).ask("read", {"view": "self"})
    if known.code:
        return ""
    old = stage.caller(who).token
    asked = [stage.ask(doing.who, c.RevokeToken(token=known.ok["token"], why="may have leaked"))]
    if who in TRADERS:
        asked.append(stage.ask(who, _order(stage, doing, who)))
    replies = await asyncio.gather(*asked)
    await stage.issue(doing.who, who)
    stage.retired.append(old)
    return f"of {who}: {', '.join(reply.words for reply in replies)}"


@deed("people", 2, OPERATORS, "issues a token that ends in a moment")
async def short_token(stage: Stage, doing: Doing) -> str:
    """Used before its end, at its very end and after it."""
    who = doing.chance.choice(TRADERS)
    ends = stage.now() + doing.chance.choice((500 * MILLISECOND, NANOSECONDS, 2 * NANOSECONDS))
    reply = await stage.issue(doing.who, who, expires_at=ends, for_good=False)
    if reply.code:
        return ""
    secret = reply.ok["secret"]
    first = await stage.ask(who, _order(stage, doing, who), token=secret)
    moment = doing.chance.choice((-10 * MILLISECOND, -MILLISECOND, 0, MILLISECOND))
    await stage.wait(max(ends - stage.now() + moment, 0))
    last = await stage.ask(who, _order(stage, doing, who), token=secret)
    stage.retired.append(secret)
    return f"of {who}: {first.words}, {last.words}"


@deed("people", 2, OPERATORS, "changes how far a connection may drift")
async def set_tolerance(stage: Stage, doing: Doing) -> str:
    """Shorter and longer windows, fewer and more unknown orders, the dead man on and off."""
    chance, connection = doing.chance, doing.chance.choice(sorted(CONNECTIONS))
    tolerance = access.Tolerance(
        window_s=chance.choice((0, 5, 30, 120)),
        floor=Money(chance.choice((0, 1, 100)) * SCALE),
        rounds=chance.choice((1, 3)),
        unknown_age_max_s=chance.choice((10, 60, 300)),
        unknown_count_max=chance.choice((0, 2, 20)),
        dead_man_s=chance.choice((0, 10, 60)),
        silent_rounds=chance.choice((1, 3)),
    )
    body = c.SetTolerance(connection=connection, tolerance=tolerance, why="as things are")
    return f"{connection}: {(await stage.ask(doing.who, body)).words}"


@deed("care", 6, OPERATORS, "decides what is true where book and venue differ")
async def decide(stage: Stage, doing: Doing) -> str:
    """The venue or the book, for one connection, of the differences as they were shown."""
    truth = doing.chance.choice(("venue", "venue", "book"))
    rows = await stage.see(doing.who, "drifts")
    differ = [row["connection"] for row in rows if row["shown"]]
    if not differ:
        await asyncio.gather(*(stage.ask(doing.who, c.Ask(connection=row["connection"])) for row in rows))
        await stage.wait(NANOSECONDS)
    connection = doing.chance.choice(differ or sorted(CONNECTIONS))
    reply = await adopt(stage, doing.who, connection, truth)
    return "" if reply is None else f"{truth} of {connection}: {reply.words}"


@deed("people", 2, OPERATORS, "asks a venue what it holds")
async def ask_venue(stage: Stage, doing: Doing) -> str:
    """Beside the guard's own rounds."""
    connection = doing.chance.choice(sorted(CONNECTIONS))
    return f"{connection}: {(await stage.ask(doing.who, c.Ask(connection=connection))).words}"


@deed("people", 3, OPERATORS, "states a fact of the world")
async def state_fact(stage: Stage, doing: Doing) -> str:
    """A locate, a volume, a margin, a short-sale restriction."""
    chance, name = doing.chance, doing.chance.choice(sorted(stage.instruments))
    located, ends = Quantity(chance.randint(0, 50) * SCALE), stage.now() + chance.randint(0, 90) * NANOSECONDS
    connection = chance.choice(sorted(CONNECTIONS))
    facts: tuple[c.Body, ...] = (
        c.SetLocate(connection=connection, instrument=name, quantity=located, expires_at=ends),
        c.SetVolume(instrument=name, average_daily=Quantity(chance.randint(0, 5_000) * SCALE)),
        c.SetMargin(instrument=name, initial=Ratio(chance.randint(5, 100) * SCALE // 100)),
        c.SetShortRestriction(instrument=name, restricted=chance.random() < 0.5),
    )
    body = chance.choice(facts)
    return f"{type(body).__name__} of {name}: {(await stage.ask(doing.who, body)).words}"


async def first_mandates(stage: Stage, who: str) -> str:
    """Publish every mandate as at the start where it is another one now; return of whom.

    What people let go at the end, to end a halt, is not put back: the halt would come again, with its cooldown.
    """
    first = {
        of: msgspec.structs.replace(mandate, **dict.fromkeys(stage.let_go[of]))
        for of, mandate in stage.first_mandates.items()
    }
    changed = [of for of in first if stage.mandates[of] != first[of] or of in stage.lapsing]
    bodies = [c.SetMandate(subject=of, mandate=first[of], why="as it was") for of in changed]
    replies = await asyncio.gather(*(stage.ask(who, body) for body in bodies))
    await confirm_all(stage, who, {reply.proposal for reply in replies} - {""})
    return ", ".join(changed)


async def let_in(stage: Stage, who: str) -> str:
    """Let everybody in who is shut out, with the role they had, and give them a new token; return whom."""
    out = [row for row in await stage.see(who, "people") if row["known"] and row["disabled"]]
    for row in out:
        await stage.ask(who, c.SetPerson(name=row["name"], role=row["role"], why="back again"))
        await stage.issue(who, row["name"])
    return ", ".join(row["name"] for row in out)


async def first_rights(stage: Stage, who: str) -> str:
    """Give every agent its capabilities and grants again; return what was missing."""
    missing: list[c.Body] = []
    for row in await stage.see(who, "agents"):
        name = row["name"]
        for capability in RIGHTS:
            if capability not in row["capabilities"]:
                missing.append(c.SetCapability(agent=name, capability=capability, enabled=True))
        for connection in AGENTS[name]:
            if connection not in row["connections"]:
                missing.append(c.SetGrant(agent=name, connection=connection, granted=True))
    await asyncio.gather(*(stage.ask(who, body) for body in missing))
    return f"{len(missing)} of them" if missing else ""


def _order(stage: Stage, doing: Doing, who: str) -> c.Submit:
    return drawn_order(stage, who, doing.chance)
