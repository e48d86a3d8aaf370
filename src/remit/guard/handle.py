"""What stands behind the guard's socket: callers are authenticated, commands enter, questions are answered from the
state."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from remit.guard import tokens as secrets
from remit.guard.board import Board
from remit.guard.calendar import needed_first
from remit.guard.callers import authenticate
from remit.guard.errors import RequestMalformed
from remit.guard.loop import Loop, refusal_of
from remit.guard.views import view
from remit.guard.wire.message import Request
from remit.guard.wire.peer import Peer
from remit.guard.world import World
from remit.journal.log import Journal
from remit.journal.side import SideStore
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode, encode, plain
from remit.kernel.command import Body
from remit.kernel.decide import Asked
from remit.kernel.event import Record, Repeated
from remit.kernel.kernel import Kernel
from remit.kernel.names import GUARD, Name, Principal, Role
from remit.kernel.snapshot import state_hash
from remit.kernel.trade import may_speak_for

FOLLOW_MAX = 10_000
"""Records that wait for a slow follower; beyond them its stream ends and it resumes by sequence number."""
BODY_BYTES_MAX = 32_768
"""A command is journalled in one entry, with what follows from it."""
TEXT_BYTES_MAX = 65_536


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class WithText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command and the free text beside it, which goes to the side store; the intent then carries its digest."""

    command: msgspec.Raw
    text: str


class NewToken(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="new_token", tag_field="kind"
):
    """Ask for a token; the guard makes the secret and tells it once."""

    role: Role
    name: Name
    owner: Name
    expires_at: int | None = None


class From(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"seq": "from"}):
    """Where a stream of records begins: with the entry of this sequence number; 0 for what comes next."""

    seq: int = 0


