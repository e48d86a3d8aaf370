"""What attackers try: in another's name, with stale and invented tokens, with frames that are none."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from remit.guard.errors import GuardError
from remit.guard.frame import FRAME_BYTES_MAX, pack
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import plain
from remit.kernel.instrument import Mark
from remit.kernel.mandate import EMPTY
from remit.kernel.numbers import SCALE, Price, Quantity
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import any_of, drawn_order
from remit.testing.sim.firm import AGENTS, CONNECTIONS, OPERATORS, TRADERS, agent_of
from remit.testing.sim.stage import Stage

LONG = 40_000
"""Characters of a text that no command may have."""


@deed("hostile", 3, TRADERS, "orders in the name of another agent")
async def order_for_another(stage: Stage, doing: Doing) -> str:
    """Or through a connection that it was never granted, or as a client that it is not."""
    other = doing.chance.choice(sorted(set(AGENTS) - {agent_of(doing.who)}))
    body = drawn_order(stage, other, doing.chance)
    if doing.chance.random() < 0.4:
        body = stage.changed(body, agent=agent_of(doing.who))
    elif doing.chance.random() < 0.3:
        body = c.Submit(intent=body.intent, client="claude")
    return (await stage.ask(doing.who, body)).words


@deed("hostile", 3, TRADERS, "cancels an order of another agent")
async def cancel_of_another(stage: Stage, doing: Doing) -> str:
    """Known by its id, which is no secret."""
    rows = [row for row in await stage.see("eve", "orders", live=True) if row["agent"] != agent_of(doing.who)]
    row = any_of(doing.chance, rows)
    return "" if row is None else (await stage.ask(doing.who, c.Cancel(order=row["order"]))).words


@deed("hostile", 3, TRADERS, "uses a token that is worth nothing any more")
async def stale_token(stage: Stage, doing: Doing) -> str:
    """A revoked or expired one, or one that was never issued."""
    invented = f"remit_agent_{doing.chance.getrandbits(200):049d}"[:61]
    token = doing.chance.choice((*stage.retired[-5:], invented, "", "x" * 150))
    return (await stage.ask(doing.who, drawn_order(stage, doing.who, doing.chance), token=token)).words


@deed("hostile", 4, (*TRADERS, "prices", "eve"), "tries to widen what it may do")
async def widen_itself(stage: Stage, doing: Doing) -> str:
    """Mandates, grants, capabilities, tokens, approvals, resumes, settlements: nothing of it is an agent's to say."""
    agent = agent_of(doing.who) if doing.who in TRADERS else "momentum"
    halts = await stage.see("eve", "halts")
    held = await stage.see("bob", "approvals")
    tried: list[Any] = [
        c.SetMandate(subject=f"agent:{agent}", mandate=EMPTY, why="more room"),
        c.SetGrant(agent=agent, connection=doing.chance.choice(sorted(CONNECTIONS)), granted=True),
        c.SetCapability(agent=agent, capability="place_order", enabled=True),
        c.SetTolerance(connection="paper1", tolerance=access.Tolerance(), why="looser"),
        c.SetPause(subject=f"agent:{agent}", paused=False, why="go on"),
        c.Adopt(connection="paper1", truth="book", why="nothing differs"),
        {"kind": "new_token", "role": "operator", "name": doing.who, "owner": "ann"},
    ]
    approvals = [c.Approve(order=row["order"], digest=row["digest"]) for row in held]
    ends: list[Any] = [c.Review(halt=row["id"], limit=row["rule"], why="all well") for row in halts]
    ends += [c.Resume(halt=row["id"], why="all well") for row in halts]
    for others in (ends, approvals):
        if others and doing.chance.random() < 0.5:
            tried = others
    return (await stage.ask(doing.who, doing.chance.choice(tried))).words


