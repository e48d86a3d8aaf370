"""People who sign in with browsers, what ends their sessions, and those who guess."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import Any

from remit.guard.errors import GuardError
from remit.guard.totp import STEP_S, code_at
from remit.guard.wire import AsyncClient, Do
from remit.kernel import command as c
from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.entitling import let_in
from remit.testing.sim.firm import APPROVERS, OPERATORS, ROLES, Reply
from remit.testing.sim.observer import LOSSES
from remit.testing.sim.stage import Stage

ENDS = ("signs out", "is revoked", "is shut out", "gets another password", "loses the token behind it")
ITEMS_MAX = 50


async def ask(stage: Stage, who: str, token: tuple[str, str], do: Do, body: object) -> Reply:
    """Let somebody ask with a token, its id and its secret, and tell the observer of an answer."""
    stage.observer.look()
    after, history = len(stage.observer.durable.entries), stage.observer.histories
    reply = await stage.caller(who).ask(do, body, token=token[1])
    if stage.observer.histories == history:
        stage.observer.used(who, token[0], after, reply.code)
    return reply


async def sign_in(stage: Stage, who: str, *, right: bool, **body: Any) -> tuple[str, str] | None:
    """Let somebody sign in, or try to; return the session's id and secret. `right`: whether it is that person."""
    reply = await stage.caller("eve").ask("sign_in", body)
    stage.observer.proved(who, str(body["kind"]), right, reply.code)
    stage.count(f"code:{reply.code}" if reply.code else "took:sign_in")
    return None if reply.code else (reply.ok["token"], reply.ok["secret"])


async def enter(stage: Stage, by: str, person: str, password: str) -> tuple[str, str] | None:
    """Give a person a first password, and let them sign in and choose their own."""
    first = {"kind": "set_password", "person": person, "password": f"first {password}"}
    if (await stage.caller(by).ask("command", first)).code:
        return None
    body = {"kind": "password", "person": person, "password": f"first {password}"}
    return await sign_in(stage, person, right=True, **body, new_password=password)


@deed("people", 4, OPERATORS, "lets an approver sign in, and ends the session while it is used")
async def end_sign_in(stage: Stage, doing: Doing) -> str:
    """With a stream open, and with a question on its way at the instant of its end."""
    chance, who = doing.chance, doing.chance.choice(APPROVERS)
    how = chance.choice(ENDS)
    session = await _opened(stage, doing, who, how)
    if session is None:
        return ""
    stream = stage.loop.spawn(stage.people, _follow(stage, who, session[0]))
    await ask(stage, who, session[0], "read", {"view": "approvals"})
    replies = await asyncio.gather(
        _end(stage, doing.who, who, session, how), ask(stage, who, session[0], "read", {"view": "me"})
    )
    later = [await ask(stage, who, session[0], "read", {"view": "positions"}) for _ in range(2)]
    later.append(await ask(stage, who, session[0], "command", c.SetPause(subject="firm", paused=False, why="go on")))
    await stage.wait(2 * NANOSECONDS)
    if not stream.done():
        stream.cancel()
    if how == "is shut out":
        await let_in(stage, doing.who)
    return f"{who} {how}: {replies[0].words}, then {', '.join(reply.words for reply in later)}"


async def _opened(
    stage: Stage, doing: Doing, who: str, how: str
) -> tuple[tuple[str, str], tuple[str, str] | None] | None:
    """Return a session, and the token that vouched for it where one did."""
    if how != ENDS[-1]:
        opened = await enter(stage, doing.who, who, f"{doing.chance.getrandbits(64):016x} and so on")
        return None if opened is None else (opened, None)
    role, owner = ROLES[who]
    issued = await stage.caller(doing.who).ask(
        "command", {"kind": "new_token", "role": role, "name": who, "owner": owner}
    )
    if issued.code:
        return None
    parent = (issued.ok["command"]["body"]["grant"]["token"], issued.ok["secret"])
    made = await stage.caller(who).ask("command", {"kind": "new_code"}, token=parent[1])
    if made.code:
        return None
    opened = await sign_in(stage, who, right=True, kind="code", code=made.ok["code"])
    await sign_in(stage, who, right=False, kind="code", code=made.ok["code"])
    return None if opened is None else (opened, parent)


