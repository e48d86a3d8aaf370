"""Holds, answers, quorums and preapprovals in any order: the kernel beside a model that counts on its fingers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.kernel.desk import ANN, BOB, CAT, Desk, agent, client, money, small

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.kernel import effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import NANOSECONDS, SCALE

CONFIRM, QUORUM, PEOPLE_NEEDED, EXPIRY_S = 300, 1_000, 2, 30
"""From 300 on one person confirms, from 1,000 on two others agree; a hold lasts for 30 s."""
ASKS = Mandate(
    approval_notional_min=money(str(CONFIRM)),
    quorum_notional_min=money(str(QUORUM)),
    approval_quorum=PEOPLE_NEEDED,
    approval_expiry_s=EXPIRY_S,
)
DAN = Principal(name="dan", role="approver", owner="dan")
PEOPLE = {"ann": ANN, "bob": BOB, "cat": CAT, "dan": DAN}
AGENTS = ("momentum", "other")
TRADERS = {"momentum": agent("momentum"), "claude": client("claude"), "other": agent("other"), "ann": ANN}
SHARES = ("AAPL", "MSFT")


@dataclass
class Held:
    """An order that waits: by the model's own count."""

    worth: int
    until: int
    digest: str
    mandates: int
    people: set[str] = field(default_factory=set)

    @property
    def is_agreed(self) -> bool:
        if self.worth >= QUORUM:
            return len(self.people - {"ann"}) >= PEOPLE_NEEDED
        return bool(self.people)


@dataclass
class Given:
    """A preapproval, by the model's own count."""

    agent: str
    share: str
    most: int
    total: int | None
    ends_at: int
    used: int = 0
    is_over: bool = False


