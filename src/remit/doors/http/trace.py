"""Traces: a call goes on with its caller's trace (W3C traceparent), else it begins one. The guard journals the trace of
each order beside it, so that an order is found again from a trace, and a trace from an order."""

from __future__ import annotations

import importlib
import os
import random
import re
import secrets

from opentelemetry import trace as otel
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags

from remit.doors.http.process import OTLP

_PARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NONE = b"0" * 32


class Traces:
    """Gives each call its trace; with a tracer, a span as well."""

    def __init__(self, provider: otel.TracerProvider | None = None) -> None:
        self._tracer = None if provider is None else provider.get_tracer("remit.doors.http")
        # Its number tells a trace from others and is no secret: the system is asked for a seed, not for each of them.
        self._draw = random.Random(secrets.token_bytes(32)).getrandbits

    def begin(self, parent: bytes, method: str) -> tuple[str, Span | None]:
        """Return the trace of a call as 32 hexadecimal digits, and its span where spans are kept."""
        found = _PARENT.fullmatch(parent)
        known = found is not None and found[1] != _NONE and found[2] != b"0" * 16
        if self._tracer is None:
            return (found[1].decode() if found is not None and known else f"{self._draw(128):032x}"), None
        context = None
        if found is not None and known:
            flags = TraceFlags(int(found[3], 16))
            above = SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=flags)
            context = otel.set_span_in_context(NonRecordingSpan(above))
        span = self._tracer.start_span(method, context, SpanKind.SERVER)
        return f"{span.get_span_context().trace_id:032x}", span

    def end(self, span: Span, method: str, route: str, status: int) -> None:
        """Close the span of a call; it says the row and the status, never a token or a text."""
        span.update_name(f"{method} {route}")
        span.set_attribute("http.request.method", method)
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        span.end()


def provider_of(exporter: str) -> TracerProvider | None:
    """Return where spans go: nowhere (`none`), to this process's own output (`console`), or over `otlp` as its
    variables say."""
    if exporter == "none":
        return None
    named = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": "remit"}
    provider = TracerProvider(resource=Resource.create(named))
    out: SpanExporter = ConsoleSpanExporter()
    if exporter == "otlp":
        out = importlib.import_module(OTLP).OTLPSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(out))
    return provider
