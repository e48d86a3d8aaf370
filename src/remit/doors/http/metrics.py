"""Metrics for Prometheus: what the door did, and how the guard stands. No token, person, order or text is ever a
label."""

from __future__ import annotations

from collections import Counter as Counted
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MEDIA = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """One door's metrics, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "remit_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "remit_http_request_seconds", "Time to the answer.", ("route",), buckets=SECONDS, registry=self.registry
        )
        self.under_way = Gauge("remit_http_requests_under_way", "Requests under way.", registry=self.registry)
        self.streams = Gauge("remit_http_streams", "Streams that are open.", registry=self.registry)
        self.refused = Counter(
            "remit_http_refused", "Refused before they were read.", ("code",), registry=self.registry
        )
        self._guard = {name: self._gauge(name, says, labels) for name, says, labels in _GUARD}
        self._children: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    def _gauge(self, name: str, says: str, labels: tuple[str, ...]) -> Gauge:
        return Gauge(f"remit_{name}", says, labels, registry=self.registry)

    def seen(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is the row's path as the table writes it."""
        method = method if method in _METHODS else "OTHER"
        children = self._children.get((method, route, status))
        if children is None:
            children = (self._requests.labels(method, route, str(status)), self._seconds.labels(route))
            self._children[method, route, status] = children
        children[0].inc()
        children[1].observe(seconds)

    def guard(self, status: dict[str, Any] | None) -> None:
        """Take in what the guard's status view says; None where it does not answer."""
        gauges = self._guard
        gauges["guard_up"].set(0 if status is None else 1)
        for name in ("orders", "halts", "connection_ready", "limits_near"):
            gauges[name].clear()
        if status is None:
            return
        gauges["journal_seq"].set(status["seq"])
        for state, count in status["orders"].items():
            gauges["orders"].labels(state).set(count)
        for cause, count in Counted(halt["cause"] for halt in status["halts"]).items():
            gauges["halts"].labels(cause).set(count)
        for row in status["connections"]:
            gauges["connection_ready"].labels(row["name"]).set(1 if row["ready"] else 0)
        for level, count in Counted(row["level"] for row in status["levels"]).items():
            gauges["limits_near"].labels(level).set(count)
        gauges["pauses"].set(len(status["pauses"]))
        gauges["approvals_waiting"].set(status["approvals"])
        gauges["positions_unprotected"].set(len(status["unprotected"]))
        gauges["drifts"].set(len(status["drifts"]))
        gauges["instruments_unfit"].set(len(status["unfit"]))

    def text(self) -> bytes:
        """Return everything as Prometheus reads it."""
        return generate_latest(self.registry)


_GUARD: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("guard_up", "Whether the guard answers.", ()),
    ("journal_seq", "The last entry of the journal.", ()),
    ("orders", "Live and lately finished orders, by state.", ("state",)),
    ("halts", "Halts in force, by cause.", ("cause",)),
    ("pauses", "Pauses in force.", ()),
    ("approvals_waiting", "Orders that wait for a person.", ()),
    ("connection_ready", "Whether a connection is ready to open.", ("connection",)),
    ("positions_unprotected", "Positions whose exits cannot act now.", ()),
    ("drifts", "Differences between book and venues.", ()),
    ("instruments_unfit", "Instruments whose price is not to be trusted.", ()),
    ("limits_near", "Limits that are near or exceeded, by level.", ("level",)),
)
