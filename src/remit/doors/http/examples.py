"""Examples for the document: made from the types, with the values that readers know from the rest of the docs."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect as shapes

from remit.kernel.numbers import Decimal18

_KNOWN: dict[str, Any] = {
    "order": "r1a2b3c4d-17",
    "id": "momentum-2026-11-21-7",
    "intent": "momentum-2026-11-21-7",
    "agent": "momentum",
    "client": "claude",
    "account": "main",
    "connection": "paper1",
    "venue": "paper",
    "instrument": "AAPL",
    "subject": "agent:momentum",
    "owner": "ann",
    "token": "T-1f2e3d4c5b6a",
    "currency": "USD",
    "zone": "UTC",
    "preset": "starter",
    "exit": "x1",
    "halt": "H-12",
    "limit": "daily_loss_max",
    "why": "as agreed",
    "mic": "XNAS",
    "digest": "0" * 64,
    "seq": 17,
    "next": None,
    "cursor": None,
}
AT = 1_780_000_000_000_000_000
DEPTH_MAX = 8


def example_of(kind: Any) -> Any:
    """Return an example of a type as plain JSON."""
    return _example(shapes.type_info(kind), "", 0)


def _example(told: Any, name: str, depth: int) -> Any:
    if isinstance(told, shapes.Metadata):
        return _example(told.type, name, depth)
    if isinstance(told, shapes.StructType):
        shown = {
            field.encode_name: _field(field, depth) for field in told.fields if depth < DEPTH_MAX or field.required
        }
        tag = {} if told.tag_field is None else {told.tag_field: told.tag}
        return {**tag, **shown}
    if isinstance(told, shapes.UnionType):
        nullable = any(isinstance(one, shapes.NoneType) for one in told.types)
        first = next(one for one in told.types if not isinstance(one, shapes.NoneType))
        return None if nullable and (_KNOWN.get(name, "") is None or depth > 2) else _example(first, name, depth)
    return _simple(told, name, depth)


def _field(field: Any, depth: int) -> Any:
    if not field.required and field.default is not msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default, enc_hook=str)
    if not field.required and field.default_factory is not msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default_factory(), enc_hook=str)
    return _example(field.type, field.encode_name, depth + 1)


def _simple(told: Any, name: str, depth: int) -> Any:
    if isinstance(told, (shapes.ListType, shapes.VarTupleType, shapes.SetType, shapes.FrozenSetType)):
        return [] if depth > DEPTH_MAX else [_example(told.item_type, name, depth + 1)]
    if isinstance(told, shapes.TupleType):
        return [_example(one, name, depth + 1) for one in told.item_types]
    if isinstance(told, shapes.LiteralType):
        return told.values[0]
    if isinstance(told, shapes.CustomType):
        return "100" if issubclass(told.cls, Decimal18) else None
    if isinstance(told, shapes.IntType):
        known = _KNOWN.get(name)
        return known if type(known) is int else AT if name == "at" or name.endswith("_at") else max(told.ge or 0, 1)
    if isinstance(told, shapes.StrType):
        known = _KNOWN.get(name)
        if known is None and told.pattern is not None:
            return "USD" if told.pattern.startswith("^[A-Z][A") else "0" * 64 if "64" in told.pattern else "momentum"
        return known if isinstance(known, str) else "momentum" if name == "name" else "text"
    if isinstance(told, shapes.BoolType):
        return True
    return {} if isinstance(told, (shapes.DictType, shapes.AnyType)) else None
