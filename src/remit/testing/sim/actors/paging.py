"""Approval pages: what people answer through them, and what others send in their name."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from remit.guard.wire.webhook import key_of, secret_of, sign
from remit.kernel import command as c
from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.actors.approving import held_row
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.firm import OPERATORS, PEOPLE, ROLES, Reply
from remit.testing.sim.stage import Stage

STRANGER = "eve"
OFF_S = (301, 330, 3_600)
"""How late a message may come that nobody should hear any more."""
Page = tuple[str, str]
"""A callback's id and its secret."""


async def page_of(stage: Stage, doing: Doing, who: str, *, for_s: int = 0) -> Page | None:
    """Return the page that speaks for somebody; an operator makes one where there is none. `for_s`: a new one that ends
    after so many seconds."""
    if who in stage.pages and not for_s:
        return stage.pages[who]
    role, owner = ROLES[who]
    asked: dict[str, Any] = {"kind": "new_callback", "person": who, "role": role, "owner": owner}
    if for_s:
        asked["expires_at"] = stage.now() + for_s * NANOSECONDS
    reply = await stage.caller(doing.chance.choice(OPERATORS)).ask("command", asked)
    stage.count(f"code:{reply.code}" if reply.code else "took:new_callback")
    if reply.code:
        return None
    made = (reply.ok["command"]["body"]["key"]["id"], reply.ok["secret"])
    if not for_s:
        stage.pages[who] = made
    return made


def message(stage: Stage, doing: Doing, page: Page, row: dict[str, Any], **more: Any) -> dict[str, str]:
    """Return what a page signs for a held order: its approval, now and then a refusal, at this instant."""
    kind = more.get("type", "order.decline" if doing.chance.random() < 0.15 else "order.approve")
    data = {"callback": more.get("callback", page[0]), "order": row["order"], "digest": row["digest"]}
    body = msgspec.json.encode({"type": kind, "data": data}).decode()
    name = more.get("id") or stage.name(doing.chance, "m")
    at = str((stage.now() - more.get("off_s", 0) * NANOSECONDS) // NANOSECONDS)
    signature = sign(key_of(more.get("secret", page[1])), name, at, body)
    return {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": signature, "body": body}


async def send(stage: Stage, who: str, sent: dict[str, str], *, right: bool = True) -> Reply:
    """Send a message to the guard, in somebody's name. `right`: whether that page may have signed it, now."""
    reply = await stage.caller(STRANGER).ask("signed", sent)
    stage.observer.proved(who, "a signed message", right, reply.code)
    stage.count(f"code:{reply.code}" if reply.code else "took:signed")
    return reply


@deed("people", 6, PEOPLE, "answers for a held order through an approval page")
async def answer_by_page(stage: Stage, doing: Doing) -> str:
    """Now and then through a page whose key is about to end, or of what was not shown."""
    row = await held_row(stage, doing)
    short = doing.chance.random() < 0.2
    page = None if row is None else await page_of(stage, doing, doing.who, for_s=2 if short else 0)
    if row is None or page is None:
        return ""
    if short:
        await stage.wait(doing.chance.choice((0, 1, 2, 3)) * NANOSECONDS)
    if doing.chance.random() < 0.1:
        row = row | {"digest": row["digest"][::-1]}
    return f"{row['order']}: {(await send(stage, doing.who, message(stage, doing, page, row))).words}"


@deed("hostile", 6, PEOPLE, "hears its page's message said again")
async def replay_page(stage: Stage, doing: Doing) -> str:
    """The same message at once over two links, later, and its id on another order."""
    row = await held_row(stage, doing)
    page = None if row is None else await page_of(stage, doing, doing.who)
    if row is None or page is None:
        return ""
    sent, history = message(stage, doing, page, row, type="order.approve"), stage.observer.histories
    if doing.chance.random() < 0.5:
        replies = await asyncio.gather(*(stage.caller(STRANGER).ask("signed", sent, link=link) for link in range(2)))
        taken = sum(not reply.code for reply in replies)
        if taken > 1 and stage.observer.histories == history:
            stage.observer.proved(doing.who, "one message, twice at once", False, "")
        return f"{row['order']}: {', '.join(reply.words for reply in replies)}"
    first = await send(stage, doing.who, sent)
    await stage.wait(doing.chance.choice((0, 1, 30)) * NANOSECONDS)
    row = await held_row(stage, doing) or row
    again = sent if doing.chance.random() < 0.5 else message(stage, doing, page, row, id=sent["webhook-id"])
    may = bool(first.code) or stage.observer.histories != history  # what was lost with a crash may be said again
    second = await send(stage, doing.who, again, right=may)
    return f"{row['order']}: {first.words}, then {second.words}"


@deed("hostile", 5, PEOPLE, "is spoken for by somebody who signed with another key, or not this")
async def forge_page(stage: Stage, doing: Doing) -> str:
    """A made-up key, somebody else's, an altered body, no signature."""
    row = await held_row(stage, doing)
    page = None if row is None else await page_of(stage, doing, doing.who)
    other = await page_of(stage, doing, doing.chance.choice([name for name in PEOPLE if name != doing.who]))
    if row is None or page is None or other is None:
        return ""
    right = message(stage, doing, page, row, type="order.approve")
    forged = doing.chance.choice(
        (
            message(stage, doing, page, row, secret=secret_of(bytes(32))),
            message(stage, doing, page, row, secret=other[1]),
            right | {"webhook-id": stage.name(doing.chance, "m")},
            right | {"body": right["body"].replace("approve", "decline")},
            right | {"webhook-signature": ""},
            message(stage, doing, page, row, callback="C-0"),
        )
    )
    return f"{row['order']}: {(await send(stage, doing.who, forged, right=False)).words}"


@deed("people", 4, PEOPLE, "has a page that sends late, or by a clock that is wrong")
async def send_late(stage: Stage, doing: Doing) -> str:
    """Just beyond what is heard, and far beyond."""
    row = await held_row(stage, doing)
    page = None if row is None else await page_of(stage, doing, doing.who)
    if row is None or page is None:
        return ""
    off_s = doing.chance.choice(OFF_S) * doing.chance.choice((1, -1))
    return f"{row['order']}: {(await send(stage, doing.who, message(stage, doing, page, row, off_s=off_s))).words}"


@deed("people", 4, OPERATORS, "removes a page that then answers all the same")
async def remove_page(stage: Stage, doing: Doing) -> str:
    """What is signed with its key is worth nothing from that entry on."""
    row, who = await held_row(stage, doing), doing.chance.choice(PEOPLE)
    page = None if row is None else await page_of(stage, doing, who)
    if row is None or page is None:
        return ""
    history = stage.observer.histories
    removed = await stage.ask(doing.who, c.RemoveCallback(callback=page[0], why="the page moved"))
    stage.pages.pop(who, None)
    may = bool(removed.code) or stage.observer.histories != history
    return f"{removed.words}, then {(await send(stage, who, message(stage, doing, page, row), right=may)).words}"
