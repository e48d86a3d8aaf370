"""Owners: what they may enter, command by command, and that nothing of it touches what is not theirs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, get_args

import pytest
from tests.hostile.target_orders import bodies_of_every_kind
from tests.kernel.desk import START, Desk, agent, money, price, quantity
from tests.kernel.two_owners import KIM, OPERATOR, TERMS, Side, two_owners

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.authority import AUTHORITY
from remit.kernel.command import Body, Command
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.names import HUMAN, Principal, Role
from remit.kernel.numbers import DAY_NS
from remit.kernel.order import OrderIntent
from remit.kernel.scope import OWNERS

Pick = Callable[[str], str]
"""Gives the name of one of kim's or lee's things: which of the two is chosen anew for each name."""


def _intent(pick: Pick) -> OrderIntent:
    return OrderIntent(
        id="new", agent=pick("agent"), connection=pick("connection"), instrument="AAPL", side="buy",
        quantity=quantity("1"), created_at=START, limit_price=price("90"),
    )  # fmt: skip


def _grant(pick: Pick, role: Any) -> access.TokenGrant:
    return access.TokenGrant(token="T-new", role=role, name=pick(role), owner=pick("owner"), issued_at=START)


def _preapprove(pick: Pick) -> c.Preapprove:
    ends_at = START + DAY_NS
    return c.Preapprove(
        id="p", agent=pick("agent"), instruments=("AAPL",), notional_max=money("1"), ends_at=ends_at, why="x"
    )


BODIES: tuple[tuple[type, Callable[[Pick], Body]], ...] = (
    (
        c.AddAgent,
        lambda pick: c.AddAgent(agent=access.Agent(name="new", account=pick("account"), owner=pick("owner"))),
    ),
    (c.AddClient, lambda pick: c.AddClient(client=access.Client(name="new", agent=pick("agent")))),
    (c.SetGrant, lambda pick: c.SetGrant(agent=pick("agent"), connection=pick("connection"), granted=False)),
    (
        c.SetCapability,
        lambda pick: c.SetCapability(agent=pick("agent"), capability="place_order", enabled=False),
    ),
    (c.IssueToken, lambda pick: c.IssueToken(grant=_grant(pick, "agent"))),
    (c.IssueToken, lambda pick: c.IssueToken(grant=_grant(pick, "client"))),
    (c.RevokeToken, lambda pick: c.RevokeToken(token=pick("token"), why="x")),
    (c.SetMandate, lambda pick: c.SetMandate(subject=f"account:{pick('account')}", mandate=EMPTY, why="x")),
    (c.SetMandate, lambda pick: c.SetMandate(subject=f"agent:{pick('agent')}", mandate=EMPTY, why="x")),
    (c.SetMandate, lambda pick: c.SetMandate(subject=f"client:{pick('client')}", mandate=EMPTY, why="x")),
    (c.ConfirmChange, lambda pick: c.ConfirmChange(proposal=pick("proposal"), digest="0" * 64)),
    (c.DropChange, lambda pick: c.DropChange(proposal=pick("proposal"), why="x")),
    (c.Submit, lambda pick: c.Submit(intent=_intent(pick))),
    (c.Submit, lambda pick: c.Submit(intent=_intent(pick), client=pick("client"))),
    (
        c.Replace,
        lambda pick: c.Replace(id="r", order=pick("order"), quantity=quantity("2"), limit_price=price("99")),
    ),
    (c.Cancel, lambda pick: c.Cancel(order=pick("order"))),
    (
        c.DeclareParent,
        lambda pick: c.DeclareParent(
            parent="whole", agent=pick("agent"), instrument="AAPL", side="buy", quantity=quantity("9")
        ),
    ),
    (
        c.SetExit,
        lambda pick: c.SetExit(
            id="e", agent=pick("agent"), connection=pick("connection"), instrument="AAPL", terms=TERMS
        ),
    ),
    (
        c.SetExit,
        lambda pick: c.SetExit(
            id=pick("exit"), agent=pick("agent"), connection=pick("connection"), instrument="AAPL", terms=TERMS
        ),
    ),
    (c.DropExit, lambda pick: c.DropExit(exit=pick("exit"))),
    (c.Approve, lambda pick: c.Approve(order=pick("held"), digest="0" * 64)),
    (c.Decline, lambda pick: c.Decline(order=pick("held"), why="x")),
    (c.Preapprove, _preapprove),
    (c.RevokePreapproval, lambda pick: c.RevokePreapproval(id=pick("preapproval"), why="x")),
    (c.SetPause, lambda pick: c.SetPause(subject=f"connection:{pick('connection')}", paused=True, why="x")),
    (c.Halt, lambda pick: c.Halt(subject=f"account:{pick('account')}", why="x", kill=True)),
    (c.Review, lambda pick: c.Review(halt=pick("halt"), limit="person", why="x")),
    (c.Resume, lambda pick: c.Resume(halt=pick("halt"), why="x")),
    (
        c.ReportSpend,
        lambda pick: c.ReportSpend(
            id="s",
            provider="any",
            model="any",
            input_tokens=1,
            output_tokens=1,
            cost=money("1"),
            agent=pick("agent"),
            client=pick("client"),
        ),
    ),
    (c.SettleSpend, lambda pick: c.SettleSpend(id="s", agent=pick("agent"), cost=money("1"), why="x")),
    (c.Ask, lambda pick: c.Ask(connection=pick("connection"))),
    (c.Ask, lambda pick: c.Ask(connection=pick("connection"), order=pick("order"))),
)


def _choices(body_of: Callable[[Pick], Body]) -> list[str]:
    asked: list[str] = []

    def name(field: str) -> str:
        asked.append(field)
        return "x"

    body_of(name)
    return asked


def _code(desk: Desk, body: Body, by: Principal) -> str:
    return next((event.code for event in desk.do(body, by).events if isinstance(event, e.Refused)), "")


def test_every_command_that_an_owner_may_enter_is_tried() -> None:
    entered = {body for body, roles in AUTHORITY.items() if "owner" in roles}
    assert set(OWNERS) == entered
    assert {kind for kind, _ in BODIES} == entered


@pytest.mark.parametrize(
    ("kind", "body_of"), BODIES, ids=[f"{kind.__name__}-{number}" for number, (kind, _) in enumerate(BODIES)]
)
def test_no_command_of_an_owner_touches_what_is_not_theirs(kind: type, body_of: Callable[[Pick], Body]) -> None:
    """Every way to mix what is kim's with what is lee's: one name of lee's, and nothing happens."""
    fields = _choices(body_of)
    for chosen in itertools.product((True, False), repeat=len(fields)):
        desk, kims, lees = two_owners()
        sides = iter(kims if own else lees for own in chosen)
        body = body_of(lambda field, sides=sides: getattr(next(sides), field))  # type: ignore[misc]
        assert type(body) is kind
        if all(chosen):
            assert _code(desk, body, KIM) not in ("not_yours", "not_authorised")
        else:
            assert desk.refused(body, KIM) == "not_yours"


