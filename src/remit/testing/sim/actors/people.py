"""What people do about each other: owners within their accounts and beyond, second persons, and who is shut out."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.names import subject
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import any_of
from remit.testing.sim.actors.entitling import LIMITED, let_in
from remit.testing.sim.firm import (
    ACCOUNTS,
    AGENTS,
    APPROVERS,
    CONNECTIONS,
    OPERATORS,
    OWNERS,
    PEOPLE,
    ROLES,
    Reply,
)
from remit.testing.sim.limits import tightened
from remit.testing.sim.stage import Stage

DECIDING: tuple[str, ...] = (*PEOPLE, *OWNERS)
"""Whoever may confirm a change, where it is theirs to say."""


def of_owner(who: str) -> tuple[str, tuple[str, ...]]:
    """Return the account that an owner rules, and its agents."""
    owner = ROLES[who][1]
    account = next(name for name, (of, _) in ACCOUNTS.items() if of == owner)
    return account, tuple(name for name, through in AGENTS.items() if CONNECTIONS[through[0]] == account)


def partners(who: str) -> tuple[str, ...]:
    """Return who acts as the same owner as somebody, under another name."""
    return tuple(name for name in DECIDING if ROLES[name][1] == ROLES[who][1] and name != who)


def subjects_of(who: str) -> tuple[str, ...]:
    """Return the subjects whose mandates somebody may set."""
    if who not in OWNERS:
        return LIMITED
    account, agents = of_owner(who)
    return (subject("account", account), *(subject("agent", agent) for agent in agents))


def looser(stage: Stage, doing: Doing, of: str) -> c.SetMandate:
    """Return a mandate with more room, or with the first terms and no second person asked for."""
    if doing.chance.random() < 0.2 and of in stage.first_mandates:
        mandate = msgspec.structs.replace(stage.first_mandates[of], second_person="waived")
    else:
        mandate = tightened(stage.mandate(of), doing.chance.choice((110, 150, 300)))
    return c.SetMandate(subject=of, mandate=mandate, why="more room")


async def confirmed(stage: Stage, who: str, proposal: str) -> Reply | None:
    """Let somebody look for a change and confirm it as shown; None where they are not shown it."""
    rows = await stage.see(who, "proposals")
    row = next((row for row in rows if row["proposal"] == proposal), None)
    if row is None:
        return None
    return await stage.ask(who, c.ConfirmChange(proposal=proposal, digest=row["digest"]))


@deed("people", 8, (*OPERATORS, *OWNERS), "gives a mandate more room, and somebody confirms it")
async def loosen_one(stage: Stage, doing: Doing) -> str:
    """The same person, somebody who shares their owner, or another; now and then after another version came between."""
    chance = doing.chance
    of = chance.choice(subjects_of(doing.who))
    reply = await stage.ask(doing.who, looser(stage, doing, of))
    if not reply.has("proposed"):
        return f"{of}: {reply.words}"
    said = [f"{of}: waits"]
    if chance.random() < 0.3:
        between = c.SetMandate(subject=of, mandate=tightened(stage.mandate(of), 90), why="tighter in between")
        said.append((await stage.ask(chance.choice(OPERATORS), between)).words)
    for who in (doing.who, chance.choice(partners(doing.who)), chance.choice(DECIDING)):
        found = await confirmed(stage, who, reply.proposal)
        said.append(f"{who} {'is not shown it' if found is None else found.words}")
    return ", ".join(said)


@deed("people", 3, DECIDING, "confirms a change that waits")
async def confirm_change(stage: Stage, doing: Doing) -> str:
    """As it was shown, or with the digest of something else; at once with another who confirms it too."""
    row = any_of(doing.chance, await stage.see(doing.who, "proposals"))
    if row is None:
        return ""
    digest = row["digest"] if doing.chance.random() < 0.8 else row["digest"][::-1]
    body = c.ConfirmChange(proposal=row["proposal"], digest=digest)
    both = (stage.ask(doing.who, body), stage.ask(doing.chance.choice(DECIDING), body, link=1))
    replies = await asyncio.gather(*both)
    return f"{row['proposal']} of {row['subject']}: {', '.join(reply.words for reply in replies)}"


@deed("people", 1, DECIDING, "drops a change that waits")
async def drop_change(stage: Stage, doing: Doing) -> str:
    """It never takes effect."""
    row = any_of(doing.chance, await stage.see(doing.who, "proposals"))
    if row is None:
        return ""
    return f"{row['proposal']}: {(await stage.ask(doing.who, c.DropChange(proposal=row['proposal'], why='no'))).words}"


@deed("people", 5, OWNERS, "rules their own account")
async def rule_own(stage: Stage, doing: Doing) -> str:
    """Pauses, halts, tighter limits, capabilities, approvals, and an end to what they stopped themselves."""
    chance = doing.chance
    account, agents = of_owner(doing.who)
    agent = chance.choice(agents)
    of = chance.choice((subject("account", account), subject("agent", agent)))
    bodies: list[c.Body] = [
        c.SetPause(subject=of, paused=True, why="a look first"),
        c.SetPause(subject=of, paused=False, why="seen"),
        c.Halt(subject=of, why="enough", kill=chance.random() < 0.3),
        c.SetMandate(subject=of, mandate=tightened(stage.mandate(of), 90), why="a little less"),
        c.SetCapability(agent=agent, capability="place_order", enabled=chance.random() < 0.7),
    ]
    held = any_of(chance, await stage.see(doing.who, "approvals"))
    if held is not None:
        bodies += [c.Approve(order=held["order"], digest=held["digest"])] * 3
    stands = any_of(chance, await stage.see(doing.who, "halts"))
    if stands is not None:
        review = c.Review(halt=stands["id"], limit=stands["rule"], why="looked")
        bodies += [review, review, c.Resume(halt=stands["id"], why="looked")]
    body = chance.choice(bodies)
    return f"{type(body).__name__}: {(await stage.ask(doing.who, body)).words}"


@deed("hostile", 5, (*OWNERS, "carl"), "reaches for what is not theirs")
async def reach_beyond(stage: Stage, doing: Doing) -> str:
    """The firm, a venue, another's account and agents, people, tokens, and what others stopped."""
    chance = doing.chance
    own = of_owner(doing.who)[0] if doing.who in OWNERS else ""
    other = chance.choice(sorted(set(ACCOUNTS) - {own}))
    agent = chance.choice([name for name, through in AGENTS.items() if CONNECTIONS[through[0]] == other])
    of = chance.choice(("firm", "venue:paper", subject("account", other), subject("agent", agent)))
    approvals, halts = await stage.see("bob", "approvals"), await stage.see("eve", "halts")
    proposals, pauses = await stage.see("eve", "proposals"), await stage.see("eve", "pauses")
    tried: tuple[list[Any], ...] = (
        [c.SetMandate(subject=of, mandate=tightened(stage.mandate(of), chance.choice((50, 300))), why="as I like")],
        [c.SetPause(subject=of, paused=True, why="as I like"), c.Halt(subject=of, why="as I like", kill=True)],
        [
            c.SetCapability(agent=agent, capability="place_order", enabled=True),
            c.SetGrant(agent=agent, connection=AGENTS[agent][0], granted=False),
        ],
        [
            c.AddPerson(person=access.Person(name="mallory", role="operator")),
            c.SetPerson(name=doing.who, role="operator", why="I am one"),
        ],
        [
            {"kind": "new_token", "role": "agent", "name": agent, "owner": ROLES[doing.who][1]},
            {"kind": "new_token", "role": "approver", "name": doing.who, "owner": "another"},
        ],
        [c.Approve(order=row["order"], digest=row["digest"]) for row in approvals],
        [c.Review(halt=row["id"], limit=row["rule"], why="fine") for row in halts],
        [c.Resume(halt=row["id"], why="fine") for row in halts],
        [c.ConfirmChange(proposal=row["proposal"], digest=row["digest"]) for row in proposals],
        [c.SetPause(subject=row["subject"], paused=False, why="go on") for row in pauses],
    )
    body = chance.choice(chance.choice([bodies for bodies in tried if bodies]))
    said = body["kind"] if isinstance(body, dict) else type(body).__name__
    return f"{said}: {(await stage.ask(doing.who, body)).words}"


