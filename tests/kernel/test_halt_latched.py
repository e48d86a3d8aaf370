"""A halt is latched: no order of the things that people and processes do ends it but a reviewed resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.kernel.desk import ANN, BOB, Desk, agent, halts, money, rules, small, verdict

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import decode, encode
from remit.kernel.command import Command
from remit.kernel.event import Record
from remit.kernel.halt import stop_of
from remit.kernel.kernel import Kernel
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS, NANOSECONDS
from remit.kernel.snapshot import dump, load

# -- all orders

Act = Callable[[Kernel, "Walk"], Kernel]


class Walk:
    """Walks all orders of acts on a kernel: after each prefix once, as often as it leaves another state behind."""

    def __init__(self, start: bytes, at: int, acts: dict[str, Act], holds: Callable[[Kernel], None]) -> None:
        self.at, self.acts, self.holds = at, acts, holds
        self.seen: set[tuple[frozenset[str], bytes]] = set()
        self.states = 0
        self._from(start, frozenset())

    def _from(self, spelled: bytes, done: frozenset[str]) -> None:
        kernel = load_kernel(spelled)
        self.holds(kernel)
        self.states += 1
        for name, act in self.acts.items():
            if name in done:
                continue
            after = act(load_kernel(spelled), self)
            place = (done | {name}, without_seq(after))
            if place not in self.seen:  # the same state after the same acts: what follows is the same too
                self.seen.add(place)
                self._from(dump(after.state), done | {name})

    def enter(self, kernel: Kernel, by: Principal, body: Any, at: int | None = None) -> Record:
        """Let a command enter that must take effect."""
        at = max(kernel.state.at, self.at) if at is None else at
        record = kernel.step(Command(seq=kernel.state.seq + 1, at=at, by=by, body=body))
        assert not [event for event in record.events if isinstance(event, e.Refused)], record.events
        return record


def load_kernel(spelled: bytes) -> Kernel:
    return Kernel(load(spelled))


def without_seq(kernel: Kernel) -> bytes:
    seq, kernel.state.seq = kernel.state.seq, 0
    try:
        return dump(kernel.state)
    finally:
        kernel.state.seq = seq


def snapshot(kernel: Kernel, walk: Walk) -> Kernel:
    """The guard stops, starts from a snapshot, and reconciles."""
    return _started(load_kernel(dump(kernel.state)), walk)


def journal(kernel: Kernel, walk: Walk) -> Kernel:
    """The guard crashes and starts by folding what the journal holds of a last entry."""
    folded = load_kernel(dump(kernel.state))
    record = walk.enter(kernel, GUARD, c.Tick())
    folded.fold(decode(Record, encode(record)))
    return _started(folded, walk)


def _started(kernel: Kernel, walk: Walk) -> Kernel:
    walk.enter(kernel, GUARD, c.KernelStarted(version="2", digest="1" * 64, clean=False, prefix="next"))
    held = tuple(
        c.Holding(name, cell.quantity)  # type: ignore[arg-type]
        for (of, _, name), cell in sorted(kernel.state.cells.items())
        if of == "account:main" and cell.quantity
    )
    cash = tuple((currency, cash.amount) for (_, currency), cash in sorted(kernel.state.cash.items()))
    body = c.Reconciled(connection="paper1", positions=held, cash=cash, orders=tuple(kernel.state.orders))  # type: ignore[arg-type]
    walk.enter(kernel, GUARD, body)
    return kernel


def edit(kernel: Kernel, walk: Walk) -> Kernel:
    """Every limit goes."""
    for of in ("firm", "account:main", "agent:momentum"):
        walk.enter(kernel, ANN, c.SetMandate(subject=of, mandate=Mandate(), why="room"))
    return kernel


def pause(kernel: Kernel, walk: Walk) -> Kernel:
    for paused in (True, False):
        for of in ("firm", "account:main", "agent:momentum"):
            walk.enter(kernel, BOB, c.SetPause(subject=of, paused=paused, why="x"))
    return kernel


def access_taken(kernel: Kernel, walk: Walk) -> Kernel:
    """The agent's token goes, and its capability goes and comes back."""
    walk.enter(kernel, ANN, c.RevokeToken(token="t1", why="x"))
    for enabled in (False, True):
        walk.enter(kernel, ANN, c.SetCapability(agent="momentum", capability="place_order", enabled=enabled))
    return kernel


