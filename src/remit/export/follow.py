"""An export that goes on while the guard runs: one place, again and again, and what is told of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from remit.export.errors import ExportError
from remit.export.exporter import Exporter
from remit.journal.errors import JournalError
from remit.journal.standing import Standing as Standing

WAIT_MAX_S = 60
"""The longest wait after failures, each of which doubles it."""
COSIGNED_WITHIN_NS = 5 * 10**9
"""So long what is durable waits for a head that witnesses cosigned; then it goes out without."""


class Around(Protocol):
    """What following needs of the machine."""

    def now(self) -> int:
        """The wall clock in ns since the epoch."""
        ...

    def wait(self, duration_s: float) -> bool:
        """Wait so long, and return whether to go on; False at once when it is to stop."""
        ...

    def tell(self, standing: Standing) -> None:
        """Publish how far it is. It never raises."""
        ...


class Following:
    """Brings out what is new every `every_s` seconds until it is told to stop; a failure is told and tried again."""

    def __init__(self, to: str, begin: Callable[[], Exporter], around: Around, every_s: float) -> None:
        self._begin = begin
        self._around = around
        self._every_s = every_s
        self._exporter: Exporter | None = None
        self._looks: deque[tuple[int, int]] = deque()
        """When the journal was read and how many entries it had, of each time since all that was there is out."""
        now = around.now()
        self.standing = Standing(to=to, size=0, root="", at=now, tried_at=now)

    def run(self) -> None:
        """Go on until `wait` says to stop, and bring out the rest then."""
        failures, going = 0, True
        while going:
            failures = 0 if self.step() else failures + 1
            pause = min(WAIT_MAX_S, self._every_s * 2 ** min(failures, 10))
            going = self._around.wait(pause if failures else self._every_s)
        self.step(last=True)

    def step(self, *, last: bool = False) -> bool:
        """Try once, tell how far it is, and return whether that went well. What no cosigned head covers is out a little
        later, or at once where it is the `last` time."""
        at = self._around.now()
        try:
            self._exporter = self._exporter or self._begin()
            head = self._exporter.advance(patient=not last)
            if self._is_behind(at, self._exporter):
                head = self._exporter.advance()
        except (ExportError, JournalError, OSError) as fault:
            self._exporter = None  # where it stood is known by the place alone
            self.standing = replace(self.standing, tried_at=at, fault=_said(fault))
        else:
            size, root = (0, "") if head is None else (head.size, head.root.hex())
            out_at = self.standing.at
            while self._looks and self._looks[0][1] <= size:
                out_at = self._looks.popleft()[0]
            self.standing = Standing(self.standing.to, size, root, out_at, at)
        self._around.tell(self.standing)
        return not self.standing.fault

    def _is_behind(self, at: int, exporter: Exporter) -> bool:
        """Note how far the journal was read, and return whether anything of it has waited for too long."""
        self._looks.append((at, 0 if exporter.newest is None else exporter.newest.size))
        out = 0 if exporter.head is None else exporter.head.size
        return any(size > out and at - then >= COSIGNED_WITHIN_NS for then, size in self._looks)


def _said(fault: Exception) -> str:
    return str(fault) if isinstance(fault, (ExportError, JournalError)) else f"journal_unreadable: {fault}"
