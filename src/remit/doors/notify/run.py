"""The notifier: it follows the journal, fills the outbox, and empties it into the channels."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from remit.doors.notify import chat
from remit.doors.notify.channels import Channel
from remit.doors.notify.errors import OutboxDamaged
from remit.doors.notify.notice import Notice, clock, digest_of
from remit.doors.notify.outbox import FILE, Delivery, Outbox
from remit.doors.notify.safe import Sender
from remit.doors.notify.webhook import body_of, headers_of
from remit.guard.wire import AsyncClient, GuardError
from remit.kernel.event import Record
from remit.kernel.numbers import NANOSECONDS

log = logging.getLogger("remit.notify")
Found = TypeVar("Found")

LOOK_NS = NANOSECONDS // 5
"""How often what was read becomes durable, and what is due is looked for."""
BATCH_MAX = 1_000
BACKOFF_NS = 5 * NANOSECONDS
BACKOFF_MAX_NS = 3_600 * NANOSECONDS
AGAIN_NS = 60 * NANOSECONDS
"""How often a halt that nobody heard of is told again in the log."""


class Around(Protocol):
    """What the notifier knows of the outside: the wall clock in ns, randomness, and waiting. A test owns them."""

    def now(self) -> int: ...

    def random(self, count: int) -> bytes: ...

    async def sleep(self, duration_ns: int) -> None: ...


def backoff(attempts: int, random: Callable[[int], bytes]) -> int:
    """Return how long to wait after so many failures, in ns: three times as long each time up to an hour, less up to
    half of it by chance, so that many who wait do not come back at one instant."""
    longest: int = min(BACKOFF_NS * 3 ** min(attempts, 20), BACKOFF_MAX_NS)
    less: int = longest * int.from_bytes(random(4), "big") // 2**33
    return longest - less


class Machine:
    """This machine: its clock, its randomness, its time that passes."""

    def now(self) -> int:
        """The wall clock in ns."""
        return time.time_ns()

    def random(self, count: int) -> bytes:
        """So many bytes of the operating system's randomness."""
        return os.urandom(count)

    async def sleep(self, duration_ns: int) -> None:
        """Return after so many nanoseconds."""
        await asyncio.sleep(duration_ns / NANOSECONDS)


