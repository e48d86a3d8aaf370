"""The part of CBOR (RFC 8949) that a Nitro document is written in, and nothing of the rest: no bytes are read here in
which another reader could see another document."""

from __future__ import annotations

from typing import NamedTuple

from remit.attest.errors import AttestationInvalid

DEPTH_MAX = 8
_UINT, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _SIMPLE = range(8)
_MAP_BEGINS, _ENDS = b"\xbf", b"\xff"
_SIMPLES = {20: False, 21: True, 22: None}

Value = object


class Tagged(NamedTuple):
    """A value under a tag."""

    tag: int
    value: Value


def read(source: bytes) -> Value:
    """Return what the bytes spell: int, bytes, str, list, dict, bool, None or Tagged.

    Only a map may end where it says so, as newer documents do. AttestationInvalid for other lengths that are not said
    ahead, for those that are longer than they need be, for keys named twice, for floats, for anything after the end.
    """
    value, end = _item(source, 0, 0)
    if end != len(source):
        raise _malformed(f"{len(source) - end} bytes follow its end")
    return value


def head(major: int, size: int) -> bytes:
    """Return the shortest first bytes of an item of a major type."""
    for bits, code in ((8, 24), (16, 25), (32, 26), (64, 27)):
        if size < 24:
            return bytes([major << 5 | size])
        if size < 1 << bits:
            return bytes([major << 5 | code]) + size.to_bytes(bits // 8, "big")
    raise ValueError("a length has at most 64 bits")


def _item(source: bytes, start: int, depth: int) -> tuple[Value, int]:
    if depth > DEPTH_MAX:
        raise _malformed("it nests too deep")
    if source[start : start + 1] == _MAP_BEGINS:
        return _map(source, start + 1, None, depth)
    major, number, at = _head(source, start)
    if major == _UINT:
        return number, at
    if major == _NEGATIVE:
        return -1 - number, at
    if major in (_BYTES, _TEXT):
        return _string(source, at, number, major)
    if major == _LIST:
        items = []
        _check_room(source, at, number)
        for _ in range(number):
            item, at = _item(source, at, depth + 1)
            items.append(item)
        return items, at
    if major == _MAP:
        return _map(source, at, number, depth)
    if major == _TAG:
        item, at = _item(source, at, depth + 1)
        return Tagged(number, item), at
    if number not in _SIMPLES or at != start + 1:
        raise _malformed("it holds a float or an unknown simple value")
    return _SIMPLES[number], at


def _map(source: bytes, at: int, count: int | None, depth: int) -> tuple[Value, int]:
    """Read a map of so many keys, or one that goes on until it says that it ends."""
    found: dict[int | str, Value] = {}
    _check_room(source, at, count or 0)
    while count is None or len(found) < count:
        if count is None and source[at : at + 1] == _ENDS:
            return found, at + 1
        key, at = _item(source, at, depth + 1)
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise _malformed("a key is neither a number nor text")
        if key in found:
            raise _malformed(f"it names {key!r} twice")
        found[key], at = _item(source, at, depth + 1)
    return found, at


def _string(source: bytes, at: int, size: int, major: int) -> tuple[Value, int]:
    _check_room(source, at, size)
    raw = source[at : at + size]
    if major == _BYTES:
        return raw, at + size
    try:
        return raw.decode(), at + size
    except UnicodeDecodeError:
        raise _malformed("a text is no UTF-8") from None


def _head(source: bytes, at: int) -> tuple[int, int, int]:
    _check_room(source, at, 1)
    major, low = source[at] >> 5, source[at] & 31
    at += 1
    if low < 24:
        return major, low, at
    if low > 27:
        raise _malformed("a length is not said ahead")
    size = 1 << (low - 24)
    _check_room(source, at, size)
    number = int.from_bytes(source[at : at + size], "big")
    if head(major, number)[1:] != source[at : at + size]:
        raise _malformed("a number is longer than it need be")
    return major, number, at + size


def _check_room(source: bytes, at: int, size: int) -> None:
    """Return where so many bytes are left; every item of a list takes at least one."""
    if size > len(source) - at:
        raise _malformed("it ends too early")


def _malformed(what: str) -> AttestationInvalid:
    return AttestationInvalid("nitro_malformed", f"the document is not well formed: {what}")
