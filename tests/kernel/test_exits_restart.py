"""Exits under whatever happens, in any order: what always holds of them, and that a restart changes nothing."""

from __future__ import annotations

import random
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from tests.kernel.desk import ANN, Desk, agent, price, quantity, small
from tests.kernel.test_exit import LEGS, terms

from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.event import Record
from remit.kernel.exit import EXITS_MAX
from remit.kernel.exits import closing
from remit.kernel.kernel import Kernel
from remit.kernel.names import GUARD, SIGN
from remit.kernel.numbers import SCALE, Price, text
from remit.kernel.order import WORKING
from remit.kernel.snapshot import dump, load

AGENTS = ("momentum", "other")
BY_WEIGHT = {
    "bracket": 3, "order": 2, "set": 3, "change": 2, "drop": 1, "fill": 8, "mark": 6, "close": 5, "cancelled": 1,
    "late": 1, "split": 1, "tick": 1,
}  # fmt: skip
seeds = st.integers(0, 2**32)


def script(seed: int, length: int) -> list[Any]:
    """Return moves drawn at random; prices wander, so that stops and targets are met."""
    draw = random.Random(seed)
    last = 100

    def one(what: str) -> Any:
        nonlocal last
        whole, pick, who = draw.randint(1, 12), draw.randrange(1000), draw.choice(AGENTS)
        kinds = draw.sample(["stop", "take", "trail"], draw.randint(1, 3))
        said = ", ".join(draw.choice([leg for leg in LEGS if leg.startswith(kind)]) for kind in kinds)
        match what:
            case "bracket":
                return what, who, whole, said, draw.randint(98, 102)
            case "order":
                return what, who, whole, draw.choice(["buy", "sell"])
            case "set":
                return what, who, said, draw.choice([None, whole])
            case "change":
                return what, pick, said, draw.random() < 0.3
            case "drop":
                return what, pick, draw.random() < 0.3
            case "fill" | "late" | "close":
                return what, pick, whole
            case "mark":
                low, last, high = sorted(min(max(last + draw.randint(-6, 6), 85), 119) for _ in range(3))
                return what, (low, last, high)
            case "split":
                return what, draw.choice([(2, 1), (1, 2)])
        return what, pick

    names = draw.choices(list(BY_WEIGHT), list(BY_WEIGHT.values()), k=length)
    return [one("mark" if name == "split" and draw.random() < 0.8 else name) for name in names]


def start() -> Desk:
    desk = small()
    desk.instrument("AAPL", jump_max_bps=1_000_000)
    desk.agent("other", "main", "paper1")
    return desk


def picked(rows: Any, pick: int) -> Any:
    found = list(rows)
    return found[pick % len(found)] if found else None


def move(desk: Desk, what: Any) -> None:
    """Let one thing happen, where there is what it happens to."""
    state = desk.state
    match what:
        case "bracket", who, amount, said, limit:
            desk.submit(str(amount), str(limit), agent=who, exit=terms(said))
        case "order", who, amount, side:
            desk.submit(str(amount), "100", agent=who, side=side)
        case "set", who, said, most:
            desk.numbers += 1
            asked = terms(said, quantity=None if most is None else quantity(str(most)))
            body = c.SetExit(id=f"s{desk.numbers}", agent=who, connection="paper1", instrument="AAPL", terms=asked)
            desk.do(body, agent(who))
        case "change", pick, said, by_person:
            exit = picked(state.exits.values(), pick)
            if exit is not None:
                of = {"agent": exit.agent, "connection": exit.connection, "instrument": exit.instrument}
                desk.do(c.SetExit(id=exit.id, terms=terms(said), **of), ANN if by_person else agent(exit.agent))
        case "drop", pick, by_person:
            exit = picked(state.exits.values(), pick)
            if exit is not None:
                desk.do(c.DropExit(exit=exit.id), ANN if by_person else agent(exit.agent))
        case "fill", pick, amount:
            order = picked((one for one in state.orders.values() if one.state in WORKING), pick)
            if order is not None:
                fill(desk, order, min(amount * SCALE, order.remaining) or SCALE)
        case "late", pick, amount:
            order = picked(state.finished.values(), pick)
            if order is not None and not order.intent.id.startswith("exit-"):
                fill(desk, order, amount * SCALE)
        case "cancelled", pick:
            order = picked(state.orders, pick)
            if order is not None:
                desk.do(c.Cancelled(order=order), GUARD)
        case "mark", prices:
            low, last, high = sorted(prices)
            desk.mark("AAPL", str(last), low=Price(low * SCALE), high=Price(high * SCALE))
        case "close", pick, amount:
            close(desk, pick, amount)
        case "split", (new, old):
            desk.do(c.Split(instrument="AAPL", new=new, old=old), ANN)
        case ("tick",):
            desk.do(c.Tick(), GUARD)


def fill(desk: Desk, order: Any, amount: int) -> Record:
    return desk.fill(order, text(amount), text(desk.state.marks["AAPL"].last))


