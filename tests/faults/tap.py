"""Between a guard and its venue: who sees every frame as it arrives, and holds it beside the journal on the disk."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import NamedTuple

from remit.guard.frame import Frames, pack
from remit.journal.errors import JournalError
from remit.journal.log import read_entries
from remit.journal.store import FolderReader
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.kernel.permit import Permit, Request
from remit.venues.paper.messages import Refused, Sealed, read_frame, read_reply


class Arrived(NamedTuple):
    """One request as it reached the venue: its permit, and what was wrong with it at that instant ("" for nothing)."""

    permit: Permit
    wrong: str


class Tap:
    """Listens where the guard looks for its venue, and passes everything on to the venue itself.

    `arrived` holds every sealed request, in order. A venue that is down is a link that ends at once.
    """

    def __init__(self, path: Path, venue: Path, journal: Path) -> None:
        self.arrived: list[Arrived] = []
        self._venue, self._journal = venue, journal
        self._frames: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def placed(self) -> list[str]:
        """The orders that were sent to be placed, as often as they were sent."""
        return [permit.order for permit, _ in self.arrived if permit.action == "place"]

    def again(self, order: str) -> str:
        """Send the venue the very bytes again that placed an order, and return the code by which it refuses."""
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(self._venue))
            link.sendall(pack(self._frames[order]))
            (reply,) = Frames().feed(link.recv(65536))
        said = read_reply(reply)
        assert isinstance(said, Refused), said
        return said.code

    def wrong(self) -> list[str]:
        return [wrong for _, wrong in self.arrived if wrong]

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(link,), daemon=True).start()

    def _carry(self, link: socket.socket) -> None:
        with link, socket.socket(socket.AF_UNIX) as venue:
            with contextlib.suppress(OSError):
                venue.connect(str(self._venue))
                threading.Thread(target=_pour, args=(venue, link), daemon=True).start()
                with link.makefile("rb") as frames:
                    while len(head := frames.read(4)) == 4:
                        frame = frames.read(int.from_bytes(head, "big"))
                        self._look(frame)
                        venue.sendall(head + frame)
            with contextlib.suppress(OSError):
                venue.shutdown(socket.SHUT_RDWR)

    def _look(self, frame: bytes) -> None:
        try:
            said = read_frame(frame)
        except ValueError:
            return  # half a frame, of a guard that died
        if isinstance(said, Sealed):
            permit = decode(Permit, said.permit)
            with self._lock:
                self.arrived.append(Arrived(permit, self._wrong(said, permit)))
                if permit.action == "place":
                    self._frames[permit.order] = frame

    def _wrong(self, sealed: Sealed, permit: Permit) -> str:
        """What the journal on the disk says against a request at the instant of its arrival."""
        asked = Request(
            connection=permit.connection, action=permit.action, method=sealed.method, path=sealed.path, body=sealed.body
        )
        if asked.digest != permit.digest:
            return f"{permit.id}: other bytes than the permit names"
        try:
            entries = [entry for _, entry in read_entries(FolderReader(self._journal), permit.seq - 1, permit.seq)]
        except JournalError as fault:
            return f"{permit.id}: no entry {permit.seq} in the journal: {fault}"
        planned = decode(Record, entries[0]).requests
        if (permit.action, permit.order, permit.digest) not in {(plan.do, plan.order, plan.digest) for plan in planned}:
            return f"{permit.id}: entry {permit.seq} plans something else"
        return ""


def _pour(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
