"""Only plain decimal text is a number, wherever one is read, and a number has one text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import typer
from hypothesis import given, settings
from msgspec import inspect
from tests.hostile.target import check_body
from tests.hostile.target_orders import KINDS, bodies_of_every_kind

from remit.doors import fact_file, instrument_file, mandate_file
from remit.doors.cli.call import amount, span_s
from remit.doors.facts import FACTS
from remit.kernel.codec import decode, encode, plain
from remit.kernel.command import Body
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import LARGEST, SCALE, Decimal18, Money, NotDecimal, Price, Quantity, Ratio, parse, text

TYPES = (Price, Quantity, Money, Ratio)
NO_NUMBERS = (
    "", " ", "-", ".", "-.", "1.", ".5", "-.5", "+1", "++1", "--1", "1-", "1 ", " 1", "1\n", "\n1", "\t1",
    "1\x00", "\x001", "\u00a01", "1\u2009", "1\u200b", "\u202e1", "\ufeff1", "1 000", "1,000", "1.000,5",
    "1_000", "1'000", "01", "-01", "00", "00.5", "1e5", "1E5", "1e-5", "1e+5", "1.5e3", "0x10", "0b1", "0o7",
    "1f", "1L", "1d", "NaN", "nan", "-nan", "sNaN", "inf", "Inf", "-inf", "Infinity", "-Infinity", "null",
    "None", "true", "\u0661\u0662", "\uff11\uff12", "\U0001d7cf", "\u00b2", "\u00bd", "\u2167", "\u4e00",
    "\u0967", "1\u0660", "\u22121", "\u20131", "1\u066b5", "1\uff0e5", "1/2", "1%", "$1", "1 USD", "1.2.3",
    "1..2", "0.-1", "0.0000000000000000001", "1000000000000000000000000", "9" * 5_000, "0." + "0" * 5_000,
    "-" * 100 + "1", "1" + "\u0301",
)  # fmt: skip
"""Texts that a careless reader takes for a number."""
PLACES, WHOLE = 18, 24


def is_plain(source: str) -> bool:
    """Whether a text is a plain decimal number, said without the pattern that the kernel reads with."""
    digits = source[1:] if source[:1] == "-" else source
    whole, point, fraction = digits.partition(".")
    if not whole or any(digit not in "0123456789" for digit in whole + fraction):
        return False
    if len(whole) > WHOLE or (len(whole) > 1 and whole[0] == "0"):
        return False
    return not point or 1 <= len(fraction) <= PLACES


# Reading and writing


@given(value=st.integers(-LARGEST, LARGEST), kind=st.sampled_from(TYPES))
def test_what_is_written_is_read_as_the_same_number(value: int, kind: type[Decimal18]) -> None:
    written = text(value)
    assert is_plain(written) and parse(kind, written) == value and type(parse(kind, written)) is kind
    assert Fraction(written) == Fraction(value, SCALE)
    assert not written.endswith(".") and ("." not in written or not written.endswith("0"))


@given(
    sign=st.sampled_from(["", "-"]), whole=st.integers(0, 10**WHOLE - 1), places=st.text("0123456789", max_size=PLACES)
)
def test_what_is_read_is_written_in_its_one_text(sign: str, whole: int, places: str) -> None:
    source = f"{sign}{whole}" + (f".{places}" if places else "")
    value = parse(Money, source)
    assert Fraction(int(value), SCALE) == Fraction(source)
    assert parse(Money, text(value)) == value and text(parse(Money, text(value))) == text(value)
    assert text(value) == (source.rstrip("0").rstrip(".") if "." in source else source) or value == 0


@settings(max_examples=300)
@given(
    source=st.one_of(
        st.text("0123456789.-+eE_, \u0661\uff11\u22120", max_size=30),
        st.text(max_size=12),
    )
)
def test_a_text_is_a_number_exactly_where_it_is_plain(source: str) -> None:
    if is_plain(source):
        assert Fraction(int(parse(Price, source)), SCALE) == Fraction(source)
    else:
        with pytest.raises(NotDecimal):
            parse(Price, source)


@pytest.mark.parametrize("source", NO_NUMBERS, ids=lambda source: ascii(source)[:24])
def test_no_other_text_is_a_number(source: str) -> None:
    assert not is_plain(source)
    for kind in TYPES:
        with pytest.raises(NotDecimal):
            parse(kind, source)


@pytest.mark.parametrize("source", [1, 1.0, True, None, b"1", Decimal(1), Fraction(1), ["1"], float("nan")])
def test_nothing_but_text_is_a_number(source: object) -> None:
    with pytest.raises(NotDecimal):
        parse(Quantity, source)


# Wherever a number is read: every field of every command


def leaves(kind: Any, value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield where the numbers of a value stand, with their types."""
    match kind:
        case inspect.StructType():
            for field in kind.fields:
                if isinstance(value, dict) and value.get(field.encode_name) is not None:
                    yield from leaves(field.type, value[field.encode_name], (*path, field.encode_name))
        case inspect.UnionType():
            for part in kind.types:
                if not isinstance(part, inspect.NoneType):
                    yield from leaves(part, value, path)
        case inspect.VarTupleType():
            for number, item in enumerate(value):
                yield from leaves(kind.item_type, item, (*path, number))
        case inspect.TupleType():
            for number, (part, item) in enumerate(zip(kind.item_types, value, strict=True)):
                yield from leaves(part, item, (*path, number))
        case inspect.CustomType() | inspect.IntType():
            yield path, kind


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a copy of a plain value with something else at one place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy


