"""The observer: told of everything that can be seen of a guard, its host, its callers and its venues, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Literal, NamedTuple, Protocol
from zlib import crc32

import msgspec

from remit.journal.errors import JournalError
from remit.kernel.codec import decode, encode
from remit.kernel.effect import Alert
from remit.kernel.event import Record
from remit.testing.disk import MemoryStore
from remit.testing.sim.durable import SUFFIX, Durable

JOURNAL = "journal"
LOSSES = frozenset({"old_copy", "truncated_tail"})
"""What the world does to take away entries that were durable and told of."""

Kind = Literal[
    "heard", "joined", "sent", "arrived", "alerted", "asked", "answered", "called", "used", "proved",
    "booting", "booted", "refused_start", "died", "stopped", "disk_failed", "befell", "anchored",
    "exported", "followed", "shown",
]  # fmt: skip
"""What was seen. `joined` is an entry that was found complete at a start and that nobody had heard of."""


class Seen(NamedTuple):
    """One observation: when by the steady clock and by the host's wall clock, and how many entries were durable then.

    `who` is a connection, a caller, a folder or who remembers a head; `what` is the record and its entry, the bytes,
    the alert, the guard, the words, the head; of `booting` how many records are left.
    """

    kind: Kind
    at_ns: int
    wall_ns: int
    durable: int
    who: str
    what: Any


class Host(Protocol):
    """What of the guard's host is looked at: its wall clock, and the bytes on its disks."""

    @property
    def disks(self) -> Mapping[str, MemoryStore]:
        """The disks by folder."""

    def now(self) -> int:
        """The wall clock, in nanoseconds since the epoch."""


