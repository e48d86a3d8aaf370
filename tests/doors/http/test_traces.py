"""Spans that leave the door: to its own output, and over OTLP/HTTP to a receiver on loopback."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest
from tests.doors.http.test_process import PARENT, start, with_own_token
from tests.guard.processes import Processes

from remit.doors.http import process
from remit.doors.http.process import NotServed, exporter_of

TRACE = PARENT.split("-")[1]
ORDER = {"instrument": "AAPL", "side": "buy", "quantity": "1", "limit_price": "95"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    yield from with_own_token(tmp_path_factory.mktemp("traces"))


class Receiver:
    """What an OTLP/HTTP collector was sent, on a loopback port."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, bytes]] = []
        receiver = self

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                receiver.sent.append((self.path, self.headers["Content-Type"], body))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *words: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def ordered(guarded: Processes, **environ: str) -> tuple[str, subprocess.Popen[str]]:
    """Propose an order within a trace through a door with these variables, and stop the door; return the order."""
    process, url = start(guarded.home, **environ)
    headers = {"Authorization": f"Bearer {guarded.secrets['momentum']}", "traceparent": PARENT}
    with httpx2.Client(base_url=url, headers=headers, timeout=20) as http:
        answer = http.post("/v1/orders", json=ORDER)
        assert answer.status_code == 200 and answer.headers["x-trace-id"] == TRACE, answer.text
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    return str(answer.json()["order"]), process


def trace_of(guarded: Processes, order: str) -> str:
    """The trace that the journal has beside an order."""
    entries = guarded.read("log", kind="submit", limit=500)["entries"]
    (found,) = [entry for entry in entries if entry["decision"]["order"] == order]
    return str(found["command"]["body"]["trace"])


def test_the_span_of_an_order_has_the_trace_that_the_journal_has(guarded: Processes) -> None:
    order, process = ordered(guarded, OTEL_TRACES_EXPORTER="console")
    assert process.stdout is not None
    decoder, said = json.JSONDecoder(), process.stdout.read()
    span, _ = decoder.raw_decode(said, said.index("{"))
    assert (span["name"], span["attributes"]["http.response.status_code"]) == ("POST /v1/orders", 200)
    assert span["context"]["trace_id"] == f"0x{trace_of(guarded, order)}" == f"0x{TRACE}"


def test_over_otlp_it_reaches_a_collector(guarded: Processes, receiver: Receiver) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    order, _ = ordered(guarded, OTEL_TRACES_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    spans = []
    for path, kind, body in receiver.sent:
        assert (path, kind) == ("/v1/traces", "application/x-protobuf")
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {said.key: said.value.string_value for said in resource.resource.attributes}
            assert named["service.name"] == "remit"
            spans += [span for scope in resource.scope_spans for span in scope.spans]
    (span,) = [span for span in spans if span.name == "POST /v1/orders"]
    assert span.trace_id.hex() == trace_of(guarded, order) == TRACE
    assert span.parent_span_id.hex() == PARENT.split("-")[2]
    shown = str(span)
    assert guarded.secrets["momentum"] not in shown and "AAPL" not in shown, "neither a token nor a term of the order"


@pytest.mark.parametrize("missing", ["opentelemetry.nowhere.exporter", "opentelemetry.exporter.nowhere"])
def test_without_its_exporter_otlp_is_refused_by_name(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where another exporter has brought the folder above it."""
    monkeypatch.setattr(process, "OTLP", missing)
    with pytest.raises(NotServed, match="not installed. Install opentelemetry-exporter-otlp-proto-http"):
        exporter_of({"OTEL_TRACES_EXPORTER": "otlp"})
