"""People, tokens, callbacks, changes that wait, preapprovals and model calls in any order: whoever goes on from a
snapshot says the same as who never stopped, to the byte."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from tests.kernel.desk import ANN, Desk, agent, client, money, small

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.callback import principal_of
from remit.kernel.command import Body
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS, NANOSECONDS

STEPS, RELOADED_EVERY = 300, 12
PEOPLE = ("bob", "cat", "zoe", "desk")
ROLES = ("operator", "owner", "approver", "compliance", "auditor")
SUBJECTS = ("firm", "account:main", "agent:momentum", "client:claude")
WAITS = (60 * NANOSECONDS, 60 * NANOSECONDS, 400 * NANOSECONDS, DAY_NS // 3, 2 * DAY_NS)
MANDATES = (
    Mandate(),
    Mandate(second_person="required", client_spend_daily_max=money("4")),
    Mandate(second_person="required", approval_notional_min=money("50"), bulk_approval_max=money("700")),
    Mandate(quorum_notional_min=money("50"), approval_quorum=2),
    Mandate(approval_notional_min=money("50"), quorum_notional_min=money("500"), approval_quorum=1),
)
KEY = "a" * 64
Move = Callable[[Desk, Random], tuple[Body, Principal] | None]


def somebody(desk: Desk, of: Random) -> Principal:
    """Return somebody as the book has them, or as it mostly does not."""
    known = one_of(of, desk.state.people.values())
    if known is not None and of.random() < 0.7:
        return Principal(name=known.name, role=known.role, owner=known.lineage)
    name = of.choice((*PEOPLE, "ann"))
    return Principal(name=name, role=of.choice(("operator", "owner", "approver")), owner=of.choice((name, "desk")))


def named(of: Random) -> dict[str, Any]:
    name = of.choice(PEOPLE)
    return {"name": name, "owner": of.choice((name, "desk", "ann")), "role": of.choice((*ROLES, *ROLES[:3]))}


def one_of(of: Random, table: Any) -> Any:
    return of.choice(list(table)) if table else None


def person(desk: Desk, of: Random) -> tuple[Body, Principal]:
    said = named(of)
    if of.random() < 0.5:
        return c.AddPerson(person=access.Person(**said)), ANN
    return c.SetPerson(name=said["name"], role=said["role"], why="x", disabled=of.random() < 0.3), somebody(desk, of)


def token(desk: Desk, of: Random) -> tuple[Body, Principal]:
    known, number = one_of(of, desk.state.tokens) or "", of.randrange(10**6)
    if known and of.random() < 0.2:
        return c.RevokeToken(token=known, why="x"), of.choice((ANN, GUARD, somebody(desk, of)))
    said = {**named(of), "issued_at": desk.at, "expires_at": desk.at + DAY_NS // 3}
    if of.random() < 0.5:
        return c.IssueToken(grant=access.TokenGrant(token=f"S-{number}", session=True, parent=known, **said)), GUARD
    return c.IssueToken(grant=access.TokenGrant(token=f"T-{number}", replaces=of.choice(("", known)), **said)), ANN


def mandate(desk: Desk, of: Random) -> tuple[Body, Principal]:
    waiting = one_of(of, desk.state.proposals.values())
    if waiting is None or of.random() < 0.3:
        return c.SetMandate(subject=of.choice(SUBJECTS), mandate=of.choice(MANDATES), why="x"), somebody(desk, of)
    if of.random() < 0.2:
        return c.DropChange(proposal=waiting.id, why="x"), somebody(desk, of)
    return c.ConfirmChange(proposal=waiting.id, digest=waiting.digest), somebody(desk, of)


def preapproval(desk: Desk, of: Random) -> tuple[Body, Principal]:
    name, ends_at = f"p{of.randrange(6)}", desk.at + of.choice((1, DAY_NS, 5 * DAY_NS))
    if of.random() < 0.2:
        return c.RevokePreapproval(id=name, why="x"), somebody(desk, of)
    terms: dict[str, Any] = {"notional_max": money("600"), "total_max": of.choice((None, money("900")))}
    return c.Preapprove(id=name, agent="momentum", instruments=("AAPL",), ends_at=ends_at, why="x", **terms), somebody(
        desk, of
    )


def callback(desk: Desk, of: Random) -> tuple[Body, Principal]:
    said, known = named(of), one_of(of, desk.state.callbacks)
    if known and of.random() < 0.2:
        return c.RemoveCallback(callback=known, why="x"), ANN
    key = {"person": said.pop("name"), **said, "issued_at": desk.at}
    return c.AddCallback(key=access.CallbackKey(id=f"C-{of.randrange(5)}", **key)), ANN


def answer(desk: Desk, of: Random) -> tuple[Body, Principal] | None:
    order = one_of(of, [order for order in desk.state.orders.values() if order.state == "held"])
    if order is None:
        return None
    by, key, called = somebody(desk, of), one_of(of, desk.state.callbacks.values()), None
    if key is not None and of.random() < 0.5:
        by = principal_of(key)
        called = access.CalledBack(callback=key.id, message=f"m{of.randrange(9)}", sent_at=desk.at)
    if of.random() < 0.2:
        return c.Decline(order=order.id, why="x", callback=called), by
    marks = (desk.quote("AAPL", of.choice(("100", "101"))),)
    approve = c.Approve(order=order.id, digest=order.digest, callback=called, bulk=of.random() < 0.3, marks=marks)
    return approve, by


def order(desk: Desk, of: Random) -> tuple[Body, Principal]:
    by = of.choice((agent("momentum"), client("claude")))
    intent = desk.intent(of.choice(("1", "6")), "100")
    quote = desk.quote("AAPL", "100")
    return c.Submit(intent=intent, client="claude" if by.role == "client" else "", marks=(quote,)), by


def model_call(desk: Desk, of: Random) -> tuple[Body, Principal]:
    by, name = of.choice((agent("momentum"), client("claude"))), f"x{of.randrange(6)}"
    if of.random() < 0.2:
        return c.SettleSpend(id=name, agent="momentum", cost=money("2"), why="x"), somebody(desk, of)
    said = {"id": name, "agent": "momentum", "client": "claude" if by.role == "client" else ""}
    said |= {"provider": "p", "model": "m"}
    cost = of.choice((money("1"), money("2"), None))
    if of.random() < 0.5:
        return c.MeterSpend(cost_max=cost, seal=hashlib.sha256(KEY.encode()).hexdigest(), **said), by
    return c.ReportSpend(cost=cost, key=of.choice(("", KEY)), input_tokens=1, output_tokens=1, **said), by


def wait(desk: Desk, of: Random) -> tuple[Body, Principal]:
    desk.at += of.choice(WAITS)
    return c.Tick(), GUARD


MOVES: tuple[Move, ...] = (
    *(person, token, token, mandate, mandate, preapproval, callback, model_call, wait),
    *(answer, answer, answer, answer, order, order),
)


@pytest.mark.parametrize("seed", range(8))
def test_a_restart_from_a_snapshot_says_the_same(seed: int) -> None:
    desk, of = small(), Random(seed)
    for number in range(STEPS):
        move = of.choice(MOVES)(desk, of)
        if move is not None:
            desk.do(*move)
        if number % RELOADED_EVERY == 0:
            desk.agree()
            desk.reload()
    desk.agree()
