"""JSON Schema 2020-12 of what tools take and give, made from the shapes themselves."""

from __future__ import annotations

from typing import Any

import msgspec

from remit.doors.mcp.shapes_in import Takes
from remit.doors.mcp.shapes_out import Answer, Refused

_REF = "#/$defs/{name}"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_in(shape: type[Takes]) -> dict[str, Any]:
    """Return the schema of a tool's arguments: one object, no property beyond those named."""
    return _rooted(shape)


def schema_out(shape: type[Answer]) -> dict[str, Any]:
    """Return the schema of a tool's answers: the whole answer, or `refused` and why."""
    whole, refused = _rooted(shape), _rooted(Refused)
    shared = Answer.__struct_fields__
    own = [name for name in whole["required"] if name not in shared]
    return {
        "$schema": DIALECT,
        "type": "object",
        "title": whole["title"],
        "description": whole.get("description", ""),
        "properties": {**whole["properties"], **refused["properties"]},
        "required": list(shared),
        "oneOf": [{"required": own}, {"required": ["refused"]}],
        "additionalProperties": False,
        "$defs": {**refused.get("$defs", {}), **whole.get("$defs", {})},
    }


def _rooted(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """Return a shape's schema with the object at its root, as clients want it."""
    (_,), parts = msgspec.json.schema_components([shape], ref_template=_REF)
    made: dict[str, Any] = _portable(parts)
    root: dict[str, Any] = made.pop(shape.__name__)
    root.setdefault("properties", {})
    root.setdefault("required", [])
    return {"$schema": DIALECT, **root, **({"$defs": made} if made else {})}


def _portable(value: Any) -> Any:
    r"""Return a schema that any reader understands: `$` for Python's own `\Z`, and a type wherever words are listed."""
    if isinstance(value, list):
        return [_portable(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    made = {name: _portable(inner) for name, inner in value.items()}
    if isinstance(made.get("pattern"), str):
        made["pattern"] = made["pattern"].replace(r"\Z", "$")
    if "enum" in made:
        made.setdefault("type", "string")
    return made