def roll(kernel: Kernel, walk: Walk) -> Kernel:
    """The day ends, and so does every cooldown."""
    starts = kernel.state.zones["UTC"]
    walk.enter(kernel, GUARD, c.Tick(), at=next(start for start in starts if start > walk.at))
    return kernel


def recover(kernel: Kernel, walk: Walk) -> Kernel:
    """The price recovers, in bars; a second one follows the silence of a night."""
    mark = kernel.state.marks["AAPL"]
    for _ in range(2):
        at = kernel.state.at
        better = msgspec.structs.replace(
            mark, at=at, bid=mark.close, ask=mark.close, last=mark.close, resolution_ns=60 * NANOSECONDS
        )
        walk.enter(kernel, GUARD, c.Marked(marks=(better,)))
    return kernel


ACTS: dict[str, Act] = {
    "snapshot": snapshot,
    "journal": journal,
    "edit": edit,
    "pause": pause,
    "access": access_taken,
    "roll": roll,
    "recover": recover,
}


def halted(cause: str) -> tuple[Desk, str]:
    """A desk that holds ten shares and is halted for a cause."""
    desk = small()
    grant = access.TokenGrant(token="t1", role="agent", name="momentum", owner="ann", issued_at=desk.at)
    desk.took(c.IssueToken(grant=grant))
    desk.hold("10")
    if cause == "loss":
        desk.mandate("account:main", Mandate(daily_loss_max=money("50")))
        desk.mark("AAPL", "90")
    elif cause == "drawdown":
        desk.mandate("agent:momentum", Mandate(drawdown_max=money("50")))
        desk.mark("AAPL", "90")
    elif cause == "throttle":
        desk.mandate("agent:momentum", Mandate(rejections_in_row_max=0))
        desk.took(c.Rejected(order=desk.order("1", "90").id, code="no"), GUARD)
    elif cause == "clock":
        desk.took(c.ClockFault(jump_ns=5 * NANOSECONDS), GUARD)
    else:
        desk.took(c.Halt(subject="firm", why="x", kill=cause == "kill"), BOB)
    (halt,) = desk.state.halts
    return desk, halt


def halted_by_all() -> Desk:
    """A desk with a halt of each cause, each on a subject of its own or by a rule of its own."""
    desk, _ = halted("loss")
    desk.mandate("agent:momentum", Mandate(drawdown_max=money("50"), rejections_in_row_max=0))
    desk.took(c.Rejected(order=desk.order("1", "90", side="sell").id, code="no"), GUARD)
    desk.took(c.External(connection="paper1", what="a stranger"), GUARD)
    desk.took(c.Halt(subject="venue:paper", why="x"), BOB)
    desk.took(c.Halt(subject="client:claude", why="x", kill=True), BOB)
    desk.took(c.ClockFault(jump_ns=5 * NANOSECONDS), GUARD)
    return desk


def test_no_order_of_anything_else_ends_a_halt() -> None:
    desk = halted_by_all()
    facts, halted = dict(desk.state.halts), dict(desk.state.halted)
    assert [fact.cause for fact in facts.values()] == ["loss", "loss", "throttle", "drift", "person", "kill", "clock"]

    def still_stand(kernel: Kernel) -> None:
        assert kernel.state.halts == facts and kernel.state.halted == halted
        assert verdict(_opening(desk, kernel)) == "deny"

    walk = Walk(dump(desk.state), desk.at, ACTS, still_stand)
    assert walk.states >= 2 ** len(ACTS)