@pytest.mark.parametrize(
    "body",
    [
        c.SetMandate(subject="firm", mandate=EMPTY, why="x"),
        c.SetPause(subject="firm", paused=True, why="x"),
        c.SetPause(subject="venue:paper", paused=True, why="x"),
        c.Halt(subject="firm", why="x", kill=True),
        c.Halt(subject="venue:paper", why="x"),
        c.Halt(subject="nonsense", why="x"),
        c.SetMandate(subject="account:nobody", mandate=EMPTY, why="x"),
        c.Cancel(order="no-1"),
    ],
)
def test_the_firm_venues_and_what_does_not_exist_are_not_theirs(body: Body) -> None:
    desk, _, _ = two_owners()
    assert desk.refused(body, KIM) == "not_yours"


def test_what_no_owner_enters_is_refused_by_role() -> None:
    for kind in get_args(Body):
        if kind not in OWNERS:
            assert "owner" not in AUTHORITY[kind]
    desk, kims, _ = two_owners()
    account = access.Account(name="more", owner="kim", environment="training", currency="USD")
    more = access.Connection(name="more", account=kims.account, venue="paper", environment="training")
    for body in (
        c.AddAccount(account=account),
        c.AddConnection(connection=more),
        c.AddPerson(person=access.Person(name="max", role="operator")),
        c.SetPerson(name="kim", role="operator", why="x"),
        c.SetTolerance(connection=kims.connection, tolerance=access.Tolerance(), why="x"),
        c.Adopt(connection=kims.connection, truth="venue", why="x"),
        c.SetBalance(connection=kims.connection, currency="USD", amount=money("1000000")),
    ):
        assert desk.refused(body, KIM) == "not_authorised"


