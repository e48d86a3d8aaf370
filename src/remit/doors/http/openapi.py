"""The OpenAPI document, made from the table: every path, shape, example, error and way to sign in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import remit
from remit.doors.http.auth import COOKIE, CSRF_HEADER, HOST_COOKIE
from remit.doors.http.examples import example_of
from remit.doors.http.problem import STATUS, STATUSES, ProblemShape
from remit.doors.http.schemas import REF, Schemas
from remit.doors.http.table import Route

TAGS = {
    "orders": "Propose, look at and cancel orders. A denied order is a normal answer, with its findings.",
    "approvals": "What waits for people, their answers, and what they confirmed ahead of time.",
    "book": "Positions, exposure and headroom, exits.",
    "mandates": "Limits: what is in force, drafts, differences, publishing with ETags.",
    "access": "Accounts, agents, clients, capabilities, connections, grants.",
    "stops": "Halts, reviews, resumes, pauses, kills.",
    "world": "Instruments, marks, days, facts, reconciling.",
    "journal": "What happened: entries, streams.",
    "history": "What prices, equity and exits were, for charts.",
    "door": "The door itself.",
}
Document = dict[str, Any]


def openapi(rows: Sequence[Route], server: str = "/") -> Document:
    """Return the OpenAPI 3.1 document of the rows; numbers are decimal text, times nanoseconds since the epoch."""
    schemas = Schemas(_kinds(rows))
    paths: Document = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, schemas)
    tags = sorted({row.tag for row in rows})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Remit",
            "version": remit.__version__,
            "summary": "The guard between autonomous trading agents and real money.",
            "description": "Numbers are decimal text, never floating point. Times are whole nanoseconds since the "
            "epoch, UTC. Every error is application/problem+json with a `code` and a `fix`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": tag, **({"description": TAGS[tag]} if tag in TAGS else {})} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {f"Problem{status}": _problem(status) for status in STATUSES},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token: `remit token issue`."},
                "session": {
                    "type": "apiKey", "in": "cookie", "name": COOKIE,
                    "description": f"A browser's session, over TLS as `{HOST_COOKIE}`; what changes something also "
                    f"needs the {CSRF_HEADER} header.",
                },
            },
        },
    }  # fmt: skip


def _kinds(rows: Iterable[Route]) -> list[Any]:
    found: dict[int, Any] = {id(ProblemShape): ProblemShape}
    for row in rows:
        for kind in (row.params, row.body, row.answer):
            if kind is not None:
                found[id(kind)] = kind
    return list(found.values())


def _operation(row: Route, schemas: Schemas) -> Document:
    told: Document = {
        "operationId": row.name,
        "summary": row.says.split(". ")[0].rstrip("."),
        "description": row.says,
        "tags": [row.tag],
        "responses": {
            str(row.status): {"description": "Done.", "content": _content(row, schemas)},
            **{str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in STATUSES},
        },
        "security": [] if row.open else [{"bearer": []}, {"session": []}],
        "x-roles": sorted(row.roles),
    }
    parameters = _parameters(row, schemas)
    if parameters:
        told["parameters"] = parameters
    if row.body is not None:
        example = row.example if row.example is not None else example_of(row.body)
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas.of(row.body), "example": example}},
        }
    return told


def _content(row: Route, schemas: Schemas) -> Document:
    if row.media != "application/json":
        return {row.media: {"schema": {"type": "string"}}}
    shown: Document = {"schema": {} if row.answer is None else schemas.of(row.answer)}
    if row.answer is not None:
        shown["example"] = example_of(row.answer)
    return {"application/json": shown}


def _parameters(row: Route, schemas: Schemas) -> list[Document]:
    found = []
    if row.params is not None:
        schema = schemas.named(row.params)
        for name, kind in schema["properties"].items():
            in_path = f"{{{name}}}" in row.path
            required = in_path or name in schema.get("required", ())
            found.append({"name": name, "in": "path" if in_path else "query", "required": required, "schema": kind})
    for name, means in (row.headers or {}).items():
        schema = {"type": "string"}
        found.append({"name": name, "in": "header", "required": False, "schema": schema, "description": means})
    if takes_key(row):
        found.append({
            "name": "Idempotency-Key", "in": "header", "required": False,
            "schema": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$"},
            "description": "The same key of the same token never acts twice: the first answer is given again.",
        })  # fmt: skip
    return found


def takes_key(row: Route) -> bool:
    """Whether an Idempotency-Key means something: a remembered answer, or the id of what is sent."""
    fields = getattr(row.body, "__struct_fields__", ())
    return row.method != "GET" and not row.open and (row.remembered or "id" in fields)


def _problem(status: int) -> Document:
    codes = sorted(code for code, number in STATUS.items() if number == status)
    example = {"code": codes[0] if codes else "not_possible"}
    code = example["code"]
    shown = {
        "type": f"urn:remit:problem:{code}", "title": code.replace("_", " "), "status": status,
        "detail": "what happened", "code": code, "fix": "what to do", "retry_after_s": None, "more": {},
    }  # fmt: skip
    told = ", ".join(codes) if codes else "the kernel's own word for what stands against it"
    schema = {"$ref": REF + "ProblemShape"}
    content = {"application/problem+json": {"schema": schema, "example": shown}}
    return {"description": f"A problem: {told}.", "content": content}
