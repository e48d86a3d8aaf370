"""What people do to stop and to start: halts, kills, pauses, reviews and resumes."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from remit.kernel import command as c
from remit.kernel.mandate import Mandate
from remit.kernel.names import subject
from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import any_of, drawn_order
from remit.testing.sim.firm import ACCOUNTS, AGENTS, CLIENTS, CONNECTIONS, OPERATORS, PEOPLE, TRADERS, Reply
from remit.testing.sim.stage import Stage

SMALL: tuple[str, ...] = (
    *(subject("agent", name) for name in AGENTS),
    *(subject("client", name) for name in CLIENTS),
    *(subject("connection", name) for name in CONNECTIONS),
)
SUBJECTS: tuple[str, ...] = (*SMALL, *SMALL, *(subject("account", name) for name in ACCOUNTS), "venue:paper", "firm")
"""What may be stopped; the larger, the rarer."""
EMPTIED_NS = NANOSECONDS
"""How long a person waits until a venue has cancelled everything, and has said so."""


@deed("people", 3, PEOPLE, "halts somebody")
async def halt(stage: Stage, doing: Doing) -> str:
    """A latched halt by a person; what works goes on."""
    of = doing.chance.choice(SUBJECTS)
    reply = await stage.ask(doing.who, c.Halt(subject=of, why="looks odd"))
    return f"{of}: {reply.words}"


@deed("people", 3, PEOPLE, "halts an agent while its orders are on their way")
async def halt_during_send(stage: Stage, doing: Doing) -> str:
    """Orders and the halt of who sends them, at one instant or a moment apart."""
    who = doing.chance.choice(TRADERS)
    body = drawn_order(stage, who, doing.chance)
    scope = "client" if who in CLIENTS else "agent"
    of = doing.chance.choice((subject(scope, who), subject("connection", body.intent.connection)))
    moment = doing.chance.choice((0, 0, 1_000_000, 5_000_000, 50_000_000))
    orders = [stage.ask(who, stage.changed(body, id=f"{body.intent.id}-{at}"), link=at) for at in range(3)]
    sent = asyncio.gather(*orders)
    await stage.wait(moment)
    stopped = await stage.ask(doing.who, c.Halt(subject=of, why="stop, now"))
    return f"{of} {stopped.words}; {', '.join(reply.words for reply in await sent)}"


@deed("people", 2, PEOPLE, "kills somebody: what works is cancelled")
async def kill(stage: Stage, doing: Doing) -> str:
    """A halt that also cancels; positions stay."""
    of = doing.chance.choice(SUBJECTS)
    reply = await stage.ask(doing.who, c.Halt(subject=of, why="stop everything", kill=True))
    return f"{of}: {reply.words}"


@deed("people", 2, PEOPLE, "kills somebody and has the positions closed")
async def kill_flat(stage: Stage, doing: Doing) -> str:
    """A kill with flatten; a client has no positions of its own, so that is refused."""
    of = doing.chance.choice(SUBJECTS)
    reply = await stage.ask(doing.who, c.Halt(subject=of, why="out of everything", kill=True, flatten=True))
    return f"{of}: {reply.words}"


@deed("people", 3, PEOPLE, "pauses somebody")
async def pause(stage: Stage, doing: Doing) -> str:
    """A person's own stop, which only a person ends."""
    of = doing.chance.choice(SUBJECTS)
    reply = await stage.ask(doing.who, c.SetPause(subject=of, paused=True, why="a look first"))
    return f"{of}: {reply.words}"


@deed("care", 6, PEOPLE, "ends the pauses")
async def unpause(stage: Stage, doing: Doing) -> str:
    """Every pause in force; a halt of the same subject stays."""
    return await end_pauses(stage, doing.who)


@deed("people", 2, PEOPLE, "pauses and unpauses what is halted")
async def pause_halted(stage: Stage, doing: Doing) -> str:
    """A pause that ends must never take a halt with it."""
    row = await halted_row(stage, doing)
    if row is None:
        return ""
    of = row["subject"]
    first = await stage.ask(doing.who, c.SetPause(subject=of, paused=True, why="beside the halt"))
    second = await stage.ask(doing.who, c.SetPause(subject=of, paused=False, why="the pause alone ends"))
    return f"{of}: {first.words}, {second.words}"


@deed("care", 16, OPERATORS, "reviews the halts and resumes")
async def resume(stage: Stage, doing: Doing) -> str:
    """Every halt in force: looked at, its cause seen to where a person can, and ended."""
    return await end_halts(stage, doing.who)


@deed("people", 2, OPERATORS, "resumes what nobody has reviewed")
async def resume_unreviewed(stage: Stage, doing: Doing) -> str:
    """Refused: who ends a halt has looked at its limit."""
    row = await halted_row(stage, doing)
    if row is None:
        return ""
    first = await stage.ask(doing.who, c.Resume(halt=row["id"], why="just go on"))
    other = await stage.ask(doing.who, c.Review(halt=row["id"], limit="order_notional_max", why="the wrong limit"))
    return f"{row['id']}: {first.words}, {other.words}"


