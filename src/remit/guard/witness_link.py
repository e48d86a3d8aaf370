"""The link to one witness: HTTP with keep-alive, in a thread of its own, so that a slow one holds up nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from remit.guard.errors import LinkDown

PATH = "/add-checkpoint"
TIMEOUT_S = 5.0
"""How long a witness may be silent at once; a whole exchange may take twice as long."""
ANSWER_BYTES_MAX = 1 << 14


class WitnessLink:
    """Posts to the witness whose URL begins with `url`; one request at a time, each tried twice where the connection
    was an old one: showing a head again changes nothing. One that takes too long in all is hung up on."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._at = urlsplit(url)
        self._timeout_s = timeout_s
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="remit-witness")
        self._link: http.client.HTTPConnection | None = None
        self._is_over = False
        """Whether the exchange that is under way was given up."""

    async def submit(self, body: bytes) -> tuple[int, bytes]:
        """Return the witness's status and answer; LinkDown where there is none."""
        self._is_over = False
        asking = asyncio.get_running_loop().run_in_executor(self._worker, self._post, body)
        try:
            async with asyncio.timeout(2 * self._timeout_s):
                return await asking
        except TimeoutError as fault:
            raise self._down(fault) from None
        finally:
            if not asking.done() or asking.cancelled():
                self._hang_up()

    def close(self) -> None:
        """Hang up, also on a request that is under way."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        self._hang_up()

    def _hang_up(self) -> None:
        """Have whatever the thread waits for end at once, and nothing tried again."""
        self._is_over = True
        under_way = None if self._link is None else self._link.sock
        if under_way is not None:
            with contextlib.suppress(OSError):
                under_way.shutdown(socket.SHUT_RDWR)

    def _post(self, body: bytes) -> tuple[int, bytes]:
        known = self._link is not None
        try:
            return self._ask(body)
        except (OSError, http.client.HTTPException) as fault:
            self._drop()
            if not known or self._is_over or isinstance(fault, TimeoutError):
                raise self._down(fault) from None
        try:
            return self._ask(body)
        except (OSError, http.client.HTTPException) as fault:
            self._drop()
            raise self._down(fault) from None

    def _ask(self, body: bytes) -> tuple[int, bytes]:
        if self._link is None:
            self._link = self._open()
        self._link.request("POST", self._at.path.rstrip("/") + PATH, body, {"Content-Type": "text/plain"})
        answer = self._link.getresponse()
        read = answer.read(ANSWER_BYTES_MAX + 1)
        if len(read) > ANSWER_BYTES_MAX or answer.length:
            raise http.client.HTTPException("the answer is too long, or ended before its end")
        if answer.will_close:
            self._drop()
        return answer.status, read

    def _open(self) -> http.client.HTTPConnection:
        host, port = str(self._at.hostname), self._at.port
        if self._at.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)
        return http.client.HTTPConnection(host, port, timeout=self._timeout_s)

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _down(self, fault: Exception) -> LinkDown:
        said = str(fault) or type(fault).__name__
        return LinkDown(f"no answer from {self._at.netloc} ({said})", "See whether the witness runs there")