class Observer:
    """Keeps everything that it is told, in order, and changes nothing. It never raises for what it is told.

    `records` are the durable records of the journal as it stands, across restarts: where the world puts an old copy
    back they go back too, and `histories` counts on. `trace` has one line per observation where it is kept.
    """

    def __init__(self, clock: Callable[[], int], *, keep_trace: bool = False) -> None:
        self.seen: list[Seen] = []
        self.records: list[Record] = []
        self.durable = Durable()
        self.histories = 0
        self.guard: Any = None
        self.trace: list[str] = []
        self._clock = clock
        self._keep_trace = keep_trace
        self._hash = sha256()
        self._host: Host | None = None
        self._is_lossy = False

    def attach(self, host: Host) -> None:
        """Look at this host's clock and disks from here on."""
        self._host = host

    def trace_hash(self) -> str:
        """Return the SHA-256 over every observation with its time: two runs of one schedule have the same."""
        return self._hash.hexdigest()

    # -- the guard's life

    def booting(self) -> None:
        """A guard is about to be made on the host's disks, which are as whatever ended the one before left them."""
        self.durable.begin()
        self.look()
        if self._is_lossy:
            self._is_lossy = False
            self._go_back()
        self._see("booting", "", len(self.records), b"%d" % self.histories)

    def booted(self, guard: Any) -> None:
        """A guard has opened its journal and knows what was in it; it has not begun yet."""
        self.guard = guard
        self._see("booted", "", guard, str(guard.kernel.state.seq).encode())
        entries = self.durable.entries
        while len(self.records) < len(entries):
            entry = entries[len(self.records)]
            if not entry:
                break
            self._record("joined", entry, decode(Record, entry))

    def refused_start(self, fault: Exception) -> None:
        """A guard refused to start, with a named fault."""
        self._see("refused_start", "", fault, f"{type(fault).__name__} {_plain(fault)}".encode())

    def died(self, why: str) -> None:
        """The guard's process ended without a clean stop."""
        self.guard = None
        self._see("died", "", why, why.encode())

    def stopped(self) -> None:
        """The guard's process ended cleanly."""
        self.guard = None
        self._see("stopped", "", "", b"")

    def heard(self, record: Record) -> None:
        """The guard let a record out: it is durable by the guard's own account."""
        self.look()
        index, entries = record.command.seq - 1, self.durable.entries
        entry = entries[index] if 0 <= index < len(entries) and entries[index] else encode(record)
        self._record("heard", entry, record)

    # -- the wire and the venues

    def sent(self, connection: str, message: bytes) -> None:
        """A message left the guard for a venue."""
        self._see("sent", connection, message, message)

    def arrived(self, connection: str, message: bytes) -> None:
        """A message reached a venue's door."""
        self._see("arrived", connection, message, message)

    def asked(self, caller: str, body: object) -> None:
        """A caller sent a command."""
        self._see("asked", caller, body, _bytes(body))

    def answered(self, caller: str, body: object, answer: object) -> None:
        """A caller got an answer to it: what the guard said, or the code of an error."""
        self._see("answered", caller, (body, answer), _bytes(answer))

    def called(self, caller: str, name: str, what: str, code: str) -> None:
        """A caller got an answer to a call that is no command which entered: the name that it gave the call, what it
        asked, and the code of the refusal, empty where it was answered."""
        self._see("called", caller, (name, what, code), f"{name} {what} {code}".encode())

    def used(self, caller: str, token: str, after: int, code: str) -> None:
        """A caller got an answer with the token of this id, begun when so many entries were durable; `code` names the
        refusal, empty where there was none."""
        self._see("used", caller, (token, after, code), f"{token} {after} {code}".encode())

    def proved(self, caller: str, how: str, right: bool, code: str) -> None:
        """A caller tried to sign in, as the person it is or as another: let in where `code` is empty."""
        self._see("proved", caller, (how, right, code), f"{how} {right} {code}".encode())

    def alerted(self, alert: Alert) -> None:
        """People were alerted."""
        self._see("alerted", alert.subject, alert, _bytes(alert))

    def anchored(self, who: str, size: int, root: bytes, *, is_held: bool) -> None:
        """Somebody let the guard know which head of its journal it holds: its size, its root, and whether it cosigned,
        or keeps, the one that it was shown."""
        self._see("anchored", who, (size, root, is_held), b"%d %b %d" % (size, root.hex().encode(), is_held))

    # -- exports

    def exported(self, place: str, size: int, root: bytes, fault: str) -> None:
        """An export's head was replaced: its size, its root, and what is wrong with the files that stand there."""
        self._see("exported", place, (size, root, fault), b"%d %b %b" % (size, root.hex().encode(), fault.encode()))

    def followed(self, place: str, fault: str, out_ns: int | None) -> None:
        """An exporter tried once, and failed where `fault` says why: everything that was durable at `out_ns` of the
        steady clock is out, None where it does not know of any such instant."""
        self._see("followed", place, (fault, out_ns), f"{fault} {out_ns}".encode())

    def shown(self, who: str, size: int, root: bytes) -> None:
        """A start of the guard was shown a head that somebody keeps."""
        self._see("shown", who, (size, root), b"%d %b" % (size, root.hex().encode()))

    # -- the world

    def disk_failed(self, folder: str, file: str, what: str) -> None:
        """A disk refused a write, a sync or the like of a file."""
        self._see("disk_failed", folder, (file, what), f"{file} {what}".encode())

    def befell(self, fault: str, where: str = "") -> None:
        """The world did something: a fault by its name, and where."""
        self._is_lossy = self._is_lossy or (fault in LOSSES and (where == JOURNAL or where.endswith(SUFFIX)))
        self._see("befell", where, fault, fault.encode())

    # -- inside

    def look(self) -> None:
        """Read what has become durable since the last look."""
        if self._host is not None and JOURNAL in self._host.disks:
            self.durable.look(self._host.disks[JOURNAL].durable)

    def _see(self, kind: Kind, who: str, what: Any, said: bytes) -> None:
        self.look()
        at_ns, wall_ns = self._clock(), 0 if self._host is None else self._host.now()
        self.seen.append(Seen(kind, at_ns, wall_ns, len(self.durable.entries), who, what))
        line = f"+{at_ns // 10**9}.{at_ns % 10**9:09d} {kind} {who} {crc32(said):08x} {len(said)}"
        self._hash.update(line.encode() + b"\n")
        if self._keep_trace:
            self.trace.append(line)

    def _record(self, kind: Kind, entry: bytes, record: Record) -> None:
        if len(self.records) == record.command.seq - 1:
            self.records.append(record)
        self._see(kind, str(record.command.seq), (record, entry), entry)

    def _go_back(self) -> None:
        """The world took durable entries away: what is known goes back to what is left."""
        self.histories += 1
        left = self.durable.entries
        same = 0
        while same < min(len(left), len(self.records)) and left[same] in (b"", encode(self.records[same])):
            same += 1  # what a turned bit made unreadable is taken for what it was: no guard can join it anew
        del self.records[same:]


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode()
    try:
        return encode(value)
    except (TypeError, NotImplementedError, msgspec.MsgspecError):
        return repr(type(value)).encode()


def _plain(fault: Exception) -> str:
    """Return a fault's words, without what differs from one process to another."""
    return str(fault) if isinstance(fault, JournalError | ValueError) else getattr(fault, "code", "")
