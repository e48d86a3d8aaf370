"""The process of the door: what it says, what it needs, a guard that goes and comes back, a clean stop, TLS."""

from __future__ import annotations

import datetime
import ipaddress
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.doors.http.conftest import people
from tests.guard.processes import Processes, trading, wait_for
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from remit.doors.http.process import NotServed, listen, main, url_of
from remit.guard.config import load

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def command(home: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "remit.doors.http", "--home", str(home), *more]


def start(home: Path, *more: str, **environ: str) -> tuple[subprocess.Popen[str], str]:
    """A door that is ready, and its URL."""
    given = {**os.environ, "REMIT_BIND": f"127.0.0.1:{free_port()}", **environ}
    process = subprocess.Popen(
        command(home, *more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=given
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "ready on " in line:
            return process, line.partition("ready on ")[2].strip()
    raise AssertionError("".join(said))


def with_own_token(folder: Path) -> Iterator[Processes]:
    """A trading guard with the door's own token in its folder."""
    for processes in trading(folder):
        people(processes)
        token = processes.home / "doors.token"
        token.touch(0o600)
        token.write_text(processes.secrets["doors"] + "\n")
        yield processes


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    yield from with_own_token(tmp_path_factory.mktemp("process"))


def test_it_outlives_the_guard_and_stops_cleanly(guarded: Processes) -> None:
    process, url = start(guarded.home)
    headers = {"Authorization": f"Bearer {guarded.secrets['operator']}"}
    with httpx2.Client(base_url=url, headers=headers, timeout=20) as http:
        assert (guarded.home / "doors.address").read_text().strip() == url
        assert http.get("/readyz").status_code == 200
        with pytest.raises(InvalidStatus, match="401"):
            connect(url.replace("http", "ws") + "/v1/stream")
        with http.stream("GET", "/v1/events?from=1") as stream:
            lines = stream.iter_lines()
            assert next(line for line in lines if line.startswith("id: ")) == "id: 1"
            guarded.kill_guard()
            assert http.get("/healthz").status_code == 200
            away = http.get("/v1/positions")
            assert (away.status_code, away.headers["content-type"]) == (503, "application/problem+json")
            assert away.json()["code"] == "guard_not_running" and int(away.headers["retry-after"]) >= 1
            assert http.get("/readyz").status_code == 503
            assert "remit_guard_up 0.0" in http.get("/metrics").text
            guarded.start_guard()
            wait_for(lambda: http.get("/readyz").status_code == 200, "the door finds the guard again")
            assert http.get("/v1/positions").status_code == 200
            started = next(line for line in lines if '"kind":"kernel_started"' in line and '"seq":1,' not in line)
            assert started.startswith("data: "), "the stream goes on over the guard's restart"
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            for _ in lines:
                assert time.monotonic() - began < 5
    assert process.wait(10) == 0
    assert time.monotonic() - began < 5
    assert process.stdout is not None
    said = process.stdout.read()
    assert "Traceback" not in said and "ERROR" not in said, "who is refused is no fault of the door"
    assert not (guarded.home / "doors.address").exists()


def test_a_taken_port_is_named_and_another_one_found_where_that_is_allowed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = load({"REMIT_HOME": str(tmp_path), "REMIT_BIND": bind})
        with pytest.raises(NotServed, match=f"{bind}.*REMIT_BIND"):
            listen(settings)
        found, now = listen(settings, any_port=True)
        with found:
            assert now.bind != bind and url_of(now) == f"http://127.0.0.1:{found.getsockname()[1]}"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_door_that_fell_over_is_found_where_it_was(tmp_path: Path, host: str) -> None:
    shown = f"[{host}]" if ":" in host else host
    settings = load({"REMIT_HOME": str(tmp_path), "REMIT_BIND": f"{shown}:{free_port()}"})
    for left in (f"http://{shown}:{free_port()}", f"http://{shown}:99999", "http://localhost:1", "\x00", ""):
        (tmp_path / "doors.address").write_text(left + "\n")
        found, now = listen(settings, any_port=True)
        with found:
            assert url_of(now) == (
                left if left.startswith(f"http://{shown}:") and "99999" not in left else url_of(settings)
            )
        found, now = listen(settings)
        with found:
            assert now.bind == settings.bind, "where `bind` is meant, it is that"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"REMIT_BIND": "0.0.0.0:8420"}, "no loopback"),
        ({"REMIT_BIND": "nowhere"}, "HOST:PORT"),
        ({"OTEL_TRACES_EXPORTER": "smoke"}, "none, console or otlp"),
        ({"MODE": "644"}, "chmod 600"),
        ({"MODE": ""}, "remit token issue doors --role auditor"),
    ],
)
def test_what_stands_against_it_is_named(
    environ: dict[str, str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if environ.get("MODE") != "":
        (tmp_path / "doors.token").write_text("remit_auditor_x")
        (tmp_path / "doors.token").chmod(int(environ.get("MODE", "600"), 8))
    for name, value in {"REMIT_BIND": f"127.0.0.1:{free_port()}", **environ}.items():
        monkeypatch.setenv(name, value)
    assert main(["--home", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key_file.write_bytes(secret)
    return cert_file, key_file


def is_ready(http: httpx2.Client, said: list[str]) -> bool:
    """Whether the door answers; `said` keeps what was told instead."""
    try:
        answer = http.get("/readyz", timeout=5)
    except httpx2.TransportError as fault:
        said.append(repr(fault))
        return False
    said.append(answer.text)
    return answer.status_code == 200


def test_it_serves_tls_and_writes_spans_where_that_is_said(guarded: Processes, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    said = {"REMIT_TLS_CERT": str(cert), "REMIT_TLS_KEY": str(key), "OTEL_TRACES_EXPORTER": "console"}
    process, url = start(guarded.home, **said)
    trusted = ssl.create_default_context(cafile=str(cert))
    with httpx2.Client(base_url=url, verify=trusted, timeout=20) as http:
        told: list[str] = []
        try:
            wait_for(lambda: is_ready(http, told), "the door answers over TLS")
        except AssertionError as fault:
            ended = process.poll()
            process.kill()
            said_itself = "" if process.stdout is None else process.stdout.read()[-2000:]
            raise AssertionError(f"{fault}: {told[:3]} ... {told[-3:]}; ended: {ended}; {said_itself}") from None
        answer = http.get("/readyz", headers={"traceparent": PARENT})
    process.terminate()
    assert process.stdout is not None
    spans = process.stdout.read()
    assert process.wait(10) == 0
    assert "GET /readyz" in spans and "0x0af7651916cd43dd8448eb211c80319c" in spans and "0xb7ad6b7169203331" in spans
    assert url.startswith("https://") and answer.status_code == 200
    assert "max-age" in answer.headers["strict-transport-security"]
    assert "server" not in answer.headers
