"""What stands behind the guard's socket: callers are authenticated, commands enter, questions are answered from the
state."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any, TypeVar

import msgspec

from remit.guard import entitled
from remit.guard.attest import Attestor
from remit.guard.board import Board
from remit.guard.budget import check_budget, dressed
from remit.guard.calendar import needed_first
from remit.guard.callbacks import CallbackKeys, Callbacks, NewCallback
from remit.guard.calls import Calls
from remit.guard.entitled import check_capability
from remit.guard.errors import IdTaken, RequestMalformed, TextNotKept
from remit.guard.evidence import Evidence
from remit.guard.follow import Followers
from remit.guard.identity import Identity
from remit.guard.issuing import NewToken
from remit.guard.loop import BODY_BYTES_MAX, Loop, refusal_of
from remit.guard.rotating import RotateKey, Rotating
from remit.guard.stamp import journal_time
from remit.guard.thoughts import Thoughts
from remit.guard.views import view
from remit.guard.views.looking import Looking
from remit.guard.views.orders import proposal_of
from remit.guard.wire.message import Request
from remit.guard.wire.peer import Peer
from remit.guard.world import World
from remit.journal.checkpoint import Checkpoint
from remit.journal.log import Journal
from remit.journal.side import SideStore
from remit.kernel import command as c
from remit.kernel.authority import AUTHORITY
from remit.kernel.codec import decode, encode, plain
from remit.kernel.command import Body
from remit.kernel.decide import Asked
from remit.kernel.event import Record, Repeated
from remit.kernel.instrument import FxMark, Mark
from remit.kernel.kernel import Kernel
from remit.kernel.names import GUARD, At, Principal
from remit.kernel.order import Order
from remit.kernel.preapproval import covering
from remit.kernel.snapshot import state_hash
from remit.kernel.trade import may_speak_for

TEXT_BYTES_MAX = 65_536
QUIET_MAX = 100
"""Instruments that one entry calls quiet."""


Stamped = TypeVar("Stamped", Mark, FxMark)


class WithText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command and the free text beside it, which goes to the side store; the intent then carries its digest."""

    command: msgspec.Raw
    text: str


class From(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"seq": "from"}):
    """Where a stream of records begins: with the entry of this sequence number; 0 for what comes next."""

    seq: At = 0


