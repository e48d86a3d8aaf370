"""What stands before the table: hosts, rates, sizes, sessions, and what every answer carries."""

from __future__ import annotations

import http.client
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doors.http.conftest import Door, people, session_of
from tests.guard.processes import trading

from remit.doors.http.app import DOOR, Options, create_app
from remit.doors.http.auth import CSRF_HEADER, caller_of, cookie_of, csrf_of, drop_cookie, set_cookie
from remit.doors.http.hosts import Hosts, is_local
from remit.doors.http.limits import KEYS_MAX, Buckets, Limits, Rate
from remit.doors.http.problem import Problem
from remit.doors.http.routes import ROUTES
from remit.guard.config import load
from remit.guard.wire import AsyncClient

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


# Hosts


@pytest.mark.parametrize(
    ("host", "url", "header", "takes"),
    [
        ("127.0.0.1", "http://localhost:8420", "127.0.0.1:8420", True),
        ("127.0.0.1", "http://localhost:8420", "localhost:8420", True),
        ("127.0.0.1", "http://localhost:8420", "LOCALHOST", True),
        ("127.0.0.1", "http://localhost:8420", "[::1]:8420", True),
        ("127.0.0.1", "http://localhost:8420", "evil.example", False),
        ("127.0.0.1", "http://localhost:8420", "evil.example:8420", False),
        ("127.0.0.1", "http://localhost:8420", "localhost.evil.example:8420", False),
        ("127.0.0.1", "http://localhost:8420", "192.168.1.5:8420", False),
        ("127.0.0.1", "http://localhost:8420", "", False),
        ("127.0.0.1", "http://localhost:8420", "[", False),
        ("127.0.0.1", "https://remit.example.org", "remit.example.org", True),
        ("0.0.0.0", "https://remit.example.org", "remit.example.org:8420", True),
        ("0.0.0.0", "https://remit.example.org", "192.168.1.5:8420", True),
        ("0.0.0.0", "https://remit.example.org", "evil.example", False),
    ],
)
def test_a_door_answers_to_its_own_names_alone(host: str, url: str, header: str, takes: bool) -> None:
    assert Hosts(host, url).takes(header.encode()) is takes


@given(st.binary(max_size=40))
def test_any_host_header_is_judged(header: bytes) -> None:
    assert Hosts("127.0.0.1", "http://localhost:8420").takes(header) in (True, False)


def test_local_means_by_every_name() -> None:
    assert is_local("127.0.0.1", "http://localhost:8420")
    assert not is_local("127.0.0.1", "https://remit.example.org")
    assert not is_local("0.0.0.0", "https://localhost:8420")


def test_a_page_that_rebinds_a_name_is_refused(door: Door) -> None:
    answer = door.http().get("/v1/self", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (421, "host_refused")


# Rates and sizes


def test_a_bucket_empties_and_fills_again() -> None:
    bucket = Buckets(Rate(2, 3))
    assert [bucket.wait("a", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert bucket.wait("b", 0.0) == 0
    assert bucket.wait("a", 0.5) == 0
    assert bucket.wait("a", 0.5) == 0.5


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 3)), max_size=200))
def test_a_bucket_never_lets_more_through_than_its_rate(asks: list[tuple[float, int]]) -> None:
    rate, now = Rate(5, 10), 0.0
    bucket, passed = Buckets(rate), dict.fromkeys(range(4), 0)
    for pause, key in asks:
        now += pause / 20
        passed[key] += bucket.wait(key, now) == 0
    assert all(count <= rate.burst + rate.per_s * now + 1 for count in passed.values())


