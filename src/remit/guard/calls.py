"""Calls: whatever an agent or its client asks is an entry of the journal before it is answered, however it ends.

A command that enters is its own entry. Everything else, a question, a preview, a stream, or what is refused before it
could enter, leaves an `Acted`: the guard's word for it, the door's, and the digest of what was asked, whose text lies
in the side store. Up to `CALLS_PER_S` calls of one token have an entry each; those beyond wait, share one, and are
refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator

import msgspec

from remit.guard.errors import GuardError, GuardStopped, Internal, TextNotKept
from remit.guard.loop import Loop
from remit.guard.views import VIEWS
from remit.guard.wire.message import Request
from remit.guard.world import World
from remit.journal.side import SideStore
from remit.kernel import command as c
from remit.kernel.authority import CALLERS
from remit.kernel.codec import decode
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.state import State

CALLS_PER_S = 100
"""Calls of one token that have an entry each, in the long run; what enters as a command is not counted."""
BURST = 1_000
"""Calls that a token may make at once after it was quiet."""
COMMANDS_MAX = 128
"""Commands of one token that the loop has before it at once; more of them wait behind their own, and keep nobody else
waiting."""
CROWD_NS = NANOSECONDS // 4
"""How long calls beyond the rate wait for the entry that they share."""
SAID_BYTES_MAX = 4_096
"""Of what was asked so much is kept beside the journal."""
OWN_VIEWS = ("state_hash", "text", "receipt", "heads")
"""Views of the guard's own, beside those of the kernel's state."""
_SECRETS = (b'"password"', b'"code"', b'"secret"', b'"token"')
"""What may hold a secret is not kept, whoever sent it by mistake."""


class TooManyCalls(GuardError):
    """The token made more calls than its rate; those that trade are never counted."""

    code = "too_many_calls"


class _Kind(msgspec.Struct):
    """What a body says that it is, as far as that can be read."""

    kind: str = ""
    view: str = ""
    command: msgspec.Raw = msgspec.Raw(b"{}")


class _Crowd:
    """Calls of one token that came too fast, and the entry that counts them."""

    times = 0
    entry: asyncio.Task[None]


class Calls:
    """Journals what agents and clients ask, and bounds how much of the journal one of them takes."""

    def __init__(self, world: World, loop: Loop, side: SideStore, state: State) -> None:
        self._world = world
        self._loop = loop
        self._side = side
        self._state = state
        self._next: dict[str, int] = {}
        """By token: when the next call would be on time, in ns. It runs ahead of the clock by what was used up."""
        self._crowds: dict[str, _Crowd] = {}
        self._turns: dict[str, asyncio.Semaphore] = {}

    @contextlib.asynccontextmanager
    async def journalled(self, by: Principal, request: Request) -> AsyncIterator[None]:
        """Journal what is asked within, however it ends; its entry is durable when this is left. A command that
        entered is its own entry.

        GuardStopped, TextNotKept; TooManyCalls, before anything is looked at, where the token asks beyond its rate.
        """
        if by.role not in CALLERS:
            yield
            return
        if request.do != "command":
            await self.admit(by)
        try:
            yield
        except (GuardStopped, TooManyCalls):  # nothing can be journalled any more; it is counted already
            raise
        except Exception as fault:
            if request.do == "command":
                await self.admit(by)
            await self._enter(by, request, fault.code if isinstance(fault, GuardError) else Internal.code)
            raise
        if request.do != "command":
            await self._enter(by, request)

    async def admit(self, by: Principal) -> None:
        """Return where the token is within its rate; TooManyCalls, once the entry that counts the call is durable."""
        if by.role in CALLERS and not self._on_time(by):
            await self._join(by)

    def turn(self, by: Principal, body: c.Body) -> contextlib.AbstractAsyncContextManager[None]:
        """Return what a command of an agent or client waits for: that fewer than COMMANDS_MAX of its token are under
        way, in order of arrival. Nothing else waits, and no cancel does."""
        if by.role not in CALLERS or isinstance(body, c.Cancel):
            return contextlib.nullcontext()
        return self._turns.setdefault(by.token, asyncio.Semaphore(COMMANDS_MAX))

    def dressed(self, by: Principal, body: c.Noted, said: str, request: Request) -> c.Noted:
        """Return what an agent says of itself with who it is, what its door calls it, and the digest of the text."""
        agent, client = speaker(self._state, by)
        return msgspec.structs.replace(
            body,
            agent=body.agent or agent,
            client=client,
            via=request.act or body.via,
            trace=request.trace or body.trace,
            said=said,
        )

    async def _enter(self, by: Principal, request: Request, code: str = "") -> None:
        said, fault = "", None
        try:
            said = self._kept(request)
        except sqlite3.Error as error:
            fault = TextNotKept(f"the side store refused the text: {error}", "Check the disk")
        code = code or ("" if fault is None else fault.code)
        agent, client = speaker(self._state, by)
        acted = c.Acted(
            what=_word(request),
            ok=not code,
            code=code,
            via=request.act,
            agent=agent,
            client=client,
            token=by.token,
            door=by.door,
            trace=request.trace,
            said=said,
        )
        await self._loop.enter(GUARD, acted)
        if fault is not None and code == fault.code:
            raise fault

    def _kept(self, request: Request) -> str:
        """Return the digest of what was asked, kept in the side store; empty where the guard's word says it all."""
        body = bytes(request.body)
        plain = request.do == "read" and body.strip() == b'{"view":"%b"}' % _word(request)[5:].encode()
        if plain or len(body) <= len(b"null") or any(secret in body for secret in _SECRETS):
            return ""
        return self._side.put("call", body[:SAID_BYTES_MAX].decode(errors="ignore").encode())  # whole characters

    def _on_time(self, by: Principal) -> bool:
        """Whether a call is within its token's rate; it counts then."""
        now, every = self._loop.now(), NANOSECONDS // CALLS_PER_S
        due = max(self._next.get(by.token, 0), now)
        if due - now > (BURST - 1) * every:
            return False
        self._next[by.token] = due + every
        return True

    async def _join(self, by: Principal) -> None:
        """Wait for the entry that counts this call with the others of its token that came too fast; TooManyCalls."""
        crowd = self._crowds.get(by.token)
        if crowd is None:
            crowd = self._crowds[by.token] = _Crowd()
            crowd.entry = asyncio.get_running_loop().create_task(self._count(by, crowd))
            crowd.entry.add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever waits has left
        crowd.times += 1
        await asyncio.shield(crowd.entry)  # one caller that leaves takes no other's entry along
        raise TooManyCalls(
            f"more than {CALLS_PER_S} calls a second", "Wait a second; orders and cancels are not counted", _WAIT
        )

    async def _count(self, by: Principal, crowd: _Crowd) -> None:
        """Let others of the token come for a moment, then enter one entry for all."""
        await self._world.sleep(CROWD_NS)
        del self._crowds[by.token]
        agent, client = speaker(self._state, by)
        acted = c.Acted(
            what="calls",
            ok=False,
            code=TooManyCalls.code,
            agent=agent,
            client=client,
            token=by.token,
            door=by.door,
            times=crowd.times,
        )
        await self._loop.enter(GUARD, acted)


_WAIT = {"retry_after_s": 1}


def speaker(state: State, by: Principal) -> tuple[str, str]:
    """Return (agent, client) for whom a principal speaks; the client is empty for an agent itself."""
    if by.role != "client":
        return (by.name if by.role == "agent" else ""), ""
    known = state.clients.get(by.name)
    return ("" if known is None else known.agent), by.name


def _word(request: Request) -> str:
    """Return the guard's own word for a request: only words that it knows, whatever the body says."""
    if request.do == "follow":
        return "follow"
    try:
        said = decode(_Kind, bytes(request.body))
        inner = decode(_Kind, bytes(said.command))
    except ValueError:
        return request.do
    if request.do == "read":
        return f"read {said.view}" if said.view in VIEWS or said.view in OWN_VIEWS else "read"
    kind = said.kind or inner.kind
    return f"{request.do} {kind}" if kind in _KINDS else request.do


_KINDS = frozenset(str(kind.__struct_config__.tag) for kind in c.Body.__args__) | {"new_token"}