def _opening(desk: Desk, kernel: Kernel) -> Record:
    """Propose an opening order on a fresh mark."""
    at = kernel.state.at
    mark = msgspec.structs.replace(kernel.state.marks["AAPL"], at=at)
    body = c.Submit(intent=desk.intent("1", "90", id="another", created_at=at), marks=(mark,))
    record = kernel.step(Command(seq=kernel.state.seq + 1, at=at, by=agent("momentum"), body=body))
    assert "agent_active" in rules(record)
    return record


# -- what passes under a halt for loss


def lost() -> Desk:
    desk = small()
    desk.hold("10")
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("50")))
    desk.mark("AAPL", "90")
    assert halts(desk) == [("agent:momentum", "loss", "daily_loss_max")]
    return desk


UNDER_A_LOSS: tuple[tuple[str, str, Any, str, int], ...] = (
    # side and amount against a position of ten, how much it may reduce, the verdict, the quantity let out
    ("sell", "4", "any", "allow", 4),
    ("sell", "10", "any", "allow", 10),
    ("sell", "10", "only", "allow", 10),
    ("sell", "15", "any", "deny", 15),
    ("sell", "15", "only", "deny", 15),
    ("sell", "15", "clip", "allow", 10),
    ("buy", "1", "any", "deny", 1),
    ("buy", "1", "only", "deny", 1),
    ("buy", "1", "clip", "deny", 1),
)


@pytest.mark.parametrize(("side", "amount", "reduce", "expected", "out"), UNDER_A_LOSS)
def test_what_passes_under_a_halt_for_loss(side: str, amount: str, reduce: str, expected: str, out: int) -> None:
    desk = lost()
    record = desk.submit(amount, "90", side=side, reduce=reduce)
    assert verdict(record) == expected
    assert record.decision is not None and record.decision.quantity == out * 10**18
    if reduce == "only" and expected == "deny":
        assert "reduce_proof" in rules(record)


def test_two_reductions_never_sell_more_than_is_held() -> None:
    desk = lost()
    assert verdict(desk.submit("6", "90", side="sell", reduce="clip")) == "allow"
    second = desk.order("6", "90", side="sell", reduce="clip")
    assert second.quantity == 4 * 10**18
    assert verdict(desk.submit("6", "90", side="sell", reduce="clip")) == "deny"


def test_a_cancel_passes_under_a_halt_for_loss() -> None:
    desk = small()
    desk.hold("10")
    sale = desk.working("2", "120", side="sell")
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("50")))
    desk.mark("AAPL", "90")
    assert sale.state == "acked", "what reduces goes on working"
    desk.took(c.Cancel(order=sale.id), agent("momentum"))
    assert sale.state == "pending_cancel"


# -- a halt of many reaches them all at once


@pytest.mark.parametrize(
    ("stop", "reached"),
    [
        (c.Halt(subject="firm", why="x"), ("main", "other")),
        (c.Halt(subject="account:main", why="x"), ("main",)),
        (c.Halt(subject="venue:paper", why="x"), ("main", "other")),
        (c.Halt(subject="connection:paper1", why="x"), ("main",)),
        (c.Halt(subject="firm", why="x", kill=True), ("main", "other")),
    ],
)
def test_a_halt_reaches_every_agent_within_its_own_step(stop: c.Halt, reached: tuple[str, ...]) -> None:
    """Orders that the venue works, and those that are journalled and not sent yet."""
    desk = small()
    desk.account("other")
    desk.connection("paper2", "other")
    agents: dict[str, list[str]] = {"main": [], "other": []}
    for number in range(12):
        account = ("main", "other")[number % 2]
        desk.agent(f"a{number}", account, f"paper{number % 2 + 1}")
        agents[account].append(f"a{number}")
    orders = []
    for account, names in agents.items():
        for name in names:
            more = {"agent": name, "connection": "paper1" if account == "main" else "paper2"}
            orders += [(account, desk.working("1", "90", **more)), (account, desk.order("1", "91", **more))]
    assert [stop_of(desk.state, order) for _, order in orders] == [""] * len(orders)
    desk.took(stop, BOB)
    for account, order in orders:
        assert bool(stop_of(desk.state, order)) == (account in reached)
        assert (order.state == "pending_cancel") == (account in reached)
        more = {"agent": order.agent, "connection": order.connection}
        assert verdict(desk.submit("1", "95", **more)) == ("deny" if account in reached else "allow")