class Notifier:
    """Carries notices from the guard's journal to the channels of the outbox in `home`, each at least once.

    `client` has a token that sees everything. `callback` is the address that approval pages send their answers to.
    Halts are logged at ERROR whatever becomes of them.
    """

    def __init__(
        self,
        client: AsyncClient,
        home: Path,
        *,
        callback: str = "",
        sender: Sender | None = None,
        around: Around | None = None,
    ) -> None:
        self._client, self._callback = client, callback
        self._sender, self._around = sender or Sender(), around or Machine()
        self._home = home
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="remit-notify")
        self._lock = asyncio.Lock()
        self._batch: list[Record] = []
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._told: dict[tuple[str, str], int] = {}
        self._fault = ""
        self._outbox: Outbox | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Carry notices until `stop` is set; what is not delivered by then goes on with the next start. A fault of our
        own is raised."""
        self._outbox = await self._in_thread(lambda: Outbox(self._home / FILE))
        work = [asyncio.create_task(one()) for one in (self._read, self._keep_read, self._send, self._watch)]
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait({stopping, *work}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (stopping, *work, *self._busy.values()):
                task.cancel()
            await asyncio.gather(stopping, *work, *self._busy.values(), return_exceptions=True)
            with contextlib.suppress(OutboxDamaged):
                await self._flush()
            await self._in_thread(self.outbox.close)
            self._thread.shutdown()

    @property
    def outbox(self) -> Outbox:
        """The open outbox."""
        assert self._outbox is not None, "not running"
        return self._outbox

    def health(self) -> dict[str, object]:
        """Return how it stands: how far it read, what waits, and the halts that nobody heard of for too long."""
        return {"fault": self._fault, **standing(self.outbox, self._around.now())}

    # From the journal into the outbox

    async def _read(self) -> None:
        """Follow the journal from where it was left, again and again: the guard may be away."""
        while True:
            try:
                start = await self._begin()
                async with contextlib.aclosing(self._client.follow({"from": start}, Record)) as records:  # type: ignore[type-var]
                    async for record in records:
                        self._batch.append(record)
                        if len(self._batch) >= BATCH_MAX:
                            await self._flush()
            except GuardError as fault:
                if self._fault != str(fault):
                    log.warning("notifications wait: %s", fault)
                self._fault = str(fault)
            await self._around.sleep(NANOSECONDS)

    async def _begin(self) -> int:
        """Return the entry to follow from; first see that the journal is still the one that was read."""
        await self._flush()
        status = await self._client.ask("read", {"view": "status"})
        last, outbox = int(status["seq"]), self.outbox
        position = await self._in_thread(lambda: outbox.position)
        if position is None:
            await self._in_thread(lambda: outbox.begin_at(last))
            position = last
        elif not await self._is_same(position, last):
            log.error("the journal is not the one that was read: it is read again from its first entry")
            await self._in_thread(lambda: outbox.begin_again(last))
            position = 0
        self._fault = ""
        return position + 1

    async def _is_same(self, position: int, last: int) -> bool:
        digest = await self._in_thread(lambda: self.outbox.digest)
        if position > last or not digest:
            return position <= last
        async with contextlib.aclosing(self._client.follow({"from": position}, Record)) as records:  # type: ignore[type-var]
            async for record in records:
                return record.command.seq == position and digest_of(record) == digest
        return False

    async def _keep_read(self) -> None:
        while True:
            await self._around.sleep(LOOK_NS)
            try:
                await self._flush()
            except OutboxDamaged as fault:
                await self._lament(fault)

    async def _flush(self) -> None:
        """Make what was read durable, and tell the log of halts."""
        async with self._lock:
            if not self._batch:
                return
            batch = tuple(self._batch)
            now = self._around.now()
            for notice in await self._in_thread(lambda: self.outbox.take(batch, now)):
                if notice.kind == "halts":
                    log.error("%s (entry %d, %s)", notice.text, notice.seq, clock(notice.at))
            del self._batch[: len(batch)]

    # From the outbox to the channels

    async def _send(self) -> None:
        """Let each channel take what is due, one sending at a time, whatever the others do."""
        while True:
            try:
                for channel in await self._in_thread(self.outbox.channels):
                    task = self._busy.get(channel.name)
                    if task is not None and task.done():
                        del self._busy[channel.name]
                        task.result()
                    if channel.name not in self._busy:
                        self._busy[channel.name] = asyncio.create_task(self._empty(channel))
            except OutboxDamaged as fault:
                await self._lament(fault)
            await self._around.sleep(LOOK_NS)

    async def _empty(self, channel: Channel) -> None:
        """Send what is due on one channel."""
        count = 1 if channel.how == "webhook" else chat.TOGETHER_MAX
        while due := await self._in_thread(lambda: self.outbox.due(channel.name, self._around.now(), count)):
            await self._deliver(channel, due)

    async def _deliver(self, channel: Channel, due: Sequence[Delivery]) -> None:
        ids = [one.notice.id for one in due]
        try:
            await send(channel, [one.notice for one in due], self._sender, self._callback, self._around.now())
        except GuardError as fault:
            why = fault.message
            tries = max(one.attempts for one in due) + 1
            due_at = self._around.now() + backoff(tries - 1, self._around.random)
            log.warning("%s did not take %s, attempt %d: %s", channel.name, ", ".join(ids), tries, fault)
            await self._in_thread(lambda: self.outbox.failed(channel.name, ids, why, due_at))
        else:
            at = self._around.now()
            await self._in_thread(lambda: self.outbox.delivered(channel.name, ids, at))

    async def _watch(self) -> None:
        """Tell the log, again and again, of halts that nobody heard of."""
        while True:
            await self._around.sleep(NANOSECONDS)
            now = self._around.now()
            try:
                late = await self._in_thread(lambda: self.outbox.overdue(now))  # noqa: B023  awaited at once
            except OutboxDamaged as fault:
                await self._lament(fault)
                continue
            names = {(one.channel, one.notice.id) for one in late}
            self._told = {name: at for name, at in self._told.items() if name in names}
            for one in late:
                if now - self._told.get((one.channel, one.notice.id), 0) >= AGAIN_NS:
                    self._told[(one.channel, one.notice.id)] = now
                    log.error("NOT DELIVERED to %s since %s: %s", one.channel, clock(one.at), one.notice.text)

    async def _lament(self, fault: OutboxDamaged) -> None:
        log.error("%s", fault)
        self._fault = str(fault)
        await self._around.sleep(5 * NANOSECONDS)

    async def _in_thread(self, work: Callable[[], Found]) -> Found:
        """Do something with the disk where it keeps nobody waiting; one at a time, in order."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


async def send(channel: Channel, notices: Sequence[Notice], sender: Sender, callback: str, now: int) -> None:
    """Send notices to a channel, a webhook one of them; GuardError where it did not take them."""
    if channel.dry:
        for notice in notices:
            # what is shown in place of a message is shown at every level of logging that shows a failed one
            log.warning("dry run: %s would get %s: %s", channel.name, notice.id, notice.text)
    elif channel.how == "chat":
        await chat.send(channel.url, notices)
    else:
        for notice in notices:
            body = body_of(notice, callback)
            await sender.post(channel.url, headers_of(channel.secret, notice.id, now, body), body)


async def trial(channel: Channel, sender: Sender, now: int, random: Callable[[int], bytes]) -> None:
    """Send one test notice to a channel; GuardError where it did not take it."""
    text = f"A test of the channel {channel.name}: nothing happened"
    notice = Notice(f"msg_{random(16).hex()}", "alarms", "test", 0, now, text, {"channel": channel.name})
    await send(channel, [notice], sender, "", now)


def standing(outbox: Outbox, now: int) -> dict[str, object]:
    """Return how an outbox stands, in plain words and numbers."""
    return {
        "position": outbox.position,
        "channels": len(outbox.channels()),
        "waiting": outbox.waiting(),
        "overdue": [
            {
                "channel": one.channel,
                "at": one.at,
                "text": one.notice.text,
                "attempts": one.attempts,
                "fault": one.fault,
            }
            for one in outbox.overdue(now)
        ],
    }
