"""Authority: a token stands for one principal until it ends, and no agent enters what widens its own remit."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from tests.kernel.desk import START, Desk, agent, client, quantity, small

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.authority import AUTHORITY
from remit.kernel.command import Body
from remit.kernel.names import Principal, Role
from remit.kernel.numbers import NANOSECONDS

AGENT = Principal(name="momentum", role="agent", token="t1", owner="ann")
TRADING = {c.Submit, c.Replace, c.Cancel, c.DeclareParent, c.SetExit, c.DropExit, c.Noted, c.MeterSpend, c.ReportSpend}


def desk_with_token() -> Desk:
    desk = small()
    terms: dict[str, Any] = {"token": "t1", "role": "agent", "name": "momentum", "owner": "ann", "issued_at": START}
    desk.took(c.IssueToken(grant=access.TokenGrant(**terms, expires_at=desk.at + NANOSECONDS)))
    return desk


def submitted(desk: Desk, by: Principal, after_ns: int = 1) -> str:
    """Return the code of the refusal, or the verdict."""
    record = desk.submit("1", "100", by=by, after_ns=after_ns)
    if record.decision is not None:
        return record.decision.verdict
    (event,) = record.events
    assert isinstance(event, e.Refused)
    return event.code


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, "allow"),
        ({"token": "t2"}, "token_revoked"),
        ({"name": "other"}, "token_mismatch"),
        ({"role": "operator"}, "token_mismatch"),
        ({"owner": "bob"}, "token_mismatch"),
    ],
)
def test_a_token_stands_for_one_principal(terms: dict[str, Any], expected: str) -> None:
    by = Principal(**{"name": "momentum", "role": "agent", "token": "t1", "owner": "ann", **terms})
    assert submitted(desk_with_token(), by) == expected


@pytest.mark.parametrize(("early_ns", "expected"), [(1, "allow"), (0, "token_expired")])
def test_a_token_ends_on_its_boundary(early_ns: int, expected: str) -> None:
    desk = desk_with_token()
    ends_at = desk.state.tokens["t1"].expires_at
    assert submitted(desk, AGENT, ends_at - early_ns - desk.at) == expected


def test_a_revoked_token_is_worth_nothing_and_is_not_issued_again() -> None:
    desk = desk_with_token()
    desk.took(c.RevokeToken(token="t1", why="lost"))
    assert submitted(desk, AGENT) == "token_revoked"
    again = c.IssueToken(grant=desk.state.tokens["t1"])
    assert desk.refused(again) == "not_possible"


@pytest.mark.parametrize("role", ["agent", "client", "auditor", "feed"])
def test_what_who_is_no_person_may_enter(role: Role) -> None:
    may = {body for body, roles in AUTHORITY.items() if role in roles}
    expected: dict[str, set[type]] = {"auditor": set(), "feed": {c.Marked, c.SetTradingState}}
    assert may == expected.get(role, TRADING)


def test_every_command_has_its_row() -> None:
    assert set(AUTHORITY) == set(get_args(Body))


def test_an_agent_touches_no_order_of_another() -> None:
    desk = small()
    desk.agent("other", "main", "paper1")
    order = desk.working("1", "100", agent="other")
    for by in (agent("momentum"), client("claude")):
        for name in (order.id, "none-1"):
            new = c.Replace(id="r", order=name, quantity=quantity("2"), limit_price=order.intent.limit_price)
            for body in (c.Cancel(order=name), new):
                record = desk.do(body, by)
                assert record.events == (e.Refused(code="unknown_order", why=f"there is no order {name} of yours"),)