PLACES_OF_NUMBERS = [
    (body, path, kind)
    for body, _ in bodies_of_every_kind()
    for path, kind in leaves(inspect.type_info(type(body)), plain(body))
]
SPELLINGS = (
    "1e2",
    "1.5",
    "1.0",
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "+1",
    "0x1",
    ".5",
    "1.",
    "true",
    "1_0",
    '"1e2"',
    '"\u0661"',
)


@pytest.mark.parametrize("tag", sorted(KINDS))
def test_every_number_of_a_command_is_exact_text_or_a_whole_number(tag: str) -> None:
    """An amount is decimal text and nothing else; a count or an instant is a whole JSON number and nothing else."""
    for body, path, kind in PLACES_OF_NUMBERS:
        if plain(body)["kind"] != tag:
            continue
        exact = isinstance(kind, inspect.CustomType)
        wrong = [json.dumps(source) for source in NO_NUMBERS] if exact else [json.dumps(str(7)), "null"]
        for spelled in (*wrong, *SPELLINGS, *(("7", "7.5") if exact else ())):
            source = json.dumps(put(plain(body), path, "@@")).replace('"@@"', spelled)
            optional = spelled == "null"
            try:
                found = decode(Body, source)  # type: ignore[arg-type]
            except ValueError:
                continue
            assert optional and found != body, (tag, path, spelled)


def test_numbers_are_found_in_the_commands_that_have_them() -> None:
    kinds = {plain(body)["kind"] for body, _, kind in PLACES_OF_NUMBERS if isinstance(kind, inspect.CustomType)}
    assert {"submit", "replace", "filled", "set_mandate", "reconciled", "marked", "set_exit", "funding"} <= kinds


# Files and words of the command line


def numeric_columns() -> list[tuple[str, str]]:
    return [
        (verb, column.name)
        for verb, fact in FACTS.items()
        for column in fact.columns
        if any(word in column.holds for word in ("quantity", "ratio", "amount", "price", "number", "seconds"))
    ]


@pytest.mark.parametrize(("verb", "column"), numeric_columns())
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_fact_file_takes_no_other_number(verb: str, column: str, suffix: str, tmp_path: Path) -> None:
    """Blanks around a cell are no part of it; everything else is."""
    fact = FACTS[verb]
    cells = dict(zip(fact.header, fact.example[-1].split(","), strict=True))
    for source in (*NO_NUMBERS, "1e2", "007"):
        if source.strip() == "" or is_plain(source.strip()) or any(mark in source for mark in "\n\x00,"):
            continue
        row = cells | {column: source}
        path = tmp_path / f"facts{suffix}"
        lines = [",".join(fact.header), ",".join(row.values())] if suffix == ".csv" else [encode(row).decode()]
        path.write_text("\n".join(lines), encoding="utf-8")
        with pytest.raises(fact_file.FactFileRefused):
            fact_file.read(verb, path)


