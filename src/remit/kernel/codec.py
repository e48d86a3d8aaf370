"""The one text form of every record: canonical JSON with exact numbers as decimal text."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from remit.kernel.numbers import Decimal18, parse, text

T = TypeVar("T")


def _enc_hook(value: Any) -> Any:
    if isinstance(value, Decimal18):
        return text(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise NotImplementedError(f"no text form for {type(value).__name__}")


def _dec_hook(kind: type, source: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Decimal18):
        return parse(kind, source)
    raise NotImplementedError(f"no reading for {kind}")


_encoder = msgspec.json.Encoder(enc_hook=_enc_hook)
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def encode(value: object) -> bytes:
    """Return the canonical JSON of a record: fields in their declared order, exact numbers as text, no blanks."""
    return _encoder.encode(value)


def decode(kind: type[T], source: bytes | str) -> T:
    """Return the record that `source` spells, or raise a ValueError: of msgspec's, naming the field at fault, or
    UnicodeDecodeError for bytes that are no UTF-8."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=_dec_hook)
    try:
        result: T = decoder.decode(source)
    except RecursionError:
        raise msgspec.DecodeError("it nests too deep") from None
    return result


def learn(*kinds: Any) -> None:
    """Look kinds of records through, and all that they are made of: what threads read is learnt where it is defined.

    Two threads that read a kind at the same time, each for the first time, crash the process in msgspec's C code; while
    a module is imported there is one.
    """
    for kind in kinds:
        _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=_dec_hook)


def plain(value: object) -> Any:
    """Return `value` as plain dicts, lists and text, as `encode` would spell it."""
    return msgspec.to_builtins(value, enc_hook=_enc_hook)


def build(kind: type[T], value: object) -> T:
    """Return `value`, made of plain dicts, lists and text, as a record; the inverse of `plain`."""
    return msgspec.convert(value, kind, dec_hook=_dec_hook)
