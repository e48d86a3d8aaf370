"""The table and its document: every row is told, and every example is what its schema says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from remit.doors.http.dispatch import _params
from remit.doors.http.openapi import openapi
from remit.doors.http.problem import Problem
from remit.doors.http.routes import ROUTES
from remit.doors.http.table import Route

DOCUMENT = json.loads(json.dumps(openapi(ROUTES)))
WRITTEN_OTHERWISE = ("1e3", "1.0", "1E2", "-0", "-1", "%2B5", "null", "true", "%EF%BC%91", "1_0", "007", "", "0x1")


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """A validator of a schema of the document, which finds the components by their references."""
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def contents(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    answers = (answer for answer in told["responses"].values() if "content" in answer)
    for holder in (told.get("requestBody", {"content": {}}), *answers):
        yield from (content for content in holder["content"].values() if "example" in content)


def test_every_row_has_its_operation() -> None:
    names = [row.name for row in ROUTES]
    assert len(set(names)) == len(names)
    for row in ROUTES:
        told = DOCUMENT["paths"][row.path][row.method.lower()]
        assert told["operationId"] == row.name
        assert bool(told["security"]) is not row.open
        assert told["summary"]
        assert {f"{{{given['name']}}}" for given in told.get("parameters", ()) if given["in"] == "path"} == {
            part for part in row.path.split("/") if part.startswith("{")
        }


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: row.name)
def test_every_example_is_what_its_schema_says(row: Route) -> None:
    for content in contents(DOCUMENT["paths"][row.path][row.method.lower()]):
        validator(content["schema"]).validate(content["example"])


def test_every_schema_is_one() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        validator_for(schema, Draft202012Validator).check_schema(schema)
        assert r"\Z" not in json.dumps(schema), name


def test_every_error_is_a_problem() -> None:
    for answer in DOCUMENT["components"]["responses"].values():
        assert list(answer["content"]) == ["application/problem+json"]
        content = answer["content"]["application/problem+json"]
        validator(content["schema"]).validate(content["example"])


def test_a_whole_number_is_written_in_plain_digits_everywhere() -> None:
    seen = set()
    for row in ROUTES:
        for given in DOCUMENT["paths"][row.path][row.method.lower()].get("parameters", ()):
            kinds = [given["schema"], *given["schema"].get("anyOf", ())]
            if not any(kind.get("type") == "integer" for kind in kinds):
                continue
            seen.add(given["name"])
            for written in WRITTEN_OTHERWISE:
                path, query = {}, f"{given['name']}={written}".encode()
                if given["in"] == "path":
                    path, query = {given["name"]: unquote(written)}, b""
                with pytest.raises(Problem) as refused:
                    _params(row, path, query)
                assert (refused.value.code, given["name"] in refused.value.message) == ("not_valid", True), written
    assert {"limit", "seq", "since", "from"} <= seen
