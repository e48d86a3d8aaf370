"""The reader of CBOR: what another encoder writes is read, and nothing has two spellings."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.attest import cbor
from remit.attest.errors import AttestationInvalid

SCALARS = st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=80) | st.booleans() | st.none()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(-9, 9) | st.text(max_size=9), inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_another_encoder_writes_is_read(value: object) -> None:
    try:
        assert cbor.read(cbor2.dumps(value, canonical=True)) == value
    except AttestationInvalid as fault:
        assert "deep" in fault.what


@given(st.binary(max_size=60))
def test_any_bytes_are_read_one_way_or_refused(source: bytes) -> None:
    try:
        value = cbor.read(source)
    except AttestationInvalid as fault:
        assert fault.code == "nitro_malformed"
        return
    if b"\xbf" not in source:  # a map that says where it ends, which has a second spelling
        assert _written(value) == source


def test_a_map_may_say_where_it_ends() -> None:
    assert cbor.read(bytes.fromhex("bf0001616102ff")) == {0: 1, "a": 2}
    assert cbor.read(bytes.fromhex("bfff")) == {}
    assert cbor.read(bytes.fromhex("8201bf00bf01f6ffff")) == [1, {0: {1: None}}]


def _written(value: object) -> bytes:
    match value:
        case bool() | None:
            return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
        case int():
            return cbor.head(0, value) if value >= 0 else cbor.head(1, -1 - value)
        case bytes():
            return cbor.head(2, len(value)) + value
        case str():
            return cbor.head(3, len(value.encode())) + value.encode()
        case list():
            return cbor.head(4, len(value)) + b"".join(_written(item) for item in value)
        case dict():
            return cbor.head(5, len(value)) + b"".join(_written(k) + _written(v) for k, v in value.items())
        case cbor.Tagged(tag, inner):
            return cbor.head(6, tag) + _written(inner)
    raise AssertionError(value)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("", "ends too early"), ("0000", "1 bytes follow"), ("1817", "longer than"), ("190017", "longer than"),
        ("1b00000000ffffffff", "longer than"), ("5f41004100ff", "not said ahead"), ("9fff", "not said ahead"),
        ("a200000001", "twice"), ("a1414100", "neither a number nor text"), ("a1f400", "neither a number nor text"),
        ("fb3ff0000000000000", "float"), ("f7", "float"), ("f814", "longer than"), ("62c328", "UTF-8"),
        ("5bffffffffffffffff", "early"),
        ("bf", "early"), ("bf00", "early"), ("bf00ff", "float|not said|early"), ("bf00010002ff", "twice"),
        ("ff", "not said"),
        ("9bffffffffffffffff", "early"), ("bb7fffffffffffffff", "early"), ("81" * 9 + "00", "deep"),
        ("1c", "not said ahead"),
    ],
)  # fmt: skip
def test_spellings_that_are_refused(source: str, why: str) -> None:
    with pytest.raises(AttestationInvalid, match=why):
        cbor.read(bytes.fromhex(source))