def test_a_loss_of_the_account_stops_agents_that_lost_nothing() -> None:
    desk = small()
    for number in range(12):
        desk.agent(f"a{number}", "main", "paper1")
    desk.hold("10", agent="a0")
    waiting = [desk.order("1", "91", agent=f"a{number}") for number in range(1, 12)]
    desk.mandate("account:main", Mandate(daily_loss_max=money("50")))
    desk.mark("AAPL", "90")
    assert halts(desk) == [("account:main", "loss", "daily_loss_max")]
    assert all(stop_of(desk.state, order) and order.state == "pending_cancel" for order in waiting)


# -- the review and the resume


def test_a_review_names_the_limit_that_halted() -> None:
    desk, halt = halted("drawdown")
    record = desk.do(c.Review(halt=halt, limit="daily_loss_max", why="looked"), ANN)
    (event,) = record.events
    assert isinstance(event, e.Refused) and event.code == "other_limit"
    assert "drawdown_max" in event.why
    desk.took(c.Review(halt=halt, limit="drawdown_max", why="a bad print"))
    fact = desk.state.halts[halt]
    assert (fact.reviewed_by, fact.reviewed_limit, fact.review) == ("ann", "drawdown_max", "a bad print")


RESUMES: tuple[tuple[str, Any, str], ...] = (
    # the halt, what happened between the review and the resume, and why it is refused
    ("loss", lambda desk: None, "still_breached"),
    ("loss", lambda desk: desk.mark("AAPL", "99"), ""),
    ("loss", lambda desk: desk.mandate("account:main", Mandate(daily_loss_max=money("99"))), "still_breached"),
    ("loss", lambda desk: desk.mandate("account:main", Mandate(daily_loss_max=money("100"))), ""),
    ("loss", lambda desk: desk.mandate("account:main", Mandate()), ""),
    ("loss", lambda desk: desk.took(c.Tick(), GUARD, after_ns=DAY_NS), ""),
    ("drawdown", lambda desk: None, "still_breached"),
    ("drawdown", lambda desk: desk.took(c.Tick(), GUARD, after_ns=DAY_NS), "still_breached"),
    ("drawdown", lambda desk: desk.mandate("agent:momentum", Mandate(drawdown_max=money("100"))), ""),
    ("throttle", lambda desk: None, ""),
    ("clock", lambda desk: None, ""),
    ("person", lambda desk: None, ""),
    ("kill", lambda desk: None, ""),
)


@pytest.mark.parametrize(("cause", "between", "expected"), RESUMES)
def test_a_resume_is_refused_while_the_limit_is_breached(cause: str, between: Any, expected: str) -> None:
    """Unless it was changed, or the day it counts is over."""
    desk, halt = halted(cause)
    desk.took(c.Review(halt=halt, limit=desk.state.halts[halt].rule, why="looked"))
    between(desk)
    record = desk.do(c.Resume(halt=halt, why="go on"), ANN)
    assert [event.code for event in record.events if isinstance(event, e.Refused)] == ([expected] if expected else [])
    assert (halt in desk.state.halts) == bool(expected)


def test_the_count_that_halted_begins_anew_with_the_resume() -> None:
    desk, halt = halted("throttle")
    desk.took(c.Review(halt=halt, limit="rejections_in_row_max", why="looked"))
    desk.took(c.Resume(halt=halt, why="go on"))
    assert desk.state.subjects["agent:momentum"].total.rejections == 0
    assert verdict(desk.submit("1", "90")) == "allow"