def close(desk: Desk, pick: int, amount: int) -> None:
    """The guard closes one triggered exit, in part or in full; it never crosses through flat."""
    intent = None
    exit = picked((one for one in desk.state.exits.values() if one.state == "triggered"), pick)
    if exit is not None:
        intent = closing(desk.state, exit.id, desk.at)
    if exit is None or intent is None:
        return
    assert intent.quantity <= exit.protects
    before = desk.position(f"agent:{exit.agent}")
    record = desk.do(c.Submit(intent=intent), GUARD)
    assert record.decision is not None and record.decision.verdict == "allow", record.decision
    order = desk.state.orders[record.decision.order]
    assert not order.opening and order.quantity <= abs(desk.state.cells[
        (f"agent:{exit.agent}", "paper1", "AAPL")].quantity), "no more than is held"  # fmt: skip
    part = min(order.quantity, amount * SCALE)
    fill(desk, order, part)
    if part < order.quantity:
        desk.do(c.Expired(order=order.id), GUARD)
    after = desk.position(f"agent:{exit.agent}")
    assert before * after >= 0 and abs(after) <= abs(before)


def check(desk: Desk) -> None:
    """What always holds."""
    state = desk.state
    assert not state.exits_due or desk.kernel.next_due() == 0
    listed = [name for names in state.exits_of.values() for name in names]
    placed = [name for names in state.exits_at.values() for name in names]
    assert sorted(listed) == sorted(placed) == sorted(state.exits)
    assert all(0 < len(names) <= 2 * EXITS_MAX for names in state.exits_at.values())
    for exit in state.exits.values():
        cell = state.cells.get((f"agent:{exit.agent}", exit.connection, exit.instrument))
        held = 0 if cell is None else -SIGN[exit.side] * cell.quantity
        assert 0 <= exit.protects <= max(held, 0), "an exit never closes more than is held"
        assert exit.protects or exit.order in state.orders, "with nothing to protect and nothing to come it is over"
        assert (exit.state == "waiting") <= (exit.protects == 0)
        assert (exit.state == "triggered") == bool(exit.leg) or exit.id in state.exits_due
        assert not (exit.state == "waiting" and exit.leg)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=seeds, restart=st.integers(1, 7))
def test_what_always_holds_of_exits(seed: int, restart: int) -> None:
    desk = start()
    for number, what in enumerate(script(seed, 50)):
        move(desk, what)
        check(desk)
        if number % restart == 0:
            desk.agree()
            desk.reload()
    desk.agree()


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=seeds)
def test_whatever_triggered_is_closed_in_the_end(seed: int) -> None:
    """With every order over and every closing order filled, no triggered exit is left that could close anything."""
    desk = start()
    for what in script(seed, 60):
        move(desk, what)
    for order in list(desk.state.orders):
        desk.do(c.Cancelled(order=order), GUARD)
    for _ in range(100):
        triggered = [one for one in desk.state.exits.values() if one.state == "triggered"]
        if not triggered:
            break
        for number in range(len(triggered)):
            close(desk, number, 1_000_000)
            check(desk)
    account = desk.state.cells.get(("account:main", "paper1", "AAPL"))
    for exit in desk.state.exits.values():
        if exit.state == "triggered":  # agents on two sides of one connection: together they hold no share to sell
            assert account is not None and exit.sign * account.quantity < SCALE
    desk.agree()


def story() -> Desk:
    """One of everything that an exit can meet."""
    desk = start()
    first = desk.working("10", "100", exit=terms("stop 95, take 110, trail 8 from 104"))
    desk.fill(first, "4", "100")
    desk.mark("AAPL", "105", high=price("106"))
    desk.hold("5", "106", agent="other", side="sell")
    for who, said in (("momentum", "trail 6"), ("other", "stop 112, take 97")):
        of = {"agent": who, "connection": "paper1", "instrument": "AAPL"}
        desk.took(c.SetExit(id=f"by-{who}", terms=terms(said), **of), agent(who))
    desk.fill(first, "3", "100")
    desk.took(c.SetExit(id=f"X-{first.id}", agent="momentum", connection="paper1", instrument="AAPL",
                        terms=terms("stop 96, trail 7 from 104")), agent("momentum"))  # fmt: skip
    desk.mark("AAPL", "104", low=price("99"))
    desk.took(c.Split(instrument="AAPL", new=2, old=1))
    desk.mark("AAPL", "47")
    for _ in range(4):
        for pick in range(3):
            close(desk, pick, 5)
    desk.fill(first, "1", "47")
    desk.took(c.Cancelled(order=first.id), GUARD)
    for _ in range(4):
        for pick in range(3):
            close(desk, pick, 5)
    desk.fill(first, "2", "47")
    desk.mark("AAPL", "60")
    desk.took(c.Tick(), GUARD)
    return desk


def test_a_restart_at_every_entry_leaves_the_same_exits() -> None:
    """From the first entry, and from a snapshot at each entry: folded or stepped, the same state, the same records."""
    desk = story()
    base = start_of(desk)
    snapshots = [dump(base.state)]
    for record in desk.records:
        base.fold(decode(Record, encode(record)))
        snapshots.append(dump(base.state))
    final = dump(desk.state)
    assert snapshots[-1] == final
    for number, snapshot in enumerate(snapshots):
        folded, stepped = Kernel(load(snapshot)), Kernel(load(snapshot))
        assert dump(folded.state) == snapshot
        for record in desk.records[number:]:
            folded.fold(record)
            assert stepped.step(record.command) == record
        assert dump(folded.state) == final == dump(stepped.state)


def start_of(desk: Desk) -> Kernel:
    """The kernel before the first record that the desk remembers."""
    kernel = Kernel(load(dump(small().state)))
    assert kernel.state.seq + 1 == desk.records[0].command.seq
    return kernel