ENTERS: dict[str, set[type]] = {
    "approver": {
        c.Approve, c.Decline, c.Preapprove, c.RevokePreapproval, c.SetPause, c.Halt, c.ConfirmChange, c.DropChange,
    },
    "compliance": set(),
    "auditor": set(),
}  # fmt: skip


@pytest.mark.parametrize("role", sorted(HUMAN - {"owner", "operator"}))
def test_who_reads_and_who_approves_enters_nothing_else(role: str) -> None:
    assert {kind for kind, roles in AUTHORITY.items() if role in roles} == ENTERS[role]


def test_people_are_for_operators_alone() -> None:
    for kind in (c.AddPerson, c.SetPerson, c.SetFirm, c.AddAccount, c.AddConnection, c.AddCallback):
        assert AUTHORITY[kind] == {"operator"}


# An owner and the quorum


def held_by(desk: Desk, kims: Side, **mandate: Any) -> Any:
    desk.mandate(f"account:{kims.account}", Mandate(**mandate))
    return desk.order(
        "10", "100", agent=kims.agent, connection=kims.connection, by=agent(kims.agent, "kim")
    )  # fmt: skip


def test_an_owner_confirms_for_their_own_agent() -> None:
    desk, kims, _ = two_owners()
    order = held_by(desk, kims)
    desk.took(c.Approve(order=order.id, digest=order.digest), KIM)
    assert desk.state.orders[order.id].state == "allowed"


def test_an_owner_is_never_the_quorum_for_their_own_agent() -> None:
    desk, kims, _ = two_owners()
    order = held_by(desk, kims, quorum_notional_min=money("500"), approval_quorum=1)
    desk.do(c.Approve(order=order.id, digest=order.digest), KIM)
    assert desk.state.orders[order.id].state == "held"
    desk.took(c.Approve(order=order.id, digest=order.digest), OPERATOR)
    assert desk.state.orders[order.id].state == "allowed"


@pytest.mark.parametrize(("name", "owner"), [("kim2", "kim"), ("kim", "kim2")])
def test_a_second_token_makes_no_second_person(name: str, owner: str) -> None:
    """Neither another name with the same owner nor the same name with another owner adds to a quorum."""
    desk, kims, _ = two_owners()
    order = held_by(desk, kims, quorum_notional_min=money("500"), approval_quorum=2)
    desk.took(c.Approve(order=order.id, digest=order.digest), OPERATOR)
    one = access.TokenGrant(token="T-1", role="approver", name="kim", owner="kim", issued_at=START)
    two = access.TokenGrant(token="T-2", role="approver", name=name, owner=owner, issued_at=START)
    desk.took(c.IssueToken(grant=one), OPERATOR)
    if name == "kim":
        assert desk.refused(c.IssueToken(grant=two), OPERATOR) == "not_possible"
    else:
        desk.took(c.IssueToken(grant=two), OPERATOR)
        by = Principal(name=name, role="approver", owner=owner)
        desk.do(c.Approve(order=order.id, digest=order.digest), by)  # it confirms, and is no second word
    assert desk.state.orders[order.id].state == "held"


def test_an_owner_cannot_hand_out_a_token_in_another_name() -> None:
    desk, kims, _ = two_owners()
    for owner in ("lee", "olga", "nobody"):
        grant = access.TokenGrant(token="T-9", role="agent", name=kims.agent, owner=owner, issued_at=START)
        assert desk.refused(c.IssueToken(grant=grant), KIM) == "not_yours"
    for role in sorted(HUMAN | {"feed"}):
        grant = access.TokenGrant(token="T-9", role=role, name="kim", owner="kim", issued_at=START)
        assert desk.refused(c.IssueToken(grant=grant), KIM) == "not_yours"


