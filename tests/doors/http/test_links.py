"""Links that say nothing, over real sockets: they cost places, and no caller is kept out by them."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from remit.doors.http.links import Link, Server


class Few(Link):
    """Links of which few may be open, and that must say quickly what they want."""

    links_max = 8
    head_s = 0.5


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer `ok`, once the body is there."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Served:
    """A server on a loopback port."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listening.getsockname()[1]
        self.server = Server(uvicorn.Config(app, http=Few, lifespan="off", log_level="warning"))
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._listening]}, daemon=True)

    def __enter__(self) -> Served:
        self._thread.start()
        wait_for(lambda: self.server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self._thread.join(10)

    def open(self, sends: bytes = b"") -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        link.sendall(sends)
        return link

    def ask(self, link: http.client.HTTPConnection | None = None) -> bytes:
        asking = link or http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        asking.request("GET", "/")
        found = asking.getresponse().read()
        if link is None:
            asking.close()
        return found


def wait_for(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def is_open(link: socket.socket) -> bool:
    link.settimeout(0)
    try:
        return link.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served() as found:
        yield found


def test_a_caller_is_served_however_many_say_nothing(served: Served) -> None:
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(served.open()) for _ in range(60)]
        for _ in range(20):
            assert served.ask() == b"ok"
        assert sum(is_open(link) for link in idle) <= Few.links_max
        assert len(served.server.server_state.connections) <= Few.links_max


def test_a_request_under_way_keeps_its_place(served: Served) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
    with contextlib.ExitStack() as stack:
        busy = [stack.enter_context(served.open(head)) for _ in range(Few.links_max)]
        wait_for(lambda: sum(link.cycle is not None for link in served.server.server_state.connections) == len(busy))
        one_more = stack.enter_context(served.open())
        wait_for(lambda: not is_open(one_more))
        time.sleep(2 * Few.head_s + 0.5)
        for link in busy:
            link.settimeout(5)
            link.sendall(b"{}")
            assert link.recv(15).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("sends", [b"", b"GET / HTTP/1.1\r\nHost:"])
def test_a_head_that_does_not_come_closes_the_link(served: Served, sends: bytes) -> None:
    with served.open(sends) as link:
        wait_for(lambda: not is_open(link))


def test_a_second_head_must_come_as_quickly_and_a_rest_between_two_is_no_debt(served: Served) -> None:
    resting = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    assert served.ask(resting) == b"ok"
    with served.open(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as link:
        assert link.recv(100).startswith(b"HTTP/1.1 200")
        link.sendall(b"GET / HTTP/1.1\r\n")
        wait_for(lambda: not is_open(link))
    assert served.ask(resting) == b"ok", "it kept its link meanwhile"
    resting.close()