class Approving(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.desk = small()
        self.desk.agent("other", "main", "paper1")
        self.desk.instrument("MSFT", "100")
        self.desk.mandate("account:main", ASKS)
        self.held: dict[str, Held] = {}
        self.given: dict[str, Given] = {}
        self.out: dict[str, int] = {}
        """What went out, and what it is worth."""
        self.mandates = 0

    def enter(self, body: Any, by: Principal) -> tuple[Any, str]:
        """Enter a command a second later; the model lets holds lapse first, as the kernel does."""
        record = self.desk.do(body, by, NANOSECONDS)
        for name in [name for name, held in self.held.items() if record.command.at >= held.until]:
            del self.held[name]
        return record, next((event.code for event in record.events if isinstance(event, e.Refused)), "")

    # agents

    @rule(who=st.sampled_from(sorted(TRADERS)), amount=st.integers(1, 12), share=st.sampled_from(SHARES))
    def ask(self, who: str, amount: int, share: str) -> None:
        of = who if who in AGENTS else "momentum"
        intent = self.desk.intent(str(amount), "100", agent=of, instrument=share)
        body = c.Submit(intent=intent, client="claude" if who == "claude" else "")
        record, refused = self.enter(body, TRADERS[who])
        worth, at = amount * 100, record.command.at
        assert not refused and record.decision is not None
        covering = [
            (given.ends_at, name)
            for name, given in self.given.items()
            if given.agent == of and given.share == share and not given.is_over and at < given.ends_at
            and worth <= given.most and (given.total is None or given.used + worth <= given.total)
        ]  # fmt: skip
        used = [event.preapproval for event in record.events if isinstance(event, e.PreapprovalUsed)]
        if CONFIRM <= worth < QUORUM and covering and who != "ann":
            name = min(covering)[1]
            assert used == [name] and record.decision.verdict == "allow"
            self.given[name].used += worth
        else:
            assert used == []
            assert record.decision.verdict == ("allow" if worth < CONFIRM else "hold")
        if record.decision.verdict == "allow":
            self.out[record.decision.order] = worth
        else:
            order = self.desk.state.orders[record.decision.order]
            until = at + EXPIRY_S * NANOSECONDS
            self.held[order.id] = Held(worth, until, order.digest, self.mandates)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.held)))
        self.enter(c.Cancel(order=name), ANN)
        self.held.pop(name, None)

    # people

    @precondition(lambda self: self.held)
    @rule(data=st.data(), who=st.sampled_from(sorted(PEOPLE)), times=st.integers(1, 2), shown=st.booleans())
    def approve(self, data: st.DataObject, who: str, times: int, shown: bool) -> None:
        """Once or twice in a row; now and then of something that is not what is held."""
        name = data.draw(st.sampled_from(sorted(self.held)))
        digest = self.held[name].digest
        for _ in range(times):
            body = c.Approve(order=name, digest=digest if shown else digest[::-1])
            _, refused = self.enter(body, PEOPLE[who])
            held = self.held.get(name)
            if held is None:
                assert refused == "not_held"
            elif not shown:
                assert refused == "digest_mismatch"
            elif who in held.people:
                assert refused == "already_approved"
            elif held.mandates != self.mandates:
                assert not refused
                del self.held[name]
            else:
                assert not refused
                held.people.add(who)
                if held.is_agreed:
                    self.out[name] = held.worth
                    del self.held[name]

    @precondition(lambda self: self.held)
    @rule(data=st.data(), who=st.sampled_from(sorted(PEOPLE)))
    def decline(self, data: st.DataObject, who: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.held)))
        _, refused = self.enter(c.Decline(order=name, why="no"), PEOPLE[who])
        assert refused == ("" if name in self.held else "not_held")
        self.held.pop(name, None)

    @rule(limit=st.sampled_from(("5000", "6000")))
    def change_limits(self, limit: str) -> None:
        self.enter(c.SetMandate(subject="firm", mandate=Mandate(order_notional_max=money(limit)), why="x"), ANN)
        self.mandates = int(limit)  # the same limits have the same digest

    @rule(
        of=st.sampled_from(AGENTS),
        share=st.sampled_from(SHARES),
        most=st.sampled_from((300, 500, 900, 2_000)),
        orders=st.sampled_from((None, 1, 2)),
        lasts_s=st.integers(2, 40),
        who=st.sampled_from(sorted(PEOPLE)),
    )
    def preapprove(self, of: str, share: str, most: int, orders: int | None, lasts_s: int, who: str) -> None:
        total = None if orders is None else most * orders
        name, ends_at = f"p{len(self.given)}", self.desk.at + lasts_s * NANOSECONDS
        body = c.Preapprove(
            id=name, agent=of, instruments=(share,), notional_max=money(str(most)),
            total_max=None if total is None else money(str(total)), ends_at=ends_at, why="x",
        )  # fmt: skip
        assert self.enter(body, PEOPLE[who])[1] == ""
        self.given[name] = Given(of, share, most, total, ends_at)

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.given)))
        given = self.given[name]
        _, refused = self.enter(c.RevokePreapproval(id=name, why="x"), BOB)
        over = given.is_over or self.desk.at >= given.ends_at
        assert refused == ("not_possible" if over else "")
        given.is_over = True

    # time, and a restart

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.desk.at += seconds * NANOSECONDS
        self.enter(c.Tick(), GUARD)
        for share in SHARES:  # prices stay fresh
            self.enter(c.Marked(marks=(self.desk.quote(share, "100"),)), GUARD)

    @rule()
    def restart(self) -> None:
        self.desk.agree()
        self.desk.reload()

    # what must hold

    @invariant()
    def what_waits_is_what_the_model_says(self) -> None:
        state = self.desk.state
        there = {name for name, order in state.orders.items() if order.state == "held" and order.until > self.desk.at}
        assert there == {name for name, held in self.held.items() if held.until > self.desk.at}
        for name, held in self.held.items():
            if name in there:
                assert set(state.orders[name].approvals) == held.people

    @invariant()
    def what_went_out_went_out_once(self) -> None:
        assert self.desk.placed.keys() == self.out.keys()

    @invariant()
    def totals_are_exact(self) -> None:
        for name, given in self.given.items():
            known = self.desk.state.preapprovals[name]
            assert known.used == given.used * SCALE
            assert given.total is None or given.used <= given.total

    @invariant()
    def everything_out_or_held_reserves_in_full(self) -> None:
        state = self.desk.state
        waiting = sum(int(order.quantity) * 100 for order in state.orders.values() if order.state == "held")
        assert state.subjects["firm"].total.gross == sum(self.out.values()) * SCALE + waiting

    def teardown(self) -> None:
        self.desk.agree()
        assert sum(len([1 for effect in effects(record) if getattr(effect, "do", "") == "place"])
                   for record in self.desk.records) == len(self.out)  # fmt: skip


TestApproving = Approving.TestCase
TestApproving.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_the_model_knows_what_it_is_for() -> None:
    """A run by hand: a preapproval, its use, a hold, two approvals, so that the machine's own words are tried."""
    machine = Approving()
    machine.preapprove("momentum", "AAPL", 500, 2, 30, "bob")
    machine.ask("claude", 5, "AAPL")
    machine.ask("momentum", 5, "AAPL")
    machine.ask("momentum", 5, "AAPL")
    assert (machine.given["p0"].used, len(machine.out), len(machine.held)) == (1_000, 2, 1)
    machine.ask("other", 11, "AAPL")
    assert [held.is_agreed for held in machine.held.values()] == [False, False]
    machine.teardown()
    assert isinstance(machine.desk, Desk)
