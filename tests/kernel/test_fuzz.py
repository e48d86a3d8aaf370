"""Any command that can be decoded is answered: the kernel refuses, denies or takes it, and never raises."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import HealthCheck, given, settings
from msgspec import inspect
from tests.kernel.desk import ANN, Desk, small

from remit.kernel.authority import AUTHORITY
from remit.kernel.codec import build, decode, encode
from remit.kernel.command import Body, Submit
from remit.kernel.kernel import HANDLERS
from remit.kernel.names import SCOPES, Principal
from remit.kernel.order import OrderIntent

KNOWN = ["momentum", "main", "paper1", "AAPL", "RAIN", "YES", "SAP", "claude", "firm", "nobody", "H-9-1", "UTC"]
SUBJECTS = ["firm", *(f"{scope}:{name}" for scope in SCOPES[1:] for name in ("main", "momentum", "nobody")), "x", ""]
DECIMALS = ["0", "1", "-1", "0.01", "100", "0.000000000000000001", "999999999999999999999999", "-0.5", "10"]
ROLES = ["operator", "owner", "approver", "compliance", "auditor", "agent", "client", "feed", "guard"]


def spelled(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for plain values that mostly decode as `kind`."""
    match kind:
        case inspect.StructType():
            fields = {field.encode_name: spelled(field.type) for field in kind.fields if field.required}
            optional = {field.encode_name: spelled(field.type) for field in kind.fields if not field.required}
            tag = {} if kind.tag_field is None else {kind.tag_field: st.just(kind.tag)}
            return st.fixed_dictionaries({**tag, **fields}, optional=optional)
        case inspect.UnionType():
            return st.one_of(*(spelled(part) for part in kind.types))
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            edges = [0, 1, 2, 300, 86_400 * 20_000 * 10**9, 10**19]
            return st.sampled_from([edge for edge in edges if edge >= (kind.ge or 0) and edge <= (kind.le or edge)])
        case inspect.StrType(pattern=pattern) if pattern is not None and "64" in pattern:
            return st.just("0" * 64)
        case inspect.StrType(pattern=pattern) if pattern is not None and "A-Z0-9]{1" in pattern:
            return st.sampled_from(["USD", "EUR", "XYZ"])
        case inspect.StrType(pattern=pattern) if pattern is not None and "{4,16}" in pattern:
            return st.just("other")
        case inspect.StrType():
            return st.sampled_from([*KNOWN, *SUBJECTS])
        case inspect.VarTupleType():
            return st.lists(spelled(kind.item_type), max_size=3)
        case inspect.TupleType():
            return st.tuples(*(spelled(part) for part in kind.item_types)).map(list)
        case inspect.CustomType():
            return st.sampled_from(DECIMALS)
    raise AssertionError(f"no strategy for {kind}")


BODIES = [spelled(kind) for kind in inspect.type_info(Body).types]  # type: ignore[attr-defined]


def _body(plain: Any) -> Any:
    try:
        return build(Body, plain)  # type: ignore[arg-type]
    except (msgspec.ValidationError, ValueError):
        return None


bodies = st.one_of(*BODIES).map(_body).filter(lambda body: body is not None)
principals = st.builds(
    lambda role, name: Principal(name=name, role=role, owner="ann"),  # type: ignore[arg-type]
    st.sampled_from(ROLES),
    st.sampled_from(["ann", "momentum", "claude"]),
)


def busy() -> Desk:
    """A desk with a position, working and held orders, a halt and a prediction market."""
    desk = small()
    desk.instrument("SAP", "150", currency="EUR")
    for name, outcome in (("YES", "yes"), ("NO", "no")):
        desk.instrument(name, "0.5", kind="prediction", outcome=outcome, market="RAIN")
    desk.hold("10")
    desk.working("5", "90")
    desk.working("5", "120", side="sell")
    return desk


def test_every_body_has_a_handler_and_an_authority() -> None:
    kinds = {kind.cls for kind in inspect.type_info(Body).types}  # type: ignore[attr-defined]
    assert kinds == HANDLERS.keys() == AUTHORITY.keys()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(entered=st.lists(st.tuples(bodies, principals), min_size=1, max_size=12))
def test_no_command_raises(entered: list[tuple[Any, Principal]]) -> None:
    """Whoever sends whatever: the record folds and replays to the same state."""
    desk = busy()
    for body, by in entered:
        assert decode(Body, encode(body)) == body  # type: ignore[arg-type]
        desk.do(body, by)
    desk.agree()


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(plain=spelled(inspect.type_info(OrderIntent)), stamped=st.booleans())
def test_no_intent_raises(plain: Any, stamped: bool) -> None:
    """Any order at all, stamped now, gets a decision that explains itself."""
    desk = busy()
    try:
        intent = build(OrderIntent, plain | {"created_at": desk.at} if stamped else plain)
    except ValueError:
        return
    record = desk.do(Submit(intent=intent), ANN)
    if record.decision is not None and record.decision.verdict != "allow":
        assert record.decision.findings
    desk.agree()

