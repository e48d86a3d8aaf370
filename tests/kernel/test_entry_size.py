"""Whatever is asked, its record fits into one entry of the journal: what does not fit goes on in the next."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.guard.desk import AAPL, ANN, MOMENTUM, Desk
from tests.kernel.desk import money, rules, small, verdict

from remit.guard.loop import BODY_BYTES_MAX
from remit.journal.frame import ENTRY_BYTES_MAX
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.effect import Act
from remit.kernel.event import Crossed, HaltRaised, Planned, Record
from remit.kernel.halt import CANCELS_MAX, HALTS_MAX
from remit.kernel.instrument import AGGREGATE_NS, Mark
from remit.kernel.kernel import effects
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import LARGEST, Money, Price, parse


def size(record: Record) -> int:
    """The bytes of a record's entry, with the digests of the requests that it leads to."""
    acts = [effect for effect in effects(record) if isinstance(effect, Act)]
    requests = tuple(Planned(act.do, act.order, "0" * 64) for act in acts)
    return len(encode(msgspec.structs.replace(record, requests=requests)))


def resting(desk: Desk, by: Principal, count: int) -> None:
    """Let `count` orders work that never fill by themselves."""
    for _ in range(count):
        desk.do(GUARD, c.Acked(order=desk.submit(by, "1", limit="90")))


def test_a_denial_by_lists_of_a_thousand_names() -> None:
    """It names the first of them and how many are left out."""
    desk, names = Desk(), tuple(sorted(f"SOME-LONG-INSTRUMENT-{number}" for number in range(1000)))
    for subject in ("firm", "account:desk", "agent:momentum"):
        desk.do(ANN, c.SetMandate(subject=subject, mandate=Mandate(instruments_allowed=names), why="a list"))
    desk.submit(MOMENTUM, "1")
    decision = decode(Record, desk.journal[-1]).decision
    assert decision is not None and decision.verdict == "deny"
    limit = decision.findings[0].limit
    shown, _, left_out = limit.partition(", and ")
    assert limit.startswith("SOME-LONG-INSTRUMENT-0, ")
    assert len(shown.split(", ")) + int(left_out.removesuffix(" more")) == 1000
    assert len(desk.journal[-1]) < ENTRY_BYTES_MAX // 4


@pytest.mark.parametrize("body", [c.Split(instrument="AAPL", new=2, old=1), c.Halt(subject="firm", why="x", kill=True)])
def test_more_cancels_than_one_entry_holds(body: Any) -> None:
    desk = Desk()
    desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=EMPTY, why="room"))
    resting(desk, MOMENTUM, 3 * CANCELS_MAX)
    record = desk.do(ANN, body)
    asked = 0
    while True:
        assert size(record) < ENTRY_BYTES_MAX // 2
        asked += sum(isinstance(effect, Act) and effect.do == "cancel" for effect in effects(record))
        due = desk.kernel.next_due()
        if due is None or due > desk.at:
            break
        record = desk.do(GUARD, c.Tick())
    assert asked == 3 * CANCELS_MAX
    assert {order.state for order in desk.kernel.state.orders.values()} == {"pending_cancel"}


def test_more_breaches_than_one_entry_holds() -> None:
    """A mark that halts more subjects than an entry can name halts the firm: everything that opens is stopped."""
    desk = Desk()
    for number in range(HALTS_MAX + 10):
        name = f"a{number}"
        by = Principal(name=name, role="agent", door="http", owner="ann")
        desk.do(ANN, c.AddAgent(agent=access.Agent(name=name, account="desk", owner="ann")))
        desk.do(ANN, c.SetGrant(agent=name, connection="paper1", granted=True))
        desk.do(ANN, c.SetCapability(agent=name, capability="place_order", enabled=True))
        limits = Mandate(daily_loss_max=parse(Money, "5"))
        desk.do(ANN, c.SetMandate(subject=f"agent:{name}", mandate=limits, why="x"))
        desk.fill(desk.submit(by, "1"), "1", "100")
        resting(desk, by, 4)
    price = parse(Price, "91")
    mark = Mark(instrument=AAPL.name, at=desk.at, bid=price, ask=price, last=price)
    record = desk.do(GUARD, c.Marked(marks=(mark,)))
    raised = [event.subject for event in record.events if isinstance(event, HaltRaised)]
    assert (len(raised), raised[-1]) == (HALTS_MAX + 1, "firm")
    assert size(record) < ENTRY_BYTES_MAX // 2
    while (due := desk.kernel.next_due()) is not None and due <= desk.at:
        assert size(desk.do(GUARD, c.Tick())) < ENTRY_BYTES_MAX // 2
    working = [order for order in desk.kernel.state.orders.values() if order.state != "pending_cancel"]
    assert working == []