INSTRUMENT = {
    "name": "X",
    "kind": "equity",
    "venue": "paper",
    "currency": "USD",
    "category": "c",
    "tick": "0.01",
    "lot": "1",
}


@pytest.mark.parametrize("field", ["tick", "lot", "multiplier", "quantity_min", "jump_max_bps"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_an_instrument_file_takes_no_other_number(field: str, suffix: str, tmp_path: Path) -> None:
    for source in (*NO_NUMBERS, "007"):
        if is_plain(source.strip()) or not source.strip() or any(mark in source for mark in "\n\x00,"):
            continue
        row = INSTRUMENT | {field: source}
        path = tmp_path / f"instruments{suffix}"
        path.write_text(
            ",".join(row) + "\n" + ",".join(row.values()) if suffix == ".csv" else encode(row).decode(),
            encoding="utf-8",
        )
        with pytest.raises(instrument_file.InstrumentFileRefused):
            instrument_file.read(path)


def test_an_instrument_that_says_something_twice_is_refused(tmp_path: Path) -> None:
    """Which of two ticks counts must not hang on who reads the file."""
    path = tmp_path / "instruments.jsonl"
    path.write_text(json.dumps(INSTRUMENT)[:-1] + ', "tick": "1"}')
    with pytest.raises(instrument_file.InstrumentFileRefused, match="twice"):
        instrument_file.read(path)


@pytest.mark.parametrize("field", ["order_notional_max", "confidence_min", "order_quantity_max", "positions_max"])
@pytest.mark.parametrize("form", ["toml", "json"])
def test_a_mandate_file_takes_no_other_number(field: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / f"mandates.{form}"
    bare = ["1e2", "nan", "inf", "1.5", "true"] if form == "toml" else ["1e2", "NaN", "Infinity", "1.5", "true"]
    for spelled in [*(json.dumps(source) for source in NO_NUMBERS), *bare]:
        path.write_text(
            f'["firm"]\n{field} = {spelled}\n' if form == "toml" else f'{{"firm": {{"{field}": {spelled}}}}}', "utf-8"
        )
        with pytest.raises(mandate_file.MandateFileRefused):
            mandate_file.read(path)


@pytest.mark.parametrize("source", NO_NUMBERS, ids=lambda source: ascii(source)[:24])
def test_the_command_line_takes_no_other_number(source: str) -> None:
    with pytest.raises(typer.BadParameter):
        amount(Price, source, "--limit")
    with pytest.raises(typer.BadParameter):
        span_s(source + "s", "--wait")


@pytest.mark.parametrize(
    "rate", ["010/min", "1_0/min", "\u0661/min", "1e1/min", "+1/min", "-1/min", "1.5/min", "1/\uff12s", "NaN/s"]
)
def test_a_rate_is_whole_numbers(rate: str, tmp_path: Path) -> None:
    path = tmp_path / "mandates.json"
    path.write_text(json.dumps({"firm": {"order_rate_max": rate}}), "utf-8")
    with pytest.raises(mandate_file.MandateFileRefused):
        mandate_file.read(path)


@settings(max_examples=60)
@given(value=st.integers(0, LARGEST))
def test_a_limit_survives_its_file_and_its_record(value: int) -> None:
    mandate = Mandate(order_notional_max=Money(value))
    assert decode(Mandate, encode(mandate)) == mandate
    written = mandate_file.render({"firm": mandate})
    assert f'order_notional_max = "{text(value)}"' in written


def test_what_is_beyond_every_number_is_never_written() -> None:
    for value in (LARGEST + 1, -LARGEST - 1):
        with pytest.raises(NotDecimal):
            parse(Money, text(value))
    for body, _ in bodies_of_every_kind():
        check_body(body)