class Handle:
    """Serves the guard's socket; every method answers with JSON, or raises a GuardError."""

    def __init__(
        self,
        world: World,
        kernel: Kernel,
        journal: Journal,
        loop: Loop,
        board: Board,
        identity: Identity,
        side: SideStore,
        venues: Collection[str],
        about: Callable[[], dict[str, Any]],
        check_resume: Callable[[c.Resume], None],
        callbacks: CallbackKeys,
        attestor: Attestor | None = None,
        rotating: Rotating | None = None,
        cosigned: Callable[[], Checkpoint | None] = lambda: None,
    ) -> None:
        self._world = world
        self._kernel = kernel
        self._journal = journal
        self._loop = loop
        self._board = board
        self.identity = identity
        self._side = side
        self._venues = venues
        self._about = about
        self._check_resume = check_resume
        self._callbacks = Callbacks(world, loop, kernel.state, callbacks)
        self._calls = Calls(world, loop, side, kernel.state)
        self._thoughts = Thoughts(kernel.state)
        self._evidence = Evidence(journal, side, cosigned)
        self._attestor = attestor
        self._rotating = rotating
        self.followers = Followers(kernel, journal, loop, identity.check)

    async def handle(self, request: Request, peer: Peer) -> bytes:
        """Answer a command, a question or a preview; GuardStopped once anything has failed."""
        if request.do == "signed":
            return await self._signed(request)
        if request.do == "sign_in":
            self._loop.check()
            begun = await self.identity.sign_in(request.body, request.door)
            self._loop.check()
            return begun
        by = self._authenticated(request)
        async with self._calls.journalled(by, request):
            if request.do == "read":
                answer = await self._read(by, request.body)
            elif request.do == "preview":
                answer = await self._preview(by, request.body)
            else:
                answer = await self._command(by, request)
        self._loop.check()
        return answer

    async def follow(self, request: Request, peer: Peer) -> AsyncIterator[bytes]:
        """Stream records from a sequence number on; agents and clients see what is theirs."""
        by = self._authenticated(request)
        async with self._calls.journalled(by, request):
            check_capability(self._kernel.state, by, entitled.FOLLOW)
            start = _decoded(From, request.body, "place to follow from").seq
            self.followers.check_room(by)
        async with contextlib.aclosing(self.followers.stream(by, start)) as stream:
            async for entry in stream:
                yield entry

    async def _signed(self, request: Request) -> bytes:
        """Let an approval page's word enter, as its person's."""
        self._loop.check()
        by, body = self._callbacks.heard(request.body)
        answer = self._answer(await self._loop.enter(by, self._dressed(by, body, "", request)))
        self._loop.check()
        return answer

    def _authenticated(self, request: Request) -> Principal:
        self._loop.check()  # after a fault the state may be ahead of the journal, so nothing of it is told
        return self.identity.authenticate(request.token, request.door)

    async def _command(self, by: Principal, request: Request) -> bytes:
        raw = request.body
        source = bytes(raw)
        if len(source) > BODY_BYTES_MAX + TEXT_BYTES_MAX:
            raise RequestMalformed(f"a command has at most {BODY_BYTES_MAX} bytes", "Split it")
        text = ""
        kind = _decoded(dict[str, msgspec.Raw], raw) if source[:1] == b"{" else {}
        named = bytes(kind.get("kind", b"")).decode(errors="replace").strip('"')
        if self.identity.knows(named):
            return await self.identity.command(by, named, raw, _decoded)
        if bytes(kind.get("kind", b"")) == b'"new_callback"':
            secret, record = await self._callbacks.issue(by, _decoded(NewCallback, raw))
            return encode(plain(record) | ({} if refusal_of(record) else {"secret": secret}))
        if named == "rotate_key" and self._rotating is not None:
            return self._answer(await self._rotating.rotate(by, _decoded(RotateKey, raw)))
        if "command" in kind:
            beside = _decoded(WithText, raw)
            source, text = bytes(beside.command), beside.text
        if len(source) > BODY_BYTES_MAX or len(text.encode()) > TEXT_BYTES_MAX:
            raise RequestMalformed(
                f"a command has at most {BODY_BYTES_MAX} bytes, its text {TEXT_BYTES_MAX}", "Split it"
            )
        body = _decoded(Body, msgspec.Raw(source))
        if isinstance(body, c.Noted) and body.note == "thought":
            check_capability(self._kernel.state, by, entitled.THOUGHT)
        if isinstance(body, c.Noted | c.MeterSpend | c.ReportSpend):
            await self._calls.admit(by)
        if isinstance(body, c.Noted) and body.order:  # of an order that is not there as of another's
            await proposal_of(self._looking(by), body.order)
        text = self._thoughts.kept(by, body, text, self._loop.now())
        async with self._calls.turn(by, body):
            return await self._entered(by, self._dressed(by, body, text, request))

    async def _entered(self, by: Principal, body: Body) -> bytes:
        """Let a command enter with what must be known first, and return its record."""
        if isinstance(body, c.Marked) and by.role in ("feed", "operator"):
            return await self._marks(body)
        if isinstance(body, c.SetKey):
            raise RequestMalformed("a key enters with the vault that holds it", "Ask for it: remit vault rotate")
        if isinstance(body, c.AddConnection) and body.connection.venue not in self._venues:
            raise RequestMalformed(
                f"there is no venue {body.connection.venue}", f"Take one of {', '.join(sorted(self._venues))}"
            )
        if by.role in AUTHORITY[type(body)]:  # whom the kernel refuses has nothing entered for it
            if isinstance(body, c.Resume):
                self._check_resume(body)
            for first in needed_first(self._kernel.state, body, self._loop.now()):
                await self._loop.enter(GUARD, first)
        record = await self._loop.enter(by, body)
        self._callbacks.forget(record)
        self._check_first(by, record)
        return self._answer(record)

    def _check_first(self, by: Principal, record: Record) -> None:
        """Return where the first answer to an id is the caller's to see; IdTaken where it was given to somebody else
        of the same agent."""
        for event in record.events:
            first = self._entry(event.seq) if isinstance(event, Repeated) else None
            if first is not None and not self._looking(by).sees_record(first):
                raise IdTaken("this id was used for something else", "Give each request an id of its own")

    def _dressed(self, by: Principal, body: Body, text: str, request: Request) -> Body:
        """Put in what only the guard may say: fresh marks, the client's own name, the digest of the text beside."""
        trace = request.trace or getattr(body, "trace", "")
        if isinstance(body, c.Submit):
            intent = body.intent
            if text:
                intent = msgspec.structs.replace(intent, thought=self._kept("thought", text))
            client = by.name if by.role == "client" else ""
            return c.Submit(intent=intent, client=client, marks=self._board.fresh(intent.instrument), trace=trace)
        if isinstance(body, c.Approve):
            held = self._order(by, body.order)
            return msgspec.structs.replace(body, marks=() if held is None else self._board.fresh(held.instrument))
        if isinstance(body, c.Replace):
            order = self._order(by, body.order)
            marks = () if order is None else self._board.fresh(order.instrument)
            return msgspec.structs.replace(body, marks=marks, trace=trace)
        if isinstance(body, c.Cancel):
            return msgspec.structs.replace(body, trace=trace)
        if isinstance(body, c.MeterSpend | c.ReportSpend):
            return dressed(self._kernel.state, by, body)
        if isinstance(body, c.Noted):
            said = self._kept(body.note, text) if text else ""
            return self._calls.dressed(by, body, said, request)
        return body

    def _order(self, by: Principal, name: str) -> Order | None:
        """Return a live order of the caller's; marks beside a refused command would tell of another's."""
        order = self._kernel.state.orders.get(name)
        return order if order is not None and self._looking(by).sees_order(order.agent, order.client) else None

    def _looking(self, by: Principal) -> Looking:
        return Looking(self._kernel, by, {}, self._loop.now(), self.followers.entries, self._about)

    def _kept(self, kind: str, text: str) -> str:
        """Return the digest of a text that the side store keeps; TextNotKept."""
        try:
            return self._side.put(kind, text.encode())
        except sqlite3.Error as fault:
            raise TextNotKept(f"the side store refused the text: {fault}", "Check the disk, or leave it out") from None

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
        known = self._kernel.state.instruments
        unknown = sorted({mark.instrument for mark in body.marks} - known.keys())
        marks = tuple(mark for mark in body.marks if mark.instrument in known) if unknown else body.marks
        at, wall = self._loop.now(), self._world.now()
        marks, fx = _in_journal_time(marks, wall, at), _in_journal_time(body.fx, wall, at)
        urgent = self._board.offer(marks, fx, at)
        if urgent:
            await self.flush(now=True)
        if unknown:
            raise RequestMalformed(
                f"marks for unknown instruments, all others were taken: {', '.join(unknown[:5])}",
                "Add them: remit instrument add",
            )
        return b'{"taken":true}'

    async def flush(self, *, now: bool = False) -> None:
        """Let the marks enter that are due."""
        for marks, fx in self._board.take(self._loop.now(), now=now):
            await self._loop.enter(GUARD, c.Marked(marks=marks, fx=fx))

    async def listen_for_silence(self) -> None:
        """Enter which instruments that are held or ordered no feed speaks of any more."""
        silent = self._board.quiet(self._loop.now())
        for start in range(0, len(silent), QUIET_MAX):
            await self._loop.enter(GUARD, c.Quiet(instruments=silent[start : start + QUIET_MAX]))

    async def issue(
        self, by: Principal, asked: NewToken, publish: Callable[[str], None] = lambda secret: None
    ) -> tuple[str, Record]:
        """Return a new token's secret and the record of its issue; see `Issuing`."""
        return await self.identity.issuing.issue(by, asked, publish)

    async def _preview(self, by: Principal, raw: msgspec.Raw) -> bytes:
        """Judge an order and change nothing."""
        check_capability(self._kernel.state, by, entitled.PREVIEW)
        check_budget(self._kernel.state, by, self._loop.now())
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
        at, used = self._loop.now(), None
        decision, needs = self._kernel.judge.judge(Asked(body.intent, client, by, at), "preview")
        if needs is not None:
            used = covering(self._kernel.state, by, body.intent, decision, needs.quorum, at)
        if used is not None:
            decision, needs = msgspec.structs.replace(decision, verdict="allow"), None
        shown = None if needs is None else needs._asdict()
        return encode({"decision": plain(decision), "needs": shown, "preapproval": None if used is None else used.id})

    async def _read(self, by: Principal, raw: msgspec.Raw) -> bytes:
        arguments = _decoded(Any, raw, "question")
        if not isinstance(arguments, dict) or not isinstance(arguments.get("view"), str):
            raise RequestMalformed("say which view", 'For example {"view": "positions"}')
        name = arguments.pop("view")
        check_budget(self._kernel.state, by, self._loop.now(), name)
        if name == "state_hash" and by.role in ("operator", "compliance", "auditor"):
            return encode({"seq": self._kernel.state.seq, "hash": state_hash(self._kernel.state)})
        if name == "me":
            return encode(self.identity.me(by))
        entries, at = self.followers.entries, self._loop.now()
        if name in ("receipt", "heads", "text"):
            looking = Looking(self._kernel, by, arguments, at, entries, self._about)
            return encode(await self._evidence.show(looking, name))
        if name == "attestation" and self._attestor is not None:
            return encode(self._attestor.show(Looking(self._kernel, by, arguments, at, entries, self._about)))
        found = await view(self._kernel, by, name, arguments, at=at, entries=entries, about=self._about)
        if name == "tokens":
            found = self.identity.told_of(found)
        elif name == "people" and by.role == "operator":
            found = self.identity.told_of_people(found)
        return encode(found)


def _in_journal_time(marks: tuple[Stamped, ...], wall: int, at: int) -> tuple[Stamped, ...]:
    """Return marks as a feed gave them, stamped in the journal's time."""
    return tuple(msgspec.structs.replace(mark, at=journal_time(mark.at, wall, at)) for mark in marks)


def _decoded(kind: Any, raw: msgspec.Raw, what: str = "command") -> Any:
    try:
        return decode(kind, bytes(raw) or b"{}")
    except ValueError as fault:
        raise RequestMalformed(
            f"this is no {what}: {fault}", "Correct the field it names; src/remit/kernel/command has the words"
        ) from None