@deed("hostile", 4, OWNERS, "ends what an operator halted or paused of their account")
async def start_again(stage: Stage, doing: Doing) -> str:
    """An owner's accounts are theirs to stop; what somebody else stopped is not theirs to start."""
    account, agents = of_owner(doing.who)
    of = doing.chance.choice((subject("account", account), *(subject("agent", agent) for agent in agents)))
    by = doing.chance.choice((*OPERATORS, *APPROVERS))
    await asyncio.gather(
        stage.ask(by, c.Halt(subject=of, why="stop", kill=doing.chance.random() < 0.3)),
        stage.ask(by, c.SetPause(subject=of, paused=True, why="stop"), link=1),
    )
    bodies: list[c.Body] = [c.SetPause(subject=of, paused=False, why="go on")]
    for row in await stage.see(doing.who, "halts"):
        if row["subject"] == of and row["cause"] in ("person", "kill"):
            bodies.append(c.Review(halt=row["id"], limit=row["rule"], why="fine"))
            bodies.append(c.Resume(halt=row["id"], why="fine"))
    return f"{of}: " + ", ".join([(await stage.ask(doing.who, body)).words for body in bodies])


@deed("people", 2, OPERATORS, "shuts an approver out, who approves at that instant, and lets them in again")
async def shut_out(stage: Stage, doing: Doing) -> str:
    """What they held before is worth nothing at once, and stays so."""
    who = doing.chance.choice(APPROVERS)
    old = stage.caller(who).token
    row = any_of(doing.chance, await stage.see(who, "approvals"))
    asked = [stage.ask(doing.who, c.SetPerson(name=who, role="approver", why="away", disabled=True))]
    if row is not None:
        asked.append(stage.ask(who, c.Approve(order=row["order"], digest=row["digest"])))
    replies = await asyncio.gather(*asked)
    stage.retired.append(old)
    await let_in(stage, doing.who)
    body = c.SetPause(subject=f"agent:{doing.chance.choice(sorted(AGENTS))}", paused=True, why="with the old token")
    last = await stage.ask(who, body, token=old)
    return f"{who}: {', '.join(reply.words for reply in (*replies, last))}"


@deed("care", 3, OPERATORS, "lets everybody in again")
async def let_everybody_in(stage: Stage, doing: Doing) -> str:
    """With the role they had, and a new token."""
    return await let_in(stage, doing.who)