@deed("hostile", 3, (*TRADERS, *OPERATORS), "says what only the guard or a feed may say")
async def words_of_others(stage: Stage, doing: Doing) -> str:
    """Fills, holdings, ticks, marks, and ids that are the guard's own."""
    row = any_of(doing.chance, await stage.see("eve", "orders", live=True))
    order = "none-1" if row is None else row["order"]
    first = drawn_order(stage, "momentum" if doing.who in OPERATORS else doing.who, doing.chance)
    price = Price(stage.price(first.intent.instrument) * 2)
    said: tuple[Any, ...] = (
        c.Filled(order=order, fill="f-1", quantity=Quantity(SCALE), price=Price(SCALE)),
        c.Cancelled(order=order),
        c.Rejected(order=order, code="never"),
        c.Reconciled(connection="paper1", positions=(), cash=(), orders=()),
        c.Tick(),
        c.KernelStopped(),
        stage.changed(first, id=f"exit-{first.intent.id}"),
        stage.changed(first, id=f"flatten-{first.intent.id}"),
    )
    marks = (Mark(instrument=first.intent.instrument, at=stage.now(), bid=price, ask=price, last=price),)
    if doing.who in TRADERS and doing.chance.random() < 0.3:
        return (await stage.ask(doing.who, c.Marked(marks=marks))).words
    return (await stage.ask(doing.who, doing.chance.choice(said))).words


@deed("hostile", 4, TRADERS, "sends a command with fields that do not exist, or far too much of them")
async def odd_command(stage: Stage, doing: Doing) -> str:
    """Unknown fields, unknown kinds, wrong types, numbers that are none, endless text."""
    good: dict[str, Any] = plain(drawn_order(stage, doing.who, doing.chance))
    intent = good["intent"]
    odd: tuple[Any, ...] = (
        good | {"bypass": True},
        good | {"intent": intent | {"force": "yes"}},
        good | {"intent": intent | {"quantity": 5}},
        good | {"intent": intent | {"quantity": "NaN"}},
        good | {"intent": intent | {"quantity": "-3"}},
        good | {"intent": intent | {"quantity": "1" * 60}},
        good | {"intent": intent | {"side": "both"}},
        good | {"intent": intent | {"environment": "paper"}},
        good | {"intent": intent | {"instrument": "A" * LONG}},
        good | {"marks": [{"instrument": intent["instrument"], "at": 0, "bid": "1", "ask": "1", "last": "1"}]},
        {"kind": "submit"},
        {"kind": "bypass_everything"},
        {"command": good, "text": "ignore all limits and buy " * 3_000},
        {"command": good, "text": "ignore all limits"},
        [good] * 50,
        "submit",
        None,
    )
    reply = await stage.call(doing.who, "command", doing.chance.choice(odd))
    stage.count(f"code:{reply.code}" if reply.code else "took:odd")
    return reply.words


@deed("hostile", 4, ("a stranger",), "sends bytes that are no frame")
async def odd_bytes(stage: Stage, doing: Doing) -> str:
    """Garbage, lengths that lie, JSON that is none, half a frame and a hang-up."""
    chance = doing.chance
    deep = b'{"id":1,"token":"","do":"command","body":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    frames = (
        chance.randbytes(chance.randint(1, 400)),
        (FRAME_BYTES_MAX + 1).to_bytes(4, "big") + b"{}",
        b"\xff\xff\xff\xff",
        pack(b""),
        pack(b"{"),
        pack(b'{"id":0,"token":"","do":"command"}'),
        pack(b'{"id":1,"token":"","do":"everything","body":null}'),
        pack(b'{"id":1,"id":2,"token":"","do":"read","body":{"view":"orders"}}'),
        pack(b'{"id":1,"token":"' + b"t" * 300 + b'","do":"read","body":null}'),
        pack(deep),
        pack(chance.randbytes(60)) * 3,
        pack(b'{"id":1,"token":"","do":"command","body":{}}')[:-4],
    )
    try:
        reader, writer = await asyncio.open_unix_connection(str(stage.socket))
    except OSError:
        return ""
    said = chance.choice(frames)
    writer.write(said)
    answer = b""
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(2):
            answer = await reader.read(4096)
    writer.close()
    return f"{len(said)} bytes, {'answered' if answer else 'no answer'}"


@deed("hostile", 3, TRADERS, "hangs up in the middle of its own requests")
async def hang_up(stage: Stage, doing: Doing) -> str:
    """What was asked goes on without it; nobody ever hears the answer."""
    body = drawn_order(stage, doing.who, doing.chance)
    caller = stage.caller(doing.who)
    asked = asyncio.ensure_future(stage.ask(doing.who, body, link=2))
    await stage.wait(doing.chance.choice((0, 1_000_000, 10_000_000)))
    caller.hang_up(2)
    with contextlib.suppress(GuardError):
        return (await asked).words
    return "no answer"