def test_buckets_take_bounded_memory() -> None:
    bucket = Buckets(Rate(1, 1))
    for number in range(KEYS_MAX + 500):
        bucket.wait(number, 0.0)
    assert len(bucket) == KEYS_MAX


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door that takes little: five requests at once of a token, two of nobody, and bodies of 2,000 bytes."""
    limits = Limits(token=Rate(1, 5), nobody=Rate(1, 2), body_bytes=2_000, body_s=0.5)
    for processes in trading(Path(tmp_path_factory.mktemp("narrow"))):
        people(processes)
        door = Door(processes, ROUTES, options=Options(limits=limits))
        door.start()
        yield door
        door.stop()


def test_who_asks_too_often_is_told_when_to_ask_again(narrow: Door) -> None:
    answers = [narrow.http("otto").get("/v1/self") for _ in range(7)]
    assert [answer.status_code for answer in answers][:5] == [200] * 5
    last = answers[-1]
    assert (last.status_code, last.json()["code"]) == (429, "too_many_requests")
    assert int(last.headers["retry-after"]) >= 1
    assert narrow.http("ada").get("/v1/self").status_code == 200  # another token is another bucket
    assert 429 in [narrow.http("nobody").get("/healthz").status_code for _ in range(4)]


def test_a_large_body_is_refused_before_it_is_read(narrow: Door) -> None:
    address = narrow.url.removeprefix("http://")
    headers = {"Authorization": f"Bearer {narrow.processes.secrets['momentum']}", "Content-Type": "application/json"}
    link = http.client.HTTPConnection(address, timeout=5)
    link.putrequest("POST", "/v1/orders")
    for name, value in {**headers, "Content-Length": "1000000000"}.items():
        link.putheader(name, value)
    link.endheaders()
    assert link.getresponse().status == 413  # and not one byte of it was sent
    link.close()

    def pieces() -> Iterator[bytes]:
        for _ in range(5):
            yield b" " * 1000

    answer = narrow.http("momentum").post("/v1/orders", content=pieces(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert narrow.http("momentum").get("/v1/self?" + "a" * 9000).status_code == 413


def test_a_body_that_does_not_come_holds_no_place(narrow: Door) -> None:
    link = http.client.HTTPConnection(narrow.url.removeprefix("http://"), timeout=5)
    link.putrequest("POST", "/v1/orders")
    token = narrow.processes.secrets["ada"]
    for name, value in (
        ("Authorization", f"Bearer {token}"), ("Content-Type", "application/json"), ("Content-Length", "50"),
    ):  # fmt: skip
        link.putheader(name, value)
    link.endheaders(b"{")
    answer = link.getresponse()
    assert (answer.status, answer.getheader("connection")) == (408, "close")
    link.close()


# Sessions


def test_a_session_reads_by_its_cookie_and_changes_nothing_without_its_header(door: Door) -> None:
    secret = session_of(door)
    http = door.http("nobody")
    cookie = {"Cookie": f"remit_session={secret}"}
    assert http.get("/v1/self", headers=cookie).json()["role"] == "operator"
    for other in (
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost:3000"},
    ):
        answer = http.get("/v1/self", headers={**cookie, **other})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused"), "nor of another port's page"
    sent = {"subject": "client:claude", "why": "a look"}
    for headers, status in (
        (cookie, 403),
        ({**cookie, CSRF_HEADER: "0" * 64}, 403),
        ({**cookie, CSRF_HEADER: csrf_of(secret), "Origin": "https://evil.example"}, 403),
        ({**cookie, CSRF_HEADER: csrf_of(secret), "Sec-Fetch-Site": "cross-site"}, 403),
        ({**cookie, CSRF_HEADER: csrf_of(secret), "Origin": door.url}, 200),
    ):
        answer = http.post("/v1/pauses", json=sent, headers=headers)
        assert answer.status_code == status, answer.text
    door.http().post("/v1/pauses/client:claude/end", json={"why": "seen"})


@pytest.mark.parametrize("who", ["operator", "momentum", "ada", "otto"])
def test_a_cookie_holds_a_session_and_no_other_token(door: Door, who: str) -> None:
    """Cookies know no port: what listens on another one of this host could give its own token to a person's page."""
    own, other = session_of(door), door.processes.secrets[who]
    for cookie in (other, f"{other}; remit_session={own}", f"{own}; remit_session={other}"):
        answer = door.http("nobody").get("/v1/self", headers={"Cookie": f"remit_session={cookie}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    twice = {"Cookie": f"remit_session={own}; remit_session={own}"}
    assert door.http("nobody").get("/v1/self", headers=twice).status_code == 200


def test_a_session_cookie_is_out_of_reach() -> None:
    name, value = set_cookie("secret", tls=True, max_age_s=60)
    said = value.decode()
    assert name == b"set-cookie"
    for word in ("HttpOnly", "SameSite=Strict", "Secure", "Path=/", "Max-Age=60"):
        assert word in said
    assert "Secure" not in set_cookie("secret", tls=False, max_age_s=60)[1].decode()
    assert "secret" not in csrf_of("secret")
    assert cookie_of(b"a=b; remit_session=x; c=d", tls=False) == "x"
    assert cookie_of(b"xremit_session=x", tls=False) == ""


def test_over_tls_a_cookie_that_another_host_could_have_set_is_none(tmp_path: Path) -> None:
    """Only the door's own host can set a name with this prefix, for all of its paths, and over TLS alone."""
    said = set_cookie("secret", tls=True, max_age_s=60)[1]
    assert said.startswith(b"__Host-remit_session=secret; Path=/;") and b"Domain" not in said
    assert drop_cookie(tls=True)[1].startswith(b"__Host-remit_session=; Path=/; Max-Age=0;")
    both = b"remit_session=theirs; __Host-remit_session=own"
    assert (cookie_of(both, tls=True), cookie_of(both, tls=False)) == ("own", "theirs")
    assert cookie_of(b"remit_session=theirs", tls=True) == ""
    headers = {b"cookie": b"remit_session=remit_session_theirs"}
    assert caller_of("GET", headers, tls=False).by_cookie
    with pytest.raises(Problem, match="token_missing"):
        caller_of("GET", headers, tls=True)
    for reach, tls in (({}, False), ({"REMIT_PUBLIC_URL": "https://remit.example"}, True)):
        settings = load({"REMIT_HOME": str(tmp_path), **reach})
        assert create_app(AsyncClient(settings.socket, "", DOOR), settings).state.tls is tls


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//]", "http://a]b/", "null"])
def test_an_origin_that_is_none_is_another_site(door: Door, origin: str) -> None:
    secret = session_of(door)
    session = {"Cookie": f"remit_session={secret}", CSRF_HEADER: csrf_of(secret), "Origin": origin}
    sent = {"subject": "client:claude", "why": "a look"}
    for path, body, headers in (
        ("/v1/pauses", sent, session),
        ("/v1/session/password", {"person": "ann", "password": "x"}, {"Origin": origin}),
    ):
        answer = door.http("nobody").post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused"), answer.text


# What every answer carries


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/openapi.json", "/v1/orders", "/v1/nothing", "/metrics"])
def test_every_answer_is_guarded_in_the_browser(door: Door, path: str) -> None:
    answer = door.http("nobody").get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] in ("no-store", "no-cache")
    assert "access-control-allow-origin" not in answer.headers


def test_the_front_page_says_what_runs_and_asks_nobody_else(door: Door) -> None:
    answer = door.http("nobody").get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert "/v1/openapi.json" in answer.text
    assert "http://" not in answer.text and "https://" not in answer.text


def test_a_head_is_a_get_without_its_body(door: Door) -> None:
    shown = door.http("nobody").get("/healthz")
    bare = door.http("nobody").head("/healthz")
    assert (bare.status_code, bare.content) == (200, b"")
    assert bare.headers["content-length"] == shown.headers["content-length"]


# Traces and metrics


def test_a_callers_trace_is_in_the_journal_beside_the_order(door: Door) -> None:
    answer = door.http("momentum").post("/v1/orders", json=door.order("60"), headers={"traceparent": PARENT})
    assert answer.headers["x-trace-id"] == TRACE
    entry = door.processes.read("log", **{"from": answer.json()["seq"], "limit": 1})["entries"][0]
    assert entry["command"]["body"]["trace"] == TRACE
    for broken in ("", "00-" + "0" * 32 + "-b7ad6b7169203331-01", PARENT.upper(), "nonsense"):
        found = door.http("momentum").get("/v1/self", headers={"traceparent": broken}).headers["x-trace-id"]
        assert found != TRACE and len(found) == 32 and int(found, 16)


def test_metrics_count_rows_and_hold_no_secret(door: Door) -> None:
    placed = door.http("momentum").post("/v1/orders", json=door.order("60")).json()
    door.http("momentum").get(f"/v1/orders/{placed['order']}")
    text = door.http("nobody").get("/metrics").text
    assert 'remit_http_requests_total{method="GET",route="/v1/orders/{order}",status="200"}' in text
    assert "remit_guard_up 1.0" in text
    assert 'remit_connection_ready{connection="paper1"} 1.0' in text
    assert placed["order"] not in text and "remit_agent_" not in text and "momentum" not in text
    for secret in door.processes.secrets.values():
        assert secret[-20:] not in text


def test_nothing_of_a_token_reaches_the_disk(door: Door) -> None:
    door.http().post("/v1/pauses", json={"subject": "client:claude", "why": "x"}, headers={"Idempotency-Key": "k"})
    with sqlite3.connect(door.processes.home / "http.sqlite") as database:
        rows = database.execute("SELECT token, asked, body FROM answers").fetchall()
    assert rows and all(len(token) == 32 for token, _, _ in rows)
    door.http().post("/v1/pauses/client:claude/end", json={"why": "seen"})