@deed("people", 3, OPERATORS, "resumes at the same instant as another operator, while somebody halts again")
async def resume_race(stage: Stage, doing: Doing) -> str:
    """Two resumes and a new halt of one subject, in some order; afterwards the new halt stands if it came last."""
    row = await halted_row(stage, doing)
    if row is None:
        return ""
    name, of = row["id"], row["subject"]
    await stage.ask(doing.who, c.Review(halt=name, limit=row["rule"], why="looked at it"))
    asked = [stage.ask(who, c.Resume(halt=name, why="both at once")) for who in OPERATORS]
    asked.append(stage.ask("bob", c.Halt(subject=of, why="not yet")))
    doing.chance.shuffle(asked)
    return f"{of}: {', '.join(reply.words for reply in await asyncio.gather(*asked))}"


async def halted_row(stage: Stage, doing: Doing) -> dict[str, Any] | None:
    """Return a halt in force; where there is none an agent is halted first."""
    rows = await stage.see(doing.who, "halts")
    if not rows:
        await stage.ask(doing.who, c.Halt(subject=doing.chance.choice(SMALL), why="to be looked at"))
        rows = await stage.see(doing.who, "halts")
    return any_of(doing.chance, rows)


async def end_pauses(stage: Stage, who: str) -> str:
    """End every pause; return of whom."""
    rows = await stage.see(who, "pauses")
    asked = [c.SetPause(subject=row["subject"], paused=False, why="looked at it") for row in rows]
    await asyncio.gather(*(stage.ask(who, body) for body in asked))
    return ", ".join(row["subject"] for row in rows)


async def end_halts(stage: Stage, who: str) -> str:
    """Review every halt, see to what keeps it, and resume; return what came of each."""
    stage.machine.halt_text = None
    await end_strays(stage, who)
    told = []
    for row in await stage.see(who, "halts"):
        reply = await end_halt(stage, who, row)
        told.append(f"{row['id']} of {row['subject']}: {reply.words}")
    return "; ".join(told)


async def end_strays(stage: Stage, who: str) -> None:
    """Have every connection emptied where the venue works orders that nobody of ours sent: a kill does that."""
    rows = await stage.see(who, "drifts")
    found = [row["connection"] for row in rows if any(one["kind"] == "order" for one in row["drifts"])]
    for connection in found:
        await stage.ask(who, c.Halt(subject=subject("connection", connection), why="orders of others", kill=True))
    if found:
        await stage.wait(EMPTIED_NS)
        await asyncio.gather(*(stage.ask(who, c.Ask(connection=connection)) for connection in found))
        await stage.wait(EMPTIED_NS)


async def end_halt(stage: Stage, who: str, row: dict[str, Any]) -> Reply:
    """Review one halt and resume: a difference is decided for the venue, a limit that stays breached is lifted."""
    name, of, rule = row["id"], row["subject"], row["rule"]
    if row["cause"] == "drift":
        await adopt(stage, who, of.partition(":")[2])
    await stage.ask(who, c.Review(halt=name, limit=rule, why="looked at the numbers"))
    reply = await stage.ask(who, c.Resume(halt=name, why="go on"))
    if reply.code == "still_breached" and of in stage.mandates:
        lifted: Mandate = msgspec.structs.replace(stage.mandates[of], **{rule: None})
        if stage.is_calm:
            stage.let_go[of].add(rule)
        change = await stage.ask(who, c.SetMandate(subject=of, mandate=lifted, why=f"{rule} is let go for today"))
        await confirm_all(stage, who, {change.proposal} - {""})
        reply = await stage.ask(who, c.Resume(halt=name, why="go on without the limit"))
    return reply


async def confirm_all(stage: Stage, who: str, waiting: set[str]) -> None:
    """Let another operator confirm the changes that somebody proposed, as they are shown."""
    second = next(name for name in OPERATORS if name != who)
    shown = [row for row in await stage.see(second, "proposals") if row["proposal"] in waiting] if waiting else []
    for row in shown:
        await stage.ask(second, c.ConfirmChange(proposal=row["proposal"], digest=row["digest"]))


async def adopt(stage: Stage, who: str, connection: str, truth: str = "venue") -> Reply | None:
    """Decide the differences of a connection as they are shown now; None where there are none."""
    for row in await stage.see(who, "drifts", connection=connection):
        if not row["shown"]:
            continue
        body = {"connection": connection, "why": "decided by a person", "shown": row["shown"]}
        agent = next(name for name, through in AGENTS.items() if connection in through)
        chosen = c.Adopt(truth="venue" if truth == "venue" else "book", agent=agent, **body)
        return await stage.ask(who, chosen)
    return None
