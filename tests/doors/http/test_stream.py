"""The live stream: records as they become durable, from a sequence number on, over SSE and WebSocket."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests.doors.http.conftest import Door, session_of
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from remit.doors.http.limits import Limits


def told(answer: httpx2.Response, count: int) -> list[tuple[int, dict[str, Any]]]:
    """The first events of a stream: each one's id, and what it says."""
    found: list[tuple[int, dict[str, Any]]] = []
    number = 0
    for line in answer.iter_lines():
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            found.append((number, json.loads(line[6:])))
            if len(found) == count:
                return found
    raise AssertionError(f"the stream ended after {found}")


def ordering(door: Door, every_s: float = 0.05) -> Iterator[None]:
    """Place orders as long as the block lasts."""
    over = threading.Event()

    def place() -> None:
        with httpx2.Client(base_url=door.url, headers=dict(door.http("momentum").headers)) as http:
            while not over.wait(every_s):
                http.post("/v1/orders?preview=false", json=door.order("60")).raise_for_status()

    placing = threading.Thread(target=place)
    placing.start()
    yield
    over.set()
    placing.join()


@pytest.fixture
def busy(door: Door) -> Iterator[None]:
    yield from ordering(door)


def test_events_go_on_after_a_break(door: Door) -> None:
    with door.http().stream("GET", "/v1/events?from=1") as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        first = told(answer, 5)
    assert [number for number, _ in first] == [1, 2, 3, 4, 5]
    assert all(record["command"]["seq"] == number for number, record in first)
    with door.http().stream("GET", "/v1/events", headers={"Last-Event-ID": "3"}) as answer:
        assert told(answer, 2) == first[3:]


def test_what_comes_next_is_told_at_once(door: Door, busy: None) -> None:
    with door.http("momentum").stream("GET", "/v1/events") as answer:
        bodies = [record["command"]["body"] for _, record in told(answer, 6)]
    assert {body["kind"] for body in bodies} <= {"submit", "acted"}
    assert [body["intent"]["agent"] for body in bodies if body["kind"] == "submit"]


def test_a_websocket_tells_the_same(door: Door) -> None:
    headers = {"Authorization": f"Bearer {door.processes.secrets['operator']}"}
    url = door.url.replace("http", "ws") + "/v1/stream?from=2"
    with connect(url, additional_headers=headers, close_timeout=1) as socket:
        assert [json.loads(socket.recv(5))["command"]["seq"] for _ in range(3)] == [2, 3, 4]


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {}, 401),
        ("", {"Authorization": "Bearer remit_agent_nothing"}, 401),
        ("?from=x", {"Authorization": "operator"}, 422),
        ("", {"Cookie": "operator"}, 403),
        ("", {"Cookie": "operator", "Origin": "https://evil.example"}, 403),
    ],
)
def test_a_websocket_is_refused_with_a_problem(
    door: Door, query: str, headers: dict[str, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "remit.doors")
    secret = door.processes.secrets["operator"]
    given = {
        name: {"Authorization": f"Bearer {secret}", "Cookie": f"remit_session={session_of(door)}"}[name]
        if value == "operator" else value
        for name, value in headers.items()
    }  # fmt: skip
    with pytest.raises(InvalidStatus) as refused:
        connect(door.url.replace("http", "ws") + f"/v1/stream{query}", additional_headers=given)
    assert refused.value.response.status_code == status
    code = json.loads(refused.value.response.body)["code"]
    assert caplog.messages == [f"a WebSocket was refused: {code}"]


def test_a_page_of_this_host_may_open_a_websocket_with_its_session(door: Door) -> None:
    headers = {"Cookie": f"remit_session={session_of(door)}", "Origin": door.url}
    with connect(door.url.replace("http", "ws") + "/v1/stream?from=1", additional_headers=headers) as socket:
        assert json.loads(socket.recv(5))["command"]["seq"] == 1


def test_a_revoked_token_ends_its_stream(door: Door, busy: None) -> None:
    answer = door.processes.say({"kind": "new_token", "role": "auditor", "name": "guest", "owner": "guest"})
    token = answer["command"]["body"]["grant"]["token"]
    headers = {"Authorization": f"Bearer {answer['secret']}"}
    with connect(door.url.replace("http", "ws") + "/v1/stream", additional_headers=headers) as socket:
        socket.recv(5)
        door.http().post(f"/v1/tokens/{token}/revoke", json={"why": "gone"})
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(200):
                socket.recv(5)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "not_authenticated")


def test_nobody_and_feeds_are_told_nothing(door: Door) -> None:
    assert door.http("nobody").get("/v1/events").status_code == 401
    assert door.http().get("/v1/events?from=-1").status_code == 422
    assert door.http().get("/v1/events", headers={"Last-Event-ID": "x"}).status_code == 422


def open_now(door: Door) -> float:
    lines = door.http("nobody").get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith("remit_http_streams ")).split()[1])


def until_none_is_open(door: Door) -> None:
    end = time.monotonic() + 5
    while open_now(door) > 0:
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def few(door: Door) -> Iterator[None]:
    """Room for four streams, two of each caller, and the last for who acts."""
    until_none_is_open(door)
    before, door.app.state.limits = door.app.state.limits, Limits(streams=4, streams_each=2, streams_kept=1)
    yield
    door.app.state.limits = before


def test_nobody_takes_all_streams(door: Door, few: None) -> None:
    """Readers cannot keep an operator from the stream."""
    url = door.url.replace("http", "ws") + "/v1/stream"
    with contextlib.ExitStack() as opened:

        def opens(who: str, *, socket: bool = False) -> int:
            headers = {"Authorization": f"Bearer {door.processes.secrets[who]}"}
            if not socket:
                http = opened.enter_context(httpx2.Client(base_url=door.url, headers=headers))
                return int(opened.enter_context(http.stream("GET", "/v1/events")).status_code)
            try:
                opened.enter_context(connect(url, additional_headers=headers, close_timeout=1))
            except InvalidStatus as refused:
                return refused.response.status_code
            return 200

        assert [opens("otto"), opens("otto", socket=True)] == [200, 200]
        assert [opens("otto"), opens("otto", socket=True)] == [503, 503], "two of each"
        assert [opens("doors"), opens("doors"), opens("momentum", socket=True)] == [200, 503, 503], "the last is kept"
        assert [opens("ada"), opens("operator")] == [200, 503], "four in all"
    until_none_is_open(door)
    assert door.http("otto").head("/v1/events").status_code == 200


def test_streams_are_counted_and_end_with_their_readers(door: Door) -> None:
    with door.http().stream("GET", "/v1/events?from=1") as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("retry: ")
        assert open_now(door) >= 1
    until_none_is_open(door)
