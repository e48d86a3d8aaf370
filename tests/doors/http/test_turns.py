"""Reports take a thread for long: nobody has more than one at once, and all together leave threads for others."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.doors.http.conftest import Door
from tests.doors.http.test_journal import TODAY, told

from remit.doors.http.routes import journal

__all__ = ["told"]
CSV = f"/v1/reports/blotter/csv?from={TODAY}&to={TODAY}"


def test_reports_leave_threads_for_whoever_reads_the_journal(told: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    over, at_work = threading.Event(), list[int]()

    def long(*_: Any) -> bytes:
        at_work.append(1)
        over.wait(20)
        return b"a report"

    monkeypatch.setattr(journal, "_written", long)
    first, later = ("operator", "otto"), ("ada", "momentum", "claude")
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(told.http(who).get, CSV) for who in first]
        while len(at_work) < journal.REPORTS:
            time.sleep(0.01)
        asked += [pool.submit(told.http(who).get, CSV) for who in later]
        again = told.http("nobody").get(CSV, headers=dict(told.http("otto").headers))
        assert (again.status_code, again.json()["code"]) == (503, "busy")
        assert told.http("nobody").get("/v1/journal", headers=dict(told.http("ada").headers)).status_code == 200
        assert len(at_work) == journal.REPORTS
        over.set()
        assert [one.result().text for one in asked] == ["a report"] * 5
    assert told.http("otto").get(CSV).status_code == 200, "and in turn"
