"""Callers on the guard's socket that cost next to nothing: each sends its next order when one is answered."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from remit.guard.frame import Frames, pack
from remit.guard.wire.message import write_request


class AnsweredOtherwise(Exception):
    """An answer was not the one that was to be measured."""


class Callers:
    """So many links to one guard, one request under way on each."""

    def __init__(self, path: Path, count: int) -> None:
        self._links = []
        self._select = selectors.DefaultSelector()
        for _ in range(count):
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            link.connect(str(path))
            self._links.append(link)
            self._select.register(link, selectors.EVENT_READ, Frames())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._select.close()
        for link in self._links:
            link.close()

    def ask(self, requests: Sequence[bytes], verdict: str) -> int:
        """Send the requests over all links and return how many were answered, all with this verdict."""
        waiting = iter(requests)
        wanted = f'"verdict":"{verdict}"'.encode()
        for link, request in zip(self._links, waiting, strict=False):
            link.sendall(request)
        left = len(requests)
        while left:
            for key, _ in self._select.select():
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(1 << 16)
                for answer in key.data.feed(data):
                    if wanted not in answer:
                        raise AnsweredOtherwise(answer.decode()[:500])
                    left -= 1
                    following = next(waiting, None)
                    if following is not None:
                        key.fileobj.sendall(following)
                if not data:
                    raise AnsweredOtherwise("the guard closed the link")
        return len(requests)


def framed(secret: str, bodies: Sequence[object]) -> list[bytes]:
    """Return commands as the frames that carry them."""
    return [pack(write_request(number, secret, "command", body, "bench")) for number, body in enumerate(bodies, 1)]
