"""A thousand hostile texts in every field that takes text: the same verdict as with plain words, or a named refusal."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache
from typing import Any

import msgspec
import pytest
from msgspec import inspect
from tests.hostile.fields import FIELDS, FREE, OTHERS, Field, declared, declared_in, free_fields
from tests.hostile.target import file
from tests.hostile.target_orders import KINDS, bodies_of_every_kind
from tests.hostile.target_wire import House
from tests.hostile.test_numbers import put
from tests.hostile.texts import COUNT, LOOKS, SAMPLES, TEXTS
from tests.kernel.desk import small

from remit.doors import fact_file, instrument_file, mandate_file
from remit.doors.facts import FACTS
from remit.guard.errors import GuardError, NotAuthenticated
from remit.guard.frame import pack
from remit.guard.views import VIEWS
from remit.guard.wire import Peer, Request
from remit.kernel import command as c
from remit.kernel.codec import build, decode, encode, plain
from remit.kernel.command import Body, Command
from remit.kernel.kernel import Kernel
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, NAME_PATTERN
from remit.kernel.numbers import DAY_NS
from remit.kernel.rules.compile import Lines
from remit.kernel.rules.table import RULES
from remit.kernel.snapshot import dump, load, state_hash

PLAIN = "plain-words-7c1e"
"""What stands in a field instead of a hostile text, to compare with; it stands nowhere else."""
LINES = Lines(RULES)
BODIES = {plain(body)["kind"]: (body, by) for body, by in bodies_of_every_kind()}


def test_there_are_a_thousand_texts_each_once() -> None:
    assert len(TEXTS) == COUNT == len({hostile.text for hostile in TEXTS})


def test_every_field_that_takes_text_is_known() -> None:
    """A new one must be named in `fields`, and then a thousand texts are tried in it."""
    found = set().union(*(declared_in(tag) for tag in KINDS))
    assert found == set(FREE), found ^ set(FREE)
    assert {str(field) for field in free_fields()} == found, "a body of `bodies_of_every_kind` leaves one out"
    for kind, names in OTHERS.items():
        assert set(declared(inspect.type_info(kind))) == names, kind


# In the commands


@cache
def _before() -> tuple[bytes, int]:
    """A desk with a position and a working order; it knows only a few days, since it is read many thousand times."""
    desk = small()
    desk.hold("10")
    desk.working("5", "90")
    day = desk.at // DAY_NS
    desk.took(c.SetSessions(zone="UTC", starts=tuple((day + number) * DAY_NS for number in range(3))), GUARD)
    return dump(desk.state), desk.at


class Outcome:
    """What became of a body with some text in one field, in canonical bytes: the record, and the state after it."""

    def __init__(self, field: Field, text: str) -> None:
        body, by = BODIES[field.kind]
        self.refusal = ""
        self.record = self.state = b""
        try:
            source = encode(put(plain(body), field.path, text))
            entered = decode(Body, source)  # type: ignore[arg-type]
        except ValueError as fault:
            self.refusal = type(fault).__name__
            return
        spelled, at = _before()
        kernel = Kernel(load(spelled))
        kernel.judge._lines = LINES  # the same rules, compiled once
        record = kernel.step(Command(seq=kernel.state.seq + 1, at=at + 1, by=by, body=entered))
        self.record, self.state = encode(record), dump(kernel.state)


def _spelled(text: str) -> bytes:
    """Return a text as it stands inside JSON, without its quotes."""
    return encode(text)[1:-1]


@pytest.mark.parametrize("field", free_fields(), ids=str)
def test_a_text_changes_nothing_but_itself(field: Field) -> None:
    """The whole record and the whole state are those of plain words, with the text in the place of the words."""
    said = Outcome(field, PLAIN)
    assert not said.refusal and _spelled(PLAIN) in said.record
    refused, told_again = 0, FREE[str(field)] != "words"  # what is no name is quoted by its refusal
    for hostile in TEXTS:
        if told_again and hostile.text in LOOKS:
            continue  # the name itself, which others look like
        found = Outcome(field, hostile.text)
        if found.refusal:
            refused += 1
            assert found.refusal in ("ValidationError", "UnicodeEncodeError"), hostile
            continue
        if hostile.text.isspace() and b'"code":"' in found.record and found.record.count(b"say ") == 1:
            continue  # a reason of blanks is refused as none
        for one, other in ((found.record, said.record), (found.state, said.state)):
            if one != other.replace(_spelled(PLAIN), _spelled(hostile.text)):
                assert told_again or len(hostile.text) > 300, (hostile.family, ascii(hostile.text)[:80])
                assert _shape(one) == _shape(other), (hostile.family, ascii(hostile.text)[:80])
    assert refused < COUNT // 10 or FREE[str(field)] != "words", "words are taken, all but what is no text or too long"


def _shape(source: bytes) -> Any:
    """Return what a record or a state says, with its codes and verdicts and without all other texts: for a text that
    is told again in other words, or was cut."""

    def bare(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: bare(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [bare(inner) for inner in value]
        return "" if isinstance(value, str) and name not in ("event", "code", "verdict", "rule", "kind") else value

    return bare(json.loads(source))


@pytest.mark.parametrize("field", [field for field in FIELDS if field.pattern is not None], ids=str)
def test_what_a_pattern_bounds_takes_no_hostile_text(field: Field) -> None:
    """A name is a name in plain ASCII, however much another looks like it."""
    body, _ = BODIES[field.kind]
    kinds = {field.pattern: msgspec.json.Decoder(inspect_type(field.pattern))}
    for hostile in TEXTS:
        try:
            found = kinds[field.pattern].decode(msgspec.json.encode(hostile.text))
        except ValueError:
            continue
        assert found.isascii() and found.isprintable() and " " not in found, hostile
    with pytest.raises(ValueError, match="matching regex|64"):
        build(Body, put(plain(body), field.path, "\u0410\u0410PL"))  # type: ignore[arg-type]


@cache
def inspect_type(pattern: str | None) -> Any:
    from typing import Annotated

    return Annotated[str, msgspec.Meta(pattern=pattern)]


def test_names_that_look_alike_are_refused_or_another() -> None:
    """Whoever orders a look-alike orders nothing, or something else: never the thing itself."""
    for name, others in LOOKS.items():
        for other in others:
            assert other != name
            for kind in ("submit", "cancel", "set_grant"):
                body, _ = BODIES[kind]
                fields = [field for field in FIELDS if field.kind == kind and field.pattern is not None]
                for field in fields:
                    try:
                        build(Body, put(plain(body), field.path, other))  # type: ignore[arg-type]
                    except ValueError:
                        continue
                    assert other.isascii(), (field, other)


# Around the commands: the wire


@pytest.fixture(scope="module")
def guard() -> Any:
    """A guard in memory, asked through its handle."""
    house = House()
    yield house
    house.close()


def asked(house: Any, request: Request) -> bytes:
    answer: bytes = house.loop.run_until_complete(house.handle.handle(request, Peer(1, 1, 1)))
    return answer


def request(house: Any, body: object, do: Any = "command", token: str | None = None, door: str = "") -> Request:
    secret = house.secrets["agent"] if token is None else token
    return Request(1, secret, do, msgspec.Raw(encode(body)), door)


@pytest.mark.parametrize(
    "view", ["order", "history", "effective", "composed", "log", "orders", "exposure", "positions"]
)
def test_a_question_about_a_text_is_refused_or_empty(guard: Any, view: str) -> None:
    for argument in VIEWS[view].arguments:
        for hostile in SAMPLES:
            body = {"view": view, argument: hostile.text}
            try:
                answer = json.loads(asked(guard, request(guard, body, "read", token=guard.secrets["operator"])))
            except (GuardError, UnicodeEncodeError):
                continue
            rows = (
                answer.get("entries", answer.get("rows", answer.get("gauges", ())))
                if isinstance(answer, dict)
                else answer
            )
            assert not rows or hostile.text in ("firm", "agent:momentum", "momentum", "AAPL"), (argument, hostile)


def test_no_text_is_a_token(guard: Any) -> None:
    before = state_hash(guard.core.kernel.state)
    for hostile in TEXTS:
        with pytest.raises(NotAuthenticated):
            asked(guard, request(guard, {"view": "status"}, "read", token=hostile.text))
    assert state_hash(guard.core.kernel.state) == before


def test_the_name_of_a_door_decides_nothing(guard: Any) -> None:
    """It is a note in the journal: the same order from every door is decided the same."""
    asked_for = BODIES["submit"][0]
    before = guard.image()
    said = asked(guard, request(guard, asked_for, "preview", door=PLAIN))
    for hostile in TEXTS[::2]:  # half of them: an agent's calls have a rate
        if "broken" not in hostile.family:  # no frame carries half a character
            assert asked(guard, request(guard, asked_for, "preview", door=hostile.text)) == said
    assert guard.image() == before, "each preview is an entry, and changes nothing but the count of entries"


def test_a_text_beside_an_order_decides_nothing(guard: Any) -> None:
    """The thought of an agent is kept aside: what is decided is the same as without a word but for its digest."""
    order = plain(BODIES["submit"][0])
    for number, hostile in enumerate(TEXTS):
        verdicts = []
        for beside in ("", hostile.text):
            intent = order["intent"] | {"id": f"t{number}-{bool(beside)}", "created_at": guard.core.loop.now()}
            body: Any = {"kind": "submit", "intent": {**intent, "thought": None}}
            try:
                answer = asked(guard, request(guard, {"command": body, "text": beside} if beside else body))
            except (UnicodeEncodeError, GuardError) as fault:
                assert hostile.family.startswith(("broken", "long")) or "broken" in hostile.family, (hostile, fault)
                break
            verdicts.append(_decision(answer))
        assert len(verdicts) < 2 or verdicts[0] == verdicts[1], hostile


def _decision(answer: bytes) -> Any:
    record = json.loads(answer)
    decision = record["decision"]
    return [decision["verdict"], decision["worth"], [finding["rule"] for finding in decision.get("findings", ())]]


def test_nothing_is_acted_on_after_what_nobody_can_read(guard: Any) -> None:
    """A frame that is no request closes its connection: what stands behind it would have no answer."""
    before = state_hash(guard.core.kernel.state)
    token = guard.secrets["operator"].encode()
    good = b'{"id":2,"token":"%b","do":"command","body":{"kind":"add_agent","agent":' % token
    good += b'{"name":"late","account":"desk","owner":"ann"}}}'
    (answer,) = guard.say(pack(b"no request") + pack(good))
    assert answer.id == 0 and state_hash(guard.core.kernel.state) == before
    assert guard.say(pack(good))[0].id == 2 and "late" in guard.core.kernel.state.agents


@pytest.mark.parametrize("field", ["name", "owner", "role", "kind"])
def test_a_new_token_is_for_a_name(guard: Any, field: str) -> None:
    before = state_hash(guard.core.kernel.state)
    said = {"kind": "new_token", "role": "agent", "name": "momentum", "owner": "ann"}
    for hostile in TEXTS:
        if field in ("name", "owner") and re.fullmatch(NAME_PATTERN, hostile.text):
            continue  # a name as good as any
        with pytest.raises((GuardError, UnicodeEncodeError)):
            asked(guard, request(guard, said | {field: hostile.text}, token=guard.secrets["operator"]))
    assert state_hash(guard.core.kernel.state) == before


# Files


def test_a_mandate_file_takes_no_hostile_text() -> None:
    """As a subject, a field, a name in a set, a zone, a window, an amount: refused."""
    for hostile in TEXTS:
        for table in (
            {hostile.text: {}},
            {"firm": {hostile.text: "1"}},
            {"firm": {"instruments_blocked": [hostile.text]}},
            {"firm": {"zone": hostile.text}},
            {"firm": {"hours_active": [hostile.text]}},
            {"firm": {"order_notional_max": hostile.text}},
        ):
            try:
                found = mandate_file.read(file("mandates.json", json.dumps(table).encode()))
            except mandate_file.MandateFileRefused:
                continue
            assert hostile.text.isascii() and hostile.text.isprintable() and " " not in hostile.text, hostile
            assert all(isinstance(mandate, Mandate) for mandate in found.values())


@pytest.mark.parametrize("verb", FACTS)
def test_a_fact_file_takes_no_hostile_text(verb: str) -> None:
    fact = FACTS[verb]
    cells = dict(zip(fact.header, fact.example[0].split(","), strict=True))
    for hostile in TEXTS[:: 1 if verb == "volume" else 7]:
        if "broken" in hostile.family:
            continue
        for column in fact.header:
            out = io.StringIO()
            writer = csv.writer(out)
            writer.writerows([fact.header, list((cells | {column: hostile.text}).values())])
            try:
                bodies = fact_file.read(verb, file("facts.csv", out.getvalue().encode()))
            except fact_file.FactFileRefused:
                continue
            trimmed = hostile.text.strip()
            assert trimmed.isascii() and trimmed.isprintable() and " " not in trimmed, (column, hostile)
            assert bodies


def test_an_instrument_file_takes_no_hostile_text() -> None:
    row = {
        "name": "X", "kind": "prediction", "venue": "paper", "currency": "USD", "category": "c", "tick": "0.01",
        "lot": "1", "market": "M", "outcome": "yes", "calendar": "XNYS",
    }  # fmt: skip
    for hostile in TEXTS:
        for field in row:
            try:
                (found,) = instrument_file.read(
                    file("instruments.jsonl", json.dumps(row | {field: hostile.text}).encode())
                )
            except instrument_file.InstrumentFileRefused:
                continue
            value = getattr(found, field)
            assert str(value).isascii() and str(value).isprintable() and " " not in str(value), (field, hostile)
