"""Every operation of the document, with input that fits its schema and input that does not, against a real guard: no
fault of the server, no answer without a token, and every answer as the document says.

REMIT_SCHEMATHESIS=100 tries so many of each; here a few, other ones each time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.doors.http.conftest import LIMITS, Door, people
from tests.guard.processes import trading

from remit.doors.http.app import Options
from remit.doors.http.limits import Limits, Rate
from remit.doors.http.openapi import openapi
from remit.doors.http.parts import PARTS
from remit.doors.http.routes import ROUTES

EXAMPLES = int(os.environ.get("REMIT_SCHEMATHESIS", "3"))
ENDLESS = Rate(10**9, 10**9)
STREAMS = {"events"}
"""They never end; test_stream.py reads them."""
ALLOWED = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
document = json.loads(json.dumps(openapi(ROUTES)))
schema = schemathesis.openapi.from_dict(document).exclude(operation_id=sorted(STREAMS))
schema.config.phases.update(phases=["examples", "fuzzing"])
ASKS = {"authorization", "cookie"}
MALFORMED = {"not_json", "not_valid", "media_type", "too_large", "precondition_required", "request_malformed"}
"""What may be said before it is asked whose a token is: it says nothing but how a request looks."""
OPEN = {row.name for row in ROUTES if row.open}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    for processes in trading(Path(tmp_path_factory.mktemp("schemathesis")), LIMITS):
        people(processes)
        limits = Limits(token=ENDLESS, address=ENDLESS, nobody=ENDLESS)
        door = Door(processes, options=Options(limits=limits, parts=PARTS))
        door.start()
        try:
            yield door
        finally:
            door.stop()


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


TRIED = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@schema.parametrize()
@TRIED
def test_an_operator_is_answered_as_the_document_says(case: Any, door: Door, session: requests.Session) -> None:
    answered(case, door, session, "operator")


@schema.include(operation_id=sorted(row.name for row in ROUTES if "agent" in row.roles)).parametrize()
@TRIED
def test_an_agent_is_answered_as_the_document_says(case: Any, door: Door, session: requests.Session) -> None:
    answered(case, door, session, "momentum")


def answered(case: Any, door: Door, session: requests.Session, who: str) -> None:
    headers = {"Authorization": f"Bearer {door.processes.secrets[who]}"}
    answer = case.call(base_url=door.url, session=session, headers=headers, timeout=30)
    case.validate_response(answer, checks=list(ALLOWED))


@schema.parametrize()
@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_nothing_is_told_without_a_token(case: Any, door: Door, session: requests.Session) -> None:
    if case.operation.definition.raw["operationId"] in OPEN:
        return
    case.cookies = {}
    case.headers = {name: said for name, said in (case.headers or {}).items() if name.lower() not in ASKS}
    for headers in ({}, {"Authorization": "Bearer remit_op_" + "0" * 49}, {"Cookie": "remit_session=remit_session_x"}):
        answer = case.call(base_url=door.url, session=session, headers=headers, timeout=30)
        assert 400 <= answer.status_code < 500, (answer.status_code, answer.text)
        assert answer.status_code in (401, 403) or answer.json()["code"] in MALFORMED, answer.text