def test_more_crossings_than_one_entry_holds() -> None:
    """Halts come at once; what is near or over and what it cancels is told in the entries that follow."""
    desk = Desk()
    for number in range(HALTS_MAX):
        name = f"an-agent-with-quite-a-long-name-{number:033d}"
        by = Principal(name=name, role="agent", door="http", owner="ann")
        desk.do(ANN, c.AddAgent(agent=access.Agent(name=name, account="desk", owner="ann")))
        desk.do(ANN, c.SetGrant(agent=name, connection="paper1", granted=True))
        desk.do(ANN, c.SetCapability(agent=name, capability="place_order", enabled=True))
        worth = parse(Money, "150")
        limits = Mandate(daily_loss_max=parse(Money, "5"), market_exposure_max=worth, gross_exposure_max=worth)
        desk.do(ANN, c.SetMandate(subject=f"agent:{name}", mandate=limits, why="x"))
        desk.fill(desk.submit(by, "1"), "1", "100")
    price = parse(Price, "91")
    mark = Mark(instrument=AAPL.name, at=desk.at, bid=price, ask=price, last=price)
    record = desk.do(GUARD, c.Marked(marks=(mark,)))
    assert sum(isinstance(event, HaltRaised) for event in record.events) == HALTS_MAX
    told, most = 0, 0
    while True:
        told += sum(isinstance(event, Crossed) for event in record.events)
        most = max(most, size(record))
        if (due := desk.kernel.next_due()) is None or due > desk.at:
            break
        record = desk.do(GUARD, c.Tick())
    assert told == HALTS_MAX and most < ENTRY_BYTES_MAX // 2


@pytest.mark.parametrize(("quantity", "limit"), [("9" * 24, "9" * 24), ("9" * 24, None), ("9" * 24, "100")])
def test_an_order_beyond_every_number_is_denied_and_its_record_can_be_read(quantity: str, limit: str | None) -> None:
    """A record that could be written and not be read would keep the guard from ever starting again."""
    desk = small()
    record = desk.submit(quantity, limit)  # the desk decodes every record
    assert (verdict(record), rules(record)) == ("deny", ["increments"])
    desk.agree()


def test_a_price_beyond_every_number_is_denied() -> None:
    desk = small()
    desk.mark("AAPL", "9" * 24, resolution_ns=AGGREGATE_NS)
    assert rules(desk.submit("0.5")) == ["increments"]


def test_sums_beyond_every_number_survive_a_snapshot() -> None:
    desk = small()
    desk.took(c.SetBalance(connection="paper1", currency="USD", amount=money("9" * 24)))
    for _ in range(3):
        order = desk.working("9" * 21, "100")
        desk.fill(order, "9" * 21, "100")
        desk.took(c.SetBalance(connection="paper1", currency="USD", amount=money("9" * 24)))
    for _ in range(20):
        desk.mark("AAPL", "9" * 23, resolution_ns=AGGREGATE_NS)
    desk.agree()
    assert desk.state.subjects["firm"].total.value > LARGEST


def test_a_preapproval_of_as_many_names_as_it_takes() -> None:
    """A hundred of the longest names and the longest reason are one command that the guard takes, and one entry."""
    names = tuple(f"{'n' * 124}{number:04d}" for number in range(access.PREAPPROVAL_NAMES_MAX))
    body = c.Preapprove(
        id="p" * 128, agent="a" * 128, instruments=names, categories=names, notional_max=Money(LARGEST), total_max=None,
        ends_at=1, why="\x00" * 500,
    )  # fmt: skip
    assert decode(c.Body, encode(body)) == body  # type: ignore[arg-type]
    assert len(encode(body)) < BODY_BYTES_MAX
    with pytest.raises(ValueError, match="length <= 50"):
        decode(c.Preapprove, encode(msgspec.structs.replace(body, instruments=(*names, "one-more"))))