# What somebody else stopped


def test_an_owner_ends_their_own_halt_and_nobody_elses() -> None:
    desk, kims, _ = two_owners()
    for by, code in ((KIM, ""), (OPERATOR, "not_yours")):
        desk.took(c.Halt(subject=f"account:{kims.account}", why="look", kill=True), by)
        halt = list(desk.state.halts)[-1]
        review = c.Review(halt=halt, limit="kill", why="looked")
        if code:
            assert desk.refused(review, KIM) == code
            desk.took(review, OPERATOR)
            assert desk.refused(c.Resume(halt=halt, why="fine"), KIM) == code
        else:
            desk.took(review, KIM)


def test_an_operators_kill_stands_beside_the_owners_own() -> None:
    desk, kims, _ = two_owners()
    kill = c.Halt(subject=f"account:{kims.account}", why="look", kill=True)
    before = len(desk.state.halts)
    desk.took(kill, KIM)
    desk.took(kill, OPERATOR)
    assert len(desk.state.halts) == before + 2


def test_somebody_else_takes_over_what_an_owner_paused() -> None:
    """As with halts: that an owner stopped first keeps nobody from stopping it, too."""
    desk, kims, _ = two_owners()
    paused = c.SetPause(subject=f"agent:{kims.agent}", paused=True, why="x")
    start = c.SetPause(subject=f"agent:{kims.agent}", paused=False, why="x")
    desk.took(paused, KIM)
    assert desk.refused(paused, KIM) == "no_change"
    desk.took(paused, OPERATOR)
    assert desk.refused(paused, KIM) == desk.refused(paused, OPERATOR) == "no_change"
    assert desk.refused(start, KIM) == "not_yours"
    desk.took(start, OPERATOR)
    assert desk.state.pauses == {}
    desk.agree()


def test_an_owner_starts_again_what_they_paused_alone() -> None:
    desk, kims, _ = two_owners()
    paused = c.SetPause(subject=f"agent:{kims.agent}", paused=True, why="x")
    start = c.SetPause(subject=f"agent:{kims.agent}", paused=False, why="x")
    desk.took(paused, KIM)
    desk.took(start, KIM)
    desk.took(paused, OPERATOR)
    assert desk.refused(start, KIM) == "not_yours"


def test_people_who_share_an_owner_count_as_one() -> None:
    desk, kims, _ = two_owners()
    order = held_by(desk, kims, quorum_notional_min=money("500"), approval_quorum=2)
    one, two = (Principal(name=name, role="approver", owner="desk") for name in ("pat", "sam"))
    desk.took(c.Approve(order=order.id, digest=order.digest), one)
    assert desk.refused(c.Approve(order=order.id, digest=order.digest), two) == "already_approved"
    desk.took(c.Approve(order=order.id, digest=order.digest), OPERATOR)
    assert desk.state.orders[order.id].state == "allowed"


def test_who_shares_an_owner_shares_the_accounts() -> None:
    desk, kims, _ = two_owners()
    partner = Principal(name="pat", role="owner", owner="kim")
    desk.took(c.SetPause(subject=f"agent:{kims.agent}", paused=True, why="x"), partner)
    desk.took(c.SetPause(subject=f"agent:{kims.agent}", paused=False, why="x"), KIM)


# Every role, every command


def test_no_role_but_those_named_enters_a_command() -> None:
    """One body of every kind, by everybody who may not: each is refused by role, and nothing happens."""
    desk, _, _ = two_owners()
    before = desk.image()
    tried = 0
    for body, _ in bodies_of_every_kind():
        for role in get_args(Role):
            if role not in AUTHORITY[type(body)]:
                by = Principal(name="nobody", role=role, owner="no")
                record = desk.kernel.step(Command(seq=desk.state.seq + 1, at=desk.at, by=by, body=body))
                assert [event.code for event in record.events if isinstance(event, e.Refused)] == ["not_authorised"]
                tried += 1
    assert desk.image() == before
    assert tried > 5 * len(AUTHORITY)