class Handle:
    """Serves the guard's socket; every method answers with JSON, or raises a GuardError."""

    def __init__(
        self,
        world: World,
        kernel: Kernel,
        journal: Journal,
        loop: Loop,
        board: Board,
        tokens: secrets.TokenStore,
        side: SideStore,
        about: Callable[[], dict[str, Any]],
    ) -> None:
        self._world = world
        self._kernel = kernel
        self._journal = journal
        self._loop = loop
        self._board = board
        self._tokens = tokens
        self._side = side
        self._about = about
        self._followers: set[asyncio.Queue[Record | None]] = set()
        self._recent: deque[Record] = deque(maxlen=FOLLOW_MAX)

    def heard(self, record: Record) -> None:
        """Pass a durable record on to whoever follows."""
        self._recent.append(record)
        for queue in tuple(self._followers):
            if queue.qsize() >= FOLLOW_MAX:
                self._followers.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(record)

    async def handle(self, request: Request, peer: Peer) -> bytes:
        """Answer a command, a question or a preview."""
        by = authenticate(self._tokens, self._kernel.state, request.token, request.door, self._loop.now())
        if request.do == "read":
            return self._read(by, request.body)
        if request.do == "preview":
            return await self._preview(by, request.body)
        return await self._command(by, request.body)

    async def follow(self, request: Request, peer: Peer) -> AsyncIterator[bytes]:
        """Stream records from a sequence number on; agents and clients see what is theirs."""
        by = authenticate(self._tokens, self._kernel.state, request.token, request.door, self._loop.now())
        start = _decoded(From, request.body, "place to follow from").seq
        queue: asyncio.Queue[Record | None] = asyncio.Queue()
        last = self._kernel.state.seq
        self._followers.add(queue)
        try:
            if start and start <= last:
                for index, entry in self._journal.entries(start - 1):
                    if index + 1 > last:
                        break
                    record = decode(Record, entry)
                    if self._concerns(by, record):
                        yield entry
            while (following := await queue.get()) is not None:
                if following.command.seq > last and self._concerns(by, following):
                    yield encode(following)
        finally:
            self._followers.discard(queue)

    def _concerns(self, by: Principal, record: Record) -> bool:
        """Whether a record may be shown to a principal: people and auditors see all, agents and clients what is
        theirs."""
        if by.role in ("operator", "approver", "auditor"):
            return True
        asked = record.command
        if (asked.by.role, asked.by.name) == (by.role, by.name):
            return True
        order = self._kernel.state.order(getattr(asked.body, "order", ""))
        return order is not None and by.name == (order.client if by.role == "client" else order.agent)

    async def _command(self, by: Principal, raw: msgspec.Raw) -> bytes:
        source = bytes(raw)
        if len(source) > BODY_BYTES_MAX + TEXT_BYTES_MAX:
            raise RequestMalformed(f"a command has at most {BODY_BYTES_MAX} bytes", "Split it")
        text = ""
        kind = _fields.decode(source) if source[:1] == b"{" else {}
        if bytes(kind.get("kind", b"")) == b'"new_token"':
            return await self._new_token(by, _decoded(NewToken, raw))
        if "command" in kind:
            beside = _decoded(WithText, raw)
            source, text = bytes(beside.command), beside.text
        if len(source) > BODY_BYTES_MAX or len(text.encode()) > TEXT_BYTES_MAX:
            raise RequestMalformed(
                f"a command has at most {BODY_BYTES_MAX} bytes, its text {TEXT_BYTES_MAX}", "Split it"
            )
        body = self._dressed(by, _decoded(Body, msgspec.Raw(source)), text)
        if isinstance(body, c.Marked) and by.role in ("feed", "operator"):
            return await self._marks(body)
        for first in needed_first(self._kernel.state, body, self._loop.now()):
            await self._loop.enter(GUARD, first)
        return self._answer(await self._loop.enter(by, body))

    def _dressed(self, by: Principal, body: Body, text: str) -> Body:
        """Put in what only the guard may say: fresh marks, the client's own name, the digest of the text beside."""
        if isinstance(body, c.Submit):
            intent = body.intent
            if text:
                intent = msgspec.structs.replace(intent, thought=self._side.put("thought", text.encode()))
            client = by.name if by.role == "client" else ""
            return c.Submit(intent=intent, client=client, marks=self._board.fresh(intent.instrument))
        if isinstance(body, c.Replace):
            order = self._kernel.state.orders.get(body.order)
            return msgspec.structs.replace(body, marks=() if order is None else self._board.fresh(order.instrument))
        return body

    def _answer(self, record: Record) -> bytes:
        repeated = [event.seq for event in record.events if isinstance(event, Repeated)]
        if not repeated:
            return encode(record)
        return encode(plain(record) | {"first": plain(self._entry(repeated[0]))})

    def _entry(self, seq: int) -> Record | None:
        for _, entry in self._journal.entries(seq - 1):
            return decode(Record, entry)
        return None

    async def _marks(self, body: c.Marked) -> bytes:
        """Marks go on the board; they enter when the mark policy says so."""
        unknown = sorted({mark.instrument for mark in body.marks} - self._kernel.state.instruments.keys())
        if unknown:
            raise RequestMalformed(
                f"marks for unknown instruments: {', '.join(unknown[:5])}", "Add them: remit instrument add"
            )
        jumped = self._board.offer(body.marks, body.fx)
        if jumped:
            await self.flush(now=True)
        return b'{"taken":true}'

    async def flush(self, *, now: bool = False) -> None:
        """Let the marks enter that are due."""
        for marks, fx in self._board.take(self._loop.now(), now=now):
            await self._loop.enter(GUARD, c.Marked(marks=marks, fx=fx))

    async def _new_token(self, by: Principal, asked: NewToken) -> bytes:
        """Make a secret and journal the token; its keyed hash is kept first, so that a journalled token always
        works."""
        secret, record = await self.issue(by, asked)
        answer = plain(record)
        if refusal_of(record) is None:
            answer["secret"] = secret
        return encode(answer)

    async def issue(self, by: Principal, asked: NewToken) -> tuple[str, Record]:
        """Return a new token's secret and the record of its issue; a refused one is forgotten again."""
        if asked.role == "guard":
            raise RequestMalformed(
                "the guard itself has no token", "Choose operator, approver, auditor, agent, client or feed"
            )
        secret = secrets.mint(asked.role, self._world.random)
        token = "T-" + self._world.random(6).hex()
        self._tokens.add(token, secret)
        grant = access.TokenGrant(
            token=token,
            role=asked.role,
            name=asked.name,
            owner=asked.owner,
            issued_at=self._loop.now(),
            expires_at=asked.expires_at,
        )
        record = await self._loop.enter(by, c.IssueToken(grant=grant))
        if refusal_of(record) is not None:
            self._tokens.remove(token)
        return secret, record

    async def _preview(self, by: Principal, raw: msgspec.Raw) -> bytes:
        """Judge an order and change nothing."""
        body = _decoded(Body, raw)
        if not isinstance(body, c.Submit):
            raise RequestMalformed("only an order can be previewed", "Send a submit")
        client = by.name if by.role == "client" else ""
        if not may_speak_for(self._kernel.state, by, body.intent.agent, client):
            raise RequestMalformed(
                f"{by.role} {by.name} does not act for agent {body.intent.agent}", "Use the agent's own token"
            )
        fresh = self._board.fresh(body.intent.instrument)
        if fresh:
            await self._loop.enter(GUARD, c.Marked(marks=fresh))
        decision, needs = self._kernel.judge.judge(Asked(body.intent, client, by, self._loop.now()), "preview")
        return encode({"decision": plain(decision), "needs": None if needs is None else needs._asdict()})

    def _read(self, by: Principal, raw: msgspec.Raw) -> bytes:
        arguments = msgspec.json.decode(bytes(raw)) if raw else {}
        if not isinstance(arguments, dict) or not isinstance(arguments.get("view"), str):
            raise RequestMalformed("say which view", 'For example {"view": "positions"}')
        name = arguments.pop("view")
        if name == "state_hash" and by.role in ("operator", "auditor"):
            return encode({"seq": self._kernel.state.seq, "hash": state_hash(self._kernel.state)})
        return encode(
            view(
                self._kernel, by, name, arguments, at=self._loop.now(), entries=self._journal.entries, about=self._about
            )
        )


def _decoded(kind: Any, raw: msgspec.Raw, what: str = "command") -> Any:
    try:
        return decode(kind, bytes(raw) or b"{}")
    except (msgspec.DecodeError, ValueError) as fault:
        raise RequestMalformed(
            f"this is no {what}: {fault}", "Correct the field it names; src/remit/kernel/command.py has the words"
        ) from None