async def _end(
    stage: Stage, by: str, who: str, session: tuple[tuple[str, str], tuple[str, str] | None], how: str
) -> Reply:
    """End a session in one of the ways."""
    (token, secret), parent = session
    if how == "signs out":
        return await stage.caller(who).ask("command", {"kind": "sign_out"}, token=secret)
    if how == "is revoked":
        return await stage.ask(by, c.RevokeToken(token=token, why="a laptop was lost"))
    if how == "is shut out":
        role: Any = ROLES[who][0]
        return await stage.ask(by, c.SetPerson(name=who, role=role, disabled=True, why="left"))
    if parent is not None:
        return await stage.ask(by, c.RevokeToken(token=parent[0], why="may have leaked"))
    body = {"kind": "set_password", "person": who, "password": "another one that nobody knows"}
    return await stage.caller(by).ask("command", body)


async def _follow(stage: Stage, who: str, token: tuple[str, str]) -> None:
    """Follow the journal, and tell the observer of each entry: it is an answer that follows the entry before it."""
    history, heard = stage.observer.histories, 0
    with contextlib.suppress(GuardError):
        client = AsyncClient(stage.socket, token[1], "sim")
        async with contextlib.aclosing(client.follow({"from": 0})) as stream:  # type: ignore[type-var]
            async for record in stream:
                heard += 1
                if stage.observer.histories != history or heard > ITEMS_MAX:
                    return
                stage.observer.used(who, token[0], record["command"]["seq"] - 1, "")


@deed("people", 4, OPERATORS, "lets an approver sign in with codes of an app, each of which is good once")
async def sign_in_with_codes(stage: Stage, doing: Doing) -> str:
    """Without a code, with one that was used, with one twice at once; then the app is taken away again."""
    who, password = doing.chance.choice(APPROVERS), f"{doing.chance.getrandbits(64):016x} and so on"
    session = await enter(stage, doing.who, who, password)
    if session is None:
        return ""
    begun = await ask(stage, who, session, "command", {"kind": "begin_totp"})
    if begun.code:
        return begun.code
    written, first = begun.ok["secret"], len(stage.observer.seen)
    secret = base64.b32decode(written + "=" * (-len(written) % 8))
    used = code_at(secret, stage.now() // NANOSECONDS // STEP_S)
    if (await ask(stage, who, session, "command", {"kind": "confirm_totp", "code": used})).code:
        return "not confirmed"
    body = {"kind": "password", "person": who, "password": password}
    tried = [await _tried(stage, body), await _tried(stage, {**body, "code": used})]
    await stage.wait(2 * STEP_S * NANOSECONDS)
    fresh = {**body, "code": code_at(secret, stage.now() // NANOSECONDS // STEP_S)}
    both = await asyncio.gather(*(_tried(stage, fresh) for _ in range(2)))
    if _is_undisturbed(stage, who, first):
        stage.observer.proved(who, "a password alone", False, tried[0].code)
        stage.observer.proved(who, "a code that was used", False, tried[1].code)
        stage.observer.proved(who, "one code twice", False, both[0].code or both[1].code)
    await stage.caller(doing.who).ask("command", {"kind": "remove_totp", "person": who})
    return f"{who}: {', '.join(reply.words for reply in (*tried, *both))}"


def _is_undisturbed(stage: Stage, who: str, first: int) -> bool:
    """Whether since an observation nobody else changed a person's credentials, and the world took nothing away."""
    for seen in stage.observer.seen[first:]:
        if seen.kind == "befell" and seen.what in LOSSES:
            return False
        body = seen.what[0].command.body if seen.kind in ("heard", "joined") else None
        if (
            isinstance(body, c.CredentialSet)
            and body.person == who
            and (body.credential, body.removed) != ("totp", False)
        ):
            return False
    return True


async def _tried(stage: Stage, body: dict[str, Any]) -> Reply:
    return await stage.caller("eve").ask("sign_in", body)


@deed("hostile", 3, ("eve", "prices", "momentum"), "guesses passwords and codes, many at once")
async def guess(stage: Stage, doing: Doing) -> str:
    """Of people who exist and who do not; with an old code, and with answers to no challenge."""
    chance = doing.chance
    names = (*APPROVERS, "zoe", "ann")
    tries: list[dict[str, Any]] = [
        {"kind": "password", "person": chance.choice(names), "password": f"guess {chance.getrandbits(16)}"}
        for _ in range(max(doing.times, 2))
    ]
    tries.append({"kind": "code", "code": f"{chance.getrandbits(192):048x}"})
    tries.append({"kind": "passkey_finish", "ceremony": "0" * 32, "response": {}})
    sessions = await asyncio.gather(*(sign_in(stage, doing.who, right=False, **body) for body in tries))
    return f"{len(tries)} times, {sum(session is not None for session in sessions)} let in"
