"""The guard: everything of it that is no process. Over any `World` it opens, serves until it is told to stop, and stops
so that nothing is in doubt."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import remit
from remit.digest import kernel_digest
from remit.guard.anchors import Anchors
from remit.guard.attest import Attestor
from remit.guard.board import Board
from remit.guard.calendar import running_out
from remit.guard.clock import Clock
from remit.guard.closing import Closing
from remit.guard.courier import Courier
from remit.guard.errors import GuardError, GuardStopped
from remit.guard.exports import NOWHERE, WHY_MAX, Exports, Wanted
from remit.guard.gathered import kept_head
from remit.guard.handle import Handle
from remit.guard.identity import HERE, Identity
from remit.guard.issuing import NewToken
from remit.guard.listener import Listener
from remit.guard.loop import Loop
from remit.guard.passwords import COST, Cost
from remit.guard.protection import alert_of_start
from remit.guard.reach import Reach
from remit.guard.reconciler import Reconciler
from remit.guard.recover import ORIGIN, SNAPSHOT_EVERY, Recovered, in_doubt, recover, standing, take_snapshot
from remit.guard.rotating import Rotating
from remit.guard.vault import FILE as VAULT_FILE
from remit.guard.vault import Vault
from remit.guard.watch import Watch
from remit.guard.wire import Server
from remit.guard.witness_settings import Witness
from remit.guard.world import KEYS, World
from remit.journal.errors import JournalError
from remit.journal.log import SEGMENT_BYTES, Resume
from remit.journal.verify import VERIFIER
from remit.kernel import command as c
from remit.kernel.effect import Alert
from remit.kernel.event import Record, Took
from remit.kernel.names import FIRM, GUARD, subject
from remit.kernel.numbers import DAY_NS, NANOSECONDS
from remit.kernel.printable import printable
from remit.venues.seam import Venue

OPERATOR_TOKEN = "operator.token"
RESET_OPERATOR = "reset-operator"
PERMIT_KEY = "permit.pub"
FLUSH_NS = NANOSECONDS // 4


class Guard:
    """One guard over one world. Making it opens the vault and recovers the journal; `run` serves.

    `server` gives the wire server for what stands behind it. `heard` is told of each record once it is durable, before
    anybody is answered. `about` is what callers are told of this guard beside its journal. `reach` says from where its
    doors can be reached, `password_cost` what one guess of a password costs; `layers` says how it is confined now.
    No permit leaves before `witnesses_needed` of the `witnesses` signed for it; `heads` of the journal are kept
    elsewhere, by where that is, and it must hold them. `exports` are the copies whose lag is alarmed.
    """

    def __init__(
        self,
        world: World,
        venues: Mapping[str, Venue],
        server: Callable[[Handle], Server],
        *,
        passphrase: str | None = None,
        resume: Resume | None = None,
        about: Mapping[str, Any] | None = None,
        heard: Callable[[Record], None] = lambda record: None,
        snapshot_every: int = SNAPSHOT_EVERY,
        segment_bytes: int = SEGMENT_BYTES,
        reach: Reach = HERE,
        password_cost: Cost = COST,
        layers: Callable[[], Sequence[Any]] = lambda: (),
        witnesses: Sequence[Witness] = (),
        witnesses_needed: int = 0,
        heads: Mapping[str, bytes] = MappingProxyType({}),
        exports: Wanted = NOWHERE,
    ) -> None:
        self.world = world
        self.venues = venues
        self.vault = open_vault(world, passphrase)
        heads = {**kept_head(world, self.vault.checkpoint_signer(ORIGIN).verifier), **heads}
        self.recovered: Recovered = recover(world, self.vault, resume, segment_bytes, heads)
        self.kernel, self.journal = self.recovered.kernel, self.recovered.journal
        self._early: list[c.Alarmed] | None = []
        self.anchors = Anchors(world, self.journal, witnesses, witnesses_needed, self._alarm)
        self.side = world.side()
        self.board = Board(self.kernel.state)
        clock = Clock(self.kernel.state.at, world.now(), world.monotonic())
        self.loop = Loop(
            world,
            self.journal,
            self.kernel,
            venues,
            clock,
            act=lambda due: self.courier.carry(due),
            heard=self._heard,
            before_sync=self.side.sync,
        )
        self.exports = Exports(world, exports, lambda: self.journal.size, self._alarm)
        self.started_at = self.loop.now()  # by the loop, so that a jump since the last entry is noted
        self.courier = Courier(world, self.vault, self.loop, venues, self.anchors)
        self.watch = Watch(world, self.loop)
        self.reconciler = Reconciler(world, self.loop, venues)
        self.closing = Closing(world, self.loop, self.board, self.courier.spawn)
        self.handle = self._handle(Identity.over(world, self.loop, self.kernel.state, self.vault, reach, password_cost))
        self.server = server(self.handle)
        self.listeners: list[Listener] = []
        self._said_of_it = dict(about or {})
        self._layers = layers
        self._told = heard
        self._snapshot_every = snapshot_every
        self._snapshot_seq = self.kernel.state.seq

    def _handle(self, identity: Identity) -> Handle:
        """Return what stands behind the socket."""
        return Handle(
            self.world,
            self.kernel,
            self.journal,
            self.loop,
            self.board,
            identity,
            self.side,
            self.venues,
            self._about,
            self.watch.check_resume,
            self.vault.callbacks(self.world),
            Attestor(self.journal, self.vault.checkpoint_signer(ORIGIN), kernel_digest(), self.vault.permit_key),
            Rotating(self.loop, self.kernel.state, self.vault, self.venues),
            lambda: self.anchors.cosigned,
        )

    async def run(self, stop: asyncio.Event, ready: Callable[[str | None], None] = lambda token: None) -> None:
        """Serve until `stop` is set. `ready` gets the operator's token where one was made now. JournalError when the
        disk fails, and, before anything is written, where a witness knows a newer journal; KeyRefused where keys in
        force lie in a token that does not open."""
        loop = asyncio.get_running_loop()
        try:
            self.vault.open_token()
            await self.anchors.meet()
        except (GuardError, JournalError):
            for early in self._early or ():
                self.world.alert(Alert(early.code, FIRM, early.why))
            self.side.close()
            self.world.close()
            raise
        writing = loop.create_task(self.loop.run())
        try:
            await self._begin()
            token = await self._operator_token()
            await self.server.start()
            ready(token)
            stopping = loop.create_task(stop.wait())
            await asyncio.wait({stopping, writing}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
        finally:
            await self._end(writing)

    async def _begin(self) -> None:
        """Note the start, ask about everything that was under way, and open the venues' streams."""
        for task in (*self.anchors.tasks(), *self.exports.tasks()):
            self.courier.spawn(task)
        resumed = self.recovered.recovery.resumed
        alert = alert_of_start(self.kernel.state, self.started_at)
        for told in (*standing(self.kernel.state), *(() if alert is None else (alert,))):
            self.world.alert(told)
        await self.loop.enter(
            GUARD,
            c.KernelStarted(
                version=remit.__version__,
                digest=kernel_digest(),
                clean=self.recovered.recovery.clean_stop or self.recovered.recovery.created,
                prefix="r" + self.world.random(4).hex(),
                resumed_by="" if resumed is None else resumed.person,
                resumed_why="" if resumed is None else resumed.reason,
            ),
        )
        early, self._early = self._early or [], None
        for alarmed in early:
            self.loop.enter(GUARD, alarmed)
        self.anchors.restore(self.vault.checkpoint_signer(ORIGIN).verifier)
        self.watch.look_for_halt_file()
        self.world.publish(PERMIT_KEY, self.vault.permit_key.hex() + "\n")
        self.world.publish(VERIFIER, f"{self.vault.checkpoint_signer(ORIGIN).verifier}\n")
        for body in list(running_out(self.kernel.state, self.loop.now())):
            await self.loop.enter(GUARD, body)
        await asyncio.gather(*(self.loop.enter(GUARD, body) for body in in_doubt(self.kernel.state)))
        for connection in self.kernel.state.connections:
            self._open(connection)
        self.closing.begin()
        self.courier.spawn(self.watch.run())
        self.courier.spawn(self.reconciler.run())
        self.courier.spawn(self._every())

    async def _operator_token(self) -> str | None:
        """Make an operator token at the first start, or where the machine's owner asked for one with a file."""
        known = any(
            grant.role == "operator" and not grant.session
            for name, grant in self.kernel.state.tokens.items()
            if name not in self.kernel.state.revoked
        )
        if known and not self.world.has_file(RESET_OPERATOR):
            return None
        asked = NewToken(role="operator", name="owner", owner="owner")
        # A crash in between leaves a file whose token is not known yet, and the next start makes another.
        secret, _ = await self.handle.issue(
            GUARD, asked, publish=lambda made: self.world.publish(OPERATOR_TOKEN, made + "\n")
        )
        self.world.remove_file(RESET_OPERATOR)
        return secret

    def _alarm(self, code: str, why: str) -> None:
        """Let an alarm of the guard's own enter: by the journal it reaches people as every other does. What is alarmed
        before the start is journalled waits for that entry; what the journal no longer takes is told without it."""
        body = c.Alarmed(code=code, why=printable(why)[:WHY_MAX])
        if self._early is not None:
            self._early.append(body)
        elif not self.loop.takes:
            self.world.alert(Alert(code, FIRM, body.why))
        else:
            self.loop.enter(GUARD, body)

    def _heard(self, record: Record) -> None:
        self._told(record)
        self.handle.followers.heard(record)
        body = record.command.body
        if isinstance(body, c.AddConnection) and isinstance(record.events[-1], Took):
            self._open(body.connection.name)
        if isinstance(body, c.SetKey) and isinstance(record.events[-1], Took):
            self.vault.put_in_force(body.key)
        if isinstance(body, c.Woke):
            for listener in self.listeners:
                listener.reopen()
        self.watch.heard(record)
        self.reconciler.heard(record)
        self.closing.heard(record)

    def _open(self, connection: str) -> None:
        """Listen to a connection's venue and take over what it holds; alert where this version cannot speak with it."""
        venue = self.kernel.state.connections[connection].venue
        if venue not in self.venues:
            why = f"{connection} goes to {venue}, which this version cannot speak with: nothing can be sent there"
            self.world.alert(Alert("venue_unknown", subject("connection", connection), why))
            return
        listener = Listener(self.world, self.loop, connection, self.venues[venue])
        self.listeners.append(listener)
        self.courier.spawn(listener.run())

    async def _every(self) -> None:
        """Journal the marks that are due, the days that run out, and a snapshot now and then."""
        checked = 0
        while True:
            await self.world.sleep(FLUSH_NS)
            await self.handle.flush()
            await self.handle.listen_for_silence()
            self.handle.followers.look()
            self.handle.identity.write()
            at = self.loop.now()
            if at > checked + DAY_NS // 24:
                checked = at
                for body in list(running_out(self.kernel.state, at)):
                    await self.loop.enter(GUARD, body)
            if self.kernel.state.seq >= self._snapshot_seq + self._snapshot_every:
                await self._snapshot()

    async def _snapshot(self) -> None:
        """Write a snapshot; one that cannot be written is told and tried again after as many entries."""
        self.loop.check()  # after a fault the state may be ahead of the journal
        self._snapshot_seq = self.kernel.state.seq
        try:
            taken = take_snapshot(self.world, self.journal, self.kernel)
        except OSError as fault:
            self.world.alert(Alert("snapshot_failed", "firm", f"the disk refused a snapshot: {fault}"))
            return
        await self.loop.enter(GUARD, taken)

    def _about(self) -> dict[str, Any]:
        head = self.journal.head
        return {
            "version": remit.__version__,
            "started_at": self.started_at,
            "journal": {"size": head.size, "root": head.root.hex()},
            "permit_key": self.vault.permit_key.hex(),
            "halt_file": self.world.halt_file() is not None,
            "anchors": self.anchors.about(),
            "exports": self.exports.rows(),
            "sandbox": [layer._asdict() for layer in self._layers()],
            **self._said_of_it,
        }

    async def _end(self, writing: asyncio.Task[None]) -> None:
        await self.server.stop()
        if self.loop.failed is None and not writing.done():
            with contextlib.suppress(GuardStopped):
                await self.watch.dead_men.arm_for_the_end()
        await self.courier.stop()
        if self.loop.failed is None:
            self.handle.identity.write(now=True)
        if self.loop.failed is None and not writing.done():
            with contextlib.suppress(GuardStopped):  # what failed is raised by `writing`
                await self.loop.enter(GUARD, c.KernelStopped())
                await self.anchors.part()
        self.loop.stop()
        with contextlib.ExitStack() as closing:  # whatever one of them raises, the others are closed too
            closing.callback(self.world.close)
            closing.callback(self._close)
            closing.callback(self.side.close)
            await writing

    def _close(self) -> None:
        """Close the journal where it has not failed; a disk that refuses even that is told like any other fault."""
        if self.loop.failed is not None:
            return
        try:
            self.journal.close()
            self.anchors.close()
        except JournalError as fault:
            self.loop.fail(fault)
            raise


def open_vault(world: World, passphrase: str | None) -> Vault:
    """Open the vault, or make one at the very first start."""
    if VAULT_FILE in world.store(KEYS).names():
        return Vault.open(world, passphrase)
    return Vault.create(world, passphrase)
