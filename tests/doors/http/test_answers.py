"""Every answer is what the document says: each row that reads is asked of a guard that has traded, by each who may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from tests.doors.http.conftest import LIMITS, Door, people
from tests.doors.http.test_table import DOCUMENT, validator
from tests.guard.processes import trading, wait_for

from remit.doors.http.app import Options
from remit.doors.http.reading import reading
from remit.doors.http.routes import ROUTES
from remit.doors.http.table import Route
from remit.kernel import command as c

READING = [row for row in ROUTES if row.method == "GET" and row.media == "application/json" and row.answer is not None]


def strict(schema: dict[str, Any]) -> Draft202012Validator:
    """A validator that also refuses what the schema does not name."""
    components = DOCUMENT["components"]
    closed = {name: {"additionalProperties": False, **shape} for name, shape in components["schemas"].items()}
    return Draft202012Validator({**schema, "components": {**components, "schemas": closed}})


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The door with its read model, over a trading guard."""
    for processes in trading(Path(tmp_path_factory.mktemp("answers")), LIMITS):
        people(processes)
        door = Door(processes, options=Options(parts=(reading,)))
        door.start()
        yield door
        door.stop()


@pytest.fixture(scope="module")
def names(door: Door) -> dict[str, str]:
    """A guard that has traded: an order of each verdict, an exit, a halt, a pause, a kill; and their names."""
    agent, person = door.http("momentum"), door.http("operator")
    bought = agent.post("/v1/orders", json=door.order("3", limit_price="101", thought="cheap")).json()
    agent.post("/v1/orders", json=door.order("60"))
    held = agent.post("/v1/orders", json=door.order("20")).json()
    where = {"agent": "momentum", "connection": "paper1", "instrument": "AAPL"}
    legs = {"legs": [{"kind": "stop_loss", "trigger": "90"}, {"kind": "trailing_stop", "offset_bps": 500}]}
    answer = agent.post("/v1/exits", json={**where, "terms": legs, "id": "stop-1"})
    assert answer.status_code == 200, answer.text
    halt = {"subject": "client:claude", "why": "a look at it"}
    assert person.post("/v1/halts", json=halt).status_code == 200
    assert person.post("/v1/pauses", json=halt).status_code == 200
    assert person.post("/v1/kills", json={"subject": "client:claude", "why": "all of it"}).status_code == 200
    door.processes.say(c.SetVolume(instrument="AAPL", average_daily=door.processes.quote("100").last))
    thought = agent.get(f"/v1/orders/{bought['order']}").json()["thought"]
    wait_for(lambda: person.get("/v1/journal").status_code == 200, "the journal has been read")
    exit = person.get("/v1/exits").json()["items"][0]["exit"]
    return {
        "order": bought["order"], "held": held["order"], "exit": exit, "agent": "momentum", "client": "claude",
        "connection": "paper1", "instrument": "AAPL", "subject": "agent:momentum", "account": "main",
        "seq": "1", "digest": thought,
        "halt": person.get("/v1/halts").json()["items"][0]["id"],
    }  # fmt: skip


def needed(row: Route) -> list[str]:
    """The parameters of a row's query that must be given."""
    fields = () if row.params is None else msgspec.structs.fields(row.params)
    return [field.encode_name for field in fields if field.required and f"{{{field.encode_name}}}" not in row.path]


@pytest.mark.parametrize("row", READING, ids=lambda row: row.name)
def test_a_read_answers_as_the_document_says(door: Door, names: dict[str, str], row: Route) -> None:
    path = row.path.format_map({**names, **({"order": names["held"]} if "approval" in row.path else {})})
    schema = DOCUMENT["paths"][row.path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    told = 0
    query = {name: names[name] for name in needed(row)}
    for who in ("operator", "otto", "momentum", "claude"):
        answer = door.http(who).get(path, params=query)
        if answer.status_code == 200:
            told += 1
            strict(schema).validate(answer.json())
        else:
            assert answer.status_code in (401, 403, 404), answer.text
            validator({"$ref": "#/components/schemas/ProblemShape"}).validate(answer.json())
    assert told > 0, answer.text
