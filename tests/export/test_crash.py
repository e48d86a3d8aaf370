"""A journal whose machine dies, beside an exporter that does not: whatever was lost, no head is out that it undid."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.export.test_exporter import KEY, Memory
from tests.journal.cases import KEYS, ORIGIN, opened

from remit.export.exporter import Exporter
from remit.journal import checkpoint as checkpoints
from remit.journal.errors import JournalPoisoned
from remit.journal.frame import is_segment
from remit.journal.log import POISON_MARKER, Journal, Resume
from remit.journal.tiles import entries
from remit.testing.disk import Crashed, MemoryStore


class Settled:
    """What `Durable` is of a folder, of a disk in memory: the last segment synced, and no more than it had then."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._names = [name for name in store.names() if is_segment(name)]
        self._last = len(store.live[self._names[-1]]) if self._names else 0
        if self._names:
            store.sync(self._names[-1])
        if POISON_MARKER in store.names():
            raise JournalPoisoned("planted", "resume it")

    def names(self) -> list[str]:
        return list(self._names)

    def size(self, name: str) -> int:
        return self._last if name == self._names[-1] else self._store.size(name)

    def read(self, name: str, offset: int, length: int) -> bytes:
        return self._store.read(name, offset, max(0, min(length, self.size(name) - offset)))


class Machine:
    """A disk, the journal on it, and an exporter elsewhere that looks at it whenever it is told to."""

    def __init__(self) -> None:
        self.store, self.sink = MemoryStore(), Memory()
        self.journal: Journal | None = None
        self.life = 0
        self.out: list[bytes] = []

    def start(self) -> None:
        """Open the journal; whatever is out must be in it."""
        self.life += 1
        resume = Resume("ann", "the disk was looked at") if POISON_MARKER in self.store.names() else None
        self.journal, _ = opened(self.store, segment_bytes=600, resume_poisoned=resume)
        held = [one for _, one in self.journal.entries()]
        assert held[: len(self.out)] == self.out, "what is out was undone"

    def write(self, count: int) -> None:
        """Make a batch durable. What the disk does meanwhile ends the guard."""
        assert self.journal is not None
        try:
            for number in range(count):
                self.journal.append(b"%d in life %d" % (self.journal.size + number, self.life))
            self.journal.sync()
        except (Crashed, JournalPoisoned):
            self.journal = None

    def export(self) -> None:
        """Look once, as an exporter that was just started; what is out only grows."""
        try:
            Exporter(lambda: Settled(self.store), KEY, self.sink).advance()
        except JournalPoisoned:
            pass
        if "checkpoint" in self.sink.files:
            head = checkpoints.verify(self.sink.files["checkpoint"].decode(), ORIGIN, KEYS)
            found = [one for _, one in entries(head.size, self.sink.files.__getitem__)]
            assert found[: len(self.out)] == self.out
            self.out = found


STEP = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 120)),
    st.tuples(st.just("crash_write"), st.integers(0, 400)),
    st.tuples(st.just("crash_sync"), st.just(0)),
    st.tuples(st.just("fail_sync"), st.just(0)),
    st.tuples(st.just("export"), st.just(0)),
    st.tuples(st.just("power_loss"), st.integers(0, 4_000)),
    st.tuples(st.just("restart"), st.just(0)),
)


@given(st.lists(STEP, min_size=3, max_size=25))
@settings(deadline=None, max_examples=60)
@example([("crash_sync", 0), ("export", 0), ("power_loss", 0)])
@example([("fail_sync", 0), ("export", 0), ("power_loss", 0)])
@example([("write", 300), ("crash_write", 100), ("export", 0), ("power_loss", 50)])
def test_a_head_that_is_out_is_never_undone(steps: list[tuple[str, int]]) -> None:
    machine = Machine()
    for what, amount in [*steps, ("power_loss", 0), ("restart", 0), ("write", 3), ("export", 0)]:
        if machine.journal is None and what not in ("export", "power_loss"):
            machine.start()
        match what:
            case "write":
                machine.write(amount)
            case "crash_write":
                machine.store.crash_write(keep=amount)
                machine.write(3)
            case "crash_sync":
                machine.store.crash_sync()
                machine.write(3)
            case "fail_sync":
                machine.store.fail_sync()
                machine.write(3)
            case "export":
                machine.export()
            case "power_loss" | "restart":
                machine.journal = None
                machine.store = machine.store.reboot(amount if what == "power_loss" else None)
    assert machine.journal is not None and len(machine.out) == machine.journal.size
