"""The types that the web is written against: each construct of a schema, and the rows that are asked by."""

from __future__ import annotations

from typing import Any

import pytest

from remit.doors.http.typescript import typescript

SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"type": "string", "pattern": "^a$"}, "string"),
    "money": ({"type": "string", "title": "Money"}, "Money"),
    "number": ({"type": "integer", "minimum": 0}, "number"),
    "maybe": ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "number | null"),
    "twice": ({"anyOf": [{"type": "string"}, {"type": "string", "maxLength": 3}]}, "string"),
    "word": ({"enum": ["buy", "sell"]}, '"buy" | "sell"'),
    "words": ({"type": "array", "items": {"enum": ["buy", "sell"]}}, '("buy" | "sell")[]'),
    "other": ({"$ref": "#/components/schemas/Other"}, "Other"),
    "pair": ({"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}]}, "[string, boolean]"),
    "map": ({"type": "object", "additionalProperties": {"type": "integer"}}, "Record<string, number>"),
    "anything": ({}, "unknown"),
    "tag": ({"const": "submit"}, '"submit"'),
}


def document(**paths: Any) -> dict[str, Any]:
    properties = {name: schema for name, (schema, _) in SHAPES.items()}
    thing = {"type": "object", "properties": properties, "required": ["text"], "description": "A thing."}
    return {"components": {"schemas": {"Thing": thing}}, "paths": paths}


@pytest.mark.parametrize("name", SHAPES)
def test_a_schema_is_its_type(name: str) -> None:
    needed = "" if name == "text" else "?"
    assert f"  {name}{needed}: {SHAPES[name][1]};\n" in typescript(document())


def test_a_row_has_its_params_its_body_and_its_answer() -> None:
    given = [
        {"name": "order", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "from", "in": "query", "required": False, "schema": {"type": "integer"}},
        {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}},
    ]
    thing = {"$ref": "#/components/schemas/Thing"}
    put = {
        "description": "Does it. */",
        "parameters": given,
        "requestBody": {"content": {"application/json": {"schema": thing}}},
        "responses": {"201": {"content": {"application/json": {"schema": {}}}}, "400": {}},
    }
    paths: dict[str, Any] = {"/v1/orders/{order}": {"put": put}, "/metrics": {"get": put}}
    written = typescript(document(**paths))
    assert written.endswith(
        """
export interface Calls {
  /** Does it. * / */
  "PUT /v1/orders/{order}": {
    params: {
      order: string;
      from?: number;
    };
    body: Thing;
    answer: unknown;
  };
}
"""
    )
