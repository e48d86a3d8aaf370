"""Mandate files: what people write, what is refused and where, and that writing and reading are inverse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.doors.mandate_file import (
    EVERY,
    Form,
    MandateFileRefused,
    calendar_of,
    mandate_of,
    read,
    render,
    window_of,
)
from remit.kernel.mandate import EMPTY, Mandate, Rate
from remit.kernel.numbers import Money, Quantity, Ratio, parse
from remit.kernel.presets import PRESETS, compose

WINDOW = "America/New_York mon-fri 09:30-16:00"


def write(folder: Path, source: str, name: str = "limits.toml") -> Path:
    path = folder / name
    path.write_text(source, encoding="utf-8")
    return path


def test_a_file_as_people_write_it(tmp_path: Path) -> None:
    mandates = read(write(tmp_path, f"""
# the desk
["account:desk"]
order_notional_max = "100"          # dollars
order_rate_max = "10/min"
message_rate_max = {{ count = 50, per_s = 2 }}
instruments_allowed = ["ZM", "AAPL", "ZM"]
hours_active = ["XNYS", "{WINDOW}"]
positions_max = 10
orders_per_day_max = "50"
confidence_min = "0.6"
loss_cooldown = "review"
position_duplicate = "blocked"

[firm]

["agent:*"]
daily_loss_max = "12.34"
"""))
    assert mandates == {
        "account:desk": Mandate(
            order_notional_max=parse(Money, "100"), order_rate_max=Rate(10, 60), message_rate_max=Rate(50, 2),
            instruments_allowed=("AAPL", "ZM"), hours_active=("America/New_York@mon-fri@09:30-16:00", "XNYS"),
            positions_max=10, orders_per_day_max=50, confidence_min=parse(Ratio, "0.6"), loss_cooldown="review",
            position_duplicate="blocked",
        ),
        "firm": EMPTY,
        f"agent:{EVERY}": Mandate(daily_loss_max=parse(Money, "12.34")),
    }


def test_the_same_in_json(tmp_path: Path) -> None:
    table = {"agent:a": {"order_notional_max": "1.5", "order_rate_max": {"count": 3, "per_s": 1}}}
    assert read(write(tmp_path, json.dumps(table), "limits.json")) == {
        "agent:a": Mandate(order_notional_max=parse(Money, "1.5"), order_rate_max=Rate(3, 1))
    }


@pytest.mark.parametrize(("written", "rate"), [
    ("10/s", Rate(10, 1)), ("10/min", Rate(10, 60)), ("10 / min", Rate(10, 60)), ("7/h", Rate(7, 3600)),
    ("50/day", Rate(50, 86_400)), ("5/30s", Rate(5, 30)), ("5/2min", Rate(5, 120)),
])
def test_rates(tmp_path: Path, written: str, rate: Rate) -> None:
    assert read(write(tmp_path, f'[firm]\norder_rate_max = "{written}"')) == {"firm": Mandate(order_rate_max=rate)}


# (what follows a first table of two lines, line at fault, field, words of the message)
FAULTS: list[tuple[str, int, str, str]] = [
    ('order_notional_maxx = "1"', 4, "order_notional_maxx", "did you mean order_notional_max?"),
    ('daily_loss = "1"', 4, "daily_loss", "did you mean daily_loss_max?"),
    ('wibble = "1"', 4, "wibble", "is not a field of a mandate"),
    ("order_notional_max = 100", 4, "order_notional_max", 'write it as text: "100"'),
    ("order_notional_max = 12.50", 4, "order_notional_max", 'write it as text: "12.50"'),
    ('order_notional_max = "1e3"', 4, "order_notional_max", "not a plain decimal"),
    ('order_notional_max = "1,000"', 4, "order_notional_max", "not a plain decimal"),
    ('order_notional_max = "NaN"', 4, "order_notional_max", "not a plain decimal"),
    ('positions_max = 1\norder_notional_max = "-1"', 5, "order_notional_max", "must not be below zero"),
    ('# positions_max = 3\npositions_max = -3', 5, "positions_max", ">= 0"),
    ("positions_max = 1.5", 4, "positions_max", "Expected `int"),
    ("positions_max = true", 4, "positions_max", "Expected `int"),
    ('order_rate_max = "fast"', 4, "order_rate_max", 'write a rate such as "10/min"'),
    ('order_rate_max = "0/s"', 4, "order_rate_max", 'write a rate such as "10/min"'),
    ('order_rate_max = { count = 1 }', 4, "order_rate_max", 'write a rate such as "10/min"'),
    ('hours_active = ["New York mon-fri"]', 4, "hours_active", "list calendars or windows"),
    ('hours_active = "XNYS"', 4, "hours_active", "list calendars or windows"),
    ('position_duplicate = "forbidden"', 4, "position_duplicate", "write one of 'blocked', 'allowed'"),
    ('loss_cooldown = "soon"', 4, "loss_cooldown", "write one of 'review' or a number of seconds"),
    ('sides_allowed = ["buy", "hold"]', 4, "sides_allowed", "Invalid enum value 'hold'"),
    ('instruments_allowed = "AAPL"', 4, "instruments_allowed", "Expected `array"),
    ('approval_quorum = 2', 4, "approval_quorum", "set together"),
]


@pytest.mark.parametrize(("rest", "line", "field", "words"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_fault_names_file_line_field_and_what_to_do(
    tmp_path: Path, rest: str, line: int, field: str, words: str
) -> None:
    path = write(tmp_path, f'[firm]\npositions_max = 1\n["agent:a"]\n{rest}\n')
    with pytest.raises(MandateFileRefused) as refused:
        read(path)
    (problem,) = refused.value.problems
    assert (problem.line, problem.subject, problem.field) == (line, "agent:a", field)
    assert words in problem.message
    assert str(refused.value).startswith(f"{path}:{line}: agent:a {field} ")


@pytest.mark.parametrize(("source", "line", "words"), [
    ('order_notional_max = "1"', 1, "stands outside a table"),
    ('\n["acount:desk"]', 2, "did you mean account?"),
    ('["venue:paper"]', 1, "is not a subject of a mandate"),
    ("[account.desk]", 1, 'write firm, "account:NAME"'),
    ('["agent:a b"]', 1, "is not a subject of a mandate"),
    ("firm = 3", 1, "must be a table"),
    ("[firm]\n\npositions_max == 3", 3, "is not valid"),
    ("[firm]\n[firm]", 2, "is not valid"),
])
def test_a_faulty_table_is_named(tmp_path: Path, source: str, line: int, words: str) -> None:
    with pytest.raises(MandateFileRefused) as refused:
        read(write(tmp_path, source))
    assert [problem.line for problem in refused.value.problems] == [line]
    assert words in str(refused.value)


@pytest.mark.parametrize(("source", "line", "words"), [
    ("{", 1, "is not JSON"),
    ("[]", 1, "write one object"),
    ('{"firm": {\n"positions_max": 1,\n"positions_max": 2}}', 3, "said twice"),
    ('{"firm": {\n"positions_max": NaN}}', 0, "NaN is not a number"),
    ('{"firm": {\n"positions_max": null}}', 2, "leave it out"),
    ('{"firm": {\n"order_notional_max": 1e2}}', 2, "write it as text"),
])
def test_faulty_json(tmp_path: Path, source: str, line: int, words: str) -> None:
    with pytest.raises(MandateFileRefused) as refused:
        read(write(tmp_path, source, "limits.json"))
    assert [problem.line for problem in refused.value.problems] == [line]
    assert words in str(refused.value)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(MandateFileRefused) as refused:
        read(write(tmp_path, '[firm]\npositions_max = -1\nnope = 1\n["agent:a"]\norder_rate_max = "x"\n'))
    assert [problem.line for problem in refused.value.problems] == [2, 3, 5]


@pytest.mark.parametrize("name", ["absent.toml", "limits.yaml", "folder.toml"])
def test_what_is_not_a_mandate_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "limits.yaml").write_text("firm: {}")
    with pytest.raises(MandateFileRefused, match="cannot be read|name it .toml or .json"):
        read(tmp_path / name)


def test_the_star_stands_for_who_has_no_table_of_their_own() -> None:
    one, every = Mandate(positions_max=1), Mandate(positions_max=2)
    mandates = {"agent:a": one, f"agent:{EVERY}": every}
    assert mandate_of(mandates, "agent:a") is one
    assert mandate_of(mandates, "agent:b") is every
    assert mandate_of(mandates, "account:a") is None
    assert mandate_of(mandates, "firm") is None


def test_a_window_and_the_name_of_its_calendar() -> None:
    assert window_of(calendar_of(WINDOW)) == WINDOW
    assert window_of("XNYS") is None


AMOUNT = st.integers(0, 10**41)
NAME = st.builds("{}{}".format, st.sampled_from("aZ0"), st.text("aZ9._:/@-", max_size=9))
COUNT = st.integers(0, 10_000)
RATE = st.builds(Rate, st.integers(1, 10**6), st.one_of(st.sampled_from([1, 60, 3600, 86_400]), st.integers(1, 86_400)))


def names(of: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(of, unique=True, max_size=4).map(lambda found: tuple(sorted(found)))


WINDOWS = st.builds(
    "{} {} {:02d}:{:02d}-{:02d}:{:02d}".format, st.sampled_from(["UTC", "America/New_York", "Etc/GMT-3"]),
    st.sampled_from(["mon-fri", "sat", "fri-mon"]), st.integers(0, 23), st.integers(0, 59), st.integers(0, 23),
    st.integers(0, 59),
).map(calendar_of)
MONEY = ("order_notional_max", "approval_notional_min", "payout_max", "market_exposure_max", "daily_loss_max")
COUNTS = ("positions_max", "orders_open_max", "price_collar_bps", "market_cooldown", "mark_age_max", "haircut_bps")
MANDATE = st.fixed_dictionaries({}, optional={
    **dict.fromkeys(MONEY, AMOUNT.map(Money)), **dict.fromkeys(COUNTS, COUNT),
    "order_quantity_max": AMOUNT.map(Quantity), "leverage_max": AMOUNT.map(Ratio), "confidence_min": AMOUNT.map(Ratio),
    "instruments_allowed": names(NAME), "instruments_blocked": names(NAME), "categories_allowed": names(NAME),
    "sides_allowed": names(st.sampled_from(["buy", "sell"])), "hours_active": names(st.one_of(NAME, WINDOWS)),
    "order_types_allowed": names(st.sampled_from(["market", "limit"])), "order_rate_max": RATE,
    "message_rate_max": RATE, "short_allowed": st.sampled_from(["blocked", "allowed"]),
    "locate_required": st.sampled_from(["required", "waived"]), "zone": st.sampled_from(["UTC", "Asia/Shanghai"]),
    "loss_cooldown": st.one_of(st.just("review"), COUNT), "approval_expiry_s": st.integers(1, 86_400),
}).map(lambda fields: Mandate(**fields))
SUBJECT = st.one_of(
    st.just("firm"),
    st.builds("{}:{}".format, st.sampled_from(["account", "agent", "client"]), st.one_of(NAME, st.just(EVERY))),
)


@given(mandates=st.dictionaries(SUBJECT, MANDATE, max_size=3), form=st.sampled_from(get_args(Form)))
def test_reading_what_was_rendered_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, mandates: dict[str, Mandate], form: Any
) -> None:
    path = write(tmp_path_factory.getbasetemp(), render(mandates, form), f"rendered.{form}")
    assert read(path) == mandates


@pytest.mark.parametrize("preset", PRESETS)
def test_the_presets_can_be_written_and_read(tmp_path: Path, preset: str) -> None:
    mandate = compose(preset, "account", "live", calendar="XNYS", blocked=())
    assert read(write(tmp_path, render({"account:desk": mandate}))) == {"account:desk": mandate}
