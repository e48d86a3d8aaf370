"""JSON Schemas of msgspec types (2020-12, as OpenAPI 3.1 has them); exact numbers are pattern-checked decimal text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import inspect as told

from remit.kernel.codec import plain
from remit.kernel.numbers import Decimal18

DECIMAL = r"^-?(0|[1-9][0-9]{0,23})(\.[0-9]{1,18})?$"
REF = "#/components/schemas/"
Schema = dict[str, Any]
_BOUNDS = {
    "ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum", "multiple_of": "multipleOf",
}  # fmt: skip
_LENGTHS: dict[type, tuple[str, str]] = {
    told.StrType: ("minLength", "maxLength"),
    told.ListType: ("minItems", "maxItems"),
    told.VarTupleType: ("minItems", "maxItems"),
    told.DictType: ("minProperties", "maxProperties"),
}


class Schemas:
    """The schemas of some types: `of(kind)` is one's, and `components` holds every Struct among them by name."""

    def __init__(self, kinds: Sequence[Any]) -> None:
        self._infos = {id(kind): info for kind, info in zip(kinds, told.multi_type_info(kinds), strict=True)}
        self._names: dict[Any, str] = {}
        self._known: dict[str, told.StructType] = {}
        for info in self._infos.values():
            self._collect(info)
        self.components = {name: self._struct(info) for name, info in sorted(self._known.items())}

    def of(self, kind: Any) -> Schema:
        """Return the schema of one of the types."""
        return self._schema(self._infos[id(kind)])

    def named(self, kind: Any) -> Schema:
        """Return the schema of a Struct in full rather than by reference."""
        found: Schema = self.components[self.of(kind)["$ref"].removeprefix(REF)]
        return found

    def _collect(self, info: Any) -> None:
        """Name every Struct; two of one name are told apart by their modules."""
        if isinstance(info, told.StructType):
            if info.cls in self._names:
                return
            name = _name(info.cls)
            if name in self._known:
                name = f"{_module(info.cls)}_{name}"
            self._names[info.cls], self._known[name] = name, info
        for part in _parts(info):
            self._collect(part)

    def _schema(self, info: Any) -> Schema:
        if isinstance(info, told.Metadata):
            return {**self._schema(info.type), **(info.extra_json_schema or {})}
        if isinstance(info, told.StructType):
            return {"$ref": REF + self._names[info.cls]}
        if isinstance(info, told.UnionType):
            return self._union(info)
        if isinstance(info, told.LiteralType):
            return {"enum": sorted(info.values)}
        if isinstance(info, told.CustomType):
            return _custom(info.cls)
        return {**self._simple(info), **_bounds(info)}

    def _union(self, info: told.UnionType) -> Schema:
        structs = [part for part in info.types if isinstance(part, told.StructType) and part.tag_field is not None]
        schema: Schema = {"anyOf": [self._schema(part) for part in info.types]}
        if len(structs) > 1:
            mapping = {str(part.tag): REF + self._names[part.cls] for part in structs}
            schema["discriminator"] = {"propertyName": structs[0].tag_field, "mapping": mapping}
        return schema

    def _simple(self, info: Any) -> Schema:
        if isinstance(info, (told.ListType, told.VarTupleType, told.SetType, told.FrozenSetType)):
            unique = {"uniqueItems": True} if isinstance(info, (told.SetType, told.FrozenSetType)) else {}
            return {"type": "array", "items": self._schema(info.item_type), **unique}
        if isinstance(info, told.TupleType):
            items = [self._schema(part) for part in info.item_types]
            return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
        if isinstance(info, told.DictType):
            return {"type": "object", "additionalProperties": self._schema(info.value_type)}
        names: dict[Any, str] = {
            told.IntType: "integer",
            told.StrType: "string",
            told.BoolType: "boolean",
            told.NoneType: "null",
        }
        name = names.get(type(info))
        if name is None and not isinstance(info, (told.AnyType, told.RawType)):
            raise NotImplementedError(f"no schema for {type(info).__name__}")
        return {} if name is None else {"type": name}

    def _struct(self, info: told.StructType) -> Schema:
        properties: Schema = {}
        required = []
        if info.array_like:
            return {"type": "array", "prefixItems": [self._schema(field.type) for field in info.fields]}
        if info.tag_field is not None:
            properties[info.tag_field] = {"const": info.tag}
            required.append(info.tag_field)
        for field in info.fields:
            properties[field.encode_name] = self._field(field)
            if field.required:
                required.append(field.encode_name)
        schema: Schema = {"type": "object", "title": self._names[info.cls], "properties": properties}
        if required:
            schema["required"] = required
        if info.forbid_unknown_fields:
            schema["additionalProperties"] = False
        if info.cls.__doc__:
            schema["description"] = re.sub(r"\s+", " ", info.cls.__doc__).strip()
        return schema

    def _field(self, field: told.Field) -> Schema:
        schema = self._schema(field.type)
        default: Any = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if default is msgspec.NODEFAULT or default is msgspec.UNSET:
            return schema
        return {**schema, "default": plain(default)}


def _parts(info: Any) -> Sequence[Any]:
    """Return the types that a type is made of."""
    if isinstance(info, told.StructType):
        return [field.type for field in info.fields]
    if isinstance(info, told.UnionType):
        return info.types
    if isinstance(info, told.TupleType):
        return info.item_types
    if isinstance(info, told.DictType):
        return [info.key_type, info.value_type]
    if isinstance(info, told.Metadata):
        return [info.type]
    return [info.item_type] if hasattr(info, "item_type") else []


def _bounds(info: Any) -> Schema:
    found: Schema = {}
    for field, name in _BOUNDS.items():
        if getattr(info, field, None) is not None:
            found[name] = getattr(info, field)
    for field, name in zip(("min_length", "max_length"), _LENGTHS.get(type(info), ()), strict=False):
        if getattr(info, field, None) is not None:
            found[name] = getattr(info, field)
    if getattr(info, "pattern", None) is not None:
        found["pattern"] = info.pattern.replace(r"\Z", "$").replace("(?:^", "(?:")
    return found


def _custom(kind: type[Any]) -> Schema:
    if issubclass(kind, Decimal18):
        return {"type": "string", "pattern": DECIMAL, "title": kind.__name__}
    raise NotImplementedError(f"no schema for {kind.__name__}")


def _name(kind: Any) -> str:
    """Return a Struct's name; of a generic one, with what it holds: `Items[OrderRow]` is `ItemsOfOrderRow`."""
    origin = getattr(kind, "__origin__", None)
    if origin is None:
        return str(kind.__name__)
    return f"{origin.__name__}Of{''.join(_name(part) for part in kind.__args__)}"


def _module(kind: Any) -> str:
    origin = getattr(kind, "__origin__", kind)
    return str(origin.__module__.rpartition(".")[2])
